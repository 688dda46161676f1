package codec

import "encoding/binary"

// MaxVarint is the greatest number of bytes that a varint takes.
const MaxVarint = binary.MaxVarintLen64

// AppendUvarint appends v in base 128, low groups first, in its shortest form.
func AppendUvarint(b []byte, v uint64) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	return binary.AppendUvarint(b, v)
}

// AppendVarint appends v in zigzag form: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
func AppendVarint(b []byte, v int64) []byte {
	return AppendUvarint(b, uint64(v)<<1^uint64(v>>63))
}

// AppendBytes appends the length of p as a varint, then p.
func AppendBytes(b, p []byte) []byte {
	return append(AppendUvarint(b, uint64(len(p))), p...)
}

// AppendString appends the length of s in bytes as a varint, then s.
func AppendString(b []byte, s string) []byte {
	return append(AppendUvarint(b, uint64(len(s))), s...)
}

// PutLength puts the length of b[start:] as a varint before it, so that it reads
// as [AppendBytes] would have appended it. Moving the content costs less than
// finding out its length beforehand.
func PutLength(b []byte, start int) []byte {
	n := len(b) - start
	b = AppendUvarint(b, uint64(n))
	size := len(b) - start - n
	var length [MaxVarint]byte
	copy(length[:], b[start+n:])
	copy(b[start+size:], b[start:start+n])
	copy(b[start:], length[:size])
	return b
}

// AppendUint64 appends v in eight bytes, the most significant first.
func AppendUint64(b []byte, v uint64) []byte {
	return binary.BigEndian.AppendUint64(b, v)
}

// SizeUvarint is the number of bytes that [AppendUvarint] appends for v.
func SizeUvarint(v uint64) int {
	n := 1
	for v >= 0x80 {
		v >>= 7
		n++
	}
	return n
}

// SizeBytes is the number of bytes that [AppendBytes] or [AppendString] appends
// for n bytes of content.
func SizeBytes(n int) int {
	return SizeUvarint(uint64(n)) + n
}
