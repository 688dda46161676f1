package entity

import (
	"context"
	"fmt"

	"github.com/ankgo/ank/event"
)

// Result says what became of an event that was given to [State.Apply].
type Result uint8

// The results of Apply.
const (
	Refused   Result = iota // an error says why; nothing changed
	Applied                 // the state changed
	Duplicate               // the event had been applied before; nothing changed
	Parked                  // precursors are missing; nothing changed
)

// String returns the result's name in lower case.
func (r Result) String() string {
	return [...]string{"refused", "applied", "duplicate", "parked"}[r&3]
}

// History knows which events of an entity were applied. [State.Apply] asks only
// when head and ID order do not decide: hardly ever while events arrive in the
// order they were made.
type History interface {
	// Has reports whether the event was applied to the state's entity.
	Has(ctx context.Context, id event.ID) (bool, error)
}

// Apply folds one event into the state. Events may come in any order in which
// precursors come before their descendants; an event that was applied before
// changes nothing.
//
// The event must be valid ([event.Event.Validate]) and of this entity, and must
// not be changed afterwards: the state aliases its values. When precursors are
// missing, Apply returns Parked and a *[MissingError] that names them; see
// [Parking]. An error of h is returned with Refused. h may be nil if the event is
// a creation event, or if its precursors are known to be the head.
//
// That the ID was taken by a different event before is not noticed here: see
// [Resolve].
func (s *State) Apply(ctx context.Context, e *event.Event, h History) (Result, error) {
	if err := s.owns(e); err != nil {
		return Refused, err
	}
	if e.IsCreation() {
		// Whatever else was applied descends from the creation event.
		if s.Exists() {
			return Duplicate, nil
		}
	} else if !e.Precursors.Equal(s.head) {
		// What follows the whole head is new. Anything else takes a closer look.
		if r, err := s.judge(ctx, e, h); r != Applied {
			return r, err
		}
	}
	s.advance(e)
	return Applied, nil
}

// owns checks that the event is of this entity.
func (s *State) owns(e *event.Event) error {
	if e.Entity == s.id && e.Collection == s.collection {
		return nil
	}
	return fmt.Errorf("entity: apply event %v of %s %v to %s %v: %w",
		e.ID, e.Collection, e.Entity, s.collection, s.id, ErrForeign)
}

// advance applies an event that is new and misses nothing.
func (s *State) advance(e *event.Event) {
	s.fold(e)
	s.head = s.head.With(e.ID, e.Precursors)
}

// judge tells whether an event with precursors that are not just the head is
// new and can be applied.
func (s *State) judge(ctx context.Context, e *event.Event, h History) (Result, error) {
	if s.head.Contains(e.ID) {
		return Duplicate, nil
	}
	if s.mayBeAncestor(e) {
		had, err := h.Has(ctx, e.ID)
		if err != nil {
			return Refused, fmt.Errorf("entity: history of %s %v: %w", s.collection, s.id, err)
		}
		if had {
			return Duplicate, nil
		}
	}
	missing, err := s.missing(ctx, e, h)
	if err != nil {
		return Refused, fmt.Errorf("entity: history of %s %v: %w", s.collection, s.id, err)
	}
	if len(missing) > 0 {
		return Parked, &MissingError{Event: e.ID, Entity: s.id, Missing: missing}
	}
	return Applied, nil
}

// mayBeAncestor reports whether the event could be in the head's past. By C1 one
// that is greater than the head is not; and one with a precursor in the head is
// not, or else that precursor would have a descendant.
func (s *State) mayBeAncestor(e *event.Event) bool {
	if s.head.Max().Less(e.ID) {
		return false
	}
	for _, p := range e.Precursors {
		if s.head.Contains(p) {
			return false
		}
	}
	return true
}

// missing returns the precursors of e that were not applied.
func (s *State) missing(ctx context.Context, e *event.Event, h History) (event.Head, error) {
	if !s.Exists() {
		return e.Precursors, nil
	}
	var missing event.Head
	for _, p := range e.Precursors {
		if p == s.id || s.head.Contains(p) {
			continue
		}
		if s.head.Max().Less(p) {
			missing = append(missing, p)
			continue
		}
		had, err := h.Has(ctx, p)
		if err != nil {
			return nil, err
		}
		if !had {
			missing = append(missing, p)
		}
	}
	return missing, nil
}
