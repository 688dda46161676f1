package query

import (
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// Behind returns what the predicate asks of the entity that a reference of the
// query's own entity leads to, as a query for those: it selects every entity to
// which the reference of a matching row leads, and perhaps others. follow is a
// position in [Checked.Follows] where From is -1. ok is false if nothing is asked of
// the entity, or a row may match whose reference leads nowhere.
func (c *Checked) Behind(follow int) (q *Checked, ok bool) {
	terms, isAnd := c.where.(And)
	if !isAnd {
		terms = And{c.where}
	}
	var asked []Expr
	for _, t := range terms {
		if c.about(t, follow) {
			asked = append(asked, mapColumns(c.space.condition(t), func(e *ColumnExpr) Expr {
				return &ColumnExpr{Path: e.Path[1:]}
			}))
			ok = ok || c.needs(t)
		}
	}
	if !ok {
		return nil, false
	}
	q, err := (&Query{Where: conjunction(asked)}).Check(c.follows[follow].Schema)
	return q, err == nil && q.where != Condition(Const(true))
}

// Leading returns the query with one more condition: that a reference, a column of
// the schema, leads to one of some entities.
func (c *Checked) Leading(column int, to []event.ID) *Checked {
	values := make([]model.Value, len(to))
	for i, id := range to {
		values[i] = model.OfID(id)
	}
	slices.SortFunc(values, model.Value.Compare)
	values = slices.CompactFunc(values, model.Value.Equal)
	var leads Condition
	switch len(values) {
	case 0:
		leads = Const(false)
	case 1:
		leads = Compare{Column: column, Op: Eq, Value: values[0]}
	default:
		leads = In{Column: column, Values: values}
	}
	some := c.without(c.order)
	some.limit, some.offset = c.limit, c.offset
	some.where = allOf([]Condition{c.where, leads})
	some.match = compile(&some.space, some.where)
	return some
}

// about reports whether a condition looks at nothing but what is behind a
// reference. How well a row matches may depend on everything.
func (c *Checked) about(cond Condition, follow int) bool {
	found, only := false, true
	c.EachColumn(cond, func(column int) {
		found = true
		only = only && c.root(column) == follow
	})
	eachColumn(cond, func(column int) {
		if x := c.space.extraAt(column); x != nil {
			only = only && !ranks(x.scalar)
		}
	})
	return found && only
}

// root returns the first reference on the way to a column, -1 if it is a column of
// the schema.
func (c *Checked) root(column int) int {
	n := column - c.space.base()
	if n < 0 || n >= len(c.joined) {
		return -1
	}
	at := c.joined[n].Follow
	for c.follows[at].From >= 0 {
		at = c.follows[at].From
	}
	return at
}

// ranks reports whether a scalar depends on how well a row matches.
func ranks(s scalar) bool {
	switch s := s.(type) {
	case rankScalar:
		return true
	case arithScalar:
		return ranks(s.x) || ranks(s.y)
	case lenScalar:
		return ranks(s.x)
	}
	return false
}

// needs reports whether a condition is not TRUE where all columns it looks at are
// NULL.
func (c *Checked) needs(cond Condition) bool {
	switch cond := cond.(type) {
	case And:
		return slices.ContainsFunc(cond, c.needs)
	case Or:
		return !slices.ContainsFunc(cond, func(t Condition) bool { return !c.needs(t) })
	case IsNull:
		return cond.Negated
	case IsMissing, After, Const:
		return false
	}
	return true
}
