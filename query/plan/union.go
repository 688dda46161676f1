package plan

import (
	"slices"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// eachUnion calls yield with a plan for each disjunction of the predicate that
// parts can be found for, assessed.
func (q *analysis) eachUnion(indexes []model.Index, backwards bool, pick picker, yield func(Plan)) {
	if q.empty {
		return
	}
	q.unions(indexes, pick, func(p *Plan) {
		yield(q.assessParts(*p))
		if backwards {
			p.Reverse = true
			yield(q.assessParts(*p))
		}
	})
}

// unions calls yield with a part for each disjunction, if each of its branches has
// one.
func (q *analysis) unions(indexes []model.Index, pick picker, yield func(*Plan)) {
	if q.depth == maxNested {
		return
	}
	tried := 0
	for i := range q.terms {
		or, ok := q.terms[i].condition.(query.Or)
		if !ok || len(q.terms[i].columns) < 2 && !slices.ContainsFunc(or, searches) { // one column has a set
			continue
		}
		if p := q.union(i, or, indexes, pick); p != nil {
			yield(p)
		}
		if tried++; tried == maxUnions {
			return
		}
	}
}

// union returns a part that has the rows of a disjunction, nil if a branch has
// none. Branches that read the same index share a part, so there are no more parts
// than indexes, and some.
func (q *analysis) union(at int, or query.Or, indexes []model.Index, pick picker) *Plan {
	var g gathering
	outer := q.others(at)
	for _, c := range or {
		b := q.branch(c, outer)
		if b.empty {
			continue
		}
		parts := b.parts(indexes, pick)
		if len(parts) == 0 {
			return nil
		}
		p := pick(parts)
		p.covers = []query.Condition{c}
		if b.finishPart(p); !g.add(p) {
			return nil
		}
	}
	return g.union(q)
}

// gathering collects the parts of a union.
type gathering struct {
	parts  []*Plan
	ranges int
}

// add adds a part. It returns false if there are too many ranges.
func (g *gathering) add(p *Plan) bool {
	if p.Access == Union { // of which no one sees that it is inside another
		for _, part := range p.Parts {
			if !g.add(part) {
				return false
			}
		}
		return true
	}
	if g.ranges += len(p.Ranges) + len(p.IDs); g.ranges > maxRanges {
		return false
	}
	i := slices.IndexFunc(g.parts, func(o *Plan) bool { return o.Access == p.Access && o.Index == p.Index && p.Access != Intersect })
	if i < 0 {
		g.parts = append(g.parts, p)
		return true
	}
	g.parts[i].join(p)
	return true
}

// join adds what another part of the same kind has.
func (p *Plan) join(o *Plan) {
	p.Ranges, p.IDs = append(p.Ranges, o.Ranges...), append(p.IDs, o.IDs...)
	p.covers = append(p.covers, o.covers...)
	p.bound = min(p.bound, o.bound)
	p.keys, p.passed, p.cost = p.keys+o.keys, p.passed+o.passed, p.cost+o.cost
	either, _ := p.tests.(query.Or)
	if p.Filter && either == nil {
		either = query.Or{p.tests}
	}
	if p.Filter = p.Filter && o.Filter && len(either) < manyTests; p.Filter {
		p.tests = append(slices.Clip(either), o.tests)
	} else {
		p.tests = nil
	}
}

// union returns a plan of the parts.
func (g *gathering) union(q *analysis) *Plan {
	u := &Plan{Query: q.query, Access: Union, Index: -1, Parts: g.parts, Residual: true, sure: true}
	for _, p := range g.parts {
		p.Ranges, p.IDs = mergeRanges(p.Ranges), mergeIDs(p.IDs)
		q.measurePart(p)
		u.sure = u.sure && p.sure
		u.keys += p.keys
		u.passed += p.passed
		u.cost += p.cost
		u.covers = append(u.covers, p.covers...)
	}
	u.passed = min(u.passed, q.rows)
	return u
}

// assessParts fills in what a plan of parts is worth.
func (q *analysis) assessParts(p Plan) Plan {
	q.sort(&p)
	matching := q.rows
	for i := range q.terms {
		matching *= q.terms[i].part
	}
	q.finish(&p, p.gatherCost(), p.passed*(fetchWeight+q.join), min(matching, p.passed, q.most))
	return p
}

// gatherCost is what it costs to have the IDs of a part.
func (p *Plan) gatherCost() float64 {
	if len(p.Parts) == 0 {
		return p.cost - p.passed*fetchWeight
	}
	cost := p.keys * mergeCost
	for _, part := range p.Parts {
		cost += part.gatherCost()
	}
	return cost
}
