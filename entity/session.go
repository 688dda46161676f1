package entity

import (
	"context"
	"iter"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
)

// A Reader reads entities: a session sees what was committed, a transaction its
// own changes on top of that, a reader of the past what was then.
type Reader interface {
	// Get returns one entity. One that does not exist is ErrNotFound. One that is
	// deleted is ErrDeleted, which comes with its last view. Both are an
	// *EntityError.
	Get(ctx context.Context, s *model.Schema, id event.ID) (View, error)
	// Fetch yields the entities that match, in the query's order. It begins its
	// work when it is ranged over, and ends after the first error.
	Fetch(ctx context.Context, q *query.Checked) iter.Seq2[View, error]
}

// A Counter is a [Reader] that can count without fetching. Without it,
// [Collection.Count] fetches and counts.
type Counter interface {
	// Count returns how many entities Fetch would yield.
	Count(ctx context.Context, q *query.Checked) (int, error)
}

// An Explainer tells how it would answer a query.
type Explainer interface {
	// Explain says what the plan of a query is, and runs it to tell what came of it.
	Explain(ctx context.Context, q *query.Checked) (*plan.Explanation, error)
}

// A Historian knows the past of entities.
type Historian interface {
	// History yields the versions of one entity, one for each of its events, in
	// ID order. It ends after the first error.
	History(ctx context.Context, s *model.Schema, id event.ID) iter.Seq2[Version[View], error]
}

// A Session reads what was committed and can stand by for what will be. It is
// safe for concurrent use.
type Session interface {
	Reader
	// Query makes the query a standing one. The caller closes it.
	Query(ctx context.Context, q *query.Checked) (Standing, error)
}

// A Tx is a transaction: it reads its own changes, and nobody else does until it
// is committed. It is not safe for concurrent use.
type Tx interface {
	Reader
	// Create makes a new entity with the values of the schema's fields, in their
	// order.
	Create(s *model.Schema, values []model.Value) (*Draft, error)
	// Edit returns the draft of an entity. The errors are those of Get.
	Edit(ctx context.Context, s *model.Schema, id event.ID) (*Draft, error)
	// Delete deletes an entity. The errors are those of Get.
	Delete(ctx context.Context, s *model.Schema, id event.ID) error
	// Undelete takes a deletion back; for an entity that is not deleted it does
	// nothing.
	Undelete(ctx context.Context, s *model.Schema, id event.ID) error
}

// A Version is an entity as it was after one of its events: folded from that
// event and all events with smaller IDs that are known now.
type Version[V any] struct {
	View   V
	Event  *event.Event
	Tx     event.ID // the transaction that the event belongs to
	Author string   // the principal that the acceptor attests
	Origin event.Origin
	Seq    uint64
}
