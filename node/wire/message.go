package wire

import (
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// The versions of the protocol that this package speaks.
const (
	MinVersion = 1
	MaxVersion = 1
)

// The limits on what a peer may send; see the package comment.
const (
	MaxMessage    = 16 << 20
	MaxCollection = 255
	MaxQuery      = 64 << 10
	MaxText       = 4 << 10
	MaxItems      = 4096
	MaxReads      = 1 << 16
	MaxJoined     = 1 << 10
	MaxBuckets    = 1 << 10
	MaxFeatures   = 64
	MaxFeature    = 32
	MaxCredential = 16 << 10
)

// Window is how many bytes of each answer the asker takes without having granted
// any, and MaxCredit is how many may stand granted: see Credit.
const (
	Window    = 512 << 10
	MaxCredit = 1 << 30
)

// Kind is the first byte of a message.
type Kind uint8

// The kinds of messages. Numbers are never used again for something else.
const (
	KindHello Kind = iota + 1
	KindBye
	KindSubscribe
	KindUnsubscribe
	KindFetch
	KindRows
	KindSummary
	KindHistory
	KindEvents
	KindCommit
	KindReceipt
	KindFailure
	KindCancel
	KindPing
	KindPong
	KindGet
	KindProof
	KindAuthenticate
	KindAuthenticated
	KindDefine
	KindCredit
	KindCompare
	KindWhy
	KindReasons
)

// Message is one of the message structs of this package.
type Message interface {
	// Kind is the byte that names the struct.
	Kind() Kind
	appendBody(b []byte) []byte
}

// Hello opens a connection, from each side.
type Hello struct {
	Min, Max uint64       // the protocol versions spoken
	Durable  bool         // keeps history and accepts transactions
	System   event.System // zero: belongs to none yet, and will join the peer's
	Node     event.Origin // the node's public key
	Time     int64        // the node's clock, microseconds since 1970 UTC
	Nonce    event.Digest // 32 random bytes
	// Features are what the node can do beside what its versions of the protocol
	// have, such as FeatureModels. Those that are not known are passed over.
	Features []string
}

// FeatureModels says of a durable node that it takes models: see [Define].
const FeatureModels = "models"

// Define tells a peer that takes models of one, before the first request: what
// model.Schema.AppendTo encodes. It counts when something is asked for next, on behalf of
// whoever asks; what needs a model that was not taken fails with the reason.
type Define struct {
	As    uint64 // see Authenticate; 0: whoever the connection was opened for
	Model []byte
}

// Proof follows Hello, from each side that named a Node: see event.Prove. Heard and
// said are the digests (SHA-256) of the encoded hellos.
type Proof struct {
	Signature event.Signature
	// Certificate is the system's statement about a durable node's key; zero if it
	// has none.
	Certificate event.Certificate
}

// Authenticate shows a credential. Requests name it by its number, as As, from
// then on. To show a new one before the old expires, Renews says which.
type Authenticate struct {
	Request    uint64
	Renews     uint64
	Principal  string // who it is thought to be for; empty: the one that it names
	Credential []byte
}

// Authenticated answers Authenticate. Once the credential has expired, or was
// revoked, Failure follows under the same number, and under those of the
// subscriptions that relied on it.
type Authenticated struct {
	Request   uint64
	Principal string
	Expires   int64 // microseconds since 1970 UTC; 0: never
}

// Bye closes a connection and says why.
type Bye struct {
	Code Code
	Text string
}

// Subscribe asks for the rows of a query now and for every change from then on.
type Subscribe struct {
	Request    uint64
	As         uint64 // see Authenticate; 0: whoever the connection was opened for
	Collection string
	Query      string
	// Held and Digest tell what the asker holds of the result from before: the
	// number of rows and the sum over them (see RowDigest). Held 0: nothing.
	Held   uint64
	Digest event.Digest
	// Cursor is where the rows held were the result, be it thought only. Zero: it is
	// not known.
	Cursor event.Cursor
	// Buckets are as in Compare; there may be none.
	Buckets []uint64
	// Seen covers everything that the asker has been told, be it by another peer. Who does
	// not have it waits a moment, and fails with CodeBehind.
	Seen event.Cursor
}

// Compare asks in what the rows that the asker holds of a subscription's result differ
// from it. They are told apart by buckets, as many as the asker finds right (see Bucket):
// of each there is the event.Sum over its rows, modulo 2^64. Rows with AnswerCompare
// answers, or with Reset. Another Compare has to wait for that.
type Compare struct {
	Request uint64 // the subscription
	Buckets []uint64
}

// Why asks why entities that the asker held are not in the result of a subscription.
type Why struct {
	Request  uint64
	Of       uint64 // the subscription
	Entities []event.ID
}

// Reasons answers Why, in the order of the entities; without any if there is no such
// subscription any more. What the asker may not know, and what the answerer does not
// have, is Denied. NoMatch is also said of what has come into the result meanwhile.
type Reasons struct {
	Request uint64
	Reasons []Reason
}

// Unsubscribe ends a subscription.
type Unsubscribe struct{ Request uint64 }

// Fetch asks once for the rows of a query.
type Fetch struct {
	Request    uint64
	As         uint64 // see Authenticate; 0: whoever the connection was opened for
	Collection string
	Query      string
}

// Rows is a result or a change of one.
type Rows struct {
	Request uint64
	// Reset: what follows, up to the part without More, is the whole result and
	// replaces what was held.
	Reset bool
	More  bool
	// Answer says, if it is not 0, that this is no change of what was told before.
	Answer Answer
	// Expected is about how many rows the whole result has that a Reset of a
	// subscription brings, in all its parts; 0 if that is not known.
	Expected uint64
	// Cursor is the server's position at which the result is this.
	Cursor     event.Cursor
	Rows       []Row
	Departures []Departure
	// With AnswerCursor and AnswerCompare: how many rows the asker holds when it has
	// taken this in, and the sum over them. They, and Buckets, come with the last part.
	Count  uint64
	Digest event.Digest
	// With AnswerCompare: the buckets that Rows replaces, in ascending order.
	Buckets []uint16
}

// Answer says what question about held rows Rows answers.
type Answer uint8

// The answers.
const (
	// AnswerCursor: what was changed since Subscribe.Cursor, as it is now.
	AnswerCursor Answer = iota + 1
	// AnswerCompare: all rows of the buckets that differ.
	AnswerCompare
)

// Row is an entity's state as it is in the sender's store. If the query follows
// references, Row.Joined holds what it reads through them, in the order of
// query.Checked.Joined. An answer to a query with SELECT has groups for rows: an
// ID made from what is grouped, which is its own head, no values, and what
// query.GroupRow has as joined.
type Row struct {
	Row   model.Row
	Merge []byte
}

// Departure tells that an entity is no longer in the result.
type Departure struct {
	ID     event.ID
	Reason Reason
	// Last is the entity's state now, if the receiver may know it: what made it
	// leave. Nil otherwise.
	Last *Row
}

// Reason is why an entity left a result.
type Reason uint8

// The reasons of departures. Numbers are never used again for something else.
const (
	Deleted Reason = iota + 1
	NoMatch
	Denied
	Limit
)

// Summary says what the result is at Cursor, after everything that was told of it: how
// many rows it has, and the sum over them (see RowDigest). It answers a Subscribe if what
// the asker held is that, or if Compare is the way to find out in what it differs; and it
// comes now and then by itself.
type Summary struct {
	Request uint64
	Cursor  event.Cursor
	Count   uint64
	Digest  event.Digest
}

// History asks for all events of one entity.
type History struct {
	Request    uint64
	As         uint64 // see Authenticate; 0: whoever the connection was opened for
	Collection string
	Entity     event.ID
}

// Events answers History, in ID order.
type Events struct {
	Request uint64
	More    bool
	Items   []Stored
}

// Stored is an event with where it stands in the log.
type Stored struct {
	Event  *event.Event
	Tx     event.ID
	Origin event.Origin
	Seq    uint64
	Author string
}

// Get asks for one entity as it is now, be it deleted. Rows answers, with the
// row or with none.
type Get struct {
	Request    uint64
	As         uint64 // see Authenticate; 0: whoever the connection was opened for
	Collection string
	Entity     event.ID
}

// Commit hands over a transaction for acceptance.
type Commit struct {
	Request uint64
	As      uint64 // see Authenticate; 0: whoever the connection was opened for
	Tx      *event.Transaction
	// Reads are what a serializable transaction depends on.
	Reads []Read
}

// Read is an entity that a transaction read and the stamp of the head that it had
// then; zero if there was no such entity.
type Read struct {
	Collection string
	Entity     event.ID
	Stamp      event.Stamp
}

// Receipt answers Commit: what became of the transaction. If it was accepted, Rows
// under the same request may come before it: the written entities as they are now.
type Receipt struct {
	Request uint64
	Tx      event.ID
	// Code is Accepted, or why the transaction was refused for good.
	Code   Code
	Text   string
	Origin event.Origin // of the log that has it, when accepted
	Seq    uint64
}

// Failure answers a request that could not be served; nothing was decided.
type Failure struct {
	Request uint64
	Code    Code
	Text    string
}

// Cancel gives up a request, or a credential by the number of its Authenticate.
type Cancel struct{ Request uint64 }

// Credit lets the peer send more of an answer: so many bytes of encoded Rows and
// Events, beside what it may send already. Of a request that has come to an end, or
// whose answer takes no credit, it means nothing.
type Credit struct {
	Request uint64
	Bytes   uint64
}

// Ping asks for a Pong with the same number.
type Ping struct{ Number uint64 }

// Pong answers Ping.
type Pong struct{ Number uint64 }

// Kind implements Message.
func (*Hello) Kind() Kind { return KindHello }

// Kind implements Message.
func (*Proof) Kind() Kind { return KindProof }

// Kind implements Message.
func (*Authenticate) Kind() Kind { return KindAuthenticate }

// Kind implements Message.
func (*Authenticated) Kind() Kind { return KindAuthenticated }

// Kind implements [Message].
func (*Define) Kind() Kind { return KindDefine }

// Kind implements Message.
func (*Bye) Kind() Kind { return KindBye }

// Kind implements Message.
func (*Subscribe) Kind() Kind { return KindSubscribe }

// Kind implements Message.
func (*Unsubscribe) Kind() Kind { return KindUnsubscribe }

// Kind implements Message.
func (*Fetch) Kind() Kind { return KindFetch }

// Kind implements Message.
func (*Rows) Kind() Kind { return KindRows }

// Kind implements Message.
func (*Summary) Kind() Kind { return KindSummary }

// Kind implements Message.
func (*Compare) Kind() Kind { return KindCompare }

// Kind implements Message.
func (*Why) Kind() Kind { return KindWhy }

// Kind implements Message.
func (*Reasons) Kind() Kind { return KindReasons }

// Kind implements Message.
func (*History) Kind() Kind { return KindHistory }

// Kind implements Message.
func (*Events) Kind() Kind { return KindEvents }

// Kind implements Message.
func (*Get) Kind() Kind { return KindGet }

// Kind implements Message.
func (*Commit) Kind() Kind { return KindCommit }

// Kind implements Message.
func (*Receipt) Kind() Kind { return KindReceipt }

// Kind implements Message.
func (*Failure) Kind() Kind { return KindFailure }

// Kind implements Message.
func (*Cancel) Kind() Kind { return KindCancel }

// Kind implements Message.
func (*Credit) Kind() Kind { return KindCredit }

// Kind implements Message.
func (*Ping) Kind() Kind { return KindPing }

// Kind implements Message.
func (*Pong) Kind() Kind { return KindPong }
