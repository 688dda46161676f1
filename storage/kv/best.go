package kv

import (
	"container/heap"
	"slices"

	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// best keeps the first rows of an order out of many that come in none. It is
// what plan.Rows does too, but a row is copied to the heap only after it was
// found to be among the best, which few are.
type best struct {
	query *query.Checked
	keep  int
	rows  []*storage.Record // a heap: the last of the order on top
}

func (b *best) Len() int           { return len(b.rows) }
func (b *best) Less(i, j int) bool { return b.query.Compare(&b.rows[i].Row, &b.rows[j].Row) > 0 }
func (b *best) Swap(i, j int)      { b.rows[i], b.rows[j] = b.rows[j], b.rows[i] }
func (b *best) Push(x any)         { b.rows = append(b.rows, x.(*storage.Record)) }

// Pop is not needed: what falls out of the order is overwritten.
func (b *best) Pop() any { return nil }

// add takes the selector's candidate if it is among the best so far.
func (b *best) add(x *selector) error {
	full := len(b.rows) == b.keep
	if full && b.query.Compare(x.candidate(), &b.rows[0].Row) > 0 {
		return nil
	}
	r, err := x.record()
	switch {
	case err != nil:
		return err
	case full:
		b.rows[0] = r
		heap.Fix(b, 0)
	default:
		heap.Push(b, r)
	}
	return nil
}

// sorted returns the rows in order.
func (b *best) sorted() []*storage.Record {
	slices.SortFunc(b.rows, func(r, o *storage.Record) int { return b.query.Compare(&r.Row, &o.Row) })
	return b.rows
}

// best yields the window of an order with a limit that the plan does not come
// near. keep is offset and limit together.
func (x *selector) best(offset, keep int, yield func(*storage.Record, error) bool) {
	b := &best{query: x.plan.Query, keep: keep}
	var bad error
	err := x.each(func() bool {
		bad = b.add(x)
		return bad == nil
	})
	if bad != nil {
		err = bad
	}
	if err != nil {
		yield(nil, err)
		return
	}
	rows := b.sorted()
	for _, r := range rows[min(offset, len(rows)):] {
		if !yield(r, nil) {
			return
		}
	}
}
