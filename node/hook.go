package node

import (
	"context"
	"fmt"
	"iter"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

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

// runHooks asks the hooks in turn and returns the events that they want added,
// creations first. Their IDs are not final.
func (j *judgement) runHooks() ([]*event.Event, error) {
	if len(j.hooks) == 0 {
		return nil, nil
	}
	a := j.acceptance()
	a.tx = new(workspace)
	a.tx.init(j.clock, j)
	for _, hook := range j.hooks {
		if err := j.denied(guarded("a hook", func() error { return hook(j.ctx, a) })); err != nil {
			return nil, err
		}
	}
	tx, err := a.tx.overlay.Build(j.clock)
	a.tx.overlay.Finish()
	if err != nil || tx == nil {
		return nil, err
	}
	return tx.Events, nil
}

var _ source = (*judgement)(nil)

// fork implements [source]: entities are as the transaction would leave them.
func (j *judgement) fork(_ context.Context, s *model.Schema, id event.ID) (*storage.Record, error) {
	return j.record(s.Collection(), id)
}

// look implements [source].
func (j *judgement) look(_ context.Context, s *model.Schema, id event.ID) (*storage.Record, error) {
	return j.record(s.Collection(), id)
}

// rows implements [source]: what is stored, and on top what is not durable yet
// and what the transaction changes.
func (j *judgement) rows(ctx context.Context, q *query.Checked) iter.Seq2[*storage.Record, error] {
	return func(yield func(*storage.Record, error) bool) {
		s, err := j.view()
		if _, past := q.AsOf(); past {
			err = ErrPast
		}
		if err != nil {
			yield(nil, err)
			return
		}
		collection := q.Schema().Collection()
		changed := make(map[event.ID]*storage.Record)
		for id, r := range j.recent.records {
			if r.record.Collection == collection && j.recent.isNewest(r) {
				changed[id] = r.record
			}
		}
		for i := range j.changes {
			if r := j.changes[i].after; r.Collection == collection {
				changed[r.Row.ID] = r
			}
		}
		base := func(q *query.Checked) iter.Seq2[*storage.Record, error] { return selectFrom(ctx, s, q) }
		for r, err := range over(q, changed, base) {
			if !yield(r, err) {
				return
			}
		}
	}
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
