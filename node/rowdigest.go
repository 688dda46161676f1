package node

import (
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// digestsOf returns what digests the rows of a query's result: as whoever is told of
// its changes knows them, with what is joined to them, or shown of a group.
func digestsOf(q *query.Checked) func(*storage.Record) event.Digest {
	g := q.Grouping()
	if g == nil {
		return rowDigest
	}
	return func(r *storage.Record) event.Digest {
		return wire.RowDigest(r.Row.ID, r.Stamp, g.Values(*r.Row.Joined))
	}
}

func rowDigest(r *storage.Record) event.Digest {
	var joined []model.Value
	if r.Row.Joined != nil {
		joined = *r.Row.Joined
	}
	return wire.RowDigest(r.Row.ID, r.Stamp, joined)
}

// A bucket holds a few rows, so that one that changed takes few others with it.
const bucketRows = 4

// bucketsFor is into how many buckets so many rows are put; 0 if they are so few that
// the whole result is as good.
func bucketsFor(rows int) int {
	if rows < 2*bucketRows {
		return 0
	}
	return min(rows/bucketRows, wire.MaxBuckets)
}

// buckets is the sum over the rows of each bucket, modulo 2^64.
type buckets []uint64

func (b buckets) add(id event.ID, d event.Digest) {
	var sum event.Sum
	sum.Add(d)
	b[wire.Bucket(id, len(b))] += sum.Short()
}
