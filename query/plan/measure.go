package plan

import (
	"slices"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// Statistics tell how many rows a plan would read. What they say may be out of date
// or cut short: a plan is right whatever it is. A Statistics is for one goroutine.
type Statistics interface {
	// Rows returns about how many rows the collection has; ok is false if nobody
	// knows.
	Rows() (n int, ok bool)
	// Keys returns how many keys of the index at a position lie in some ranges. If
	// whole is false there may be more: to count goes no further than to about most.
	// For many ranges it may count in some and guess the others.
	Keys(index int, ranges []Range, most int) (n int, whole bool)
	// Of returns the statistics of another collection.
	Of(s *model.Schema) Statistics
}

const (
	fewestRows = 1000 // that a collection is taken to have: it may have grown
	shortDive  = 64   // keys that are counted of a part
	deepDive   = 1024 // if there are as many of all parts
	noneFewer  = 8    // rows below which there is nothing to choose
)

// source is an index whose leading columns the predicate bounds.
type source struct {
	plan    Plan // of one range or more, unsorted
	columns []int
	counted
}

// counted is a number of keys that were counted; zero if they were not.
type counted struct {
	keys  int
	whole bool // there are no more
}

// known reports whether keys were counted.
func (c counted) known() bool { return c.whole || c.keys > 0 }

// measure counts the keys that parts of the plan would read, if it matters. It does
// if no one index is the obvious one: if there are several that bound different
// columns, or one that has to be weighed against reading in the query's order up
// to its limit.
func (q *analysis) measure(indexes []model.Index, s Statistics) {
	q.know(s)
	if f := q.fact(model.ColumnID); q.empty || f != nil && f.finite {
		return
	}
	q.countSearches(indexes, s)
	if q.obvious(indexes) {
		return
	}
	sources := q.sources(indexes)
	if !q.choice(sources) {
		return
	}
	q.statistics = s
	q.counts = make([]counted, len(indexes))
	if q.count(sources, shortDive) == 0 {
		q.count(sources, deepDive)
	}
	for i := range sources {
		q.weigh(&sources[i])
	}
	q.weighUnion(indexes)
}

// weighUnion takes in how many keys a union has that is all the predicate says: reading in
// the query's order up to its limit is the better, the more rows match.
func (q *analysis) weighUnion(indexes []model.Index) {
	if _, limited := q.query.Limit(); limited && len(q.terms) == 1 {
		q.unions(indexes, cheapest, func(p *Plan) { q.terms[0].part = p.passed / q.rows })
	}
}

// know takes in how many rows the collection has.
func (q *analysis) know(s Statistics) {
	q.known = s
	if n, ok := s.Rows(); ok {
		q.rows = float64(max(n, fewestRows))
	}
}

// sources returns the indexes that the predicate bounds, those that are expected to
// leave least first. One that bounds no column that another does not bound is none.
func (q *analysis) sources(indexes []model.Index) []source {
	var all []source
	for i := range indexes {
		p := Plan{Access: Seek, Index: i, columns: indexes[i].Columns}
		if indexes[i].FullText {
			continue
		}
		if p.bound = q.boundColumns(p.columns); p.bound == 0 {
			continue
		}
		x := source{plan: p}
		x.plan.keys = q.rows
		for _, c := range p.columns[:p.bound] {
			x.columns = append(x.columns, c.Field)
			x.plan.keys *= q.fact(c.Field).part
		}
		all = append(all, x)
	}
	slices.SortStableFunc(all, func(a, b source) int { return order(b.plan.keys < a.plan.keys, a.plan.keys < b.plan.keys) })
	kept := all[:0]
	for _, x := range all {
		if !slices.ContainsFunc(kept, func(o source) bool { return o.bindsAll(x.columns) }) {
			kept = append(kept, x)
		}
	}
	return kept
}

func (x *source) bindsAll(columns []int) bool {
	return !slices.ContainsFunc(columns, func(c int) bool { return !slices.Contains(x.columns, c) })
}

// obvious reports whether there is no more than one index to choose, at a glance.
func (q *analysis) obvious(indexes []model.Index) bool {
	if _, limited := q.query.Limit(); limited {
		return false
	}
	n := q.alternatives() + len(q.found)
	for i := range indexes {
		if f := q.fact(indexes[i].Columns[0].Field); f != nil && !f.set.Everything() && !indexes[i].FullText {
			n++
		}
	}
	return n < 2
}

// alternatives is how many unions there may be, and references to look behind.
func (q *analysis) alternatives() (n int) {
	for i := range q.terms {
		if _, ok := q.terms[i].condition.(query.Or); ok && len(q.terms[i].columns) > 1 {
			n++
		}
	}
	for _, f := range q.query.Follows() {
		if f.From < 0 && !slices.Contains(q.asked, f.Column) {
			n++
		}
	}
	return n
}

// choice reports whether it matters how many rows sources have.
func (q *analysis) choice(sources []source) bool {
	n := len(sources) + q.alternatives() + len(q.found)
	_, limited := q.query.Limit()
	if n != 1 || len(sources) == 0 {
		return n > 1 || n == 1 && limited
	}
	return limited && !q.orders(sources[0].plan)
}

// orders reports whether a plan, or the same read backwards, comes in the query's order.
func (q *analysis) orders(p Plan) bool {
	for _, p.Reverse = range [...]bool{false, true} {
		if q.sort(&p); p.Sorted || p.Prefix > 0 {
			return true
		}
	}
	return false
}

// count counts the keys of sources, up to a number. It returns how many it
// counted whole.
func (q *analysis) count(sources []source, most int) (whole int) {
	for i := range sources {
		x := &sources[i]
		if x.plan.Ranges == nil {
			x.plan.Ranges = q.keyRanges(&x.plan)
		}
		if x.keys, x.whole = q.statistics.Keys(x.plan.Index, x.plan.Ranges, most); !x.whole {
			continue
		}
		if whole++; x.keys < noneFewer {
			break
		}
	}
	return whole
}

// weigh takes in how many keys a source has.
func (q *analysis) weigh(x *source) {
	if !x.known() {
		return
	}
	n := q.likely(x.counted, x.plan.keys)
	q.counts[x.plan.Index] = counted{int(n), x.whole}
	if q.most = min(q.most, n); len(x.columns) > 1 {
		return
	}
	f := q.fact(x.columns[0])
	f.part = n / q.rows
	part := f.part
	for i := range q.terms {
		if t := &q.terms[i]; t.exact && len(t.columns) == 1 && t.columns[0] == f.column {
			t.part, part = part, 1 // the first stands for all of them
		}
	}
}

// measurePart counts the keys of a part of a union.
func (q *analysis) measurePart(p *Plan) {
	if q.statistics == nil || p.Access != Seek {
		return
	}
	var n counted
	n.keys, n.whole = q.statistics.Keys(p.Index, p.Ranges, shortDive)
	if _, limited := q.query.Limit(); limited && !n.whole {
		if n.keys, n.whole = q.statistics.Keys(p.Index, p.Ranges, deepDive); !n.whole {
			n.keys *= manyMore
		}
	}
	keys := q.likely(n, p.keys)
	p.passed *= keys / max(p.keys, 1e-9)
	p.keys, p.sure = keys, n.whole
	p.cost = rangeCost*float64(len(p.Ranges)) + p.keys*keyCost + p.passed*fetchWeight
}

// likely returns how many keys there are, by a count and a guess.
func (q *analysis) likely(n counted, guess float64) float64 {
	keys := float64(n.keys)
	if !n.whole {
		keys = max(keys, guess)
	}
	return min(keys, q.rows)
}
