package event

import "iter"

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
