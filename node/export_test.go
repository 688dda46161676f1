package node

import (
	"context"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// Accept is the entry for transactions that were made elsewhere.
func (n *Node) Accept(ctx context.Context, p Principal, tx *event.Transaction) (Receipt, error) {
	return n.accept(ctx, p, tx)
}

// Waiting is the number of requests that nobody has taken up.
func (n *Node) Waiting() int {
	q := n.committer.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// Waited is the transaction that waits longest.
func (n *Node) Waited() event.ID {
	q := n.committer.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting[0].tx.ID
}

// Standing is the number of live queries that the node would tell of a commit.
func (n *Node) Standing() int {
	n.lives.mu.Lock()
	defer n.lives.mu.Unlock()
	return len(n.lives.open)
}

// Working is the number of requests of peers that are being worked on.
func (n *Node) Working() (count int) {
	for _, s := range n.visits.all() {
		s.mu.Lock()
		count += len(s.working)
		s.mu.Unlock()
	}
	return count
}

// UpTo is a cursor without what lies beyond the end of a log that was closed.
func UpTo(c event.Cursor, end event.SignedHead) event.Cursor { return upTo(c, end) }

// WithEngine runs f with the node's engine.
func (n *Node) WithEngine(f func(storage.Engine)) { f(n.engine) }

// ForgetEarly makes a node that was not used yet keep less in memory.
func (n *Node) ForgetEarly(records, receipts int) {
	n.committer.prepare.recent.most = records
	n.committer.queue.decided.most = receipts
}

// MarkEvery is the number of entries between two marks.
const MarkEvery = markEvery

// ReadLog reads all logs.
func (n *Node) ReadLog(f func(*event.Entry)) {
	s, leave, err := n.open(context.Background())
	if err != nil {
		panic(err)
	}
	defer leave()
	for e, err := range s.Log(context.Background(), event.Cursor{}) {
		if err != nil {
			panic(err)
		}
		f(e)
	}
}

// Lose takes an entity out of what the live queries of an ephemeral node hold, as if
// it had never been told of it.
func (n *Node) Lose(id event.ID) {
	n.damage(func(l *remote) { l.drop(id) })
}

// Age puts an old state of an entity into what the live queries of an ephemeral node
// hold, as if it had never been told of later ones.
func (n *Node) Age(old *storage.Record) {
	n.damage(func(l *remote) { l.put(old) })
}

func (n *Node) damage(do func(*remote)) {
	e := n.role.(*ephemeral)
	if err := e.keeper.begin(e.ctx); err != nil {
		panic(err)
	}
	defer e.keeper.end()
	for _, l := range e.all() {
		l.mu.Lock()
		do(l)
		l.mu.Unlock()
	}
}
