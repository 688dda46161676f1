package entity

import (
	"fmt"
	"slices"

	"github.com/ankgo/ank/event"
)

// The limits of a [Parking] whose options do not say.
const (
	DefaultParkedEvents = 1 << 14
	DefaultParkedBytes  = 64 << 20
)

// ParkingOptions are the limits of a [Parking]. Zero means the default.
type ParkingOptions struct {
	Events int // how many events it holds
	Bytes  int // how large their encodings are, in sum
}

// A Parking holds events whose precursors are not here yet, of any number of
// entities. It is bounded: what does not fit is refused, to be asked for again
// once there is room. A Parking is not safe for concurrent use.
type Parking struct {
	options ParkingOptions
	bytes   int
	events  map[event.ID]*parked
	waiting map[event.ID][]*parked // by the precursor that is missing
}

// parked is an event that waits.
type parked struct {
	event   *event.Event
	waits   event.Head // for the precursors that were missing at first
	missing int        // how many of them were not released yet
	size    int
}

// NewParking returns an empty Parking.
func NewParking(o ParkingOptions) *Parking {
	if o.Events <= 0 {
		o.Events = DefaultParkedEvents
	}
	if o.Bytes <= 0 {
		o.Bytes = DefaultParkedBytes
	}
	return &Parking{options: o, events: make(map[event.ID]*parked), waiting: make(map[event.ID][]*parked)}
}

// Add parks an event until all missing precursors are released; there is at
// least one, as [MissingError] names them. An event that is parked already is not
// parked twice; of two that differ under one ID, what [Resolve] makes of them
// stays, with the precursors that are missing by now. The error matches
// [ErrParkingFull], and the Parking is unchanged.
func (p *Parking) Add(e *event.Event, missing event.Head) error {
	count, room := len(p.events), p.options.Bytes-p.bytes
	old := p.events[e.ID]
	if old != nil {
		winner, _ := Resolve(old.event, e)
		if winner == old.event {
			return nil
		}
		e, count, room = winner, count-1, room+old.size
	}
	size := e.Size()
	if count >= p.options.Events || size > room {
		return fmt.Errorf("entity: park event %v beside %d events of %d bytes: %w", e.ID, len(p.events), p.bytes, ErrParkingFull)
	}
	if old != nil {
		p.remove(old)
	}
	entry := &parked{event: e, waits: missing, missing: len(missing), size: size}
	p.events[e.ID] = entry
	p.bytes += size
	for _, id := range missing {
		p.waiting[id] = append(p.waiting[id], entry)
	}
	return nil
}

// Release says that the event id was applied. It returns, in ID order, the
// events that waited for nothing else; they are no longer parked.
func (p *Parking) Release(id event.ID) []*event.Event {
	entries := p.waiting[id]
	delete(p.waiting, id)
	var ready []*event.Event
	for _, entry := range entries {
		if entry.missing--; entry.missing == 0 {
			delete(p.events, entry.event.ID)
			p.bytes -= entry.size
			ready = append(ready, entry.event)
		}
	}
	slices.SortFunc(ready, compareEvents)
	return ready
}

// remove drops an event that nothing else waits for in its place.
func (p *Parking) remove(entry *parked) {
	delete(p.events, entry.event.ID)
	p.bytes -= entry.size
	for _, id := range entry.waits {
		entries := p.waiting[id]
		entries = slices.DeleteFunc(entries, func(other *parked) bool { return other == entry })
		if len(entries) == 0 {
			delete(p.waiting, id)
		} else {
			p.waiting[id] = entries
		}
	}
}

// Missing returns the IDs of the events to ask for: those that parked events
// wait for and that are not parked themselves. They are sorted.
func (p *Parking) Missing() []event.ID {
	var missing []event.ID
	for id := range p.waiting {
		if p.events[id] == nil {
			missing = append(missing, id)
		}
	}
	slices.SortFunc(missing, event.ID.Compare)
	return missing
}

// Events returns the parked events in ID order.
func (p *Parking) Events() []*event.Event {
	all := make([]*event.Event, 0, len(p.events))
	for _, entry := range p.events {
		all = append(all, entry.event)
	}
	slices.SortFunc(all, compareEvents)
	return all
}

// Len is the number of parked events.
func (p *Parking) Len() int { return len(p.events) }

// Size is the sum of the sizes of their encodings, in bytes.
func (p *Parking) Size() int { return p.bytes }
