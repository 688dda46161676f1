package model

import (
	"encoding/binary"
	"math"
	"strings"
	"time"

	"github.com/ankgo/ank/event"
)

// A Value is one value of one of the [Type]s. It is immutable, small (32 bytes)
// and passed by value; the zero Value is [Null].
//
// The constructors make values canonical: every NaN is one NaN, -0 is 0, times
// are floored to microseconds, JSON null is [Null]. Two values of the same type
// are therefore equal under == exactly when [Value.Compare] says 0. Constructors
// do not fail; [Value.Validate] tells whether what they were given lies within
// the domain (valid text, sizes, years).
//
// An accessor asked for another type than the value's returns that type's zero,
// with two exceptions: Int, Uint and Float convert between numbers, and JSON
// writes booleans, numbers and texts as JSON.
type Value struct {
	// m holds the Type in its low byte. Its upper 56 bits are zero except in an
	// ID, see OfID.
	m uint64
	// n holds what fits 64 bits: 0 or 1, an integer's or float's bits,
	// microseconds since 1970, nanoseconds, the first half of an ID.
	n uint64
	// s holds a text, bytes, or JSON text.
	s string
}

// Null is no value. It is the zero Value; do not assign to it.
var Null Value

// minTime and maxTime bound the microseconds of a time: years 1 to 9999.
const (
	minTime = -62135596800_000000
	maxTime = 253402300799_999999
)

// ballast encodes a byte by the length of a slice of it: the sixteenth byte of
// an ID, which would otherwise need an allocation.
const ballast = zeros64 + zeros64 + zeros64 + zeros64

const (
	zeros16 = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	zeros64 = zeros16 + zeros16 + zeros16 + zeros16
)

// canonicalNaN is the one NaN that a Value holds.
const canonicalNaN = 0x7ff8_0000_0000_0000

// OfBool returns b as a value.
func OfBool(b bool) Value {
	if b {
		return Value{m: uint64(TypeBool), n: 1}
	}
	return Value{m: uint64(TypeBool)}
}

// OfInt returns n as a value.
func OfInt(n int64) Value { return Value{m: uint64(TypeInt), n: uint64(n)} }

// OfUint returns n as a value.
func OfUint(n uint64) Value { return Value{m: uint64(TypeUint), n: n} }

// OfFloat returns f as a value.
func OfFloat(f float64) Value {
	switch {
	case f == 0:
		return Value{m: uint64(TypeFloat)}
	case f != f:
		return Value{m: uint64(TypeFloat), n: canonicalNaN}
	}
	return Value{m: uint64(TypeFloat), n: math.Float64bits(f)}
}

// OfString returns s as a value.
func OfString(s string) Value { return Value{m: uint64(TypeString), s: s} }

// OfBytes returns a copy of b as a value; nil is empty bytes, not Null.
func OfBytes(b []byte) Value { return Value{m: uint64(TypeBytes), s: string(b)} }

// OfTime returns t as a value: UTC, floored to the microsecond. Years outside 1
// to 9999 make a value that Validate refuses.
func OfTime(t time.Time) Value {
	s := t.Unix()
	switch {
	case s < minTime/1_000_000:
		return ofMicros(minTime - 1)
	case s > maxTime/1_000_000:
		return ofMicros(maxTime + 1)
	}
	return ofMicros(s*1_000_000 + int64(t.Nanosecond()/1000))
}

// ofMicros returns the moment that many microseconds after 1970 began.
func ofMicros(n int64) Value { return Value{m: uint64(TypeTime), n: uint64(n)} }

// OfDuration returns d as a value.
func OfDuration(d time.Duration) Value { return Value{m: uint64(TypeDuration), n: uint64(d)} }

// OfID returns id as a value.
func OfID(id event.ID) Value {
	low := binary.BigEndian.Uint64(id[8:])
	return Value{
		m: low&^0xff | uint64(TypeID),
		n: binary.BigEndian.Uint64(id[:8]),
		s: ballast[:low&0xff],
	}
}

// OfJSON returns j as a value; JSON null is Null.
func OfJSON(j JSON) Value {
	if j.IsNull() {
		return Value{}
	}
	return Value{m: uint64(TypeJSON), s: j.text}
}

// Type is the value's type.
func (v Value) Type() Type { return Type(v.m) }

// IsNull reports whether v is Null.
func (v Value) IsNull() bool { return Type(v.m) == TypeNull }

// Bool is the boolean; false for other types.
func (v Value) Bool() bool { return Type(v.m) == TypeBool && v.n != 0 }

// Int is the integer. Other numbers are truncated towards zero and limited to
// the range of int64, NaN is 0; so are other types.
func (v Value) Int() int64 {
	if Type(v.m) == TypeInt {
		return int64(v.n)
	}
	return v.toInt()
}

// Uint is the unsigned integer. Other numbers are truncated towards zero and
// limited to the range of uint64, NaN is 0; so are other types.
func (v Value) Uint() uint64 {
	if Type(v.m) == TypeUint {
		return v.n
	}
	return v.toUint()
}

// Float is the number as the nearest float64; 0 for other types.
func (v Value) Float() float64 {
	switch Type(v.m) {
	case TypeFloat:
		return math.Float64frombits(v.n)
	case TypeInt:
		return float64(int64(v.n))
	case TypeUint:
		return float64(v.n)
	}
	return 0
}

func (v Value) toInt() int64 {
	switch Type(v.m) {
	case TypeUint:
		return int64(min(v.n, math.MaxInt64))
	case TypeFloat:
		n, _ := floatToInt(math.Float64frombits(v.n))
		return n
	}
	return 0
}

func (v Value) toUint() uint64 {
	switch Type(v.m) {
	case TypeInt:
		return uint64(max(int64(v.n), 0))
	case TypeFloat:
		n, _ := floatToUint(math.Float64frombits(v.n))
		return n
	}
	return 0
}

// Text is the string of a TypeString value; empty for other types. It shares
// memory with whatever the value was decoded from.
func (v Value) Text() string {
	if Type(v.m) != TypeString {
		return ""
	}
	return v.s
}

// Bytes is the bytes of a TypeBytes value; empty for other types. It shares
// memory with whatever the value was decoded from.
func (v Value) Bytes() Bytes {
	if Type(v.m) != TypeBytes {
		return Bytes{}
	}
	return Bytes{v.s}
}

// Time is the moment, in UTC; the zero time.Time for other types.
func (v Value) Time() time.Time {
	if Type(v.m) != TypeTime {
		return time.Time{}
	}
	return time.UnixMicro(int64(v.n)).UTC()
}

// Duration is the duration; 0 for other types.
func (v Value) Duration() time.Duration {
	if Type(v.m) != TypeDuration {
		return 0
	}
	return time.Duration(v.n)
}

// ID is the ID; the zero ID for other types.
func (v Value) ID() event.ID {
	var id event.ID
	if Type(v.m) == TypeID {
		binary.BigEndian.PutUint64(id[:8], v.n)
		binary.BigEndian.PutUint64(id[8:], v.m&^0xff|uint64(len(v.s)))
	}
	return id
}

// JSON is the value as JSON. Booleans, numbers and strings are written as such
// (NaN and the infinities have no JSON form); other types are JSON null.
func (v Value) JSON() JSON {
	switch Type(v.m) {
	case TypeJSON:
		return JSON{v.s}
	case TypeBool, TypeInt, TypeUint, TypeString:
		return JSON{string(v.AppendJSON(nil))}
	case TypeFloat:
		if !isFinite(math.Float64frombits(v.n)) {
			return JSON{}
		}
		return JSON{string(v.AppendJSON(nil))}
	}
	return JSON{}
}

// zeroOf is what a field of type t reads as when it was never written. JSON has
// no zero but null.
func zeroOf(t Type) Value {
	switch t {
	case TypeTime:
		return ofMicros(minTime)
	case TypeNull, TypeJSON:
		return Value{}
	}
	return Value{m: uint64(t)}
}

// String writes the value for people, as the query language would: null, true,
// 42, 1.5, 'text', x'00ff', '2006-01-02T15:04:05Z', '1m30s'.
func (v Value) String() string {
	switch Type(v.m) {
	case TypeNull:
		return "null"
	case TypeString, TypeJSON:
		return quoteText(v.s)
	case TypeBytes:
		return "x'" + Bytes{v.s}.hex() + "'"
	case TypeFloat:
		return floatLiteral(math.Float64frombits(v.n))
	case TypeTime, TypeDuration, TypeID:
		text := v.AppendJSON(nil)
		return "'" + string(text[1:len(text)-1]) + "'"
	}
	return string(v.AppendJSON(nil))
}

// quoteText writes s between single quotes, doubling those inside.
func quoteText(s string) string {
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
