package plan

import (
	"math"

	"github.com/ankgo/ank/query"
)

// Costs are relative to reading one row in passing. They rank the plans of one
// query, no more.
const (
	usualRows   = 10_000 // in a collection, if nobody knows how many
	rangeCost   = 2      // to go to where a range begins
	lookupCost  = 4      // to get one row by its ID
	keyCost     = 0.2    // to read one key of an index
	mergeCost   = 0.05   // to merge one ID with those of other parts
	joinCost    = 1.0    // to follow the references of a row
	fetchWeight = 3.0    // to get the row of a key
	coverWeight = 1.0    // to get it from an index that holds it
	compareIDs  = 0.1    // to compare two rows by their IDs
	compareKeys = 0.3    // to compare two rows by a key of ORDER BY
)

// price estimates the plan's cost. weight is what a row costs that is read.
func (q *analysis) price(p *Plan, weight float64) {
	if p.Access == Lookup { // there is no other plan then
		p.cost = lookupCost
		return
	}
	read, ranges := q.expect(p)
	passed, matching := read, read
	for i := range q.terms {
		t := &q.terms[i]
		if p.implies(t) {
			continue
		}
		matching *= t.part
		if p.answers(t) {
			passed *= t.part
		}
	}
	keys := 0.0
	if p.Access == Seek {
		keys = read * keyCost
	}
	p.keys, p.passed = read, passed
	q.finish(p, rangeCost*float64(ranges), keys+passed*weight, min(matching, q.most))
}

// expect estimates how many keys a plan reads, and in how many ranges.
func (q *analysis) expect(p *Plan) (read float64, ranges int) {
	if p.searched > 0 {
		return p.keys, len(p.Ranges)
	}
	read, ranges = q.rows, 1
	for i := range q.facts {
		if f := &q.facts[i]; p.binds(f.column) {
			read *= f.part
			ranges *= f.set.size()
		}
	}
	if p.Access == Seek && p.bound > 0 && q.counts != nil && q.counts[p.Index].known() {
		read, p.sure = float64(q.counts[p.Index].keys), q.counts[p.Index].whole
	}
	return read, ranges
}

// finish adds what it costs to come to the end of the query's window. first is
// the cost before the first row, reading that of all rows, as many as matching
// of which are expected to match.
func (q *analysis) finish(p *Plan, first, reading, matching float64) {
	kept := matching
	if limit, ok := q.query.Limit(); ok {
		wanted := float64(limit+q.query.Offset()) + 1
		kept = min(matching, wanted)
		if p.Sorted || p.Prefix > 0 {
			// What comes sorted is read until the limit is reached.
			reading *= min(1, wanted/max(matching, 1))
			matching = kept
		}
	}
	if !p.Sorted {
		reading += q.sortCost(p, matching, kept)
	}
	p.cost = first + reading
}

// sortCost is what it costs to sort the first rows, as many as are kept, out of
// all that are found: each is compared with the last one kept, and those among
// themselves.
func (q *analysis) sortCost(p *Plan, found, kept float64) float64 {
	compare := compareIDs
	if p.Prefix < len(q.query.Order()) {
		compare = compareKeys
	}
	return compare * (found + kept*math.Log2(kept+1))
}

// The parts of all rows that satisfy the simplest conditions, by guess. A range
// of an index that turns out to hold all rows costs a few times what a scan
// does, and a scan that an index would have spared costs any number of times as
// much: so what can be either is guessed to be small.
const (
	equalPart   = 0.005 // equal to one value
	betweenPart = 0.05  // between two values
	besidePart  = 0.2   // above or below one value
	nullPart    = 0.1   // NULL
	presentPart = 0.2   // not NULL, where NULL is possible
	otherPart   = 0.9   // not equal to one value, or not between two
	unknownPart = 0.5   // everything else
)

// selectivity guesses which part of all rows has its value in a set. nullable
// says that NULL is possible.
func selectivity(s Set, nullable bool) float64 {
	n := len(s.Intervals)
	switch {
	case s.Everything():
		return 1
	case n > 1 && s.Intervals[0].Low.IsNull() && s.Intervals[n-1].High.IsNull():
		return otherPart
	}
	part := 0.0
	if s.Null {
		part = nullPart
	}
	for _, i := range s.Intervals {
		switch {
		case i.unbounded() && nullable:
			part += presentPart
		case i.unbounded():
			return 1
		case i.Low.IsNull(), i.High.IsNull():
			part += besidePart
		case i.point():
			part += equalPart
		default:
			part += betweenPart
		}
	}
	return min(part, 1)
}

// guess guesses which part of all rows satisfies a condition.
func guess(c query.Condition) float64 {
	switch c := c.(type) {
	case query.And:
		part := 1.0
		for _, t := range c {
			part *= guess(t)
		}
		return part
	case query.Or:
		part := 0.0
		for _, t := range c {
			part += guess(t)
		}
		return min(part, 1)
	case query.Compare:
		switch c.Op {
		case query.Eq:
			return equalPart
		case query.Ne:
			return otherPart
		default:
			return besidePart
		}
	case query.Match:
		return matchPart(c)
	case query.In:
		if c.Negated {
			return otherPart
		}
		return min(1, float64(len(c.Values))*equalPart)
	}
	return unknownPart
}
