package memory

import (
	"context"
	"slices"
	"sync"
	"unsafe"

	"github.com/tidwall/btree"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
)

// tree is an ordered map whose Copy is cheap. Keys and values lie in memory that
// is never written again, so copies share them.
type tree = btree.Map[string, string]

// shard holds the keys that begin with one byte. The engine's keys begin with
// the letter of their table: a tree for each is lower, and growing one does not
// move the nodes of another.
type shard struct {
	first byte
	tree  *tree
	dirty bool // written since the last snapshot copied it
	last  *tree
}

// Store is a key-value store on the heap. Engines come and go, one at a time;
// the data stays until the store is garbage. Safe for concurrent use.
type Store struct {
	mu     sync.Mutex // protects everything below; held for the length of a write
	shards []shard    // sorted by first byte
	inUse  bool
	bytes  int64
	limit  int64
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{} }

// SetLimit bounds the bytes of keys and values that the store accepts; a write
// that would exceed it is refused with storage.ErrFull. Zero, as at first, means
// no bound. Overwritten and deleted bytes count no more.
func (s *Store) SetLimit(bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = bytes
}

// Clone returns a store of its own with what this one holds now, as if the
// process had died at this moment and its disk had been copied.
func (s *Store) Clone() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &Store{shards: slices.Clone(s.shards), bytes: s.bytes}
	for i := range c.shards {
		c.shards[i] = shard{first: s.shards[i].first, tree: s.shards[i].tree.Copy(), dirty: true}
	}
	return c
}

// Open returns an engine over the store, or storage.ErrLocked while another one
// is open. Closing the engine keeps the data.
func (s *Store) Open(ctx context.Context, options kv.Options) (storage.Engine, error) {
	d, err := s.Driver()
	if err != nil {
		return nil, err
	}
	return kv.Open(ctx, d, options)
}

// Driver returns the store as an engine's driver, or storage.ErrLocked until the
// driver that was returned before is closed.
func (s *Store) Driver() (kv.Driver, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inUse {
		return nil, storage.ErrLocked
	}
	s.inUse = true
	return &driver{store: s}, nil
}

// driver is one opening of a store.
type driver struct {
	store *Store
}

var _ kv.Driver = (*driver)(nil)

func (d *driver) Traits() kv.Traits {
	return kv.Traits{StableBytes: true, QuickReads: true, QuickWrites: true}
}

func (d *driver) Close() error {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	d.store.inUse = false
	return nil
}

// Get takes no lock: nobody writes meanwhile, and the trees change in Write only.
func (d *driver) Get(key, _ []byte) ([]byte, bool, error) {
	return get(d.store.shards, key)
}

// Write copies the operations' bytes to the heap, in one piece with the
// exception of large values, and applies them.
func (d *driver) Write(ctx context.Context, w *kv.Writes, _ bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := d.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.limit > 0 && s.bytes+int64(w.Size()) > s.limit {
		return storage.ErrFull
	}
	heap := newSlab(w)
	for op := range w.All() {
		switch op.Kind {
		case kv.OpSet:
			s.set(heap.copy(op.Key), heap.copy(op.Value))
		case kv.OpDelete:
			s.delete(borrow(op.Key))
		case kv.OpDeleteRange:
			s.deleteRange(borrow(op.Key), borrow(op.Value))
		}
	}
	return nil
}

func (s *Store) set(key, value string) {
	t := s.shard(key[0])
	old, replaced := t.Set(key, value)
	if replaced {
		s.bytes -= int64(len(old) + len(key))
	}
	s.bytes += int64(len(key) + len(value))
}

func (s *Store) delete(key string) {
	if old, ok := s.shard(key[0]).Delete(key); ok {
		s.bytes -= int64(len(old) + len(key))
	}
}

func (s *Store) deleteRange(lo, hi string) {
	var doomed []string
	it := newIterator(s.shards, []byte(lo), []byte(hi), false)
	for it.Next() {
		doomed = append(doomed, it.m.Key())
	}
	for _, key := range doomed {
		s.delete(key)
	}
}

// shard returns the tree for keys that begin with first, ready to be written.
func (s *Store) shard(first byte) *tree {
	i, ok := slices.BinarySearchFunc(s.shards, first, func(sh shard, b byte) int { return int(sh.first) - int(b) })
	if !ok {
		s.shards = slices.Insert(s.shards, i, shard{first: first, tree: new(tree)})
	}
	s.shards[i].dirty = true
	return s.shards[i].tree
}

// Snapshot copies the roots of the trees that changed since the last one.
func (d *driver) Snapshot() (kv.Reader, error) {
	s := d.store
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &reader{shards: make([]shard, len(s.shards))}
	for i := range s.shards {
		sh := &s.shards[i]
		if sh.dirty || sh.last == nil {
			sh.last, sh.dirty = sh.tree.Copy(), false
		}
		r.shards[i] = shard{first: sh.first, tree: sh.last}
	}
	return r, nil
}

// largeValue is the length from which a value gets memory of its own, so that it
// can be freed without its neighbours.
const largeValue = 512

// slab is the heap memory for one write's keys and small values.
type slab struct {
	free []byte
}

func newSlab(w *kv.Writes) slab {
	n := 0
	for op := range w.All() {
		if op.Kind == kv.OpSet {
			n += smallLen(op.Key) + smallLen(op.Value)
		}
	}
	return slab{make([]byte, 0, n)}
}

// smallLen is what a key or value takes of the slab.
func smallLen(b []byte) int {
	if len(b) >= largeValue {
		return 0
	}
	return len(b)
}

// copy returns a string of its own with the same bytes.
func (s *slab) copy(b []byte) string {
	if len(b) >= largeValue {
		return string(b)
	}
	start := len(s.free)
	s.free = append(s.free, b...)
	return borrow(s.free[start:])
}

// borrow sees bytes as a string. They must not change while it is in use.
func borrow(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// lend sees a string as bytes. They must not be changed.
func lend(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
