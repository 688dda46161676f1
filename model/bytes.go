package model

import (
	"encoding/base64"
	"encoding/hex"
	"unsafe"
)

// Bytes is a read-only sequence of bytes: what a []byte field reads as. It may
// share memory with an immutable record, which is why it cannot be written. It
// is comparable with ==; the zero Bytes is empty.
type Bytes struct{ s string }

// BytesOf returns a copy of b.
func BytesOf(b []byte) Bytes { return Bytes{string(b)} }

// Len is the number of bytes.
func (b Bytes) Len() int { return len(b.s) }

// At is the byte at position i, counted from 0. Like an index into a slice it
// panics when i is out of range.
func (b Bytes) At(i int) byte { return b.s[i] }

// Clone returns the bytes as a slice of the caller's own.
func (b Bytes) Clone() []byte { return []byte(b.s) }

// AppendTo appends the bytes to dst.
func (b Bytes) AppendTo(dst []byte) []byte { return append(dst, b.s...) }

// Equal reports whether both hold the same bytes.
func (b Bytes) Equal(other Bytes) bool { return b.s == other.s }

// String is the bytes as a string, whatever they are.
func (b Bytes) String() string { return b.s }

// MarshalJSON writes the bytes as a JSON string in base 64, padded.
func (b Bytes) MarshalJSON() ([]byte, error) { return appendBase64JSON(nil, b.s), nil }

func (b Bytes) hex() string { return hex.EncodeToString([]byte(b.s)) }

func appendBase64JSON(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, unsafe.Slice(unsafe.StringData(s), len(s)))
	return append(dst, '"')
}

// aliasString is b as a string without copying: b must not change as long as
// the string is in use.
func aliasString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
