package kv

import (
	"context"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// statistics tell how many rows a collection has and how many keys an index, as of
// a snapshot or near it. They come from the collection's table, if it has one, or
// else from what was counted when all of it was read, and from a look at the keys.
type statistics struct {
	ctx      context.Context
	snapshot *snapshot
	col      *collection
	ready    func(position int) *index
}

var _ storage.Estimator = (*snapshot)(nil)

// Statistics implements [storage.Estimator].
func (s *snapshot) Statistics(ctx context.Context, schema *model.Schema) plan.Statistics {
	col := s.view.catalog.collections[schema.Collection()]
	if col == nil {
		col = &collection{}
	}
	return &statistics{ctx, s, col, func(position int) *index { return col.ready(schema, position) }}
}

// Rows implements [plan.Statistics].
func (s *statistics) Rows() (n int, ok bool) {
	m := s.col.mirror
	if m == nil {
		return 0, false
	}
	if t := m.table.Load(); t != nil {
		return t.rows, true
	}
	n = int(m.rows.Load())
	return n, n > 0
}

// Of implements [plan.Statistics].
func (s *statistics) Of(schema *model.Schema) plan.Statistics {
	return s.snapshot.Statistics(s.ctx, schema)
}

// fewRanges is in how many ranges keys are counted.
const fewRanges = 16

// Keys implements [plan.Statistics].
func (s *statistics) Keys(position int, ranges []plan.Range, most int) (n int, whole bool) {
	x := s.ready(position)
	if x == nil {
		return 0, false
	}
	if len(ranges) > fewRanges {
		sample := make([]plan.Range, fewRanges)
		for i := range sample {
			sample[i] = ranges[i*len(ranges)/fewRanges]
		}
		n, whole = s.Keys(position, sample, most)
		return n * len(ranges) / fewRanges, whole
	}
	if o := s.order(x); o != nil {
		return o.count(ranges), true
	}
	n, err := s.dive(x, ranges, most)
	if m := s.col.mirror; m != nil {
		m.dived.Add(int64(n))
	}
	return n, err == nil && n < most
}

// order returns the order of an index in the collection's table, nil if there is
// none. It is made, although no query reads it, once as many keys were counted as
// making it costs.
func (s *statistics) order(x *index) *order {
	m := s.col.mirror
	if m == nil || x.fullText {
		return nil
	}
	t := m.table.Load()
	if t == nil {
		return nil
	}
	if o := t.order(s.col.schema, x.position); o != nil {
		return o
	}
	if m.dived.Load() < int64(t.rows)/readPerMade || m.budget.left() < int64(t.rows)*orderBytes {
		return nil
	}
	m.dived.Store(0)
	return m.order(t, s.col.schema, x.position)
}

// dive counts keys in the store.
func (s *statistics) dive(x *index, ranges []plan.Range, most int) (n int, err error) {
	r, drop, err := s.snapshot.hold(s.ctx)
	if err != nil {
		return 0, err
	}
	defer drop()
	keys := &selector{ctx: s.ctx, snapshot: s.snapshot, plan: &plan.Plan{Ranges: ranges}, reader: r, col: &collection{}}
	err = keys.ranges(x.prefix, func([]byte, Iterator) (bool, error) { return true, nil }, func() bool {
		n++
		return n < most
	})
	return n, err
}
