package node

import (
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
)

// Status is what became of a transaction.
type Status uint8

// The statuses.
const (
	Empty      Status = iota // there was nothing to commit
	Pending                  // not decided yet
	Accepted                 // durable, at the receipt's position
	Rejected                 // refused for good, for the receipt's reason
	Superseded               // another transaction has taken its place: the receipt's By
)

// String returns the status' name in lower case.
func (s Status) String() string {
	if s > Superseded {
		return "unknown"
	}
	return [...]string{"empty", "pending", "accepted", "rejected", "superseded"}[s]
}

// A Receipt says what became of a transaction. It is a value.
type Receipt struct {
	Transaction event.ID
	Status      Status
	// Position is the entry that holds the transaction, when it was accepted: it is
	// visible to every reader whose cursor covers it.
	Position event.Position
	// Reason is why it was rejected, nil otherwise.
	Reason error
	// By is the transaction that has taken its place, if it was superseded. What
	// became of the changes, that one's receipt says.
	By event.ID
}

// Covered reports whether whoever stands at the cursor sees the transaction.
func (r Receipt) Covered(by event.Cursor) bool {
	return r.Status == Empty || r.Status == Accepted && by.CoversPosition(r.Position.Origin, r.Position.Seq)
}

// String says it in words.
func (r Receipt) String() string {
	switch r.Status {
	case Accepted:
		return fmt.Sprintf("transaction %v accepted at %s:%d", r.Transaction, r.Position.Origin.Short(), r.Position.Seq)
	case Rejected:
		return fmt.Sprintf("transaction %v rejected: %v", r.Transaction, r.Reason)
	case Pending:
		return fmt.Sprintf("transaction %v pending", r.Transaction)
	case Superseded:
		return fmt.Sprintf("transaction %v superseded by %v", r.Transaction, r.By)
	}
	return "nothing to commit"
}

// keptReceipts is how many decided transactions a node remembers without
// reading its log.
const keptReceipts = 4096

// receipts remembers the last decided transactions, in a ring.
type receipts struct {
	ring []Receipt
	next int
	most int
}

// add remembers a receipt. That somebody used the ID of a transaction for another
// one says nothing about the first.
func (r *receipts) add(receipt Receipt) {
	if errors.Is(receipt.Reason, event.ErrEquivocation) {
		return
	}
	if len(r.ring) < r.most {
		r.ring = append(r.ring, receipt)
		return
	}
	r.ring[r.next] = receipt
	r.next = (r.next + 1) % len(r.ring)
}

// find looks for the receipt of a transaction: the newest one, but that it was
// accepted stays true, whatever became of others with its ID.
func (r *receipts) find(tx event.ID) (found Receipt, ok bool) {
	for i := range r.ring {
		at := (r.next - 1 - i + 2*len(r.ring)) % len(r.ring)
		switch receipt := r.ring[at]; {
		case receipt.Transaction != tx:
		case receipt.Status == Accepted:
			return receipt, true
		case !ok:
			found, ok = receipt, true
		}
	}
	return found, ok
}

// moved gives the receipt of an accepted transaction another position.
func (r *receipts) moved(tx event.ID, to event.Position) {
	for i := range r.ring {
		if r.ring[i].Transaction == tx && r.ring[i].Status == Accepted {
			r.ring[i].Position = to
		}
	}
}
