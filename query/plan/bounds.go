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

// boundColumns returns how many leading columns of an index its ranges express
// the sets of: those that have finitely many values, and one more.
func (q *analysis) boundColumns(columns []model.IndexColumn) int {
	ranges := 1
	for n, c := range columns {
		f := q.fact(c.Field)
		if f == nil || f.set.Everything() {
			return n
		}
		if ranges *= f.set.size(); ranges > maxRanges {
			return n
		}
		if !f.finite {
			return n + 1
		}
	}
	return len(columns)
}

// keyRanges returns the ranges of keys that can match: the product of the sets of
// the bound columns.
func (q *analysis) keyRanges(p *Plan) []Range {
	prefixes := [][]byte{nil}
	for _, c := range p.columns[:p.bound] {
		f, desc := q.fact(c.Field), c.Desc
		if !f.finite {
			return product(prefixes, f.set, desc)
		}
		prefixes = extend(prefixes, f.values, desc)
	}
	ranges := make([]Range, len(prefixes))
	for i, p := range prefixes {
		ranges[i] = Range{p, successor(p)}
	}
	return ranges
}

// keyOf returns the key of a value after a prefix.
func keyOf(prefix []byte, v model.Value, desc bool) []byte {
	const usual = 24 // bytes of a value's key
	return v.AppendKey(append(make([]byte, 0, len(prefix)+usual), prefix...), desc)
}

// extend appends the key of every value to every prefix, in key order.
func extend(prefixes [][]byte, values []model.Value, desc bool) [][]byte {
	all := make([][]byte, 0, len(prefixes)*len(values))
	for _, p := range prefixes {
		for i := range values {
			if desc {
				i = len(values) - 1 - i
			}
			all = append(all, keyOf(p, values[i], desc))
		}
	}
	return all
}

// product returns the range of every interval of a set under every prefix.
func product(prefixes [][]byte, set Set, desc bool) []Range {
	var all []Range
	for _, p := range prefixes {
		if set.Null {
			key := keyOf(p, model.Null, desc)
			all = append(all, Range{key, successor(key)})
		}
		for _, i := range set.Intervals {
			// No key need lie between two neighbouring values.
			if r := i.keys(p, desc); r.High == nil || bytes.Compare(r.Low, r.High) < 0 {
				all = append(all, r)
			}
		}
	}
	slices.SortFunc(all, func(a, b Range) int { return bytes.Compare(a.Low, b.Low) })
	return all
}

// keys returns the range of an interval's keys under a prefix.
func (i Interval) keys(prefix []byte, desc bool) Range {
	// No bound below is the same as beginning right after NULL, whose key comes
	// first. No bound above is the end of the prefix.
	low, lowOpen := keyOf(prefix, i.Low, desc), i.LowOpen || i.Low.IsNull()
	var high []byte
	if !i.High.IsNull() {
		high = keyOf(prefix, i.High, desc)
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
		r.Low = prefix
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

// idRanges returns the ranges of the bytes of the IDs that can match.
func (q *analysis) idRanges() []Range {
	ids := everything()
	if f := q.fact(model.ColumnID); f != nil {
		ids = f.set
	}
	if f := q.fact(model.ColumnCreated); f != nil {
		ids = intersect(ids, createdIDs(f.set))
	}
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

// lastTime is when all IDs were made whose time is too late to be a value.
var lastTime = model.OfTime(time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC))

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
		if !i.High.IsNull() && !i.Contains(lastTime) {
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
