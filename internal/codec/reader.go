package codec

import (
	"encoding/binary"
	"errors"
	"strconv"
	"unsafe"
)

// Error says where an encoding is broken, and how.
type Error struct {
	Offset int    // position of the offending byte or field, from the start of the input
	What   string // what is wrong with it
}

// Error implements error.
func (e *Error) Error() string {
	return e.What + " at byte " + strconv.Itoa(e.Offset)
}

// A Reader takes an encoding apart from front to back.
//
// Byte slices and texts that it returns alias the input: the input must not
// change as long as one of them is in use. The zero Reader reads an empty
// input; a Reader may be used by value after [Reader.Reset]. A Reader is not
// safe for concurrent use.
type Reader struct {
	b    []byte
	off  int
	base int // offset of b in the outermost input, for error messages
	err  *Error
}

// NewReader returns a Reader of b.
func NewReader(b []byte) *Reader {
	return &Reader{b: b}
}

// Reset makes r read b from its beginning, and forgets r's error.
func (r *Reader) Reset(b []byte) {
	*r = Reader{b: b}
}

// Fail records what as r's error at the present position, unless r failed
// before. Decoders report with it what they find wrong in what they read.
func (r *Reader) Fail(what string) {
	r.failAt(r.off, what)
}

func (r *Reader) failAt(off int, what string) {
	if r.err == nil {
		r.err = &Error{Offset: r.base + off, What: what}
	}
	r.off = len(r.b)
}

// Err returns the first error, an *[Error], or nil.
func (r *Reader) Err() error {
	if r.err == nil {
		return nil
	}
	return r.err
}

// Done returns the first error, and an error too when input remains: an
// encoding is read whole or not at all.
func (r *Reader) Done() error {
	if r.err == nil && r.off < len(r.b) {
		n := len(r.b) - r.off
		r.Fail(strconv.Itoa(n) + " unexpected bytes")
	}
	return r.Err()
}

// Len is the number of bytes not yet read; zero after an error.
func (r *Reader) Len() int {
	return len(r.b) - r.off
}

// Offset is the number of bytes read so far.
func (r *Reader) Offset() int {
	return r.base + r.off
}

// Rest reads all that is left.
func (r *Reader) Rest() []byte {
	rest := r.b[r.off:len(r.b):len(r.b)]
	r.off = len(r.b)
	return rest
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if r.off >= len(r.b) {
		r.short(1)
		return 0
	}
	c := r.b[r.off]
	r.off++
	return c
}

// Uvarint reads what [AppendUvarint] wrote. A longer form of the same number is
// an error.
func (r *Reader) Uvarint() uint64 {
	if r.off < len(r.b) && r.b[r.off] < 0x80 {
		v := r.b[r.off]
		r.off++
		return uint64(v)
	}
	return r.longUvarint()
}

func (r *Reader) longUvarint() uint64 {
	v, n := binary.Uvarint(r.b[r.off:])
	switch {
	case n == 0:
		r.short(1)
		return 0
	case n < 0:
		r.Fail("a number of more than 64 bits")
		return 0
	case n > 1 && r.b[r.off+n-1] == 0:
		r.Fail("a number not in its shortest form")
		return 0
	}
	r.off += n
	return v
}

// Varint reads what [AppendVarint] wrote.
func (r *Reader) Varint() int64 {
	v := r.Uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// Uint64 reads what [AppendUint64] wrote.
func (r *Reader) Uint64() uint64 {
	if r.Len() < 8 {
		r.short(8)
		return 0
	}
	v := binary.BigEndian.Uint64(r.b[r.off:])
	r.off += 8
	return v
}

// Fixed reads exactly n bytes, or returns nil.
func (r *Reader) Fixed(n int) []byte {
	if n < 0 || n > r.Len() {
		r.short(n)
		return nil
	}
	p := r.b[r.off : r.off+n : r.off+n]
	r.off += n
	return p
}

// Bytes reads what [AppendBytes] wrote, at most max bytes of content. Empty
// content is returned as nil.
func (r *Reader) Bytes(max int) []byte {
	at := r.off
	n := r.Uvarint()
	if n > uint64(max) {
		r.failAt(at, "a length of "+strconv.FormatUint(n, 10)+", at most "+strconv.Itoa(max)+" allowed")
		return nil
	}
	if n == 0 {
		return nil
	}
	return r.Fixed(int(n))
}

// String reads what [AppendString] wrote, at most max bytes, and copies it.
func (r *Reader) String(max int) string {
	return string(r.Bytes(max))
}

// Text is like [Reader.String] but aliases the input instead of copying.
func (r *Reader) Text(max int) string {
	p := r.Bytes(max)
	return unsafe.String(unsafe.SliceData(p), len(p))
}

// Count reads a count of things that take at least minEach bytes apiece. A
// count beyond max, or beyond what the remaining input could hold, is an error;
// so the result is safe to allocate for.
func (r *Reader) Count(max, minEach int) int {
	at := r.off
	n := r.Uvarint()
	if n > uint64(max) {
		r.failAt(at, "a count of "+strconv.FormatUint(n, 10)+", at most "+strconv.Itoa(max)+" allowed")
		return 0
	}
	if int(n)*minEach > r.Len() {
		r.failAt(at, "a count of "+strconv.FormatUint(n, 10)+" with "+strconv.Itoa(r.Len())+" bytes left")
		return 0
	}
	return int(n)
}

// Section reads a length as [Reader.Bytes] does and returns a Reader of that
// many bytes, whose errors give offsets in r's input. The section must be
// finished with [Reader.Done]; r itself has already moved past it.
func (r *Reader) Section(max int) Reader {
	p := r.Bytes(max)
	return Reader{b: p, base: r.Offset() - len(p), err: r.err}
}

// Adopt makes the error of a section, wrapped as part of what, r's own.
func (r *Reader) Adopt(err error, part string) {
	var e *Error
	if r.err == nil && errors.As(err, &e) {
		r.err = &Error{Offset: e.Offset, What: part + ": " + e.What}
		r.off = len(r.b)
	}
}

func (r *Reader) short(want int) {
	r.Fail("the end of the input, " + strconv.Itoa(want) + " bytes wanted and " + strconv.Itoa(r.Len()) + " left")
}
