package kv

import (
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
	switch {
	case t == nil:
	case x.index == nil:
		x.order = t.ids
	default:
		x.order = m.order(t, x.col.schema, x.index.position)
	}
	return nil
}

// table visits the rows of the plan's ranges in an order of the collection's
// table. What the plan would test on keys is tested on the row.
func (x *selector) table(visit func() bool) (err error) {
	test := x.plan.Residual || x.filter != nil
	consider := func(r *storage.Record) bool {
		if err = x.tick(); err != nil {
			return false
		}
		if test && !x.plan.Query.Match(&r.Row) {
			return true
		}
		x.resident = r
		return visit()
	}
	o, ranges := x.order, x.plan.Ranges
	for i := range ranges {
		r, each := ranges[i], o.each
		if x.plan.Reverse {
			r, each = ranges[len(ranges)-1-i], o.eachBackwards
		}
		to := o.end()
		if r.High != nil {
			to = o.search(r.High)
		}
		if !each(o.search(r.Low), to, consider) {
			break
		}
	}
	return err
}
