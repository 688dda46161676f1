package node

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

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
	// not. It is asked at every Get, Fetch, Query, History and read of the past, and
	// about live queries that stand already at every [Node.Review].
	Read(ctx context.Context, p Principal, collection string) error

	// Accept says whether a transaction may be accepted: nil if so, else why not.
	// It is asked after the hooks, and sees what they added. Only the node that
	// accepts a transaction first-hand asks; replicas store what was accepted.
	Accept(ctx context.Context, a *Acceptance) error
}

// A Definer is a [Policy] that also says who may bring models to a node with
// [LearnModels]. Of any other policy, whoever is served may.
type Definer interface {
	Policy

	// Define says whether a collection may be defined like this: nil if so, else why not.
	// It is not asked about what would change nothing.
	Define(ctx context.Context, d *Definition) error
}

// A Definition is what somebody would have a collection be.
type Definition struct {
	Principal  Principal
	Collection string
	Schema     *model.Schema // with what others have brought before
}

// AllowAll returns the policy that lets everybody read and do everything. It is
// for tests, tools, and programs in which all code is trusted alike.
func AllowAll() Policy { return allowAll{} }

type allowAll struct{}

func (allowAll) Read(context.Context, Principal, string) error { return nil }

func (allowAll) Accept(context.Context, *Acceptance) error { return nil }
