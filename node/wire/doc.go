// Package wire is the protocol that two nodes speak: its messages, their one
// encoding, the codes of refusals, and the limits on everything a peer may send.
//
// The package knows nothing of sockets, stores or policies. A carrier moves
// whole messages, in order, both ways ([Conn]); node/pipe is one.
//
// # The conversation
//
// Each side first sends [Hello], and once it has the other's, [Proof] that it has
// the key which it named; a durable side shows with it that its system has
// certified that key. A side that cannot go on (another system, no common protocol
// version, a wrong proof) sends [Bye] with the code and closes. The highest version
// that both speak is spoken. Where there is none, the ranges tell who is too old:
// CodeClientTooOld or CodeServerTooOld. The server is the durable side; of two durable
// ones, each takes itself for it. After both proofs
// the ephemeral side asks and the durable side answers. Requests carry a
// number that is unique on the connection, greater than every earlier one; each
// answer names the request that it belongs to. Answers to different requests may
// interleave, the parts of one answer keep their order.
//
//	asked         answered
//	Subscribe     Rows (Reset, or an Answer, in one or more parts) or Summary, then Rows for every change, and now and then Summary, until Unsubscribe; or Failure
//	Why           Reasons; or Failure
//	Compare       Rows (Reset, or AnswerCompare, in one or more parts)
//	Unsubscribe   nothing: answers under way may still arrive and are dropped
//	Fetch         Rows (Reset, in one or more parts); or Failure
//	Get           Rows (Reset, one row or none); or Failure
//	History       Events, in one or more parts; or Failure
//	Commit        Receipt, after Rows in one or more parts if it was accepted; or Failure when nothing was decided
//	Authenticate  Authenticated, and when it has come to an end Failure; or Failure
//	Define        nothing: tells of a model, if the peer's hello has "models" among its features
//	Cancel        nothing: gives up a Fetch, a Get, a History; or the credential of an Authenticate
//	Credit        nothing: more of an answer may be sent
//	Ping          Pong with the same number
//
// An asker that does not want to wait any longer gives up with Cancel. The answering side
// bounds the time of each request as well, whether it works or waits for credit, and then
// answers with Failure and CodeDeadline. Requests that are worked on take one of 64 places,
// and no more is read while they are taken; a Fetch or a History that waits for credit takes none,
// but more than 64 of those at a time fail with CodeTooMany.
//
// Requests are made on behalf of somebody: of whoever the connection was opened for,
// if it was, or of the principal whose credential was shown with Authenticate. A
// credential that comes to an end takes its subscriptions with it, with a Failure for
// each.
//
// A side that has heard nothing for 20 seconds asks with Ping, and gives the
// connection up when nothing has come for a minute. Ping is answered at once.
//
// Queries travel as canonical text with their arguments written as literals; see
// package query. Rows carry what one commit of the server changed in the result,
// whole: every part but the last has More set, and a receiver shows none of them
// before the last arrived. Those of a whole result say how many rows it has, so that a
// receiver can show how far it is. A peer that may not read a result any more is told that
// its rows are gone, Denied and without their state, and then Failure. The rows of
// subscriptions, of Get and of Commit come with their merge data, so that the receiver
// can put its own pending changes on top; those of Fetch may come without. On one
// connection, the rows of an entity never go back in time for good: whoever keeps the
// last that came keeps the newest.
//
// # Credit
//
// How much of an answer may be under way, the asker says. It is counted in bytes, of
// encoded Rows and Events, because that is what either end has to hold, while a row
// may be anything from a few bytes to a message. Each Subscribe, Fetch and History
// opens with 512 KiB (Window). A message may be sent as long as there is credit, and
// its size is taken off, be it more; so what is under way is at most the credit and one
// message. Credit gives more, and is given as what came is taken in. Everything else,
// such as Receipt, Pong and Failure, needs none and passes by what waits: one answer that
// is taken in slowly holds up no other.
//
// What a subscription may not send yet waits with the server and is put together with
// what changes meanwhile. It goes out as parts of the set that has been begun, so that an
// entity may occur in several parts: the last one counts. A set that could not be begun
// for want of credit is announced by a part without rows, so that the asker knows that it
// is behind. A set that has been put off too often is ended with what the entities that
// it still lacks are by then, and another one follows.
//
// More than 1 GiB (MaxCredit) standing, and credit for a request that was not made yet,
// end the connection with CodeProtocol. Credit for an answer that has ended does nothing.
//
// # Subscriptions that resume
//
// Who held the result of a query before says what: how many rows, the sum over them, and
// the cursor at which they were the result. The answer is Summary, if they still are; with
// AnswerCursor, what was touched since, as it is now, and of what was touched and is not in
// the result the departures, whether the asker ever held it or not, without its state; with
// AnswerCompare, all rows of the buckets that differ from those of the asker; with Reset, the
// whole result. Summary that is not what the asker holds invites it to Compare.
//
// With AnswerCursor and AnswerCompare comes what the asker holds when it has taken the answer
// in: if that is not so, the answer does not count, and the asker asks again, with Compare
// after the one, with nothing held after the other. The logs do not tell of rows that others
// moved into a window or out of it, nor what references lead to: then the answer from them
// does not fit, or is not given.
//
// The asker also says what it has seen, of any peer. Who lacks something of that waits for
// two seconds, and fails with CodeBehind; nobody waits for more of a log that its origin has
// closed, see below. So whoever lags never takes an asker back in time.
//
// # Logs that were given up
//
// A node whose store is an old copy, or has lost its end, goes on under a new origin, and
// signs how much it has of the log of before. Whoever is durable passes that statement on
// with [Closed], at the beginning of every connection and when it learns of it. An asker
// that has seen more of that log knows then that the rest may be lost. It takes states
// that are older, and delivers again what it had delivered and was told to be in that rest,
// under the IDs that it has: what is not lost gets the receipt that it got before.
//
// Summary also comes by itself, at most every five minutes, if something was committed
// meanwhile. It counts after everything that came before it.
//
// The sum over a result is the event.Sum of its rows' digests ([RowDigest]), that is, their sum
// modulo 2^256. It is there to find faults, and no proof of anything.
//
// # Between durable nodes
//
// Two durable nodes exchange logs, in both directions at once. Each asks once with
// Follow, which holds its cursor, and answers what the other one asks:
//
//	Follow        Entries and Pieces: what lies beyond the cursor; then Caught, and if Live, what comes later
//	Entries       Progress, when there is some
//	Refuse        nothing: the log is not sent any more
//
// Entries of one log come in sequence, logs merged by transaction ID, which is an
// order in which precursors come first, as far as one can know. Signed heads come
// where there are some, and after the last entry of the sender's own log in a message;
// an entry is stored only when a head at or beyond it has come. The certificate of an
// origin comes before its first entry on the connection. An entry whose encoding is
// larger than 8 MiB comes in Pieces; its head comes in the message of kind Entries
// after it.
//
// What was sent and not taken up, as Progress counts it, is at most 4 MiB and one
// message. An entry is taken up when it is stored, and also when it has to wait: for a
// signed head, or for precursors that come in another log. Of what waits, a receiver
// holds 64 MiB and 65,536 entries. It lets go of more, and sends another Follow, with
// the next number, when it can go on: the sender begins anew at its cursor, and answers
// with Caught once more. Entries that the receiver has are passed by.
//
// A log that is not what its origin signed, or whose origin has no certificate, is
// refused from there on, and Refuse tells the sender. Other logs go on.
//
// # Encoding
//
// A message is one byte that names its kind, then its fields in the order of the
// struct, in the primitives of the one encoding of this repository: numbers as
// shortest base-128 varints, texts and bytes with their length before them,
// identifiers, keys and digests with fixed length, lists with their count before
// them, flags as one byte. Transactions, events, heads and cursors are encoded as
// event/FORMAT.md says, rows' values as model/FORMAT.md says, each with its length
// before it. A row, be it one of Rows or the Last of a departure, leaves out what goes
// without saying: its flags, a byte after its ID, are 1 if the entity is deleted, 2 if its
// head is that ID, which is then not written, and 4 if its values begin with the same names
// block as those of the row before in the message that has values, and that block is not
// written. What goes without saying must not be written. Except after a Hello, bytes left over are an error. The first byte
// and the codes are append-only: what has a meaning keeps it.
//
// # Limits
//
//	a message                  16 MiB
//	a collection's name        255 bytes
//	a query's text             64 KiB
//	a refusal's text           4 KiB
//	rows, departures, events   4,096 a message; longer answers come in parts
//	names that rows leave out  16 MiB a message
//	reads                      65,536 a transaction
//	certificates, entries,     4,096 a message
//	signed heads
//	a model                    256 KiB
//	a credential               16 KiB; 256 in force and 8 refusals a connection
//	features                   64 of 32 bytes
//	entities asked about       4,096 a message
//	buckets                    1,024; one Compare of a subscription at a time
//
// Decoding refuses what is beyond them with an *Error and allocates nothing for
// a length or count that the message could not hold.
package wire
