package node

import (
	"context"
	"errors"

	"github.com/ankgo/ank/node/reactor"
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
	return n.role.review(ctx)
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
	q, err := l.Query()
	if err != nil {
		return err
	}
	denied := l.session.mayAsk(ctx, q)
	if !errors.Is(denied, ErrDenied) {
		return denied
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
	case l.base == nil: // it is not registered yet
		l.closed, l.err = true, denied
	default:
		reactor.Withdraw(q, l.subscriptions(), reactor.Denied, denied)
	}
	return nil
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
