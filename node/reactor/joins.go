package reactor

import (
	"slices"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// Queries that follow references look at columns of other entities: joined columns. All joined columns that
// standing queries of a collection look at have a number there, a slot, and are columns of its
// rows as far as the match index is concerned: artist.name = 'Prince' is found by the value like any
// equality. The index of these queries stands beside that of all others, because its rows have to be
// joined, which reads the store; so nobody pays for it but collections with such queries.
//
// A commit concerns them in two ways. It changes rows of the collection: these are joined, as they were
// before and as they are after. Or it changes what a slot reads of an entity that references lead to:
// then the rows that refer to it, found through the store, are matched as if they had changed, from what
// they were joined with before to what they are joined with after.

// slot is a joined column that some queries look at.
type slot struct {
	name   string
	steps  []step // the references that lead to it, at least one
	column int    // in the schema that the last one leads to
	users  int    // queries; a slot without is free
}

// step is a reference that is followed.
type step struct {
	column int           // of the reference, in the schema before
	schema *model.Schema // of where it leads
}

// joins is what a standing query joins: its joined columns, in order, by their slots.
type joins struct {
	schema *model.Schema
	query  *query.Checked
	slots  []int
}

// joinsOf returns the joins of a query, not in their slots yet; nil if it has none.
func joinsOf(q *query.Checked) *joins {
	if len(q.Joined()) == 0 {
		return nil
	}
	return &joins{schema: q.Schema(), query: q, slots: make([]int, len(q.Joined()))}
}

// wants describes the slot for the query's joined column at a position.
func (j *joins) wants(i int) slot {
	of, follows := j.query.Joined()[i], j.query.Follows()
	s := slot{name: of.Name, column: of.Column}
	for f := of.Follow; f >= 0; f = follows[f].From {
		s.steps = append(s.steps, step{follows[f].Column, follows[f].Schema})
	}
	slices.Reverse(s.steps)
	return s
}

// place puts slots in the place of the query's own numbers of joined columns. Without joins nothing changes.
func (j *joins) place(branches []branch) []branch {
	if j == nil {
		return branches
	}
	first := len(j.schema.Fields())
	for i := range branches {
		for k := range branches[i].terms {
			if t := &branches[i].terms[k]; t.column >= first {
				t.column = first + j.slots[t.column-first]
			}
		}
	}
	return branches
}

// pick returns a record that is joined for the query, of one that is joined for all slots.
func (j *joins) pick(x *storage.Record) *storage.Record {
	all := joinedValues(&x.Row)
	values := make([]model.Value, len(j.slots))
	for i, at := range j.slots {
		if at < len(all) {
			values[i] = all[at]
		}
	}
	return joinedRecord(x, values)
}

func joinedRecord(x *storage.Record, values []model.Value) *storage.Record {
	joined := *x
	joined.Row.Joined = &values
	return &joined
}

// fields implements [differ].
func (j *joins) fields(before, after *storage.Record) []string {
	names := slices.Clip(entities{j.schema}.fields(before, after))
	was, now := joinedValues(&before.Row), joinedValues(&after.Row)
	for i, of := range j.query.Joined() {
		if was[i] != now[i] {
			names = append(names, of.Name)
		}
	}
	return names
}

// picked is a row that is joined for all slots, as one of the queries sees it.
type picked struct {
	joins *joins
	first int // column that is joined
	view  *view
}

// Value implements [query.Source].
func (p picked) Value(column int) model.Value {
	if column >= p.first {
		column = p.first + p.joins.slots[column-p.first]
	}
	return p.view.Value(column)
}

// joining is what a collection has for its standing queries that join.
type joining struct {
	slots   []slot
	index   cell
	search  search
	queries int
}

// admit gives the query's joined columns their slots.
func (c *collection) admit(st *standing) *cell {
	if c.joining == nil {
		c.joining = &joining{index: cell{sorted: true}, search: search{before: newView(c.schema), after: newView(c.schema)}}
	}
	g := c.joining
	g.queries++
	for i := range st.joins().slots {
		st.joins().slots[i] = g.slot(st.joins().wants(i))
	}
	return &g.index
}

// slot returns the number of a slot, which has one user more now.
func (g *joining) slot(want slot) int {
	at := slices.IndexFunc(g.slots, func(s slot) bool { return s.users > 0 && s.name == want.name })
	if at < 0 {
		at = slices.IndexFunc(g.slots, func(s slot) bool { return s.users == 0 })
	}
	if at < 0 {
		at = len(g.slots)
		g.slots = append(g.slots, slot{})
	}
	want.users = g.slots[at].users + 1
	g.slots[at] = want
	return at
}

// dismiss takes back what admit gave.
func (c *collection) dismiss(st *standing) {
	g := c.joining
	for _, at := range st.joins().slots {
		if g.slots[at].users--; g.slots[at].users == 0 {
			g.slots[at] = slot{}
		}
	}
	if g.queries--; g.queries == 0 {
		c.joining = nil
	}
}

// matchJoined is match for the queries that join, of a change whose rows are joined.
func (c *collection) matchJoined(ch *Change) *matched {
	return c.matchIn(&c.joining.index, &c.joining.search, ch)
}

// joinedPair is what a change is to a query that joins; ok is false if it is nothing.
func (m *matched) joinedPair(st *standing) (p pair, ok bool) {
	p = m.pair(st)
	if p.before != nil {
		p.before = st.joins().pick(p.before)
	}
	if p.after != nil {
		p.after = st.joins().pick(p.after)
	}
	if p.last != nil {
		p.last = st.joins().pick(p.last)
	}
	if p.before == nil || p.after == nil {
		return p, true
	}
	if same(p.before, p.after) {
		return p, false
	}
	p.fields = st.joins().fields(p.before, p.after)
	return p, true
}
