package model

import (
	"encoding/binary"
	"iter"

	"github.com/ankgo/ank/internal/codec"
)

// A Tuple holds the values of one entity's fields by name, as one piece of bytes
// that describes itself (FORMAT.md). It is immutable, cheap to copy, and decodes
// a value only when asked for it. It may hold names that no schema knows. The
// zero Tuple holds nothing.
//
// A Tuple over somebody else's bytes is valid as long as these do not change;
// so are all names and values taken from it.
type Tuple struct{ b []byte }

// TupleOf checks b and returns it as a Tuple that aliases it. It refuses, with
// an error that matches [ErrEncoding], whatever a [TupleBuilder] does not make of
// values that [DecodeValue] accepts. Like DecodeValue it does not read the
// content of strings and JSON: that is for [Tuple.Validate].
func TupleOf(b []byte) (Tuple, error) {
	if len(b) == 0 {
		return Tuple{}, nil
	}
	names, err := readNames(b)
	if err != nil {
		return Tuple{}, err
	}
	body, ok := bodyOf(b, names.end, names.n)
	if !ok {
		return Tuple{}, errTupleShort
	}
	start := 0
	for i := range names.n {
		end := body.endOf(i)
		if end < start || end > len(body.values) {
			return Tuple{}, errTupleEnds
		}
		if _, err := DecodeValue(body.values[start:end]); err != nil {
			return Tuple{}, err
		}
		start = end
	}
	if start != len(body.values) {
		return Tuple{}, errTupleLength
	}
	if body.width != widthFor(start) {
		return Tuple{}, errTupleEnds
	}
	return Tuple{b}, nil
}

// TrustedTuple returns b as a Tuple without looking at it. It is for bytes that
// are known to come from [Tuple.Bytes], such as records in a store that checks
// them itself. Reading from other bytes never panics, but finds nothing or
// garbage.
func TrustedTuple(b []byte) Tuple { return Tuple{b} }

// Bytes is the tuple's encoding; nil for the zero Tuple. It must not be changed.
func (t Tuple) Bytes() []byte { return t.b }

// Names is the part of the encoding that says which names there are, which comes first;
// nil for the zero Tuple. It must not be changed.
func (t Tuple) Names() []byte {
	names := nameReader{b: t.b}
	if !names.open() {
		return nil
	}
	return t.b[:names.end:names.end]
}

// Len is the number of names.
func (t Tuple) Len() int {
	names := nameReader{b: t.b}
	if !names.open() {
		return 0
	}
	return names.n
}

// Lookup returns the value of a name; false when the tuple does not hold it.
func (t Tuple) Lookup(name string) (Value, bool) {
	encoded, ok := t.find(name)
	if !ok {
		return Value{}, false
	}
	v, err := DecodeValue(encoded)
	return v, err == nil
}

// find returns the encoded value of a name.
func (t Tuple) find(name string) ([]byte, bool) {
	names := nameReader{b: t.b}
	if !names.open() {
		return nil, false
	}
	for i := range names.n {
		got, ok := names.next()
		if !ok || got > name {
			return nil, false
		}
		if got == name {
			return encodedAt(t.b, names.end, names.n, i)
		}
	}
	return nil, false
}

// All yields the names in order, each with its encoded value for [DecodeValue].
// Both alias the tuple.
func (t Tuple) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		names := nameReader{b: t.b}
		if !names.open() {
			return
		}
		for i := range names.n {
			name, ok := names.next()
			if !ok {
				return
			}
			encoded, ok := encodedAt(t.b, names.end, names.n, i)
			if !ok || !yield(name, encoded) {
				return
			}
		}
	}
}

// Validate reports whether every value is in its domain; see [Value.Validate].
// It is for tuples that came from elsewhere, after [TupleOf].
func (t Tuple) Validate() error {
	for name, encoded := range t.All() {
		v, err := DecodeValue(encoded)
		if err != nil {
			return err
		}
		if err := v.Validate(); err != nil {
			return &ValueError{Field: name, Reason: err.Error()}
		}
	}
	return nil
}

// A nameReader walks the names block of a tuple: the length of what follows in
// it, the number of names, and each name after its length.
type nameReader struct {
	b   []byte
	n   int // names in the block
	pos int // of the next name
	end int // of the block
}

// open reads the block's head. It fails on an empty tuple too.
func (r *nameReader) open() bool {
	size, at := readUvarint(r.b, 0)
	if at == 0 || size > uint64(len(r.b)-at) {
		return false
	}
	r.end = at + int(size)
	n, pos := readUvarint(r.b[:r.end], at)
	if pos == 0 || n > MaxTupleFields || n > size {
		return false
	}
	r.n, r.pos = int(n), pos
	return true
}

// next returns the next name, aliasing the tuple.
func (r *nameReader) next() (string, bool) {
	size, at := readUvarint(r.b[:r.end], r.pos)
	if at == 0 || size > uint64(r.end-at) {
		return "", false
	}
	r.pos = at + int(size)
	return aliasString(r.b[at:r.pos]), true
}

// readNames checks a whole names block.
func readNames(b []byte) (nameReader, error) {
	r := nameReader{b: b}
	if !r.open() {
		return r, errTupleShort
	}
	last := ""
	for range r.n {
		name, ok := r.next()
		if !ok || name <= last || len(name) > MaxTupleName {
			return r, errTupleNames
		}
		last = name
	}
	if r.n == 0 || r.pos != r.end {
		return r, errTupleNames
	}
	return r, nil
}

// readUvarint reads a varint in its shortest form at b[at:] and returns the
// position behind it, or 0 if there is none.
func readUvarint(b []byte, at int) (uint64, int) {
	if at < len(b) && b[at] < 0x80 {
		return uint64(b[at]), at + 1
	}
	if at >= len(b) {
		return 0, 0
	}
	v, n := binary.Uvarint(b[at:])
	if n <= 0 || b[at+n-1] == 0 {
		return 0, 0
	}
	return v, at + n
}

// A tupleBody is what follows the names block: the width of a position, the end
// of each value, the values.
type tupleBody struct {
	width  int
	ends   []byte
	values []byte
}

// bodyOf splits what follows position at; n is the number of values.
func bodyOf(b []byte, at, n int) (tupleBody, bool) {
	if at >= len(b) {
		return tupleBody{}, false
	}
	width := int(b[at])
	if width != 1 && width != 2 && width != 4 && width != 8 {
		return tupleBody{}, false
	}
	rest := b[at+1:]
	if n*width > len(rest) {
		return tupleBody{}, false
	}
	return tupleBody{width: width, ends: rest[:n*width], values: rest[n*width:]}, true
}

// endOf is where value i ends in values; -1 if that is no position.
func (t *tupleBody) endOf(i int) int {
	switch t.width {
	case 1:
		return int(t.ends[i])
	case 2:
		return int(binary.BigEndian.Uint16(t.ends[2*i:]))
	case 4:
		return int(binary.BigEndian.Uint32(t.ends[4*i:]))
	}
	if end := binary.BigEndian.Uint64(t.ends[8*i:]); end <= uint64(len(t.values)) {
		return int(end)
	}
	return -1
}

// widthFor is the width of positions up to size.
func widthFor(size int) int {
	switch {
	case size < 1<<8:
		return 1
	case size < 1<<16:
		return 2
	case uint64(size) < 1<<32:
		return 4
	}
	return 8
}

// encodedAt returns value i of n, the names block ending at position at.
func encodedAt(b []byte, at, n, i int) ([]byte, bool) {
	body, ok := bodyOf(b, at, n)
	if !ok || i >= n {
		return nil, false
	}
	start := 0
	if i > 0 {
		start = body.endOf(i - 1)
	}
	end := body.endOf(i)
	if start < 0 || end < start || end > len(body.values) {
		return nil, false
	}
	return body.values[start:end:end], true
}

func appendEnd(b []byte, width, end int) []byte {
	switch width {
	case 1:
		return append(b, byte(end))
	case 2:
		return binary.BigEndian.AppendUint16(b, uint16(end))
	case 4:
		return binary.BigEndian.AppendUint32(b, uint32(end))
	}
	return binary.BigEndian.AppendUint64(b, uint64(end))
}

// nameSize is the size of a name in a names block.
func nameSize(name string) int { return codec.SizeBytes(len(name)) }
