package node

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// outbox holds the transactions that were committed here and that no durable
// node has decided yet, and what entities look like with them. It changes while
// the keeper's token and the ephemeral node's mutex are held both, so either is
// enough to read it; ready is the mutex's alone.
type outbox struct {
	list    []*pending // the oldest first
	byTx    map[event.ID]*pending
	touched map[entity.Key]*touch
	created map[event.ID]*pending // by the entity created
	sealed  map[event.ID]*pending // by the event; those whose principal has sealed them, which the maps above lack
	last    uint64                // number given out
	ready   []*pending            // to be delivered on the present connection, the oldest first
}

// pending is a transaction in the outbox.
type pending struct {
	number    uint64 // in the order of commits
	principal Principal
	tx        *event.Transaction
	reads     []wire.Read
	after     []*pending // pending too, and to be accepted before this one makes sense
	before    []*pending // those that it is among the after of
	earliest  time.Time  // not to be delivered before; the mutex's alone
	failures  int        // deliveries that came to nothing; the mutex's alone
	missed    int        // those of them for which the server lacked what it builds on; likewise
	underWay  bool       // to the peer, which has not answered; the mutex's alone
	doubt     bool       // a peer may have decided it, and was not heard; the mutex's alone
	again     bool       // it was accepted once, in a log that was closed; constant
	sealed    bool       // neither shown nor delivered, see Session.Seal
	cause     event.ID   // the transaction whose refusal took it along
	heir      *pending   // what has taken its place; good once done is closed

	done    chan struct{}
	receipt Receipt // good once done is closed
}

func newOutbox() *outbox {
	return &outbox{
		byTx: make(map[event.ID]*pending), touched: make(map[entity.Key]*touch),
		created: make(map[event.ID]*pending), sealed: make(map[event.ID]*pending),
	}
}

func newPending(p Principal, tx *event.Transaction, reads []read) *pending {
	entry := &pending{
		principal: p, tx: tx, done: make(chan struct{}),
		receipt: Receipt{Transaction: tx.ID, Status: Pending},
	}
	for _, r := range reads {
		entry.reads = append(entry.reads, wire.Read{Collection: r.collection, Entity: r.id, Stamp: r.stamp})
	}
	return entry
}

// add appends a transaction, under its number if it has one.
func (o *outbox) add(p *pending) {
	if p.number == 0 {
		p.number = o.last + 1
	}
	o.last = p.number
	p.after = o.needed(p.tx)
	for _, needed := range p.after {
		needed.before = append(needed.before, p)
	}
	o.list = append(o.list, p)
	o.byTx[p.tx.ID] = p
	if p.sealed {
		o.hide(p)
		return
	}
	o.reveal(p)
	if len(p.after) == 0 {
		o.ready = append(o.ready, p)
	}
}

// reveal makes a transaction count for what entities look like.
func (o *outbox) reveal(p *pending) {
	p.sealed = false
	for _, e := range p.tx.Events {
		delete(o.sealed, e.ID)
		key := entity.Key{Collection: e.Collection, ID: e.Entity}
		t := o.touched[key]
		if t == nil {
			t = new(touch)
			o.touched[key] = t
		}
		t.add(p)
		if e.IsCreation() {
			o.created[e.Entity] = p
		}
	}
}

// hide takes back what reveal does. What builds on the transaction goes on waiting
// for it.
func (o *outbox) hide(p *pending) {
	p.sealed = true
	o.ready = without(o.ready, p)
	o.unlist(p)
	for _, e := range p.tx.Events {
		o.sealed[e.ID] = p
	}
}

// unlist takes a transaction out of what is known by entity.
func (o *outbox) unlist(p *pending) {
	for _, e := range p.tx.Events {
		key := entity.Key{Collection: e.Collection, ID: e.Entity}
		if t := o.touched[key]; t != nil {
			if t.remove(p); len(t.by) == 0 {
				delete(o.touched, key)
			}
		}
		if o.created[e.Entity] == p {
			delete(o.created, e.Entity)
		}
	}
}

// needed returns the transactions that one builds on: those that wrote what it
// writes, and those that created what it refers to. All others it never waits
// for.
func (o *outbox) needed(tx *event.Transaction) []*pending {
	var list []*pending
	need := func(p *pending) {
		if p != nil && !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	for _, e := range tx.Events {
		if t := o.touched[entity.Key{Collection: e.Collection, ID: e.Entity}]; t != nil {
			need(t.by[len(t.by)-1])
		}
		for ref := range references(e) {
			need(o.created[ref])
			need(o.sealed[ref])
		}
		for _, id := range e.Precursors {
			need(o.sealed[id])
		}
	}
	slices.SortFunc(list, byNumber)
	return list
}

// references yields the entities that an event's values refer to.
func references(e *event.Event) func(yield func(event.ID) bool) {
	return func(yield func(event.ID) bool) {
		for i := range e.Ops {
			if id, ok := reference(&e.Ops[i]); ok && !yield(id) {
				return
			}
		}
	}
}

// reference is the ID that an operation writes, if it writes one.
func reference(op *event.Operation) (id event.ID, ok bool) {
	if op.Kind != event.OpSet || op.Erased != nil {
		return id, false
	}
	v, err := model.DecodeValue(op.Value)
	if err != nil || v.Type() != model.TypeID {
		return id, false
	}
	return v.ID(), true
}

// remove takes a transaction out. What waited for nothing else is ready then.
func (o *outbox) remove(p *pending) {
	o.list = without(o.list, p)
	o.ready = without(o.ready, p)
	delete(o.byTx, p.tx.ID)
	o.unlist(p)
	for _, e := range p.tx.Events {
		delete(o.sealed, e.ID)
	}
	for _, follower := range p.before {
		if follower.after = without(follower.after, p); len(follower.after) == 0 {
			o.offer(follower)
		}
	}
}

// doubt notes that what is shown of the entities that a refused transaction wrote
// is wrong.
func (o *outbox) doubt(tx *event.Transaction) {
	for _, key := range keysOf(tx) {
		if t := o.touched[key]; t != nil {
			t.wrong = true
		}
	}
}

// without takes an entry out of a list that is ordered by number.
func without(list []*pending, p *pending) []*pending {
	if i, found := slices.BinarySearchFunc(list, p, byNumber); found {
		return slices.Delete(list, i, i+1)
	}
	return list
}

func byNumber(a, b *pending) int { return cmp.Compare(a.number, b.number) }

// offer makes a transaction ready that is still in the outbox.
func (o *outbox) offer(p *pending) {
	if o.byTx[p.tx.ID] != p || p.sealed {
		return
	}
	if i, found := slices.BinarySearchFunc(o.ready, p, byNumber); !found {
		o.ready = slices.Insert(o.ready, i, p)
	}
}

// cutOff notes that there is no answer to come for what is under way.
func (o *outbox) cutOff() {
	for _, p := range o.list {
		p.doubt = p.doubt || p.underWay
		p.underWay = false
	}
}

// restart makes everything ready that waits for nothing, because there is a new
// connection.
func (o *outbox) restart() {
	o.ready = slices.DeleteFunc(slices.Clone(o.list), func(p *pending) bool { return len(p.after) > 0 || p.underWay || p.sealed })
}

// next takes the first transaction that is ready, that need not wait by its IDs, and
// whose principal may deliver. If all others have to wait, early is how long the
// first of them has to.
func (o *outbox) next(ahead func(*event.Transaction) time.Duration, may func(Principal) bool) (p *pending, early time.Duration) {
	for i, p := range o.ready {
		wait := max(ahead(p.tx), time.Until(p.earliest))
		if wait <= 0 {
			if !may(p.principal) {
				continue
			}
			o.ready = slices.Delete(o.ready, i, i+1)
			p.underWay = true
			return p, 0
		}
		if early == 0 || wait < early {
			early = wait
		}
	}
	return nil, early
}

// dependants returns the transactions that build on one, directly or not, the
// oldest first.
func (o *outbox) dependants(p *pending) []*pending {
	lost := []*pending{p}
	found := map[*pending]bool{p: true}
	for i := 0; i < len(lost); i++ {
		for _, follower := range lost[i].before {
			if o.byTx[follower.tx.ID] == follower && !found[follower] {
				found[follower] = true
				lost = append(lost, follower)
			}
		}
	}
	slices.SortFunc(lost[1:], byNumber)
	return lost[1:]
}

// eventsOf returns the events of an entity in some transactions.
func eventsOf(key entity.Key, by []*pending) []*event.Event {
	var list []*event.Event
	for _, p := range by {
		for _, e := range p.tx.Events {
			if e.Entity == key.ID && e.Collection == key.Collection {
				list = append(list, e)
			}
		}
	}
	return list
}

// keys returns all entities that pending transactions write.
func (o *outbox) keys() []entity.Key { return slices.Collect(maps.Keys(o.touched)) }

// shown returns a copy of what the touched entities of a collection look like.
func (o *outbox) shown(collection string) map[event.ID]*storage.Record {
	var rows map[event.ID]*storage.Record
	for key, t := range o.touched {
		if key.Collection == collection && t.shown != nil {
			if rows == nil {
				rows = make(map[event.ID]*storage.Record)
			}
			rows[key.ID] = t.shown
		}
	}
	return rows
}
