package model

import (
	"math"
	"strconv"
)

// A Field describes one field of a model: one column of its collection.
type Field struct {
	Name     string   // the column: [a-z][a-z0-9_]*, at most MaxName bytes
	Go       string   // the Go field, for messages
	Type     Type     // the type of its values, not TypeNull
	Bits     uint8    // of a number's Go type: 8, 16, 32 or 64; 0 means 64
	Optional bool     // Null is a value of its own, not another word for zero
	Ref      string   // the collection that a TypeID refers to, "" if none
	Was      []string // earlier names of the column, the latest first; they are read too
}

// Check reports whether v may be written to the field: it must be of the field's
// type, within the range of its Go type and in its domain ([Value.Validate]), and
// Null only if the field is optional or JSON. The error is a *[ValueError].
func (f *Field) Check(v Value) error {
	switch {
	case v.IsNull():
		if f.Optional || f.Type == TypeJSON {
			return nil
		}
		return f.refuse("null is only for optional fields")
	case v.Type() != f.Type:
		return f.refuse("takes " + f.Type.noun() + ", not " + v.Type().noun())
	case !f.fits(v):
		return f.refuse(v.String() + " does not fit " + f.describe())
	}
	if err := v.Validate(); err != nil {
		return f.refuse(err.Error())
	}
	return nil
}

func (f *Field) refuse(reason string) error { return &ValueError{Field: f.Name, Reason: reason} }

// describe is the field's Go type for messages: int16, string, ...
func (f *Field) describe() string {
	if f.narrow() {
		return f.Type.String() + strconv.Itoa(int(f.Bits))
	}
	return f.Type.String()
}

// narrow reports whether the field's numbers have fewer than 64 bits.
func (f *Field) narrow() bool { return f.Type.IsNumber() && f.Bits > 0 && f.Bits < 64 }

// fits reports whether v, a value of the field's type, has the field's bits.
func (f *Field) fits(v Value) bool {
	if !f.narrow() {
		return true
	}
	switch f.Type {
	case TypeInt:
		low, high := f.intRange()
		return low <= v.Int() && v.Int() <= high
	case TypeUint:
		return v.Uint() <= f.uintMax()
	}
	return OfFloat(float64(float32(v.Float()))) == v
}

func (f *Field) intRange() (low, high int64) {
	if !f.narrow() {
		return math.MinInt64, math.MaxInt64
	}
	return -1 << (f.Bits - 1), 1<<(f.Bits-1) - 1
}

func (f *Field) uintMax() uint64 {
	if !f.narrow() {
		return math.MaxUint64
	}
	return 1<<f.Bits - 1
}

// fields, or one of the three that every collection has.
const (
	ColumnID      = -1 // the entity's ID
	ColumnCreated = -2 // the time of its creation event
	ColumnUpdated = -3 // the time of the latest event in its head
)

// An IndexColumn is one column of an [Index].
type IndexColumn struct {
	Field int  // position among the schema's fields, or ColumnID, ...
	Desc  bool // greatest first
}

// An Index is an order of a collection that its engine keeps.
//
// If it is unique, no two entities may have the same key, that is, agree in all its
// columns. An entity that is deleted, or Null in one of the columns, has no key: any
// number of entities may be Null there. Values are the same as they are in
// comparisons: texts byte by byte, numbers by their exact value, so that -0 is 0
// and NaN is NaN. A field that is not optional and was not set has its zero value,
// which only one entity can have. A column of JSON cannot be part of it.
//
// If it is full-text, it is no order of entities but one of the words in its only
// column, which holds strings or JSON: an entity stands in it under each of its
// words, as package query/text cuts them, those of all strings in JSON. MATCH is
// answered by it, and nothing else.
type Index struct {
	Name     string // [a-z][a-z0-9_]*, at most MaxName bytes
	Columns  []IndexColumn
	Unique   bool // no two entities may have the same key, see [Index]
	Covering bool // the index holds whole rows
	FullText bool // the index is of words; neither unique nor covering, nor descending
}
