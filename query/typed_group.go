package query

import "github.com/ankgo/ank/model"

// Column is a column of the model S, of whatever type. The typed columns are, and
// so is [Ref.Column].
type Column[S any] interface{ column(*S) Expr }

// Summable is a column that can be added up: of numbers, of durations, or a place
// in JSON.
type Summable[S any] interface {
	Column[S]
	summable()
}

// Grouped stands for groups of entities of the model S where S stands for the
// entities: Predicate[Grouped[S]] is a condition of HAVING.
type Grouped[S any] struct{}

// GroupValue is what SELECT tells of a group: a column that it is grouped by, or an
// aggregate. It is immutable.
type GroupValue[S any] struct {
	e  Expr
	as string
}

// Count is COUNT(*): the number of entities in a group.
func Count[S any]() GroupValue[S] { return GroupValue[S]{e: &CallExpr{Func: FuncCount}} }

// CountOf is COUNT(column): the number of entities where it is not NULL.
func CountOf[S any](c Column[S]) GroupValue[S] { return aggregateOf(FuncCount, c) }

// CountDistinct is COUNT(DISTINCT column): the number of different values.
func CountDistinct[S any](c Column[S]) GroupValue[S] {
	return GroupValue[S]{e: &CallExpr{Func: FuncCount, Arg: c.column(nil), Distinct: true}}
}

// Sum is SUM(column).
func Sum[S any](c Summable[S]) GroupValue[S] { return aggregateOf[S](FuncSum, c) }

// Avg is AVG(column).
func Avg[S any](c Summable[S]) GroupValue[S] { return aggregateOf[S](FuncAvg, c) }

// Min is MIN(column).
func Min[S any](c Column[S]) GroupValue[S] { return aggregateOf(FuncMin, c) }

// Max is MAX(column).
func Max[S any](c Column[S]) GroupValue[S] { return aggregateOf(FuncMax, c) }

// Key is a column that is grouped by.
func Key[S any](c Column[S]) GroupValue[S] { return GroupValue[S]{e: c.column(nil)} }

func aggregateOf[S any](f Func, c Column[S]) GroupValue[S] {
	return GroupValue[S]{e: &CallExpr{Func: f, Arg: c.column(nil)}}
}

// As gives the value a name in the result.
func (g GroupValue[S]) As(name string) GroupValue[S] { g.as = name; return g }

// Eq is value = v. What v may be is checked with the query.
func (g GroupValue[S]) Eq(v any) Predicate[Grouped[S]] { return g.compare(Eq, v) }

// Ne is value != v.
func (g GroupValue[S]) Ne(v any) Predicate[Grouped[S]] { return g.compare(Ne, v) }

// Lt is value < v.
func (g GroupValue[S]) Lt(v any) Predicate[Grouped[S]] { return g.compare(Lt, v) }

// Le is value <= v.
func (g GroupValue[S]) Le(v any) Predicate[Grouped[S]] { return g.compare(Le, v) }

// Gt is value > v.
func (g GroupValue[S]) Gt(v any) Predicate[Grouped[S]] { return g.compare(Gt, v) }

// Ge is value >= v.
func (g GroupValue[S]) Ge(v any) Predicate[Grouped[S]] { return g.compare(Ge, v) }

// IsNull holds where there was nothing to aggregate.
func (g GroupValue[S]) IsNull() Predicate[Grouped[S]] {
	return Predicate[Grouped[S]]{&NullExpr{X: g.e}}
}

// Asc orders groups by the value, ascending.
func (g GroupValue[S]) Asc() Order[Grouped[S]] { return Order[Grouped[S]]{OrderTerm{X: g.e}} }

// Desc orders groups by the value, descending.
func (g GroupValue[S]) Desc() Order[Grouped[S]] {
	return Order[Grouped[S]]{OrderTerm{X: g.e, Desc: true}}
}

func (g GroupValue[S]) compare(op Op, v any) Predicate[Grouped[S]] {
	return Predicate[Grouped[S]]{&CompareExpr{Op: op, X: g.e, Y: literalOf(v)}}
}

// GroupBuilder composes a query for groups of entities of the model S. It is
// immutable: every method returns another one.
type GroupBuilder[S any] struct{ q Query }

// GroupBy groups what the query selects. The columns are the first items of the
// result; there is one group if there are none. Order and window of the query are
// not those of groups, and have no place before this.
func (b Builder[S]) GroupBy(columns ...Column[S]) GroupBuilder[S] {
	q := Query{Where: b.q.Where, AsOf: b.q.AsOf}
	for _, c := range columns {
		e := c.column(nil)
		q.GroupBy = append(q.GroupBy, e)
		q.Select = append(q.Select, SelectItem{X: e})
	}
	return GroupBuilder[S]{q}
}

// Select appends items to the result.
func (b GroupBuilder[S]) Select(values ...GroupValue[S]) GroupBuilder[S] {
	items := append([]SelectItem(nil), b.q.Select...)
	for _, v := range values {
		items = append(items, SelectItem{X: v.e, As: v.as})
	}
	b.q.Select = items
	return b
}

// Having keeps the groups of which a predicate is TRUE.
func (b GroupBuilder[S]) Having(p Predicate[Grouped[S]]) GroupBuilder[S] {
	b.q.Having = Conjunction(b.q.Having, p.expr)
	return b
}

// OrderBy appends terms to the order of the groups.
func (b GroupBuilder[S]) OrderBy(terms ...Order[Grouped[S]]) GroupBuilder[S] {
	all := append([]OrderTerm(nil), b.q.Order...)
	for _, t := range terms {
		all = append(all, t.term)
	}
	b.q.Order = all
	return b
}

// Limit bounds the number of groups.
func (b GroupBuilder[S]) Limit(n int) GroupBuilder[S] {
	b.q.Limit = &LiteralExpr{Value: model.OfInt(int64(n))}
	return b
}

// Offset skips the first n groups.
func (b GroupBuilder[S]) Offset(n int) GroupBuilder[S] {
	b.q.Offset = &LiteralExpr{Value: model.OfInt(int64(n))}
	return b
}

// Query returns the query that was composed.
func (b GroupBuilder[S]) Query() *Query { q := b.q; return &q }

func (c Bool[S, T]) column(*S) Expr     { return columnOf(string(c)) }
func (c Number[S, T]) column(*S) Expr   { return columnOf(string(c)) }
func (c Text[S, T]) column(*S) Expr     { return columnOf(string(c)) }
func (c Bytes[S, T]) column(*S) Expr    { return columnOf(string(c)) }
func (c Time[S, T]) column(*S) Expr     { return columnOf(string(c)) }
func (c Duration[S, T]) column(*S) Expr { return columnOf(string(c)) }
func (c ID[S, T]) column(*S) Expr       { return columnOf(string(c)) }
func (c Ref[S, R]) column(*S) Expr      { return columnOf(string(c)) }
func (c JSON[S, T]) column(*S) Expr     { return columnOf(string(c)) }
func (j JSONPath[S]) column(*S) Expr    { return &ColumnExpr{Path: j.path} }

func (c Number[S, T]) summable()   {}
func (c Duration[S, T]) summable() {}
func (j JSONPath[S]) summable()    {}
