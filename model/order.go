package model

import (
	"cmp"
	"strings"
)

// The ranks of values of different types, and at once the first byte of their
// keys; with gaps, for types to come. JSON scalars rank as what they hold.
const (
	rankNull     = 0x08
	rankFalse    = 0x10
	rankTrue     = 0x11
	rankNumber   = 0x18
	rankString   = 0x20
	rankBytes    = 0x28
	rankTime     = 0x30
	rankDuration = 0x38
	rankID       = 0x40
	rankJSON     = 0x48 // arrays and objects
)

var ranks = [typeCount]uint8{
	rankNull, rankFalse, rankNumber, rankNumber, rankNumber, rankString, rankBytes, rankTime, rankDuration, rankID, rankJSON,
}

// Compare orders all values: -1, 0 or +1 as v sorts before, with or after w.
//
// Null sorts first, then booleans (false before true), numbers, strings, bytes,
// times, durations, IDs, JSON arrays and objects. Integers and floats compare by
// their exact mathematical value, NaN sorts after every number and equals
// itself. Strings and bytes compare bytewise, IDs by time of making. JSON
// scalars compare as what they hold: the JSON text 5 equals the integer 5.
// Arrays and objects compare by their canonical text.
//
// It is a total preorder: 1, 1.0 and JSON 1 are three values that compare equal.
func (v Value) Compare(w Value) int {
	if v.Type() == TypeJSON {
		v = JSON{v.s}.Value()
	}
	if w.Type() == TypeJSON {
		w = JSON{w.s}.Value()
	}
	if v.Type() != w.Type() {
		if v.Type().IsNumber() && w.Type().IsNumber() {
			return compareNumbers(v, w)
		}
		return cmp.Compare(ranks[v.Type()], ranks[w.Type()])
	}
	switch v.Type() {
	case TypeString, TypeBytes, TypeJSON:
		return strings.Compare(v.s, w.s)
	case TypeInt, TypeTime, TypeDuration:
		return cmp.Compare(int64(v.n), int64(w.n))
	case TypeBool, TypeUint:
		return cmp.Compare(v.n, w.n)
	case TypeFloat:
		return compareFloats(v.Float(), w.Float())
	case TypeID:
		return compareIDs(v, w)
	}
	return 0
}

// compareIDs compares the 16 bytes from left to right: n, the rest of m, the
// length of s.
func compareIDs(v, w Value) int {
	if v.n != w.n {
		return cmp.Compare(v.n, w.n)
	}
	if v.m != w.m {
		return cmp.Compare(v.m, w.m)
	}
	return cmp.Compare(len(v.s), len(w.s))
}

// Equal reports whether v and w compare equal; see [Value.Compare].
func (v Value) Equal(w Value) bool { return v == w || v.Compare(w) == 0 }
