package plan

import (
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// analysis is what all plans of a query share.
type analysis struct {
	query   *query.Checked
	schema  *model.Schema
	terms   []query.Condition // the predicate is their conjunction
	domains map[int]Set       // of the columns asked for so far
}

func analyse(c *query.Checked) *analysis {
	q := &analysis{query: c, schema: c.Schema(), domains: map[int]Set{}}
	switch w := c.Where().(type) {
	case query.And:
		q.terms = w
	case query.Const:
		if !w {
			q.terms = []query.Condition{w}
		}
	default:
		q.terms = []query.Condition{w}
	}
	return q
}

// domain returns the values a column can have in rows that match.
func (q *analysis) domain(column int) Set {
	set, ok := q.domains[column]
	if !ok {
		set, _ = Domain(q.schema, q.query.Where(), column)
		q.domains[column] = set
	}
	return set
}

// constant reports whether all rows that match have the same value in a column.
func (q *analysis) constant(column int) bool {
	set := q.domain(column)
	values, ok := set.Values()
	return ok && len(values) <= 1
}

// settle decides what remains of the predicate once rows are known to have
// values of their domain in some columns: what the columns of a key and the ID
// can answer goes to the filter, everything else to the row.
func (q *analysis) settle(p *Plan, bound []int) {
	var tests []query.Condition
	for _, t := range q.terms {
		switch {
		case q.implied(t, bound):
		case p.answers(t):
			tests = append(tests, t)
		default:
			p.Residual = true
		}
	}
	switch len(tests) {
	case 0:
		return
	case 1:
		p.tests = tests[0]
	default:
		p.tests = query.And(tests)
	}
	p.Filter = true
}

// implied reports whether a term says nothing beyond the domain of one of the
// columns.
func (q *analysis) implied(t query.Condition, columns []int) bool {
	for _, c := range columns {
		if _, exact := Domain(q.schema, t, c); exact {
			return true
		}
	}
	return false
}

// answers reports whether a condition can be tested on the plan's keys and IDs.
func (p *Plan) answers(c query.Condition) bool {
	switch c := c.(type) {
	case query.And:
		return p.answersAll(c)
	case query.Or:
		return p.answersAll(c)
	case query.Compare:
		return p.knows(c.Column)
	case query.CompareColumns:
		return p.knows(c.Column) && p.knows(c.Other)
	case query.In:
		return p.knows(c.Column)
	case query.Like:
		return p.knows(c.Column)
	case query.IsNull:
		return p.knows(c.Column)
	}
	return true
}

func (p *Plan) answersAll(conditions []query.Condition) bool {
	for _, c := range conditions {
		if !p.answers(c) {
			return false
		}
	}
	return true
}

// knows reports whether a column's value can be had from a key and an ID.
func (p *Plan) knows(column int) bool {
	if column == model.ColumnID || column == model.ColumnCreated {
		return true
	}
	for _, c := range p.columns {
		if c.Field == column {
			return true
		}
	}
	return false
}

// primary returns the plans that read no index: by ID if the predicate names
// the IDs, else through the collection, forwards and backwards.
func (q *analysis) primary() []*Plan {
	ids := q.domain(model.ColumnID)
	if values, ok := ids.Values(); ok {
		return []*Plan{q.lookup(values)}
	}
	ranges := idRanges(intersect(ids, createdIDs(q.domain(model.ColumnCreated))))
	plans := make([]*Plan, 0, 2)
	for _, reverse := range []bool{false, true} {
		p := &Plan{Query: q.query, Access: Scan, Index: -1, Ranges: ranges, Reverse: reverse}
		plans = append(plans, q.finish(p, []int{model.ColumnID, model.ColumnCreated}, 1))
	}
	return plans
}

func (q *analysis) lookup(values []model.Value) *Plan {
	p := &Plan{Query: q.query, Access: Lookup, Index: -1, IDs: make([]event.ID, 0, len(values))}
	order := q.query.Order()
	p.Reverse = len(order) > 0 && order[0].Column == model.ColumnID && order[0].Desc
	for i := range values {
		if p.Reverse {
			i = len(values) - 1 - i
		}
		if !values[i].IsNull() {
			p.IDs = append(p.IDs, values[i].ID())
		}
	}
	return q.finish(p, []int{model.ColumnID}, lookupCost)
}

// seek returns the plan that reads an index.
func (q *analysis) seek(i int, index model.Index, reverse bool) *Plan {
	p := &Plan{Query: q.query, Access: Seek, Index: i, Reverse: reverse, columns: index.Columns}
	var bound []int
	p.Ranges, bound = q.bounds(index.Columns)
	if index.Covering {
		return q.finish(p, bound, coverWeight)
	}
	return q.finish(p, bound, fetchWeight)
}

// finish fills in what follows from where the plan finds its rows: bound names
// the columns that have no value outside their domain there, and weight says
// what it costs to read one.
func (q *analysis) finish(p *Plan, bound []int, weight float64) *Plan {
	q.settle(p, bound)
	q.sort(p)
	q.price(p, bound, weight)
	return p
}
