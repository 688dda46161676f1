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
	if c.where != Condition(Const(true)) {
		q.Where = c.expr(c.where)
	}
	for _, k := range c.order {
		term := OrderTerm{Column: c.column(k.Column, k.Path), Desc: k.Desc}
		switch {
		case k.NullsFirst && k.Desc:
			term.Nulls = NullsFirst
		case !k.NullsFirst && !k.Desc:
			term.Nulls = NullsLast
		}
		q.Order = append(q.Order, term)
	}
	if c.limit >= 0 {
		q.Limit = &LiteralExpr{Value: model.OfInt(int64(c.limit))}
	}
	if c.offset > 0 {
		q.Offset = &LiteralExpr{Value: model.OfInt(int64(c.offset))}
	}
	return q
}

func (c *Checked) column(index int, path []string) *ColumnExpr {
	name := c.schema.Column(index).Name
	return &ColumnExpr{Path: append([]string{name}, path...)}
}

func (c *Checked) expr(cond Condition) Expr {
	switch n := cond.(type) {
	case Const:
		return &LiteralExpr{Value: model.OfBool(bool(n))}
	case And:
		return &AndExpr{Terms: c.exprs(n)}
	case Or:
		return &OrExpr{Terms: c.exprs(n)}
	case Compare:
		return &CompareExpr{Op: n.Op, X: c.column(n.Column, n.Path), Y: &LiteralExpr{Value: n.Value}}
	case CompareColumns:
		return &CompareExpr{Op: n.Op, X: c.column(n.Column, n.Path), Y: c.column(n.Other, n.OtherPath)}
	case IsNull:
		return &NullExpr{X: c.column(n.Column, n.Path), Negated: n.Negated}
	case Like:
		return c.like(n)
	}
	in := cond.(In)
	e := &InExpr{X: c.column(in.Column, in.Path), Negated: in.Negated}
	for _, v := range in.Values {
		e.List = append(e.List, &LiteralExpr{Value: v})
	}
	return e
}

func (c *Checked) exprs(conditions []Condition) []Expr {
	all := make([]Expr, len(conditions))
	for i, cond := range conditions {
		all[i] = c.expr(cond)
	}
	return all
}

func (c *Checked) like(n Like) Expr {
	pattern, escape := n.Pattern.String()
	e := &LikeExpr{
		X:       c.column(n.Column, n.Path),
		Pattern: &LiteralExpr{Value: model.OfString(pattern)},
		Negated: n.Negated,
	}
	if escape != 0 {
		e.Escape = &LiteralExpr{Value: model.OfString(string(escape))}
	}
	return e
}
