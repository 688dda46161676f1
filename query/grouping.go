package query

import (
	"strings"

	"github.com/ankgo/ank/model"
)

// Grouping is what a checked query with SELECT asks: how rows are put into groups
// and what is told of each. A group is a row of columns of its own: first its Keys,
// then its Aggregates, then what is computed from these. Conditions and order keys
// about groups name columns by their positions in it.
//
// A Grouping is immutable and safe for concurrent use. The caller must not change
// the slices it hands out.
type Grouping struct {
	items      []Item
	keys       []GroupKey
	aggregates []Aggregate
	having     Condition
	match      matcher // nil: every group
	space      space

	texts   map[string]int // the keys by how they are written
	aliases map[string]int // the items by what AS calls them
}

// Item is one item of SELECT: one value of each group.
type Item struct {
	Name   string // what AS calls it, or how it is written
	Column int    // of the group
	Type   model.Type
	alias  string
}

// GroupKey is what the rows of a group agree in: a column of theirs.
type GroupKey struct {
	Column int
	Path   []string
	scalar scalar
}

// Value returns what a row, of the query's schema and joined, has of the key.
func (g *GroupKey) Value(s *model.Schema, r *model.Row) model.Value {
	if g.scalar != nil {
		return g.scalar.value(reader{schema: s, row: r})
	}
	return at(s.Value(r, g.Column), g.Path)
}

// Aggregate is a value that is computed from a column of all rows of a group.
type Aggregate struct {
	Func     Func // FuncCount to FuncAvg
	Rows     bool // COUNT(*): the column does not count
	Distinct bool
	Of       GroupKey   // what it is computed of
	Type     model.Type // of the values: decides the type of the result
	dynamic  bool       // they are numbers of any type
}

// Items returns the items of SELECT, in order.
func (g *Grouping) Items() []Item { return g.items }

// Keys returns what rows are grouped by. There is one group, even of no rows, if
// there are none.
func (g *Grouping) Keys() []GroupKey { return g.keys }

// Aggregates returns what is computed of the rows of each group.
func (g *Grouping) Aggregates() []Aggregate { return g.aggregates }

// Having returns the predicate about groups, never nil.
func (g *Grouping) Having() Condition { return g.having }

// Column describes a column of the groups, nil if there is none of that number.
func (g *Grouping) Column(column int) *model.Field { return g.space.field(column) }

// SameShape reports whether the groups of both have the same columns under the same
// numbers, and the same items are shown of them: what tells the one apart from the
// other is which rows are grouped, and which groups come, in which order.
func (g *Grouping) SameShape(other *Grouping) bool {
	if len(g.items) != len(other.items) || len(g.keys) != len(other.keys) || len(g.aggregates) != len(other.aggregates) {
		return false
	}
	for i := range len(g.keys) + len(g.aggregates) {
		if g.space.extraAt(i).key != other.space.extraAt(i).key {
			return false
		}
	}
	for i, item := range g.items {
		too := other.items[i]
		if item.Name != too.Name || g.space.extraAt(item.Column).key != other.space.extraAt(too.Column).key {
			return false
		}
	}
	return true
}

// grouping checks SELECT, GROUP BY and HAVING. From then on the checker is at
// groups.
func (k *checker) grouping(q *Query, reserved []columnKey) *Grouping {
	g := &Grouping{having: Const(true), texts: map[string]int{}, aliases: map[string]int{}}
	g.space.reserve(reserved)
	by := q.GroupBy
	if q.Distinct {
		if by = k.distinct(q); by == nil {
			return nil
		}
	}
	for _, e := range by {
		k.groupBy(q, g, e)
	}
	k.group, k.rows, k.space = g, k.space, &g.space
	for _, item := range q.Select {
		k.item(g, item)
	}
	if q.Having != nil && k.err == nil {
		g.having = k.condition(q.Having, false)
		if 1+nesting(g.having) > MaxDepth {
			k.fail(Limit, q.Having.Span(), tooDeep)
		}
	}
	return g
}

// distinct returns what a SELECT DISTINCT groups by: all of its items.
func (k *checker) distinct(q *Query) (by []Expr) {
	if q.GroupBy != nil {
		k.fail(Mismatch, q.GroupBy[0].Span(), "groups are distinct already: leave DISTINCT or GROUP BY out")
		return nil
	}
	for _, item := range q.Select {
		if call, ok := item.X.(*CallExpr); ok && call.Func.aggregate() {
			k.fail(Mismatch, call.At, "SELECT DISTINCT takes no aggregates; COUNT(DISTINCT ...) counts distinct values")
			return nil
		}
		by = append(by, item.X)
	}
	return by
}

// groupBy adds a key. What no column is called may be the name of an item.
func (k *checker) groupBy(q *Query, g *Grouping, e Expr) {
	written := textOf(e)
	if c, ok := e.(*ColumnExpr); ok && len(c.Path) == 1 {
		if _, known := k.schema.Field(c.Path[0]); !known {
			for _, item := range q.Select {
				if item.As == c.Path[0] {
					e = item.X
				}
			}
		}
	}
	o, ok := k.operand(e)
	if !ok {
		return
	}
	if o.column == nil {
		k.fail(Mismatch, e.Span(), o.describe()+" and the same for every row; group by columns")
		return
	}
	node := k.space.expr(o.column.index, o.column.path)
	x := &extraColumn{
		key: columnKey{keyColumn, textOf(node)}, field: *o.column.field, dynamic: o.column.dynamic,
		node: node, groupKey: k.groupKey(o.column),
	}
	x.field.Name, x.field.Optional = x.key.text, o.column.nullable
	n := g.space.add(x)
	g.texts[written], g.texts[textOf(e)], g.texts[x.key.text] = n, n, n
}

func (k *checker) groupKey(c *column) GroupKey {
	key := GroupKey{Column: c.index, Path: c.path}
	if x := k.space.extraAt(c.index); x != nil {
		key.scalar = x.scalar
	}
	return key
}

// textOf returns the canonical text of a node.
func textOf(e Expr) string {
	var p printer
	p.expr(e, powerCompare)
	return string(p.b)
}

// item checks an item of SELECT.
func (k *checker) item(g *Grouping, item SelectItem) {
	o, ok := k.operand(item.X)
	switch {
	case !ok:
		return
	case o.column == nil:
		k.fail(Mismatch, item.At, o.describe()+" and the same for every group; select columns and aggregates")
		return
	}
	i := Item{Name: item.As, Column: o.column.index, Type: o.column.field.Type, alias: item.As}
	if item.As == "" {
		i.Name = textOf(g.space.expr(i.Column, nil))
	} else if _, taken := g.aliases[item.As]; taken {
		k.fail(Mismatch, item.At, "two items are called "+item.As)
		return
	}
	g.items = append(g.items, i)
	if item.As != "" {
		g.aliases[item.As] = i.Column
	}
}

// groupColumn returns the column of the groups that a node is the name or the
// text of.
func (k *checker) groupColumn(e Expr) (operand, bool) {
	n, ok := -1, false
	if c, is := e.(*ColumnExpr); is && len(c.Path) == 1 {
		n, ok = k.group.aliases[c.Path[0]]
	}
	switch e.(type) {
	case *ColumnExpr, *ArithExpr, *CallExpr:
		if !ok {
			n, ok = k.group.texts[textOf(e)]
		}
	}
	if !ok {
		return operand{}, false
	}
	c := k.space.columnAt(n)
	c.nullable = c.field.Optional
	return operand{expr: e, typ: c.field.Type, column: c}, true
}

// isGroupKey reports whether a node is what rows are grouped by.
func (k *checker) isGroupKey(e Expr) bool {
	_, ok := k.groupColumn(e)
	return ok
}

// notGrouped reports a column that says nothing about a group.
func (k *checker) notGrouped(e *ColumnExpr) {
	group, space := k.group, k.space
	k.group, k.space = nil, k.rows
	c := k.column(e) // which reports one that does not exist
	k.group, k.space = group, space
	if c != nil {
		name := strings.Join(e.Path, ".")
		k.fail(Mismatch, e.At, "column "+name+" is neither grouped nor aggregated: name it in GROUP BY, or ask for MIN("+name+") or the like")
	} else if len(e.Path) == 1 && k.err.Suggestion == "" {
		var names []string
		for name := range group.aliases {
			names = append(names, name)
		}
		k.err.Suggestion = model.Nearest(e.Path[0], names)
	}
}

// aggregate checks the call of an aggregate.
func (k *checker) aggregate(e *CallExpr) (operand, bool) {
	if k.group == nil {
		k.fail(Mismatch, e.At, e.Func.String()+" is about groups: it stands in SELECT, HAVING and ORDER BY of a query with SELECT, and not inside another one")
		return operand{}, false
	}
	a := &Aggregate{Func: e.Func, Distinct: e.Distinct && e.Func != FuncMin && e.Func != FuncMax}
	x := &extraColumn{aggregate: a}
	call := &CallExpr{Func: a.Func, Distinct: a.Distinct}
	switch {
	case e.Arg == nil:
		a.Rows = true
		x.field.Type = model.TypeInt
	case !k.aggregated(e, a, x, call):
		return operand{}, false
	}
	x.node = call
	x.key = columnKey{aggregateColumn, textOf(call)}
	x.field.Name = x.key.text
	c := k.extra(x, e.At)
	if c == nil {
		return operand{}, false
	}
	c.nullable = x.field.Optional
	return operand{expr: e, typ: c.field.Type, column: c}, true
}

// aggregated checks what an aggregate is computed of.
func (k *checker) aggregated(e *CallExpr, a *Aggregate, x *extraColumn, call *CallExpr) bool {
	group, space := k.group, k.space
	k.group, k.space = nil, k.rows
	defer func() { k.group, k.space = group, space }()
	o, ok := k.operand(e.Arg)
	if !ok {
		return false
	}
	if o.column == nil {
		k.fail(Mismatch, e.Arg.Span(), "an aggregate is of a column; COUNT(*) counts the rows")
		return false
	}
	a.Of, a.Type, a.dynamic = k.groupKey(o.column), o.typ, o.column.dynamic
	call.Arg = k.space.expr(o.column.index, o.column.path)
	x.field = model.Field{Type: o.typ, Bits: o.column.field.Bits, Optional: true}
	x.dynamic = o.column.dynamic
	kind := kindOf(o.typ)
	switch e.Func {
	case FuncCount:
		x.field, x.dynamic = model.Field{Type: model.TypeInt}, false
	case FuncSum, FuncAvg:
		switch kind {
		case kindNumber, kindJSON:
			x.field, x.dynamic = model.Field{Type: model.TypeFloat, Optional: true}, true
		case kindDuration:
		default:
			k.fail(Mismatch, e.Arg.Span(), o.describe()+"; "+e.Func.String()+" needs numbers or durations")
			return false
		}
	}
	return true
}

// finish puts together what the numbers of the group's columns mean, once they
// are known.
func (g *Grouping) finish() {
	for _, x := range g.space.extra {
		switch x.key.sort {
		case keyColumn:
			g.keys = append(g.keys, x.groupKey)
		case aggregateColumn:
			g.aggregates = append(g.aggregates, *x.aggregate)
		}
	}
	g.match = compile(&g.space, g.having)
	g.texts, g.aliases = nil, nil
}

// needed returns the keys of the extra columns that the query cannot do without,
// of rows and of groups, in the order in which they are to be numbered.
func (c *Checked) needed() (rows, groups []columnKey) {
	u := used{space: &c.space, columns: map[int]bool{}}
	eachColumn(c.where, u.add)
	if c.grouping == nil {
		for _, k := range c.order {
			u.add(k.Column)
		}
		return u.keys(), nil
	}
	of := used{space: &c.grouping.space, columns: map[int]bool{}}
	eachColumn(c.grouping.having, of.add)
	for _, k := range c.order {
		of.add(k.Column)
	}
	for _, item := range c.grouping.items {
		of.add(item.Column)
	}
	for i, x := range of.space.extra {
		switch {
		case x.key.sort == keyColumn:
			of.add(i)
			u.add(x.groupKey.Column)
		case x.key.sort == aggregateColumn && of.columns[i] && !x.aggregate.Rows:
			u.add(x.aggregate.Of.Column)
		}
	}
	return u.keys(), of.keys()
}
