package kv

import (
	"bytes"
	"context"
	"iter"
	"math"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

func (s *snapshot) Select(ctx context.Context, p *plan.Plan) iter.Seq2[*storage.Record, error] {
	if len(p.Query.Joined()) > 0 {
		return storage.SelectJoined(ctx, s, p)
	}
	return s.rows(ctx, p, nil)
}

// rows yields the rows of a plan, and says in work what it read, unless that is nil.
func (s *snapshot) rows(ctx context.Context, p *plan.Plan, work *plan.Work) iter.Seq2[*storage.Record, error] {
	return func(yield func(*storage.Record, error) bool) {
		x, drop, err := s.selector(ctx, p)
		if err != nil {
			yield(nil, err)
			return
		}
		defer drop()
		if work != nil {
			x.traced = true
			defer func() { *work = x.work() }()
		}
		if keep := x.window(); keep != 0 && !x.plan.Sorted && x.plan.Prefix == 0 {
			x.best(x.plan.Query.Offset(), keep, yield)
			return
		}
		for r, err := range plan.Rows(x.plan, x.records, rowOf) {
			if !yield(r, err) {
				return
			}
		}
	}
}

// window is the number of rows up to the end of the query's window, negative if
// it has no end, zero if it is empty.
func (x *selector) window() int {
	limit, limited := x.plan.Query.Limit()
	switch offset := x.plan.Query.Offset(); {
	case !limited || limit > math.MaxInt-offset:
		return -1
	case limit == 0:
		return 0
	default:
		return offset + limit
	}
}

func rowOf(r *storage.Record) *model.Row { return &r.Row }

// Count counts without building rows, and without reading them if the plan's
// ranges and filter decide alone.
func (s *snapshot) Count(ctx context.Context, p *plan.Plan) (int, error) {
	x, drop, err := s.selector(ctx, p)
	if err != nil {
		return 0, err
	}
	defer drop()
	x.keysOnly = x.plan.Access == plan.Seek && !x.plan.Residual
	window, n := x.window(), 0
	if window == 0 {
		return 0, nil
	}
	err = x.each(func() bool {
		n++
		return n != window
	})
	return max(0, n-x.plan.Query.Offset()), err
}

// selector executes one plan. It stands on one candidate at a time.
type selector struct {
	ctx      context.Context
	snapshot *snapshot
	plan     *plan.Plan
	reader   Reader
	col      *collection
	index    *index   // for Seek
	indexes  []*index // for Union and Intersect, those that the parts read, by their position
	table    *table   // for Union and Intersect, the collection's, if it has one
	rows     *table   // where rows are found that an index leads to, if there is one
	named    bool     // a part has IDs of rows that may not exist, or be deleted
	filter   *plan.KeyFilter
	keysOnly bool          // candidates are not read
	order    *order        // of the collection's table, if it has one
	columns  *columnReader // for a scan of the table
	found    []*storage.Record

	// The candidate: either resident, or row and the bytes it aliases.
	resident *storage.Record
	row      model.Row
	value    []byte
	whole    bool // value is the record with its merge data

	states   Iterator            // for fetching rows; nil until it is needed
	many     map[event.ID][]byte // rows that were got together, nil values for those that are not there
	heap     recordHeap
	key, buf []byte
	visited  int // keys
	tested   int // rows
	matched  int // of those
	traced   bool
	ran      []*selector // for the parts, if they are traced
	of       *plan.Plan  // the part that it is for
}

// selector prepares a plan. One whose index is not ready in this snapshot is
// replaced by the best plan that needs none but those that are.
func (s *snapshot) selector(ctx context.Context, p *plan.Plan) (*selector, func(), error) {
	r, drop, err := s.hold(ctx)
	if err != nil {
		return nil, nil, err
	}
	x := &selector{ctx: ctx, snapshot: s, plan: p, reader: r}
	x.heap.stable = s.engine.traits.StableBytes
	schema := p.Query.Schema()
	x.col = s.view.catalog.collections[schema.Collection()]
	if x.col == nil {
		x.col = &collection{name: schema.Collection()} // number 0: no keys
	}
	if !x.find(func(position int) *index { return x.col.ready(schema, position) }) {
		ready, described := x.col.usable(schema)
		at := func(position int) *index { return ready[position] }
		x.plan = plan.Measured(p.Query, described, &statistics{ctx, s, x.col, at})
		x.find(at)
	}
	if x.plan.Filter {
		x.filter = x.plan.KeyFilter()
	}
	if err := x.resort(); err != nil {
		drop()
		return nil, nil, err
	}
	return x, drop, nil
}

// ready finds the index that a schema has at a position, nil if it is not in use
// here. Schemas of one collection may differ between registrations.
func (c *collection) ready(s *model.Schema, position int) *index {
	i := position
	if s != c.schema {
		key := indexKey(s, position)
		i = slices.IndexFunc(c.indexes, func(x index) bool { return x.key == key })
	}
	if i < 0 || i >= len(c.indexes) || c.indexes[i].state != indexReady {
		return nil
	}
	return &c.indexes[i]
}

// usable returns those of a schema's indexes that are ready, and how the schema
// describes them.
func (c *collection) usable(s *model.Schema) (ready []*index, described []model.Index) {
	for i, x := range s.Indexes() {
		if found := c.ready(s, i); found != nil {
			ready, described = append(ready, found), append(described, x)
		}
	}
	return ready, described
}

// find finds the indexes that the plan reads, and reports whether there are all
// of them.
func (x *selector) find(ready func(position int) *index) bool {
	switch x.plan.Access {
	case plan.Seek:
		x.index = ready(x.plan.Index)
		return x.index != nil
	case plan.Union, plan.Intersect:
		x.indexes = nil
		return x.findParts(x.plan.Parts, ready)
	}
	return true
}

// records yields the records of all candidates.
func (x *selector) records(yield func(*storage.Record, error) bool) {
	var bad error
	stopped := false
	err := x.each(func() bool {
		var r *storage.Record
		if r, bad = x.record(); bad != nil {
			return false
		}
		stopped = !yield(r, nil)
		return !stopped
	})
	if bad != nil {
		err = bad
	}
	if err != nil && !stopped {
		yield(nil, err)
	}
}

// candidate is the candidate's row.
func (x *selector) candidate() *model.Row {
	if x.resident != nil {
		return &x.resident.Row
	}
	return &x.row
}

// record takes the candidate to the heap. One that may become resident gets memory
// of its own, and brings its merge data.
func (x *selector) record() (*storage.Record, error) {
	if x.resident != nil {
		return x.resident, nil
	}
	cache := x.snapshot.engine.cache
	if cache == nil || !x.whole {
		return x.heap.record(x.col.name, x.row.ID, x.value)
	}
	b := x.value
	if !x.heap.stable {
		b = bytes.Clone(b)
	}
	r, err := newRecord(x.col.name, x.row.ID, b)
	if err == nil {
		cache.add(x.col.number, r, x.snapshot.view.version)
	}
	return r, err
}

// each visits the rows that match, in the plan's order, until visit returns
// false.
func (x *selector) each(visit func() bool) error {
	switch {
	case x.table != nil:
		return x.mergedRows(visit)
	case x.order != nil:
		return x.ordered(visit)
	case x.partitioned():
		return x.merged(visit)
	case x.plan.Access == plan.Lookup:
		return x.lookup(visit)
	case x.plan.Access == plan.Seek && !x.index.covering && !x.keysOnly:
		return x.fetched(visit)
	case x.plan.Access == plan.Seek:
		return x.ranges(x.index.prefix, x.entry, visit)
	default:
		return x.ranges(appendStatesPrefix(nil, x.col.number), x.state, visit)
	}
}

// tick looks at the context now and then.
func (x *selector) tick() error {
	x.visited++
	if x.visited%checkEvery == 0 {
		return x.ctx.Err()
	}
	return nil
}

// matches reports whether the row is part of the result, the window aside. Plans
// that leave nothing to test read an index, which holds no deleted entities.
func (x *selector) matches(r *model.Row) bool {
	x.tested++
	if x.plan.Residual && !x.plan.Query.Match(r) {
		return false
	}
	x.matched++
	return true
}

// ranges visits what consider accepts among the keys of the plan's ranges below
// a prefix.
func (x *selector) ranges(prefix []byte, consider func(prefix []byte, it Iterator) (bool, error), visit func() bool) error {
	if m := x.col.mirror; m != nil {
		defer func() { m.read.Add(int64(x.visited)) }()
	}
	ranges := x.plan.Ranges
	for i := range ranges {
		r := ranges[i]
		if x.plan.Reverse {
			r = ranges[len(ranges)-1-i]
		}
		more, err := x.oneRange(prefix, r, consider, visit)
		if err != nil || !more {
			return err
		}
	}
	if m := x.col.mirror; m != nil && x.plan.Access == plan.Scan && x.everything() {
		m.rows.Store(int64(x.visited))
	}
	return nil
}

// everything reports whether the plan's ranges leave out nothing.
func (x *selector) everything() bool {
	ranges := x.plan.Ranges
	return len(ranges) == 1 && len(ranges[0].Low) == 0 && ranges[0].High == nil
}

func (x *selector) oneRange(prefix []byte, r plan.Range, consider func([]byte, Iterator) (bool, error), visit func() bool) (more bool, err error) {
	bounds := append(append(make([]byte, 0, 2*len(prefix)+len(r.Low)+len(r.High)), prefix...), r.Low...)
	lo := bounds
	if r.High == nil {
		bounds = successor(bounds, prefix)
	} else {
		bounds = append(append(bounds, prefix...), r.High...)
	}
	it := x.reader.Scan(lo, bounds[len(lo):], x.plan.Reverse)
	for it.Next() {
		if err = x.tick(); err != nil {
			break
		}
		var ok bool
		if ok, err = consider(prefix, it); err != nil {
			break
		}
		if ok && !visit() {
			return false, it.Close()
		}
	}
	closeErr := it.Close()
	if err == nil {
		err = closeErr
	}
	return err == nil, err
}

// state considers a key of the state table.
func (x *selector) state(_ []byte, it Iterator) (bool, error) {
	id := lastID(it.Key())
	if x.filter != nil && !x.filter.Match(nil, id) {
		return false, nil
	}
	return x.decode(id, it.Value(), false)
}

// entry considers a key of an index which says all that is asked.
func (x *selector) entry(prefix []byte, it Iterator) (bool, error) {
	id, ok := x.passes(prefix, it.Key())
	if !ok || x.keysOnly {
		return ok, nil
	}
	return x.decode(id, it.Value(), false)
}

// passes tests what the plan's filter can test on a key of an index.
func (x *selector) passes(prefix, key []byte) (event.ID, bool) {
	id := lastID(key)
	return id, x.filter == nil || x.filter.Match(key[len(prefix):len(key)-idSize], id)
}

// decode makes a row of encoded bytes the candidate, if it matches. whole says
// that the bytes are read into the heap for this row alone.
func (x *selector) decode(id event.ID, value []byte, whole bool) (bool, error) {
	merge, err := decodeRow(&x.row, id, value)
	if err != nil {
		return false, corruptRecord(x.col.name, id, err)
	}
	if !x.matches(&x.row) {
		return false, nil
	}
	if !whole || x.snapshot.engine.cache == nil {
		value = value[:len(value)-len(merge)]
	}
	x.resident, x.value, x.whole = nil, value, whole
	return true, nil
}
