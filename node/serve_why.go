package node

import (
	"context"
	"errors"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// why tells a peer that held entities why they are not in a result. Whatever it may not
// know, and what is not there, is no longer allowed.
func (s *server) why(m *wire.Why) error {
	return s.start(m.Request, func(ctx context.Context) error {
		s.mu.Lock()
		sub := s.subscriptions[m.Of]
		s.mu.Unlock()
		answer := &wire.Reasons{Request: m.Request}
		if sub == nil { // it has ended: whoever asked need not know any more
			return s.tell(ctx, answer)
		}
		q, err := asker{s, sub.session}.checked(ctx, sub.question.Collection, sub.question.Query)
		if err != nil && !errors.Is(err, ErrDenied) {
			return err
		}
		answer.Reasons = make([]wire.Reason, len(m.Entities))
		for i := range answer.Reasons {
			answer.Reasons[i] = wire.Denied
		}
		if err == nil {
			err = s.reasons(ctx, q, m.Entities, answer.Reasons)
		}
		if err != nil && !errors.Is(err, ErrDenied) {
			return err
		}
		return s.tell(ctx, answer)
	})
}

// reasons finds out why entities are not in the result of a query.
func (s *server) reasons(ctx context.Context, q *query.Checked, ids []event.ID, reasons []wire.Reason) error {
	snapshot, leave, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer leave()
	lookup := storage.NewLookup(ctx, snapshot)
	_, limited := q.Limit()
	for i, id := range ids {
		r, err := snapshot.State(ctx, q.Schema().Collection(), id)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			continue
		case err != nil:
			return err
		case r.Row.Deleted:
			reasons[i] = wire.Deleted
			continue
		}
		row := &r.Row
		if len(q.Joined()) > 0 {
			if row, err = q.Join(lookup, row); err != nil {
				return err
			}
		}
		reasons[i] = wire.NoMatch
		if (limited || q.Offset() > 0) && q.Match(row) {
			reasons[i] = wire.Limit
		}
	}
	return nil
}
