package entity

import (
	"context"
	"iter"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
)

// A Collection is all entities of one model, with the model's types: V its view,
// M its mutable, S the struct that declares it. Generated code has one for each
// model. It is immutable and safe for concurrent use.
type Collection[V ~struct{ View }, M ~struct{ *Draft }, S any] struct {
	schema *model.Schema
	encode func(S) []model.Value
}

// NewCollection returns the collection of a schema. encode returns a struct's
// values in the order of the schema's fields, the null value for an optional
// field that is not set.
func NewCollection[V ~struct{ View }, M ~struct{ *Draft }, S any](s *model.Schema, encode func(S) []model.Value) *Collection[V, M, S] {
	return &Collection[V, M, S]{schema: s, encode: encode}
}

// Schema is the schema of the collection's model.
func (c *Collection[V, M, S]) Schema() *model.Schema { return c.schema }

// Create makes a new entity with the values of s. It exists for others once tx
// is committed.
func (c *Collection[V, M, S]) Create(tx Tx, s S) (M, error) {
	return mutable[M](tx.Create(c.schema, c.encode(s)))
}

// Get returns the entity with the given ID. For one that does not exist the
// error is ErrNotFound; for one that is deleted it is ErrDeleted, which matches
// ErrNotFound too, and the view shows its last values.
func (c *Collection[V, M, S]) Get(ctx context.Context, r Reader, id event.ID) (V, error) {
	v, err := r.Get(ctx, c.schema, id)
	return typed[V](v), err
}

// Edit returns a mutable that records changes to an entity in tx. The errors are
// those of Get.
func (c *Collection[V, M, S]) Edit(ctx context.Context, tx Tx, id event.ID) (M, error) {
	return mutable[M](tx.Edit(ctx, c.schema, id))
}

// Delete deletes an entity. The errors are those of Get.
func (c *Collection[V, M, S]) Delete(ctx context.Context, tx Tx, id event.ID) error {
	return tx.Delete(ctx, c.schema, id)
}

// Undelete takes a deletion back. For an entity that is not deleted it does
// nothing; for one that does not exist the error is ErrNotFound.
func (c *Collection[V, M, S]) Undelete(ctx context.Context, tx Tx, id event.ID) error {
	return tx.Undelete(ctx, c.schema, id)
}

// Fetch yields the entities that the query selects, in its order. text is a
// predicate with ORDER BY, LIMIT and OFFSET, all optional; args take the place of
// its parameters. The sequence ends after the first error.
func (c *Collection[V, M, S]) Fetch(ctx context.Context, r Reader, text string, args ...any) iter.Seq2[V, error] {
	q, err := c.parse(text, args)
	return fetch[V](ctx, r, c.schema, q, err)
}

// First returns the first entity that the query selects, or ErrNotFound.
func (c *Collection[V, M, S]) First(ctx context.Context, r Reader, text string, args ...any) (V, error) {
	q, err := c.parse(text, args)
	return first[V](ctx, r, c.schema, q, err)
}

// Count returns how many entities the query selects.
func (c *Collection[V, M, S]) Count(ctx context.Context, r Reader, text string, args ...any) (int, error) {
	q, err := c.parse(text, args)
	return count(ctx, r, c.schema, q, err)
}

// Collect returns the entities that the query selects, in its order.
func (c *Collection[V, M, S]) Collect(ctx context.Context, r Reader, text string, args ...any) ([]V, error) {
	q, err := c.parse(text, args)
	return collect[V](ctx, r, c.schema, q, err)
}

// Cursor returns the place of an entity in the order of a query, which the same
// query with AFTER goes on behind: that of the last entity of a page. r is asked for
// what the order has behind references.
//
//	ORDER BY year DESC, name AFTER ? LIMIT 20
func (c *Collection[V, M, S]) Cursor(ctx context.Context, r Reader, v V, text string, args ...any) (query.Cursor, error) {
	q, err := c.parse(text, args)
	return cursorOf(ctx, r, c.schema, q, err, struct{ View }(v).View)
}

// Query makes a live query: a result set that is kept current. Close it.
func (c *Collection[V, M, S]) Query(ctx context.Context, s Session, text string, args ...any) (*Live[V], error) {
	q, err := c.parse(text, args)
	return live[V](ctx, s, c.schema, q, err)
}

// Explain says how a query is answered: which index it reads, what bounds it, how
// many rows it expects and how many came. It runs the query to tell.
func (c *Collection[V, M, S]) Explain(ctx context.Context, e Explainer, text string, args ...any) (*plan.Explanation, error) {
	q, err := c.parse(text, args)
	if err != nil {
		return nil, err
	}
	checked, err := q.Check(c.schema)
	if err != nil {
		return nil, err
	}
	return e.Explain(ctx, checked)
}

// Where begins a query that is composed in Go. The zero predicate selects all.
func (c *Collection[V, M, S]) Where(p query.Predicate[S]) *Selection[V, S] {
	return &Selection[V, S]{schema: c.schema, builder: query.Where(p)}
}

// ID is the column of IDs, for predicates and orders that are composed in Go.
// Every collection has it.
func (c *Collection[V, M, S]) ID() query.ID[S, event.ID] { return "id" }

// Created is the column of the times of creation, as ID is that of IDs.
func (c *Collection[V, M, S]) Created() query.Time[S, time.Time] { return "created" }

// Updated is the column of the times of the last change, as ID is that of IDs.
func (c *Collection[V, M, S]) Updated() query.Time[S, time.Time] { return "updated" }

// History yields the versions of an entity, one for each of its events, in ID
// order. The sequence ends after the first error.
func (c *Collection[V, M, S]) History(ctx context.Context, h Historian, id event.ID) iter.Seq2[Version[V], error] {
	return func(yield func(Version[V], error) bool) {
		for v, err := range h.History(ctx, c.schema, id) {
			next := Version[V]{
				View: typed[V](v.View), Event: v.Event, Tx: v.Tx, Author: v.Author, Origin: v.Origin, Seq: v.Seq,
			}
			if !yield(next, err) {
				return
			}
		}
	}
}

func (c *Collection[V, M, S]) parse(text string, args []any) (*query.Query, error) {
	q, err := query.Parse(text)
	if err != nil {
		return nil, err
	}
	return q.Bind(args...)
}

// mutable gives a draft the type of its model.
func mutable[M ~struct{ *Draft }](d *Draft, err error) (M, error) {
	return M(struct{ *Draft }{d}), err
}
