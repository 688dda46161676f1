package event

import (
	"context"
	"fmt"
	"slices"
)

// Relation says how one head stands to another.
type Relation uint8

// The relations between a head a and a head b.
const (
	Equal      Relation = iota + 1 // the same events
	Descends                       // a's history holds all of b's, and more
	Ascends                        // b's history holds all of a's, and more
	Concurrent                     // each history holds events that the other lacks
)

// String returns the relation's name in lower case.
func (r Relation) String() string {
	switch r {
	case Equal:
		return "equal"
	case Descends:
		return "descends"
	case Ascends:
		return "ascends"
	case Concurrent:
		return "concurrent"
	}
	return "no relation"
}

// Graph gives access to the precursors of events. All functions here rely on C1:
// an event's ID is greater than those of its precursors.
type Graph interface {
	// Precursors returns the precursors of the event id, which must not be
	// modified, or an error when the event is not at hand.
	Precursors(ctx context.Context, id ID) (Head, error)
}

// Compare tells how head a stands to head b. It reads at most limit events from
// g, never one that is older than all of the older head, and returns a
// *[LimitError] when that does not suffice. Every event that it meets must be
// known to g, whose errors it returns.
func Compare(ctx context.Context, g Graph, a, b Head, limit int) (Relation, error) {
	onlyA, onlyB := difference(a, b), difference(b, a)
	switch {
	case len(onlyA) == 0 && len(onlyB) == 0:
		return Equal, nil
	case len(onlyB) == 0:
		return Descends, nil
	case len(onlyA) == 0:
		return Ascends, nil
	}
	// By C1 the side with the greatest event cannot lie in the other's past; an
	// event that both heads name is no descendant of the rest of either.
	relation, younger, older := Descends, onlyA, onlyB
	if onlyA.Max().Less(onlyB.Max()) {
		relation, younger, older = Ascends, onlyB, onlyA
	}
	w := walk{graph: g, limit: limit}
	covered, err := w.covers(ctx, younger, older)
	if err != nil {
		return 0, err
	}
	if covered {
		return relation, nil
	}
	return Concurrent, nil
}

// Missing returns the events in the history of want that are not in the history
// of have, in ascending order, so that precursors come first. It reads at most
// limit events from g and returns a *[LimitError] when that does not suffice.
// Every event that it meets must be known to g, whose errors it returns.
func Missing(ctx context.Context, g Graph, have, want Head, limit int) ([]ID, error) {
	w := walk{graph: g, limit: limit}
	for _, id := range have {
		w.push(step{id: id, had: true})
	}
	for _, id := range want {
		w.push(step{id: id})
	}
	var missing []ID
	for w.wanted > 0 {
		s := w.pop()
		if !s.had {
			missing = append(missing, s.id)
		} else if w.wanted == 0 {
			break
		}
		if err := w.expand(ctx, s); err != nil {
			return nil, err
		}
	}
	slices.Reverse(missing)
	return missing, nil
}

// difference returns the IDs of a that are not in b: a itself, mostly.
func difference(a, b Head) Head {
	if !slices.ContainsFunc(a, b.Contains) {
		return a
	}
	var only Head
	for _, id := range a {
		if !b.Contains(id) {
			only = append(only, id)
		}
	}
	return only
}

// walk visits histories from the youngest event to the oldest. By C1 every
// descendant of an event has been visited before the event itself, so each event
// is visited once, with all that is known about it.
type walk struct {
	graph  Graph
	limit  int
	reads  int
	heap   []step // a max-heap by ID; several steps may name one event
	wanted int    // steps in heap that are not had
}

// step is an event to be visited.
type step struct {
	id  ID
	had bool // it is in the history of have
}

// covers reports whether all of targets lie in the history of head.
func (w *walk) covers(ctx context.Context, head, targets Head) (bool, error) {
	for _, id := range head {
		w.push(step{id: id})
	}
	rest := targets
	for len(w.heap) > 0 {
		s := w.pop()
		// Targets are sorted: the greatest one left is passed or met first.
		if last := rest[len(rest)-1]; s.id == last {
			rest = rest[:len(rest)-1]
			if len(rest) == 0 {
				return true, nil
			}
			continue // targets do not descend from each other
		} else if s.id.Less(last) {
			return false, nil
		}
		if err := w.expand(ctx, s); err != nil {
			return false, err
		}
	}
	return false, nil
}

// expand pushes the precursors of s, which share its mark.
func (w *walk) expand(ctx context.Context, s step) error {
	if w.reads >= w.limit {
		return &LimitError{What: "events read to compare histories", Limit: w.limit, Got: w.reads + 1}
	}
	w.reads++
	precursors, err := w.graph.Precursors(ctx, s.id)
	if err != nil {
		return fmt.Errorf("event: precursors of %v: %w", s.id, err)
	}
	for _, p := range precursors {
		if !p.Less(s.id) {
			return &InvalidError{What: "event", ID: s.id, Reason: "its precursor " + p.String() + " is not older"}
		}
		w.push(step{id: p, had: s.had})
	}
	return nil
}

func (w *walk) push(s step) {
	if !s.had {
		w.wanted++
	}
	w.heap = append(w.heap, s)
	i := len(w.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !w.heap[parent].id.Less(s.id) {
			break
		}
		w.heap[i] = w.heap[parent]
		i = parent
	}
	w.heap[i] = s
}

// pop removes the youngest event with all steps that name it. The event is had
// if one of them says so.
func (w *walk) pop() step {
	s := w.take()
	for len(w.heap) > 0 && w.heap[0].id == s.id {
		s.had = w.take().had || s.had
	}
	return s
}

func (w *walk) take() step {
	top := w.heap[0]
	last := len(w.heap) - 1
	s := w.heap[last]
	w.heap = w.heap[:last]
	if last > 0 {
		w.sink(s)
	}
	if !top.had {
		w.wanted--
	}
	return top
}

// sink puts s in the place of the heap's top.
func (w *walk) sink(s step) {
	i := 0
	for {
		child := 2*i + 1
		if child >= len(w.heap) {
			break
		}
		if right := child + 1; right < len(w.heap) && w.heap[child].id.Less(w.heap[right].id) {
			child = right
		}
		if !s.id.Less(w.heap[child].id) {
			break
		}
		w.heap[i] = w.heap[child]
		i = child
	}
	w.heap[i] = s
}
