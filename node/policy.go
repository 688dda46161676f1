package node

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// A Principal is on whose behalf a session acts: a user, a service, a job. The
// log's entries name it as the author of what it commits. How somebody proves to
// be a principal is not known here.
//
// It is text, UTF-8 without U+0000, of at most [event.MaxAuthor] bytes; anything
// else is refused.
type Principal string

// check says whether the principal can be an author.
func (p Principal) check() error {
	switch {
	case len(p) > event.MaxAuthor:
		return fmt.Errorf("principal: %w", &event.LimitError{What: "bytes in an author", Limit: event.MaxAuthor, Got: len(p)})
	case !utf8.ValidString(string(p)) || strings.ContainsRune(string(p), 0):
		return fmt.Errorf("principal %q, which is not UTF-8 or holds U+0000: %w", string(p), event.ErrInvalid)
	}
	return nil
}

// A Policy decides who may see and do what. It must be safe for concurrent use,
// quick, and free of side effects: a transaction that is tried again is judged
// again. A policy that panics has refused.
type Policy interface {
	// Read says whether the principal may read a collection: nil if so, else why
	// not. It is asked at every Get, Fetch, Query, History and read of the past.
	Read(ctx context.Context, p Principal, collection string) error

	// Accept says whether a transaction may be accepted: nil if so, else why not.
	// It is asked after the hooks, and sees what they added. Only the node that
	// accepts a transaction first-hand asks; replicas store what was accepted.
	Accept(ctx context.Context, a *Acceptance) error
}

// AllowAll returns the policy that lets everybody read and do everything. It is
// for tests, tools, and programs in which all code is trusted alike.
func AllowAll() Policy { return allowAll{} }

type allowAll struct{}

func (allowAll) Read(context.Context, Principal, string) error { return nil }

func (allowAll) Accept(context.Context, *Acceptance) error { return nil }

// A Hook runs when a transaction is about to be accepted, and may refuse it by
// returning an error, or add changes of the server's own to it through
// [Acceptance.Tx]; it cannot alter what the author wrote. Like a [Policy] it is
// safe for concurrent use, quick, and free of side effects. Hooks run in the
// order they were given, and each sees what those before it added. A hook that
// panics has refused.
type Hook func(ctx context.Context, a *Acceptance) error

// An Acceptance is a transaction on the point of being accepted, as hooks and
// the policy see it: who wants it, what it consists of, and what it does. It is
// valid during the call only.
type Acceptance struct {
	Principal   Principal
	Transaction *event.Transaction
	// Changes holds what every event does: first the transaction's events in
	// their order, then those that hooks added.
	Changes []Change

	tx *workspace
}

// A Change is what one event does to its entity.
type Change struct {
	Event *event.Event
	// Schema is nil for an event of a collection that this node has no model for;
	// of the views, only ID, Head and Deleted mean something then.
	Schema *model.Schema
	// Before is the entity as it is now, After as it would be. They show the real
	// states: what others committed since the author read the entity is in both.
	// Before is the zero View if the event creates the entity.
	Before, After entity.View
	// Added is set if a hook added the event.
	Added bool
}

// Tx returns a transaction for the changes that a hook wants to add. It sees
// the entities as they would be after the changes so far. What it records becomes
// part of the same log entry, and is refused or accepted with it; there is
// nothing to commit. It is nil when a policy asks.
func (a *Acceptance) Tx() entity.Tx {
	if a.tx == nil {
		return nil
	}
	return a.tx
}

// guarded turns a panic of code that was passed in into an error: it runs on
// the goroutine of whoever happens to lead the committer, who must go on.
func guarded(what string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s panicked: %v", what, p)
		}
	}()
	return f()
}
