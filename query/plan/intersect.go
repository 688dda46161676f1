package plan

import (
	"slices"

	"github.com/ankgo/ank/model"
)

// paying calls yield with the intersections that may pay, assessed: the part that
// has the fewest rows, with others as long as reading their keys takes less time
// than getting the rows which they leave out.
func (q *analysis) paying(indexes []model.Index, backwards bool, yield func(Plan)) {
	parts := q.independent(indexes)
	if len(parts) < 2 {
		return
	}
	best := q.intersect(parts[:1])
	for _, p := range parts[1:] {
		next := q.intersect(append(slices.Clip(best.Parts), p))
		if len(next.Parts) <= maxPartner && next.cost < best.cost {
			best = next
		}
	}
	if len(best.Parts) < 2 {
		return
	}
	for _, p := range best.Parts {
		q.finishPart(p)
	}
	yield(q.assessParts(*best))
	if backwards {
		best.Reverse = true
		yield(q.assessParts(*best))
	}
}

// independent returns parts that say something about different columns, those that
// are cheapest by themselves first. They are counted, for by guess an intersection
// may take much longer than one of its parts.
func (q *analysis) independent(indexes []model.Index) []*Plan {
	if f := q.fact(model.ColumnID); q.empty || f != nil && f.finite {
		return nil
	}
	parts := slices.DeleteFunc(q.parts(indexes, cheapest), func(p *Plan) bool { return !p.sure })
	slices.SortStableFunc(parts, func(a, b *Plan) int { return order(b.cost < a.cost, a.cost < b.cost) })
	var bound []int
	kept := parts[:0]
	for _, p := range parts {
		fields := p.fields()
		if slices.ContainsFunc(fields, func(c int) bool { return slices.Contains(bound, c) }) {
			continue
		}
		bound = append(bound, fields...)
		kept = append(kept, p)
	}
	return kept
}

// fields returns the columns that a part's ranges bound.
func (p *Plan) fields() []int {
	var all []int
	for _, c := range p.columns[:p.bound] {
		all = append(all, c.Field)
	}
	for _, part := range p.Parts {
		all = append(all, part.fields()...)
	}
	return all
}

// eachIntersection calls yield with a plan for every two parts, and for all of
// them, assessed.
func (q *analysis) eachIntersection(indexes []model.Index, yield func(Plan)) {
	if f := q.fact(model.ColumnID); q.empty || f != nil && f.finite {
		return
	}
	parts := q.parts(indexes, cheapest)
	for _, p := range parts {
		q.finishPart(p)
	}
	both := func(parts ...*Plan) {
		p := q.intersect(parts)
		yield(q.assessParts(*p))
		p.Reverse = true
		yield(q.assessParts(*p))
	}
	for i, a := range parts {
		for _, b := range parts[i+1:] {
			both(a, b)
		}
	}
	if len(parts) > 2 {
		both(parts...)
	}
}

// intersect returns a plan of the rows that all parts have. What parts say is
// taken to be independent.
func (q *analysis) intersect(parts []*Plan) *Plan {
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b *Plan) int { return order(b.keys < a.keys, a.keys < b.keys) })
	x := &Plan{Query: q.query, Access: Intersect, Index: -1, Parts: parts, Residual: true, passed: q.rows}
	for _, p := range parts {
		x.keys += p.keys
		x.passed *= p.passed / q.rows
	}
	if x.cost = x.passed * fetchWeight; len(parts) > 1 {
		x.cost += x.keys * mergeCost
	}
	for _, p := range parts {
		x.cost += p.gatherCost()
	}
	return x
}
