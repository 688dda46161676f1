// Package model holds values and the schemas that give them meaning: what a
// field of an entity can hold, how values compare, how they are stored, and
// which fields the entities of a collection have.
//
// The package knows nothing of events' operations, of merging, of queries and of
// stores: it imports event for IDs and heads only.
//
// # Values
//
// A [Value] is one of a closed set of types: null, bool, int, uint, float,
// string, bytes, time, duration, id, json. Values are immutable, comparable and
// made of Go values by [OfInt], [OfString] and their like. The domain is the same
// on every node and in every store:
//
//   - Strings are valid UTF-8 without U+0000.
//   - Times are UTC with microseconds, in the years 1 to 9999; the zero time.Time
//     is one of them.
//   - There is one NaN and no -0.
//   - JSON is canonical text; JSON null, an absent JSON path and [Null] are one.
//
// Constructors make canonical what can be, and do not fail; [Value.Validate] and
// [Field.Check] refuse the rest where values enter.
//
// # Order
//
// All values are totally ordered by [Value.Compare]. Integers and floats compare
// by exact mathematical value, NaN sorts last among them and equals itself, null
// sorts first of all. [Value.AppendKey] writes bytes that compare in the same
// order, ascending or descending, and that end where they say; [DecodeKey] reads
// them.
//
// # Rows
//
// A [Row] is an entity as a query sees it: its ID, its head, and a [Tuple] of
// values by name. A tuple is one piece of bytes that a [TupleBuilder] made; it is
// read in place, may stand in memory that belongs to a store, and is valid as
// long as these bytes do not change. It may hold names that no schema knows.
//
// A [Schema] reads rows: [Schema.Value] finds a column's value by position. Since
// the rows of a collection mostly hold the same names, the schema remembers where
// values stand for the names it has met. A field that is not optional and was
// never written reads as its type's zero, an optional one as [Null]; a renamed
// field reads its former names too.
//
//	schema := model.NewSchema(model.Definition{
//		Model: "Album", Collection: "albums",
//		Fields: []model.Field{
//			{Name: "name", Go: "Name", Type: model.TypeString},
//			{Name: "year", Go: "Year", Type: model.TypeInt},
//		},
//	})
//
// # Trust
//
// Bytes from a stranger go through [DecodeValue] and [Value.Validate], or
// [TupleOf] and [Tuple.Validate]; no input makes them panic. Bytes that were
// checked when they were stored are read without checking their content again,
// and without copying.
//
// # Formats
//
// FORMAT.md in this folder specifies values, canonical JSON, keys and tuples byte
// by byte, with test vectors. They are part of what is stored, hashed and signed,
// and settled for good.
//
// # Errors
//
// What lies outside the domain is a *[ValueError], *[JSONError] or
// *[SchemaError], all of which match [ErrInvalid]; broken bytes match
// [ErrEncoding].
package model
