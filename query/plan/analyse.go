package plan

import (
	"math"
	"slices"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// analysis is what all plans of a query share.
type analysis struct {
	query *query.Checked
	terms []term // the predicate is their conjunction
	facts []fact // about the columns that occur in terms
	empty bool   // no row matches
	outer []term // of a branch: what else its rows satisfy
	own   int    // of a branch: how many facts are about the columns it names
	depth int    // how many disjunctions it is inside of

	asked      []int      // references that were asked before
	join       float64    // what it costs to follow the references of a row
	rows       float64    // in the collection
	known      Statistics // nil: there are none
	most       float64    // how many match, at most
	statistics Statistics // nil unless parts are counted
	counts     []counted  // by position of an index, keys in the ranges
	counter    Statistics // nil unless the entries of words are counted
	found      []found    // of the terms that look for words, once they were counted
}

// term is a part of the predicate that every row has to satisfy.
type term struct {
	condition query.Condition
	number    int // from 1 on
	columns   []int
	exact     bool    // says nothing but that its one column lies in a set
	part      float64 // of all rows, by guess
}

// fact is what the predicate says about one column.
type fact struct {
	column int
	set    Set           // of the first term, and then of all
	more   []Set         // of the other terms
	values []model.Value // of the set, if they are finitely many
	finite bool
	part   float64 // of all rows, by guess
}

func analyse(c *query.Checked) *analysis {
	q := &analysis{query: c, rows: usualRows, most: math.Inf(1)}
	if len(c.Joined()) > 0 {
		q.join = joinCost
	}
	q.addAll(c.Where())
	q.conclude()
	return q
}

// addAll adds the terms of a condition.
func (q *analysis) addAll(c query.Condition) {
	switch w := c.(type) {
	case query.And:
		q.terms = make([]term, 0, len(w))
		for _, t := range w {
			q.add(t)
		}
	case query.Const:
		q.empty = !bool(w)
	default:
		q.add(w)
	}
}

// conclude makes facts of all that was added.
func (q *analysis) conclude() {
	for i := range q.facts {
		f := &q.facts[i]
		if len(f.more) > 0 {
			f.set = intersect(f.set, intersection(f.more))
			f.more = nil
		}
		f.values, f.finite = f.set.Values()
		f.part = selectivity(f.set, q.optional(f.column))
		q.empty = q.empty || f.set.Empty()
	}
}

func (q *analysis) add(c query.Condition) {
	t := term{condition: c, number: len(q.terms) + 1, columns: q.columnsOf(c), part: guess(c)}
	for _, column := range t.columns {
		set, exact := Domain(q.query, c, column)
		t.exact = exact
		q.learn(column, set)
	}
	q.terms = append(q.terms, t)
}

// learn takes in that a column has no value outside a set.
func (q *analysis) learn(column int, set Set) {
	if f := q.fact(column); f != nil {
		f.more = append(f.more, set)
	} else {
		q.facts = append(q.facts, fact{column: column, set: set})
	}
}

// columnsOf returns the columns that a condition looks at, each once.
func (q *analysis) columnsOf(c query.Condition) (columns []int) {
	q.query.EachColumn(c, func(column int) {
		if !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
	})
	return columns
}

// fact returns what is known about a column, nil if nothing is.
func (q *analysis) fact(column int) *fact {
	for i := range q.facts {
		if q.facts[i].column == column {
			return &q.facts[i]
		}
	}
	return nil
}

// constant reports whether all rows that match have the same value in a column.
func (q *analysis) constant(column int) bool {
	f := q.fact(column)
	return f != nil && f.finite && len(f.values) <= 1
}

// nullable reports whether a row that matches may be NULL in a column.
func (q *analysis) nullable(column int) bool {
	if f := q.fact(column); f != nil {
		return f.set.Null
	}
	return q.optional(column)
}

// optional reports whether any row may be NULL in a column.
func (q *analysis) optional(column int) bool {
	f := q.query.Column(column)
	return f.Optional || f.Type == model.TypeJSON
}

// implies reports whether a term says nothing new about the rows that the plan
// finds.
func (p *Plan) implies(t *term) bool {
	return t.exact && len(t.columns) == 1 && p.binds(t.columns[0]) || p.whole && p.searched == t.number
}

// binds reports whether a column has no value outside its set in the rows that
// the plan finds.
func (p *Plan) binds(column int) bool {
	switch p.Access {
	case Lookup:
		return column == model.ColumnID
	case Scan:
		return column == model.ColumnID || column == model.ColumnCreated
	case Union, Intersect, Refer:
		return false
	}
	for i := range p.bound {
		if p.columns[i].Field == column {
			return true
		}
	}
	return false
}

// answers reports whether a term can be tested on the plan's keys and IDs.
func (p *Plan) answers(t *term) bool {
	for _, column := range t.columns {
		if !p.knows(column) {
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
	for i := range p.columns {
		if p.columns[i].Field == column {
			return true
		}
	}
	return false
}
