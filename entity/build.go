package entity

import (
	"slices"

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
	var created, updated []*event.Event
	var floor []event.ID
	for _, d := range o.order {
		if !d.changed() {
			continue
		}
		if err := d.check(); err != nil {
			return nil, err
		}
		e := d.event(clock)
		if d.created {
			created = append(created, e)
			floor = append(floor, e.ID)
		} else {
			updated = append(updated, e)
			floor = append(floor, d.base.Head...)
		}
	}
	if len(created)+len(updated) == 0 {
		return nil, nil
	}
	id, err := clock.MintTransaction(floor...)
	if err != nil {
		return nil, err
	}
	for i, e := range updated {
		e.ID = id.Update(i + 1)
	}
	return &event.Transaction{ID: id, Events: slices.Concat(created, updated)}, nil
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
	for _, c := range d.changes {
		e.Ops = append(e.Ops, event.Operation{
			Field: d.schema.Fields()[c.field].Name, Kind: event.OpSet, Value: c.value.AppendTo(nil),
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
