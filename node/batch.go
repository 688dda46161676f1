package node

import (
	"maps"
	"sync/atomic"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/storage"
)

// batch is what one commit of the engine stores, and whose it is.
type batch struct {
	storage.Batch
	number uint64 // of batches that became durable, this one included
	epoch  uint64 // in which it was prepared; see committer
	before tip    // of the log
	tip    tip    // of the log, after it

	foreign event.Cursor // where other origins' logs are, after it

	events   int        // of all requests taken up for it
	alone    bool       // nothing may join it
	requests []*request // all of them, but for repetitions of others, in order
	accepted []accepted
	byTx     map[event.ID]*request // of accepted, once somebody asked
	claimed  map[string]event.ID   // keys in unique indexes that entities were given last

	finished atomic.Bool // nobody but the preparer holds it
}

// reset makes a finished batch an empty one, which keeps its memory.
func (b *batch) reset() {
	const keep = 256
	if cap(b.requests) > keep || cap(b.States) > keep {
		*b = batch{}
		return
	}
	clear(b.requests)
	clear(b.accepted)
	clear(b.Entries)
	clear(b.States)
	*b = batch{
		requests: b.requests[:0], accepted: b.accepted[:0],
		Batch: storage.Batch{
			Entries: b.Entries[:0], States: b.States[:0], Expect: b.Expect[:0], Advance: b.Advance[:0],
		},
	}
}

// accepted is a request and where it was logged.
type accepted struct {
	request  *request
	position event.Position
}

// succeed notes that the batch is durable.
func (b *batch) succeed() {
	for _, a := range b.accepted {
		a.request.receipt.Status, a.request.receipt.Position = Accepted, a.position
	}
}

// fail notes that the batch was not stored. What was refused in it may have been
// refused because of what was accepted in it, so that is not decided either. What
// proved to be here already stays accepted.
func (b *batch) fail(err error) {
	for _, r := range b.requests {
		if r.receipt.Status != Accepted {
			r.receipt, r.err = Receipt{Transaction: r.tx.ID, Status: Pending}, err
		}
	}
}

// claim notes keys that entities were given.
func (b *batch) claim(keys map[string]event.ID) {
	if b.claimed == nil {
		b.claimed = make(map[string]event.ID, len(keys))
	}
	maps.Copy(b.claimed, keys)
}

// tip is where a log ends.
type tip struct {
	seq  uint64
	hash event.Digest
}

func (t tip) position(o event.Origin) event.Position {
	return event.Position{Origin: o, Seq: t.seq, Short: t.hash.Short()}
}

// find returns the request in this batch that brought a transaction, nil if none
// did.
func (b *batch) find(tx event.ID) *request {
	const few = 8
	if len(b.accepted) <= few {
		for i := range b.accepted {
			if r := b.accepted[i].request; r.tx.ID == tx {
				return r
			}
		}
		return nil
	}
	if b.byTx == nil {
		b.byTx = make(map[event.ID]*request, len(b.accepted))
	}
	for i := len(b.byTx); i < len(b.accepted); i++ {
		r := b.accepted[i].request
		b.byTx[r.tx.ID] = r
	}
	return b.byTx[tx]
}

// publication is what the reactor is told of the batch: its position is the
// cursor of a store that holds the batch and nothing later.
func (b *batch) publication(origin event.Origin) reactor.Publication {
	changes := make([]reactor.Change, len(b.States))
	for i := range b.States {
		s := &b.States[i]
		changes[i] = reactor.Change{
			Collection: s.Record.Collection, ID: s.Record.Row.ID, Before: s.Before, After: s.Record,
		}
	}
	return reactor.Publication{
		Position: b.foreign.With(b.tip.position(origin)), Changes: changes,
	}
}
