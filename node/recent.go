package node

import (
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// The size of what recent holds on to, once it is durable.
const (
	recentRecords = 2048
	recentBytes   = 1 << 20
)

// recent holds the newest record of every entity that the last batches changed,
// those included that are not durable yet. It is how the preparer sees what
// storage does not hold so far, and how it knows without asking storage that an
// entity has not changed:
//
//	R1. Every change that a batch with a number above horizon made is in here,
//	    unless a later one overwrote it here.
//
// So what was read at commit number v, with v >= horizon, is current if it is not
// in here. If others write to the store, too, it is what this node has left behind at
// least, and what is durable is here for R1 only. The preparer alone uses it.
type recent struct {
	records map[event.ID]recentRecord
	order   []written // by batch, the oldest at first
	first   int       // of order: what is before it was forgotten
	bytes   int
	most    int // records that are kept
	horizon uint64

	shared  bool   // others write to the store
	settled uint64 // the last batch that was durable when a batch was begun
}

type recentRecord struct {
	record *storage.Record
	batch  uint64 // the last batch that changed it
	index  int    // its place among that batch's states
}

type written struct {
	id    event.ID
	batch uint64
	bytes int
}

func newRecent(horizon uint64) *recent {
	return &recent{records: make(map[event.ID]recentRecord), most: recentRecords, horizon: horizon}
}

// get returns an entity's newest record.
func (r *recent) get(id event.ID) (recentRecord, bool) {
	found, ok := r.records[id]
	return found, ok && r.isNewest(found)
}

// isNewest reports whether nobody can have written another record since.
func (r *recent) isNewest(x recentRecord) bool { return !r.shared || x.batch > r.settled }

// left returns the newest record of an entity that this node has written.
func (r *recent) left(id event.ID) (recentRecord, bool) {
	found, ok := r.records[id]
	return found, ok
}

// put notes what a batch makes of an entity.
func (r *recent) put(record *storage.Record, batch uint64, index int) {
	id := record.Row.ID
	r.records[id] = recentRecord{record: record, batch: batch, index: index}
	size := record.Size()
	r.order = append(r.order, written{id: id, batch: batch, bytes: size})
	r.bytes += size
}

// forget drops the oldest records until the rest is small, but none that belongs
// to a batch beyond durable.
func (r *recent) forget(durable uint64) {
	r.settled = durable
	for len(r.order)-r.first > r.most || r.bytes > recentBytes {
		if r.first == len(r.order) || r.order[r.first].batch > durable {
			break
		}
		oldest := r.order[r.first]
		r.first++
		r.bytes -= oldest.bytes
		r.horizon = oldest.batch
		if r.records[oldest.id].batch == oldest.batch {
			delete(r.records, oldest.id)
		}
	}
	if r.first > r.most {
		r.order = append(r.order[:0], r.order[r.first:]...)
		r.first = 0
	}
}

// reset forgets everything: what batches beyond durable had changed did not
// happen.
func (r *recent) reset(durable uint64) {
	most, shared := r.most, r.shared
	*r = *newRecent(durable)
	r.most, r.shared, r.settled = most, shared, durable
}
