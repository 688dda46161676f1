package wire

import (
	"crypto/sha256"
	"slices"

	"github.com/ankgo/ank/event"
)

// Held names a row that a subscriber holds: an entity and the stamp of its head.
type Held struct {
	ID    event.ID
	Stamp event.Stamp
}

// RowsDigest is the digest of a result for Subscribe: SHA-256 over "ank/rows" and
// the IDs with their stamps, in ID order. It sorts held.
func RowsDigest(held []Held) event.Digest {
	slices.SortFunc(held, func(a, b Held) int { return a.ID.Compare(b.ID) })
	h := sha256.New()
	h.Write([]byte("ank/rows"))
	for _, row := range held {
		h.Write(row.ID[:])
		h.Write(row.Stamp[:])
	}
	var d event.Digest
	h.Sum(d[:0])
	return d
}
