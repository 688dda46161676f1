package node

import (
	"errors"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// A transaction may reach two servers, because the first did not answer. If the second
// refuses it, what the first has done with it may come out later: its events are in what
// some server says that an entity is. Accepted, after all, goes before rejected: the
// transaction is delivered once more, to who has it, and gets the receipt that it has
// there.

// acquit looks for events of rejected transactions in what a peer says of entities. It
// needs the keeper's token.
func (e *ephemeral) acquit(records []*storage.Record) error {
	if len(e.refused) == 0 {
		return nil
	}
	for _, r := range records {
		for _, id := range append([]event.ID{r.Row.ID}, r.Row.Head...) {
			if tx, rejected := e.refused[id]; rejected && !e.retried[tx] {
				if err := e.deliverAgain(tx); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// deliverAgain puts a rejected transaction into the outbox again, once.
func (e *ephemeral) deliverAgain(tx event.ID) error {
	e.retried[tx] = true
	entry, err := e.find(e.ctx, tx)
	if errors.Is(err, ErrUnknownTransaction) || err == nil && entry.Status != Rejected {
		return nil // it was discarded
	}
	if err != nil {
		return err
	}
	p := newPending(entry.Principal, entry.Content, nil)
	p.number, p.doubt, p.sealed = e.outbox.last+1, true, e.isSealed(entry.Principal)
	meta := append(e.offer(p.number), storage.MetaChange{Key: p.key(), Value: p.appendTo(nil)}, storage.MetaChange{Key: ledgerKey(tx)})
	if err := e.keeper.store(nil, meta...); err != nil {
		return err
	}
	e.forgive(entry.Content)
	e.mu.Lock()
	e.outbox.add(p)
	line := e.line
	e.mu.Unlock()
	e.logger.Info("what a rejected transaction wrote is there: it is delivered once more", "transaction", tx.String())
	if line != nil {
		line.nudge()
	}
	return e.show(e.ctx, keysOf(p.tx))
}
