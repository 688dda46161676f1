package node_test

import (
	"context"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

func TestTheLogVerifies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		requireLogVerifies(f)
		for range 3 {
			id := f.create(f.prince, Album{Name: "Parade"})
			f.edit(f.queen, id, func(m AlbumMutable) { m.SetYear(1986) })
			requireLogVerifies(f)
			f.stop()
			f = startOver(t, f.store)
			requireLogVerifies(f)
		}
	})
}

func TestALogIsSignedWhenItIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.create(f.prince, Album{Name: "Parade"})
		f.create(f.prince, Album{Name: "Lovesexy"})
		origin := f.node.Origin()
		require.NoError(t, f.node.Close(f.ctx))
		s, err := f.stage.Snapshot(f.ctx)
		require.NoError(t, err)
		head, err := s.SignedHead(f.ctx, origin)
		s.Close()
		require.NoError(t, err)
		require.NoError(t, head.Verify())
		require.Equal(t, uint64(2), head.Seq)
		require.False(t, head.Closed)
		require.NoError(t, f.stage.Close())

		commits := 0
		f = startOver(t, f.store)
		f.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
			commits++
			return next()
		}
		require.NoError(t, f.node.Close(f.ctx))
		require.Zero(t, commits, "nothing new to sign")
	})
}

// counting counts the entries that are read from the log.
type counting struct {
	storage.Engine
	read int
}

type countingSnapshot struct {
	storage.Snapshot
	engine *counting
}

func (c *counting) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	s, err := c.Engine.Snapshot(ctx)
	return &countingSnapshot{s, c}, err
}

func (c *countingSnapshot) Log(ctx context.Context, after event.Cursor) iter.Seq2[*event.Entry, error] {
	return func(yield func(*event.Entry, error) bool) {
		for e, err := range c.Snapshot.Log(ctx, after) {
			c.engine.read++
			if !yield(e, err) {
				return
			}
		}
	}
}

// reopen opens another node over a store, says how many entries that read and
// how far the log was signed, and closes it.
func reopen(f *fixture, store *memory.Store, use func(*node.Node), options ...node.Option) (read int, signed uint64) {
	f.Helper()
	engine, err := store.Open(f.ctx, kv.Options{})
	require.NoError(f, err)
	c := &counting{Engine: engine}
	n, err := node.Open(f.ctx, c, append(options, node.WithPolicy(node.AllowAll()))...)
	require.NoError(f, err)
	read = c.read
	s, err := engine.Snapshot(f.ctx)
	require.NoError(f, err)
	head, err := s.SignedHead(f.ctx, n.Origin())
	require.NoError(f, err)
	require.NoError(f, head.Verify())
	s.Close()
	use(n)
	require.NoError(f, n.Close(f.ctx))
	require.NoError(f, engine.Close())
	return read, head.Seq
}

func TestOpeningReadsOnlyTheTail(t *testing.T) {
	const tail = 7
	f := start(t)
	for range node.MarkEvery + tail {
		f.create(f.prince, Album{Name: "Parade"})
	}
	requireLogVerifies(f)
	read, signed := reopen(f, f.store.Clone(), func(*node.Node) {})
	require.Equal(t, tail, read, "after a crash")
	require.Equal(t, uint64(node.MarkEvery), signed)
	f.stop()
	read, signed = reopen(f, f.store.Clone(), func(*node.Node) {})
	require.Zero(t, read, "after a clean stop")
	require.Equal(t, uint64(node.MarkEvery+tail), signed)
}

func TestIDsAscendOverRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.create(f.prince, Album{Name: "Parade"})
		slow := node.Now(func() time.Time { return time.Now().Add(-time.Minute) })
		mint := func(store *memory.Store, last event.ID) {
			reopen(f, store, func(n *node.Node) {
				id, err := n.Clock().Mint()
				require.NoError(t, err)
				require.True(t, last.Less(id), "%v is not above %v", id, last)
			}, slow)
		}
		f.stop()
		crashed := f.store.Clone()
		f = startOver(t, f.store)
		<-time.After(time.Second)
		m := f.create(f.prince, Album{Name: "Lovesexy"})
		mint(f.store.Clone(), m)
		mint(crashed, event.ID{})
		last := f.node.Clock().Last()
		f.stop()
		mint(f.store.Clone(), last)
	})
}

// TestIDsAheadBindAfterARestart: what was applied before binds the clock when the
// clock comes near it, also if the node was closed in between.
func TestIDsAheadBindAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := time.Hour
		now := node.Now(func() time.Time { return time.Now().Add(ahead) })
		f := start(t, now)
		id := f.create(f.prince, Album{Name: "from the future"})
		f.stop()
		ahead = 0
		for range 3 {
			f = startOver(t, f.store, now)
			f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(int(m.Field(2).Int()) + 1900) })
			require.Less(t, time.Until(f.create(f.prince, Album{}).Time()), time.Second)
			f.stop()
		}
		f = startOver(t, f.store, now)
		<-time.After(59 * time.Minute)
		require.True(t, f.get(id).Head().Max().Less(f.create(f.prince, Album{Name: "later"})))
		f.stop()
		reopen(f, f.store, func(n *node.Node) { require.Empty(t, n.Clock().Ahead()) })
	})
}

func TestAMarkBeyondTheLogIsOfNoUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.create(f.prince, Album{Name: "Parade"})
		earlier := f.store.Clone()
		f.create(f.prince, Album{Name: "Lovesexy"})
		f.stop()
		meta := func(store *memory.Store, use func(storage.Engine)) {
			engine, err := store.Open(f.ctx, kv.Options{})
			require.NoError(t, err)
			use(engine)
			require.NoError(t, engine.Close())
		}
		var mark []byte
		meta(f.store, func(e storage.Engine) {
			s, err := e.Snapshot(f.ctx)
			require.NoError(t, err)
			defer s.Close()
			mark, err = s.Meta(f.ctx, "node/mark")
			require.NoError(t, err)
		})
		meta(earlier, func(e storage.Engine) {
			require.NoError(t, e.Commit(f.ctx, &storage.Batch{Meta: []storage.MetaChange{{Key: "node/mark", Value: mark}}}))
		})
		f = startOver(t, earlier)
		f.create(f.prince, Album{Name: "Camille"})
		requireLogVerifies(f)
		f.stop()

		meta(earlier, func(e storage.Engine) {
			require.NoError(t, e.Commit(f.ctx, &storage.Batch{Meta: []storage.MetaChange{{Key: "node/mark", Value: mark[:40]}}}))
			_, err := node.Open(f.ctx, e, node.WithPolicy(node.AllowAll()))
			require.ErrorIs(t, err, storage.ErrCorrupt)
		})
	})
}

func TestATamperedLogIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.create(f.prince, Album{Name: "Parade"})
		f.create(f.prince, Album{Name: "Lovesexy"})
		engine, err := f.store.Clone().Open(f.ctx, kv.Options{})
		require.NoError(t, err)
		_, err = node.Open(f.ctx, &forging{engine}, node.WithPolicy(node.AllowAll()))
		var problem *event.LogError
		require.ErrorAs(t, err, &problem)
		require.Equal(t, event.Tampered, problem.Problem)
		require.Equal(t, f.node.Origin(), problem.Origin)
		require.Equal(t, uint64(2), problem.Seq)
		require.NoError(t, engine.Close())
	})
}

// forging shows the first entry of the log with another author.
type forging struct{ storage.Engine }

type forgingSnapshot struct{ storage.Snapshot }

func (e *forging) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	s, err := e.Engine.Snapshot(ctx)
	return &forgingSnapshot{s}, err
}

func (s *forgingSnapshot) Log(ctx context.Context, after event.Cursor) iter.Seq2[*event.Entry, error] {
	return func(yield func(*event.Entry, error) bool) {
		for e, err := range s.Snapshot.Log(ctx, after) {
			if err == nil && e.Seq == 1 {
				forged := *e
				forged.Author = "queen"
				e = &forged
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
