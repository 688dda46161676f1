package reactor

import (
	"sync"
)

// Subscription is one consumer of a result. It holds what the consumer has not taken yet: a few
// change sets, and when those become too many or too large, one that they were joined into. What it
// holds is thus bounded by the size of the result, however slow the consumer is.
//
// Next is for one goroutine at a time; everything else is safe for concurrent use.
type Subscription struct {
	mu     sync.Mutex // guards what follows; may be taken while holding home, not the other way round
	fresh  bool       // the next set is the initial one; nothing is queued until then. Changed under both
	closed bool       // guarded by home
	turned *turned    // what is to be taken before what is queued; nil, unless the subscription was turned
	queue

	wake func()
	home home // changed under its lock and mu, so either is enough to read it

	next, previous *Subscription // guarded by home
}

// home is what a subscription belongs to. Its lock guards the result and the list of subscriptions.
type home interface {
	lock()
	unlock()
	result() *result
	differ() differ
	position() any
	ready() bool           // the result is there; needs the lock
	left()                 // the last subscription is gone; needs the lock
	busy() <-chan struct{} // closed when a publication that is half done is done, nil if there is none; needs the lock
}

// queue is what a consumer has not taken yet.
type queue struct {
	first   *ChangeSet // nil: nothing is queued
	backlog *backlog   // what comes after first, or at the end
}

type backlog struct {
	sets    []*ChangeSet
	changes int // in first and sets
	bound   int // of changes, before they are joined
	err     error
}

const (
	maxSets    = 16 // queued behind the first before they are joined
	minChanges = 64 // queued, at least, before they are joined
)

// attach adds a subscription, which begins with an initial set. Needs the home's lock.
func attach(h home, wake func()) *Subscription {
	s := &Subscription{home: h, wake: wake, fresh: true}
	s.link(h.result())
	return s
}

// Next returns the next change set; false means that there is none now. A subscription begins with an
// initial set. After false, the wake function given at registration is called as soon as there is
// more, or the end: see Err. It may be called in vain, see Held.
func (s *Subscription) Next() (*ChangeSet, bool) {
	s.mu.Lock()
	fresh := s.fresh
	set, between := s.turned.take(s)
	s.mu.Unlock()
	switch {
	case fresh:
		return s.begin()
	case between != nil: // made here, because it may be large
		return between.changeSet(), true
	}
	return set, set != nil
}

// More reports whether there is something for Next to return after what it has returned.
func (s *Subscription) More() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.turned != nil || s.first != nil
}

// take takes the first set out; nil if there is none.
func (q *queue) take() *ChangeSet {
	set := q.first
	if set != nil {
		q.first = q.advance()
	}
	return set
}

// advance returns the set after the first.
func (q *queue) advance() *ChangeSet {
	b := q.backlog
	if b == nil || len(b.sets) == 0 {
		if b != nil && b.err == nil {
			q.backlog = nil
		}
		return nil
	}
	b.changes -= len(q.first.Changes)
	set := b.sets[0]
	b.sets[0] = nil
	b.sets = b.sets[1:]
	return set
}

// begin returns the initial set if that is due and possible.
func (s *Subscription) begin() (*ChangeSet, bool) {
	h := s.lockHome()
	if !s.fresh || s.closed || !h.ready() {
		h.unlock()
		return nil, false
	}
	s.mu.Lock()
	s.fresh = false
	s.mu.Unlock()
	items := itemsOf(h)
	h.unlock()

	set := &ChangeSet{Position: items.Position, Initial: true, Changes: make([]RowChange, 0, items.Len())}
	for i, x := range items.All() {
		set.Changes = append(set.Changes, RowChange{Kind: Initial, OldIndex: -1, Index: i, Record: x})
	}
	return set, true
}

// Ready reports whether the result is there. As long as it is not, Next returns nothing.
func (s *Subscription) Ready() bool {
	h := s.lockHome()
	defer h.unlock()
	return h.ready()
}

// Items returns the result as of the newest publication, which may be ahead of the sets that were
// taken. It is empty as long as the result is not there.
func (s *Subscription) Items() Items {
	h := s.lockHome()
	defer h.unlock()
	if !h.ready() {
		return Items{}
	}
	return itemsOf(h)
}

// Held is how much is kept for the result: its rows, with those of OFFSET and in reserve, or, of a query with SELECT, all
// groups, shown or not, and the values that are kept to know the next MIN or MAX and what is DISTINCT. It is 0
// as long as the result is not there. A text of more than 1,024 bytes counts too: as a row for every 4 bytes
// beyond, which is about what the index or the evaluation of it takes. What queries share is counted for
// each. Wake is also called when it has more than doubled without anything to take.
func (s *Subscription) Held() int {
	h := s.lockHome()
	defer h.unlock()
	if !h.ready() {
		return 0
	}
	n := h.result().held()
	if st, ok := h.(*standing); ok {
		n += max(0, len(st.key)-longText) / rowBytes
	}
	return n
}

// A text of more bytes is part of what is held: a row for every so many.
const (
	longText = 1024
	rowBytes = 4
)

// itemsOf needs the home's lock, and the result to be ready.
func itemsOf(h home) Items {
	items := h.result().shown()
	items.Position = h.position()
	return items
}

// lockHome locks what the subscription belongs to and returns it.
func (s *Subscription) lockHome() home {
	for {
		h := s.belongs()
		h.lock()
		if s.belongs() == h {
			return h
		}
		h.unlock() // it was turned meanwhile
	}
}

func (s *Subscription) belongs() home {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.home
}

// Err tells why no more sets will come, once those queued are taken; nil as long as they will.
func (s *Subscription) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.backlog == nil {
		return nil
	}
	return s.backlog.err
}

// Close ends the subscription. The standing query ends with its last one. A second call does nothing.
func (s *Subscription) Close() {
	h := s.lockHome()
	defer h.unlock()
	s.detach(ErrClosed)
}

// detach takes the subscription out of its result. Needs the home's lock.
func (s *Subscription) detach(err error) {
	if s.closed {
		return
	}
	s.closed = true
	r := s.home.result()
	s.unlink(r)
	s.end(err)
	if r.subs == nil {
		s.home.left()
	}
}

// link puts the subscription into the list of a result. Needs the home's lock.
func (s *Subscription) link(r *result) {
	if s.next = r.subs; s.next != nil {
		s.next.previous = s
	}
	r.subs = s
}

// unlink takes the subscription out of the list of a result. Needs the home's lock.
func (s *Subscription) unlink(r *result) {
	if s.previous != nil {
		s.previous.next = s.next
	} else {
		r.subs = s.next
	}
	if s.next != nil {
		s.next.previous = s.previous
	}
	s.next, s.previous = nil, nil
}

// end notes why there is no more.
func (s *Subscription) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.backlog == nil {
		s.backlog = &backlog{}
	}
	s.backlog.err = err
	s.awake()
}

// put queues a set. Needs the home's lock.
func (s *Subscription) put(set *ChangeSet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fresh {
		return
	}
	if s.first == nil {
		s.first = set
		s.awake()
		return
	}
	if s.backlog == nil {
		s.backlog = &backlog{changes: len(s.first.Changes), bound: max(minChanges, 2*len(s.first.Changes))}
	}
	b := s.backlog
	b.sets = append(b.sets, set)
	b.changes += len(set.Changes)
	switch {
	case b.changes > b.bound:
		s.first = coalesce(s.home.differ(), append([]*ChangeSet{s.first}, b.sets...))
		*b = backlog{changes: len(s.first.Changes), bound: max(minChanges, 2*len(s.first.Changes)), err: b.err}
	case len(b.sets) == maxSets:
		b.shorten(s.home.differ())
	}
}

// shorten joins the newest sets, and of those before them the ones that are not much larger. So sets grow
// towards the oldest, and a change is joined again a few times only, however long nobody takes it.
func (b *backlog) shorten(d differ) {
	from := len(b.sets) - 2
	size := len(b.sets[from].Changes) + len(b.sets[from+1].Changes)
	for from > 0 && len(b.sets[from-1].Changes) <= 2*size {
		from--
		size += len(b.sets[from].Changes)
	}
	joined := coalesce(d, b.sets[from:])
	b.changes += len(joined.Changes) - size
	clear(b.sets[from:])
	b.sets = append(b.sets[:from], joined)
}

func (s *Subscription) awake() {
	if s.wake != nil {
		s.wake()
	}
}

// deliver hands a set to all subscriptions. Needs the home's lock.
func (r *result) deliver(set *ChangeSet) {
	r.tally.follow(set)
	for s := r.subs; s != nil; s = s.next {
		s.put(set)
	}
}

// started wakes all subscriptions: the result is there, or has grown. Needs the home's lock.
func (r *result) started() {
	for s := r.subs; s != nil; s = s.next {
		s.awake()
	}
}

// fail ends all subscriptions. Needs the home's lock.
func (r *result) fail(err error) {
	for r.subs != nil {
		r.subs.detach(err)
	}
}
