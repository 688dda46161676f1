package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// A LedgerEntry is what an ephemeral node knows of a transaction that was
// committed on it.
type LedgerEntry struct {
	Transaction event.ID
	Status      Status
	Principal   Principal
	// Time is when the status became known here; of a pending transaction, when it
	// was made.
	Time time.Time
	// Position is where it was logged, if it was accepted.
	Position event.Position
	// Code and Reason are why it was rejected; otherwise wire.Accepted and nil.
	Code   wire.Code
	Reason error
	// DependsOn are the transactions that a pending one waits for, or whose refusal
	// took a rejected one along.
	DependsOn []event.ID
	// By has taken its place, if it was superseded: a transaction that was made of it
	// ([Session.Resubmit]), or the same under new IDs, because it was made under a clock
	// that proved to be wrong before it was delivered. Then Renamed are the entities that
	// it created, whose IDs are new too.
	By      event.ID
	Renamed []Renaming
	// Content is the transaction with all its values. It is nil if it was accepted, or
	// superseded: then the values are in the log, or in the other transaction.
	Content *event.Transaction
}

// Receipt is the entry's receipt.
func (l *LedgerEntry) Receipt() Receipt {
	return Receipt{Transaction: l.Transaction, Status: l.Status, Position: l.Position, Reason: l.Reason, By: l.By}
}

// Ledger yields what became of the transactions that were committed on this
// ephemeral node, in the order of their IDs: all that are pending, all that were
// rejected and not dismissed or superseded, and the last 1024 of the others. On a
// durable node it yields ErrDurable.
func (n *Node) Ledger(ctx context.Context) iter.Seq2[LedgerEntry, error] {
	return func(yield func(LedgerEntry, error) bool) {
		e, ok := n.role.(*ephemeral)
		if !ok {
			yield(LedgerEntry{}, ErrDurable)
			return
		}
		entries, err := e.ledger(ctx)
		if err != nil {
			yield(LedgerEntry{}, err)
			return
		}
		for _, entry := range entries {
			if e.isSealed(entry.Principal) {
				continue
			}
			if !yield(entry, nil) {
				return
			}
		}
	}
}

// Dismiss removes a rejected transaction from the ledger, with its values. For
// one that is not there, or not rejected, the error is ErrUnknownTransaction.
func (n *Node) Dismiss(ctx context.Context, tx event.ID) error {
	e, ok := n.role.(*ephemeral)
	if !ok {
		return ErrDurable
	}
	if err := e.keeper.begin(ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	entry, err := e.rejected(ctx, tx)
	if err != nil {
		return err
	}
	if err := e.keeper.store(nil, storage.MetaChange{Key: ledgerKey(tx)}); err != nil {
		return err
	}
	e.forgive(entry.Content)
	return nil
}

// rejected looks for a rejected transaction.
func (e *ephemeral) rejected(ctx context.Context, tx event.ID) (LedgerEntry, error) {
	entry, err := e.find(ctx, tx)
	switch {
	case err != nil:
	case e.isSealed(entry.Principal):
		err = ErrSealed
	case entry.Status != Rejected:
		err = fmt.Errorf("transaction %v is %v, and not rejected: %w", tx, entry.Status, ErrUnknownTransaction)
	}
	return entry, err
}

// ledger lists all entries.
func (e *ephemeral) ledger(ctx context.Context) ([]LedgerEntry, error) {
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
		list = append(list, entry)
	}
	for m, err := range snapshot.MetaScan(ctx, metaOutbox) {
		if err != nil {
			return nil, err
		}
		p, err := decodeOutbox(m)
		if err != nil {
			return nil, err
		}
		list = append(list, e.pendingEntry(p))
	}
	slices.SortFunc(list, func(a, b LedgerEntry) int { return a.Transaction.Compare(b.Transaction) })
	return list, nil
}

// pendingEntry is what the ledger says of a transaction in the outbox.
func (e *ephemeral) pendingEntry(p *pending) LedgerEntry {
	entry := LedgerEntry{
		Transaction: p.tx.ID, Status: Pending, Principal: p.principal, Time: p.tx.ID.Time(), Content: p.tx,
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.outbox.byTx[p.tx.ID]; p != nil {
		for _, needed := range p.after {
			entry.DependsOn = append(entry.DependsOn, needed.tx.ID)
		}
	}
	return entry
}

// find looks for a decided transaction.
func (e *ephemeral) find(ctx context.Context, tx event.ID) (LedgerEntry, error) {
	snapshot, leave, err := e.open(ctx)
	if err != nil {
		return LedgerEntry{}, err
	}
	defer leave()
	b, err := snapshot.Meta(ctx, ledgerKey(tx))
	if errors.Is(err, storage.ErrNotFound) {
		return LedgerEntry{}, ErrUnknownTransaction
	}
	if err != nil {
		return LedgerEntry{}, err
	}
	return decodeLedger(storage.MetaValue{Key: ledgerKey(tx), Value: b})
}

// The ledger is kept in the engine's Meta map, a decided transaction under each
// key.
const (
	metaLedger    = "node/ledger/"
	ledgerVersion = 2
)

func ledgerKey(tx event.ID) string { return metaLedger + tx.String() }

func (l *LedgerEntry) change() storage.MetaChange {
	b := []byte{ledgerVersion, byte(l.Status)}
	b = append(b, l.Transaction[:]...)
	b = codec.AppendString(b, string(l.Principal))
	b = codec.AppendVarint(b, l.Time.UnixMicro())
	b = append(b, l.Position.Origin[:]...)
	b = codec.AppendUvarint(b, l.Position.Seq)
	b = codec.AppendUvarint(b, uint64(l.Code))
	text := ""
	if l.Reason != nil {
		text = publicText(l.Code, l.Reason)
	}
	b = codec.AppendString(b, text)
	b = codec.AppendUvarint(b, uint64(len(l.DependsOn)))
	for _, id := range l.DependsOn {
		b = append(b, id[:]...)
	}
	b = append(b, l.By[:]...)
	b = codec.AppendUvarint(b, uint64(len(l.Renamed)))
	for _, r := range l.Renamed {
		b = append(append(b, r.Old[:]...), r.New[:]...)
	}
	if l.Content != nil {
		b = l.Content.AppendTo(b)
	}
	return storage.MetaChange{Key: ledgerKey(l.Transaction), Value: b}
}

func decodeLedger(m storage.MetaValue) (LedgerEntry, error) {
	l, err := decodeEntry(m.Value)
	if err != nil {
		err = &storage.CorruptError{What: "entry of the ledger", Key: []byte(m.Key), Err: err}
	}
	return l, err
}

func decodeEntry(b []byte) (l LedgerEntry, err error) {
	r := codec.NewReader(b)
	if version := r.Byte(); r.Err() == nil && version != ledgerVersion {
		return l, &event.VersionError{What: "entry of the ledger", Version: version, Supported: ledgerVersion}
	}
	l.Status = Status(r.Byte())
	copy(l.Transaction[:], r.Fixed(len(l.Transaction)))
	l.Principal = Principal(r.String(len(b)))
	l.Time = time.UnixMicro(r.Varint()).UTC()
	copy(l.Position.Origin[:], r.Fixed(len(l.Position.Origin)))
	l.Position.Seq = r.Uvarint()
	l.Code = wire.Code(r.Uvarint())
	text := r.String(len(b))
	for range r.Count(len(b), len(event.ID{})) {
		l.DependsOn = append(l.DependsOn, event.ID(r.Fixed(len(event.ID{}))))
	}
	copy(l.By[:], r.Fixed(len(l.By)))
	for range r.Count(len(b), 2*len(event.ID{})) {
		l.Renamed = append(l.Renamed, Renaming{event.ID(r.Fixed(len(event.ID{}))), event.ID(r.Fixed(len(event.ID{})))})
	}
	rest := r.Rest()
	if err := r.Err(); err != nil {
		return l, err
	}
	if l.Status > Superseded {
		return l, fmt.Errorf("status %d", l.Status)
	}
	if l.Status == Rejected {
		l.Reason = &RefusedError{Code: l.Code, Text: text}
		l.Content, err = event.DecodeTransaction(rest)
	}
	return l, err
}

// resume reads the outbox and the ledger of a node that was closed.
func (e *ephemeral) resume(ctx context.Context, s storage.Snapshot) error {
	if err := e.readOffered(ctx, s); err != nil {
		return err
	}
	if err := e.readSealed(ctx, s); err != nil {
		return err
	}
	for m, err := range s.MetaScan(ctx, metaOutbox) {
		if err != nil {
			return err
		}
		p, err := decodeOutbox(m)
		if err != nil {
			return err
		}
		p.sealed = e.isSealed(p.principal)
		p.doubt = p.number <= e.offered
		if p.again, err = isKept(ctx, s, p.tx.ID); err != nil {
			return err
		}
		e.outbox.add(p)
		e.clock.Observe(p.tx.Events[len(p.tx.Events)-1].ID)
		e.clock.Observe(p.tx.ID)
	}
	e.outbox.last = max(e.outbox.last, e.offered) // numbers do not come again
	return e.resumeLedger(ctx, s)
}

// resumeLedger reads the ledger of a node that was closed.
func (e *ephemeral) resumeLedger(ctx context.Context, s storage.Snapshot) error {
	var settled []LedgerEntry
	for m, err := range s.MetaScan(ctx, metaLedger) {
		if err != nil {
			return err
		}
		entry, err := decodeLedger(m)
		if err != nil {
			return err
		}
		switch entry.Status {
		case Accepted, Superseded:
			settled = append(settled, entry)
		case Rejected:
			e.refuse(entry.Content)
		}
	}
	slices.SortFunc(settled, func(a, b LedgerEntry) int {
		return cmp.Or(a.Time.Compare(b.Time), a.Transaction.Compare(b.Transaction))
	})
	return e.resumeDecided(ctx, s, settled)
}

// forgive forgets what refuse remembers.
func (e *ephemeral) forgive(tx *event.Transaction) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, ev := range tx.Events {
		delete(e.refused, ev.ID)
	}
}

// refuse remembers the events of a refused transaction: nothing can build on
// them.
func (e *ephemeral) refuse(tx *event.Transaction) {
	for _, ev := range tx.Events {
		e.refused[ev.ID] = tx.ID
	}
}
