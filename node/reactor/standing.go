package reactor

import (
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// standing is one standing query: a predicate in the match index and the result of it. Queries that
// ask the same share it. There may be a million of them, most with one row and one subscription, so
// it keeps no more of the query than it needs. Guarded by the reactor's lock.
type standing struct {
	res    result
	in     *collection
	where  query.Condition
	filter query.Filter // what is left to evaluate; matches everything if the index says it all
	key    string
	entry  entry   // of the first branch
	others []entry // of the other branches

	filling *Filling // not nil until the result is there

	// About the change at hand.
	round uint64 // the search that found it last
	near  side   // the index has the row on these sides
	sure  side   // and needs no look at the predicate there
	// About the publication at hand: its pairs in reactor.pairs, counted from 1.
	firstPair, lastPair int32
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

// add makes a standing query and puts it into the index.
func (c *collection) add(q *query.Checked) *standing {
	st := &standing{in: c, where: q.Where(), key: q.Key()}
	st.res.window = newWindow(q)
	if len(q.Order()) > 0 {
		st.res.sorted = q
	}
	branches := branchesOf(c.schema, st.where)
	if st.res.window.wanted() == 0 {
		st.where, branches = query.Const(false), nil // LIMIT 0
	}
	for i, b := range branches {
		if !b.whole || len(b.terms) > 1 {
			st.filter = query.NewFilter(c.schema, st.where)
		}
		e := &st.entry
		if i > 0 {
			if st.others == nil {
				st.others = make([]entry, len(branches)-1)
			}
			e = &st.others[i-1]
		}
		e.owner, e.branch = st, uint16(i)
		c.index.add(c.schema, place{e, b})
	}
	c.queries[st.key] = st
	return st
}

// remove takes a standing query out of the index.
func (c *collection) remove(st *standing) {
	for i, b := range branchesOf(c.schema, st.where) {
		e := &st.entry
		if i > 0 {
			e = &st.others[i-1]
		}
		c.index.remove(c.schema, place{e, b})
	}
	delete(c.queries, st.key)
	if len(c.queries) == 0 {
		delete(c.reactor.collections, c.schema.Collection())
	}
}

// match finds the standing queries that a change concerns, and calls do with each and what the change
// is to it.
func (c *collection) match(ch *Change, do func(*standing, *pair)) {
	s := &c.search
	var sides side
	if ch.Before != nil && !ch.Before.Row.Deleted {
		sides |= beforeSide
		s.before.show(&ch.Before.Row)
	}
	if ch.After != nil && !ch.After.Row.Deleted {
		sides |= afterSide
		s.after.show(&ch.After.Row)
	}
	s.round++
	s.found = s.found[:0]
	if sides != 0 {
		s.cell(&c.index, sides)
	}
	var fields []string
	named := false
	for _, st := range s.found {
		p := pair{last: ch.After}
		if st.matches(beforeSide, &s.before) {
			p.before = ch.Before
		}
		if st.matches(afterSide, &s.after) {
			p.after = ch.After
		}
		switch {
		case p.before == nil && p.after == nil:
			continue
		case p.after == nil:
			p.reason = NoMatch
			if sides&afterSide == 0 {
				p.reason = Deleted
			}
		case p.before != nil:
			if !named {
				fields, named = changedFields(c.names, &s.before, &s.after), true
			}
			p.fields = fields
		}
		do(st, &p)
	}
	clear(s.found)
}

// matches reports whether the row on one side of the change at hand matches.
func (st *standing) matches(on side, v *view) bool {
	return st.near&on != 0 && (st.sure&on != 0 || st.filter.Match(v))
}

// standing is the home of its subscriptions.

func (st *standing) lock()                 { st.in.reactor.mu.Lock() }
func (st *standing) unlock()               { st.in.reactor.mu.Unlock() }
func (st *standing) result() *result       { return &st.res }
func (st *standing) schema() *model.Schema { return st.in.schema }
func (st *standing) ready() bool           { return st.filling == nil }
func (st *standing) left()                 { st.in.remove(st) }
