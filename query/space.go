package query

import (
	"cmp"
	"slices"
	"strings"

	"github.com/ankgo/ank/model"
)

// space is what the numbers of columns mean: those of the schema first, if there
// is one, then the extra ones. A query for entities has one; one with SELECT has
// another for what it says about groups.
type space struct {
	schema *model.Schema // nil for groups
	extra  []*extraColumn
}

// extraColumn is a column that is not the schema's.
type extraColumn struct {
	key     columnKey // by which they are in order
	field   model.Field
	dynamic bool   // holds numbers of any type
	scalar  scalar // how it is computed; nil if it is not

	// Of a joined one: the references that lead to it, and where it is then.
	via    []int
	schema *model.Schema
	column int

	// Of one of a group.
	node      Expr // how it is written
	groupKey  GroupKey
	aggregate *Aggregate
}

// columnKey tells extra columns apart, and has them in the order in which they
// are numbered.
type columnKey struct {
	sort columnSort
	text string
}

type columnSort uint8

const (
	joinedColumn columnSort = iota
	keyColumn
	aggregateColumn
	computedColumn
)

func compareKeys(a, b columnKey) int {
	return cmp.Or(cmp.Compare(a.sort, b.sort), cmp.Compare(a.text, b.text))
}

func (s *space) base() int {
	if s.schema == nil {
		return 0
	}
	return len(s.schema.Fields())
}

// extraAt returns the extra column with a number, nil if it has none.
func (s *space) extraAt(column int) *extraColumn {
	if n := column - s.base(); n >= 0 && n < len(s.extra) {
		return s.extra[n]
	}
	return nil
}

// field describes a column, nil if there is none of that number.
func (s *space) field(column int) *model.Field {
	if x := s.extraAt(column); x != nil {
		return &x.field
	}
	if s.schema == nil {
		return nil
	}
	return s.schema.Column(column)
}

// expr returns the node of a column, with a path below it.
func (s *space) expr(column int, path []string) Expr {
	x := s.extraAt(column)
	switch {
	case x == nil:
		return &ColumnExpr{Path: append([]string{s.schema.Column(column).Name}, path...)}
	case x.node != nil:
		return x.node
	case x.scalar != nil:
		return x.scalar.expr(s)
	}
	return &ColumnExpr{Path: append(strings.Split(x.field.Name, "."), path...)}
}

// add returns the number of an extra column, which it gets here unless it has one.
func (s *space) add(x *extraColumn) int {
	at := slices.IndexFunc(s.extra, func(o *extraColumn) bool { return o.key == x.key })
	if at < 0 {
		at = len(s.extra)
		s.extra = append(s.extra, nil)
	}
	s.extra[at] = x
	return s.base() + at
}

// limits say of how many extra columns of a sort a query may ask, whether or not the
// result depends on all of them. Of keys there are no more than terms of GROUP BY.
var limits = [...]struct {
	most   int
	reason string
}{
	joinedColumn:    {MaxJoined, joinedLimit},
	keyColumn:       {MaxKeys, groupLimit},
	aggregateColumn: {MaxSums, groupedLimit},
	computedColumn:  {MaxCompute, computeLimit},
}

// extra returns the column that an extra one is in the space of the expressions.
func (k *checker) extra(x *extraColumn, at Span) *column {
	index := k.space.add(x)
	if limit := &limits[x.key.sort]; k.space.count(x.key.sort) > limit.most {
		k.fail(Limit, at, limit.reason)
		return nil
	}
	return k.space.columnAt(index)
}

// reserve numbers the extra columns that there will be, in the order of their keys.
func (s *space) reserve(keys []columnKey) {
	for _, key := range keys {
		s.extra = append(s.extra, &extraColumn{key: key})
	}
}

// count returns how many of the extra columns are of a sort.
func (s *space) count(sort columnSort) int {
	n := 0
	for _, x := range s.extra {
		if x.key.sort == sort {
			n++
		}
	}
	return n
}

// used collects the numbers of columns that something looks at, those included
// that computed ones are computed from.
type used struct {
	space   *space
	columns map[int]bool
}

func (u *used) add(column int) {
	if u.columns[column] {
		return
	}
	u.columns[column] = true
	if x := u.space.extraAt(column); x != nil && x.scalar != nil {
		x.scalar.columns(u.add)
	}
}

// keys returns the keys of the extra columns among them, in order.
func (u *used) keys() []columnKey {
	var keys []columnKey
	for i, x := range u.space.extra {
		if !u.columns[u.space.base()+i] {
			continue
		}
		at, _ := slices.BinarySearchFunc(keys, x.key, compareKeys)
		keys = slices.Insert(keys, at, x.key)
	}
	return keys
}

// EachColumn calls yield with the number of every column that a condition looks
// at, in place of a computed one those that it is computed from. A column may come
// more than once.
func (c *Checked) EachColumn(cond Condition, yield func(column int)) {
	var look func(int)
	look = func(column int) {
		if x := c.space.extraAt(column); x != nil && x.scalar != nil {
			x.scalar.columns(look)
			return
		}
		yield(column)
	}
	eachColumn(cond, look)
}

// eachColumn calls yield with the columns that a condition names itself.
func eachColumn(c Condition, yield func(int)) {
	switch c := c.(type) {
	case And:
		for _, t := range c {
			eachColumn(t, yield)
		}
	case Or:
		for _, t := range c {
			eachColumn(t, yield)
		}
	case Compare:
		yield(c.Column)
	case CompareColumns:
		yield(c.Column)
		yield(c.Other)
	case In:
		yield(c.Column)
	case Like:
		yield(c.Column)
	case Match:
		yield(c.Column)
	case Contains:
		yield(c.Column)
	case IsNull:
		yield(c.Column)
	case IsMissing:
		yield(c.Column)
	case After:
		for _, k := range c.Keys {
			yield(k.Column)
		}
	}
}
