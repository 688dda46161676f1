package storage

import (
	"context"
	"iter"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
)

// Engine is a storage backend. The manual for somebody who writes one is the
// package comment; here stands what every method promises.
//
// Safe for concurrent use. The owner calls Register before the first Select of
// a schema, and Close once, after it closed all snapshots.
type Engine interface {
	// Register makes the engine keep the indexes that the schemas declare, and no
	// others for their collections. It does not read the collections. An index
	// that is missing or outdated is ready at once if its collection is empty;
	// otherwise it is building from then on, and Build gets it ready. One that is
	// being built already goes on where it was. One that is no longer declared is
	// dropped. An interrupted Register is called again and finishes.
	//
	// Schemas of earlier calls stay registered; a schema for a collection
	// registered before replaces it. An error of a schema (model.Schema.Err) and
	// two schemas for one collection in one call are refused.
	Register(ctx context.Context, schemas ...*model.Schema) error

	// Build does the next piece of the work for indexes that are building, and
	// reports whether there is more to do. A piece is small, so that a commit
	// that meets it waits no longer than for another commit. What was done is not
	// done again when the store is opened anew, but for what a crash took.
	//
	// An engine builds nothing on its own account: its owner calls Build until it
	// reports false. Between and beside calls, commits and reads go on as ever
	// (S9). Errors are those of Commit; after one that leaves the engine writable,
	// Build may be called again.
	Build(ctx context.Context) (more bool, err error)

	// Indexes tells how far every index of the registered schemas is, in the
	// order of collections' names and then of the schema.
	Indexes(ctx context.Context) ([]IndexStatus, error)

	// Commit stores a batch: all of it, durable as the engine's mode promises, or
	// nothing. Snapshots taken after it returned see it; those taken before do
	// not. The batch is not used after Commit returned, but its records are kept
	// and must not change any more.
	//
	// Errors: ErrConflict (*ConflictError) if a position in Expect, a value in Holds or
	// a stamp moved, *BatchError if the batch is malformed: nothing was stored, and the
	// next Commit may succeed. ErrUnknown: it may have been stored; the caller
	// reads the log's position from a new snapshot or after reopening.
	// ErrReadOnly: an earlier write went wrong, the engine only reads until it is
	// opened again. ErrFull, and any other error: nothing was stored as far as
	// readers of this engine see, and it writes no more. ErrClosed. The error of
	// a ctx that was done before anything was written.
	Commit(ctx context.Context, b *Batch) error

	// Snapshot returns a view of all commits that returned before the call. It
	// costs little, and neither waits for commits nor holds them up, but an old
	// one makes the engine keep what was overwritten since. The caller closes it.
	Snapshot(ctx context.Context) (Snapshot, error)

	// Close releases the store. Afterwards every method returns ErrClosed; a
	// second Close does nothing and returns nil.
	Close() error
}

// IndexStatus tells how far an index is.
type IndexStatus struct {
	Collection string
	Index      int // its position in the collection's schema
	// Ready says that snapshots taken from now on use the index.
	Ready bool
	// Through is how far an index that is building has come: it holds what it
	// shall hold of entities with this ID and smaller ones. It is zero while it
	// holds nothing, once it is ready, and in engines that cannot tell.
	Through event.ID
}

// Snapshot is one unchanging view of a store: everything read through it is of
// the same commit. Safe for concurrent use.
//
// The sequences may be ranged over once each, begin their work when ranged
// over, and end at the first error, which comes with a zero item. They must not
// be continued after Close. What they yield may be kept, shared between
// goroutines and is never changed, unless a method says otherwise.
type Snapshot interface {
	// Cursor is the position of every origin's log as of this snapshot: exactly
	// what Log returns and States are folded from.
	Cursor() event.Cursor

	// State returns the record of an entity, ErrNotFound if the collection has
	// none. A deleted entity has a record too.
	State(ctx context.Context, collection string, id event.ID) (*Record, error)

	// Event returns one event of an entity and where it was logged, or
	// ErrNotFound.
	Event(ctx context.Context, entity, id event.ID) (Stored, error)

	// Events yields the events of an entity in ID order, without those in except
	// and their ancestors. Members of except that are not stored except nothing.
	// An unknown entity has no events.
	Events(ctx context.Context, entity event.ID, except event.Head) iter.Seq2[Stored, error]

	// Select yields the rows that the plan's query asks for, in its order, with
	// its limit and offset; joined, if the query follows references (an engine may
	// leave that, and plans that begin with references, to SelectJoined). The query
	// is one for entities. What else the plan says is advice: an engine may ignore
	// it, and does if it has no such index, but never the query. The Merge of
	// these records may be missing. A query of a schema that is not registered
	// works, by reading the whole collection.
	Select(ctx context.Context, p *plan.Plan) iter.Seq2[*Record, error]

	// Log yields the entries beyond the cursor. Those of one origin come in
	// sequence; origins are merged by transaction ID. Entries may share memory
	// with each other: keeping one of many keeps up to 64 KiB of its neighbours
	// alive, so clone what is kept long.
	Log(ctx context.Context, after event.Cursor) iter.Seq2[*event.Entry, error]

	// SignedHead returns the newest signed head that was committed for an
	// origin's log, or ErrNotFound.
	SignedHead(ctx context.Context, origin event.Origin) (event.SignedHead, error)

	// Meta returns the value of a key, or ErrNotFound. The value is the caller's.
	Meta(ctx context.Context, key string) ([]byte, error)

	// MetaScan yields the keys that begin with prefix, in byte order, and their
	// values.
	MetaScan(ctx context.Context, prefix string) iter.Seq2[MetaValue, error]

	// Close releases the snapshot; a second Close does nothing. All iterations
	// must have ended.
	Close()
}

// Stored is an event and its address.
type Stored struct {
	Event  *event.Event // immutable
	Tx     event.ID     // the transaction it was committed in
	Origin event.Origin // the log
	Seq    uint64       // the entry in that log
}

// MetaValue is a key of the Meta map and its value, which is the caller's.
type MetaValue struct {
	Key   string
	Value []byte
}
