package kv

import (
	"encoding/binary"
	"sync"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// cache keeps records of entities on the heap: those that were read or written
// last. It holds the newest version of an entity or none, never an older one.
//
// What makes it safe for readers of older versions, and for readers that put in
// what they read, are three rules:
//
//   - C1. A resident is visible to readers of its version and later ones only.
//     The version is that of the commit that wrote it, or of the snapshot
//     through which it was read.
//   - C2. A commit replaces what it changed before any reader can get the
//     version it makes (commit, in commit.go). So a visible resident is what
//     that reader's snapshot holds.
//   - C3. A reader at version v adds a record only if no commit after v has
//     changed anything in that shard. If such a commit changed this entity but
//     has not come to the cache yet, it replaces the record when it does.
//
// C3 refuses more than it must, as it looks at the whole shard. With many shards
// a refusal costs one more read from the driver, no more.
//
// Memory is bounded by bytes for each shard. What goes is decided by a clock
// hand: it takes the first resident not used since the hand passed it.
type cache struct {
	shards [cacheShards]cacheShard
}

// cacheShards is a power of two: enough that readers seldom meet, few enough
// that the smallest useful cache is not all overhead.
const cacheShards = 1 << shardBits

const shardBits = 6

type cacheShard struct {
	mu      sync.Mutex // protects all below
	index   map[event.ID]int32
	slots   []resident
	free    []int32 // empty slots
	hand    int     // the next slot that the clock looks at
	bytes   int
	limit   int
	changed uint64 // version of the last commit that changed something here
}

// resident is a record, and since which version it is the entity's newest.
type resident struct {
	record *storage.Record
	since  uint64
	size   int32
	used   bool
}

// newCache returns a cache for about bytes bytes of records, or nil for none.
// The methods of a nil cache do nothing.
func newCache(bytes int64) *cache {
	if bytes <= 0 {
		return nil
	}
	c := new(cache)
	for i := range c.shards {
		c.shards[i].index = make(map[event.ID]int32)
		c.shards[i].limit = int(bytes / cacheShards)
	}
	return c
}

// shard picks by the ID's random half, mixed, as IDs made by hand differ in few
// bits.
func (c *cache) shard(id event.ID) *cacheShard {
	const mix = 0x9E3779B97F4A7C15
	return &c.shards[binary.LittleEndian.Uint64(id[8:])*mix>>(64-shardBits)]
}

// get returns the record of an entity as of version, nil if it is not resident.
func (c *cache) get(collection string, id event.ID, version uint64) *storage.Record {
	if c == nil {
		return nil
	}
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.index[id]
	if !ok {
		return nil
	}
	r := &s.slots[i]
	if r.since > version || r.record.Collection != collection {
		return nil
	}
	r.used = true
	return r.record
}

// add offers a record that was read through a snapshot of version.
func (c *cache) add(record *storage.Record, version uint64) {
	if c == nil {
		return
	}
	s := c.shard(record.Row.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed > version {
		return
	}
	if i, ok := s.index[record.Row.ID]; ok && s.slots[i].record.Collection == record.Collection {
		// Known, and unchanged between the two versions, whichever is older.
		s.slots[i].since = min(s.slots[i].since, version)
		return
	}
	s.put(record, version)
}

// commit takes a record that the commit which makes version has written.
func (c *cache) commit(record *storage.Record, version uint64) {
	if c == nil {
		return
	}
	s := c.shard(record.Row.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = version
	s.put(record, version)
}

func (s *cacheShard) put(record *storage.Record, since uint64) {
	size := record.Size()
	if i, ok := s.index[record.Row.ID]; ok {
		s.remove(i)
	}
	if size > s.limit {
		return
	}
	s.evict(s.limit - size)
	i := s.slot()
	s.slots[i] = resident{record: record, since: since, size: int32(size)}
	s.index[record.Row.ID] = i
	s.bytes += size
}

// slot returns the number of an empty slot.
func (s *cacheShard) slot() int32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	s.slots = append(s.slots, resident{})
	return int32(len(s.slots) - 1)
}

func (s *cacheShard) remove(i int32) {
	r := &s.slots[i]
	s.bytes -= int(r.size)
	delete(s.index, r.record.Row.ID)
	*r = resident{}
	s.free = append(s.free, i)
}

// evict lets the clock run until at most room bytes are taken.
func (s *cacheShard) evict(room int) {
	for s.bytes > room {
		if s.hand >= len(s.slots) {
			s.hand = 0
		}
		r := &s.slots[s.hand]
		switch {
		case r.record == nil:
		case r.used:
			r.used = false
		default:
			s.remove(int32(s.hand))
		}
		s.hand++
	}
}
