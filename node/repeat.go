package node

import (
	"fmt"

	"github.com/ankgo/ank/event"
)

// repeated deals with a transaction that was handed in before: by a client that
// lost the answer, say. One that is here gets the receipt that it got then; one
// that is under way shares what becomes of it. It reports false for a new one.
//
// That an ID is new is clear without reading from storage when it is greater than
// the entity's head (C1); so this costs nothing that applying would not. IDs are
// compared within an entity: one that somebody used twice for two entities is
// not noticed, and does no harm, since events are known by entity and ID.
func (p *preparer) repeated(b *batch, r *request) (bool, error) {
	if original := p.underWay(b, r.tx.ID); original != nil {
		if original.tx.Digest() != r.tx.Digest() {
			b.requests = append(b.requests, r)
			return false, equivocation(r.tx.Events[0])
		}
		p.committer.queue.join(original, r)
		return true, nil
	}
	found, err := p.find(r.tx)
	if err != nil || found.Seq == 0 {
		if err != nil {
			b.requests = append(b.requests, r)
		}
		return false, err
	}
	b.requests = append(b.requests, r)
	if found.Tx != r.tx.ID {
		return false, equivocation(r.tx.Events[0]) // it takes another one's events
	}
	s, err := p.view()
	if err != nil {
		return false, undecided{err}
	}
	entry, err := readEntry(p.ctx, s, found.Origin, found.Seq)
	if err != nil {
		return false, undecided{err}
	}
	r.receipt.Status, r.receipt.Position = Accepted, entry.Position()
	return true, nil
}

// underWay returns the request that brought the transaction, if it is among
// those that are not durable yet.
func (p *preparer) underWay(b *batch, tx event.ID) *request {
	for _, earlier := range p.unfinished {
		if r := earlier.find(tx); r != nil {
			return r
		}
	}
	return b.find(tx)
}

// address is where an event was logged, and in which transaction; Seq is 0 for
// one that was not.
type address struct {
	Tx     event.ID
	Origin event.Origin
	Seq    uint64
}

// find returns where a transaction's events were logged. It fails with
// ErrEquivocation if an ID is known and the event is another one, or if only some
// of the events are known.
func (p *preparer) find(tx *event.Transaction) (address, error) {
	var at address
	for i, e := range tx.Events {
		found, err := p.locate(e)
		if err != nil {
			return address{}, err
		}
		if i > 0 && found != at {
			return address{}, equivocation(e)
		}
		at = found
	}
	return at, nil
}

// locate returns where an event was logged.
func (p *preparer) locate(e *event.Event) (address, error) {
	if p.isNew(e) {
		return address{}, nil
	}
	record, err := p.current(e.Collection, e.Entity)
	if err != nil {
		return address{}, undecided{err}
	}
	if !e.IsCreation() && (record == nil || record.Row.Head.Max().Less(e.ID)) {
		return address{}, nil
	}
	if other, ok := p.recent.get(e.Entity); ok && other.record.Collection != e.Collection {
		return address{}, equivocation(e) // created in this batch, with the same ID
	}
	known, err := p.stored(e.Entity, e.ID)
	switch {
	case err != nil:
		return address{}, undecided{err}
	case known.Event == nil:
		return address{}, nil
	case known.Event.Digest() != e.Digest():
		return address{}, equivocation(e)
	}
	return address{known.Tx, known.Origin, known.Seq}, nil
}

func equivocation(e *event.Event) error {
	return fmt.Errorf("event %v of %s %v: %w", e.ID, e.Collection, e.Entity, event.ErrEquivocation)
}
