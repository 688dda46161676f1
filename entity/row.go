package entity

import (
	"slices"

	"github.com/ankgo/ank/model"
)

// Row returns the entity as queries see it. With a schema, a field that was
// renamed holds, under its current name, the greatest write under any of its
// names; values under former names are still there. Without one, every field has
// the value that was written under its own name.
func (s *State) Row(schema *model.Schema) model.Row {
	return model.Row{ID: s.id, Head: s.head, Deleted: s.Deleted(), Values: tupleOf(s.current(schema))}
}

// Encode returns what a record stores of the state: the value of every field,
// under the names that [State.Row] gives them, and the rest, which only
// [DecodeState] reads. merge is empty for an entity that only its creation event
// wrote to.
func (s *State) Encode(schema *model.Schema) (values model.Tuple, merge []byte) {
	fields := s.current(schema)
	return tupleOf(fields), s.encodeMerge(fields)
}

// current returns the registers, those of renamed fields brought up to date.
func (s *State) current(schema *model.Schema) []register {
	if schema == nil {
		return s.fields
	}
	fields, copied := s.fields, false
	for _, f := range schema.Fields() {
		if len(f.Was) == 0 {
			continue
		}
		if !copied {
			fields, copied = slices.Clone(fields), true
		}
		fields = renamed(fields, f.Name, f.Was)
	}
	return fields
}

// renamed gives the field name the greatest write under it and its former names.
func renamed(fields []register, name string, was []string) []register {
	s := State{fields: fields}
	for _, old := range was {
		if i, ok := s.find(old); ok {
			s.write(name, s.fields[i].value, s.fields[i].by)
		}
	}
	return s.fields
}

func tupleOf(fields []register) model.Tuple {
	var b model.TupleBuilder
	for i := range fields {
		b.Set(fields[i].name, fields[i].value)
	}
	return b.Tuple()
}
