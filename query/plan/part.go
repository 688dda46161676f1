package plan

import (
	"bytes"
	"math"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// What is tried is bounded, so that a query of any size is planned in time that is
// proportional to its size.
const (
	maxUnions   = 4  // disjunctions of one conjunction
	maxSearches = 8  // terms of one conjunction that look for words
	maxNested   = 3  // disjunctions inside each other
	fewValues   = 16 // of a column, that are taken into every branch of a disjunction
	manyTests   = 8  // of one part, of branches or of what is around them
	maxPartner  = 4  // parts of an intersection
)

// picker chooses one of several parts, each of which has all rows of a branch.
type picker func([]*Plan) *Plan

// cheapest is the picker of the least cost.
func cheapest(parts []*Plan) *Plan {
	return slices.MinFunc(parts, func(a, b *Plan) int { return order(b.cost < a.cost, a.cost < b.cost) })
}

// preferring returns a picker of the part that reads an index, or the cheapest one
// if none does.
func preferring(index int) picker {
	return func(parts []*Plan) *Plan {
		for _, p := range parts {
			if p.Index == index {
				return p
			}
		}
		return cheapest(parts)
	}
}

// branch returns the analysis of one branch of a disjunction: what is known of the
// rows that satisfy it, and all that is around it.
func (q *analysis) branch(c query.Condition, outer []term) *analysis {
	b := &analysis{query: q.query, outer: outer, depth: q.depth + 1, rows: q.rows, most: math.Inf(1)}
	b.addAll(c)
	b.own = len(b.facts)
	for i := range q.facts {
		if f := &q.facts[i]; f.set.size() <= fewValues && !f.set.Everything() {
			b.learn(f.column, f.set)
		}
	}
	b.conclude()
	return b
}

// tells reports whether a part is bounded by what the branch says itself. What is
// around a disjunction bounds no branch of it better than the whole.
func (q *analysis) tells(p *Plan) bool {
	if q.depth == 0 {
		return true
	}
	return slices.ContainsFunc(q.facts[:q.own], func(f fact) bool { return p.binds(f.column) && !f.set.Everything() })
}

// others returns what rows satisfy beside one term, as far as it may be of use.
func (q *analysis) others(but int) []term {
	all := slices.Clone(q.outer[:min(len(q.outer), manyTests)])
	for i := range q.terms {
		if i != but && len(all) < manyTests {
			all = append(all, q.terms[i])
		}
	}
	return all
}

// parts returns the ways to get at the IDs of all rows, without ranges as yet.
func (q *analysis) parts(indexes []model.Index, pick picker) []*Plan {
	var all []*Plan
	add := func(p Plan) {
		if q.tells(&p) {
			all = append(all, q.priced(p))
		}
	}
	id := q.fact(model.ColumnID)
	switch {
	case id != nil && id.finite:
		add(Plan{Access: Lookup, Index: -1})
	case id != nil || q.fact(model.ColumnCreated) != nil:
		add(Plan{Access: Scan, Index: -1})
	}
	for i := range indexes {
		if indexes[i].FullText {
			for _, t := range q.searchesIn(&indexes[i]) {
				all = append(all, q.search(i, &indexes[i], t))
			}
			continue
		}
		p := Plan{Access: Seek, Index: i, columns: indexes[i].Columns}
		if p.bound = q.boundColumns(p.columns); p.bound > 0 {
			add(p)
		}
	}
	q.unions(indexes, pick, func(p *Plan) { all = append(all, p) })
	return all
}

// priced estimates what it costs to read a part's IDs, and to get their rows.
func (q *analysis) priced(p Plan) *Plan {
	p.Query, p.Residual = q.query, true
	read, ranges := q.expect(&p)
	p.keys, p.passed = read, read
	var tests query.And
	for _, list := range [][]term{q.outer, q.terms} {
		for i := range list {
			if t := &list[i]; !p.implies(t) && p.answers(t) && len(tests) < manyTests {
				p.passed *= t.part
				tests = append(tests, t.condition)
			}
		}
	}
	if p.setTests(tests); p.Access == Lookup {
		p.keys, p.passed = float64(ranges), float64(ranges)
	}
	p.cost = rangeCost*float64(ranges) + p.keys*keyCost + p.passed*fetchWeight
	if p.Access == Scan {
		p.cost += p.keys
	}
	return &p
}

// setTests makes conditions the plan's filter.
func (p *Plan) setTests(tests query.And) {
	switch p.Filter = len(tests) > 0; len(tests) {
	case 0:
	case 1:
		p.tests = tests[0]
	default:
		p.tests = tests
	}
}

// finishPart makes the ranges or IDs of a part.
func (q *analysis) finishPart(p *Plan) {
	switch p.Access {
	case Lookup:
		p.IDs = q.ids(false)
	case Scan:
		p.Ranges = q.idRanges()
	case Seek:
		q.seekRanges(p)
	}
}

// seekRanges makes the ranges of an index, unless they are those of words.
func (q *analysis) seekRanges(p *Plan) {
	if p.Ranges == nil {
		p.Ranges = q.keyRanges(p)
	}
}

// mergeRanges sorts ranges, and joins those that meet.
func mergeRanges(all []Range) []Range {
	slices.SortFunc(all, func(a, b Range) int { return bytes.Compare(a.Low, b.Low) })
	merged := all[:0]
	for _, r := range all {
		if n := len(merged); n > 0 && (merged[n-1].High == nil || bytes.Compare(r.Low, merged[n-1].High) <= 0) {
			if last := &merged[n-1]; last.High != nil && (r.High == nil || bytes.Compare(r.High, last.High) > 0) {
				last.High = r.High
			}
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// mergeIDs sorts IDs, each once.
func mergeIDs(all []event.ID) []event.ID {
	slices.SortFunc(all, event.ID.Compare)
	return slices.Compact(all)
}
