package plan

import "github.com/ankgo/ank/query"

// Costs are relative to reading one row in passing, and made for a collection of
// a size that nobody knows: they rank the plans of one query, no more.
const (
	rows        = 10_000 // in a collection
	rangeCost   = 2      // to go to where a range begins
	lookupCost  = 4      // to get one row by its ID
	keyCost     = 0.2    // to read one key of an index
	fetchWeight = 4.0    // to get the row of a key
	coverWeight = 1.0    // to get it from an index that holds it
	sortCost    = 0.3    // to sort one row
)

// price estimates the plan's cost. weight is what a row costs that is read.
func (q *analysis) price(p *Plan, weight float64) {
	if p.Access == Lookup { // there is no other plan then
		p.cost = lookupCost
		return
	}
	read, ranges := float64(rows), 1
	for i := range q.facts {
		if f := &q.facts[i]; p.binds(f.column) {
			read *= f.part
			ranges *= f.set.size()
		}
	}
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
	cost := passed * weight
	if p.Access == Seek {
		cost += read * keyCost
	}
	if limit, ok := q.query.Limit(); ok && (p.Sorted || p.Prefix > 0) {
		// What comes sorted is read until the limit is reached.
		wanted := float64(limit+q.query.Offset()) + 1
		cost *= min(1, wanted/max(matching, 1))
		matching = min(matching, wanted)
	}
	if !p.Sorted {
		cost += matching * sortCost
	}
	p.cost = cost + rangeCost*float64(ranges)
}

// The parts of all rows that satisfy the simplest conditions, by guess.
const (
	equalPart   = 0.005 // equal to one value
	betweenPart = 0.05  // between two values
	besidePart  = 0.2   // above or below one value
	presentPart = 0.9   // not NULL
	unknownPart = 0.5   // everything else
)

// selectivity guesses which part of all rows has its value in a set.
func selectivity(s Set) float64 {
	part := 0.0
	if s.Null {
		part = 1 - presentPart
	}
	for _, i := range s.Intervals {
		switch {
		case i.unbounded():
			part += presentPart
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
			return presentPart
		default:
			return besidePart
		}
	case query.In:
		if c.Negated {
			return presentPart
		}
		return min(1, float64(len(c.Values))*equalPart)
	}
	return unknownPart
}
