package entity

import (
	"context"
	"errors"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// A Requerier is a [Standing] that can become another query. All methods are safe
// for concurrent use.
type Requerier interface {
	// Query is what is asked at present.
	Query() (*query.Checked, error)
	// Requery makes it another query, as [Live.Requery] says. One of another
	// collection, or of other groups, is ErrShape.
	Requery(ctx context.Context, q *query.Checked) error
	// Cursor is the place of an item in the order of what is asked at present: of
	// the last one, if v is zero.
	Cursor(v View) (query.Cursor, error)
}

// Requery makes the live query another one of the same collection: with another
// predicate, order, window, or arguments. Everybody who follows it gets one change
// set that leads from the old result to the new one: what both have is mentioned
// only if it has another place among what stays, and what leaves says whether it
// does not match now or lies outside of LIMIT and OFFSET. Changes of the old
// result come before that, changes of the new one after it, and none is lost.
// Nothing begins anew, and nobody sees an empty result in between.
//
// Until it returns, the live query is what it was; so it stays if the error is
// not nil. ctx is for that time: on a client it includes asking the server, if
// there is a connection; without one the live query shows what is held here, and
// says so. Of several calls at a time the last one wins, by when they were made; one
// that is done after a later one returns ErrSuperseded.
//
// A query with SELECT can become one with the same items and GROUP BY, whose HAVING
// and ORDER BY compute nothing that the old one did not compute: else the error is
// ErrShape.
func (l *Live[V]) Requery(ctx context.Context, text string, args ...any) error {
	q, err := query.Parse(text)
	if err == nil {
		q, err = q.Bind(args...)
	}
	return l.requery(ctx, q, err)
}

// Cursor returns the place of an item in the query's order, which [Live.After] goes
// on behind. It is that of the item as it is in the result now; one that is not
// there any more has a place if the order needs nothing from behind references,
// else the error is ErrNotFound. Groups have no places: ErrGroups.
func (l *Live[V]) Cursor(v V) (query.Cursor, error) {
	r, err := l.requerier()
	switch {
	case err != nil:
		return query.Cursor{}, err
	case l.view == nil:
		return query.Cursor{}, ErrGroups
	}
	view := l.view(v)
	if view.IsZero() {
		return query.Cursor{}, nil
	}
	return r.Cursor(view)
}

// Last returns the place of the last item, behind which the next page begins. An
// empty result has none, so its cursor is zero: the beginning.
func (l *Live[V]) Last() (query.Cursor, error) {
	r, err := l.requerier()
	switch {
	case err != nil:
		return query.Cursor{}, err
	case l.view == nil:
		return query.Cursor{}, ErrGroups
	}
	return r.Cursor(View{})
}

// After makes the live query show what comes behind a place in its order, as
// Requery does: another page of the same size. The zero cursor is the first page. A
// cursor of another order is refused.
//
//	next, err := live.Last()
//	err = live.After(ctx, next)
func (l *Live[V]) After(ctx context.Context, c query.Cursor) error {
	r, err := l.requerier()
	if err != nil {
		return err
	}
	now, err := r.Query()
	if err != nil {
		return err
	}
	return l.requery(ctx, now.Query().Begin(c), nil)
}

// Requery makes a live query ask for the selection. See [Live.Requery].
func (s *Selection[V, S]) Requery(ctx context.Context, l *Live[V]) error {
	return l.requery(ctx, s.builder.Query(), nil)
}

// Requery makes a live query ask for these groups. See [Live.Requery].
func (g *Grouping[S]) Requery(ctx context.Context, l *Live[Group]) error {
	return l.requery(ctx, g.builder.Query(), nil)
}

func (l *Live[V]) requery(ctx context.Context, q *query.Query, err error) error {
	if err != nil {
		return err
	}
	r, err := l.requerier()
	if err != nil {
		return err
	}
	now, err := r.Query()
	if err != nil {
		return err
	}
	next, err := l.check(now.Schema(), q, nil)
	if err != nil {
		return err
	}
	return r.Requery(ctx, next)
}

func (l *Live[V]) requerier() (Requerier, error) {
	if r, ok := l.standing.(Requerier); ok {
		return r, nil
	}
	return nil, errors.ErrUnsupported
}

// checker checks a query for one sort of items.
type checker func(s *model.Schema, q *query.Query, err error) (*query.Checked, error)
