package entity

import (
	"context"
	"iter"
	"maps"
	"math"
	"slices"

	"github.com/ankgo/ank/event"
)

// A Folder folds all events of one entity, in whatever order they come, with
// duplicates, twins (different events with one ID) and erased copies among them.
// What it ends up with is a function of the set of events it was given: every
// node that was given the same set has the same state, the same events waiting
// and the same ones quarantined.
//
// It keeps the events, so it is for one entity at a time: to fold a history from
// scratch, to look at the past, to settle an equivocation. A Folder is not safe
// for concurrent use.
type Folder struct {
	state       *State
	events      map[event.ID]*event.Event // what counts under each ID
	applied     applied
	parking     *Parking
	quarantined map[event.Digest]*event.Event
}

// applied is the history of a Folder's state.
type applied map[event.ID]struct{}

// Has implements [History].
func (a applied) Has(_ context.Context, id event.ID) (bool, error) {
	_, ok := a[id]
	return ok, nil
}

// NewFolder returns a Folder that was given nothing.
func NewFolder(collection string, id event.ID) *Folder {
	return &Folder{
		state:       NewState(collection, id),
		events:      make(map[event.ID]*event.Event),
		applied:     make(applied),
		parking:     unlimitedParking(),
		quarantined: make(map[event.Digest]*event.Event),
	}
}

func unlimitedParking() *Parking {
	return NewParking(ParkingOptions{Events: math.MaxInt, Bytes: math.MaxInt})
}

// Replay folds the events of one entity, in any order.
func Replay(collection string, id event.ID, events iter.Seq[*event.Event]) (*Folder, error) {
	f := NewFolder(collection, id)
	for e := range events {
		if _, err := f.Add(e); err != nil {
			return f, err
		}
	}
	return f, nil
}

// Add gives the Folder an event, which must be valid and must not change
// afterwards. Parked is no error here: the event is kept until its precursors
// come. A twin that is quarantined, or a copy with nothing new, is a Duplicate.
// The error matches [ErrForeign]; the Folder is unchanged then.
func (f *Folder) Add(e *event.Event) (Result, error) {
	if err := f.state.owns(e); err != nil {
		return Refused, err
	}
	known, ok := f.events[e.ID]
	if !ok {
		f.events[e.ID] = e
		return f.apply(e), nil
	}
	winner, loser := Resolve(known, e)
	if loser != nil {
		f.quarantine(loser)
	}
	if winner == known {
		return Duplicate, nil
	}
	f.events[e.ID] = winner
	f.refold()
	if _, ok := f.applied[e.ID]; !ok {
		return Parked, nil
	}
	return Applied, nil
}

// quarantine keeps a twin that lost; it never wins again, for what counts under
// an ID only gets smaller. An erasure holds here too.
func (f *Folder) quarantine(e *event.Event) {
	digest := e.Digest()
	if other := f.quarantined[digest]; other != nil {
		e, _ = Resolve(other, e)
	}
	f.quarantined[digest] = e
}

// apply folds a new event, and those that waited for it, or parks it.
func (f *Folder) apply(e *event.Event) Result {
	if missing := f.absent(e.Precursors); len(missing) > 0 {
		// A parking without limits takes everything.
		_ = f.parking.Add(e, missing)
		return Parked
	}
	for ready := []*event.Event{e}; len(ready) > 0; {
		next := ready[len(ready)-1]
		f.state.advance(next)
		f.applied[next.ID] = struct{}{}
		ready = append(ready[:len(ready)-1], f.parking.Release(next.ID)...)
	}
	return Applied
}

func (f *Folder) absent(ids event.Head) (missing event.Head) {
	for _, id := range ids {
		if _, ok := f.applied[id]; !ok {
			missing = append(missing, id)
		}
	}
	return missing
}

// refold begins again, after the event that counts under some ID was replaced.
// In ID order precursors come first.
func (f *Folder) refold() {
	f.state = NewState(f.state.collection, f.state.id)
	f.applied = make(applied, len(f.events))
	f.parking = unlimitedParking()
	for _, e := range slices.SortedFunc(maps.Values(f.events), compareEvents) {
		f.apply(e)
	}
}

func compareEvents(a, b *event.Event) int { return a.ID.Compare(b.ID) }

// State is what the events amount to. It belongs to the Folder and changes with
// the next Add; [State.Clone] it to keep it.
func (f *Folder) State() *State { return f.state }

// Has reports whether the event is part of the state; the Folder is the
// [History] of its state.
func (f *Folder) Has(ctx context.Context, id event.ID) (bool, error) { return f.applied.Has(ctx, id) }

// Event returns what counts under an ID, applied or parked; nil if nothing does.
func (f *Folder) Event(id event.ID) *event.Event { return f.events[id] }

// Parked returns the events whose precursors are missing, in ID order.
func (f *Folder) Parked() []*event.Event { return f.parking.Events() }

// Quarantined returns the twins that do not count, in ID order, then by digest.
func (f *Folder) Quarantined() []*event.Event {
	digests := slices.SortedFunc(maps.Keys(f.quarantined), func(a, b event.Digest) int {
		if c := compareEvents(f.quarantined[a], f.quarantined[b]); c != 0 {
			return c
		}
		return slices.Compare(a[:], b[:])
	})
	twins := make([]*event.Event, len(digests))
	for i, d := range digests {
		twins[i] = f.quarantined[d]
	}
	return twins
}
