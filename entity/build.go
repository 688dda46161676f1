package entity

import (
	"fmt"

	"github.com/ankgo/ank/event"
)

// Build makes the transaction: one event for each entity that changed, its
// precursors being the head at the first touch. What happened to an entity that
// is created here is part of its creation event; one that is created and deleted
// leaves no trace. Build returns nil and no error when nothing changed.
//
// The error is the first misuse of a draft, what a schema's check says of an
// entity (an *[EntityError]), or that of clock. Build may be called again: it
// mints new IDs for all but the creation events.
func (o *Overlay) Build(clock *event.Clock) (*event.Transaction, error) {
	if o.err != nil {
		return nil, o.err
	}
	b := builder{clock: clock}
	if b.count(o.order); b.drafts == 0 {
		return nil, nil
	}
	b.allocate()
	created, err := b.add(o.order, true)
	if err == nil {
		_, err = b.add(o.order, false)
	}
	if err != nil {
		return nil, err
	}
	if b.tx.ID, err = clock.MintTransaction(b.floor); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	for i, e := range b.tx.Events[created:] {
		e.ID = b.tx.ID.Update(i + 1)
	}
	return b.tx, nil
}

// builder makes a transaction. Its events and their operations lie in one piece
// of memory each, as they live and die together.
type builder struct {
	clock  *event.Clock
	drafts int // that have changed
	ops    int

	tx     *event.Transaction
	events []event.Event
	memory []event.Operation
	floor  event.ID // the greatest ID that the transaction's must be above
}

func (b *builder) count(drafts []*Draft) {
	for _, d := range drafts {
		if !d.changed() {
			continue
		}
		b.drafts++
		b.ops += len(d.changes)
		if d.deleted != d.base.Deleted {
			b.ops++
		}
	}
}

// allocate gets the memory for everything; nearly all transactions have one event.
func (b *builder) allocate() {
	b.memory = make([]event.Operation, 0, b.ops)
	if b.drafts == 1 {
		var one struct {
			tx     event.Transaction
			events [1]event.Event
			list   [1]*event.Event
		}
		b.tx, b.events, one.tx.Events = &one.tx, one.events[:0], one.list[:0]
		return
	}
	b.tx = &event.Transaction{Events: make([]*event.Event, 0, b.drafts)}
	b.events = make([]event.Event, 0, b.drafts)
}

// add makes the events of the drafts that changed, and returns how many there
// are by now: those of created entities come first, in the order of their IDs.
func (b *builder) add(drafts []*Draft, created bool) (int, error) {
	for _, d := range drafts {
		if d.created != created || !d.changed() {
			continue
		}
		if err := d.check(); err != nil {
			return 0, err
		}
		b.events = append(b.events, b.event(d))
		b.tx.Events = append(b.tx.Events, &b.events[len(b.events)-1])
		if last := d.base.Head.Max(); b.floor.Less(last) {
			b.floor = last
		}
	}
	return len(b.events), nil
}

// check asks the model about the entity as it will be. What is deleted need not
// be valid.
func (d *Draft) check() error {
	if d.deleted || !d.schema.Checks() {
		return nil
	}
	if err := d.schema.Check(d.visible()); err != nil {
		return &EntityError{Model: d.schema.Model(), ID: d.base.ID, Reason: err}
	}
	return nil
}

// event makes the entity's event; one that updates gets its ID later.
func (b *builder) event(d *Draft) event.Event {
	e := event.Event{Collection: d.schema.Collection(), Entity: d.base.ID}
	if d.created {
		e.ID = d.base.ID
	} else {
		e.Precursors = precursors(d.base.Head)
	}
	first := len(b.memory)
	for i := range d.changes {
		c := &d.changes[i]
		b.memory = append(b.memory, event.Operation{Field: c.Name, Kind: event.OpSet, Value: c.Value})
	}
	if len(d.changes) > 0 {
		e.Salt = b.clock.NewSalt()
	}
	if d.deleted != d.base.Deleted {
		kind := event.OpDelete
		if !d.deleted {
			kind = event.OpUndelete
		}
		b.memory = append(b.memory, event.Operation{Kind: kind})
	}
	e.Ops = b.memory[first:len(b.memory):len(b.memory)]
	return e
}

// precursors returns as much of a head as one event can name: of a head that
// grew wider than an acceptor would let it, the youngest part.
func precursors(head event.Head) event.Head {
	if n := len(head); n > event.MaxPrecursors {
		return head[n-event.MaxPrecursors:]
	}
	return head
}
