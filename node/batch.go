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
	number uint64         // of batches that became durable, this one included
	epoch  uint64         // in which it was prepared; see committer
	before tip            // of the log
	reach                 // of all logs, after it
	marked bool           // it holds a mark
	moved  []event.Origin // other origins whose logs it appends to

	places map[place]storage.Stored // the events of the first placed entries
	placed int
	again  map[event.ID]struct{} // the same as Again

	events   int        // of all requests taken up for it
	alone    bool       // nothing may join it
	basis    *basis     // what must not have moved, wherever in the store it is; nil: only its entities
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

// isEmpty reports whether there is nothing to be stored.
func (b *batch) isEmpty() bool { return len(b.Entries) == 0 && len(b.Heads) == 0 && len(b.Meta) == 0 }

// place is what an event is known by.
type place struct{ entity, id event.ID }

// event returns an event of an entity that the batch brings, and its address.
func (b *batch) event(entityID, id event.ID) (storage.Stored, bool) {
	const few = 8
	if len(b.Entries) <= few {
		for _, entry := range b.Entries {
			for i, e := range entry.Events() {
				if e.ID == id && e.Entity == entityID && !b.repeats(id) {
					return addressed(entry, i, e), true
				}
			}
		}
		return storage.Stored{}, false
	}
	if b.places == nil {
		b.places = make(map[place]storage.Stored, len(b.Entries))
	}
	for ; b.placed < len(b.Entries); b.placed++ {
		entry := b.Entries[b.placed]
		for i, e := range entry.Events() {
			if b.repeats(e.ID) {
				continue
			}
			b.places[place{e.Entity, e.ID}] = addressed(entry, i, e)
		}
	}
	found, ok := b.places[place{entityID, id}]
	return found, ok
}

// repeats reports whether an event of that ID is left where it was logged before.
func (b *batch) repeats(id event.ID) bool {
	_, again := b.again[id]
	return again
}

// brings reports whether an event of that ID, of whatever entity, is among those
// of the batch.
func (b *batch) brings(id event.ID) bool {
	for _, entry := range b.Entries {
		for _, e := range entry.Events() {
			if e.ID == id {
				return true
			}
		}
	}
	return false
}

// addressed is the i-th event of an entry with its address.
func addressed(entry *event.Entry, i int, e *event.Event) storage.Stored {
	tx := entry.Tx.ID
	if i >= len(entry.Tx.Events) {
		tx = entry.AddedID()
	}
	return storage.Stored{Event: e, Tx: tx, Origin: entry.Origin, Seq: entry.Seq}
}

// reach is how far all logs are.
type reach struct {
	tip     tip          // of the node's own log
	foreign event.Cursor // the logs of others
}

// cursor is the same as a cursor; own is the node's origin.
func (r *reach) cursor(own event.Origin) event.Cursor { return r.foreign.With(r.tip.position(own)) }

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
		Position: b.cursor(origin), Changes: changes,
	}
}
