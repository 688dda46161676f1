package entity

import (
	"slices"
	"sync"

	"github.com/ankgo/ank/model"
)

// Row returns the entity as queries see it. With a schema, a field that was
// renamed holds, under its current name, the greatest write under any of its
// names; values under former names are still there, for those who know no other.
// Without a schema every field has the value that was written under its own
// name. The row shares no memory with events.
func (s *State) Row(schema *model.Schema) model.Row {
	return model.Row{ID: s.id, Head: s.head, Deleted: s.Deleted(), Values: tupleOf(s.current(schema))}
}

// Encode returns what a record stores of the state: the value of every field,
// under the names that [State.Row] gives them, and the rest, which only
// [DecodeState] reads. merge is empty for an entity that only its creation event
// wrote to. Neither shares memory with events.
func (s *State) Encode(schema *model.Schema) (values model.Tuple, merge []byte) {
	fields := s.current(schema)
	return tupleOf(fields), s.encodeMerge(fields)
}

// current returns the registers, those of renamed fields brought up to date.
func (s *State) current(schema *model.Schema) []register {
	if schema == nil {
		return s.fields
	}
	now, copied := State{fields: s.fields}, false
	for i := range s.fields {
		old := &s.fields[i]
		name := schema.Current(old.name)
		if name == old.name {
			continue
		}
		if !copied {
			now.fields, copied = slices.Clone(s.fields), true
		}
		now.write(name, old.value, old.by)
	}
	return now.fields
}

// builders saves every encoding the same few allocations. What is in the pool
// has no meaning.
var builders = sync.Pool{New: func() any { return new(model.TupleBuilder) }}

func tupleOf(fields []register) model.Tuple {
	b := builders.Get().(*model.TupleBuilder)
	for i := range fields {
		b.Set(fields[i].name, fields[i].value)
	}
	return built(b)
}

// built returns the builder's tuple, and the builder to the pool.
func built(b *model.TupleBuilder) model.Tuple {
	t := b.Tuple()
	b.Reset()
	builders.Put(b)
	return t
}
