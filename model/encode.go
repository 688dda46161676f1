package model

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The first byte of an encoded value. FORMAT.md is the specification.
const (
	tagNull = iota
	tagFalse
	tagTrue
	tagInt
	tagUint
	tagFloat
	tagString
	tagBytes
	tagTime
	tagDuration
	tagID
	tagJSON
)

// timeBias makes the microseconds of a time unsigned, in the same order.
const timeBias = 1 << 63

// AppendTo appends the value's one encoding: a tag, then the content, whose
// length follows from the length of the whole. [DecodeValue] reads it.
func (v Value) AppendTo(b []byte) []byte {
	switch v.Type() {
	case TypeBool:
		return append(b, tagFalse+byte(v.n))
	case TypeInt:
		return appendShortest(append(b, tagInt), zigzag(v.n))
	case TypeUint:
		return appendShortest(append(b, tagUint), v.n)
	case TypeFloat:
		return binary.BigEndian.AppendUint64(append(b, tagFloat), v.n)
	case TypeString:
		return append(append(b, tagString), v.s...)
	case TypeBytes:
		return append(append(b, tagBytes), v.s...)
	case TypeTime:
		return binary.BigEndian.AppendUint64(append(b, tagTime), v.n^timeBias)
	case TypeDuration:
		return appendShortest(append(b, tagDuration), zigzag(v.n))
	case TypeID:
		b = binary.BigEndian.AppendUint64(append(b, tagID), v.n)
		return binary.BigEndian.AppendUint64(b, v.m&^0xff|uint64(len(v.s)))
	case TypeJSON:
		return append(append(b, tagJSON), v.s...)
	}
	return append(b, tagNull)
}

// encodedSize is at least the number of bytes that AppendTo appends.
func (v Value) encodedSize() int {
	if v.textual() {
		return 1 + len(v.s)
	}
	return 17
}

// textual reports whether the content of v is v.s.
func (v Value) textual() bool {
	t := v.Type()
	return t == TypeString || t == TypeBytes || t == TypeJSON
}

// zigzag maps 0, -1, 1, -2, ... to 0, 1, 2, 3, ...
func zigzag(n uint64) uint64 { return n<<1 ^ uint64(int64(n)>>63) }

func unzigzag(n uint64) uint64 { return n>>1 ^ -(n & 1) }

// appendShortest appends n, most significant byte first, without leading zeros;
// 0 takes no byte.
func appendShortest(b []byte, n uint64) []byte {
	for shift := (bits.Len64(n) + 7) &^ 7; shift > 0; {
		shift -= 8
		b = append(b, byte(n>>shift))
	}
	return b
}

func readShortest(b []byte) (uint64, error) {
	if len(b) == 0 {
		return 0, nil
	}
	if len(b) > 8 {
		return 0, errLength
	}
	if b[0] == 0 {
		return 0, errNotShortest
	}
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n, nil
}

// DecodeValue reads the whole of b as one value. The value aliases b, which
// must not change as long as the value, or a string or [Bytes] taken from it, is
// in use.
//
// Every encoding that [Value.AppendTo] does not write is refused with an error
// that matches [ErrEncoding], except for the content of strings and JSON, which
// [Value.Validate] checks: it is enough to do that once, where bytes come from
// somebody else.
func DecodeValue(b []byte) (Value, error) {
	if len(b) == 0 {
		return Value{}, errNoValue
	}
	switch p := b[1:]; b[0] {
	case tagString:
		return Value{m: uint64(TypeString), s: aliasString(p)}, nil
	case tagInt:
		n, err := readShortest(p)
		return Value{m: uint64(TypeInt), n: unzigzag(n)}, err
	case tagBytes:
		return Value{m: uint64(TypeBytes), s: aliasString(p)}, nil
	case tagJSON:
		if len(p) == 0 || p[0] == 'n' {
			return Value{}, errJSONForm
		}
		return Value{m: uint64(TypeJSON), s: aliasString(p)}, nil
	case tagUint:
		n, err := readShortest(p)
		return Value{m: uint64(TypeUint), n: n}, err
	case tagDuration:
		n, err := readShortest(p)
		return Value{m: uint64(TypeDuration), n: unzigzag(n)}, err
	default:
		return decodeFixed(b[0], p)
	}
}

// decodeFixed reads the types whose content has one length.
func decodeFixed(tag byte, p []byte) (Value, error) {
	if tag > tagJSON {
		return Value{}, errUnknownType
	}
	if len(p) != int(fixedLength[tag]) {
		return Value{}, errLength
	}
	switch tag {
	case tagFalse, tagTrue:
		return Value{m: uint64(TypeBool), n: uint64(tag - tagFalse)}, nil
	case tagFloat:
		n := binary.BigEndian.Uint64(p)
		if OfFloat(math.Float64frombits(n)).n != n {
			return Value{}, errFloat
		}
		return Value{m: uint64(TypeFloat), n: n}, nil
	case tagTime:
		n := int64(binary.BigEndian.Uint64(p) ^ timeBias)
		if n < minTime || n > maxTime {
			return Value{}, errTimeRange
		}
		return ofMicros(n), nil
	case tagID:
		low := binary.BigEndian.Uint64(p[8:])
		return Value{
			m: low&^0xff | uint64(TypeID),
			n: binary.BigEndian.Uint64(p),
			s: ballast[:low&0xff],
		}, nil
	}
	return Value{}, nil
}

var fixedLength = [tagJSON + 1]uint8{tagFloat: 8, tagTime: 8, tagID: 16}

// Validate reports whether the value lies within its type's domain: strings are
// UTF-8 without U+0000, texts, bytes and JSON are at most [MaxValueSize] long,
// times lie in the years 1 to 9999, JSON is canonical. The error is a
// *[ValueError]. Values made of Go values by the constructors can be outside
// the domain; so can decoded strings, times out of bytes cannot.
func (v Value) Validate() error {
	switch v.Type() {
	case TypeString:
		return validateText(v.s)
	case TypeBytes:
		return validateSize(v.s)
	case TypeTime:
		if n := int64(v.n); n < minTime || n > maxTime {
			return &ValueError{Reason: "a time lies outside the years 1 to 9999"}
		}
	case TypeJSON:
		j, err := ParseJSON(v.s)
		if err != nil {
			return &ValueError{Reason: err.Error()}
		}
		if j.text != v.s {
			return &ValueError{Reason: "json is not in its canonical form"}
		}
	}
	return nil
}

func validateText(s string) error {
	switch {
	case !utf8.ValidString(s):
		return &ValueError{Reason: "a string is not valid UTF-8; keep other bytes in a []byte field"}
	case strings.IndexByte(s, 0) >= 0:
		return &ValueError{Reason: "a string contains the character U+0000, which cannot be stored"}
	}
	return validateSize(s)
}

func validateSize(s string) error {
	if len(s) > MaxValueSize {
		return &ValueError{Reason: "a value of " + strconv.Itoa(len(s)) + " bytes is too large, at most " +
			strconv.Itoa(MaxValueSize) + " are allowed"}
	}
	return nil
}
