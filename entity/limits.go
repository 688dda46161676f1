package entity

import (
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
)

// The limits of one entity's state. An acceptor refuses what would make a state
// outgrow them: see [Size.Check]. Nothing else does, because what was accepted
// anywhere has to be folded everywhere. So states can get larger, when several
// acceptors that do not hear of each other let one grow, and what is stored has
// room for that: four times as many fields.
const (
	MaxFields = model.MaxTupleFields / 4 // names that were written
	MaxKept   = 1 << 16                  // operations kept
	MaxBytes  = 15 << 20                 // of names, values and operations kept
)

// Size says how large a state is.
type Size struct {
	Fields int // names that were written, known to a schema or not
	Kept   int // operations that could not be folded
	Bytes  int // of both, encoded, give or take some for each
}

// Size measures the state, by walking over it.
func (s *State) Size() Size {
	size := Size{Fields: len(s.fields), Kept: len(s.kept)}
	for i := range s.fields {
		size.Bytes += codec.SizeBytes(len(s.fields[i].name)) + len(s.fields[i].value)
	}
	for i := range s.kept {
		op := &s.kept[i].Op
		size.Bytes += idSize + codec.SizeBytes(len(op.Field)) + len(op.Path) + len(op.FieldHead)*idSize + len(op.Value)
	}
	return size
}

// Check is for an acceptor that folded an event: it tells whether the state, of
// this size now and of another one before, outgrew a limit. A state that is
// beyond one already may still change, as long as it does not grow. The error is
// an *[event.LimitError].
func (s Size) Check(before Size) error {
	for _, l := range []struct {
		what               string
		limit, now, before int
	}{
		{"fields of one entity", MaxFields, s.Fields, before.Fields},
		{"operations of unknown kinds on one entity", MaxKept, s.Kept, before.Kept},
		{"bytes in the state of one entity", MaxBytes, s.Bytes, before.Bytes},
	} {
		if l.now > l.limit && l.now > l.before {
			return &event.LimitError{What: l.what, Limit: l.limit, Got: l.now}
		}
	}
	return nil
}
