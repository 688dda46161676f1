package node

import (
	"context"
	"errors"

	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/query"
)

// Review asks the policy again about the live queries that stand on this node,
// those of its sessions and those of the peers that it serves: call it when
// something has changed that the policy decides by. From a live query that its principal
// may no longer ask, all items are removed with the reason entity.Denied, in one
// change set, and it ends with a *[DeniedError]; that of a peer does so over there.
// It shows nothing from then on. What reads once asks the policy in any case.
func (n *Node) Review(ctx context.Context) error {
	if ctx == nil {
		return errNoContext
	}
	n.reviewed.Store(true)
	return n.role.review(ctx)
}

// mayStill is mayAsk for a query that stands from now on: a review that began after
// the policy was asked about it, and before it stood, has passed it by.
func (s *Session) mayStill(ctx context.Context, q *query.Checked) error {
	if !s.node.reviewed.Load() {
		return nil
	}
	return s.mayAsk(ctx, q)
}

// review implements role.
func (d durable) review(ctx context.Context) error {
	for _, l := range d.lives.all() {
		if err := l.review(ctx); err != nil {
			return err
		}
	}
	return nil
}

// review ends the query if it may not be asked any more. The error is another one
// than that.
func (l *live) review(ctx context.Context) error {
	for {
		text := l.asks()
		q, err := checked(text, l.schema)
		if err != nil {
			return err
		}
		denied := l.session.mayAsk(ctx, q)
		if !errors.Is(denied, ErrDenied) {
			return denied
		}
		if l.deny(text, q, denied) {
			return nil
		}
	}
}

// deny ends the query because it may not be asked any more. It returns false if it
// has become another one than that.
func (l *live) deny(text string, q *query.Checked, denied error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.text != text:
		return false
	case l.closed:
	case l.base == nil: // it is not registered yet
		l.closed, l.err = true, denied
	default:
		reactor.Withdraw(q, l.subscriptions(), reactor.Denied, denied)
	}
	return true
}

// review implements role.
func (e *ephemeral) review(ctx context.Context) error {
	if err := e.keeper.begin(ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	for _, l := range e.all() {
		denied := l.session.mayAsk(ctx, l.asks())
		switch {
		case errors.Is(denied, ErrDenied):
			l.deny(denied)
		case denied != nil:
			return denied
		}
	}
	return nil
}

// deny ends the query because it may not be asked any more. It needs the keeper's
// token.
func (l *remote) deny(denied error) {
	l.mu.Lock()
	reactor.Withdraw(l.query, l.subscriptions(), reactor.Denied, denied)
	l.mu.Unlock()
	l.end(denied)
}
