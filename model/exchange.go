package model

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/ankgo/ank/internal/codec"
)

// MaxSchemaSize bounds the encoding of a schema, in bytes.
const MaxSchemaSize = 256 << 10

// AppendTo appends the encoding of the definition, for a node that does not have the
// model: its names, fields and indexes, and nothing of Check and Targets. FORMAT.md
// describes it.
func (s *Schema) AppendTo(b []byte) []byte {
	b = codec.AppendString(b, s.model)
	b = codec.AppendString(b, s.collection)
	b = codec.AppendUvarint(b, uint64(len(s.fields)))
	for i := range s.fields {
		b = s.fields[i].appendTo(b)
	}
	b = codec.AppendUvarint(b, uint64(len(s.indexes)))
	for i := range s.indexes {
		b = s.indexes[i].appendTo(b)
	}
	return b
}

const (
	flagUnique = 1 << iota
	flagCovering
	flagFullText
)

func (f *Field) appendTo(b []byte) []byte {
	b = codec.AppendString(b, f.Name)
	b = codec.AppendString(b, f.Go)
	b = append(b, byte(f.Type), f.Bits, flag(f.Optional))
	b = codec.AppendString(b, f.Ref)
	b = codec.AppendUvarint(b, uint64(len(f.Was)))
	for _, was := range f.Was {
		b = codec.AppendString(b, was)
	}
	return b
}

func (x *Index) appendTo(b []byte) []byte {
	b = codec.AppendString(b, x.Name)
	b = append(b, flag(x.Unique)*flagUnique|flag(x.Covering)*flagCovering|flag(x.FullText)*flagFullText)
	b = codec.AppendUvarint(b, uint64(len(x.Columns)))
	for _, c := range x.Columns {
		b = codec.AppendVarint(b, int64(c.Field))
		b = append(b, flag(c.Desc))
	}
	return b
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

// DecodeSchema returns the schema that AppendTo encoded. Its references lead to what
// find returns for the names of their collections; nil: none are followed. What is no
// encoding of a schema, or one of a definition with mistakes, is an error.
func DecodeSchema(b []byte, find func(collection string) *Schema) (*Schema, error) {
	if len(b) > MaxSchemaSize {
		return nil, fmt.Errorf("model: the encoding of a schema has %d bytes, at most %d are allowed", len(b), MaxSchemaSize)
	}
	r := codec.NewReader(b)
	d := Definition{Model: r.String(MaxTupleName), Collection: r.String(MaxName)}
	d.Fields = make([]Field, r.Count(MaxFields, 7))
	for i := range d.Fields {
		d.Fields[i] = decodeField(r)
	}
	d.Indexes = make([]Index, r.Count(MaxIndexes, 3))
	for i := range d.Indexes {
		d.Indexes[i] = decodeIndex(r)
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("model: a schema: %w", err)
	}
	return d.schema(find)
}

// schema makes the schema, whose references lead to what find returns.
func (d Definition) schema(find func(collection string) *Schema) (*Schema, error) {
	if find != nil {
		fields := d.Fields
		d.Targets = TargetFunc(func(field int) *Schema { return find(fields[field].Ref) })
	}
	s := NewSchema(d)
	return s, s.Err()
}

func decodeField(r *codec.Reader) Field {
	f := Field{Name: r.String(MaxName), Go: r.String(MaxTupleName), Type: Type(r.Byte()), Bits: r.Byte(), Optional: decodeFlag(r)}
	f.Ref = r.String(MaxName)
	for range r.Count(MaxFormerNames, 1) {
		f.Was = append(f.Was, r.String(MaxName))
	}
	return f
}

func decodeIndex(r *codec.Reader) Index {
	x := Index{Name: r.String(MaxName)}
	flags := r.Byte()
	if flags >= flagFullText<<1 {
		r.Fail("unknown flags of an index")
	}
	x.Unique, x.Covering, x.FullText = flags&flagUnique != 0, flags&flagCovering != 0, flags&flagFullText != 0
	for range r.Count(MaxIndexColumns, 2) {
		at := r.Varint()
		if at < ColumnUpdated || at >= MaxFields {
			r.Fail("a column of an index that no schema has")
			at = 0
		}
		x.Columns = append(x.Columns, IndexColumn{Field: int(at), Desc: decodeFlag(r)})
	}
	return x
}

func decodeFlag(r *codec.Reader) bool {
	b := r.Byte()
	if b > 1 {
		r.Fail("a flag that is neither 0 nor 1")
	}
	return b == 1
}

// Extend returns the schema that knows what both know: all fields and indexes, under
// the newer of their names. It is s itself if newer adds nothing. Fields of one name
// and two types are an error, and so are references to two collections. Indexes of one
// name and the same columns become one that is unique, or covering, if either is; of
// others the one with more columns stays, and of as many the one whose columns come
// later in their order, so that versions which take turns soon agree. The references of the result lead to what find returns.
func (s *Schema) Extend(newer *Schema, find func(collection string) *Schema) (*Schema, error) {
	if newer.collection != s.collection {
		return nil, fmt.Errorf("model: collections %s and %s have no schema in common", s.collection, newer.collection)
	}
	d := Definition{
		Model: s.model, Collection: s.collection, Fields: slices.Clone(s.fields), Indexes: slices.Clone(s.indexes), Check: s.check,
	}
	places := make([]int, len(newer.fields)) // of newer's fields, in d
	var problems []error
	for i := range newer.fields {
		place, err := d.take(&newer.fields[i])
		problems = append(problems, err)
		places[i] = place
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	for _, x := range newer.indexes {
		d.takeIndex(x, places)
	}
	joined, err := d.schema(find)
	if err == nil && joined.Fingerprint() == s.Fingerprint() {
		return s, nil
	}
	return joined, err
}

// take adds a field, or what it says of a field that is there, and returns its place.
func (d *Definition) take(f *Field) (int, error) {
	i := slices.IndexFunc(d.Fields, func(old Field) bool {
		return old.Name == f.Name || slices.Contains(old.Was, f.Name) || slices.Contains(f.Was, old.Name)
	})
	if i < 0 {
		d.Fields = append(d.Fields, *f)
		return len(d.Fields) - 1, nil
	}
	old := &d.Fields[i]
	switch {
	case old.Type != f.Type:
		return i, &SchemaError{Model: d.Model, Field: old.Name, Reason: "is " + old.Type.noun() + " here and " + f.Type.noun() + " there"}
	case old.Ref != f.Ref:
		return i, &SchemaError{Model: d.Model, Field: old.Name, Reason: fmt.Sprintf("refers to %q here and to %q there", old.Ref, f.Ref)}
	}
	merged := *old
	if slices.Contains(f.Was, old.Name) {
		merged.Name, merged.Go = f.Name, f.Go
		merged.Was = slices.Concat([]string{old.Name}, old.Was)
	}
	for _, was := range f.Was {
		if !slices.Contains(merged.Was, was) {
			merged.Was = append(slices.Clone(merged.Was), was)
		}
	}
	merged.Optional = old.Optional || f.Optional
	if old.Bits == 0 || f.Bits == 0 {
		merged.Bits = 0
	} else {
		merged.Bits = max(old.Bits, f.Bits)
	}
	d.Fields[i] = merged
	return i, nil
}

// takeIndex adds an index, whose columns are those of a schema with its fields at
// these places, or joins it with the one of its name.
func (d *Definition) takeIndex(x Index, places []int) {
	x.Columns = slices.Clone(x.Columns)
	for i, c := range x.Columns {
		if c.Field >= 0 {
			x.Columns[i].Field = places[c.Field]
		}
	}
	if i := slices.IndexFunc(d.Indexes, func(old Index) bool { return old.Name == x.Name }); i >= 0 {
		d.Indexes[i] = joinIndexes(d.Indexes[i], x)
		return
	}
	d.Indexes = append(d.Indexes, x)
}

// joinIndexes returns what becomes of two indexes of one name, whichever came first.
func joinIndexes(a, b Index) Index {
	switch order := compareIndexes(&a, &b); {
	case order < 0:
		return b
	case order == 0:
		a.Unique, a.Covering = a.Unique || b.Unique, a.Covering || b.Covering
	}
	return a
}

func compareIndexes(a, b *Index) int {
	return cmp.Or(
		cmp.Compare(len(a.Columns), len(b.Columns)),
		cmp.Compare(flag(a.FullText), flag(b.FullText)),
		slices.CompareFunc(a.Columns, b.Columns, func(x, y IndexColumn) int {
			return cmp.Or(cmp.Compare(x.Field, y.Field), cmp.Compare(flag(x.Desc), flag(y.Desc)))
		}),
	)
}
