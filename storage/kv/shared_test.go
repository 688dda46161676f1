package kv_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/storagetest"
)

// common is a store in memory that several drivers share. It notes when a key was written
// last, to tell those that were slower.
type common struct {
	t testing.TB

	mu    sync.Mutex
	inner kv.Driver
	now   int
	last  map[string]int
	lose  int // answers to writes that are lost, of those that come
}

func newCommon(t testing.TB) *common {
	inner, err := memory.NewStore().Driver()
	require.NoError(t, err)
	return &common{t: t, inner: inner, last: make(map[string]int)}
}

func (s *common) open(ctx context.Context) (storage.Engine, error) {
	return kv.OpenShared(ctx, &commonDriver{s}, kv.Options{})
}

func (s *common) testStore() storagetest.Store {
	return storagetest.Store{
		Open: s.open, Reopens: true, Shares: true, ComparesStamps: true, FollowsPlans: true, Builds: true, Lists: true,
	}
}

type commonDriver struct{ *common }

func (d *commonDriver) Traits() kv.Traits { return kv.Traits{} }

func (d *commonDriver) Get(key, buf []byte) ([]byte, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return copied(buf)(d.inner.Get(key, nil))
}

func (d *commonDriver) Snapshot() (kv.Reader, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r, err := d.inner.Snapshot()
	return &commonReader{Reader: r, at: d.now}, err
}

// commonReader remembers when it was opened, and whether it was written over.
type commonReader struct {
	kv.Reader
	at   int
	used bool
}

func (d *commonDriver) Write(ctx context.Context, w *kv.Writes, _ bool) error {
	r, err := d.Snapshot()
	if err != nil {
		return err
	}
	return errors.Join(d.WriteOver(ctx, r, w), r.Close())
}

func (d *commonDriver) WriteOver(ctx context.Context, base kv.Reader, w *kv.Writes) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := base.(*commonReader)
	if r.used {
		d.t.Errorf("a base is written over twice")
	}
	r.used = true
	var keys []string
	for op := range w.All() {
		keys = append(keys, d.keysOf(op)...)
	}
	for _, key := range keys {
		if d.last[key] > r.at {
			return kv.ErrMoved
		}
	}
	d.now++
	for _, key := range keys {
		d.last[key] = d.now
	}
	err := d.inner.Write(ctx, w, true)
	if d.lose > 0 {
		d.lose--
		return errors.Join(err, storage.ErrUnknown)
	}
	return err
}

// keysOf lists the keys that an operation writes.
func (s *common) keysOf(op kv.Op) []string {
	if op.Kind != kv.OpDeleteRange {
		return []string{string(op.Key)}
	}
	var keys []string
	for key := range s.last {
		if string(op.Key) <= key && key < string(op.Value) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (d *commonDriver) Close() error { return nil }

func TestShared(t *testing.T) {
	storagetest.Run(t, storagetest.Options{
		New:   func(t testing.TB) storagetest.Store { return newCommon(t).testStore() },
		Steps: 60,
	})
}

// TestSharedLostAnswers loses the answers to commits: each is made once all the same.
func TestSharedLostAnswers(t *testing.T) {
	ctx := context.Background()
	store := newCommon(t)
	e, err := store.open(ctx)
	require.NoError(t, err)
	w := storagetest.NewWorld(1, 1)
	for range 5 {
		store.lose = 1
		d := w.Begin()
		d.Create(storagetest.Labels(), "name", "x")
		require.NoError(t, e.Commit(ctx, d.Batch()))
	}
	store.lose = 1
	require.ErrorIs(t, e.Commit(ctx, &storage.Batch{Meta: []storage.MetaChange{{Key: "k"}}}), storage.ErrUnknown,
		"nothing tells whether a batch without entries was stored")
	v, err := e.Snapshot(ctx)
	require.NoError(t, err)
	at, _ := v.Cursor().At(w.Origin(0))
	require.Equal(t, uint64(5), at.Seq)
	v.Close()
	require.NoError(t, e.Close())
}

// TestSharedIndexes declares and builds an index in one engine while another, which learns
// of it or has never heard of it, commits.
func TestSharedIndexes(t *testing.T) {
	ctx := context.Background()
	all := storagetest.Albums().Indexes()
	plain := storagetest.AlbumsWith()
	indexed := storagetest.AlbumsWith(all[2]) // by year
	for name, c := range map[string]struct {
		second *model.Schema
		ready  bool
	}{
		"known":   {indexed, true},
		"unknown": {plain, false},
	} {
		t.Run(name, func(t *testing.T) {
			store := newCommon(t)
			first, err := store.open(ctx)
			require.NoError(t, err)
			second, err := store.open(ctx)
			require.NoError(t, err)
			require.NoError(t, second.Register(ctx, c.second))
			w := storagetest.NewWorld(1, 1)
			commit := func(e storage.Engine) {
				d := w.Begin()
				for range 60 {
					d.Create(plain, "year", 7)
				}
				if ids := w.IDs(); len(ids) > 2 {
					d.Update(ids[1], "year", len(ids))
				}
				require.NoError(t, e.Commit(ctx, d.Batch()))
			}
			commit(second)
			commit(second)
			commit(second)
			require.NoError(t, first.Register(ctx, indexed))
			for more := true; more; {
				more, err = first.Build(ctx)
				require.NoError(t, err)
				commit(second)
			}
			list, err := first.Indexes(ctx)
			require.NoError(t, err)
			require.Equal(t, c.ready, slices.ContainsFunc(list, func(x storage.IndexStatus) bool { return x.Ready }))
			v, err := first.Snapshot(ctx)
			require.NoError(t, err)
			_, err = v.(storage.Verifier).Verify(ctx)
			require.NoError(t, err)
			p := planFor(t, indexed, "by_year", "year = 7")
			n, err := storage.Count(ctx, v, p)
			require.NoError(t, err)
			require.Equal(t, len(w.IDs())-1, n)
			v.Close()
			require.NoError(t, first.Close())
			require.NoError(t, second.Close())
		})
	}
}

// TestSharedFirstOpening opens an empty store, of which another engine makes a store, and
// writes to it, just after the first has found it empty.
func TestSharedFirstOpening(t *testing.T) {
	ctx := context.Background()
	store := newCommon(t)
	late := &lateDriver{commonDriver: commonDriver{store}, meanwhile: func() {
		e, err := store.open(ctx)
		require.NoError(t, err)
		require.NoError(t, e.Commit(ctx, &storage.Batch{Meta: []storage.MetaChange{{Key: "k", Value: []byte("v")}}}))
		require.NoError(t, e.Close())
	}}
	e, err := kv.OpenShared(ctx, late, kv.Options{})
	require.NoError(t, err)
	require.NoError(t, e.Close())
}

// lateDriver lets something happen after the first Get.
type lateDriver struct {
	commonDriver
	meanwhile func()
}

func (d *lateDriver) Get(key, buf []byte) ([]byte, bool, error) {
	value, ok, err := d.commonDriver.Get(key, buf)
	if meanwhile := d.meanwhile; meanwhile != nil {
		d.meanwhile = nil
		meanwhile()
	}
	return value, ok, err
}

// manyDriver's readers get many values at once. It counts how often they are asked.
type manyDriver struct {
	*commonDriver
	asked *atomic.Int64
}

type manyReader struct {
	*commonReader
	asked *atomic.Int64
}

func (d manyDriver) Snapshot() (kv.Reader, error) {
	r, err := d.commonDriver.Snapshot()
	return manyReader{r.(*commonReader), d.asked}, err
}

func (d manyDriver) WriteOver(ctx context.Context, base kv.Reader, w *kv.Writes) error {
	return d.commonDriver.WriteOver(ctx, base.(manyReader).commonReader, w)
}

func (r manyReader) Get(key, buf []byte) ([]byte, bool, error) {
	r.asked.Add(1)
	return r.commonReader.Get(key, buf)
}

func (r manyReader) GetMany(keys [][]byte) ([][]byte, error) {
	r.asked.Add(1)
	values := make([][]byte, len(keys))
	for i, key := range keys {
		value, ok, err := r.commonReader.Get(key, nil)
		if err != nil {
			return nil, err
		}
		if ok {
			values[i] = append([]byte{}, value...)
		}
	}
	return values, nil
}

// TestSharedCommitAsksOnce: what a batch is compared with (positions, held values, the records
// that it replaces) is read together, and a single record without anything else.
func TestSharedCommitAsksOnce(t *testing.T) {
	var asked atomic.Int64
	driver := manyDriver{&commonDriver{newCommon(t)}, &asked}
	e, err := kv.OpenShared(t.Context(), driver, kv.Options{})
	require.NoError(t, err)
	defer e.Close()
	albums := storagetest.Albums()
	require.NoError(t, e.Register(t.Context(), albums))
	w := storagetest.NewWorld(1, 1)
	first := w.Begin()
	ids := []event.ID{first.Create(albums, "year", 1), first.Create(albums, "year", 2)}
	b := first.Batch()
	b.Meta = []storage.MetaChange{{Key: "lease", Value: []byte("mine")}, {Key: "empty", Value: []byte{}}}
	require.NoError(t, e.Commit(t.Context(), b))

	for year := range 3 {
		d := w.Begin()
		for _, id := range ids {
			d.Update(id, "year", 10+year)
		}
		b = d.Batch()
		b.Holds = []storage.MetaValue{{Key: "lease", Value: []byte("mine")}, {Key: "empty", Value: []byte{}}, {Key: "nobody's"}}
		before := asked.Load()
		require.NoError(t, e.Commit(t.Context(), b))
		if year > 0 { // the catalog is known
			require.EqualValues(t, 1, asked.Load()-before, "questions for a commit")
		}
		before = asked.Load()
		r, err := storage.State(t.Context(), e, albums.Collection(), ids[0])
		require.NoError(t, err)
		require.True(t, w.Record(ids[0]).Equal(r))
		require.EqualValues(t, 1, asked.Load()-before, "questions for a record")
	}
}
