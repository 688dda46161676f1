package kv_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/storagetest"
)

// albums returns an engine over a harsh store with n albums of the years 0 to 9.
func albums(t *testing.T, options kv.Options, s *model.Schema, n int) (*harshStore, storage.Engine, *storagetest.World) {
	t.Helper()
	store := newHarshStore(t, options)
	e, err := store.open(context.Background())
	require.NoError(t, err)
	require.NoError(t, e.Register(context.Background(), s))
	w := storagetest.NewWorld(1, 1)
	d := w.Begin()
	for i := range n {
		d.Create(s, "year", i%10, "name", fmt.Sprint("album ", i), "plays", i)
	}
	require.NoError(t, e.Commit(context.Background(), d.Batch()))
	return store, e, w
}

// planFor returns the plan of a query that reads the index with a name, or the
// whole collection for "".
func planFor(t *testing.T, s *model.Schema, index, text string) *plan.Plan {
	t.Helper()
	q, err := query.Parse(text)
	require.NoError(t, err)
	c, err := q.Check(s)
	require.NoError(t, err)
	for _, p := range plan.Plans(c, s.Indexes()) {
		if p.Index < 0 && index == "" || p.Index >= 0 && s.Indexes()[p.Index].Name == index {
			return p
		}
	}
	t.Fatalf("no plan reads %q", index)
	return nil
}

// TestPlansReadNoMoreThanTheyMust counts what is asked of the driver: an index is
// used, a covering one needs no records, residents need none either, and
// reading stops at the limit.
func TestPlansReadNoMoreThanTheyMust(t *testing.T) {
	ctx := context.Background()
	s := storagetest.Albums()
	for _, c := range []struct {
		name, index, text   string
		options             kv.Options
		rows, scanned, gets int
	}{
		{"a scan", "", "plays = 5", kv.Options{}, 1, 1000, 0},
		{"a scan to the limit", "", "LIMIT 3", kv.Options{}, 3, 3, 0},
		{"an index over residents", "by_name", "name = 'album 77'", kv.Options{}, 1, 1, 0},
		{"an index over records", "by_name", "name = 'album 77'", kv.Options{CacheBytes: -1}, 1, 1, 1},
		{"a covering index", "by_year", "year = 7", kv.Options{CacheBytes: -1}, 100, 100, 0},
		{"an index to the limit", "by_name", "ORDER BY name DESC, id LIMIT 5", kv.Options{CacheBytes: -1}, 5, 6, 6},
		{"a filter on the key", "by_score", "name = 'album 9'", kv.Options{CacheBytes: -1}, 1, 1000, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			store, e, _ := albums(t, c.options, s, 1000)
			p := planFor(t, s, c.index, c.text)
			v, err := e.Snapshot(ctx)
			require.NoError(t, err)
			store.scanned, store.gets = 0, 0
			n := 0
			for _, err := range v.Select(ctx, p) {
				require.NoError(t, err)
				n++
			}
			require.Equal(t, c.rows, n)
			require.LessOrEqual(t, store.scanned, c.scanned, "keys read by %s", p)
			require.LessOrEqual(t, store.gets, c.gets, "records read by %s", p)
			v.Close()
			require.NoError(t, e.Close())
		})
	}
}

func TestCountReadsNoRecords(t *testing.T) {
	ctx := context.Background()
	s := storagetest.Albums()
	store, e, _ := albums(t, kv.Options{CacheBytes: -1}, s, 500)
	v, err := e.Snapshot(ctx)
	require.NoError(t, err)
	p := planFor(t, s, "by_name", "name >= 'album 1' AND name < 'album 2'")
	require.False(t, p.Residual)
	store.gets = 0
	n, err := storage.Count(ctx, v, p)
	require.NoError(t, err)
	require.Equal(t, 111, n)
	require.Zero(t, store.gets)
	v.Close()
	require.NoError(t, e.Close())
}

// TestUpdatesWriteWhatChanged looks at the keys of one commit.
func TestUpdatesWriteWhatChanged(t *testing.T) {
	ctx := context.Background()
	s := storagetest.AlbumsWith(storagetest.Albums().Indexes()[0], storagetest.Albums().Indexes()[2])
	store, e, w := albums(t, kv.Options{}, s, 3)
	tables := func(change func(d *storagetest.Draft)) string {
		d := w.Begin()
		change(d)
		require.NoError(t, e.Commit(ctx, d.Batch()))
		var keys strings.Builder
		for _, op := range store.history[len(store.history)-1] {
			if op.Kind == kv.OpDelete {
				keys.WriteByte('-')
			}
			keys.WriteByte(op.Key[0])
		}
		return keys.String()
	}
	id := w.IDs()[0]
	require.Equal(t, "lesii", tables(func(d *storagetest.Draft) { id = d.Create(s, "name", "x") }), "entry, event, state, two indexes")
	require.Equal(t, "lesi", tables(func(d *storagetest.Draft) { d.Update(id, "plays", 9) }), "the covering index has the row")
	require.Equal(t, "lesi-ii", tables(func(d *storagetest.Draft) { d.Update(id, "name", "y") }), "the name moves")
	require.Equal(t, "les-i-i", tables(func(d *storagetest.Draft) { d.Delete(id, true) }), "deleted entities have no entries")
	require.NoError(t, e.Close())
}

// TestReadersDoNotWaitForCommits holds a commit inside the driver, and reads.
func TestReadersDoNotWaitForCommits(t *testing.T) {
	ctx := context.Background()
	s := storagetest.Albums()
	store, e, w := albums(t, kv.Options{CacheBytes: -1}, s, 10)
	store.inWrite, store.goOn = make(chan struct{}), make(chan struct{})
	d := w.Begin()
	id := w.IDs()[0]
	d.Update(id, "plays", 99)
	b := d.Batch()
	done := make(chan error)
	go func() { done <- e.Commit(ctx, b) }()
	<-store.inWrite
	v, err := e.Snapshot(ctx)
	require.NoError(t, err)
	r, err := v.State(ctx, "albums", id)
	require.NoError(t, err)
	require.Equal(t, b.States[0].Was, r.Stamp, "before the commit")
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, e.Commit(canceled, &storage.Batch{}), context.Canceled, "waiting for one's turn ends with the context")
	close(store.goOn)
	require.NoError(t, <-done)
	store.inWrite = nil
	r, err = v.State(ctx, "albums", id)
	require.NoError(t, err)
	require.Equal(t, b.States[0].Was, r.Stamp, "still before")
	v.Close()
	require.NoError(t, e.Close())
}

// TestInterruptedBuild lets the declaring and building of indexes fail at every
// write, and opens the store again each time: what was built before is not built
// again.
func TestInterruptedBuild(t *testing.T) {
	ctx := context.Background()
	plain := storagetest.AlbumsWith()
	store, e, w := albums(t, kv.Options{}, plain, 10)
	d := w.Begin()
	for range 30 {
		d.Create(plain, "year", 5, "name", strings.Repeat("long name ", 20_000))
	}
	require.NoError(t, e.Commit(ctx, d.Batch()))
	s := storagetest.Albums()
	p := planFor(t, s, "by_year", "year = 5")
	for failures := 0; ; failures++ {
		require.Less(t, failures, 40)
		store.fail, store.allowed = errors.New("pulled the plug"), failures%3
		err := e.Register(ctx, s)
		for more := err == nil; more && err == nil; {
			more, err = e.Build(ctx)
		}
		if err == nil {
			require.Greater(t, failures, 4, "the build took several writes")
			break
		}
		require.ErrorIs(t, err, store.fail)
		_, again := e.Build(ctx)
		require.ErrorIs(t, again, storage.ErrReadOnly)
		require.NoError(t, e.Close())
		store.fail = nil
		e, err = store.open(ctx)
		require.NoError(t, err)
	}
	store.fail = nil
	v, err := e.Snapshot(ctx)
	require.NoError(t, err)
	n, err := storage.Count(ctx, v, p)
	require.NoError(t, err)
	require.Equal(t, 31, n)
	v.Close()
	require.NoError(t, e.Close())
}

// TestQueriesUseWhatIsReady asks by an index that is being built: the query is
// answered through another one that is ready.
func TestQueriesUseWhatIsReady(t *testing.T) {
	ctx := context.Background()
	all := storagetest.Albums().Indexes()
	store, e, _ := albums(t, kv.Options{CacheBytes: -1}, storagetest.AlbumsWith(all[0]), 1000)
	s := storagetest.AlbumsWith(all[2], all[0]) // by year, by name
	require.NoError(t, e.Register(ctx, s))
	ask := func(name string) (scanned int) {
		v, err := e.Snapshot(ctx)
		require.NoError(t, err)
		defer v.Close()
		store.scanned = 0
		n, err := storage.Count(ctx, v, planFor(t, s, name, "year = 7 AND name = 'album 77'"))
		require.NoError(t, err)
		require.Equal(t, 1, n)
		return store.scanned
	}
	require.Equal(t, 1, ask("by_year"), "keys read by name, as the years are not ready")
	more, err := e.Build(ctx)
	require.NoError(t, err)
	require.True(t, more, "a piece is smaller than that")
	require.Equal(t, 1, ask("by_year"))
	for more {
		more, err = e.Build(ctx)
		require.NoError(t, err)
	}
	require.Equal(t, 100, ask("by_year"), "keys read by year")
	require.NoError(t, e.Close())
}

func TestCloseWithOpenSnapshots(t *testing.T) {
	ctx := context.Background()
	s := storagetest.Albums()
	store, e, w := albums(t, kv.Options{CacheBytes: -1}, s, 10)
	v, err := e.Snapshot(ctx)
	require.NoError(t, err)
	require.ErrorContains(t, e.Close(), "snapshots still open: 1")
	r, err := v.State(ctx, "albums", w.IDs()[0])
	require.NoError(t, err, "the snapshot still works")
	require.NotNil(t, r)
	_, err = store.open(ctx)
	require.ErrorIs(t, err, storage.ErrLocked)
	v.Close()
	e, err = store.open(ctx)
	require.NoError(t, err, "the last snapshot releases the store")
	require.NoError(t, e.Close())
}

func TestIterationOutlivesItsSnapshot(t *testing.T) {
	ctx := context.Background()
	s := storagetest.Albums()
	_, e, _ := albums(t, kv.Options{CacheBytes: -1}, s, 10)
	v, err := e.Snapshot(ctx)
	require.NoError(t, err)
	n := 0
	for _, err := range v.Select(ctx, planFor(t, s, "", "")) {
		require.NoError(t, err)
		v.Close() // against the rules, but no reason to crash
		n++
	}
	require.Equal(t, 10, n)
	_, err = v.State(ctx, "albums", event.ID{})
	require.ErrorIs(t, err, storage.ErrClosed)
	for _, err := range v.Select(ctx, planFor(t, s, "", "")) {
		require.ErrorIs(t, err, storage.ErrClosed)
	}
	require.NoError(t, e.Close())
}

func TestSizes(t *testing.T) {
	ctx := context.Background()
	e, err := memory.Open()
	require.NoError(t, err)
	sizer := e.(storage.Sizer)
	empty, err := sizer.Sizes(ctx)
	require.NoError(t, err)
	require.Equal(t, storage.Sizes{Meta: 3}, empty, "the format version")
	s := storagetest.Albums()
	require.NoError(t, e.Register(ctx, s))
	w := storagetest.NewWorld(1, 1)
	d := w.Begin()
	d.Create(s, "name", "x")
	require.NoError(t, e.Commit(ctx, d.Batch()))
	sizes, err := sizer.Sizes(ctx)
	require.NoError(t, err)
	require.Positive(t, sizes.Log)
	require.Positive(t, sizes.States)
	require.Positive(t, sizes.Indexes)
	require.Equal(t, int64(1+16+16+3+16), sizes.Events)
	require.Equal(t, sizes.Log+sizes.Events+sizes.States+sizes.Indexes+sizes.Meta, sizes.Total())
	require.NoError(t, e.Close())
	_, err = sizer.Sizes(ctx)
	require.ErrorIs(t, err, storage.ErrClosed)
}

func TestRecordsListsDeletedEntitiesToo(t *testing.T) {
	ctx := context.Background()
	e, err := memory.Open()
	require.NoError(t, err)
	s := storagetest.Albums()
	require.NoError(t, e.Register(ctx, s))
	w := storagetest.NewWorld(1, 1)
	d := w.Begin()
	d.Create(s, "name", "x")
	gone := d.Create(s, "name", "y")
	require.NoError(t, e.Commit(ctx, d.Batch()))
	d = w.Begin()
	d.Delete(gone, true)
	require.NoError(t, e.Commit(ctx, d.Batch()))
	v, err := e.Snapshot(ctx)
	require.NoError(t, err)
	var got []*storage.Record
	for r, err := range v.(storage.Lister).Records(ctx, s.Collection()) {
		require.NoError(t, err)
		want, err := v.State(ctx, s.Collection(), r.Row.ID)
		require.NoError(t, err)
		require.True(t, want.Equal(r))
		got = append(got, r)
	}
	require.Len(t, got, 2)
	require.True(t, got[1].Row.Deleted)
	for range v.(storage.Lister).Records(ctx, "unknown") {
		t.Fatal("a record of no collection")
	}
	v.Close()
	require.NoError(t, e.Close())
}
