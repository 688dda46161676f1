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
//
// A shard is a hash table with linear probing, as the point of the cache is to
// cost little: one lock that is hardly ever contended, one line of memory.
type cache struct {
	shards [cacheShards]cacheShard
}

// cacheShards is a power of two: enough that readers seldom meet and C3 seldom
// refuses, few enough that a small cache is not all overhead.
const cacheShards = 1 << shardBits

const shardBits = 8

type cacheShard struct {
	mu      sync.Mutex // protects all below
	slots   []resident // a power of two of them, at most three quarters in use
	count   int
	hand    int // the next slot that the clock looks at
	bytes   int
	limit   int
	changed uint64 // version of the last commit that changed something here
}

// resident is a record, and since which version it is the entity's newest. A nil
// record marks an empty slot. Two of them fill a line of memory.
type resident struct {
	hash       uint64 // of the ID
	record     *storage.Record
	since      uint64
	collection uint32 // its number
	used       bool
}

// newCache returns a cache for about bytes bytes of records, or nil for none.
// The methods of a nil cache do nothing.
func newCache(bytes int64) *cache {
	if bytes <= 0 {
		return nil
	}
	c := new(cache)
	for i := range c.shards {
		c.shards[i].limit = int(bytes / cacheShards)
		c.shards[i].slots = make([]resident, 4)
	}
	return c
}

// resize changes how many bytes of records the cache may hold. What is too much
// goes when a record is put in.
func (c *cache) resize(bytes int64) {
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.limit = int(bytes / cacheShards)
		s.mu.Unlock()
	}
}

// hash mixes an ID's random half, as IDs made by hand differ in few bits.
func hash(id event.ID) uint64 {
	h := (binary.LittleEndian.Uint64(id[8:]) ^ binary.LittleEndian.Uint64(id[:8])>>7) * 0x9E3779B97F4A7C15
	return h ^ h>>29
}

// get returns the record of an entity as of version, nil if it is not resident.
func (c *cache) get(collection uint64, id event.ID, version uint64) *storage.Record {
	if c == nil {
		return nil
	}
	h := hash(id)
	s := &c.shards[h>>(64-shardBits)]
	s.mu.Lock()
	r := &s.slots[s.find(h, id)]
	record := r.record
	if record != nil {
		if r.since > version || uint64(r.collection) != collection {
			record = nil
		} else if !r.used {
			r.used = true
		}
	}
	s.mu.Unlock()
	return record
}

// add offers a record that was read through a snapshot of version.
func (c *cache) add(collection uint64, record *storage.Record, version uint64) {
	if c == nil {
		return
	}
	h := hash(record.Row.ID)
	s := &c.shards[h>>(64-shardBits)]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed > version {
		return
	}
	r := &s.slots[s.find(h, record.Row.ID)]
	if r.record != nil && uint64(r.collection) == collection {
		// Known, and unchanged between the two versions, whichever is older.
		r.since = min(r.since, version)
		return
	}
	s.put(resident{hash: h, record: record, since: version, collection: uint32(collection)})
}

// commit takes a record that the commit which makes version has written.
func (c *cache) commit(collection uint64, record *storage.Record, version uint64) {
	if c == nil {
		return
	}
	h := hash(record.Row.ID)
	s := &c.shards[h>>(64-shardBits)]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = version
	s.put(resident{hash: h, record: record, since: version, collection: uint32(collection)})
}

// find returns the slot of an entity, or the empty one where it belongs.
func (s *cacheShard) find(h uint64, id event.ID) int {
	mask := len(s.slots) - 1
	i := int(h) & mask
	for {
		r := &s.slots[i]
		if r.record == nil || r.hash == h && r.record.Row.ID == id {
			return i
		}
		i = (i + 1) & mask
	}
}

// put makes a record resident in place of what was there of the entity. A record
// too large for the shard is not kept.
func (s *cacheShard) put(r resident) {
	id, size := r.record.Row.ID, r.record.Size()
	if i := s.find(r.hash, id); s.slots[i].record != nil {
		if bytes := s.bytes + size - s.slots[i].record.Size(); bytes <= s.limit {
			s.slots[i], s.bytes = r, bytes
			return
		}
		s.remove(i)
	}
	if size > s.limit {
		return
	}
	s.evict(s.limit - size)
	if 4*(s.count+1) > 3*len(s.slots) {
		s.grow()
	}
	s.slots[s.find(r.hash, id)] = r
	s.count++
	s.bytes += size
}

func (s *cacheShard) grow() {
	old := s.slots
	s.slots = make([]resident, 2*len(old))
	s.hand = 0
	for _, r := range old {
		if r.record != nil {
			s.slots[s.find(r.hash, r.record.Row.ID)] = r
		}
	}
}

// remove empties a slot, and moves those behind it that would not be found
// otherwise.
func (s *cacheShard) remove(i int) {
	s.bytes -= s.slots[i].record.Size()
	s.count--
	mask := len(s.slots) - 1
	for j := (i + 1) & mask; s.slots[j].record != nil; j = (j + 1) & mask {
		home := int(s.slots[j].hash) & mask
		// The one at j may move to i unless its home lies between the two.
		if (j-home)&mask >= (j-i)&mask {
			s.slots[i] = s.slots[j]
			i = j
		}
	}
	s.slots[i] = resident{}
}

// evict lets the clock run until at most room bytes are taken.
func (s *cacheShard) evict(room int) {
	for s.bytes > room {
		s.hand &= len(s.slots) - 1
		r := &s.slots[s.hand]
		switch {
		case r.record == nil:
			s.hand++
		case r.used:
			r.used = false
			s.hand++
		default:
			s.remove(s.hand) // another may have moved here
		}
	}
}
