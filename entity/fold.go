package entity

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// null is the encoded value of a cleared field.
var null = model.Value{}.AppendTo(nil)

// meaning is what an operation does to a state.
type meaning uint8

const (
	unknown  meaning = iota // keep it
	assign                  // a register
	remove                  // delete the entity
	reinsert                // undelete the entity
)

// meaningOf decides by the operation alone, so that every node that runs this
// version decides alike.
func meaningOf(op *event.Operation) meaning {
	if op.Path != "" {
		return unknown
	}
	switch {
	case op.Kind == event.OpSet && op.Field != "":
		if len(op.Value) == 0 {
			return assign // erased, or empty: null
		}
		if _, err := model.DecodeValue(op.Value); err == nil {
			return assign
		}
	case op.Kind == event.OpDelete && op.Field == "":
		return remove
	case op.Kind == event.OpUndelete && op.Field == "":
		return reinsert
	}
	return unknown
}

// many is how many operations of an event are sorted in at once: one by one,
// each would move half of the fields.
const many = 16

// fold applies the operations of an event that is known to be new.
func (s *State) fold(e *event.Event) {
	s.own()
	var writes []register
	var kept []Kept
	for i := range e.Ops {
		op := &e.Ops[i]
		switch meaningOf(op) {
		case assign:
			value := op.Value
			if len(value) == 0 {
				value = null
			}
			if len(e.Ops) < many {
				s.write(op.Field, value, e.ID)
			} else {
				writes = append(writes, register{name: op.Field, value: value, by: e.ID})
			}
		case remove:
			s.mark(true, e.ID)
		case reinsert:
			s.mark(false, e.ID)
		default:
			kept = append(kept, Kept{Event: e.ID, Index: i, Op: *op})
		}
	}
	s.writeAll(writes)
	s.keep(kept)
}

// write assigns a register unless a greater event did. An equal one is the same
// event with a later operation.
func (s *State) write(field string, value []byte, by event.ID) {
	i, ok := s.find(field)
	if !ok {
		s.fields = slices.Insert(s.fields, i, register{name: field, value: value, by: by})
		return
	}
	if r := &s.fields[i]; !by.Less(r.by) {
		r.value, r.by = value, by
	}
}

// writeAll is write for the operations of one event, in their order.
func (s *State) writeAll(writes []register) {
	if len(writes) == 0 {
		return
	}
	slices.SortStableFunc(writes, compareNames)
	old := s.fields
	s.fields = make([]register, 0, len(old)+len(writes))
	for i, w := range writes {
		if i+1 < len(writes) && writes[i+1].name == w.name {
			continue // a later operation overrides it
		}
		n, found := slices.BinarySearchFunc(old, w, compareNames)
		s.fields = append(s.fields, old[:n]...)
		if old = old[n:]; found {
			if w.by.Less(old[0].by) {
				w = old[0]
			}
			old = old[1:]
		}
		s.fields = append(s.fields, w)
	}
	s.fields = append(s.fields, old...)
}

func compareNames(a, b register) int { return strings.Compare(a.name, b.name) }

// mark writes the deletion register.
func (s *State) mark(deleted bool, by event.ID) {
	if !by.Less(s.deletion.by) {
		s.deletion = deletion{by: by, deleted: deleted}
	}
}

// keep inserts operations of one event at their place.
func (s *State) keep(kept []Kept) {
	if len(kept) == 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(s.kept, kept[0], compareKept)
	s.kept = slices.Insert(s.kept, i, kept...)
}

func compareKept(a, b Kept) int {
	if c := a.Event.Compare(b.Event); c != 0 {
		return c
	}
	return cmp.Compare(a.Index, b.Index)
}
