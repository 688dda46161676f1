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
	skip  bool   // the publication at hand is part of the result already
	// The pairs of the publication at hand in reactor.pairs, counted from 1.
	firstPair, lastPair int32

	filling *Filling // not nil until the result is there
	res     result

	groups *groups // of a query with SELECT, whose result they are; else nil

	filter *query.Filter // made when first needed; often the index says it all
	in     *collection
	key    string
	others []entry // of the predicate's other branches
}

// predicate is what the query asks of a row.
func (st *standing) predicate() query.Condition {
	c, err := reread(st.in.schema, st.key)
	if err != nil { // it was read before
		return query.Const(false)
	}
	return st.asks(c)
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
	index   cell
	search  search
}

func newCollection(r *Reactor, s *model.Schema) *collection {
	return &collection{
		reactor: r,
		schema:  s,
		names:   s.Names()[:len(s.Fields())],
		queries: map[string]*standing{},
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
		st.groups = newGroups(q)
		st.groups.shape(&st.res)
	} else {
		st.res.shape(q)
	}
	branches := branchesOf(q.Schema(), st.asks(again))
	if len(branches) > 1 {
		st.others = make([]entry, len(branches)-1)
	}
	for i := range branches {
		e := st.entryAt(i)
		e.owner, e.branch = st, uint16(i)
	}
	return st, branches, nil
}

// add puts a standing query into the index.
func (c *collection) add(st *standing, branches []branch) {
	st.in = c
	x := &indexing{schema: c.schema}
	for i, b := range branches {
		c.index.add(x, place{st.entryAt(i), b})
	}
	c.queries[st.key] = st
}

func (st *standing) entryAt(branch int) *entry {
	if branch == 0 {
		return &st.entry
	}
	return &st.others[branch-1]
}

// remove takes a standing query out of the index.
func (c *collection) remove(st *standing) {
	x := &indexing{schema: c.schema}
	for i, b := range branchesOf(c.schema, st.predicate()) {
		c.index.remove(x, place{st.entryAt(i), b})
	}
	delete(c.queries, st.key)
	if len(c.queries) == 0 {
		delete(c.reactor.collections, c.schema.Collection())
	}
}

// match finds the standing queries that a change concerns; standing.on says on which sides its predicate
// holds. The answer is good until the next call.
func (c *collection) match(ch *Change) *matched {
	s := &c.search
	sides := s.start(ch)
	if sides != 0 {
		s.cell(&c.index, sides)
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
	return st.filter.Match(v)
}

// newFilter makes the filter of the whole predicate.
func (st *standing) newFilter() query.Filter {
	c, err := reread(st.in.schema, st.key)
	if err != nil || st.res.window.wanted() == 0 {
		return query.NewFilter(new(query.Checked), query.Const(false))
	}
	return query.NewFilter(c, c.Where())
}

// standing is the home of its subscriptions.

func (st *standing) lock()           { st.in.reactor.mu.Lock() }
func (st *standing) unlock()         { st.in.reactor.mu.Unlock() }
func (st *standing) result() *result { return &st.res }
func (st *standing) differ() differ {
	if st.groups != nil {
		return st.groups
	}
	return entities{st.in.schema}
}
func (st *standing) ready() bool   { return st.filling == nil }
func (st *standing) position() any { return st.in.reactor.position }
func (st *standing) left()         { st.in.remove(st) }
