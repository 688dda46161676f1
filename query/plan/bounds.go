package plan

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// maxRanges bounds how many ranges the columns of an index may multiply to.
// Beyond it a column's bounds are left to the filter.
const maxRanges = 1 << 14

// bounds returns the ranges of keys that can match: the product of the values of
// the leading columns as long as those are finitely many, and then the intervals
// of one more. bound names the columns whose domains the ranges express in full.
func (q *analysis) bounds(columns []model.IndexColumn) (ranges []Range, bound []int) {
	prefixes := [][]byte{{}}
	for _, c := range columns {
		set := q.domain(c.Field)
		values, finite := set.Values()
		n := len(set.Intervals)
		if set.Null {
			n++
		}
		if set.Everything() || n*len(prefixes) > maxRanges {
			break
		}
		bound = append(bound, c.Field)
		if !finite {
			return product(prefixes, set, c.Desc), bound
		}
		prefixes = extend(prefixes, values, c.Desc)
	}
	for _, p := range prefixes {
		ranges = append(ranges, Range{p, successor(p)})
	}
	return ranges, bound
}

// extend appends the key of every value to every prefix, in key order.
func extend(prefixes [][]byte, values []model.Value, desc bool) [][]byte {
	if desc {
		slices.Reverse(values)
	}
	all := make([][]byte, 0, len(prefixes)*len(values))
	for _, p := range prefixes {
		for _, v := range values {
			all = append(all, v.AppendKey(bytes.Clone(p), desc))
		}
	}
	return all
}

// product returns the range of every interval of a set under every prefix.
func product(prefixes [][]byte, set Set, desc bool) []Range {
	var all []Range
	for _, p := range prefixes {
		if set.Null {
			key := model.Null.AppendKey(bytes.Clone(p), desc)
			all = append(all, Range{key, successor(key)})
		}
		for _, i := range set.Intervals {
			all = append(all, i.keys(p, desc))
		}
	}
	slices.SortFunc(all, func(a, b Range) int { return bytes.Compare(a.Low, b.Low) })
	return all
}

// keys returns the range of an interval's keys under a prefix.
func (i Interval) keys(prefix []byte, desc bool) Range {
	// No bound below is the same as beginning right after NULL, whose key comes
	// first. No bound above is the end of the prefix.
	low, lowOpen := i.Low.AppendKey(bytes.Clone(prefix), desc), i.LowOpen || i.Low.IsNull()
	var high []byte
	if !i.High.IsNull() {
		high = i.High.AppendKey(bytes.Clone(prefix), desc)
	}
	if !desc {
		r := Range{Low: low, High: high}
		if lowOpen {
			r.Low = successor(low)
		}
		switch {
		case high == nil:
			r.High = successor(prefix)
		case !i.HighOpen:
			r.High = successor(high)
		}
		return r
	}
	r := Range{Low: high, High: low}
	switch {
	case high == nil:
		r.Low = bytes.Clone(prefix)
	case i.HighOpen:
		r.Low = successor(high)
	}
	if !lowOpen {
		r.High = successor(low)
	}
	return r
}

// successor returns the least key above all that begin with a prefix, nil if
// there is none.
func successor(prefix []byte) []byte {
	for n := len(prefix); n > 0; n-- {
		if prefix[n-1] != 0xff {
			next := bytes.Clone(prefix[:n])
			next[n-1]++
			return next
		}
	}
	return nil
}

// idRanges returns the ranges of the bytes of the IDs in a set.
func idRanges(ids Set) []Range {
	ranges := make([]Range, 0, len(ids.Intervals))
	for _, i := range ids.Intervals {
		var r Range
		if !i.Low.IsNull() {
			r.Low = idBytes(i.Low)
			if i.LowOpen {
				r.Low = append(r.Low, 0)
			}
		}
		if !i.High.IsNull() {
			r.High = idBytes(i.High)
			if !i.HighOpen {
				r.High = append(r.High, 0)
			}
		}
		ranges = append(ranges, r)
	}
	return ranges
}

func idBytes(v model.Value) []byte {
	id := v.ID()
	return id[:]
}

// createdIDs returns the IDs that were made at the times in a set. A time is
// that of its ID, in whole milliseconds.
func createdIDs(times Set) Set {
	ids := Set{Intervals: make([]Interval, 0, len(times.Intervals))}
	for _, i := range times.Intervals {
		var id Interval
		if !i.Low.IsNull() {
			var ok bool
			if id.Low, ok = firstID(i.Low.Time(), i.LowOpen); !ok {
				continue
			}
		}
		if !i.High.IsNull() {
			id.High, id.HighOpen = firstID(i.High.Time(), !i.HighOpen)
		}
		if !id.empty() {
			ids.Intervals = append(ids.Intervals, id)
		}
	}
	return union([]Set{ids})
}

// firstID returns the least ID made at a time or later, or with after, made
// later. ok is false if there is none.
func firstID(t time.Time, after bool) (id model.Value, ok bool) {
	const timeBits = 48
	ms := t.UnixMilli()
	if after || t.Nanosecond()%int(time.Millisecond) != 0 {
		ms++
	}
	ms = max(ms, 0)
	if ms >= 1<<timeBits {
		return model.Null, false
	}
	var b event.ID
	binary.BigEndian.PutUint64(b[:], uint64(ms)<<(64-timeBits))
	return model.OfID(b), true
}
