package event

import (
	"encoding/binary"
	"math/bits"
)

// A Sum is a digest of a set of digests that follows the set: adding a member and
// taking one out cost the same, however many there are, and their order does not
// matter. It is the sum of the digests as numbers, modulo 2^256. The zero Sum is that
// of the empty set.
//
// It detects faults: two sets that differ by chance, by an omission or by a mistake
// have one sum with a probability of 2^-256. It is no signature, and vouches for
// nothing against somebody who chooses the members: sets with a given sum can be
// searched for with less work than a collision of SHA-256 takes. A member that is
// added twice counts twice.
type Sum struct{ parts [4]uint64 } // the least significant first

// Add puts a member in.
func (s *Sum) Add(d Digest) {
	var carry uint64
	for i := range s.parts {
		s.parts[i], carry = bits.Add64(s.parts[i], part(&d, i), carry)
	}
}

// Remove takes a member out.
func (s *Sum) Remove(d Digest) {
	var borrow uint64
	for i := range s.parts {
		s.parts[i], borrow = bits.Sub64(s.parts[i], part(&d, i), borrow)
	}
}

// Merge puts all members of another set in.
func (s *Sum) Merge(other Sum) { s.Add(other.Digest()) }

// Digest is the sum as 32 bytes, the most significant first.
func (s Sum) Digest() (d Digest) {
	for i, v := range s.parts {
		binary.BigEndian.PutUint64(d[24-8*i:], v)
	}
	return d
}

// Short is the sum modulo 2^64.
func (s Sum) Short() uint64 { return s.parts[0] }

func part(d *Digest, i int) uint64 { return binary.BigEndian.Uint64(d[24-8*i:]) }
