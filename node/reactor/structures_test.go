package reactor

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// TestIntervals compares with a list. To repeat a failure, note the seed it names.
func TestIntervals(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 3))
		span := uint64(1 + rng.IntN(2000))
		var tree intervals[uint64]
		var texts intervals[string]
		type interval struct{ lo, hi uint64 }
		list := map[interval]*standing{}
		for range 2000 {
			lo := rng.Uint64N(span)
			iv := interval{lo, lo + rng.Uint64N(1+span/uint64(1+rng.IntN(40)))}
			if rng.IntN(10) == 0 {
				iv.hi = ^uint64(0)
			}
			if list[iv] == nil && rng.IntN(3) > 0 {
				list[iv] = &standing{}
				tree.add(iv.lo, iv.hi).one = &entry{owner: list[iv]}
				texts.add(padded(iv.lo), padded(iv.hi)).one = &entry{owner: list[iv]}
			} else {
				for iv := range list {
					delete(list, iv)
					tree.remove(iv.lo, iv.hi)
					texts.remove(padded(iv.lo), padded(iv.hi))
					break
				}
			}
			x := rng.Uint64N(span + 5)
			var want []*standing
			for iv, st := range list {
				if iv.lo <= x && x <= iv.hi {
					want = append(want, st)
				}
			}
			var s search
			s.round = 1
			tree.stab(x, &s, afterSide)
			sameSet(t, want, s.found, seed)
			for _, st := range want {
				st.round = 0
			}
			s.found = nil
			texts.stab(padded(x), &s, afterSide)
			sameSet(t, want, s.found, seed)
			for _, st := range want {
				st.round = 0
			}
		}
		for iv := range list {
			tree.remove(iv.lo, iv.hi)
		}
		require.True(t, tree.empty(), "seed %d", seed)
	}
}

func sameSet(t *testing.T, want, got []*standing, seed uint64) {
	require.Len(t, got, len(want), "seed %d", seed)
	all := map[*standing]bool{}
	for _, st := range want {
		all[st] = true
	}
	for _, st := range got {
		require.True(t, all[st], "seed %d", seed)
	}
}

func padded(n uint64) string {
	s := strconv.FormatUint(n, 10)
	return "00000000000000000000"[len(s):] + s
}

// TestRows compares with a slice, and holds snapshots meanwhile.
func TestRows(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 4))
		type frozen struct {
			was  rows
			list []*storage.Record
		}
		var r rows
		var list []*storage.Record
		var kept []frozen
		grow := true
		for range 20_000 {
			if len(list) > 6000 || len(list) == 0 {
				grow = len(list) == 0
			}
			x := &storage.Record{Row: model.Row{ID: event.ID{byte(rng.IntN(256)), byte(rng.IntN(256)), byte(rng.IntN(256))}}}
			i, found := r.find(x, nil)
			at, ok := slices.BinarySearchFunc(list, x, func(a, b *storage.Record) int { return compare(nil, a, b) })
			require.Equal(t, ok, found, "seed %d", seed)
			require.Equal(t, at, i, "seed %d", seed)
			switch k := rng.IntN(10); {
			case k == 0 && len(list) > 0:
				i := rng.IntN(len(list))
				x.Row.ID = list[i].Row.ID
				r.set(i, x)
				list[i] = x
			case k < 4 == grow && len(list) > 0:
				i := rng.IntN(len(list))
				r.remove(i)
				list = slices.Delete(list, i, i+1)
			case !found:
				r.insert(i, x)
				list = slices.Insert(list, i, x)
			}
			if rng.IntN(200) == 0 {
				kept = append(kept, frozen{r.snapshot(), slices.Clone(list)})
			}
			if rng.IntN(1000) == 0 {
				r.fill(list)
			}
			require.Equal(t, len(list), r.len(), "seed %d", seed)
			if len(list) > 0 {
				i := rng.IntN(len(list))
				require.Same(t, list[i], r.at(i), "seed %d", seed)
			}
		}
		for _, f := range append(kept, frozen{r, list}) {
			from := rng.IntN(len(f.list) + 1)
			require.Equal(t, f.list[from:], slices.AppendSeq([]*storage.Record{}, f.was.from(from)), "seed %d", seed)
		}
		r.truncate(min(1, len(list)))
		require.Equal(t, min(1, len(list)), r.len())
	}
}

// TestShift follows elements that stay through a change of a list.
func TestShift(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 5))
		before := make([]int, rng.IntN(20))
		for i := range before {
			before[i] = i
		}
		var s shift
		after := slices.Clone(before)
		for i := len(before) - 1; i >= 0; i-- {
			if rng.IntN(3) == 0 {
				s.out = append(s.out, i)
				after = slices.Delete(after, i, i+1)
			}
		}
		for range rng.IntN(6) {
			i := rng.IntN(len(after) + 1)
			after = slices.Insert(after, i, -1)
		}
		for i, x := range after {
			if x < 0 {
				s.in = append(s.in, i)
			}
		}
		s.sort()
		for i, x := range after {
			require.Equal(t, x < 0, s.new(i))
			if x >= 0 {
				require.False(t, s.gone(x))
				require.Equal(t, x, s.back(i), "seed %d", seed)
				require.Equal(t, i, s.forward(x), "seed %d", seed)
			}
		}
	}
}
