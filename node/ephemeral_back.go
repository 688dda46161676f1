package node

import (
	"context"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// hearClosed takes in what the peer says of logs that were given up: the node goes back
// to where they end, and delivers again what was accepted beyond that.
func (l *line) hearClosed(m *wire.Closed) error {
	e := l.owner
	if err := e.keeper.begin(e.ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	var fresh []event.SignedHead
	for _, h := range m.Heads {
		if end, known := e.ends[h.Origin]; known && end.Seq <= h.Seq || !e.concerns(h) {
			continue
		}
		if !h.Closed || h.Verify() != nil {
			return &RefusedError{Code: wire.CodeProtocol, Text: "a log is said to be closed, and its origin has not signed that"}
		}
		fresh = append(fresh, h)
	}
	if len(fresh) == 0 {
		return nil
	}
	beyond := func(at event.Position) bool {
		return slices.ContainsFunc(fresh, func(end event.SignedHead) bool { return at.Origin == end.Origin && at.Seq > end.Seq })
	}
	reached := e.covered()
	for _, end := range fresh {
		reached = upTo(reached, end)
	}
	if err := e.goBack(reached, fresh, beyond); err != nil {
		return err
	}
	l.nudge()
	return nil
}

// GoBack lets an ephemeral node take what its servers have, though it has seen more: for
// live queries that stay at [ErrBehind], because what they wait for is lost and nobody
// can say so, or because a server has lied. What was accepted is pending again, as far as
// it is kept, see [Node.CloseOrigin], and is delivered once more; of what is there already
// nothing comes of that but the receipt. On a durable node the error is ErrDurable.
func (n *Node) GoBack(ctx context.Context) error {
	if ctx == nil {
		return errNoContext
	}
	e, ok := n.role.(*ephemeral)
	if !ok {
		return ErrDurable
	}
	if err := e.keeper.begin(ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	if err := e.goBack(event.Cursor{}, nil, func(event.Position) bool { return true }); err != nil {
		return err
	}
	if line := e.online(); line != nil {
		line.nudge()
	}
	return nil
}

// concerns reports whether the node has seen of a log what lies beyond its end, or
// anything.
func (e *ephemeral) concerns(end event.SignedHead) bool {
	if e.covered().CoversPosition(end.Origin, 1) {
		return true
	}
	return slices.ContainsFunc(e.remembered.list, func(s settled) bool { return s.at.Origin == end.Origin })
}

// goBack has the node have seen less, because logs have ended or for another reason, and
// puts the transactions into the outbox again that were accepted beyond that. It needs the
// keeper's token.
func (e *ephemeral) goBack(reached event.Cursor, ends []event.SignedHead, beyond func(event.Position) bool) error {
	lost, err := e.lost(beyond)
	if err != nil {
		return err
	}
	var meta []storage.MetaChange
	for _, p := range lost {
		meta = append(meta, storage.MetaChange{Key: p.key(), Value: p.appendTo(nil)}, storage.MetaChange{Key: ledgerKey(p.tx.ID)})
	}
	for _, end := range ends {
		meta = append(meta, closedMeta(end))
	}
	meta = append(meta, storage.MetaChange{Key: metaSeen, Value: reached.AppendTo(nil)})
	if err := e.keeper.store(nil, meta...); err != nil {
		return err
	}
	e.kept = reached
	for _, p := range lost {
		e.remembered.forget(p.tx.ID)
	}
	e.mu.Lock()
	e.reached = reached
	for _, end := range ends {
		e.ends[end.Origin] = end
	}
	if len(lost) > 0 {
		list := slices.Concat(e.outbox.list, lost)
		slices.SortFunc(list, byNumber)
		e.outbox.refill(list)
	}
	e.mu.Unlock()
	if len(lost) == 0 {
		return nil
	}
	e.logger.Info("the server has lost what it had accepted: it is delivered again", "transactions", len(lost))
	return e.show(e.ctx, e.outbox.keys())
}

// lost reads the transactions that were accepted beyond something, as far as they are
// kept.
func (e *ephemeral) lost(beyond func(event.Position) bool) ([]*pending, error) {
	snapshot, leave, err := e.open(e.ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []*pending
	for _, s := range e.remembered.list {
		if s.size == 0 || !beyond(s.at) {
			continue
		}
		b, err := snapshot.Meta(e.ctx, keptKey(s.tx))
		if err != nil {
			return nil, err
		}
		p, err := decodeOutbox(storage.MetaValue{Key: keptKey(s.tx), Value: b})
		if err != nil {
			return nil, err
		}
		p.again, p.doubt, p.sealed = true, true, e.isSealed(p.principal)
		list = append(list, p)
	}
	return list, nil
}
