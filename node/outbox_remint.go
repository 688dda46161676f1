package node

import (
	"slices"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// A Renaming is an entity whose ID was minted anew; see [LedgerEntry].
type Renaming struct{ Old, New event.ID }

// setClock takes a lead of the peer's clock over the one here to be right, and gives
// new IDs to what was made under another time. It needs the keeper's token.
func (e *ephemeral) setClock(lead time.Duration) error {
	if (lead - e.clock.Offset()).Abs() > clockWindow {
		if err := e.keeper.store(nil, storage.MetaChange{Key: metaOffset, Value: encodeOffset(lead)}); err != nil {
			return err
		}
		e.clock.Correct(lead)
		e.logger.Info("the clock is corrected by the peer's", "offset", lead.String())
	}
	list := e.premature()
	if len(list) > 0 {
		e.clock.Correct(e.clock.Offset()) // what was minted under the wrong clock does not bind
	}
	return e.remint(list)
}

// premature returns the transactions in the outbox that no durable node would accept
// before their time has come, and those that build on them, the oldest first. What
// may have been delivered is not among them: it has the IDs that it has.
func (e *ephemeral) premature() []*pending {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []*pending
	among := make(map[*pending]bool)
	for _, p := range e.outbox.list {
		builds := slices.ContainsFunc(p.after, func(p *pending) bool { return among[p] })
		if builds || !p.underWay && !p.doubt && e.clock.CheckSkew(p.tx) != nil {
			list = append(list, p)
			among[p] = true
		}
	}
	return list
}

// remint has other transactions take the place of some that are in the outbox, with
// IDs of today and the same changes. It needs the keeper's token.
func (e *ephemeral) remint(list []*pending) error {
	if len(list) == 0 {
		return nil
	}
	var meta []storage.MetaChange
	next := make(map[*pending]*pending, len(list))
	shown := e.outbox.keys()
	for _, p := range list {
		tx, renamed, err := e.renew(p.tx)
		if err != nil {
			return err
		}
		heir := &pending{
			number: p.number, principal: p.principal, tx: tx, reads: p.reads, done: make(chan struct{}),
			receipt: Receipt{Transaction: tx.ID, Status: Pending}, sealed: p.sealed,
		}
		next[p] = heir
		meta = append(meta, storage.MetaChange{Key: heir.key(), Value: heir.appendTo(nil)})
		meta = append(meta, e.keep(LedgerEntry{
			Transaction: p.tx.ID, Status: Superseded, Principal: p.principal, Time: e.clock.Now(), By: tx.ID, Renamed: renamed,
		}, nil)...)
	}
	if err := e.keeper.store(nil, meta...); err != nil {
		return err
	}
	e.mu.Lock()
	e.outbox.exchange(next)
	e.mu.Unlock()
	e.logger.Info("transactions that were made under a wrong clock have got new IDs", "number", len(list))
	now := e.outbox.keys()
	err := e.putOnAll(e.ctx, now)
	e.tell(append(shown, now...))
	for p, heir := range next {
		p.receipt = Receipt{Transaction: p.tx.ID, Status: Superseded, By: heir.tx.ID}
		p.heir = heir
		close(p.done)
	}
	return err
}

// exchange puts other transactions in the place of some, under their numbers.
func (o *outbox) exchange(next map[*pending]*pending) {
	list := slices.Clone(o.list)
	for i, p := range list {
		if heir := next[p]; heir != nil {
			list[i] = heir
		}
	}
	o.refill(list)
}

// refill makes the outbox hold some transactions, which are ordered by number.
func (o *outbox) refill(list []*pending) {
	last := o.last
	*o = *newOutbox()
	for _, p := range list {
		p.after, p.before = nil, nil
		o.add(p)
	}
	o.last = max(o.last, last)
	o.restart()
}

// renew copies a transaction under new IDs, with all that it says of what got new IDs
// before. It returns the entities that it creates under other IDs.
func (e *ephemeral) renew(tx *event.Transaction) (*event.Transaction, []Renaming, error) {
	copied := &event.Transaction{Events: make([]*event.Event, len(tx.Events)), Ext: tx.Ext}
	var renamed []Renaming
	var floor []event.ID
	limit := e.clock.Now().Add(e.clock.Skew())
	for _, ev := range tx.Events {
		if ev.IsCreation() && ev.ID.Time().After(limit) {
			id, err := e.clock.Mint()
			if err != nil {
				return nil, nil, err
			}
			renamed = append(renamed, Renaming{ev.ID, id})
			e.renamed[ev.ID] = id
		}
	}
	for i, ev := range tx.Events {
		ev = e.rewrite(ev)
		copied.Events[i] = ev
		floor = append(floor, ev.Precursors...)
		if ev.IsCreation() {
			floor = append(floor, ev.ID)
		}
	}
	var err error
	if copied.ID, err = e.clock.MintTransaction(floor...); err != nil {
		return nil, nil, err
	}
	updates := 0
	for i, ev := range copied.Events {
		if !ev.IsCreation() {
			updates++
			ev.ID = copied.ID.Update(updates)
			e.renamed[tx.Events[i].ID] = ev.ID
		}
	}
	slices.SortFunc(copied.Events, func(a, b *event.Event) int { return a.ID.Compare(b.ID) })
	return copied, renamed, nil
}

// rewrite copies an event with the new IDs of all that it names.
func (e *ephemeral) rewrite(ev *event.Event) *event.Event {
	copied := *ev
	copied.ID, copied.Entity = e.today(ev.ID), e.today(ev.Entity)
	copied.Precursors = e.headToday(ev.Precursors)
	copied.Ops = slices.Clone(ev.Ops)
	for i := range copied.Ops {
		op := &copied.Ops[i]
		op.FieldHead = e.headToday(op.FieldHead)
		if id, ok := reference(op); ok {
			op.Value = model.OfID(e.today(id)).AppendTo(nil)
		}
	}
	if len(ev.Ops) > 0 {
		copied.Salt = e.clock.NewSalt()
	}
	return &copied
}

// today is the ID that something has now.
func (e *ephemeral) today(id event.ID) event.ID {
	if now, ok := e.renamed[id]; ok {
		return now
	}
	return id
}

func (e *ephemeral) headToday(h event.Head) event.Head {
	if !slices.ContainsFunc(h, func(id event.ID) bool { return e.today(id) != id }) {
		return h
	}
	ids := make([]event.ID, len(h))
	for i, id := range h {
		ids[i] = e.today(id)
	}
	return event.NewHead(ids...)
}

// upToDate returns a transaction that is about to be committed as it has to be: one
// that was begun under another clock than the present one, or before what it names got
// another ID, is made anew.
func (e *ephemeral) upToDate(tx *event.Transaction) (*event.Transaction, error) {
	early := e.clock.CheckSkew(tx) != nil && !e.clock.Last().Time().After(e.clock.Now().Add(e.clock.Skew()))
	if !early && !slices.ContainsFunc(tx.Events, e.isOutdated) {
		return tx, nil
	}
	renewed, _, err := e.renew(tx)
	return renewed, err
}

// isOutdated reports whether an event names something that has another ID by now.
func (e *ephemeral) isOutdated(ev *event.Event) bool {
	if len(e.renamed) == 0 {
		return false
	}
	old := func(id event.ID) bool { return e.today(id) != id }
	if old(ev.Entity) || slices.ContainsFunc(ev.Precursors, old) {
		return true
	}
	for id := range references(ev) {
		if old(id) {
			return true
		}
	}
	return false
}

// drift is how far the clock is from the peer's by now, because it has been set since
// the connection began; zero if that is no more than it may be.
func (l *line) drift() time.Duration {
	clock := l.owner.clock
	drift := l.theirs.Add(time.Since(l.greeted)).Sub(clock.Now())
	if drift.Abs() <= clock.Skew() {
		return 0
	}
	return drift
}

// checkClock sets the clock by the peer's if it has drifted away. To be called when a
// transaction seems to be from the future.
func (l *line) checkClock() error {
	e := l.owner
	if l.drift() == 0 {
		return nil
	}
	if err := e.keeper.begin(l.ctx); err != nil {
		return err
	}
	defer e.keeper.end()
	defer l.nudge()
	return e.setClock(e.clock.Offset() + l.drift())
}
