package node

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/query"
)

// A live query that becomes another one stands as that beside itself until the
// result is there, and then its subscriptions are turned to it: see
// [reactor.Turn].

// Query implements [entity.Requerier].
func (l *live) Query() (*query.Checked, error) { return checked(l.asks(), l.schema) }

// asks is the text of the query.
func (l *live) asks() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

// Requery implements [entity.Requerier].
func (l *live) Requery(ctx context.Context, q *query.Checked) error {
	q, err := l.session.standable(ctx, q)
	if err != nil {
		return err
	}
	now, err := l.Query()
	if err == nil {
		err = sameShape(now, q)
	}
	if err != nil {
		return err
	}
	turn, err := l.ask()
	if err != nil {
		return err
	}
	next, err := durable{l.session.node}.standBy(ctx, l.session, q)
	if err != nil {
		return err
	}
	defer next.Close()
	if err := l.turn(ctx, turn, next); err != nil {
		return err
	}
	if !l.session.node.reviewed.Load() {
		return nil
	}
	if err := l.review(ctx); err != nil { // as what it was, it has perhaps been reviewed before
		return err
	}
	return l.Err()
}

// sameShape says whether a live query can become another one.
func sameShape(now, next *query.Checked) error {
	was, is := now.Grouping(), next.Grouping()
	switch {
	case now.Schema().Collection() != next.Schema().Collection(), (was == nil) != (is == nil):
		return entity.ErrShape
	case was != nil && !was.SameShape(is):
		return entity.ErrShape
	}
	return nil
}

// ask gives a call of Requery its number.
func (l *live) ask() (turn uint32, err error) {
	if err := l.Err(); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, errLiveClosed
	}
	l.asked++
	return l.asked, nil
}

// turn makes the query what next is.
func (l *live) turn(ctx context.Context, turn uint32, next *live) error {
	for {
		busy, err := l.tryTurn(turn, next)
		if busy == nil || err != nil {
			return err
		}
		select {
		case <-busy:
		case <-ctx.Done():
			return ended(ctx)
		}
	}
}

// tryTurn makes the query what next is, unless a publication is half done.
func (l *live) tryTurn(turn uint32, next *live) (busy <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, cmp.Or(l.err, errLiveClosed)
	case l.base.Err() != nil:
		return nil, l.base.Err()
	case turn < l.applied:
		return nil, entity.ErrSuperseded
	}
	busy, err = reactor.Turn(next.base, l.subscriptions())
	switch {
	case err != nil:
		return nil, cmp.Or(next.Err(), ErrClosed)
	case busy == nil:
		l.text, l.applied = next.text, turn
		l.session.node.lives.exchange(l, next.reads)
	}
	return busy, nil
}

// subscriptions are those to the result, of which there is at least one. It needs mu.
func (l *live) subscriptions() []*reactor.Subscription {
	return slices.AppendSeq([]*reactor.Subscription{l.base}, maps.Keys(l.streams))
}

// Cursor implements [entity.Requerier].
func (l *live) Cursor(v entity.View) (query.Cursor, error) {
	l.mu.Lock()
	text, items := l.text, l.base.Items()
	l.mu.Unlock()
	q, err := checked(text, l.schema)
	if err != nil {
		return query.Cursor{}, err
	}
	return cursorIn(q, items, v)
}

// cursorIn returns the place of an item of a result, of the last one if v is zero.
func cursorIn(q *query.Checked, items reactor.Items, v entity.View) (query.Cursor, error) {
	if v.IsZero() {
		if items.Len() == 0 {
			return query.Cursor{}, nil
		}
		return q.Cursor(&items.At(items.Len() - 1).Row), nil
	}
	for _, r := range items.All() {
		if r.Row.ID == v.ID() {
			return q.Cursor(&r.Row), nil
		}
	}
	if !q.OwnOrder() {
		return query.Cursor{}, notInResult(q, v.ID())
	}
	return q.Cursor(v.Row()), nil
}

func notInResult(q *query.Checked, id event.ID) error {
	return &entity.EntityError{Model: q.Schema().Model(), ID: id, Reason: entity.ErrNotFound}
}
