package query

// mapColumns returns the node with its columns replaced by what f makes of them.
func mapColumns(e Expr, f func(*ColumnExpr) Expr) Expr {
	return rewriter{column: f}.expr(e)
}

// rewriter copies a tree with some of its leaves replaced. What is nil stays as it
// is.
type rewriter struct {
	column func(*ColumnExpr) Expr
	param  func(*ParamExpr) Expr
	items  func([]Expr) []Expr // of IN, CONTAINS ANY and CONTAINS ALL
}

func (w rewriter) expr(e Expr) Expr {
	switch e := e.(type) {
	case *ColumnExpr:
		if w.column != nil {
			return w.column(e)
		}
	case *ParamExpr:
		if w.param != nil {
			return w.param(e)
		}
	case *NotExpr:
		return &NotExpr{X: w.expr(e.X), At: e.At}
	case *AndExpr:
		return &AndExpr{Terms: w.list(e.Terms), At: e.At}
	case *OrExpr:
		return &OrExpr{Terms: w.list(e.Terms), At: e.At}
	case *ArithExpr:
		return &ArithExpr{Op: e.Op, X: w.expr(e.X), Y: w.expr(e.Y), At: e.At}
	case *CallExpr:
		return &CallExpr{Func: e.Func, Arg: w.expr(e.Arg), Distinct: e.Distinct, At: e.At}
	default:
		return w.predicate(e)
	}
	return e
}

func (w rewriter) predicate(e Expr) Expr {
	switch e := e.(type) {
	case *CompareExpr:
		return &CompareExpr{Op: e.Op, X: w.expr(e.X), Y: w.expr(e.Y), At: e.At}
	case *InExpr:
		return &InExpr{X: w.expr(e.X), List: w.many(e.List), Negated: e.Negated, At: e.At}
	case *BetweenExpr:
		return &BetweenExpr{X: w.expr(e.X), Low: w.expr(e.Low), High: w.expr(e.High), Negated: e.Negated, At: e.At}
	case *LikeExpr:
		return &LikeExpr{Kind: e.Kind, X: w.expr(e.X), Pattern: w.expr(e.Pattern), Escape: w.expr(e.Escape), Negated: e.Negated, At: e.At}
	case *MatchExpr:
		return &MatchExpr{X: w.expr(e.X), Words: w.expr(e.Words), Negated: e.Negated, At: e.At}
	case *ContainsExpr:
		c := &ContainsExpr{X: w.expr(e.X), Quantity: e.Quantity, Negated: e.Negated, At: e.At}
		if e.Quantity == One { // where a slice is no value
			c.List = w.list(e.List)
		} else {
			c.List = w.many(e.List)
		}
		return c
	case *NullExpr:
		return &NullExpr{X: w.expr(e.X), Missing: e.Missing, Negated: e.Negated, At: e.At}
	}
	return e
}

func (w rewriter) list(terms []Expr) []Expr {
	if terms == nil {
		return nil
	}
	out := make([]Expr, len(terms))
	for i, t := range terms {
		out[i] = w.expr(t)
	}
	return out
}

func (w rewriter) many(items []Expr) []Expr {
	if w.items != nil {
		return w.items(items)
	}
	return w.list(items)
}
