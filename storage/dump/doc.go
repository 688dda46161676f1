// Package dump writes all of a store into one stream of bytes, and makes a store of such a
// stream: for a backup, or to move from any engine to any other. The commands "ank dump"
// and "ank load" are it.
//
//	engine.Snapshot → [Write] → a file, a pipe, a network → [Load] → another engine
//
// A dump holds everything that a node keeps: all logs with all their events, the state of
// every entity, signed heads, and the node's own values, its private keys among them. So
// keep a dump as you keep keys, and once a store was loaded let only one of the two be
// opened by a node: two nodes with one key write two logs under one name, and their peers
// will refuse one of them.
//
// What is not in a dump is what an engine derives: indexes, columns, words. They are built
// when a node opens the new store with its models.
//
// # What is promised
//
// A dump is of one snapshot: the store may be written meanwhile. The same content has the
// same dump, byte by byte, whatever engine holds it, so that the digest that Write and Load
// return, and that [Digest] returns of a store, tells whether two stores hold the same.
//
// Load checks what it reads before it stores it: every piece against its digest, every
// entry against the one before it in its log, every signed head against the entry that it
// names and the origin's key, every transaction's structure, and at the end that nothing
// is missing. A dump that is damaged or cut is refused with *[Error], which says where;
// nothing of the damaged piece or after it was stored. That states follow from events,
// Load does not check: package verify does.
//
// Load begins with an empty store and says so otherwise ([ErrNotEmpty]). Until it is done
// the store has a mark ([storage.MetaLoading]) with which no node opens it. A Load that was
// interrupted, by a crash too, goes on where it was when it is given the same dump again.
//
// Both need memory for one piece, which is about a megabyte, or as much as the largest
// transaction.
//
// # The format, version 1
//
// Numbers are shortest base-128 varints; bytes and text are preceded by their length.
//
//	dump  = "ankdump", version byte (1), piece*
//	piece = length of the frames, frame*, digest
//
// The digest (32 bytes) is the SHA-256 of the digest of the piece before and of the frames;
// before the first piece stands the SHA-256 of the 8 bytes that begin the dump. A frame
// begins with a byte that says what it is:
//
//	1 begin       cursor                      once, first
//	2 head        signed head                 of every log that has one, by origin
//	3 position    origin, seq, short hash     of every origin without entries, by origin
//	4 entry       entry, again                by origin in sequence, merged by transaction ID
//	5 record      collection, ID, flags, head, values, merge data
//	                                          by collection and ID, deleted ones too
//	6 meta        key, value                  by key
//	7 end         entries, events, records and meta values, counted; last
//
// Cursor, signed head, entry and head are encoded as package event does (FORMAT.md there),
// values as package model does. "Again" is a count, and the numbers of the entry's events
// that are found at another address, since their transaction was logged more than once; no
// piece has an event twice.
// The only flag is 1, deleted. A reader refuses versions, frames and flags that it does not
// know.
package dump
