package model

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
)

// In a key, zero bytes of a text are followed by keyEscape, and a text ends with
// a zero byte and keyEnd: no text's key is a prefix of another's, and the shorter
// text sorts first.
const (
	keyEnd    = 0x01
	keyEscape = 0xff
)

// signBit is the sign of a float, and what turns signed order into unsigned.
const signBit = 1 << 63

// AppendKey appends the value's key: bytes that compare as [Value.Compare] does,
// for values of all types, and that say themselves where they end, so that the
// key of several columns is the keys of each in a row. With desc the order is
// reversed, Null included. It allocates nothing but what b needs to grow, except
// for JSON strings with escapes.
func (v Value) AppendKey(b []byte, desc bool) []byte {
	start := len(b)
	b = v.appendAscending(b)
	if desc {
		invert(b[start:])
	}
	return b
}

// AppendKeyPrefix appends what the keys of all strings that begin with prefix
// begin with, and no others: the bound of a search by prefix.
func AppendKeyPrefix(b []byte, prefix string, desc bool) []byte {
	start := len(b)
	b = appendEscaped(append(b, rankString), prefix)
	if desc {
		invert(b[start:])
	}
	return b
}

func invert(b []byte) {
	for len(b) >= 8 {
		binary.NativeEndian.PutUint64(b, ^binary.NativeEndian.Uint64(b))
		b = b[8:]
	}
	for i := range b {
		b[i] = ^b[i]
	}
}

func (v Value) appendAscending(b []byte) []byte {
	switch v.Type() {
	case TypeBool:
		return append(b, rankFalse+byte(v.n))
	case TypeInt:
		return appendIntKey(b, int64(v.n))
	case TypeUint:
		return appendMagnitudeKey(b, v.n, false)
	case TypeFloat:
		return appendNumberKey(b, v.Float(), 0)
	case TypeString:
		return appendTextKey(b, rankString, v.s)
	case TypeBytes:
		return appendTextKey(b, rankBytes, v.s)
	case TypeTime:
		return binary.BigEndian.AppendUint64(append(b, rankTime), v.n^signBit)
	case TypeDuration:
		return binary.BigEndian.AppendUint64(append(b, rankDuration), v.n^signBit)
	case TypeID:
		b = binary.BigEndian.AppendUint64(append(b, rankID), v.n)
		return binary.BigEndian.AppendUint64(b, v.m&^0xff|uint64(len(v.s)))
	case TypeJSON:
		if w := (JSON{v.s}).Value(); w.Type() != TypeJSON {
			return w.appendAscending(b)
		}
		return appendTextKey(b, rankJSON, v.s)
	}
	return append(b, rankNull)
}

func appendTextKey(b []byte, rank byte, s string) []byte {
	return append(appendEscaped(append(b, rank), s), 0, keyEnd)
}

func appendEscaped(b []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, 0)
		if i < 0 {
			return append(b, s...)
		}
		b = append(append(b, s[:i]...), 0, keyEscape)
		s = s[i+1:]
	}
}

// A number's key is the greatest float64 that is not greater than it, and, from
// 2^53 on, where integers lie between floats, the distance to it. So integers
// and floats share one order, by exact value.

func appendIntKey(b []byte, n int64) []byte {
	if n >= -two53 && n <= two53 {
		return appendNumberKey(b, float64(n), 0)
	}
	if n < 0 {
		return appendMagnitudeKey(b, -uint64(n), true)
	}
	return appendMagnitudeKey(b, uint64(n), false)
}

// appendMagnitudeKey appends the key of u, or of -u.
func appendMagnitudeKey(b []byte, u uint64, negative bool) []byte {
	spacing := uint64(1) << max(bits.Len64(u)-53, 0)
	rest := u & (spacing - 1)
	floor := float64(u - rest)
	if !negative {
		return appendNumberKey(b, floor, uint16(rest))
	}
	if rest == 0 {
		return appendNumberKey(b, -floor, 0)
	}
	return appendNumberKey(b, -(floor + float64(spacing)), uint16(spacing-rest))
}

func appendNumberKey(b []byte, floor float64, rest uint16) []byte {
	n := math.Float64bits(floor)
	if n&signBit != 0 {
		n = ^n
	} else {
		n |= signBit
	}
	b = binary.BigEndian.AppendUint64(append(b, rankNumber), n)
	if math.Abs(floor) >= two53 {
		b = binary.BigEndian.AppendUint16(b, rest)
	}
	return b
}

// DecodeKey reads the key of one value of a column of type t, as
// [Value.AppendKey] wrote it, and returns what follows it. A column of type
// TypeJSON may hold any JSON. The value may alias b. Errors match [ErrEncoding].
func DecodeKey(b []byte, t Type, desc bool) (Value, []byte, error) {
	r := keyReader{b: b}
	if desc {
		r.mask = 0xff
	}
	v, err := r.value(t)
	if err != nil {
		return Value{}, nil, err
	}
	return v, r.b, nil
}

// A keyReader takes a key apart; mask undoes the inversion of descending ones.
type keyReader struct {
	b    []byte
	mask byte
}

func (r *keyReader) value(t Type) (Value, error) {
	if len(r.b) == 0 {
		return Value{}, errKeyShort
	}
	rank := r.b[0] ^ r.mask
	r.b = r.b[1:]
	if rank == rankNull {
		return Value{}, nil
	}
	if t == TypeJSON {
		return r.json(rank)
	}
	if t >= typeCount || rank != ranks[t] && !(rank == rankTrue && t == TypeBool) {
		return Value{}, errKeyType
	}
	switch t {
	case TypeBool:
		return OfBool(rank == rankTrue), nil
	case TypeString, TypeBytes:
		s, err := r.text()
		return Value{m: uint64(t), s: s}, err
	case TypeInt, TypeUint, TypeFloat:
		floor, rest, err := r.number()
		if err != nil {
			return Value{}, err
		}
		return numberOf(floor, rest, t)
	}
	return r.fixed(t)
}

// fixed reads a time, a duration or an ID.
func (r *keyReader) fixed(t Type) (Value, error) {
	high, err := r.uint64()
	if err != nil {
		return Value{}, err
	}
	switch t {
	case TypeTime:
		n := int64(high ^ signBit)
		if n < minTime || n > maxTime {
			return Value{}, errKeyValue
		}
		return ofMicros(n), nil
	case TypeDuration:
		return Value{m: uint64(TypeDuration), n: high ^ signBit}, nil
	}
	low, err := r.uint64()
	if err != nil {
		return Value{}, err
	}
	return Value{m: low&^0xff | uint64(TypeID), n: high, s: ballast[:low&0xff]}, nil
}

// json reads any JSON value, whose rank was read.
func (r *keyReader) json(rank byte) (Value, error) {
	switch rank {
	case rankFalse, rankTrue:
		return OfJSON(OfBool(rank == rankTrue).JSON()), nil
	case rankString:
		s, err := r.text()
		if err != nil {
			return Value{}, err
		}
		return OfJSON(OfString(s).JSON()), nil
	case rankNumber:
		floor, rest, err := r.number()
		if err != nil {
			return Value{}, err
		}
		if !isFinite(floor) {
			return Value{}, errKeyValue
		}
		for _, t := range [...]Type{TypeInt, TypeUint, TypeFloat} {
			if v, err := numberOf(floor, rest, t); err == nil {
				return OfJSON(v.JSON()), nil
			}
		}
		return Value{}, errKeyValue
	case rankJSON:
		s, err := r.text()
		if err != nil {
			return Value{}, err
		}
		if s == "" || s[0] != '[' && s[0] != '{' {
			return Value{}, errKeyValue
		}
		return Value{m: uint64(TypeJSON), s: s}, nil
	}
	return Value{}, errKeyType
}

func (r *keyReader) uint64() (uint64, error) {
	if len(r.b) < 8 {
		return 0, errKeyShort
	}
	n := binary.BigEndian.Uint64(r.b)
	r.b = r.b[8:]
	if r.mask != 0 {
		n = ^n
	}
	return n, nil
}

// number reads the parts of a number's key.
func (r *keyReader) number() (floor float64, rest uint16, err error) {
	n, err := r.uint64()
	if err != nil {
		return 0, 0, err
	}
	if n&signBit != 0 {
		n &^= signBit
	} else {
		n = ^n
	}
	floor = math.Float64frombits(n)
	if OfFloat(floor).n != n {
		return 0, 0, errKeyValue
	}
	if !(math.Abs(floor) >= two53) {
		return floor, 0, nil
	}
	if len(r.b) < 2 {
		return 0, 0, errKeyShort
	}
	rest = binary.BigEndian.Uint16(r.b)
	if r.mask != 0 {
		rest = ^rest
	}
	r.b = r.b[2:]
	return floor, rest, nil
}

// numberOf puts the parts of a number's key together again. It is an error when
// type t has no such number, or another key for it.
func numberOf(floor float64, rest uint16, t Type) (Value, error) {
	var v Value
	var exact bool
	switch t {
	case TypeFloat:
		v, exact = OfFloat(floor), true
	case TypeInt:
		n, whole := floatToInt(floor)
		v, exact = OfInt(n+int64(rest)), whole
	case TypeUint:
		n, whole := floatToUint(floor)
		v, exact = OfUint(n+uint64(rest)), whole
	}
	if !exact {
		return Value{}, errKeyValue
	}
	if rest != 0 {
		// Only one floor and rest name a number: compare with the key that it would
		// get. That finds a sum beyond the type's range too.
		var have, want [16]byte
		a := v.appendAscending(have[:0])
		if !bytes.Equal(a, appendNumberKey(want[:0], floor, rest)) {
			return Value{}, errKeyValue
		}
	}
	return v, nil
}

// text reads up to the end of a text and undoes the escapes.
func (r *keyReader) text() (string, error) {
	if i := bytes.IndexByte(r.b, r.mask); r.mask == 0 && i >= 0 && i+1 < len(r.b) && r.b[i+1] == keyEnd {
		s := aliasString(r.b[:i])
		r.b = r.b[i+2:]
		return s, nil
	}
	var out []byte
	for {
		i := bytes.IndexByte(r.b, r.mask)
		if i < 0 || i+1 >= len(r.b) {
			return "", errKeyShort
		}
		mark := r.b[i+1] ^ r.mask
		out = append(out, r.b[:i]...)
		r.b = r.b[i+2:]
		switch mark {
		case keyEnd:
			if r.mask != 0 {
				invert(out)
			}
			return aliasString(out), nil
		case keyEscape:
			out = append(out, r.mask)
		default:
			return "", errKeyValue
		}
	}
}
