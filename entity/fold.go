package entity

import (
	"cmp"
	"slices"

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

// fold applies the operations of an event that is known to be new.
func (s *State) fold(e *event.Event) {
	s.own()
	for i := range e.Ops {
		op := &e.Ops[i]
		s.foldOp(e.ID, i, op)
	}
}

func (s *State) foldOp(by event.ID, index int, op *event.Operation) {
	switch meaningOf(op) {
	case assign:
		value := op.Value
		if len(value) == 0 {
			value = null
		}
		s.write(op.Field, value, by)
	case remove:
		s.mark(true, by)
	case reinsert:
		s.mark(false, by)
	default:
		s.keep(Kept{Event: by, Index: index, Op: *op})
	}
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

// mark writes the deletion register.
func (s *State) mark(deleted bool, by event.ID) {
	if !by.Less(s.deletion.by) {
		s.deletion = deletion{by: by, deleted: deleted}
	}
}

// keep inserts an operation at its place.
func (s *State) keep(k Kept) {
	i, _ := slices.BinarySearchFunc(s.kept, k, compareKept)
	s.kept = slices.Insert(s.kept, i, k)
}

func compareKept(a, b Kept) int {
	if c := a.Event.Compare(b.Event); c != 0 {
		return c
	}
	return cmp.Compare(a.Index, b.Index)
}
