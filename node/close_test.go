package node_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
)

func TestNothingWorksAfterClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "Parade"})
		tx := f.editing(id, func(m AlbumMutable) { m.SetYear(1986) })
		cursor, err := f.node.Cursor(f.ctx)
		require.NoError(t, err)
		require.NoError(t, f.node.Close(f.ctx))
		written := 0
		f.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
			written++
			return next()
		}
		for name, try := range map[string]func() error{
			"commit":  func() error { _, err := tx.Commit(f.ctx); return err },
			"create":  func() error { return tryCreate(f.ctx, f.prince, Album{}) },
			"accept":  func() error { _, err := f.node.Accept(f.ctx, "x", newClient(t, 0).create(Album{})); return err },
			"get":     func() error { _, err := albums.Get(f.ctx, f.prince, id); return err },
			"fetch":   func() error { _, err := albums.Collect(f.ctx, f.prince, ""); return err },
			"count":   func() error { _, err := albums.Count(f.ctx, f.prince, ""); return err },
			"query":   func() error { _, err := albums.Query(f.ctx, f.prince, ""); return err },
			"history": func() error { return firstError(albums.History(f.ctx, f.prince, id)) },
			"past":    func() error { _, err := albums.Get(f.ctx, f.prince.AsKnown(cursor), id); return err },
			"pasts":   func() error { _, err := albums.Collect(f.ctx, f.prince.AsOf(time.Now()), ""); return err },
			"edit":    func() error { _, err := albums.Edit(f.ctx, f.prince.Begin(), id); return err },
			"cursor":  func() error { _, err := f.node.Cursor(f.ctx); return err },
			"head":    func() error { _, err := f.node.SignedHead(f.ctx); return err },
			"receipt": func() error { _, err := f.node.Receipt(f.ctx, event.ID{1}); return err },
			"indexes": func() error { _, err := f.node.Indexes(f.ctx); return err },
		} {
			require.ErrorIs(t, try(), node.ErrClosed, name)
		}
		require.Zero(t, written)
		require.NoError(t, f.node.Close(f.ctx), "closing again does nothing")
	})
}

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, node.WithLimits(node.Limits{Batch: 1}))
		j := f.judged()
		var commits []*begun
		for range 5 {
			commits = append(commits, f.begin(f.creating("Parade")))
		}
		closed := make(chan error, 1)
		go func() { closed <- f.node.Close(f.ctx) }()
		synctest.Wait()
		require.ErrorIs(t, tryCreate(f.ctx, f.prince, Album{}), node.ErrClosed, "nothing new")
		require.Len(t, f.names(f.prince, ""), 0, "reads go on meanwhile")
		for range 5 {
			require.Empty(t, closed)
			j.verdicts <- store
			synctest.Wait()
		}
		j.verdicts <- store // the mark
		require.NoError(t, <-closed)
		for _, b := range commits {
			<-b.done
			require.NoError(t, b.err)
		}
	})
}

func TestCloseGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		j := f.judged()
		b := f.begin(f.creating("Parade"))
		next := f.begin(f.creating("Lovesexy"))
		short, cancel := context.WithTimeout(f.ctx, time.Second)
		defer cancel()
		require.ErrorIs(t, f.node.Close(short), context.DeadlineExceeded)
		require.ErrorIs(t, tryCreate(f.ctx, f.prince, Album{}), node.ErrClosed)
		j.verdicts <- store
		j.verdicts <- store
		<-b.done
		<-next.done
		require.NoError(t, errors.Join(b.err, next.err))
		// The engine of the fixture stores the mark once the test is over.
	})
}

func TestCloseWaitsForReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		for range 10 {
			f.create(f.prince, Album{Name: "Parade"})
		}
		reading, goOn := make(chan struct{}), make(chan struct{})
		var read int
		var readErr error
		go func() {
			for _, err := range albums.Fetch(f.ctx, f.prince, "") {
				if err != nil {
					readErr = err
					break
				}
				if read++; read == 3 {
					close(reading)
					<-goOn
				}
			}
		}()
		<-reading
		closed := make(chan error, 1)
		go func() { closed <- f.node.Close(f.ctx) }()
		synctest.Wait()
		require.Empty(t, closed)
		short, cancel := context.WithTimeout(f.ctx, time.Second)
		defer cancel()
		require.ErrorIs(t, f.node.Close(short), context.DeadlineExceeded, "only one closes at a time")
		close(goOn)
		require.NoError(t, <-closed)
		synctest.Wait()
		require.ErrorIs(t, readErr, node.ErrClosed)
		require.Equal(t, 3, read)
	})
}

func TestCloseAmongManyWriters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		var mu sync.Mutex
		closed, after, busy := false, 0, 0
		f.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
			mu.Lock()
			if closed {
				after++
			}
			if busy++; busy > 1 {
				t.Error("two commits at a time")
			}
			mu.Unlock()
			<-time.After(time.Millisecond)
			mu.Lock()
			busy--
			mu.Unlock()
			return next()
		}
		accepted := 0
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				for {
					err := tryCreate(f.ctx, f.prince, Album{Name: "Parade"})
					if errors.Is(err, node.ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					accepted++
					mu.Unlock()
				}
			})
		}
		<-time.After(20 * time.Millisecond)
		require.NoError(t, f.node.Close(f.ctx))
		mu.Lock()
		closed = true
		mu.Unlock()
		wg.Wait()
		require.Zero(t, after, "no write after close")
		s, err := f.stage.Snapshot(f.ctx)
		require.NoError(t, err)
		defer s.Close()
		at, _ := s.Cursor().At(f.node.Origin())
		require.Equal(t, uint64(accepted), at.Seq, "who was told that it was accepted finds it")
	})
}

func TestCloseOfAReadOnlyNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.create(f.prince, Album{Name: "Parade"})
		f.alarm.expected.Store(true)
		f.stage.commit = func(context.Context, *storage.Batch, func() error) error { return storage.ErrFull }
		require.ErrorIs(t, tryCreate(f.ctx, f.prince, Album{}), storage.ErrFull)
		require.NoError(t, f.node.Close(f.ctx))
	})
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.create(f.prince, Album{Name: "Parade"})
		f.stage.commit = func(context.Context, *storage.Batch, func() error) error { return storage.ErrFull }
		require.ErrorIs(t, f.node.Close(f.ctx), storage.ErrFull, "the mark could not be written")
		require.NoError(t, f.node.Close(f.ctx), "which does no harm")
	})
}
