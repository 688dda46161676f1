// Package wire is the protocol that two nodes speak: its messages, their one
// encoding, the codes of refusals, and the limits on everything a peer may send.
//
// The package knows nothing of sockets, stores or policies. A carrier moves
// whole messages, in order, both ways ([Conn]); node/pipe is one.
//
// # The conversation
//
// Each side first sends [Hello]. A side that cannot go on (another system, no
// common protocol version) sends [Bye] with the code and closes. After both
// hellos the ephemeral side asks and the durable side answers. Requests carry a
// number that is unique on the connection, greater than every earlier one; each
// answer names the request that it belongs to. Answers to different requests may
// interleave, the parts of one answer keep their order.
//
//	asked         answered
//	Subscribe     Rows (Reset, in one or more parts; or Unchanged), then Rows for every change, until Unsubscribe; or Failure
//	Unsubscribe   nothing: answers under way may still arrive and are dropped
//	Fetch         Rows (Reset, in one or more parts); or Failure
//	Get           Rows (Reset, one row or none); or Failure
//	History       Events, in one or more parts; or Failure
//	Commit        Receipt, after Rows in one or more parts if it was accepted; or Failure when nothing was decided
//	Cancel        nothing: gives up a Fetch, a Get, a History
//	Ping          Pong with the same number
//
// A side that has heard nothing for 20 seconds asks with Ping, and gives the
// connection up when nothing has come for a minute. Ping is answered at once.
//
// Queries travel as canonical text with their arguments written as literals; see
// package query. Rows carry what one commit of the server changed in the result,
// whole: every part but the last has More set, and a receiver shows none of them
// before the last arrived. A peer that may not read a result any more is told that
// its rows are gone, Denied and without their state, and then Failure. The rows of
// subscriptions, of Get and of Commit come with their merge data, so that the receiver
// can put its own pending changes on top; those of Fetch may come without. On one
// connection, the rows of an entity never go back in time for good: whoever keeps the
// last that came keeps the newest.
//
// # Encoding
//
// A message is one byte that names its kind, then its fields in the order of the
// struct, in the primitives of the one encoding of this repository: numbers as
// shortest base-128 varints, texts and bytes with their length before them,
// identifiers, keys and digests with fixed length, lists with their count before
// them, flags as one byte. Transactions, events, heads and cursors are encoded as
// event/FORMAT.md says, rows' values as model/FORMAT.md says, each with its length
// before it. Except after a Hello, bytes left over are an error. The first byte
// and the codes are append-only: what has a meaning keeps it.
//
// # Limits
//
//	a message                  16 MiB
//	a collection's name        255 bytes
//	a query's text             64 KiB
//	a refusal's text           4 KiB
//	rows, departures, events   4,096 a message; longer answers come in parts
//	reads                      65,536 a transaction
//
// Decoding refuses what is beyond them with an *Error and allocates nothing for
// a length or count that the message could not hold.
package wire
