package event

import (
	"fmt"
	"slices"

	"github.com/ankgo/ank/internal/codec"
)

// A Transaction is the unit of acceptance: events that are committed together,
// all or none. Its events are sorted by ID: first the creation events, whose
// IDs were minted earlier, then the update events ID+1, ID+2, ... Transactions
// are immutable once shared.
type Transaction struct {
	ID     ID
	Events []*Event
	Ext    []Extension
}

// Validate checks the transaction's structure and that of its events, without
// looking at other transactions. Its ID is above all precursors of all its
// events and above all creation events in it, and its update events are ID+1,
// ID+2, ... in order. No entity has two events. It returns an *[InvalidError] or a
// *[LimitError].
func (t *Transaction) Validate() error {
	if t.ID.IsZero() || t.ID.offset() != 0 {
		return t.invalid("its ID is not a transaction's: the low 20 bits are not zero")
	}
	if len(t.Events) == 0 {
		return t.invalid("no events")
	}
	events, err := t.checkEvents()
	if err != nil {
		return err
	}
	if err := checkExtensions("transaction", t.ID, t.Ext); err != nil {
		return err
	}
	if n := t.bodySize(events); n > MaxTransactionSize {
		return t.limit("bytes in one transaction", MaxTransactionSize, n)
	}
	return nil
}

func (t *Transaction) invalid(format string, args ...any) error {
	return &InvalidError{What: "transaction", ID: t.ID, Reason: fmt.Sprintf(format, args...)}
}

func (t *Transaction) limit(what string, limit, got int) error {
	return &LimitError{Of: "transaction " + t.ID.String(), What: what, Limit: limit, Got: got}
}

// checkEvents also returns the size of the events.
func (t *Transaction) checkEvents() (size int, err error) {
	if n := len(t.Events); n > MaxTransactionEvents {
		return 0, t.limit("events", MaxTransactionEvents, n)
	}
	var last ID
	updates, ops := 0, 0
	for i, e := range t.Events {
		if e == nil {
			return 0, t.invalid("event %d is nil", i)
		}
		n, err := e.validate()
		if err != nil {
			return 0, err
		}
		if err := t.checkPlace(e, last, &updates); err != nil {
			return 0, err
		}
		last = e.ID
		ops += len(e.Ops) + len(e.Ext)
		size += codec.SizeBytes(n)
	}
	if ops > MaxTransactionOps {
		return 0, t.limit("operations and extensions", MaxTransactionOps, ops)
	}
	return size, t.checkEntities(len(t.Events) - updates)
}

// checkPlace checks the ID of an event that follows the event last.
func (t *Transaction) checkPlace(e *Event, last ID, updates *int) error {
	if e.IsCreation() {
		if !e.ID.Less(t.ID) {
			return t.invalid("it is not above the creation event %v", e.ID)
		}
		if !last.Less(e.ID) {
			return t.invalid("event %v is not in ID order, or occurs twice", e.ID)
		}
		return nil
	}
	*updates++
	if e.ID != t.ID.Update(*updates) {
		return t.invalid("update event %d has ID %v, want %v", *updates, e.ID, t.ID.Update(*updates))
	}
	return nil
}

// checkEntities checks that no entity has two events. The first events, as many
// as created says, are those of new entities, in the order of their IDs.
func (t *Transaction) checkEntities(created int) error {
	updates := t.Events[created:]
	if len(updates) == 0 || len(t.Events) == 1 {
		return nil
	}
	seen := make(map[ID]struct{}, len(updates))
	for _, e := range updates {
		_, twice := seen[e.Entity]
		if !twice {
			_, twice = slices.BinarySearchFunc(t.Events[:created], e.Entity, func(e *Event, id ID) int { return e.ID.Compare(id) })
		}
		if twice {
			return t.invalid("entity %v has two events", e.Entity)
		}
		seen[e.Entity] = struct{}{}
	}
	return nil
}
