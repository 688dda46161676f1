package tikv_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/storagetest"
	"github.com/ankgo/ank/storage/tikv"
)

// shop is an engine over servers of a test's own, and what was committed.
type shop struct {
	*servers
	ctx    context.Context
	engine storage.Engine
	world  *storagetest.World
	names  int
}

func newShop(t *testing.T, patience time.Duration, flags ...string) *shop {
	t.Helper()
	s := &shop{servers: startServers(t, flags...), ctx: context.Background(), world: storagetest.NewWorld(1, 1)}
	s.open(patience)
	require.NoError(t, s.engine.Register(s.ctx, storagetest.Albums()))
	return s
}

func (s *shop) open(patience time.Duration) {
	s.t.Helper()
	var err error
	s.engine, err = tikv.Open(s.ctx, tikv.Options{PD: []string{s.pd}, System: "shop", Patience: patience})
	require.NoError(s.t, err)
}

// commit commits one album whose name is new.
func (s *shop) commit(name string) error {
	d := s.world.Begin()
	d.Create(storagetest.Albums(), "name", name, "year", s.names%100)
	s.names++
	return s.engine.Commit(s.ctx, d.Batch())
}

// check closes the engine, and compares what another one finds with the world.
func (s *shop) check() {
	s.t.Helper()
	require.NoError(s.t, s.engine.Close())
	s.open(0)
	require.NoError(s.t, s.engine.Register(s.ctx, storagetest.Albums()))
	v, err := s.engine.Snapshot(s.ctx)
	require.NoError(s.t, err)
	require.True(s.t, v.Cursor().Equal(event.NewCursor(s.world.Position(0))), "cursor %v", v.Cursor())
	n := uint64(0)
	for e, err := range v.Log(s.ctx, event.Cursor{}) {
		require.NoError(s.t, err)
		n++
		require.Equal(s.t, n, e.Seq)
	}
	require.Equal(s.t, s.world.Position(0).Seq, n, "every commit is there, once")
	for _, id := range s.world.IDs() {
		r, err := v.State(s.ctx, "albums", id)
		require.NoError(s.t, err)
		require.True(s.t, s.world.Record(id).Equal(r))
	}
	right, err := v.(storage.Verifier).Verify(s.ctx)
	require.NoError(s.t, err, "indexes")
	require.Positive(s.t, right)
	v.Close()
	require.NoError(s.t, s.engine.Close())
}

// TestKilledStores kills the store under load and starts it again: what was acknowledged is
// there, and every commit is there once, though some were in the air.
func TestKilledStores(t *testing.T) {
	s := newShop(t, 0)
	for range 3 {
		committing := make(chan error, 1)
		begun := make(chan struct{})
		go func() {
			for n := range 40 {
				if n == 10 {
					close(begun)
				}
				if err := s.commit(fmt.Sprint("album ", s.names)); err != nil {
					committing <- err
					return
				}
			}
			committing <- nil
		}()
		<-begun
		s.restart()
		require.NoError(t, <-committing)
	}
	s.check()
}

// TestSplitRegions has the store split its regions under load, again and again, so that
// what the engine knew of them is wrong, and that its commits are in many of them.
func TestSplitRegions(t *testing.T) {
	s := newShop(t, 0, "-region-size=65536")
	d := s.world.Begin()
	for n := range 400 { // the store splits what is large
		d.Create(storagetest.Albums(), "name", fmt.Sprint("album ", n), "year", n)
	}
	require.NoError(t, s.engine.Commit(s.ctx, d.Batch()))
	regions := func() int { return strings.Count(s.ask("/pd/api/v1/regions"), `"start_key"`) }
	before := regions()
	for n := 0; regions() < before+10; n++ {
		require.Less(t, n, 500, "nothing is split")
		for range 20 {
			require.NoError(t, s.commit(fmt.Sprint("album ", s.names)))
		}
	}
	t.Logf("%d regions, and then %d, of %d commits", before, regions(), s.world.Position(0).Seq)
	s.check()
}

// TestCutConnections cuts all connections to the store under load.
func TestCutConnections(t *testing.T) {
	s := newShop(t, 0)
	for n := range 60 {
		if n%10 == 5 {
			s.proxy.cut()
		}
		require.NoError(t, s.commit(fmt.Sprint("album ", n)))
	}
	s.check()
}

// TestLostAnswers loses the answer to a commit. When the store can be reached again, the
// engine finds out that it was kept.
func TestLostAnswers(t *testing.T) {
	s := newShop(t, 0)
	require.NoError(t, s.commit("before"))
	for n := range 3 {
		name := fmt.Sprint("needle number ", n)
		lost := s.proxy.loseAnswerTo(name)
		committed := make(chan error, 1)
		go func() { committed <- s.commit(name) }()
		<-lost
		s.proxy.heal()
		require.NoError(t, <-committed)
	}
	require.NoError(t, s.commit("after"))
	s.check()
}

// TestUnknownOutcomes loses the answer to a commit for longer than the engine is patient.
func TestUnknownOutcomes(t *testing.T) {
	s := newShop(t, 3*time.Second)
	require.NoError(t, s.commit("before"))
	s.proxy.loseAnswerTo("needle")
	require.ErrorIs(t, s.commit("needle"), storage.ErrUnknown)
	s.proxy.heal()
	v, err := s.engine.Snapshot(s.ctx)
	require.NoError(t, err)
	found, _ := v.Cursor().At(s.world.Origin(0))
	require.Equal(t, uint64(2), found.Seq, "the commit was kept, and the answer lost")
	v.Close()
	require.NoError(t, s.commit("after"), "the engine goes on")
	s.check()
}
