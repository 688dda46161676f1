package model

import (
	"github.com/ankgo/ank/event"
)

// A Ref names an entity of model T. It is comparable with ==; the zero Ref
// refers to nothing. That the entity exists, and belongs to T's collection, is
// known only to whoever follows the reference.
type Ref[T any] struct {
	_  [0]*T // a Ref of another model is another type
	id event.ID
}

// RefTo refers to the entity id.
func RefTo[T any](id event.ID) Ref[T] { return Ref[T]{id: id} }

// ID is the entity referred to; the zero ID if none.
func (r Ref[T]) ID() event.ID { return r.id }

// IsZero reports whether r refers to nothing.
func (r Ref[T]) IsZero() bool { return r.id.IsZero() }

// String is the ID's text, empty when r refers to nothing.
func (r Ref[T]) String() string {
	if r.IsZero() {
		return ""
	}
	return r.id.String()
}

// AppendText appends what String returns.
func (r Ref[T]) AppendText(b []byte) ([]byte, error) {
	if r.IsZero() {
		return b, nil
	}
	return r.id.AppendText(b)
}

// MarshalText implements encoding.TextMarshaler.
func (r Ref[T]) MarshalText() ([]byte, error) { return r.AppendText(nil) }

// UnmarshalText implements encoding.TextUnmarshaler; an empty text is the zero
// Ref.
func (r *Ref[T]) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		r.id = event.ID{}
		return nil
	}
	return r.id.UnmarshalText(text)
}
