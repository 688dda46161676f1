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
	b := builder{
		clock:  clock,
		events: make([]*event.Event, 0, len(o.order)),
		floor:  make([]event.ID, 0, len(o.order)),
	}
	created, err := b.add(o.order, true)
	if err == nil {
		_, err = b.add(o.order, false)
	}
	if err != nil || len(b.events) == 0 {
		return nil, err
	}
	id, err := clock.MintTransaction(b.floor...)
	if err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	for i, e := range b.events[created:] {
		e.ID = id.Update(i + 1)
	}
	return &event.Transaction{ID: id, Events: b.events}, nil
}

// builder collects the events of a transaction and what its ID must be above.
type builder struct {
	clock  *event.Clock
	events []*event.Event
	floor  []event.ID
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
		b.events = append(b.events, d.event(b.clock))
		b.floor = append(b.floor, d.base.Head...)
	}
	return len(b.events), nil
}

// check asks the model about the entity as it will be. What is deleted need not
// be valid.
func (d *Draft) check() error {
	if d.deleted {
		return nil
	}
	if err := d.schema.Check(d.visible()); err != nil {
		return &EntityError{Model: d.schema.Model(), ID: d.base.ID, Reason: err}
	}
	return nil
}

// event makes the entity's event; one that updates gets its ID later.
func (d *Draft) event(clock *event.Clock) *event.Event {
	e := &event.Event{Collection: d.schema.Collection(), Entity: d.base.ID, Ops: make([]event.Operation, 0, len(d.changes)+1)}
	if d.created {
		e.ID = d.base.ID
	} else {
		e.Precursors = precursors(d.base.Head)
	}
	for i := range d.changes {
		c := &d.changes[i]
		e.Ops = append(e.Ops, event.Operation{
			Field: d.schema.Fields()[c.field].Name, Kind: event.OpSet, Value: c.bytes(),
		})
	}
	if len(e.Ops) > 0 {
		e.Salt = clock.NewSalt()
	}
	if d.deleted != d.base.Deleted {
		kind := event.OpDelete
		if !d.deleted {
			kind = event.OpUndelete
		}
		e.Ops = append(e.Ops, event.Operation{Kind: kind})
	}
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
