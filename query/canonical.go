package query

import (
	"sync"

	"github.com/ankgo/ank/model"
)

// canonical is what a [Checked] makes of itself when first asked: most queries
// run without anybody looking at their text.
type canonicalText struct {
	once  sync.Once
	query *Query
	key   string
}

func (c *Checked) canonical() *canonicalText {
	k := &c.text
	k.once.Do(func() {
		k.query = c.build()
		k.key = c.schema.Collection() + " " + k.query.String()
	})
	return k
}

// build turns the checked query back into a tree.
func (c *Checked) build() *Query {
	q := &Query{}
	var after After
	where, has := c.where, false
	if where, after, has = withoutAfter(where); has {
		q.After = &LiteralExpr{Value: model.OfString(c.cursorOf(after).String())}
	}
	if where != Condition(Const(true)) {
		q.Where = c.space.condition(where)
	}
	about := &c.space
	if g := c.grouping; g != nil {
		about = &g.space
		for _, item := range g.items {
			q.Select = append(q.Select, SelectItem{X: about.expr(item.Column, nil), As: item.alias})
		}
		for i := range g.keys {
			q.GroupBy = append(q.GroupBy, about.expr(i, nil))
		}
		if g.having != Condition(Const(true)) {
			q.Having = about.condition(g.having)
		}
	}
	q.Order = about.terms(c.order)
	if c.limit >= 0 {
		q.Limit = &LiteralExpr{Value: model.OfInt(int64(c.limit))}
	}
	if c.offset > 0 {
		q.Offset = &LiteralExpr{Value: model.OfInt(int64(c.offset))}
	}
	if c.asOf != nil {
		q.AsOf = &LiteralExpr{Value: c.asOf.value()}
	}
	return q
}

// terms returns the terms of ORDER BY.
func (s *space) terms(keys []OrderKey) []OrderTerm {
	var terms []OrderTerm
	for _, k := range keys {
		term := OrderTerm{X: s.expr(k.Column, k.Path), Desc: k.Desc}
		switch {
		case k.NullsFirst && k.Desc:
			term.Nulls = NullsFirst
		case !k.NullsFirst && !k.Desc:
			term.Nulls = NullsLast
		}
		terms = append(terms, term)
	}
	return terms
}

// condition returns the node of a condition.
func (s *space) condition(cond Condition) Expr {
	switch n := cond.(type) {
	case Const:
		return &LiteralExpr{Value: model.OfBool(bool(n))}
	case And:
		return &AndExpr{Terms: s.conditions(n)}
	case Or:
		return &OrExpr{Terms: s.conditions(n)}
	case Compare:
		return &CompareExpr{Op: n.Op, X: s.expr(n.Column, n.Path), Y: &LiteralExpr{Value: n.Value}}
	case CompareColumns:
		return &CompareExpr{Op: n.Op, X: s.expr(n.Column, n.Path), Y: s.expr(n.Other, n.OtherPath)}
	case IsNull:
		return &NullExpr{X: s.expr(n.Column, n.Path), Negated: n.Negated}
	case IsMissing:
		return &NullExpr{X: s.expr(n.Column, n.Path), Missing: true, Negated: n.Negated}
	case Like:
		return s.like(n)
	case Match:
		words := &LiteralExpr{Value: model.OfString(n.Words.String())}
		return &MatchExpr{X: s.expr(n.Column, n.Path), Words: words, Negated: n.Negated}
	case Contains:
		return s.contains(n)
	}
	in := cond.(In)
	return &InExpr{X: s.expr(in.Column, in.Path), List: literals(in.Values), Negated: in.Negated}
}

func (s *space) conditions(conditions []Condition) []Expr {
	all := make([]Expr, len(conditions))
	for i, cond := range conditions {
		all[i] = s.condition(cond)
	}
	return all
}

func literals(values []model.Value) []Expr {
	all := make([]Expr, len(values))
	for i, v := range values {
		all[i] = &LiteralExpr{Value: v}
	}
	return all
}

func (s *space) contains(n Contains) Expr {
	e := &ContainsExpr{X: s.expr(n.Column, n.Path), Quantity: Any, List: literals(n.Values), Negated: n.Negated}
	switch {
	case n.All:
		e.Quantity = All
	case len(n.Values) == 1:
		e.Quantity = One
	}
	return e
}

func (s *space) like(n Like) Expr {
	pattern, escape := n.Pattern.String()
	e := &LikeExpr{
		X:       s.expr(n.Column, n.Path),
		Pattern: &LiteralExpr{Value: model.OfString(pattern)},
		Negated: n.Negated,
	}
	if n.Pattern.folded {
		e.Kind = LikeFolded
	}
	if escape != 0 {
		e.Escape = &LiteralExpr{Value: model.OfString(string(escape))}
	}
	return e
}
