package kv

import "context"

// Driver is an ordered map of byte strings with atomic batches and snapshots:
// all that the engine asks of a key-value store. A driver knows nothing of
// entities, logs or indexes; the engine alone gives keys a meaning.
//
// # Order
//
// Keys compare as unsigned bytes, a proper prefix before what it is a prefix of
// (bytes.Compare). They are never empty and may contain any byte, 0x00 and 0xFF
// included. Most are shorter than 100 bytes; an entry of an index is as long as the
// values that it orders by, which may be megabytes. Values have 0 bytes up to
// event.MaxEntrySize; an empty value is present.
//
// # Concurrency and ownership
//
// One engine owns the driver. Write is never called twice at the same time, nor
// together with the driver's own Get; Snapshot and the methods of every Reader may be called by many goroutines
// while a Write runs. The engine closes every Reader and Iterator before it
// calls Close, and calls nothing afterwards.
//
// # Locking
//
// A driver that keeps its data in a place a second process could open (a
// directory, a database) must refuse the second with an error for which
// errors.Is(err, storage.ErrLocked) holds: the engine caches numbers, positions
// and records, and two engines over one store would overwrite each other.
type Driver interface {
	// Traits says what this driver's bytes and writes are like. Constant.
	Traits() Traits

	// Write applies the operations in order, all or none, and makes them visible
	// to later snapshots only as a whole. With sync it returns once they would
	// survive a power failure; without, they may be lost by a crash, but only
	// together with everything written after them: what survives is a prefix of
	// what was written.
	//
	// The operations and their bytes are valid only during the call.
	//
	// An error means that the engine stops writing for good (see
	// storage.ErrReadOnly), with one exception: if ctx is done and nothing was
	// written, returning ctx's error leaves the engine writable. A driver that
	// cannot tell whether the operations were kept wraps storage.ErrUnknown; one
	// that ran out of space wraps storage.ErrFull.
	Write(ctx context.Context, w *Writes, sync bool) error

	// Get reads as Reader.Get does, but from the newest state. The engine calls it
	// between writes only, from the goroutine that commits.
	Get(key, buf []byte) (value []byte, ok bool, err error)

	// Snapshot returns a view of all writes that returned before the call, and
	// of no write that begins after it returned. A write running at the same
	// time is seen as a whole or not at all.
	Snapshot() (Reader, error)

	// Close releases the store. Written but not yet synced data is made durable
	// where the store can do so.
	Close() error
}

// Traits are the facts about a driver that let the engine choose the cheaper
// way. The zero value claims nothing and is right for every driver.
type Traits struct {
	// StableBytes: slices returned by Get, Key and Value are never written to
	// again and stay valid after the iterator, the reader and the driver are
	// closed. The engine then makes records of them without copying.
	StableBytes bool

	// QuickReads: a Get costs well under a microsecond. The engine then compares
	// the stamp of every state it replaces, not only of those it has at hand.
	QuickReads bool

	// QuickWrites: a commit's Write does not wait for a device or another machine.
	// A snapshot asked for during a commit then waits for it; otherwise the engine
	// opens one of the driver's ahead of each write, so that readers never wait.
	QuickWrites bool
}

// Reader is one immutable view of the store. Safe for concurrent use; each
// Iterator belongs to one goroutine.
type Reader interface {
	// Get returns the value of a key, and false when there is none. The value is
	// appended to buf[:0] (a nil buf is allocated to fit), or, from a driver with
	// StableBytes, the store's own bytes, which must not be changed.
	Get(key, buf []byte) (value []byte, ok bool, err error)

	// Scan returns an iterator over the keys k with lo <= k < hi, ascending, or
	// descending if reverse. An empty hi means no upper bound. lo and hi are not
	// kept. The iterator stands before the first key.
	Scan(lo, hi []byte, reverse bool) Iterator

	// Close releases the view. No iterator of it is open any more.
	Close() error
}

// Iterator walks over the keys of one Scan.
//
//	it := r.Scan(lo, hi, false)
//	for it.Next() {
//		use(it.Key(), it.Value())
//	}
//	err := it.Close()
//
// After Next or Seek returned false, Next is not called again; Seek may be, unless
// there was an error. Iterators that come to an end early are closed all the same.
type Iterator interface {
	// Next moves to the next key, and reports false at the end or after an error.
	Next() bool
	// Seek moves an ascending iterator to the first key of its range that is not
	// less than key, wherever it stands, and reports false if there is none or
	// after an error. It is how the engine gets many values, in ascending order: an
	// iterator that is near already should find the next one for less than a Get.
	Seek(key []byte) bool
	// Key is valid until the next call of Next, Seek or Close, unless StableBytes.
	Key() []byte
	// Value is valid until the next call of Next, Seek or Close, unless StableBytes.
	// A driver may load it only when asked.
	Value() []byte
	// Close releases the iterator and returns the error that ended it, if any.
	Close() error
}

// ManyGetter is implemented by readers that get many values in less time than one after
// the other, as those do that ask another machine. Without it the engine walks over them
// with an iterator.
type ManyGetter interface {
	// GetMany returns the values of the keys, in their order, nil for those that are not
	// there. The values may be kept; an empty one is not nil.
	GetMany(keys [][]byte) (values [][]byte, err error)
}
