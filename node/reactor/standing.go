package reactor

import (
	"strings"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// standing is one standing query: a predicate in the match index and the result of it. Queries that
// ask the same share it. There may be a million of them, most with one row and one subscription, so
// it keeps little: not the predicate but its text, from which the predicate is made again when the
// index has to be changed. Guarded by the reactor's lock.
type standing struct {
	// What every change touches comes first, to lie together.
	entry entry  // of the predicate's first branch
	round uint64 // the search that found it last
	near  side   // the index has the row on these sides
	sure  side   // and needs no look at the predicate there
	on    side   // the predicate holds on these sides
	phase phase
	pair  int32 // the last of the publication at hand in reactor.pairs, counted from 1
	res   result

	filter *query.Filter // made when first needed; often the index says it all
	in     *collection
	key    string
}

// phase is where a standing query is in its life.
type phase uint8

const (
	filling phase = iota // its rows are being read
	ahead                // the publication at hand is part of its rows already
	current
)

// reread makes the query again; nil if that fails, which it did not before.
func (st *standing) reread() *query.Checked {
	c, err := reread(st.in.schema, st.key)
	if err != nil {
		return nil
	}
	return c
}

// branches takes the predicate apart.
func (st *standing) branches() []branch {
	c := st.reread()
	if c == nil {
		return nil
	}
	return st.joins().place(branchesOf(c, st.asks(c)))
}

func (st *standing) asks(c *query.Checked) query.Condition {
	if st.res.window.wanted() == 0 { // LIMIT 0
		return query.Const(false)
	}
	return c.Where()
}

// reread makes a query of its key.
func reread(s *model.Schema, key string) (*query.Checked, error) {
	q, err := query.Parse(strings.TrimSpace(strings.TrimPrefix(key, s.Collection())))
	if err != nil {
		return nil, err
	}
	return q.Check(s)
}

// collection holds the standing queries of one collection. Guarded by the reactor's lock.
type collection struct {
	reactor *Reactor
	schema  *model.Schema
	names   []string
	queries map[string]*standing
	others  map[*standing][]entry  // of the branches after the first
	filling map[*standing]*Filling // of those in this phase
	index   cell
	search  search
	joining *joining // what there is beside for queries that follow references; nil if there are none
}

func newCollection(r *Reactor, s *model.Schema) *collection {
	return &collection{
		reactor: r,
		schema:  s,
		names:   s.Names()[:len(s.Fields())],
		queries: map[string]*standing{},
		others:  map[*standing][]entry{},
		filling: map[*standing]*Filling{},
		index:   cell{sorted: true},
		search:  search{before: newView(s), after: newView(s)},
	}
}

// newStanding makes a standing query, and the branches under which it goes into the index.
func newStanding(q *query.Checked) (*standing, []branch, error) {
	st := &standing{key: strings.Clone(q.Key())}
	// The branches are those of the key, because it is read again when the index changes.
	again, err := reread(q.Schema(), st.key)
	if err != nil {
		return nil, nil, err
	}
	if q.Grouping() != nil {
		newGroups(q).shape(&st.res)
	} else {
		st.res.window = newWindow(q)
	}
	if j := joinsOf(q); j != nil {
		if st.res.window == nil {
			st.res.window = &window{query: q, limit: unlimited}
		}
		st.res.window.joins = j
	}
	return st, branchesOf(again, st.asks(again)), nil
}

// add puts a standing query into the index.
func (c *collection) add(st *standing, branches []branch) *Filling {
	st.in = c
	if len(branches) > 1 {
		c.others[st] = make([]entry, len(branches)-1)
	}
	c.queries[st.key] = st
	index := &c.index
	if st.joins() != nil {
		index = c.admit(st)
	}
	x := &indexing{}
	for i, b := range st.joins().place(branches) {
		e := c.entry(st, i)
		*e = entry{owner: st, branch: uint16(i)}
		index.add(x, place{e, b})
	}
	c.filling[st] = &Filling{st: st}
	return c.filling[st]
}

// entry is a standing query's entry for one of its branches.
func (c *collection) entry(st *standing, branch int) *entry {
	if branch == 0 {
		return &st.entry
	}
	return &c.others[st][branch-1]
}

// remove takes a standing query out of the index.
func (c *collection) remove(st *standing) {
	index := &c.index
	if st.joins() != nil {
		index = &c.joining.index
	}
	x := &indexing{}
	for i, b := range st.branches() {
		index.remove(x, place{c.entry(st, i), b})
	}
	if st.joins() != nil {
		c.dismiss(st)
	}
	delete(c.queries, st.key)
	delete(c.others, st)
	delete(c.filling, st)
	if len(c.queries) == 0 {
		delete(c.reactor.collections, c.schema.Collection())
	}
}

// match finds the standing queries that a change concerns; standing.on says on which sides its predicate
// holds. The answer is good until the next call.
func (c *collection) match(ch *Change) *matched { return c.matchIn(&c.index, &c.search, ch) }

func (c *collection) matchIn(index *cell, s *search, ch *Change) *matched {
	sides := s.start(ch)
	if sides != 0 {
		s.cell(index, sides)
	}
	m := &s.matched
	*m = matched{change: ch, found: s.found[:0], deleted: sides&afterSide == 0}
	both := false
	for _, st := range s.found {
		st.on = 0
		if st.matches(beforeSide, &s.before) {
			st.on = beforeSide
		}
		if st.matches(afterSide, &s.after) {
			st.on |= afterSide
		}
		if st.on != 0 {
			m.found = append(m.found, st)
		}
		both = both || st.on == bothSides
	}
	if both {
		m.fields = changedFields(c.names, &s.before, &s.after)
	}
	return m
}

// matched is what a change is to the standing queries that it concerns.
type matched struct {
	change  *Change
	found   []*standing
	fields  []string // that the change changed, if a row stays in some result
	deleted bool     // there is no row after the change
}

// pair is what the change is to one of those found.
func (m *matched) pair(st *standing) pair {
	var p pair
	if st.on&beforeSide != 0 {
		p.before = m.change.Before
	}
	switch {
	case st.on&afterSide != 0:
		p.after, p.fields = m.change.After, m.fields
	case m.deleted:
		p.last, p.reason = m.change.After, Deleted
	default:
		p.last, p.reason = m.change.After, NoMatch
	}
	return p
}

// matches reports whether the row on one side of the change at hand matches.
func (st *standing) matches(on side, v *view) bool {
	if st.near&on == 0 || st.sure&on != 0 {
		return st.near&on != 0
	}
	if st.filter == nil {
		f := st.newFilter()
		st.filter = &f
	}
	if j := st.joins(); j != nil {
		return st.filter.Match(picked{j, len(st.in.schema.Fields()), v})
	}
	return st.filter.Match(v)
}

// newFilter makes the filter of what the index does not say.
func (st *standing) newFilter() query.Filter {
	c := st.reread()
	if c == nil {
		return query.NewFilter(new(query.Checked), query.Const(false))
	}
	return query.NewFilter(c, rest(c, st.asks(c)))
}

// standing is the home of its subscriptions.

func (st *standing) lock()           { st.in.reactor.mu.Lock() }
func (st *standing) unlock()         { st.in.reactor.mu.Unlock() }
func (st *standing) result() *result { return &st.res }
func (st *standing) differ() differ {
	if g := st.groups(); g != nil {
		return g
	}
	if j := st.joins(); j != nil {
		return j
	}
	return entities{st.in.schema}
}
func (st *standing) ready() bool   { return st.phase != filling }
func (st *standing) position() any { return st.in.reactor.position }
func (st *standing) left()         { st.in.remove(st) }

func (st *standing) busy() <-chan struct{} { return st.in.reactor.half }

// groups are those of a query with SELECT, whose result they are; else nil.
func (st *standing) groups() *groups {
	if st.res.window == nil {
		return nil
	}
	return st.res.window.groups
}

// joins are those of a query that follows references; else nil.
func (st *standing) joins() *joins {
	if st.res.window == nil {
		return nil
	}
	return st.res.window.joins
}
