package entity

import (
	"slices"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// A View is an immutable snapshot of one entity. The zero View is of no entity;
// all its methods work and return zero values. Views are safe for concurrent
// use, and cheap to copy.
//
// Generated code embeds it: type AlbumView struct{ entity.View }.
type View struct {
	schema *model.Schema
	row    *model.Row
}

// NewView returns the view of a row, which must not change afterwards, as the
// schema sees it.
func NewView(s *model.Schema, row *model.Row) View { return View{schema: s, row: row} }

// IsZero reports whether this is the zero View.
func (v View) IsZero() bool { return v.row == nil }

// ID is the entity's ID.
func (v View) ID() event.ID {
	if v.row == nil {
		return event.ID{}
	}
	return v.row.ID
}

// Head is the head that the entity had.
func (v View) Head() event.Head {
	if v.row == nil {
		return nil
	}
	return v.row.Head
}

// Deleted reports whether the entity was deleted.
func (v View) Deleted() bool { return v.row != nil && v.row.Deleted }

// Pending are the transactions whose changes the view shows although no durable
// node has accepted them yet, the oldest first. There are none on a durable node.
// It speaks of the entity itself, not of others that a query joined to it, and a
// view is a snapshot: ask the one that a live query has now.
//
// When the transactions are accepted, nothing else about the entity need change.
// Live queries tell of it all the same: in a change that is Updated, and has no
// Fields.
func (v View) Pending() []event.ID {
	if v.row == nil || v.row.Pending == nil {
		return nil
	}
	return slices.Clone(*v.row.Pending)
}

// Created is when the entity was created, in UTC and milliseconds, by the clock
// of its creator.
func (v View) Created() time.Time { return v.Field(model.ColumnCreated).Time() }

// Updated is when the youngest event of the head was made, in UTC and
// milliseconds, by the clock of its writer.
func (v View) Updated() time.Time { return v.Field(model.ColumnUpdated).Time() }

// Field returns the value of the field at a position of the schema, or of
// [model.ColumnID] and the like. A field that is not optional and was never
// written has the zero value of its type.
func (v View) Field(column int) model.Value {
	if v.row == nil {
		return model.Value{}
	}
	return v.schema.Value(v.row, column)
}

// Schema is the schema of the entity's model.
func (v View) Schema() *model.Schema { return v.schema }

// Row is what the view looks at. It must not be changed.
func (v View) Row() *model.Row { return v.row }

// AppendJSON appends the entity as a JSON object to b.
func (v View) AppendJSON(b []byte) []byte {
	if v.row == nil {
		return append(b, "null"...)
	}
	return v.schema.AppendJSON(b, v.row)
}

// MarshalJSON implements json.Marshaler.
func (v View) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

// String returns the model's name and the entity as JSON.
func (v View) String() string {
	if v.row == nil {
		return "no entity"
	}
	return v.schema.Model() + " " + string(v.AppendJSON(nil))
}
