package reactor

import (
	"sync"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// Feed is a result whose rows somebody else decides on: a server that evaluates the query, with local
// changes on top. It puts the rows into the query's order, keeps to its LIMIT, and has
// subscriptions like a standing query. OFFSET does not count: whoever feeds has skipped those rows.
//
// Safe for concurrent use.
type Feed struct {
	query *query.Checked
	joins *joins // nil if the query follows no references

	mu     sync.Mutex
	res    result
	byID   map[event.ID]*storage.Record
	at     any // position of the newest call
	filled bool
	empty  Reason // why nothing is in it; Stayed if that is not so
	err    error
}

// Removal says that a row is no longer part of a fed result.
type Removal struct {
	ID     event.ID
	Reason Reason
	// Last is the row as last known, for RowChange.Record; nil if that is the one in the result.
	Last *storage.Record
}

// NewFeed returns a feed for a query. Its subscriptions get nothing until the first Replace.
func NewFeed(c *query.Checked) *Feed {
	f := &Feed{query: c, joins: joinsOf(c), byID: map[event.ID]*storage.Record{}}
	if f.res.window = newWindow(c); f.res.window != nil {
		f.res.window.offset, f.res.window.complete, f.res.window.whole = 0, true, true
	}
	return f
}

// Subscribe adds a subscription. For wake see Reactor.Register.
func (f *Feed) Subscribe(wake func()) *Subscription {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := attach(f, wake)
	if f.err != nil {
		s.detach(f.err)
	}
	return s
}

// Get returns a row of the feed, also one that LIMIT hides; nil if there is none.
func (f *Feed) Get(id event.ID) *storage.Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.byID[id]
}

// Replace makes rows the whole result, in any order. Subscriptions get the difference, in which rows
// that are missing now have the reason that why gives; nil means NoMatch.
func (f *Feed) Replace(position any, rows []*storage.Record, why func(event.ID) Reason) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.filled && f.fill(position, rows) {
		return
	}
	staying := make(map[event.ID]struct{}, len(rows))
	for _, x := range rows {
		staying[x.Row.ID] = struct{}{}
	}
	var removals []Removal
	for id := range f.byID {
		if _, ok := staying[id]; ok {
			continue
		}
		r := Removal{ID: id, Reason: NoMatch}
		if why != nil {
			r.Reason = why(id)
		}
		removals = append(removals, r)
	}
	f.apply(position, rows, removals)
	if !f.filled {
		f.filled = true
		f.res.started()
	}
}

// fill makes rows the first result, of which nobody needs to know the changes. It does nothing and
// reports false if there is something in the feed already, or if an entity has two rows.
func (f *Feed) fill(position any, rows []*storage.Record) bool {
	if len(f.byID) > 0 {
		return false
	}
	byID := make(map[event.ID]*storage.Record, len(rows))
	for _, x := range rows {
		byID[x.Row.ID] = x
	}
	if len(byID) < len(rows) {
		return false
	}
	f.byID, f.at, f.filled = byID, position, true
	f.res.rows.fill(f.res.inOrder(rows))
	f.res.started()
	return true
}

// Apply puts rows into the result, or replaces them, and takes others out. What the result shows
// already is no change. Position goes with the change set.
func (f *Feed) Apply(position any, upserts []*storage.Record, removals []Removal) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.apply(position, upserts, removals)
}

func (f *Feed) apply(position any, upserts []*storage.Record, removals []Removal) {
	f.at = position
	var pairs []pair
	at := make(map[event.ID]int, len(upserts)+len(removals)) // of pairs: each entity has one
	pairOf := func(id event.ID) *pair {
		i, ok := at[id]
		if !ok {
			i = len(pairs)
			at[id] = i
			pairs = append(pairs, pair{before: f.byID[id]})
		}
		return &pairs[i]
	}
	for _, x := range removals {
		p := pairOf(x.ID)
		p.after, p.last, p.reason = nil, x.Last, x.Reason
		delete(f.byID, x.ID)
	}
	for _, x := range upserts {
		p := pairOf(x.Row.ID)
		p.after, p.last, p.reason = x, nil, Stayed
		f.byID[x.Row.ID] = x
	}
	pairs = f.worth(pairs)
	if len(pairs) == 0 {
		return
	}
	e, _ := f.res.begin(pairs)
	if changes := e.finish(nil); len(changes) > 0 {
		f.res.deliver(&ChangeSet{Position: position, Changes: changes})
	}
}

// worth leaves out pairs that change nothing and completes the others.
func (f *Feed) worth(pairs []pair) []pair {
	differ := f.differ()
	kept := pairs[:0]
	for _, p := range pairs {
		if p.before == p.after || p.before != nil && p.after != nil && same(p.before, p.after) {
			continue
		}
		if p.before != nil && p.after != nil {
			p.fields = differ.fields(p.before, p.after)
		}
		kept = append(kept, p)
	}
	return kept
}

// Fail ends all subscriptions with an error, those to come as well.
func (f *Feed) Fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
	f.res.fail(err)
}

// Subscribed reports whether anybody is subscribed.
func (f *Feed) Subscribed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.res.subs != nil
}

// The feed is the home of its subscriptions.

func (f *Feed) lock()           { f.mu.Lock() }
func (f *Feed) unlock()         { f.mu.Unlock() }
func (f *Feed) result() *result { return &f.res }
func (f *Feed) differ() differ {
	if f.joins != nil {
		return f.joins
	}
	return entities{f.query.Schema()}
}
func (f *Feed) ready() bool   { return f.filled }
func (f *Feed) position() any { return f.at }
func (f *Feed) left()         {}

func (f *Feed) busy() <-chan struct{} { return nil }
