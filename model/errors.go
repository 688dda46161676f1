package model

import (
	"errors"
	"strconv"
	"strings"
)

// ErrInvalid is matched by every error that says that a value, a text or a
// schema lies outside what this package allows.
var ErrInvalid = errors.New("invalid")

// ErrEncoding is matched by every error that says that bytes are not what this
// package would have written.
var ErrEncoding = errors.New("broken encoding")

// A ValueError says why a value is refused. It matches [ErrInvalid].
type ValueError struct {
	Field  string // the column's name, "" when the value stands alone
	Reason string // what is wrong, and what would be right
}

// Error implements error.
func (e *ValueError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

// Unwrap makes the error match ErrInvalid.
func (e *ValueError) Unwrap() error { return ErrInvalid }

// A JSONError says where a text is not JSON that this package accepts. It
// matches [ErrInvalid].
type JSONError struct {
	Offset int    // in bytes from the start of the text
	Reason string // what stands there, or what is missing
}

// Error implements error.
func (e *JSONError) Error() string {
	return "json: " + e.Reason + " at byte " + strconv.Itoa(e.Offset)
}

// Unwrap makes the error match ErrInvalid.
func (e *JSONError) Unwrap() error { return ErrInvalid }

// A SchemaError says what is wrong with a [Definition]. It matches [ErrInvalid].
type SchemaError struct {
	Model  string // the model's name
	Field  string // the Go name, or else the column's, of the field at fault; "" if none
	Index  string // the name of the index at fault; "" if none
	Reason string // what is wrong, and what would be right
}

// Error implements error.
func (e *SchemaError) Error() string {
	var b strings.Builder
	b.WriteString("model " + e.Model)
	if e.Field != "" {
		b.WriteString(", field " + e.Field)
	}
	if e.Index != "" {
		b.WriteString(", index " + e.Index)
	}
	b.WriteString(": " + e.Reason)
	return b.String()
}

// Unwrap makes the error match ErrInvalid.
func (e *SchemaError) Unwrap() error { return ErrInvalid }

// encodingError says how bytes are broken; it matches ErrEncoding. The errors
// are made once, so that refusing costs no allocation.
type encodingError struct{ what string }

func (e *encodingError) Error() string { return e.what }

func (e *encodingError) Unwrap() error { return ErrEncoding }

var (
	errNoValue     = &encodingError{"an encoded value is empty"}
	errUnknownType = &encodingError{"an encoded value has an unknown type"}
	errLength      = &encodingError{"an encoded value has the wrong length"}
	errNotShortest = &encodingError{"an encoded number is not in its shortest form"}
	errFloat       = &encodingError{"an encoded float is not canonical"}
	errTimeRange   = &encodingError{"an encoded time lies outside the years 1 to 9999"}
	errJSONForm    = &encodingError{"encoded JSON is empty or null"}

	errKeyShort = &encodingError{"a key ends early"}
	errKeyType  = &encodingError{"a key holds another type than its column's"}
	errKeyValue = &encodingError{"a key holds no canonical value"}

	errTupleShort  = &encodingError{"a tuple ends early"}
	errTupleNames  = &encodingError{"a tuple's names are not well-formed, sorted and distinct"}
	errTupleEnds   = &encodingError{"a tuple's value positions are not in order and canonical"}
	errTupleLength = &encodingError{"a tuple's length is not what its value positions say"}
)
