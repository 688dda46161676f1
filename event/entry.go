package event

import (
	"fmt"
	"iter"
)

// An Entry is a transaction at its address in a log: what one origin accepted
// as its seq-th transaction. Entries are immutable once shared.
type Entry struct {
	Origin Origin
	Seq    uint64 // 1, 2, 3, ...
	Prev   Digest // the previous entry's Hash; zero for the first entry
	// Author is the principal that the origin attests to be the transaction's
	// author.
	Author string
	Tx     *Transaction
	// Added holds the events that the origin's hooks added. They are a
	// transaction of their own, [Entry.AddedID], and share the entry's fate.
	Added []*Event
	Ext   []Extension
}

// Events yields the transaction's events and then the added ones, numbered
// from 0.
func (e *Entry) Events() iter.Seq2[int, *Event] {
	return func(yield func(int, *Event) bool) {
		i := 0
		for _, events := range [2][]*Event{e.Tx.Events, e.Added} {
			for _, ev := range events {
				if !yield(i, ev) {
					return
				}
				i++
			}
		}
	}
}

// AddedID is the ID of the transaction that the added events make up: the
// transaction of its update events, or, when all added events create entities,
// the least transaction ID above them. It is zero when nothing was added.
func (e *Entry) AddedID() ID {
	if len(e.Added) == 0 {
		return ID{}
	}
	last := e.Added[len(e.Added)-1]
	if !last.IsCreation() {
		return last.ID.Transaction()
	}
	next, _ := blockAfter(last.ID, random{})
	return next
}

// Position returns the entry's address with the short form of its hash.
func (e *Entry) Position() Position {
	return Position{Origin: e.Origin, Seq: e.Seq, Short: e.Hash().Short()}
}

// Validate checks the entry's structure, its transaction, and the added events
// as a transaction of their own. That it fits into its log, a [LogVerifier]
// tells. It returns an *[InvalidError] or a *[LimitError].
func (e *Entry) Validate() error {
	if e.Tx == nil {
		return &InvalidError{What: "entry", Reason: "no transaction"}
	}
	if err := e.checkAddress(); err != "" {
		return &InvalidError{What: "entry", ID: e.Tx.ID, Reason: err}
	}
	if err := e.Tx.Validate(); err != nil {
		return err
	}
	if err := checkExtensions("entry", e.Tx.ID, e.Ext); err != nil {
		return err
	}
	return e.checkAdded()
}

func (e *Entry) checkAddress() string {
	switch {
	case e.Origin.IsZero():
		return "no origin"
	case e.Seq == 0:
		return "seq 0; the first entry is 1"
	case (e.Seq == 1) != e.Prev.IsZero():
		return "the first entry, and no other, follows the zero hash"
	case len(e.Author) > MaxAuthor:
		return fmt.Sprintf("an author of %d bytes, at most %d", len(e.Author), MaxAuthor)
	case !validText(e.Author):
		return "an author that is not UTF-8, or holds U+0000"
	}
	return ""
}

func (e *Entry) checkAdded() error {
	if len(e.Added) == 0 {
		return nil
	}
	for i, added := range e.Added {
		if added == nil {
			return &InvalidError{What: "entry", ID: e.Tx.ID, Reason: fmt.Sprintf("added event %d is nil", i)}
		}
	}
	added := Transaction{ID: e.AddedID(), Events: e.Added}
	if err := added.Validate(); err != nil {
		return fmt.Errorf("added to transaction %v: %w", e.Tx.ID, err)
	}
	if added.ID == e.Tx.ID {
		return &InvalidError{What: "entry", ID: e.Tx.ID, Reason: "added events that carry IDs of the transaction"}
	}
	return nil
}
