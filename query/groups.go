package query

import (
	"iter"
	"maps"
	"slices"

	"github.com/ankgo/ank/model"
)

// GroupRow holds the values of a group's keys, and then its aggregates.
type GroupRow []model.Value

// Value returns the value of a key or an aggregate. It implements [Source].
func (r GroupRow) Value(column int) model.Value { return r[column] }

// Match reports whether HAVING is TRUE of a group.
func (g *Grouping) Match(r GroupRow) bool { return g.match == nil || g.match.source(r) }

// Values returns what SELECT asks of a group: the value of each item.
func (g *Grouping) Values(r GroupRow) []model.Value {
	values := make([]model.Value, len(g.items))
	for i, item := range g.items {
		if x := g.space.extraAt(item.Column); x.scalar != nil {
			values[i] = x.scalar.value(reader{source: r})
		} else {
			values[i] = r[item.Column]
		}
	}
	return values
}

// CompareGroups returns -1 or +1 as a comes before or after b in the order of a
// query with SELECT, and 0 only if they are the same group: those that ORDER BY
// does not tell apart are in the order of their keys, NULL first.
func (c *Checked) CompareGroups(a, b GroupRow) int {
	for i := range c.order {
		k := &c.order[i]
		if d := k.CompareValues(k.read(reader{source: a}), k.read(reader{source: b})); d != 0 {
			return d
		}
	}
	for i := range c.grouping.keys {
		if d := compareTyped(a[i], b[i]); d != 0 {
			return d
		}
	}
	return 0
}

// Groups puts rows into groups. It is how a query with SELECT is evaluated, and
// kept current: rows may be taken out again. It is for one goroutine.
type Groups struct {
	query     *Checked
	removable bool
	groups    map[string]*Group
	kept      int // values in their accumulators
	buffer    []byte
}

// Group is what is known of the rows of one group.
type Group struct {
	key  string
	rows int
	keys []model.Value
	of   []Accumulator
}

// NewGroups returns the groups of no rows, for a query with SELECT. Only if they
// are removable, which takes more memory, may rows be taken out again.
func NewGroups(c *Checked, removable bool) *Groups {
	g := &Groups{query: c, removable: removable, groups: map[string]*Group{}}
	if len(c.grouping.keys) == 0 {
		g.group(nil)
	}
	return g
}

// Add puts a row into its group, which it returns. The row matches the query, and
// is joined if the query joins.
func (g *Groups) Add(r *model.Row) *Group {
	group := g.group(r)
	group.rows++
	g.change(group, r, Accumulator.Add)
	return group
}

// Remove takes a row out that was added as it is given, and returns the group it
// was in. One that has no rows left is forgotten, unless there is always one.
func (g *Groups) Remove(r *model.Row) *Group {
	group := g.group(r)
	group.rows--
	g.change(group, r, Accumulator.Remove)
	if group.rows == 0 && len(group.keys) > 0 {
		delete(g.groups, group.key)
	}
	return group
}

func (g *Groups) change(group *Group, r *model.Row, change func(Accumulator, model.Value)) {
	for i := range group.of {
		a := &g.query.grouping.aggregates[i]
		v := model.Null
		if !a.Rows {
			v = a.Of.Value(g.query.schema, r)
		}
		kept := group.of[i].Kept()
		change(group.of[i], v)
		g.kept += group.of[i].Kept() - kept
	}
}

// group returns the group of a row, which is made if there was none.
func (g *Groups) group(r *model.Row) *Group {
	by := g.query.grouping.keys
	g.buffer = g.buffer[:0]
	for i := range by {
		g.buffer = by[i].Value(g.query.schema, r).AppendKey(g.buffer, false)
	}
	if group := g.groups[string(g.buffer)]; group != nil {
		return group
	}
	group := &Group{key: string(g.buffer), keys: make([]model.Value, len(by))}
	for i := range by {
		group.keys[i] = oneForm(by[i].Value(g.query.schema, r))
	}
	for i := range g.query.grouping.aggregates {
		group.of = append(group.of, g.query.grouping.aggregates[i].New(g.removable))
	}
	g.groups[group.key] = group
	return group
}

// Key identifies the group among those of its query: groups with the same key
// have the same values in what they are grouped by.
func (g *Group) Key() string { return g.key }

// Len is the number of rows in the group.
func (g *Group) Len() int { return g.rows }

// Row returns what is known of the group now.
func (g *Group) Row() GroupRow {
	row := append(make(GroupRow, 0, len(g.keys)+len(g.of)), g.keys...)
	for _, a := range g.of {
		row = append(row, a.Value())
	}
	return row
}

// Result returns the groups that the query asks for: those that HAVING lets pass,
// in order, within LIMIT and OFFSET.
func (g *Groups) Result() []GroupRow {
	rows := make([]GroupRow, 0, len(g.groups))
	for _, group := range g.groups {
		if r := group.Row(); g.query.grouping.Match(r) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, g.query.CompareGroups)
	rows = rows[min(g.query.offset, len(rows)):]
	if g.query.limit >= 0 {
		rows = rows[:min(g.query.limit, len(rows))]
	}
	return rows
}

// GroupRows evaluates a query with SELECT on the rows of [Checked.Rows], which are
// joined if the query joins. The error is the first one of the rows.
func GroupRows(c *Checked, rows iter.Seq2[*model.Row, error]) ([]GroupRow, error) {
	g := NewGroups(c, false)
	for r, err := range rows {
		if err != nil {
			return nil, err
		}
		g.Add(r)
	}
	return g.Result(), nil
}

// Again returns the groups of no rows, for the same query.
func (g *Groups) Again() *Groups { return NewGroups(g.query, g.removable) }

// Len is the number of groups.
func (g *Groups) Len() int { return len(g.groups) }

// Size is the number of groups, of each as often as it has aggregates, and of values
// that are kept for them: how much memory they take.
func (g *Groups) Size() int {
	return len(g.groups)*max(1, len(g.query.grouping.aggregates)) + g.kept
}

// Get returns the group with a key, nil if there is none.
func (g *Groups) Get(key string) *Group { return g.groups[key] }

// All yields the groups, in no order.
func (g *Groups) All() iter.Seq[*Group] { return maps.Values(g.groups) }

// OfGroups returns what a query with SELECT asks of groups as a query about rows:
// HAVING is its predicate, and its order tells any two groups apart. The row of a
// group has its [GroupRow] in the place of joined columns; there are no others.
func (c *Checked) OfGroups() *Checked {
	g := c.grouping
	order := slices.Clone(c.order)
	for i := range g.keys {
		order = append(order, OrderKey{Column: i, NullsFirst: true})
	}
	s := model.NewSchema(model.Definition{Model: c.schema.Model(), Collection: c.schema.Collection()})
	return &Checked{
		schema: s, space: g.space, where: g.having, match: g.match, order: order, limit: c.limit, offset: c.offset,
	}
}
