package node

import (
	"context"
	"errors"
	"slices"

	"github.com/ankgo/ank/event"
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
