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

// find returns where a transaction was logged; Seq is 0 if none of its events is
// known. It fails with ErrEquivocation if an ID is known and the event is another
// one, or if only some of the events are known.
func (p *preparer) find(tx *event.Transaction) (event.Position, error) {
	var at event.Position
	for i, e := range tx.Events {
		position, err := p.locate(e)
		if err != nil {
			return event.Position{}, err
		}
		if i > 0 && position != at {
			return event.Position{}, equivocation(e)
		}
		at = position
	}
	return at, nil
}

// locate returns where an event was logged; Seq is 0 if it was not.
func (p *preparer) locate(e *event.Event) (event.Position, error) {
	record, err := p.current(e.Collection, e.Entity)
	if err != nil {
		return event.Position{}, undecided{err}
	}
	if !e.IsCreation() && (record == nil || record.Row.Head.Max().Less(e.ID)) {
		return event.Position{}, nil
	}
	known, position, err := p.stored(e.Entity, e.ID)
	switch {
	case err != nil:
		return event.Position{}, undecided{err}
	case known == nil:
		return event.Position{}, nil
	case known.Digest() != e.Digest():
		return event.Position{}, equivocation(e)
	}
	return position, nil
}

func equivocation(e *event.Event) error {
	return fmt.Errorf("event %v of %s %v: %w", e.ID, e.Collection, e.Entity, event.ErrEquivocation)
}
