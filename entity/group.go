package entity

import (
	"context"
	"iter"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// A Group is what a query with SELECT tells of one group of entities: a value for
// each of its items. It is immutable and safe for concurrent use.
type Group struct {
	items  []query.Item
	values []model.Value
}

// Len is the number of items.
func (g Group) Len() int { return len(g.items) }

// Name is what an item is called: what AS says, or how it is written in the
// canonical query, such as "COUNT(*)".
func (g Group) Name(i int) string { return g.items[i].Name }

// At returns the value of an item by its position in SELECT, from 0.
func (g Group) At(i int) model.Value { return g.values[i] }

// Value returns the value of an item by its name, NULL if there is none of that
// name.
func (g Group) Value(name string) model.Value {
	for i := range g.items {
		if g.items[i].Name == name {
			return g.values[i]
		}
	}
	return model.Null
}

// String is the group for people to read, such as "genre: 'jazz', COUNT(*): 3".
func (g Group) String() string {
	var b []byte
	for i := range g.items {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(append(b, g.items[i].Name...), ": "...)
		b = append(b, g.values[i].String()...)
	}
	return string(b)
}

// A Grouper is a [Reader] that answers queries with SELECT itself. Without it the
// rows are fetched and grouped by [GroupsOf].
type Grouper interface {
	// Groups returns the groups that the query asks for, in its order.
	Groups(ctx context.Context, q *query.Checked) ([]Group, error)
}

// GroupsOf answers a query with SELECT by fetching all rows that it is about.
func GroupsOf(ctx context.Context, r Reader, q *query.Checked) ([]Group, error) {
	return MakeGroups(q, func(yield func(*model.Row, error) bool) {
		for v, err := range r.Fetch(ctx, q.Rows()) {
			if !yield(v.Row(), err) {
				return
			}
		}
	})
}

// MakeGroups answers a query with SELECT from the rows that it is about, joined if
// the query joins. The error is the first one of the rows.
func MakeGroups(q *query.Checked, rows iter.Seq2[*model.Row, error]) ([]Group, error) {
	found, err := query.GroupRows(q, rows)
	if err != nil {
		return nil, err
	}
	groups := make([]Group, len(found))
	for i, row := range found {
		groups[i] = Group{q.Grouping().Items(), q.Grouping().Values(row)}
	}
	return groups, nil
}

// FetchGroups yields the groups that a query with SELECT asks for, in its order:
//
//	SELECT genre, COUNT(*) AS albums WHERE year > ? GROUP BY genre ORDER BY albums DESC
//
// The sequence ends after the first error. A query without SELECT asks for
// entities and is refused.
func (c *Collection[V, M, S]) FetchGroups(ctx context.Context, r Reader, text string, args ...any) iter.Seq2[Group, error] {
	q, err := c.parse(text, args)
	return fetchGroups(ctx, r, c.schema, q, err)
}

// QueryGroups makes a live query of the groups that a query with SELECT asks for,
// such as a live count: "SELECT COUNT(*) WHERE year > ?". A commit costs the groups
// that it touches, not the rows that are in them. Close it.
func (c *Collection[V, M, S]) QueryGroups(ctx context.Context, s Session, text string, args ...any) (*Live[Group], error) {
	q, err := c.parse(text, args)
	return liveGroups(ctx, s, c.schema, q, err)
}

func liveGroups(ctx context.Context, session Session, s *model.Schema, q *query.Query, err error) (*Live[Group], error) {
	checked, err := checkGroups(s, q, err)
	if err != nil {
		return nil, err
	}
	standing, err := session.Query(ctx, checked)
	if err != nil {
		return nil, err
	}
	return &Live[Group]{standing: standing, of: groupOf(checked.Grouping()), check: checkGroups}, nil
}

// groupOf makes groups of the views that a standing query has of them: their
// values are where others have joined ones.
func groupOf(g *query.Grouping) func(View) Group {
	return func(v View) Group {
		if v.row == nil {
			return Group{}
		}
		return Group{g.Items(), g.Values(*v.row.Joined)}
	}
}

func fetchGroups(ctx context.Context, r Reader, s *model.Schema, q *query.Query, err error) iter.Seq2[Group, error] {
	return func(yield func(Group, error) bool) {
		groups, err := groups(ctx, r, s, q, err)
		if err != nil {
			yield(Group{}, err)
			return
		}
		for _, g := range groups {
			if !yield(g, nil) {
				return
			}
		}
	}
}

func groups(ctx context.Context, r Reader, s *model.Schema, q *query.Query, err error) ([]Group, error) {
	checked, err := checkGroups(s, q, err)
	if err != nil {
		return nil, err
	}
	if g, ok := r.(Grouper); ok {
		return g.Groups(ctx, checked)
	}
	return GroupsOf(ctx, r, checked)
}

// checkGroups checks a query for groups, unless making it failed.
func checkGroups(s *model.Schema, q *query.Query, err error) (*query.Checked, error) {
	if err != nil {
		return nil, err
	}
	c, err := q.Check(s)
	if err == nil && c.Grouping() == nil {
		return nil, ErrNoGroups
	}
	return c, err
}
