package mergetest

import (
	"bytes"
	"maps"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// Facts is what can be seen of a fold.
type Facts struct {
	Head    event.Head
	Deleted bool
	// Fields holds what each field was set to, under the name that was written.
	Fields map[string]Field
	// Kept holds the operations that have no meaning here, in ID order.
	Kept []Kept
	// Parked holds the events whose precursors, or theirs, are missing.
	Parked []event.ID
	// Quarantined holds the twins that do not count.
	Quarantined []event.Digest
}

// Field is the value of a register and the event that wrote it.
type Field struct {
	Value  []byte
	Writer event.ID
}

// Kept is an operation and its place.
type Kept struct {
	Event event.ID
	Index int
	Op    event.Operation
}

// Reference folds a set of events of one entity by the definitions. The order
// and the number of copies of an event do not matter.
//
//   - Of events with one ID, the one with the least digest counts, without the
//     values that any copy of it lacks.
//   - It is applied if all its precursors are.
//   - A register, and the deletion, is the greatest (event, operation).
func Reference(events []*event.Event) Facts {
	counting, quarantined := settle(events)
	applied := closed(counting)
	f := Facts{Fields: map[string]Field{}, Quarantined: quarantined}
	for _, e := range counting {
		if !slices.Contains(applied, e) {
			f.Parked = append(f.Parked, e.ID)
		}
	}
	f.Head = headOf(applied)
	for _, e := range applied { // ascending, so that what comes later is greater
		for i := range e.Ops {
			f.fold(e.ID, i, &e.Ops[i])
		}
	}
	return f
}

func (f *Facts) fold(by event.ID, index int, op *event.Operation) {
	entire := op.Path == "" && op.Field == ""
	switch {
	case op.Kind == event.OpDelete && entire:
		f.Deleted = true
	case op.Kind == event.OpUndelete && entire:
		f.Deleted = false
	case op.Kind == event.OpSet && op.Field != "" && op.Path == "" && isValue(op):
		value := op.Value
		if len(value) == 0 {
			value = model.Value{}.AppendTo(nil)
		}
		f.Fields[op.Field] = Field{Value: value, Writer: by}
	default:
		f.Kept = append(f.Kept, Kept{Event: by, Index: index, Op: *op})
	}
}

func isValue(op *event.Operation) bool {
	_, err := model.DecodeValue(op.Value)
	return len(op.Value) == 0 || err == nil
}

// settle returns what counts under each ID, in ID order, and the digests of the
// rest.
func settle(events []*event.Event) (counting []*event.Event, quarantined []event.Digest) {
	copies := make(map[event.ID]map[event.Digest]*event.Event)
	for _, e := range events {
		byDigest := copies[e.ID]
		if byDigest == nil {
			byDigest = make(map[event.Digest]*event.Event)
			copies[e.ID] = byDigest
		}
		digest := e.Digest()
		if other := byDigest[digest]; other != nil {
			e = withoutErased(e, other)
		}
		byDigest[digest] = e
	}
	for _, id := range slices.SortedFunc(maps.Keys(copies), event.ID.Compare) {
		digests := slices.SortedFunc(maps.Keys(copies[id]), func(a, b event.Digest) int { return bytes.Compare(a[:], b[:]) })
		counting = append(counting, copies[id][digests[0]])
		quarantined = append(quarantined, digests[1:]...)
	}
	return counting, quarantined
}

// withoutErased returns e without the values that other, a copy of it, lacks.
func withoutErased(e, other *event.Event) *event.Event {
	for i := range other.Ops {
		if other.Ops[i].Erased != nil {
			e = e.Erase(i)
		}
	}
	return e
}

// closed returns the events, given in ID order, whose whole past is there.
func closed(events []*event.Event) (whole []*event.Event) {
	have := make(map[event.ID]bool)
	for _, e := range events {
		missing := slices.ContainsFunc(e.Precursors, func(p event.ID) bool { return !have[p] })
		if !missing {
			have[e.ID] = true
			whole = append(whole, e)
		}
	}
	return whole
}
