package kv

import (
	"iter"
	"slices"

	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// resort finds the order of the collection's table that the plan can read in
// place of the store, if there is one.
func (x *selector) resort() error {
	m := x.col.mirror
	if x.plan.Access == plan.Lookup || m == nil {
		return nil
	}
	t := m.at(x.snapshot.view.version)
	if t == nil && m.ripe() {
		if err := m.fill(x.ctx, x.snapshot.engine, x.col); err != nil {
			return err
		}
		t = m.at(x.snapshot.view.version)
	}
	x.rows = t
	switch {
	case t == nil, x.index != nil && x.index.fullText:
	case x.partitioned():
		if x.sortParts(t) {
			x.table = t
		}
	case x.index == nil:
		x.order = t.ids
		x.columns = &columnReader{table: t, schema: x.plan.Query.Schema()}
		if x.columns.schema == x.col.schema {
			x.columns.mirror = m
		}
	default:
		x.order = m.order(t, x.col.schema, x.index.position)
	}
	return nil
}

// ordered visits the rows of the plan's ranges in an order of the collection's
// table.
func (x *selector) ordered(visit func() bool) error {
	for from, to := range x.places() {
		for p := range x.order.pieces(from, to, x.plan.Reverse) {
			if err := x.ctx.Err(); err != nil {
				return err
			}
			rows := x.accepted(p)
			touch(rows[:min(touchRows, len(rows))])
			for i := range rows {
				if x.plan.Reverse {
					i = len(rows) - 1 - i
				}
				if x.resident = rows[i]; !visit() {
					return nil
				}
			}
		}
	}
	return nil
}

// all returns all rows that match, in the order of the table or any other.
func (x *selector) all() ([]*storage.Record, error) {
	var rows []*storage.Record
	for from, to := range x.places() {
		if !x.tests() {
			rows = slices.Grow(rows, x.order.between(from, to))
		}
		for p := range x.order.pieces(from, to, false) {
			if err := x.ctx.Err(); err != nil {
				return nil, err
			}
			rows = append(rows, x.accepted(p)...)
		}
	}
	return rows, nil
}

// accepted returns the rows of a piece that match. They must not be changed, and
// are valid until the next call.
func (x *selector) accepted(p piece) []*storage.Record {
	rows := p.rows()
	x.tested += len(rows)
	switch {
	case !x.tests():
	case x.columns != nil:
		rows = x.columns.narrow(x.plan.Query, p)
	default:
		x.found = x.found[:0]
		for _, r := range rows {
			if x.plan.Query.Match(&r.Row) {
				x.found = append(x.found, r)
			}
		}
		rows = x.found
	}
	x.matched += len(rows)
	return rows
}

// tests reports whether rows in the plan's ranges must be tested. What the plan
// would test on keys is tested on rows.
func (x *selector) tests() bool { return x.plan.Residual || x.filter != nil }

// places yields where the plan's ranges begin and end in the order.
func (x *selector) places() iter.Seq2[place, place] {
	return func(yield func(from, to place) bool) {
		ranges, o := x.plan.Ranges, x.order
		for i := range ranges {
			r := ranges[i]
			if x.plan.Reverse {
				r = ranges[len(ranges)-1-i]
			}
			if !yield(o.within(&r)) {
				return
			}
		}
	}
}

// touchRows is how many rows are touched at once: as much as fits the nearest
// cache of a processor.
const touchRows = 32

// touch reads both ends of every row. The rows of a table lie anywhere in memory, and
// whoever looks at one after the other waits for each; this loop is so short that
// the processor is waiting for many of them at the same time.
//
//go:noinline
func touch(rows []*storage.Record) (sum byte) {
	for _, r := range rows {
		if b := r.Row.Values.Bytes(); len(b) > 0 {
			sum += b[0] + b[len(b)-1]
		}
	}
	return sum
}
