package event

import (
	"encoding/binary"
	"strings"
)

// Crockford's base 32: 26 digits of 5 bits hold the 128 of an ID, so the first one is at most 7.
const (
	digits   = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	textSize = 26
)

// appendID appends an ID's digits.
func appendID(b []byte, id ID) []byte {
	high, low := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	var text [textSize]byte
	for i := textSize - 1; i >= 0; i-- {
		text[i] = digits[low&31]
		low, high = low>>5|high<<59, high>>5
	}
	return append(b, text[:]...)
}

// readID reads what appendID writes, in upper or lower case; false if s is something else.
func readID(s string) (id ID, ok bool) {
	if len(s) != textSize || s[0] > '7' {
		return ID{}, false
	}
	var high, low uint64
	for i := range textSize {
		c := s[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		digit := strings.IndexByte(digits, c)
		if digit < 0 {
			return ID{}, false
		}
		high, low = high<<5|low>>59, low<<5|uint64(digit)
	}
	binary.BigEndian.PutUint64(id[:8], high)
	binary.BigEndian.PutUint64(id[8:], low)
	return id, true
}
