package plan

import (
	"math"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// New returns the plan that promises to read least, by guess. Index numbers refer to
// positions in indexes, which are those that exist for the query's collection;
// it may be empty.
func New(c *query.Checked, indexes []model.Index) *Plan {
	return analyse(c).best(indexes)
}

// Measured returns the plan that promises to read least. Where that is not obvious,
// it asks how much there is to read.
func Measured(c *query.Checked, indexes []model.Index, s Statistics) *Plan {
	q := analyse(c)
	q.measure(indexes, s)
	return q.best(indexes)
}

func (q *analysis) best(indexes []model.Index) *Plan {
	best := &Plan{cost: math.Inf(1)}
	backwards := len(q.query.Order()) > 0
	take := func(p Plan) {
		if p.cost < best.cost {
			*best = p
		}
	}
	q.each(indexes, backwards, take)
	q.eachUnion(indexes, backwards, cheapest, take)
	q.eachSearch(indexes, backwards, take)
	if q.statistics != nil {
		q.paying(indexes, backwards, take)
	}
	if q.join > 0 {
		otherwise := *best
		q.complete(&otherwise, indexes)
		q.eachReference(indexes, &otherwise, take)
	}
	return q.complete(best, indexes)
}

// Plans returns every plan that answers the query: all of them have the same
// result. There is at least one.
func Plans(c *query.Checked, indexes []model.Index) []*Plan {
	q := analyse(c)
	var plans []*Plan
	add := func(p Plan) { plans = append(plans, q.complete(&p, indexes)) }
	q.each(indexes, true, add)
	for first := range len(indexes) + 1 {
		q.eachUnion(indexes, true, preferring(first), add)
	}
	q.eachIntersection(indexes, add)
	q.eachSearch(indexes, true, add)
	if q.join > 0 {
		q.eachReference(indexes, plans[0], add)
	}
	return plans
}

// each calls yield with every plan, assessed but not complete. Plans that read
// backwards are left out if order is false.
func (q *analysis) each(indexes []model.Index, order bool, yield func(Plan)) {
	directions := []bool{false, true}
	if !order {
		directions = directions[:1]
	}
	if f := q.fact(model.ColumnID); q.empty || f != nil && f.finite {
		p := Plan{Query: q.query, Access: Lookup, Index: -1, Reverse: q.descending()}
		yield(q.assess(p, lookupCost))
		return
	}
	for _, reverse := range directions {
		yield(q.assess(Plan{Query: q.query, Access: Scan, Index: -1, Reverse: reverse}, 1))
		for i := range indexes {
			if indexes[i].FullText {
				continue // it is no order of rows
			}
			weight := fetchWeight
			if indexes[i].Covering {
				weight = coverWeight
			}
			p := Plan{Query: q.query, Access: Seek, Index: i, Reverse: reverse, columns: indexes[i].Columns}
			yield(q.assess(p, weight))
		}
	}
}

// descending reports whether the query wants its rows by descending ID.
func (q *analysis) descending() bool {
	order := q.query.Order()
	return len(order) > 0 && order[0].Column == model.ColumnID && order[0].Desc
}

// assess fills in what a plan is worth, before its ranges are made. weight is what
// it costs to read one row.
func (q *analysis) assess(p Plan, weight float64) Plan {
	p.bound = q.boundColumns(p.columns)
	p.Residual = p.Access != Seek // only indexes are free of deleted rows
	for i := range q.terms {
		switch t := &q.terms[i]; {
		case q.empty, p.implies(t):
		case p.answers(t):
			p.Filter = true
		default:
			p.Residual = true
		}
	}
	q.sort(&p)
	q.price(&p, weight+q.join)
	return p
}

// complete makes the ranges or IDs of a plan that was assessed, and its filter.
func (q *analysis) complete(p *Plan, indexes []model.Index) *Plan {
	p.part = q.part()
	p.name(indexes)
	switch p.Access {
	case Union, Intersect, Refer: // its parts are complete
		return p
	case Lookup:
		p.IDs = q.ids(p.Reverse)
	case Scan:
		p.Ranges = q.idRanges()
	case Seek:
		q.seekRanges(p)
	}
	if !p.Filter {
		return p
	}
	var tests query.And
	for i := range q.terms {
		if t := &q.terms[i]; !p.implies(t) && p.answers(t) {
			tests = append(tests, t.condition)
		}
	}
	p.tests = tests
	if len(tests) == 1 {
		p.tests = tests[0]
	}
	return p
}

// part is the part of all rows that is expected to match.
func (q *analysis) part() float64 {
	if q.empty {
		return 0
	}
	part := 1.0
	for i := range q.terms {
		part *= q.terms[i].part
	}
	return min(part, q.most/q.rows)
}

// name finds out which indexes the plan and its parts read.
func (p *Plan) name(indexes []model.Index) {
	if p.Access == Seek {
		p.index = &indexes[p.Index]
	}
	for _, part := range p.Parts {
		part.name(indexes)
	}
}

// ids returns the IDs that the predicate names.
func (q *analysis) ids(reverse bool) []event.ID {
	if q.empty {
		return nil
	}
	values := q.fact(model.ColumnID).values
	ids := make([]event.ID, len(values))
	for i, v := range values {
		if reverse {
			i = len(ids) - 1 - i
		}
		ids[i] = v.ID()
	}
	return ids
}
