package kv

import (
	"cmp"
	"container/heap"
	"encoding/binary"
	"slices"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// best keeps the first rows of an order out of many that come in none. It is
// what plan.Rows does too, but a row is copied to the heap only after it was
// found to be among the best, which few are if there is a limit.
type best struct {
	compare func(a, b *model.Row) int
	byID    bool              // which is what compare does
	keep    int               // negative: all
	rows    []*storage.Record // once they are as many as to keep, a heap: the last of the order on top
}

// orderOf returns how a query compares rows. Without ORDER BY that is by ID
// alone, the most frequent order and worth a short cut.
func orderOf(q *query.Checked) func(a, b *model.Row) int {
	if len(q.Order()) > 0 {
		return q.Compare
	}
	return func(a, b *model.Row) int {
		switch {
		case a.ID.Less(b.ID):
			return -1
		case a.ID == b.ID:
			return 0
		}
		return 1
	}
}

func (b *best) Len() int           { return len(b.rows) }
func (b *best) Less(i, j int) bool { return b.compare(&b.rows[i].Row, &b.rows[j].Row) > 0 }
func (b *best) Swap(i, j int)      { b.rows[i], b.rows[j] = b.rows[j], b.rows[i] }

// Push and Pop complete heap.Interface. The heap keeps its size: what falls out
// of the order is overwritten.
func (b *best) Push(any) {}

// Pop is not used; see Push.
func (b *best) Pop() any { return nil }

// add takes the selector's candidate if it is among the best so far.
func (b *best) add(x *selector) error {
	full := len(b.rows) == b.keep
	if full && b.compare(x.candidate(), &b.rows[0].Row) > 0 {
		return nil
	}
	r, err := x.record()
	if err != nil {
		return err
	}
	if full {
		b.rows[0] = r
		heap.Fix(b, 0)
		return nil
	}
	b.rows = append(b.rows, r)
	if len(b.rows) == b.keep {
		heap.Init(b)
	}
	return nil
}

// sorted returns the rows in order.
func (b *best) sorted() []*storage.Record {
	if b.byID {
		sortByID(b.rows)
	} else {
		slices.SortFunc(b.rows, func(r, o *storage.Record) int { return b.compare(&r.Row, &o.Row) })
	}
	return b.rows
}

// sortByID sorts copies of the IDs. To compare records would be to wait for
// memory at every step; so it is only here, and for all of them at once.
func sortByID(rows []*storage.Record) {
	type keyed struct {
		high, low uint64
		record    *storage.Record
	}
	list := make([]keyed, len(rows))
	for i, r := range rows {
		id := &r.Row.ID
		list[i] = keyed{binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:]), r}
	}
	slices.SortFunc(list, func(a, b keyed) int {
		if a.high != b.high {
			return cmp.Compare(a.high, b.high)
		}
		return cmp.Compare(a.low, b.low)
	})
	for i := range list {
		rows[i] = list[i].record
	}
}

// best yields the window of an order that the plan does not come near. keep is
// the number of rows up to the end of the window, negative if it has none.
func (x *selector) best(offset, keep int, yield func(*storage.Record, error) bool) {
	b := &best{compare: orderOf(x.plan.Query), byID: len(x.plan.Query.Order()) == 0, keep: keep}
	var bad, err error
	if x.order != nil && keep < 0 {
		b.rows, err = x.all()
	} else {
		err = x.each(func() bool {
			bad = b.add(x)
			return bad == nil
		})
	}
	if bad != nil {
		err = bad
	}
	if err != nil {
		yield(nil, err)
		return
	}
	rows := b.sorted()
	for part := range slices.Chunk(rows[min(offset, len(rows)):], touchRows) {
		touch(part)
		for _, r := range part {
			if !yield(r, nil) {
				return
			}
		}
	}
}
