package plan

import (
	"slices"

	"github.com/ankgo/ank/model"
)

// eachIntersection calls yield with a plan for every two parts that say something
// about different columns, assessed.
func (q *analysis) eachIntersection(indexes []model.Index, yield func(Plan)) {
	if f := q.fact(model.ColumnID); q.empty || f != nil && f.finite {
		return
	}
	parts := q.parts(indexes, cheapest)
	for _, p := range parts {
		q.finishPart(p)
	}
	for i, a := range parts {
		for _, b := range parts[i+1:] {
			p := q.intersect([]*Plan{a, b})
			yield(q.assessParts(*p))
			p.Reverse = true
			yield(q.assessParts(*p))
		}
	}
}

// intersect returns a plan of the rows that all parts have. What parts say is
// taken to be independent.
func (q *analysis) intersect(parts []*Plan) *Plan {
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b *Plan) int { return order(b.keys < a.keys, a.keys < b.keys) })
	x := &Plan{Query: q.query, Access: Intersect, Index: -1, Parts: parts, Residual: true, passed: rows}
	for _, p := range parts {
		x.keys += p.keys
		x.passed *= p.passed / rows
		x.cost += p.cost - p.passed*fetchWeight
	}
	x.cost += x.passed * fetchWeight
	return x
}
