package kv_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/storagetest"
)

// harshStore is a store whose driver promises nothing that it need not: it
// destroys every slice as soon as it is no longer valid, claims no traits,
// remembers what was synced, and can fail and count.
type harshStore struct {
	t       testing.TB
	memory  *memory.Store
	options kv.Options
	damage  damage

	mu      sync.Mutex // protects all below
	history [][]kv.Op
	synced  int // how many of history are safe
	fail    error
	allowed int           // writes until fail counts, if positive
	inWrite chan struct{} // if not nil, told of every write, which then waits
	goOn    chan struct{}
	readers int // open ones
	scanned int // keys that iterators moved to
	gets    int
}

// damage is a defect of the driver, for mutants.
type damage struct {
	dropDelete   byte // deletes of keys with this first byte are forgotten
	half         bool // only the first half of large writes is applied
	staleReader  bool // every second snapshot is the one before
	beyond       bool // scans do not stop at the upper bound
	unsyncedLost bool // says that it synced, and did not
}

func newHarshStore(t testing.TB, options kv.Options) *harshStore {
	return &harshStore{t: t, memory: memory.NewStore(), options: options}
}

func (s *harshStore) open(ctx context.Context) (storage.Engine, error) {
	inner, err := s.memory.Driver()
	if err != nil {
		return nil, err
	}
	return kv.Open(ctx, &harshDriver{harshStore: s, inner: inner}, s.options)
}

// testStore declares what the engine can do over this driver.
func (s *harshStore) testStore() storagetest.Store {
	return storagetest.Store{
		Open: s.open, Reopens: true, Locks: true, FollowsPlans: true, Builds: true, Lists: true,
		Crash:   func(rng *rand.Rand) storagetest.Store { return s.crash(rng).testStore() },
		Durable: !s.options.Relaxed,
		Fail: func(err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.fail = err
		},
	}
}

// crash returns a store with what was synced and some of the writes after.
func (s *harshStore) crash(rng *rand.Rand) *harshStore {
	s.mu.Lock()
	defer s.mu.Unlock()
	keep := s.synced + rng.IntN(len(s.history)-s.synced+1)
	c := newHarshStore(s.t, s.options)
	c.damage = s.damage
	c.history, c.synced = slices.Clone(s.history[:keep]), keep
	d, err := c.memory.Driver()
	require.NoError(s.t, err)
	for _, ops := range c.history {
		require.NoError(s.t, d.Write(context.Background(), writesOf(ops), true))
	}
	require.NoError(s.t, d.Close())
	return c
}

func writesOf(ops []kv.Op) *kv.Writes {
	var w kv.Writes
	for _, op := range ops {
		switch op.Kind {
		case kv.OpSet:
			w.Set(op.Key, op.Value)
		case kv.OpDelete:
			w.Delete(op.Key)
		case kv.OpDeleteRange:
			w.DeleteRange(op.Key, op.Value)
		}
	}
	return &w
}

type harshDriver struct {
	*harshStore
	inner kv.Driver
	stale kv.Reader
}

func (d *harshDriver) Traits() kv.Traits { return kv.Traits{} }

func (d *harshDriver) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.readers > 0 {
		d.t.Errorf("the driver was closed with %d readers open", d.readers)
	}
	return d.inner.Close()
}

func (d *harshDriver) Write(ctx context.Context, w *kv.Writes, sync bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.inWrite != nil {
		d.inWrite <- struct{}{}
		<-d.goOn
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		if d.allowed == 0 {
			return d.fail
		}
		d.allowed--
	}
	var ops []kv.Op
	for op := range w.All() {
		if op.Kind == kv.OpDelete && op.Key[0] == d.damage.dropDelete {
			continue
		}
		ops = append(ops, kv.Op{Kind: op.Kind, Key: slices.Clone(op.Key), Value: slices.Clone(op.Value)})
	}
	if d.damage.half && len(ops) > 8 {
		ops = ops[:len(ops)/2]
	}
	d.history = append(d.history, ops)
	if sync && !d.damage.unsyncedLost {
		d.synced = len(d.history)
	}
	return d.inner.Write(ctx, writesOf(ops), sync)
}

func (d *harshDriver) Get(key, buf []byte) ([]byte, bool, error) {
	return copied(buf)(d.inner.Get(key, nil))
}

// copied returns a function that passes the result of Get on in other memory.
func copied(buf []byte) func([]byte, bool, error) ([]byte, bool, error) {
	return func(value []byte, ok bool, err error) ([]byte, bool, error) {
		if buf == nil && ok {
			buf = make([]byte, 0, len(value))
		}
		return append(buf[:0], value...), ok, err
	}
}

func (d *harshDriver) Snapshot() (kv.Reader, error) {
	r, err := d.inner.Snapshot()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.readers++
	if d.damage.staleReader {
		r, d.stale = d.stale, r
		if r == nil {
			r = d.stale
		}
	}
	return &harshReader{d: d, inner: r}, nil
}

type harshReader struct {
	d      *harshDriver
	inner  kv.Reader
	mu     sync.Mutex
	open   int
	closed bool
}

func (r *harshReader) use(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		r.d.t.Errorf("a reader is used after it was closed")
	}
	r.open += n
}

func (r *harshReader) Get(key, buf []byte) ([]byte, bool, error) {
	r.use(0)
	r.d.mu.Lock()
	r.d.gets++
	r.d.mu.Unlock()
	return copied(buf)(r.inner.Get(key, nil))
}

func (r *harshReader) Scan(lo, hi []byte, reverse bool) kv.Iterator {
	r.use(1)
	if r.d.damage.beyond && len(hi) > 0 {
		hi = append(slices.Clone(hi), 0)
	}
	return &harshIterator{r: r, inner: r.inner.Scan(lo, hi, reverse)}
}

func (r *harshReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.open > 0 {
		r.d.t.Errorf("a reader is closed twice, or with %d iterators open", r.open)
	}
	r.closed = true
	r.d.mu.Lock()
	r.d.readers--
	r.d.mu.Unlock()
	return r.inner.Close()
}

// harshIterator hands out copies that it overwrites when they expire.
type harshIterator struct {
	r          *harshReader
	inner      kv.Iterator
	key, value []byte
	ended      bool
}

func (it *harshIterator) expire() {
	for i := range it.key {
		it.key[i] = 0xDB
	}
	for i := range it.value {
		it.value[i] = 0xDB
	}
	it.key, it.value = nil, nil
}

func (it *harshIterator) Next() bool {
	if it.ended {
		it.r.d.t.Errorf("Next is called after the end")
	}
	return it.moved(&it.r.d.scanned, it.inner.Next())
}

// Seek counts as a Get.
func (it *harshIterator) Seek(key []byte) bool { return it.moved(&it.r.d.gets, it.inner.Seek(key)) }

func (it *harshIterator) moved(count *int, found bool) bool {
	it.expire()
	it.ended = !found
	if !found {
		return false
	}
	it.r.d.mu.Lock()
	*count++
	it.r.d.mu.Unlock()
	it.key, it.value = slices.Clone(it.inner.Key()), slices.Clone(it.inner.Value())
	return true
}

func (it *harshIterator) Key() []byte   { return it.key }
func (it *harshIterator) Value() []byte { return it.value }

func (it *harshIterator) Close() error {
	it.expire()
	it.r.use(-1)
	return it.inner.Close()
}
