//go:build !race

package kv

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// TestCacheTable compares a crowded table with a map, through replacements,
// growth and removals.
func TestCacheTable(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 0))
		c := newCache(cacheShards * int64(10+rng.IntN(200)) * recordSize)
		for step := range 2000 {
			// Few hashes, so that homes are shared.
			id := testID(rng.IntN(40) * 997 * (1 + rng.IntN(100)))
			c.commit(1, testRecord(id, uint64(step), rng.IntN(300)), uint64(step))
			got := c.get(1, id, uint64(step))
			require.NotNil(t, got, "seed %d: what was put in last is there", seed)
			require.Equal(t, uint64(step), versionOf(got), "seed %d", seed)
			if step%100 == 0 {
				checkCache(t, c)
			}
		}
	}
	s := &cacheShard{slots: make([]resident, 4), limit: 1 << 30}
	rng := rand.New(rand.NewPCG(7, 7))
	model := make(map[event.ID]*storage.Record)
	for step := range 20_000 {
		id := testID(rng.IntN(500))
		if i := s.find(hash(id), id); rng.IntN(2) == 0 && s.slots[i].record != nil {
			s.remove(i)
			delete(model, id)
		} else {
			r := testRecord(id, uint64(step), 0)
			s.put(resident{hash: hash(id), record: r})
			model[id] = r
		}
		require.Equal(t, len(model), s.count)
		if step%50 > 0 {
			continue
		}
		for id, r := range model {
			require.Same(t, r, s.slots[s.find(hash(id), id)].record, "step %d", step)
		}
	}
}
