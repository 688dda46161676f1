// Package event holds what histories are made of: IDs and the clock that mints
// them, events that link to their precursors, transactions, the logs in which
// they are accepted, cursors into those logs, and the one encoding of all of it.
//
// The package knows nothing of models and schemas, and takes the value of an
// operation for bytes. It does no I/O, starts no goroutine and keeps no state but
// that of a [Clock] or a [LogVerifier]. FORMAT.md, next to this file, describes
// every byte that is stored, hashed or signed.
//
// # The one idea: ID order extends causality
//
// C1. An event's ID is greater than the ID of every precursor, and than every ID
// its writer had applied. So sorting by ID is a topological sort, the greatest ID
// decides which write of a register counts, and histories are compared by walking
// them from the youngest event down ([Compare], [Missing]).
//
// A [Clock] mints IDs that way. When the wall clock's millisecond is later than
// all that binds, it takes a fresh ULID; otherwise it adds a random increment to
// the greatest ID that binds, so that two clients that extend the same ID do not
// meet. IDs that were observed beyond now + skew do not bind; only precursors
// always do. One wrong clock therefore cannot drag the clocks of others along.
//
// C2. A transaction's time is at most max(now, its precursors' time) + skew when
// it is accepted first-hand. [Clock.CheckSkew] judges this once; nobody else ever
// does.
//
// # Events and transactions
//
// An [Event] changes one entity. Its precursors are the [Head] that its writer
// saw: the entity's events without known descendants. Only the event that creates
// the entity has none, and the entity's ID is that event's ID.
//
// A [Transaction] has an ID whose low 20 bits are zero and that is above all
// precursors and creation events in it. Its update events are ID+1, ID+2, and so
// on, so that two transactions compare alike on every field that both write.
// Events that an acceptor's hooks add ([Entry].Added) have IDs of their own. They
// are held to the rules of a transaction with the ID [Entry.AddedID] and share
// the fate of the entry: stored, served and undone with it.
//
// Validate checks all rules that need no other event. It belongs after every
// decoding of what came from elsewhere: the decoders accept exactly what the
// encoders can write, which includes events that break those rules.
//
// # Digests and erasure
//
// The identity of an event is its ID and its [Digest]. The digest does not cover
// values but salted commitments to them: [Event.Erase] drops a value for good
// and leaves the digests of event and transaction and the hash chain of the log
// intact. Who may erase is not decided here, nor whether an acceptor takes
// transactions that arrive first-hand with values already erased; it should not.
//
// # Logs
//
// An [Entry] is a transaction at an address: seq 1, 2, 3, ... in the log of an
// [Origin], which is an Ed25519 public key. Each entry names the hash of the one
// before; the origin signs the chain's head at the end of each batch
// ([SignHead]). A [LogVerifier] takes entries and heads and names the first bad
// entry of a log that was tampered with, forked or gapped. A [Cursor] says how
// far one has come in a set of logs.
//
// # Ownership and concurrency
//
// Events, transactions, entries, heads and cursors are immutable once shared, and
// may then be used by any number of goroutines. What a Decode function returns
// aliases its input, texts included: the input must never change afterwards, and
// is kept alive by whatever is kept of the result. A [Clock] is safe for
// concurrent use; a [LogVerifier] is not.
//
// # Limits
//
// Every length and count is limited ([MaxEventSize] and the constants next to
// it). Memory for decoding is bounded by a small multiple of the input's size. What
// exceeds a limit is refused, never cut off.
//
//	precursors of an event, IDs in a field head        64
//	operations of an event                             4096
//	name of a collection or field                      255 bytes
//	path of an operation                               1024 bytes
//	encoded event                                      16 MiB
//	events of a transaction                            65536
//	operations and extensions of its events            2^20
//	encoded transaction                                64 MiB
//	author of an entry                                 1024 bytes
//	extensions of an event, a transaction or an entry  64 of 64 KiB
//	origins in a cursor                                16384
//	entries between two signed heads                   65536
package event
