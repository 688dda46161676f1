package node

import (
	"context"
	"errors"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
)

// commit hands a transaction in and answers with what became of it.
func (s asker) commit(ctx context.Context, m *wire.Commit) error {
	receipt, err := s.decide(ctx, m)
	answer := &wire.Receipt{Request: m.Request, Tx: m.Tx.ID}
	switch receipt.Status {
	case Accepted:
		answer.Origin, answer.Seq = receipt.Position.Origin, receipt.Position.Seq
		written := s.visible(ctx, m.Tx)
		return s.post(ctx, func() error { return s.sendAccepted(answer, written) })
	case Rejected:
		answer.Code = codeOf(receipt.Reason, wire.CodeInvalid)
		answer.Text = publicText(answer.Code, receipt.Reason)
		return s.tell(ctx, answer)
	}
	return err
}

// decide has a transaction decided, unless it needs a model that the peer has brought and
// that is not known here: without it values would be taken as they come.
func (s asker) decide(ctx context.Context, m *wire.Commit) (Receipt, error) {
	for _, e := range m.Tx.Events {
		switch reason := s.unlearnt(e.Collection); {
		case reason == nil:
		case !isVerdict(reason):
			return Receipt{Transaction: m.Tx.ID, Status: Pending}, reason
		case s.models.of(e.Collection) == nil:
			return Receipt{Transaction: m.Tx.ID, Status: Rejected, Reason: reason}, reason
		}
	}
	return s.accept(ctx, s.session.principal, m.Tx, readsOf(m.Reads)...)
}

func readsOf(list []wire.Read) []read {
	reads := make([]read, len(list))
	for i, r := range list {
		reads[i] = read{collection: r.Collection, id: r.Entity, stamp: r.Stamp}
	}
	return reads
}

// visible returns those events of a transaction whose entities the peer may see.
func (s asker) visible(ctx context.Context, tx *event.Transaction) []*event.Event {
	var list []*event.Event
	may := make(map[string]bool)
	for _, e := range tx.Events {
		allowed, asked := may[e.Collection]
		if !asked {
			m := s.models.of(e.Collection)
			allowed = m != nil && s.session.may(ctx, m) == nil
			may[e.Collection] = allowed
		}
		if allowed {
			list = append(list, e)
		}
	}
	return list
}

// sendAccepted sends a receipt, and before it what the written entities are now.
// They are read here, by the writer, so that what goes out later is no older.
func (s *server) sendAccepted(receipt *wire.Receipt, written []*event.Event) error {
	if len(written) > 0 {
		if err := s.sendWritten(receipt.Request, written); err != nil {
			return err
		}
	}
	return s.send(receipt)
}

func (s *server) sendWritten(request uint64, written []*event.Event) error {
	snapshot, leave, err := s.open(s.ctx)
	if err != nil {
		return err
	}
	defer leave()
	parts := newParts(&wire.Rows{Request: request, Cursor: snapshot.Cursor()}, s.send)
	for _, e := range written {
		r, err := snapshot.State(s.ctx, e.Collection, e.Entity)
		if err != nil {
			return err
		}
		// A peer that does not get a row because it is too large for a message
		// does not know what the entity is now, as if it could not see it.
		if err := parts.row(r); err != nil && !errors.Is(err, wire.ErrTooLarge) {
			return err
		}
	}
	return parts.end()
}
