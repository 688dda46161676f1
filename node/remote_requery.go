package node

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/query"
)

// On an ephemeral node, what a live query is to become is another one first, the
// candidate, which the peer is asked for beside it. When the peer has answered,
// or there is nobody to ask, the live query inherits what the candidate asks, what
// it has and what it is subscribed to.

// Query implements [entity.Requerier].
func (l *remote) Query() (*query.Checked, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asks(), nil
}

// asks is the query as it was asked. It needs mu, or the keeper's token.
func (s *subject) asks() *query.Checked {
	if s.groups != nil {
		return s.groups
	}
	return s.query
}

// Cursor implements [entity.Requerier].
func (l *remote) Cursor(v entity.View) (query.Cursor, error) {
	l.mu.Lock()
	q, items := l.query, l.shown.Items()
	l.mu.Unlock()
	return cursorIn(q, items, v)
}

// Requery implements [entity.Requerier].
func (l *remote) Requery(ctx context.Context, q *query.Checked) error {
	q, err := l.session.standable(ctx, q)
	if err != nil {
		return err
	}
	call, err := l.call(q)
	if err != nil {
		return err
	}
	candidate, err := l.owner.standBy(ctx, l.session, q, true)
	if err != nil {
		return err
	}
	defer candidate.Close()
	if err := l.decided(ctx, candidate); err != nil {
		return err
	}
	if err := l.owner.keeper.begin(ctx); err != nil {
		return err
	}
	defer l.owner.keeper.end()
	return l.inherit(call, candidate)
}

// call gives a call of Requery its number.
func (l *remote) call(q *query.Checked) (uint32, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, cmp.Or(l.err, errLiveClosed)
	}
	if err := sameShape(l.asks(), q); err != nil {
		return 0, err
	}
	l.calls++
	return l.calls, nil
}

// decided waits until the peer has answered what a candidate asks, or nobody is
// expected to. The error is that of whatever has ended meanwhile.
func (l *remote) decided(ctx context.Context, candidate *remote) error {
	for {
		_, over, err := l.waiting()
		if err != nil {
			return err
		}
		awaited, turn, err := candidate.waiting()
		switch {
		case err != nil:
			return err
		case l.owner.ending.Err() != nil: // which is why nobody is expected to
			return ErrClosed
		case !awaited:
			return nil
		}
		select {
		case <-turn:
		case <-over:
		case <-ctx.Done():
			return ended(ctx)
		}
	}
}

// waiting reports whether the peer is expected to answer, and returns what is closed
// when something changes.
func (l *remote) waiting() (awaited bool, turn <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false, nil, cmp.Or(l.err, errLiveClosed)
	}
	return l.awaited, l.turn, nil
}

// inherit makes the live query what a candidate is. It needs the keeper's token.
func (l *remote) inherit(call uint32, candidate *remote) error {
	state, err := l.assume(call, candidate)
	if err != nil {
		return err
	}
	e := l.owner
	e.mu.Lock()
	delete(e.remotes, candidate)
	line := e.line
	e.mu.Unlock()
	if line != nil {
		line.bequeath(candidate, l)
	} else {
		candidate.inherited(l)
	}
	candidate.shown.Close()
	l.become(state.Phase, state.Err)
	return nil
}

// assume takes over what a candidate asks, with its result, and returns its state. It
// needs the keeper's token.
func (l *remote) assume(call uint32, candidate *remote) (entity.LiveState, error) {
	state := candidate.State()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return state, cmp.Or(l.err, errLiveClosed)
	case call < l.applied:
		return state, entity.ErrSuperseded
	}
	if _, err := reactor.Turn(candidate.shown, l.subscriptions()); err != nil {
		return state, err
	}
	l.subject, l.awaited, l.applied = candidate.subject, candidate.awaited, call
	return state, nil
}

// subscriptions are those to the result, of which there is at least one. It needs mu.
func (l *remote) subscriptions() []*reactor.Subscription {
	return slices.AppendSeq([]*reactor.Subscription{l.shown}, maps.Keys(l.streams))
}

// inherited notes that a live query has become what this candidate was.
func (l *remote) inherited(heir *remote) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed, l.heir, l.base = true, heir, nil
}

// open returns the live query, or the one that has become what it was, and whether it
// has not ended.
func (l *remote) open() (*remote, bool) {
	l.mu.Lock()
	heir, closed := l.heir, l.closed
	l.mu.Unlock()
	if heir != nil {
		return heir, !heir.isClosed()
	}
	return l, !closed
}
