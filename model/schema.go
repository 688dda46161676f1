package model

import (
	"slices"
	"sync/atomic"
)

// A Definition says what a schema consists of. Generated code holds one for each
// model.
type Definition struct {
	Model      string // the Go type's name
	Collection string // [a-z][a-z0-9_]*, at most MaxName bytes
	Fields     []Field
	Indexes    []Index
	// Check, if any, is asked before an entity is accepted: the model's own Validate
	// method. It reads the row through the schema that this definition makes, and
	// must not keep the row.
	Check func(*Schema, *Row) error
	// Targets, if any, knows the schemas that the fields of type TypeID refer to.
	// Without it queries do not follow references.
	Targets Targets
}

// Targets knows what the references of a model lead to. It is asked when a query
// follows one, not before, so that models may refer to each other in circles; and
// it is an interface because Go's variables may not.
type Targets interface {
	// Target returns the schema of the collection that the field at a position
	// refers to, nil if it refers to none that is known.
	Target(field int) *Schema
}

// A TargetFunc is a function that knows [Targets].
type TargetFunc func(field int) *Schema

// Target implements [Targets].
func (f TargetFunc) Target(field int) *Schema { return f(field) }

// A Schema describes the entities of one collection: the names and types of
// their fields, and their indexes. It turns a [Row], which knows nothing of
// types, into values. A Schema is immutable and safe for concurrent use.
type Schema struct {
	model      string
	collection string
	fields     []Field
	indexes    []Index
	check      func(*Schema, *Row) error
	targets    Targets
	err        error

	slots    []slot
	columns  map[string]int    // column name, current names only -> position
	current  map[string]string // former name -> current name; nil if no field was renamed
	names    []string
	prints   []string               // of indexes
	last     atomic.Pointer[layout] // the one learnt last
	layouts  atomic.Pointer[[]*layout]
	strayed  atomic.Uint32 // rows met whose layout was not kept
	standard [3]Field      // id, created, updated
}

// NewSchema returns the schema that d defines. It copies what it needs of d. It
// does not fail: a definition with mistakes makes a schema whose Err says what
// they are, and which a node refuses.
func NewSchema(d Definition) *Schema {
	s := &Schema{
		model:      d.Model,
		collection: d.Collection,
		fields:     slices.Clone(d.Fields),
		indexes:    slices.Clone(d.Indexes),
		check:      d.Check,
		targets:    d.Targets,
		columns:    make(map[string]int, len(d.Fields)+3),
		standard: [3]Field{
			{Name: "id", Go: "ID", Type: TypeID},
			{Name: "created", Go: "Created", Type: TypeTime},
			{Name: "updated", Go: "Updated", Type: TypeTime},
		},
	}
	for i := range s.fields {
		f := &s.fields[i]
		f.Was = slices.Clone(f.Was)
		s.names = append(s.names, f.Name)
	}
	for i := range s.indexes {
		s.indexes[i].Columns = slices.Clone(s.indexes[i].Columns)
	}
	s.err = checkDefinition(s)
	s.index()
	return s
}

// index builds what lookups need.
func (s *Schema) index() {
	s.slots = make([]slot, len(s.fields))
	for i := range s.fields {
		f := &s.fields[i]
		s.slots[i] = slotFor(f)
		s.columns[f.Name] = i
		for _, was := range f.Was {
			if s.current == nil {
				s.current = make(map[string]string)
			}
			s.current[was] = f.Name
		}
	}
	for i, f := range s.standard {
		s.columns[f.Name] = ColumnID - i
		s.names = append(s.names, f.Name)
	}
	s.prints = make([]string, len(s.indexes))
	for i := range s.indexes {
		s.prints[i] = s.describeIndex(&s.indexes[i])
	}
	s.layouts.Store(new([]*layout))
}

// Err says what is wrong with the definition: nil, or one or several joined
// *[SchemaError]s.
func (s *Schema) Err() error { return s.err }

// Model is the name of the Go type.
func (s *Schema) Model() string { return s.model }

// Collection is the name of the collection.
func (s *Schema) Collection() string { return s.collection }

// Fields are the fields in the order of the definition, which is that of
// columns. The slice must not be changed.
func (s *Schema) Fields() []Field { return s.fields }

// Indexes are the indexes in the order of the definition. The slice must not be
// changed.
func (s *Schema) Indexes() []Index { return s.indexes }

// Names are the names of all columns: the fields' in order, then id, created and
// updated. The slice must not be changed.
func (s *Schema) Names() []string { return s.names }

// Field returns the position of the column with this exact name: that of a field
// in Fields, or [ColumnID], [ColumnCreated] or [ColumnUpdated].
func (s *Schema) Field(name string) (column int, ok bool) {
	column, ok = s.columns[name]
	return column, ok
}

// Column describes a column: a field, or, for [ColumnID] and its like, what they
// would be as fields. It is nil for any other number, and must not be changed.
func (s *Schema) Column(column int) *Field {
	switch {
	case column >= 0 && column < len(s.fields):
		return &s.fields[column]
	case column <= ColumnID && column >= ColumnUpdated:
		return &s.standard[ColumnID-column]
	}
	return nil
}

// Target is the schema of the collection that a column refers to; nil if it is no
// reference, or the definition does not know where it leads.
func (s *Schema) Target(column int) *Schema {
	f := s.Column(column)
	if f == nil || f.Ref == "" || s.targets == nil {
		return nil
	}
	t := s.targets.Target(column)
	if t == nil || t.collection != f.Ref {
		return nil
	}
	return t
}

// Current is the present name of the field that was called name; a name that no
// field gave up is returned as it is.
func (s *Schema) Current(name string) string {
	if now, renamed := s.current[name]; renamed {
		return now
	}
	return name
}

// Checks reports whether the definition has a Check.
func (s *Schema) Checks() bool { return s.check != nil }

// Check asks the model whether the row may be stored: the definition's Check.
func (s *Schema) Check(r *Row) error {
	if s.check == nil {
		return nil
	}
	return s.check(s, r)
}

// A NamedValue is one field to write.
type NamedValue struct {
	Field int    // position in Schema.Fields
	Name  string // the column
	Value []byte // the encoded value
}

// Encode turns values, one for each field in order, into the fields to write
// when an entity is created: those that are neither Null nor, in fields that are
// not optional, zero, since absent fields read so anyway. Missing values at the
// end count as Null. The values are checked ([Field.Check]); the error is a
// *[ValueError].
func (s *Schema) Encode(values []Value) ([]NamedValue, error) {
	if len(values) > len(s.fields) {
		return nil, &ValueError{Reason: "more values than " + s.model + " has fields"}
	}
	size, n := 0, 0
	for i, v := range values {
		if s.implied(i, v) {
			continue
		}
		if err := s.fields[i].Check(v); err != nil {
			return nil, err
		}
		size += v.encodedSize()
		n++
	}
	out := make([]NamedValue, 0, n)
	buffer := make([]byte, 0, size)
	for i, v := range values {
		if s.implied(i, v) {
			continue
		}
		start := len(buffer)
		buffer = v.AppendTo(buffer)
		out = append(out, NamedValue{Field: i, Name: s.fields[i].Name, Value: buffer[start:len(buffer):len(buffer)]})
	}
	return out, nil
}

// implied reports whether the field reads as v when it is not written.
func (s *Schema) implied(field int, v Value) bool {
	return v.IsNull() || v == s.slots[field].absent
}

// AppendJSON appends the row as a JSON object: the member id, then the fields
// by their columns in the order of the definition, each as [Value.AppendJSON]
// has it.
func (s *Schema) AppendJSON(b []byte, r *Row) []byte {
	b = append(b, `{"id":`...)
	b = OfID(r.ID).AppendJSON(b)
	for i := range s.fields {
		b = append(b, ',')
		b = appendJSONString(b, s.fields[i].Name)
		b = append(b, ':')
		b = s.Value(r, i).AppendJSON(b)
	}
	return append(b, '}')
}

// AppendIndexKey appends the key under which index i files the row: the keys of
// its columns one after the other. It must be one of Indexes, and not full-text,
// which files a row under its words.
func (s *Schema) AppendIndexKey(b []byte, i int, r *Row) []byte {
	for _, c := range s.indexes[i].Columns {
		b = s.Value(r, c.Field).AppendKey(b, c.Desc)
	}
	return b
}
