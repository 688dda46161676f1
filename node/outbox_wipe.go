package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// UndeliveredError says how many transactions [Session.Wipe] would lose. Nothing was
// removed. errors.Is(err, ErrUndelivered) holds for it.
type UndeliveredError struct {
	Principal   Principal
	Undelivered int
	Confirmed   int
}

// Error implements error.
func (e *UndeliveredError) Error() string {
	return fmt.Sprintf("%d transactions of %q are not delivered, and not %d: nothing was wiped", e.Undelivered, string(e.Principal), e.Confirmed)
}

// Is makes errors.Is find [ErrUndelivered].
func (e *UndeliveredError) Is(target error) bool { return target == ErrUndelivered }

// Wipe is for a user who leaves for good: it removes what this node has of the
// session's principal, sealed or not: what it has committed and was not delivered,
// what the ledger says of its transactions, and what is held of the server's data.
// undelivered is how many transactions may be lost, which [Session.Flush] and
// [Session.Seal] tell: unless that is how many there are, the error is an
// *[UndeliveredError], and nothing is removed. The principal's live queries end with
// ErrWiped.
//
// What others have committed stays, and with it what is held of the entities that it
// is about, and what their live queries show at this moment. What they had built on
// something that is lost is refused, and in the ledger, with ErrDependency. What is
// being delivered, or may have been, can still be accepted by the server.
//
// What was committed is removed in one step, the rest after it: if Wipe returns an
// error, or the program ends before it has returned, it can be called again. The IDs
// of entities that were held stay in the store, and so do, until the engine comes to
// overwriting them, bytes on the disk; collections that the node was opened without
// a model for are not looked at. To be sure, delete the store. On a durable node the
// error is ErrDurable.
func (s *Session) Wipe(ctx context.Context, undelivered int) error {
	e, err := s.client(ctx)
	if err != nil {
		return err
	}
	if err := e.keeper.begin(ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	list := e.pendingOf(s.principal)
	if len(list) != undelivered {
		return &UndeliveredError{Principal: s.principal, Undelivered: len(list), Confirmed: undelivered}
	}
	for _, l := range e.all() {
		if l.session.principal == s.principal {
			l.deny(ErrWiped)
		}
	}
	if line := e.online(); line != nil {
		line.forgo(s.principal)
	}
	if err := e.wipeWork(ctx, s.principal, list); err != nil {
		return err
	}
	for _, m := range e.models.all() {
		if err := e.wipeHeld(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// wipeWork removes what a principal has committed: list is what is in the outbox of it.
func (e *ephemeral) wipeWork(ctx context.Context, p Principal, list []*pending) error {
	meta := []storage.MetaChange{{Key: sealedKey(p)}}
	own := make(map[*pending]bool, len(list))
	e.mu.Lock()
	for _, item := range list {
		own[item] = true
		e.outbox.ready = without(e.outbox.ready, item)
	}
	var decided []*pending
	for _, item := range list {
		item.receipt = Receipt{Transaction: item.tx.ID, Status: Rejected, Reason: ErrDiscarded}
		decided = append(decided, item)
		meta = append(meta, storage.MetaChange{Key: item.key()})
		if item.again {
			meta = append(meta, storage.MetaChange{Key: keptKey(item.tx.ID)})
		}
		for _, lost := range e.outbox.dependants(item) {
			if own[lost] {
				continue
			}
			own[lost] = true
			lost.cause = item.tx.ID
			lost.receipt = Receipt{Transaction: lost.tx.ID, Status: Rejected, Reason: &RefusedError{
				Code: wire.CodeDependency, Text: fmt.Sprintf("depends on transaction %v: it was wiped", item.tx.ID),
			}}
			decided = append(decided, lost)
			meta = append(meta, storage.MetaChange{Key: lost.key()})
			meta = append(meta, e.keep(e.entryOf(lost), lost)...)
		}
	}
	e.mu.Unlock()
	entries, err := e.entriesOf(ctx, p)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		meta = append(meta, storage.MetaChange{Key: ledgerKey(entry.Transaction)}, storage.MetaChange{Key: keptKey(entry.Transaction)})
	}
	if err := e.keeper.store(nil, meta...); err != nil {
		return err
	}
	for _, entry := range entries {
		e.remembered.forget(entry.Transaction)
		if entry.Content != nil {
			e.forgive(entry.Content)
		}
	}
	e.mu.Lock()
	delete(e.sealed, p)
	e.mu.Unlock()
	return e.conclude(decided, nil)
}

// entriesOf lists what became of a principal's transactions.
func (e *ephemeral) entriesOf(ctx context.Context, p Principal) ([]LedgerEntry, error) {
	snapshot, leave, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []LedgerEntry
	for m, err := range snapshot.MetaScan(ctx, metaLedger) {
		if err != nil {
			return nil, err
		}
		entry, err := decodeLedger(m)
		if err != nil {
			return nil, err
		}
		if entry.Principal == p {
			list = append(list, entry)
		}
	}
	return list, nil
}

// wipedAtOnce is how many records are removed in one batch.
const wipedAtOnce = 1024

// wipeHeld removes what is held of a collection, but for what is needed still.
func (e *ephemeral) wipeHeld(ctx context.Context, m *model.Schema) error {
	snapshot, leave, err := e.open(ctx)
	if err != nil {
		return err
	}
	defer leave()
	lister, ok := snapshot.(storage.Lister)
	if !ok {
		return errors.New("the engine cannot tell what is held: delete its store")
	}
	needed := e.needed(m)
	var blanks []*storage.Record
	for r, err := range lister.Records(ctx, m.Collection()) {
		if err != nil {
			return err
		}
		if needed[r.Row.ID] || isBlank(r) {
			continue
		}
		if blanks = append(blanks, blank(r)); len(blanks) == wipedAtOnce {
			if err := e.keeper.store(blanks); err != nil {
				return err
			}
			blanks = nil
		}
	}
	return e.keeper.store(blanks)
}

// needed returns the entities of a collection that pending changes are about, or that
// live queries show. It needs the keeper's token.
func (e *ephemeral) needed(m *model.Schema) map[event.ID]bool {
	needed := make(map[event.ID]bool)
	for _, p := range e.outbox.list {
		for _, key := range keysOf(p.tx) {
			needed[key.ID] = needed[key.ID] || key.Collection == m.Collection()
		}
	}
	for _, l := range e.all() {
		if l.schema != m || l.groups != nil {
			continue
		}
		l.mu.Lock()
		for id := range l.base {
			needed[id] = true
		}
		l.mu.Unlock()
	}
	return needed
}

// blankID is in the place of the head of what was wiped. No event has such an ID.
var blankID = event.ID{len(event.ID{}) - 1: 1}

// blank is what is left of a record that was wiped: engines do not remove any. It is
// taken to be none.
func blank(r *storage.Record) *storage.Record {
	head := event.Head{blankID}
	return &storage.Record{
		Collection: r.Collection, Stamp: head.Stamp(), Row: model.Row{ID: r.Row.ID, Head: head, Deleted: true},
	}
}

func isBlank(r *storage.Record) bool { return len(r.Row.Head) == 1 && r.Row.Head[0] == blankID }

// heldIn returns what a snapshot of a client's store holds of an entity, nil if
// nothing.
func heldIn(ctx context.Context, s storage.Snapshot, collection string, id event.ID) (*storage.Record, error) {
	r, err := stateIn(ctx, s, collection, id)
	if err == nil && r != nil && isBlank(r) {
		return nil, nil
	}
	return r, err
}
