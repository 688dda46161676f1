package node

import (
	"cmp"
	"slices"
	"sync"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// request is a transaction on its way through the committer. Whoever made it
// owns it until it is pushed; then it belongs to the queue and, once drained, to
// the leader. The outcome may be read once it is decided.
type request struct {
	principal Principal
	tx        *event.Transaction
	// minted says that this node has just minted the transaction's IDs: nobody
	// can have used them before.
	minted bool
	// forks holds, for each event, what its author took to be the entity's record,
	// and what the record becomes; good as of commit number version. Empty if
	// unknown.
	forks   []fork
	version uint64
	// reads must not have moved.
	reads   []read
	awaited bool // Commit returns no sooner than it is decided
	// supersedes is the rejected transaction whose place it takes, if any.
	supersedes event.ID
	// ingest, if not nil, is done in place of judging a transaction, which is an empty
	// one then. It can be called again.
	ingest func(p *preparer, b *batch) error
	weight int // what it counts for in a batch beside the events of tx

	// What became of it.
	receipt Receipt
	err     error

	attempts int     // how often a batch with it could not be stored; the leader's
	one      [1]fork // room for forks

	// The queue's, see its mutex.
	number  uint64        // its place
	taken   bool          // drained, and not decided or put back
	orphan  bool          // whoever waited for it is gone
	alone   bool          // it is to have a batch of its own
	decided bool          // the outcome is there
	done    chan struct{} // closed then; made when somebody waits
	twins   []*request    // the same transaction, handed in again meanwhile
}

// fork is a guess at what an event does.
type fork struct {
	before, after *storage.Record
}

// read is something a serializable transaction depends on.
type read struct {
	collection string
	id         event.ID
	stamp      event.Stamp // zero: there was no such entity
}

func newRequest(p Principal, tx *event.Transaction) *request {
	r := new(request)
	r.init(p, tx)
	return r
}

func (r *request) init(p Principal, tx *event.Transaction) {
	r.principal, r.tx, r.receipt = p, tx, Receipt{Transaction: tx.ID, Status: Pending}
}

// doneLocked returns a channel that is closed when the request is decided. It
// needs the queue's mutex.
func (r *request) doneLocked() <-chan struct{} {
	if r.done == nil {
		r.done = make(chan struct{})
		if r.decided {
			close(r.done)
		}
	}
	return r.done
}

// queue holds the requests that nobody has taken up yet, and knows what became
// of the last ones that were.
type queue struct {
	mu      sync.Mutex // protects all below; held for a few instructions
	waiting []*request // in the order of their numbers
	taken   []*request
	pushed  uint64
	orphans int // of waiting
	closed  bool

	returned chan struct{} // closed when requests are put back
	listens  bool          // somebody waits for arrived
	arrived  chan struct{} // of capacity 1; what was pushed for who listens

	decided receipts
}

func newQueue() *queue {
	return &queue{
		returned: make(chan struct{}), arrived: make(chan struct{}, 1), decided: receipts{most: keptReceipts},
	}
}

// push appends a request. After close it returns ErrClosed.
func (q *queue) push(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	q.pushed++
	r.number = q.pushed
	q.waiting = append(q.waiting, r)
	if q.listens {
		q.listens = false
		q.arrived <- struct{}{}
	}
	return nil
}

// withdraw takes a request back that its owner gives up. If it was taken up
// before, it goes its way without an owner, and withdraw reports false. Who handed
// in the same transaction and still waits gets its place.
func (q *queue) withdraw(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, r)
	if i < 0 {
		r.orphan = true
		return false
	}
	if h := slices.IndexFunc(r.twins, func(twin *request) bool { return !twin.orphan }); h >= 0 {
		heir := r.twins[h]
		heir.number, heir.twins = r.number, slices.Delete(r.twins, h, h+1)
		r.twins = nil
		q.waiting[i] = heir
		q.returnLocked(heir)
	} else {
		q.waiting = slices.Delete(q.waiting, i, i+1)
	}
	// For whoever asks for its receipt.
	for _, gone := range append(r.twins, r) {
		q.decideLocked(gone, Receipt{Transaction: gone.tx.ID, Status: Pending}, ErrUnknownTransaction)
	}
	q.sweepLocked()
	return true
}

// drain takes up the first requests, as many as go into a batch that holds some
// already: within the limits, but at least one into an empty one. It overwrites
// into.
func (q *queue) drain(l *Limits, b *batch, into []*request) []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	have, events, n := len(b.requests), b.events, 0
	for _, r := range q.waiting {
		events += len(r.tx.Events) + r.weight
		if have+n >= l.Batch || have+n > 0 && (events > l.BatchEvents || r.alone || b.alone) {
			break
		}
		r.taken = true
		if r.orphan {
			q.orphans--
		}
		n++
		b.events, b.alone = events, r.alone
	}
	into = append(into[:0], q.waiting[:n]...)
	q.waiting = slices.Delete(q.waiting, 0, n)
	q.taken = append(q.taken, into...)
	return into
}

// listen arranges for arrived to be sent the next push, and reports whether
// nothing waits now. The last call counts; unlisten takes it back.
func (q *queue) listen() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.listens = len(q.waiting) == 0
	return q.listens
}

func (q *queue) unlisten() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.listens = false
	select {
	case <-q.arrived:
	default:
	}
}

// putBack returns requests to their places in the queue, to be prepared anew.
func (q *queue) putBack(requests []*request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range requests {
		if r.orphan {
			q.orphans++
		}
	}
	q.returnLocked(requests...)
	q.waiting = append(q.waiting, requests...)
	slices.SortFunc(q.waiting, func(a, b *request) int { return cmp.Compare(a.number, b.number) })
}

// returnLocked tells those who wait for requests that these are not taken any more.
func (q *queue) returnLocked(requests ...*request) {
	for _, r := range requests {
		r.taken = false
	}
	q.sweepLocked()
	close(q.returned)
	q.returned = make(chan struct{})
}

// join lets twin share the outcome of r, which is the same transaction.
func (q *queue) join(r, twin *request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.decided {
		q.decideLocked(twin, r.receipt, r.err)
		q.sweepLocked()
		return
	}
	r.twins = append(r.twins, twin)
}

// decide makes the outcomes of requests known.
func (q *queue) decide(requests []*request) {
	if len(requests) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range requests {
		q.decideLocked(r, r.receipt, r.err)
		for _, twin := range r.twins {
			q.decideLocked(twin, r.receipt, r.err)
		}
	}
	q.sweepLocked()
}

func (q *queue) decideLocked(r *request, receipt Receipt, err error) {
	r.taken, r.decided, r.receipt, r.err = false, true, receipt, err
	if receipt.Status != Pending {
		q.decided.add(receipt)
	}
	if r.done != nil {
		close(r.done)
	}
}

// sweepLocked lets go of those that are not taken any more.
func (q *queue) sweepLocked() {
	q.taken = slices.DeleteFunc(q.taken, func(r *request) bool { return !r.taken })
}

// look reports whether a request is decided, and whether it waits to be taken up.
func (q *queue) look(r *request) (decided, waits bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return r.decided, !r.taken && !r.decided
}

// watch is like look, for somebody who is about to wait: done is closed when the
// request is decided, returned when requests are put back.
func (q *queue) watch(r *request) (waits bool, done, returned <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !r.taken && !r.decided, r.doneLocked(), q.returned
}

// hasOrphans reports whether requests wait whose owners are gone.
func (q *queue) hasOrphans() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.orphans > 0
}

// empty reports whether nothing waits.
func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) == 0
}

// close keeps further requests out.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// moved notes that an accepted transaction is in another log now.
func (q *queue) moved(tx event.ID, to event.Position) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.decided.moved(tx, to)
}

// find looks for a transaction among those that wait, are being decided, or
// were decided lately. Of the first two kinds it returns the request, and a
// channel that is closed when it is decided.
func (q *queue) find(tx event.ID) (r *request, done <-chan struct{}, decided Receipt, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, requests := range [2][]*request{q.waiting, q.taken} {
		for _, r := range requests {
			if r.tx.ID == tx && r.ingest == nil {
				return r, r.doneLocked(), Receipt{}, true
			}
		}
	}
	decided, ok = q.decided.find(tx)
	return nil, nil, decided, ok
}
