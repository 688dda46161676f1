package reactor

import (
	"slices"
	"sync"

	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// Reactor keeps standing queries current. Safe for concurrent use, with one exception: see Publish.
type Reactor struct {
	mu          sync.Mutex
	collections map[string]*collection

	position any           // of the newest publication
	early    []early       // filled from a snapshot that may be newer than that
	half     chan struct{} // closed when the publication that is half done is done; nil if there is none

	// Of the publication at hand.
	pairs   []linked
	touched []*standing
	waiting []refill
}

// linked is a pair of a standing query, and where its pair before that is.
type linked struct {
	pair
	next int32 // in reactor.pairs, counted from 1; 0 at the end
}

// refill is a window that ran short.
type refill struct {
	st   *standing
	edit *edit
	need int
}

// early is a result that was read from a snapshot newer than the publications so far: those that are part
// of the snapshot must pass it by.
type early struct {
	st      *standing
	covered func(position any) bool
}

// New returns a reactor without standing queries.
func New() *Reactor { return &Reactor{collections: map[string]*collection{}} }

// Len is the number of standing queries, each counted once however many subscriptions it has.
func (r *Reactor) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, c := range r.collections {
		n += len(c.queries)
	}
	return n
}

// Publish takes in a commit: it brings all results up to date and queues a change set for every
// subscription of every standing query whose result changed. It never waits for consumers. Publications
// come in the order of their commits, from one caller at a time.
func (r *Reactor) Publish(p Publication) {
	r.mu.Lock()
	r.take(&p)
	if joiners := r.joiners(&p); len(joiners) > 0 {
		r.pause()
		for i := range joiners {
			joiners[i].resolve(&p)
		}
		r.mu.Lock()
		for i := range joiners {
			r.takeJoined(&p, &joiners[i])
		}
	}
	waiting := r.waiting
	r.waiting = nil
	if len(waiting) == 0 {
		r.done(p.Position)
		r.mu.Unlock()
		return
	}
	r.pause()
	for i := range waiting {
		rows, err := waiting[i].read(p.Refill)
		r.mu.Lock()
		waiting[i].done(p.Position, rows, err)
		if i == len(waiting)-1 {
			r.done(p.Position) // not before, because windows show the result before until now
		}
		r.mu.Unlock()
	}
}

// pause releases the lock in the middle of a publication: some results have it, some do not.
func (r *Reactor) pause() {
	if r.half == nil {
		r.half = make(chan struct{})
	}
	r.mu.Unlock()
}

// done notes that all results have the publication. Needs the lock.
func (r *Reactor) done(position any) {
	r.position = position
	if r.half != nil {
		close(r.half)
		r.half = nil
	}
}

// read reads the missing rows. It holds no lock; nothing that it looks at changes meanwhile.
func (f *refill) read(read Refill) ([]*storage.Record, error) {
	if read == nil {
		return nil, errNoRefill
	}
	w := f.st.res.window
	return read(w.query, w.bound, f.need)
}

// done completes the window. Needs the lock.
func (f *refill) done(position any, rows []*storage.Record, err error) {
	if err != nil {
		f.st.res.fail(err)
		return
	}
	f.st.emit(position, f.edit.finish(rows))
}

// take matches all changes and applies them. A publication with a single change, which is the usual
// one, needs no sorting by standing query.
func (r *Reactor) take(p *Publication) {
	r.passBy(p.Position)
	if len(p.Changes) == 1 {
		if c := r.collections[p.Changes[0].Collection]; c != nil {
			m := c.match(&p.Changes[0])
			for _, st := range m.found {
				change := m.pair(st)
				r.applyOne(p, st, &change)
			}
		}
		return
	}
	for i := range p.Changes {
		if c := r.collections[p.Changes[i].Collection]; c != nil {
			r.link(c.match(&p.Changes[i]))
		}
	}
	for _, st := range r.touched {
		if last := &r.pairs[st.pair-1]; last.next == 0 {
			r.applyOne(p, st, &last.pair)
		} else {
			r.apply(p, st, r.linked(st))
		}
		st.pair = 0
	}
	clear(r.pairs)
	clear(r.touched)
	r.pairs, r.touched = r.pairs[:0], r.touched[:0]
}

// passBy marks the results that have a publication already. What a snapshot does not cover nothing after
// it does, so a result stays in the list only until the first such publication.
func (r *Reactor) passBy(position any) {
	r.early = slices.DeleteFunc(r.early, func(e early) bool {
		if e.covered(position) {
			e.st.phase = ahead
			return false
		}
		e.st.phase = current
		return true
	})
	if len(r.early) == 0 {
		r.early = nil
	}
}

// readAhead notes that a result may have publications that are still to come.
func (r *Reactor) readAhead(st *standing, covered func(position any) bool) {
	if len(r.early) == cap(r.early) {
		// Without publications only this lets go of results that have ended.
		r.early = slices.DeleteFunc(r.early, func(e early) bool { return e.st.res.subs == nil })
		r.early = slices.Grow(r.early, len(r.early)+1)
	}
	r.early = append(r.early, early{st, covered})
}

// link notes pairs for later.
func (r *Reactor) link(m *matched) {
	for _, st := range m.found {
		if st.pair == 0 {
			r.touched = append(r.touched, st)
		}
		r.pairs = append(r.pairs, linked{m.pair(st), st.pair})
		st.pair = int32(len(r.pairs))
	}
}

// linked gathers the pairs of a standing query, in the order of changes.
func (r *Reactor) linked(st *standing) []pair {
	var pairs []pair
	for at := st.pair; at != 0; at = r.pairs[at-1].next {
		pairs = append(pairs, r.pairs[at-1].pair)
	}
	slices.Reverse(pairs)
	return pairs
}

// applyOne applies the only pair that a publication has for a standing query.
func (r *Reactor) applyOne(p *Publication, st *standing, change *pair) {
	if st.phase != current || st.res.window.bounded() || st.groups() != nil {
		r.apply(p, st, []pair{*change})
		return
	}
	set := &lone{}
	if st.res.apply(change, &set.change[0]) {
		set.Position, set.Changes = p.Position, set.change[:]
		st.res.deliver(&set.ChangeSet)
	}
}

// lone is a change set of one change, in one piece of memory.
type lone struct {
	ChangeSet
	change [1]RowChange
}

// apply applies all pairs that a publication has for a standing query.
func (r *Reactor) apply(p *Publication, st *standing, pairs []pair) {
	switch st.phase {
	case ahead:
		return
	case filling:
		f := st.in.filling[st]
		f.missed = append(f.missed, missed{p.Position, pairs})
		return
	}
	e, need := st.res.begin(st.groups().apply(pairs))
	if st.res.grown() {
		st.res.started() // they may want to look at Held
	}
	if need > 0 {
		r.waiting = append(r.waiting, refill{st, e, need})
		return
	}
	st.emit(p.Position, e.finish(nil))
}

// emit hands the changes of one publication to the subscriptions.
func (st *standing) emit(position any, changes []RowChange) {
	if len(changes) > 0 {
		st.res.deliver(&ChangeSet{Position: position, Changes: changes})
	}
}

// Register adds a subscription to the standing query that asks what c asks. If there is none yet,
// or if the result of one was never read, the caller is given a Filling and must read the rows.
//
// wake is called when there is something to take, see Subscription.Next: from within Publish and other
// calls, with locks held. It must not block and must not call the reactor or the subscription.
// It may be nil.
func (r *Reactor) Register(c *query.Checked, wake func()) (*Subscription, *Filling, error) {
	key := c.Key() // making the key of a long query takes a while, and so does taking it apart: not under the lock
	sub, err := r.join(c, key, wake)
	if sub != nil || err != nil {
		return sub, nil, err
	}
	st, branches, err := newStanding(c)
	if err != nil {
		return nil, nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	sub, err = r.joinLocked(c, key, wake)
	if sub != nil || err != nil { // somebody was quicker
		return sub, nil, err
	}
	col := r.collections[c.Schema().Collection()]
	if col == nil {
		col = newCollection(r, c.Schema())
		r.collections[c.Schema().Collection()] = col
	}
	f := col.add(st, branches)
	return attach(st, wake), f, nil
}

// join adds a subscription to a standing query that is there already; nil if there is none.
func (r *Reactor) join(c *query.Checked, key string, wake func()) (*Subscription, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.joinLocked(c, key, wake)
}

func (r *Reactor) joinLocked(c *query.Checked, key string, wake func()) (*Subscription, error) {
	col := r.collections[c.Schema().Collection()]
	switch {
	case col == nil:
		return nil, nil
	case col.schema != c.Schema():
		return nil, &SchemaError{c.Schema().Collection()}
	}
	if st := col.queries[key]; st != nil {
		return attach(st, wake), nil
	}
	return nil, nil
}
