package storagetest

import (
	"context"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

func buildCases() []Case {
	return []Case{
		{
			Name: "build/empty", needs: always, run: buildEmpty,
			Rule: "an index over an empty collection is ready when Register returns",
		},
		{
			Name: "build/between commits", needs: always, run: buildBetweenCommits,
			Rule: "while indexes are being built queries answer right under every plan, whatever is committed between the pieces; then the indexes are complete and hold nothing else",
		},
		{
			Name: "build/beside commits", needs: always, run: buildBesideCommits,
			Rule: "Build and Commit may run at the same time",
		},
		{
			Name: "build/old snapshots", needs: always, run: buildOldSnapshots,
			Rule: "a snapshot taken while an index was being built answers the same when it is ready",
		},
		{
			Name: "build/another index", needs: always, run: buildAnother,
			Rule: "indexes that are declared while others are being built are built too, and those that are dropped are not there when they are declared again",
		},
		{
			Name: "build/canceled", needs: always, run: buildCanceled,
			Rule: "Build that meets the end of its context returns its error, loses nothing and may be called again",
		},
		{
			Name: "build/resumed", needs: reopens, run: buildResumed,
			Rule: "a build goes on where it was after reopening, with commits before and after it registered",
		},
		{
			Name: "build/forgotten", needs: reopens, run: buildForgotten,
			Rule: "records that change while their schema is not registered are in an index that was half built before",
		},
		{
			Name: "build/crash", needs: crashes, run: buildCrash,
			Rule: "a crash in the middle of a build leaves an index that goes on and gets right",
		},
	}
}

// fillLarge commits n albums of which a few make a piece of a build.
func (e *Env) fillLarge(s *model.Schema, n int) {
	e.Helper()
	for i := range n {
		d := e.World.Begin()
		pairs := append(somePairs(e.World.Rng, 0.7), "name", "large "+string(rune('a'+i%3)), "cover", make([]byte, 60_000))
		d.Create(s, pairs...)
		e.Commit(d.Batch())
	}
}

// unready fills the store before the albums' indexes are declared, so that they
// are to be built.
func (e *Env) unready() *model.Schema {
	e.Helper()
	s := Albums()
	e.fill(s, 60)
	e.fillLarge(s, 25)
	e.fill(s, 20)
	e.Declare(s)
	return s
}

// piece does one piece of building. Nobody else may build at the same time.
func (e *Env) piece() (more bool) {
	e.Helper()
	more, err := e.Engine.Build(e.Ctx)
	require.NoError(e, err, "build")
	unready := slices.ContainsFunc(e.indexes(), func(x storage.IndexStatus) bool { return !x.Ready })
	require.Equal(e, unready, more, "there is more to build as long as an index is not ready")
	return more
}

// indexes returns the status of all indexes.
func (e *Env) indexes() []storage.IndexStatus {
	e.Helper()
	list, err := e.Engine.Indexes(e.Ctx)
	require.NoError(e, err, "indexes")
	return list
}

func buildEmpty(e *Env) {
	s := Albums()
	e.Declare(s, Labels())
	list := e.indexes()
	require.Len(e, list, len(s.Indexes()))
	for _, x := range list {
		require.True(e, x.Ready, "index %d of %s", x.Index, x.Collection)
	}
	require.False(e, e.piece(), "there is nothing to do")
	e.fill(s, 20)
	e.checkIndexes(s)
}

func buildBetweenCommits(e *Env) {
	s := e.unready()
	rng := e.World.Rng
	for more := true; more; {
		more = e.piece()
		for range rng.IntN(4) {
			e.Commit(e.World.Step(s))
		}
		v, err := e.Engine.Snapshot(e.Ctx)
		require.NoError(e, err)
		e.checkPlans(v, e.plansBy(s, "year", "year > 0 ORDER BY year, id LIMIT 20"))
		e.checkPlans(v, e.plansBy(s, "name", "name LIKE 'large%' ORDER BY name DESC"))
		v.Close()
	}
	e.checkIndexes(s)
	e.Commit(e.World.Step(s))
	e.checkIndexes(s)
}

func buildBesideCommits(e *Env) {
	s := e.unready()
	done := make(chan error)
	go func() {
		for {
			more, err := e.Engine.Build(e.Ctx)
			if err != nil || !more {
				done <- err
				return
			}
		}
	}()
	for range 30 {
		e.Commit(e.World.Step(s))
		e.checkPlans(e.View(), e.plansBy(s, "year", "year > 0 ORDER BY year, id LIMIT 20"))
	}
	require.NoError(e, <-done)
	e.checkIndexes(s)
}

func buildOldSnapshots(e *Env) {
	s := e.unready()
	all := e.Plan(s, "ORDER BY year")
	want := e.expected(all)
	plans := e.plans(s, "ORDER BY year")
	begun := e.View()
	e.piece()
	halfway := e.View()
	e.Build()
	ready := e.View()
	e.fill(s, 20)
	for _, v := range []storage.Snapshot{begun, halfway, ready} {
		for _, p := range plans {
			require.Equal(e, want, e.IDs(v, p), "%s", p)
		}
	}
	e.checkIndexes(s)
}

func buildAnother(e *Env) {
	all := Albums()
	s := AlbumsWith(all.Indexes()[:3]...)
	e.fillLarge(s, 25)
	e.Declare(s)
	e.piece()
	e.Commit(e.World.Step(s))
	e.Declare(all) // more
	e.indexes()
	e.piece()
	e.Commit(e.World.Step(s))
	e.Declare(AlbumsWith(all.Indexes()[1:4]...)) // less
	e.Commit(e.World.Step(s))
	e.piece()
	e.Declare(all)
	e.checkPlans(e.View(), e.plans(all, "year > 0 ORDER BY name LIMIT 9"))
	e.Build()
	e.checkIndexes(all)
}

func buildCanceled(e *Env) {
	s := e.unready()
	before := e.indexes()
	ctx, cancel := context.WithCancel(e.Ctx)
	cancel()
	_, err := e.Engine.Build(ctx)
	require.True(e, isCanceled(err), "Build returned %v", err)
	require.Equal(e, before, e.indexes())
	for calls := range 12 {
		_, err := e.Engine.Build(&countdown{Context: e.Ctx, left: calls})
		require.True(e, err == nil || isCanceled(err), "Build returned %v", err)
		e.Commit(e.World.Step(s))
	}
	e.Build()
	e.checkIndexes(s)
}

// farthest is how far the index has come that is the farthest behind; ready ones
// do not count.
func farthest(list []storage.IndexStatus) (least event.ID) {
	first := true
	for _, x := range list {
		if !x.Ready && (first || x.Through.Less(least)) {
			least, first = x.Through, false
		}
	}
	return least
}

func buildResumed(e *Env) {
	s := e.unready()
	calls := 0
	for more := true; more; calls++ {
		require.Less(e, calls, 1000, "the build begins anew whenever the store is opened")
		more = e.piece()
		e.Commit(e.World.Step(s))
		reached := farthest(e.indexes())
		e.Reopen()
		require.False(e, more && farthest(e.indexes()).Less(reached), "what was built is lost")
		e.checkPlans(e.View(), e.plansBy(s, "year", "year > 0 ORDER BY year, id LIMIT 20"))
	}
	e.checkIndexes(s)
}

func buildForgotten(e *Env) {
	s := e.unready()
	for range 3 {
		e.piece()
	}
	e.schemas = nil
	e.Reopen()
	for range 5 {
		e.Commit(e.World.Step(s))
	}
	e.Register(s)
	e.checkIndexes(s)
}

func buildCrash(e *Env) {
	s := e.unready()
	rng := e.World.Rng
	for more := true; more; more = e.piece() {
		for range 1 + rng.IntN(3) {
			e.piece()
		}
		if e.Store.Durable {
			e.Commit(e.World.Step(s))
			e.piece()
		}
		crashed := e.Store.Crash(rng)
		e.Close()
		e.Store = crashed
		e.Open()
		if !e.Store.Durable {
			break // the world may be ahead of what survived
		}
		e.checkPlans(e.View(), e.plansBy(s, "year", "year > 0 ORDER BY year, id LIMIT 20"))
	}
	e.Build()
	if e.Store.Durable {
		e.checkIndexes(s)
	} else {
		e.checkAlike(s)
	}
}

// checkSame compares the results of plans of one query.
func (e *Env) checkSame(v storage.Snapshot, plans []*plan.Plan) {
	e.Helper()
	want := e.IDs(v, plan.New(plans[0].Query, nil))
	for _, p := range plans {
		require.Equal(e, want, e.IDs(v, p), "%s by %s", p.Query, p)
	}
}

// checkAlike compares what every index has with a scan.
func (e *Env) checkAlike(s *model.Schema) {
	e.Helper()
	v := e.View()
	for i, x := range s.Indexes() {
		if x.FullText {
			for _, search := range searches {
				e.checkSame(v, e.plans(s, s.Column(x.Columns[0].Field).Name+" MATCH ?", search))
			}
			continue
		}
		p := e.throughIndex(s, i)
		scan := plan.New(p.Query, nil)
		require.Equal(e, e.IDs(v, scan), e.IDs(v, p), "index %d", i)
	}
}
