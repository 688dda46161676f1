package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// commit implements role: the transaction goes into the outbox, and is shown at
// once. It waits for what the peer says if it was told to, or is serializable.
func (e *ephemeral) commit(ctx context.Context, r *request) (Receipt, error) {
	if ctx.Err() != nil {
		return r.receipt, context.Cause(ctx)
	}
	if err := sayable(r); err != nil {
		r.fail(err)
		return r.receipt, r.err
	}
	if len(r.reads) > 0 && e.online() == nil {
		return r.receipt, ErrOffline
	}
	p, err := e.take(ctx, r)
	if err != nil {
		return r.receipt, err
	}
	if l := e.online(); l != nil {
		l.nudge()
	}
	if len(r.reads) == 0 && !r.awaited {
		return r.receipt, nil
	}
	for {
		receipt, err := e.await(ctx, p)
		switch {
		case err != nil:
			return receipt, stillPending(err)
		case p.heir == nil:
			return receipt, receipt.Reason
		}
		p = p.heir
	}
}

// stillPending says why nobody waits for a transaction any more.
func stillPending(why error) error { return fmt.Errorf("%w: %w", ErrPending, why) }

// sayable checks that a message has room for a transaction: one in the outbox that has not would
// end every connection.
func sayable(r *request) error {
	if n := len(r.reads); n > wire.MaxReads {
		return &event.LimitError{What: "entities that a serializable transaction has read", Limit: wire.MaxReads, Got: n}
	}
	size := r.tx.Size()
	for i := range r.reads {
		size += readSize + len(r.reads[i].collection)
	}
	if size > maxRow {
		return &event.LimitError{What: "bytes in a transaction", Limit: maxRow, Got: size}
	}
	return nil
}

// readSize is what a read takes in a message at the most, beside the collection's name.
const readSize = len(event.ID{}) + len(event.Stamp{}) + 2

// take puts a transaction into the outbox.
func (e *ephemeral) take(ctx context.Context, r *request) (*pending, error) {
	if err := e.keeper.begin(ctx); err != nil {
		return nil, err
	}
	defer e.keeper.end()
	if e.isSealed(r.principal) {
		return nil, ErrSealed
	}
	if len(e.outbox.list) >= e.limits.Outbox {
		return nil, ErrOutboxFull
	}
	var err error
	if r.tx, err = e.upToDate(r.tx); err != nil {
		return nil, err
	}
	if err := e.sound(r); err != nil {
		return nil, err
	}
	p := newPending(r.principal, r.tx, r.reads)
	p.number = e.outbox.last + 1
	base, err := e.unknown(r)
	if err != nil {
		return nil, err
	}
	meta := []storage.MetaChange{{Key: p.key(), Value: p.appendTo(nil)}}
	if e.online() != nil {
		meta = append(meta, e.offer(p.number)...)
	}
	var old LedgerEntry
	if !r.supersedes.IsZero() {
		if old, err = e.rejected(ctx, r.supersedes); err != nil {
			return nil, err
		}
		meta = append(meta, e.supersede(old, p.tx.ID)...)
	}
	if err := e.keeper.store(base, meta...); err != nil {
		return nil, err
	}
	if old.Content != nil {
		e.forgive(old.Content)
	}
	e.mu.Lock()
	e.outbox.add(p)
	receipt := p.receipt
	e.mu.Unlock()
	r.receipt = receipt
	shown := e.showMore
	if len(base) > 0 { // what was shown stands on something older
		shown = func(tx *event.Transaction) error { return e.show(e.ctx, keysOf(tx)) }
	}
	if err := shown(p.tx); err != nil {
		e.logger.Error("a pending transaction cannot be shown", "error", err)
	}
	return p, nil
}

// sound checks that nothing that a transaction builds on was refused meanwhile.
func (e *ephemeral) sound(r *request) error {
	creates := func(id event.ID) bool {
		return slices.ContainsFunc(r.tx.Events, func(ev *event.Event) bool { return ev.ID == id })
	}
	for _, ev := range r.tx.Events {
		for _, id := range ev.Precursors {
			if _, refused := e.refused[id]; refused {
				return fmt.Errorf("%s %v: %w", ev.Collection, ev.Entity, ErrDependency)
			}
		}
		for id := range references(ev) {
			if _, refused := e.refused[id]; refused && !creates(id) {
				return fmt.Errorf("%s %v refers to %v: %w", ev.Collection, ev.Entity, id, ErrDependency)
			}
		}
	}
	return nil
}

// unknown returns the records that a transaction was made on and that are newer
// than what is held. They are held from now on: what is pending is shown on top
// of them.
func (e *ephemeral) unknown(r *request) ([]*storage.Record, error) {
	var list []*storage.Record
	for i := range r.forks {
		before := r.forks[i].before
		if before == nil || before.Row.Pending != nil {
			continue
		}
		held, err := e.confirmed(e.ctx, before.Collection, before.Row.ID)
		if err != nil {
			return nil, err
		}
		if held == nil || held.Row.Head.Max().Less(before.Row.Head.Max()) {
			list = append(list, before)
		}
	}
	return list, nil
}

// confirmed returns what is stored of an entity, nil if nothing is.
func (e *ephemeral) confirmed(ctx context.Context, collection string, id event.ID) (*storage.Record, error) {
	snapshot, err := e.engine.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snapshot.Close()
	return heldIn(ctx, snapshot, collection, id)
}

func keysOf(tx *event.Transaction) []entity.Key {
	keys := make([]entity.Key, len(tx.Events))
	for i, ev := range tx.Events {
		keys[i] = entity.Key{Collection: ev.Collection, ID: ev.Entity}
	}
	return keys
}

// keysOfAll returns the entities that some transactions write, each once: a thousand
// transactions of one entity would have it shown a thousand times.
func keysOfAll(list []*pending) []entity.Key {
	var keys []entity.Key
	seen := make(map[entity.Key]bool)
	for _, p := range list {
		for _, key := range keysOf(p.tx) {
			if !seen[key] {
				seen[key] = true
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// learn takes in what the peer says that entities are now. It needs the keeper's
// token. The live query that they came for is told by told, before all others.
func (e *ephemeral) learn(records []*storage.Record, by *remote, told func()) error {
	if err := e.keeper.store(records, e.keepSeen(records)...); err != nil {
		return err
	}
	var keys []entity.Key
	for _, r := range records {
		key := entity.Key{Collection: r.Collection, ID: r.Row.ID}
		if e.outbox.touched[key] != nil {
			keys = append(keys, key)
		}
	}
	if err := e.putOnAll(e.ctx, keys); err != nil {
		return err
	}
	told()
	for _, l := range e.all() {
		if l != by {
			l.overhear(records)
		}
	}
	e.tell(keys)
	return e.acquit(records)
}

// decide ends a transaction's time in the outbox. records are what the entities
// that it wrote are now, if it was accepted. Live queries that are late are to be told of that.
func (e *ephemeral) decide(p *pending, m *wire.Receipt, records []*storage.Record, late map[*remote]bool) error {
	if err := e.keeper.begin(e.ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	if e.outbox.byTx[p.tx.ID] != p {
		return nil
	}
	decided := []*pending{p}
	p.receipt = outcomeOf(p, m)
	if p.receipt.Status == Rejected {
		for _, lost := range e.outbox.dependants(p) {
			lost.receipt = Receipt{Transaction: lost.tx.ID, Status: Rejected, Reason: &RefusedError{
				Code: wire.CodeDependency, Text: fmt.Sprintf("depends on transaction %v: %v", p.tx.ID, p.receipt.Reason),
			}}
			lost.cause = p.tx.ID
			decided = append(decided, lost)
		}
	}
	if err := e.settle(decided, records); err != nil {
		return err
	}
	for _, l := range e.all() {
		if late[l] || l.unexplained != nil {
			l.foresee(records, p.receipt.Position)
		}
	}
	return e.conclude(decided, records)
}

// postpone has a transaction delivered again, not before a time. The peer may have
// decided it nevertheless, unless it is sure.
func (e *ephemeral) postpone(p *pending, earliest time.Time, sure bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p.earliest, p.underWay, p.doubt = earliest, false, p.doubt || !sure
	e.outbox.offer(p)
}

func outcomeOf(p *pending, m *wire.Receipt) Receipt {
	r := Receipt{Transaction: p.tx.ID, Status: Accepted, Position: event.Position{Origin: m.Origin, Seq: m.Seq}}
	if m.Code != wire.Accepted {
		r = Receipt{Transaction: p.tx.ID, Status: Rejected, Reason: &RefusedError{Code: m.Code, Text: m.Text}}
	}
	return r
}

// settle moves decided transactions from the outbox to the ledger, as far as they are stored.
func (e *ephemeral) settle(decided []*pending, records []*storage.Record) error {
	var meta []storage.MetaChange
	for _, p := range decided {
		meta = append(meta, storage.MetaChange{Key: p.key()})
		meta = append(meta, e.keep(e.entryOf(p), p)...)
	}
	return e.keeper.store(records, meta...)
}

// conclude takes transactions out of the outbox and lets everybody see what became
// of them, once that is stored.
func (e *ephemeral) conclude(decided []*pending, records []*storage.Record) error {
	e.mu.Lock()
	for _, p := range decided {
		e.outbox.remove(p)
		if p.receipt.Status == Rejected {
			e.refuse(p.tx)
			e.outbox.doubt(p.tx)
		}
	}
	e.mu.Unlock()
	for _, l := range e.all() {
		l.overhear(records)
	}
	err := e.show(e.ctx, keysOfAll(decided))
	for _, p := range decided {
		close(p.done)
	}
	return err
}

// entryOf is what the ledger says of a decided transaction.
func (e *ephemeral) entryOf(p *pending) LedgerEntry {
	entry := LedgerEntry{
		Transaction: p.tx.ID, Status: p.receipt.Status, Principal: p.principal,
		Time: e.clock.Now(), Position: p.receipt.Position,
	}
	if p.receipt.Status == Rejected {
		entry.Code, entry.Reason = codeOf(p.receipt.Reason, wire.CodeInvalid), p.receipt.Reason
		entry.Content = p.tx
		if !p.cause.IsZero() {
			entry.DependsOn = []event.ID{p.cause}
		}
	}
	return entry
}
