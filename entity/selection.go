package entity

import (
	"context"
	"errors"
	"iter"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// A Selection is a query that is composed in Go. It is immutable: every method
// that changes it returns another one. It is safe for concurrent use.
type Selection[V ~struct{ View }, S any] struct {
	schema  *model.Schema
	builder query.Builder[S]
}

func (s *Selection[V, S]) with(b query.Builder[S]) *Selection[V, S] {
	return &Selection[V, S]{schema: s.schema, builder: b}
}

// OrderBy appends terms to the order, the most significant first.
func (s *Selection[V, S]) OrderBy(terms ...query.Order[S]) *Selection[V, S] {
	return s.with(s.builder.OrderBy(terms...))
}

// Limit bounds the number of entities.
func (s *Selection[V, S]) Limit(n int) *Selection[V, S] { return s.with(s.builder.Limit(n)) }

// Offset skips the first n entities.
func (s *Selection[V, S]) Offset(n int) *Selection[V, S] { return s.with(s.builder.Offset(n)) }

// Cursor returns the place of an entity in the order, for After: the last one of a
// page, as Fetch yielded it. r is asked for what the order has behind references.
func (s *Selection[V, S]) Cursor(ctx context.Context, r Reader, v V) (query.Cursor, error) {
	return cursorOf(ctx, r, s.schema, s.builder.Query(), nil, struct{ View }(v).View)
}

// After begins behind a place in the order. The zero cursor is the beginning.
func (s *Selection[V, S]) After(c query.Cursor) *Selection[V, S] { return s.with(s.builder.After(c)) }

// AsOf asks of the past: of a [time.Time], or of the ID of a transaction.
func (s *Selection[V, S]) AsOf(when any) *Selection[V, S] { return s.with(s.builder.AsOf(when)) }

// GroupBy groups what is selected. The columns are the first items of the result;
// without any there is one group. Order and window come after, being those of groups.
func (s *Selection[V, S]) GroupBy(columns ...query.Column[S]) *Grouping[S] {
	return &Grouping[S]{schema: s.schema, builder: s.builder.GroupBy(columns...)}
}

// Fetch yields the entities that are selected, in order. The sequence ends after
// the first error.
func (s *Selection[V, S]) Fetch(ctx context.Context, r Reader) iter.Seq2[V, error] {
	return fetch[V](ctx, r, s.schema, s.builder.Query(), nil)
}

// First returns the first entity, or ErrNotFound.
func (s *Selection[V, S]) First(ctx context.Context, r Reader) (V, error) {
	return first[V](ctx, r, s.schema, s.builder.Query(), nil)
}

// Count returns how many entities are selected.
func (s *Selection[V, S]) Count(ctx context.Context, r Reader) (int, error) {
	return count(ctx, r, s.schema, s.builder.Query(), nil)
}

// Collect returns the entities that are selected, in order.
func (s *Selection[V, S]) Collect(ctx context.Context, r Reader) ([]V, error) {
	return collect[V](ctx, r, s.schema, s.builder.Query(), nil)
}

// Query makes a live query of the selection. Close it.
func (s *Selection[V, S]) Query(ctx context.Context, session Session) (*Live[V], error) {
	return live[V](ctx, session, s.schema, s.builder.Query(), nil)
}

// check checks a query for entities, unless making it failed.
func check(s *model.Schema, q *query.Query, err error) (*query.Checked, error) {
	if err != nil {
		return nil, err
	}
	c, err := q.Check(s)
	if err == nil && c.Grouping() != nil {
		return nil, ErrGroups
	}
	return c, err
}

// cursorOf returns the place of an entity in a query's order.
func cursorOf(ctx context.Context, r Reader, s *model.Schema, q *query.Query, err error, v View) (query.Cursor, error) {
	checked, err := check(s, q, err)
	if err != nil || v.IsZero() {
		return query.Cursor{}, err
	}
	row := v.Row()
	if !checked.OwnOrder() {
		row, err = checked.Join(query.LookupFunc(func(of *model.Schema, id event.ID) (*model.Row, error) {
			to, err := r.Get(ctx, of, id)
			if errors.Is(err, ErrNotFound) {
				return nil, nil
			}
			return to.Row(), err
		}), row)
	}
	if err != nil {
		return query.Cursor{}, err
	}
	return checked.Cursor(row), nil
}

func fetch[V ~struct{ View }](ctx context.Context, r Reader, s *model.Schema, q *query.Query, err error) iter.Seq2[V, error] {
	checked, err := check(s, q, err)
	return func(yield func(V, error) bool) {
		if err != nil {
			var none V
			yield(none, err)
			return
		}
		for v, err := range r.Fetch(ctx, checked) {
			if !yield(typed[V](v), err) || err != nil {
				return
			}
		}
	}
}

func first[V ~struct{ View }](ctx context.Context, r Reader, s *model.Schema, q *query.Query, err error) (V, error) {
	one := q
	if err == nil && q.Limit == nil {
		limited := *q
		limited.Limit = &query.LiteralExpr{Value: model.OfInt(1)}
		one = &limited
	}
	for v, err := range fetch[V](ctx, r, s, one, err) {
		return v, err
	}
	var none V
	return none, &NoResultError{Model: s.Model(), Query: q}
}

func count(ctx context.Context, r Reader, s *model.Schema, q *query.Query, err error) (int, error) {
	checked, err := check(s, q, err)
	if err != nil {
		return 0, err
	}
	if c, ok := r.(Counter); ok {
		return c.Count(ctx, checked)
	}
	n := 0
	for _, err := range r.Fetch(ctx, checked) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

func collect[V ~struct{ View }](ctx context.Context, r Reader, s *model.Schema, q *query.Query, err error) ([]V, error) {
	var all []V
	for v, err := range fetch[V](ctx, r, s, q, err) {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func live[V ~struct{ View }](ctx context.Context, session Session, s *model.Schema, q *query.Query, err error) (*Live[V], error) {
	checked, err := check(s, q, err)
	if err != nil {
		return nil, err
	}
	standing, err := session.Query(ctx, checked)
	if err != nil {
		return nil, err
	}
	return NewLive[V](standing), nil
}
