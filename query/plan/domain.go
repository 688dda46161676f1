package plan

import (
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// Domain returns the values that a column has in the rows that satisfy a
// condition: all rows with another value do not. exact reports that, the other
// way round, every row with a value in the set satisfies it, so that the
// condition says nothing more than the set does.
//
// Paths in JSON columns have no domain: their conditions say nothing about
// the column as a whole.
func Domain(q *query.Checked, c query.Condition, column int) (set Set, exact bool) {
	d := domain{column: column}
	d.json = q.Column(column).Type == model.TypeJSON
	return d.of(c)
}

type domain struct {
	column int
	json   bool
}

func (d domain) of(c query.Condition) (Set, bool) {
	switch c := c.(type) {
	case query.Const:
		if c {
			return everything(), true
		}
		return Set{}, true
	case query.And:
		return d.and(c)
	case query.Or:
		return d.or(c)
	case query.Compare:
		if c.Column == d.column && len(c.Path) == 0 {
			return d.compare(c.Op, c.Value)
		}
	case query.In:
		if c.Column == d.column && len(c.Path) == 0 {
			return in(c)
		}
	case query.Like:
		if c.Column == d.column && len(c.Path) == 0 {
			return like(c)
		}
	case query.IsNull:
		switch {
		case c.Column != d.column || len(c.Path) != 0:
		case c.Negated:
			return notNull(), true
		default:
			return Set{Null: true}, true
		}
	case query.CompareColumns:
		if c.Column == d.column && len(c.Path) == 0 || c.Other == d.column && len(c.OtherPath) == 0 {
			return notNull(), false
		}
	}
	return everything(), false
}

func (d domain) and(terms query.And) (Set, bool) {
	sets, exact := make([]Set, len(terms)), true
	for i, t := range terms {
		s, e := d.of(t)
		sets[i], exact = s, exact && e
	}
	return intersection(sets), exact
}

func (d domain) or(terms query.Or) (Set, bool) {
	var sets []Set
	exact := true
	for _, t := range terms {
		s, e := d.of(t)
		if s.Everything() { // and so is the union, whatever the others say
			return s, e
		}
		sets, exact = append(sets, s), exact && e
	}
	return union(sets), exact
}

func (d domain) compare(op query.Op, v model.Value) (Set, bool) {
	var i Interval
	switch op {
	case query.Eq:
		return point(v), true
	case query.Ne:
		return Set{Intervals: []Interval{{High: v, HighOpen: true}, {Low: v, LowOpen: true}}}, true
	case query.Lt:
		i = Interval{High: v, HighOpen: true}
	case query.Le:
		i = Interval{High: v}
	case query.Gt:
		i = Interval{Low: v, LowOpen: true}
	case query.Ge:
		i = Interval{Low: v}
	}
	// In JSON the interval takes in values of other kinds, which have no order
	// beside v.
	return Set{Intervals: []Interval{i}}, !d.json
}

func in(c query.In) (Set, bool) {
	if c.Negated {
		return notNull(), false
	}
	set := Set{Intervals: make([]Interval, len(c.Values))}
	for i, v := range c.Values {
		set.Intervals[i] = Interval{Low: v, High: v}
	}
	return set, true
}

// like turns a pattern that begins with plain characters into the interval of
// the strings that do.
func like(c query.Like) (Set, bool) {
	prefix, whole := c.Pattern.Prefix()
	if c.Negated || prefix == "" {
		return notNull(), false
	}
	return beginning(prefix), whole
}

// beginning returns the set of the strings that begin with a prefix, which is not
// empty.
func beginning(prefix string) Set {
	// No string has a byte above 0xf4, so adding one to the last byte gives the
	// least text above all that begin with the prefix.
	after := []byte(prefix)
	after[len(after)-1]++
	return Set{Intervals: []Interval{{
		Low:      model.OfString(prefix),
		High:     model.OfString(string(after)),
		HighOpen: true,
	}}}
}
