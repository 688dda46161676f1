package entity

import (
	"cmp"
	"errors"
	"slices"
	"strconv"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// A Draft records changes to one entity in a transaction and shows the entity as
// it would be. Its setters return nothing: what goes wrong in them is remembered
// by the transaction and returned by its commit. A Draft is not safe for
// concurrent use, and of no use once its transaction is finished.
//
// Generated code embeds it: type AlbumMutable struct{ *entity.Draft }.
type Draft struct {
	overlay *Overlay
	schema  *model.Schema
	base    model.Row          // as it was forked; without values if it is created here
	absent  bool               // there was no such entity
	created bool               // it is created in this transaction
	deleted bool               // as of now
	changes []model.NamedValue // fields' new values, sorted by field
	row     *model.Row
}

// ID is the entity's ID, which it has from its creation on.
func (d *Draft) ID() event.ID { return d.base.ID }

// Schema is the schema of the entity's model.
func (d *Draft) Schema() *model.Schema { return d.schema }

// Field returns the value of a column as it is now in the transaction.
func (d *Draft) Field(column int) model.Value {
	if i, ok := d.find(column); ok {
		v, _ := model.DecodeValue(d.changes[i].Value) // which Value.AppendTo made
		return d.read(column, v)
	}
	return d.schema.Value(&d.base, column)
}

// Set records a new value of a field. Setting the value that the field had when
// the transaction first touched the entity takes an earlier Set back: nothing
// changed, nothing is written.
func (d *Draft) Set(field int, v model.Value) {
	f := d.usable(field)
	if f == nil {
		return
	}
	if err := f.Check(v); err != nil {
		d.misuse(f.Name, err)
		return
	}
	d.put(field, v)
}

// Clear records that a field has no value: one that is optional becomes null,
// any other the zero value of its type.
func (d *Draft) Clear(field int) {
	if d.usable(field) != nil {
		d.put(field, model.Value{})
	}
}

// Undelete takes a deletion back. For an entity that is not deleted it does
// nothing.
func (d *Draft) Undelete() {
	if d.overlay.finished {
		d.overlay.fail(ErrFinished)
		return
	}
	d.setDeleted(false)
}

// View returns the entity as it is now in the transaction; later changes do not
// show in it.
func (d *Draft) View() View { return NewView(d.schema, d.visible()) }

var errNoField = errors.New("the model has no such field")

// usable returns the field at a position, or nil after it noted what stands
// against changing it.
func (d *Draft) usable(field int) *model.Field {
	switch {
	case d.overlay.finished:
		d.overlay.fail(ErrFinished)
		return nil
	case field < 0 || field >= len(d.schema.Fields()):
		d.misuse("field "+strconv.Itoa(field), errNoField)
		return nil
	case d.deleted:
		d.misuse(d.schema.Fields()[field].Name, ErrDeleted)
		return nil
	}
	return &d.schema.Fields()[field]
}

func (d *Draft) misuse(field string, reason error) {
	d.overlay.fail(&FieldError{Model: d.schema.Model(), ID: d.base.ID, Field: field, Reason: reason})
}

// put records a value, or forgets an earlier one when v is what the field had.
func (d *Draft) put(field int, v model.Value) {
	i, found := d.find(field)
	same := d.schema.Value(&d.base, field) == d.read(field, v)
	switch {
	case same && found:
		d.changes = slices.Delete(d.changes, i, i+1)
	case same:
		return
	case found:
		d.changes[i].Value = v.AppendTo(nil)
	default:
		d.changes = slices.Insert(d.changes, i, model.NamedValue{
			Field: field, Name: d.schema.Fields()[field].Name, Value: v.AppendTo(nil),
		})
	}
	d.row = nil
}

// read is what a field reads as after v was written to it.
func (d *Draft) read(field int, v model.Value) model.Value {
	if v.IsNull() {
		return d.schema.Value(&model.Row{}, field)
	}
	return v
}

func (d *Draft) find(field int) (int, bool) {
	return slices.BinarySearchFunc(d.changes, field, func(c model.NamedValue, field int) int {
		return cmp.Compare(c.Field, field)
	})
}

func (d *Draft) setDeleted(deleted bool) {
	if d.deleted != deleted {
		d.deleted, d.row = deleted, nil
	}
}

// visible returns the row that the transaction sees.
func (d *Draft) visible() *model.Row {
	if d.row == nil {
		row := d.base
		row.Deleted = d.deleted
		if len(d.changes) > 0 {
			row.Values = d.values()
		}
		d.row = &row
	}
	return d.row
}

func (d *Draft) values() model.Tuple {
	b := builders.Get().(*model.TupleBuilder)
	for name, value := range d.base.Values.All() {
		b.Set(name, value)
	}
	for i := range d.changes {
		b.Set(d.changes[i].Name, d.changes[i].Value)
	}
	return built(b)
}

// changed reports whether the transaction changes the entity at all.
func (d *Draft) changed() bool {
	if d.created {
		return !d.deleted
	}
	return len(d.changes) > 0 || d.deleted != d.base.Deleted
}
