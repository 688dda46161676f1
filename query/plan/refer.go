package plan

import (
	"math"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// MaxReferred is how many entities a reference may lead to for the rows to be looked
// up by them: beyond it, reading the rows and following the references of each is
// as quick.
const MaxReferred = 1000

// Reference is what a plan asks before it reads rows: which entities a reference
// may lead to.
type Reference struct {
	// Column is the reference, in the schema of the plan's query.
	Column int
	// Query selects the entities, in no order. One without it is no part of the result.
	Query *query.Checked
	// Otherwise is the plan if they are more than MaxReferred.
	Otherwise *Plan

	indexes []model.Index
	asked   []int // the references asked before this one
}

// Narrow returns the plan to go on with when the entities are known that the plan's
// reference may lead to. It may ask for another reference.
func (p *Plan) Narrow(to []event.ID, s Statistics) *Plan {
	r := p.Reference
	q := analyse(p.Query.Leading(r.Column, to))
	q.asked = append(r.asked[:len(r.asked):len(r.asked)], r.Column)
	if s != nil {
		q.measure(r.indexes, s)
	}
	return q.best(r.indexes)
}

// AsFound returns a plan with the same rows in any order, for whoever asks for
// nothing but which they are.
func (p *Plan) AsFound() *Plan {
	any := *p
	any.Sorted = true
	return &any
}

// eachReference calls yield with the plans that ask for the entities behind a reference
// first, assessed. otherwise is the plan that does not.
func (q *analysis) eachReference(indexes []model.Index, otherwise *Plan, yield func(Plan)) {
	for i, f := range q.query.Follows() {
		known := q.fact(f.Column)
		if f.From >= 0 || q.empty || slices.Contains(q.asked, f.Column) || known != nil && known.finite {
			continue
		}
		behind, ok := q.query.Behind(i)
		if !ok {
			continue
		}
		yield(Plan{
			Query: q.query, Access: Refer, Index: -1, Residual: true,
			Reference: &Reference{Column: f.Column, Query: behind, Otherwise: otherwise, indexes: indexes, asked: q.asked},
			cost:      q.referCost(f, behind, indexes),
		})
	}
}

// referCost estimates what it costs to ask for entities and then for the rows that
// refer to them.
func (q *analysis) referCost(f query.Follow, behind *query.Checked, indexes []model.Index) float64 {
	there := analyse(behind)
	if q.known != nil {
		there.know(q.known.Of(f.Schema))
	}
	part := 1.0
	for i := range there.terms {
		part *= there.terms[i].part
	}
	here := *q
	here.facts = append(q.facts[:len(q.facts):len(q.facts)], fact{column: f.Column, set: somePoints, values: make([]model.Value, 2), finite: true, part: part})
	cost := math.Inf(1)
	here.each(indexes, len(q.query.Order()) > 0, func(p Plan) {
		if p.binds(f.Column) {
			cost = min(cost, p.cost)
		}
	})
	if !math.IsInf(cost, 1) {
		cost += there.best(f.Schema.Indexes()).cost + rangeCost*part*there.rows
	}
	return cost
}

// somePoints stands for the entities that a reference may lead to.
var somePoints = union([]Set{point(model.OfID(event.ID{1})), point(model.OfID(event.ID{2}))})
