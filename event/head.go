package event

import (
	"crypto/sha256"
	"slices"
	"strings"
	"unsafe"

	"github.com/ankgo/ank/internal/codec"
)

// A Head is a set of events of one entity none of which descends from another:
// the events without known descendants. Its IDs are sorted and distinct. A Head
// is immutable once made and may be shared. The empty Head is that of an entity
// that does not exist yet.
type Head []ID

// NewHead returns the head that consists of ids. It sorts a copy and drops
// duplicates; that no ID descends from another is for the caller to know.
func NewHead(ids ...ID) Head {
	h := slices.Clone(Head(ids))
	slices.SortFunc(h, ID.Compare)
	return slices.Compact(h)
}

// Equal reports whether both heads hold the same IDs.
func (h Head) Equal(other Head) bool { return slices.Equal(h, other) }

// Contains reports whether id is one of the head's IDs.
func (h Head) Contains(id ID) bool {
	if len(h) == 1 {
		return h[0] == id
	}
	_, found := slices.BinarySearchFunc(h, id, ID.Compare)
	return found
}

// Max is the greatest ID; the zero ID for an empty head.
func (h Head) Max() ID {
	if len(h) == 0 {
		return ID{}
	}
	return h[len(h)-1]
}

// With returns the head after the event id, whose precursors are given, was
// applied to an entity with head h: id replaces those of its precursors that
// the head held. The caller knows that id is no ancestor of the head; an ID that
// the head holds already stays there.
func (h Head) With(id ID, precursors Head) Head {
	if h.Equal(precursors) {
		return Head{id}
	}
	next := make(Head, 0, len(h)+1)
	placed := false
	for _, old := range h {
		if !placed && !old.Less(id) {
			next, placed = append(next, id), true
		}
		if old != id && !precursors.Contains(old) {
			next = append(next, old)
		}
	}
	if !placed {
		next = append(next, id)
	}
	return next
}

// A Stamp identifies a head: two heads with the same stamp are the same head.
// The zero Stamp is that of the empty head.
type Stamp [16]byte

// Stamp returns the only ID of a head that has one, and otherwise the first 16
// bytes of a hash of all its IDs.
func (h Head) Stamp() Stamp {
	switch len(h) {
	case 0:
		return Stamp{}
	case 1:
		return Stamp(h[0])
	}
	sum := sha256.Sum256(h.appendIDs([]byte(tagHead)))
	return Stamp(sum[:16])
}

// IsZero reports whether s is the stamp of the empty head.
func (s Stamp) IsZero() bool { return s == Stamp{} }

// String lists the IDs in brackets.
func (h Head) String() string {
	var b strings.Builder
	b.WriteByte('[')
	for i, id := range h {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(id.String())
	}
	b.WriteByte(']')
	return b.String()
}

// AppendTo appends the head's encoding: a count, then the IDs.
func (h Head) AppendTo(b []byte) []byte {
	return h.appendIDs(codec.AppendUvarint(b, uint64(len(h))))
}

// DecodeHead decodes what [Head.AppendTo] wrote, all of b. The head aliases b,
// which must not change afterwards.
func DecodeHead(b []byte) (Head, error) {
	var r codec.Reader
	r.Reset(b)
	h := readHead(&r, MaxHead)
	if err := finish(&r, "head"); err != nil {
		return nil, err
	}
	return h, nil
}

const idSize = len(ID{})

func (h Head) appendIDs(b []byte) []byte {
	for i := range h {
		b = append(b, h[i][:]...)
	}
	return b
}

func (h Head) size() int {
	return codec.SizeUvarint(uint64(len(h))) + len(h)*idSize
}

// readHead reads a head that aliases r's input; nil when it is empty.
func readHead(r *codec.Reader, max int) Head {
	n := r.Count(max, idSize)
	if n == 0 {
		return nil
	}
	h := aliasIDs(r.Fixed(n * idSize))
	for i := 1; i < len(h); i++ {
		if !h[i-1].Less(h[i]) {
			r.Fail("a head that is not sorted")
			return nil
		}
	}
	return h
}

// aliasIDs views b, whose length is a multiple of 16, as IDs. An ID is a byte
// array without alignment of its own, so any bytes will do.
func aliasIDs(b []byte) Head {
	return unsafe.Slice((*ID)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/idSize)
}
