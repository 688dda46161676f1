package kv

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// plain is what the cache is a cache of: every version of every entity.
type plain struct {
	mu       sync.RWMutex
	versions map[event.ID][]*storage.Record // by version, ascending
}

// at returns the record of an entity as of a version, nil if it is not there.
func (p *plain) at(id event.ID, version uint64) *storage.Record {
	p.mu.RLock()
	defer p.mu.RUnlock()
	list := p.versions[id]
	for i := len(list) - 1; i >= 0; i-- {
		if versionOf(list[i]) <= version {
			return list[i]
		}
	}
	return nil
}

// testRecord makes a record that says of which version it is.
func testRecord(id event.ID, version uint64, size int) *storage.Record {
	r := &storage.Record{Collection: "things", Merge: make([]byte, 8+size)}
	r.Row.ID = id
	binary.BigEndian.PutUint64(r.Merge, version)
	return r
}

func versionOf(r *storage.Record) uint64 { return binary.BigEndian.Uint64(r.Merge) }

func testID(n int) event.ID {
	var id event.ID
	binary.BigEndian.PutUint32(id[12:], uint32(n))
	return id
}

// TestCacheShowsEveryReaderItsVersion has commits and readers of many versions
// work on one cache, each as the engine does, and compares everything that the
// cache returns with the version that the reader must see.
func TestCacheShowsEveryReaderItsVersion(t *testing.T) {
	for _, bytes := range []int64{cacheShards * 400, cacheShards * 1000, 1 << 20} {
		t.Run(fmt.Sprint(bytes), func(t *testing.T) { runCache(t, bytes) })
	}
}

func runCache(t *testing.T, bytes int64) {
	const (
		entities = 200
		commits  = 3000
		seed     = 1
	)
	c := newCache(bytes)
	store := &plain{versions: make(map[event.ID][]*storage.Record)}
	var published atomic.Uint64
	var stop atomic.Bool
	var group sync.WaitGroup
	var hits atomic.Int64
	for reader := range 4 {
		rng := rand.New(rand.NewPCG(seed, uint64(reader)))
		group.Go(func() {
			var open []uint64 // versions of snapshots
			for !stop.Load() {
				open = append(open, published.Load())
				if len(open) > 8 {
					open = open[1:]
				}
				version := open[rng.IntN(len(open))]
				for range 20 {
					id := testID(rng.IntN(entities))
					want := store.at(id, version)
					got := c.get(1, id, version)
					if got == nil {
						if want != nil {
							c.add(1, want, version)
						}
						continue
					}
					hits.Add(1)
					if got != want {
						t.Errorf("seed %d: at version %d the cache has %d of entity %s, not the record of then", seed, version, versionOf(got), id)
						return
					}
				}
			}
		})
	}
	rng := rand.New(rand.NewPCG(seed, 99))
	// The scheduler may leave readers behind: go on until they have seen something.
	for version := uint64(1); (version <= commits || hits.Load() < 1000) && !t.Failed(); version++ {
		changed := make([]*storage.Record, 1+rng.IntN(5))
		for i := range changed {
			changed[i] = testRecord(testID(rng.IntN(entities/len(changed))*len(changed)+i), version, rng.IntN(300))
		}
		// As Engine.publish does: the store, then the cache, then the version.
		store.mu.Lock()
		for _, r := range changed {
			store.versions[r.Row.ID] = append(store.versions[r.Row.ID], r)
		}
		store.mu.Unlock()
		for _, r := range changed {
			c.commit(1, r, version)
		}
		published.Store(version)
	}
	stop.Store(true)
	group.Wait()
	checkCache(t, c)
}

// checkCache compares the parts of the cache's structure with each other.
func checkCache(t *testing.T, c *cache) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		defer s.mu.Unlock()
		bytes, full := 0, 0
		for n, r := range s.slots {
			if r.record == nil {
				continue
			}
			full++
			bytes += r.record.Size()
			require.Equal(t, hash(r.record.Row.ID), r.hash)
			require.Equal(t, n, s.find(r.hash, r.record.Row.ID), "a resident is found in its slot")
			require.Equal(t, uint64(i), r.hash>>(64-shardBits))
		}
		require.Equal(t, bytes, s.bytes)
		require.LessOrEqual(t, bytes, s.limit)
		require.Equal(t, full, s.count)
	}
}

func TestCacheKeepsWhatIsUsed(t *testing.T) {
	c := newCache(cacheShards * 20 * recordSize)
	var hot []event.ID
	for i := range 200 {
		hot = append(hot, testID(i))
		c.add(1, testRecord(testID(i), 1, 0), 1)
	}
	for i := range 20_000 {
		c.add(1, testRecord(testID(1000+i), 1, 0), 1)
		if i%100 == 0 {
			for _, id := range hot {
				c.get(1, id, 1)
			}
		}
	}
	kept := 0
	for _, id := range hot {
		if c.get(1, id, 1) != nil {
			kept++
		}
	}
	require.Greater(t, kept, 180, "of 200 records in constant use, while 20,000 others passed by")
	checkCache(t, c)
}

var recordSize = int64(testRecord(event.ID{}, 0, 0).Size())

func TestCacheRules(t *testing.T) {
	id := testID(1)
	t.Run("an older reader does not see a newer record", func(t *testing.T) {
		c := newCache(1 << 20)
		c.commit(1, testRecord(id, 5, 0), 5)
		require.Nil(t, c.get(1, id, 4))
		require.NotNil(t, c.get(1, id, 5))
		require.NotNil(t, c.get(1, id, 9))
	})
	t.Run("an older reader does not bring back what was replaced", func(t *testing.T) {
		c := newCache(1 << 20)
		old := testRecord(id, 1, 0)
		c.commit(1, testRecord(id, 5, 0), 5)
		c.add(1, old, 4)
		require.Equal(t, uint64(5), versionOf(c.get(1, id, 5)))
	})
	t.Run("nor once the newer one was evicted", func(t *testing.T) {
		c := newCache(1 << 20)
		c.commit(1, testRecord(id, 5, 2<<12), 5)
		c.add(1, testRecord(id, 1, 0), 4)
		require.Nil(t, c.get(1, id, 5))
	})
	t.Run("a record read by an older reader is the same for a newer one", func(t *testing.T) {
		c := newCache(1 << 20)
		c.add(1, testRecord(id, 1, 0), 7)
		require.Nil(t, c.get(1, id, 6))
		c.add(1, testRecord(id, 1, 0), 3)
		require.NotNil(t, c.get(1, id, 3))
		require.Nil(t, c.get(1, id, 2))
	})
	t.Run("another collection's record is not found", func(t *testing.T) {
		c := newCache(1 << 20)
		c.add(1, testRecord(id, 1, 0), 1)
		require.Nil(t, c.get(2, id, 1))
	})
	t.Run("no cache", func(t *testing.T) {
		c := newCache(-1)
		c.add(1, testRecord(id, 1, 0), 1)
		c.commit(1, testRecord(id, 1, 0), 1)
		require.Nil(t, c.get(1, id, 1))
	})
}
