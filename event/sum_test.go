package event_test

import (
	"crypto/sha256"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
)

// TestSumsFollowTheirSets compares sums with big numbers, and sums of sets that
// became the same in different ways.
func TestSumsFollowTheirSets(t *testing.T) {
	const seed = 1
	r := rand.New(rand.NewPCG(seed, 0))
	modulus := new(big.Int).Lsh(big.NewInt(1), 256)
	for range 50 {
		var sum event.Sum
		want := new(big.Int)
		var members []event.Digest
		for n := range 100 {
			if len(members) > 0 && r.IntN(3) == 0 {
				i := r.IntN(len(members))
				sum.Remove(members[i])
				want.Sub(want, new(big.Int).SetBytes(members[i][:]))
				members = append(members[:i], members[i+1:]...)
			} else {
				d := event.Digest(sha256.Sum256([]byte{byte(n), byte(r.IntN(256))}))
				if r.IntN(10) == 0 {
					for i := range d {
						d[i] = 0xFF // carries run all the way
					}
				}
				members = append(members, d)
				sum.Add(d)
				want.Add(want, new(big.Int).SetBytes(d[:]))
			}
			want.Mod(want, modulus)
			var bytes event.Digest
			want.FillBytes(bytes[:])
			require.Equal(t, bytes, sum.Digest())
			require.Equal(t, new(big.Int).Mod(want, new(big.Int).Lsh(big.NewInt(1), 64)).Uint64(), sum.Short())
		}
		r.Shuffle(len(members), func(i, k int) { members[i], members[k] = members[k], members[i] })
		var again, half event.Sum
		for i, d := range members {
			if i%2 == 0 {
				again.Add(d)
			} else {
				half.Add(d)
			}
		}
		again.Merge(half)
		require.Equal(t, sum, again, "seed %d: the order does not matter", seed)
		for _, d := range members {
			again.Remove(d)
		}
		require.Equal(t, event.Sum{}, again)
	}
}

// TestSumsTellSetsApart: a member less, a member more, another member.
func TestSumsTellSetsApart(t *testing.T) {
	a, b, c := event.Digest{1}, event.Digest{31: 1}, event.Digest{31: 2}
	sums := map[event.Sum]bool{}
	for _, set := range [][]event.Digest{{}, {a}, {b}, {c}, {a, b}, {a, c}, {a, b, c}, {a, a}} {
		var s event.Sum
		for _, d := range set {
			s.Add(d)
		}
		require.False(t, sums[s], "%v", set)
		sums[s] = true
	}
}
