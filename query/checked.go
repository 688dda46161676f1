package query

import (
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// Checked is a query whose names, types and arguments were checked against a
// schema. It answers what an engine, a plan and a live query ask: which rows
// match, and how they are ordered.
//
// A Checked is immutable and safe for concurrent use.
type Checked struct {
	schema   *model.Schema
	space    space
	where    Condition
	match    matcher // nil: every row
	order    []OrderKey
	limit    int // negative: none
	offset   int
	asOf     *AsOf
	follows  []Follow
	joined   []Joined
	grouping *Grouping // nil: it asks for entities
	source   *Query    // what was checked, if it depends on the time
	text     canonicalText
}

// OrderKey is one key of a checked ORDER BY.
type OrderKey struct {
	Column     int      // as in a [Condition]
	Path       []string // below a JSON column
	Desc       bool
	NullsFirst bool
	scalar     scalar // how the column is computed; nil if it is not
}

// AsOf is a point in the past: a time, or a transaction if Tx is not zero.
type AsOf struct {
	Time time.Time
	Tx   event.ID
}

// Schema returns the schema the query was checked against.
func (c *Checked) Schema() *model.Schema { return c.schema }

// Query returns the canonical form of the query: arguments bound, literals
// typed, every term in its one place. Checking it again gives the same [Checked.Key].
func (c *Checked) Query() *Query { return c.canonical().query }

// Where returns the checked predicate, never nil: Const(true) when there is none.
// The caller must not change it.
func (c *Checked) Where() Condition { return c.where }

// Column describes a column by its number, nil if there is none: as the schema
// does, or one that the query joins or computes.
func (c *Checked) Column(column int) *model.Field { return c.space.field(column) }

// Grouping returns what a query with SELECT asks of groups; nil if it asks for
// entities. If it is not nil, Order, Limit and Offset are about groups, and
// [Checked.Rows] is what is grouped.
func (c *Checked) Grouping() *Grouping { return c.grouping }

// Rows returns the query for the rows that the groups are made of: the predicate
// alone. Of a query for entities it is the query itself.
func (c *Checked) Rows() *Checked {
	if c.grouping == nil {
		return c
	}
	rows := c.without(nil)
	rows.grouping = nil
	return rows
}

// Whole returns the query without its LIMIT and OFFSET.
func (c *Checked) Whole() *Checked { return c.without(c.order) }

// Unordered returns the query without its window, and for its rows by ID.
func (c *Checked) Unordered() *Checked { return c.without(nil) }

func (c *Checked) without(order []OrderKey) *Checked {
	return &Checked{
		schema: c.schema, space: c.space, where: c.where, match: c.match, order: order, limit: -1,
		asOf: c.asOf, follows: c.follows, joined: c.joined, grouping: c.grouping,
	}
}

// AsOf returns the point in the past of which is asked; ok is false if that is
// now.
func (c *Checked) AsOf() (past AsOf, ok bool) {
	if c.asOf == nil {
		return AsOf{}, false
	}
	return *c.asOf, true
}

// Present returns the query as it is asked of a reader that is at some point in
// the past itself: without AS OF.
func (c *Checked) Present() *Checked {
	if c.asOf == nil {
		return c
	}
	return &Checked{
		schema: c.schema, space: c.space, where: c.where, match: c.match, order: c.order,
		limit: c.limit, offset: c.offset, follows: c.follows, joined: c.joined, grouping: c.grouping, source: c.source,
	}
}

// At returns the query with now() at the given time, which is otherwise that of
// [Query.Check]. Whoever evaluates a query fixes the time once, so that every row
// is judged by the same one; a live query keeps the time at which it began.
func (c *Checked) At(now time.Time) *Checked {
	if c.source == nil {
		return c
	}
	// It was checked before, and nothing that can be wrong depends on the time.
	at, err := c.source.check(c.schema, model.OfTime(now))
	if err != nil {
		return c
	}
	if c.asOf == nil {
		return at.Present()
	}
	return at
}

// Order returns the keys of ORDER BY, the most significant first. Rows that are
// equal in all of them are ordered by ID, ascending. The caller must not change it.
func (c *Checked) Order() []OrderKey { return c.order }

// Limit returns the greatest number of rows wanted; ok is false when there is no limit.
func (c *Checked) Limit() (n int, ok bool) { return max(c.limit, 0), c.limit >= 0 }

// Offset returns how many of the first rows are skipped.
func (c *Checked) Offset() int { return c.offset }

// Key identifies what is asked: two checked queries of one collection with the
// same Key have the same result in every state of the store. It is the text of
// the canonical query after the collection's name.
func (c *Checked) Key() string { return c.canonical().key }

// Equal reports whether both ask the same of the same collection: they have the
// same [Checked.Key], however differently they were written.
func (c *Checked) Equal(other *Checked) bool {
	return c == other || c != nil && other != nil && c.Key() == other.Key()
}

// Text returns the text of a condition that is, or is part of, the predicate.
func (c *Checked) Text(cond Condition) string {
	if _, ok := cond.(After); ok {
		return "AFTER a cursor"
	}
	var p printer
	p.expr(c.space.condition(cond), powerAnd)
	return string(p.b)
}

// String returns the text of the canonical query.
func (c *Checked) String() string { return c.Query().String() }

// Match reports whether the row is part of the result, the window aside: it is
// not deleted and the predicate is TRUE. It allocates nothing.
func (c *Checked) Match(r *model.Row) bool {
	return !r.Deleted && (c.match == nil || c.match.row(c.schema, r))
}

// Compare returns -1 or +1 as a comes before or after b in the query's order, and 0
// only if they are the same entity. It allocates nothing.
func (c *Checked) Compare(a, b *model.Row) int {
	for i := range c.order {
		k := &c.order[i]
		if d := k.Compare(c.schema, a, b); d != 0 {
			return d
		}
	}
	return a.ID.Compare(b.ID)
}

// Compare compares two rows of the schema by this key alone. It allocates nothing.
func (k *OrderKey) Compare(s *model.Schema, a, b *model.Row) int {
	if k.Column == model.ColumnID {
		return signed(a.ID.Compare(b.ID), k.Desc)
	}
	return k.CompareValues(k.Value(s, a), k.Value(s, b))
}

// Value returns a row's value of the key's column. It is what CompareValues
// takes, for whoever compares a row with many others.
func (k *OrderKey) Value(s *model.Schema, r *model.Row) model.Value {
	if k.scalar != nil {
		return k.scalar.value(reader{schema: s, row: r})
	}
	return at(s.Value(r, k.Column), k.Path)
}

// CompareValues compares two values of the key's column, as ORDER BY does.
func (k *OrderKey) CompareValues(x, y model.Value) int {
	switch xn, yn := x.IsNull(), y.IsNull(); {
	case xn && yn:
		return 0
	case xn || yn:
		return signed(1, xn == k.NullsFirst)
	}
	return signed(x.Compare(y), k.Desc)
}

func signed(d int, negative bool) int {
	if negative {
		return -d
	}
	return d
}

// at follows a path in a JSON column. The whole value of such a column reads like
// any other path, so that JSON null is NULL and a string in it is a string.
func at(v model.Value, path []string) model.Value {
	if v.Type() != model.TypeJSON {
		return v
	}
	inner, ok := v.JSON().Path(path...)
	if !ok {
		return model.Value{}
	}
	return inner
}
