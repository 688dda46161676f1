package node

import (
	"context"
	"errors"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// A client keeps the last transactions that were accepted, as they were in the outbox:
// if the server loses them, because its store is replaced by an old copy, they are put
// back there, under their numbers, and are delivered again. See [Node.CloseOrigin].
// What was accepted is kept under metaKept and its ID until it is forgotten; while it
// is in the outbox again it stays there, and says that it was accepted once.
const metaKept = "node/kept/"

const (
	keptAccepted = 1024    // transactions that were accepted or superseded, in the ledger
	keptBytes    = 4 << 20 // of those that were accepted
)

func keptKey(tx event.ID) string { return metaKept + tx.String() }

// remembered are the decided transactions that a client forgets in time, the oldest first.
type remembered struct {
	list  []settled
	bytes int
}

type settled struct {
	tx   event.ID
	at   event.Position // zero: it was superseded
	size int            // of what is kept of it; 0: nothing is
}

// isKept reports whether a transaction was accepted once.
func isKept(ctx context.Context, s storage.Snapshot, tx event.ID) (bool, error) {
	_, err := s.Meta(ctx, keptKey(tx))
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// keep makes an entry part of what is stored next, together with the transaction that it
// is about if that comes from the outbox, and drops the oldest of those that are of no
// use to anybody beyond those that are kept.
func (e *ephemeral) keep(l LedgerEntry, p *pending) []storage.MetaChange {
	changes := []storage.MetaChange{l.change()}
	if l.Status == Rejected {
		if p != nil && p.again {
			changes = append(changes, storage.MetaChange{Key: keptKey(l.Transaction)})
		}
		return changes
	}
	one := settled{tx: l.Transaction, at: l.Position}
	if l.Status == Accepted {
		content := storage.MetaChange{Key: keptKey(l.Transaction), Value: p.appendTo(nil)}
		one.size = len(content.Value)
		changes = append(changes, content)
	}
	e.remembered.list = append(e.remembered.list, one)
	e.remembered.bytes += one.size
	for len(e.remembered.list) > keptAccepted {
		changes = append(changes, storage.MetaChange{Key: ledgerKey(e.remembered.list[0].tx)})
		changes = append(changes, e.remembered.drop(0)...)
		e.remembered.list = e.remembered.list[1:]
	}
	for i := 0; e.remembered.bytes > keptBytes; i++ {
		changes = append(changes, e.remembered.drop(i)...)
	}
	return changes
}

// drop keeps nothing of a transaction any more.
func (a *remembered) drop(i int) []storage.MetaChange {
	one := &a.list[i]
	if one.size == 0 {
		return nil
	}
	a.bytes -= one.size
	one.size = 0
	return []storage.MetaChange{{Key: keptKey(one.tx)}}
}

// forget takes a transaction out of the list.
func (a *remembered) forget(tx event.ID) {
	if i := slices.IndexFunc(a.list, func(s settled) bool { return s.tx == tx }); i >= 0 {
		a.bytes -= a.list[i].size
		a.list = slices.Delete(a.list, i, i+1)
	}
}

// resumeDecided notes what is kept of decided transactions, the oldest first.
func (e *ephemeral) resumeDecided(ctx context.Context, s storage.Snapshot, entries []LedgerEntry) error {
	for _, entry := range entries {
		b, err := s.Meta(ctx, keptKey(entry.Transaction))
		if err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		e.remembered.list = append(e.remembered.list, settled{tx: entry.Transaction, at: entry.Position, size: len(b)})
		e.remembered.bytes += len(b)
	}
	return nil
}

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
