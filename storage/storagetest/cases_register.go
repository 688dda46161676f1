package storagetest

import (
	"context"
	"errors"
	"maps"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

func registerCases() []Case {
	return []Case{
		{
			Name: "register/builds", needs: always, run: registerBuilds,
			Rule: "indexes over records that are there already are complete once they are built",
		},
		{
			Name: "register/changed index", needs: always, run: registerChanged,
			Rule: "an index whose columns or directions changed is built anew; one that is declared again after it was dropped, too",
		},
		{
			Name: "register/changed field", needs: always, run: registerRenamed,
			Rule: "an index over a field that was renamed is built anew: the new name reads the old values",
		},
		{
			Name: "register/refused", needs: always, run: registerRefused,
			Rule: "Register refuses schemas with errors, and two for one collection, and goes on with what it had",
		},
		{
			Name: "register/canceled", needs: always, run: registerCanceled,
			Rule: "a Register that is interrupted leaves a store that answers right, and may be called again",
		},
		{
			Name: "register/old snapshots", needs: always, run: registerOldSnapshots,
			Rule: "a snapshot taken before Register keeps answering, by the indexes of then or by none",
		},
		{
			Name: "register/forgotten", needs: reopens, run: registerForgotten,
			Rule: "records that change while their schema is not registered are in the indexes once it is again",
		},
		{
			Name: "register/reopened", needs: reopens, run: registerReopened,
			Rule: "indexes are there after reopening, and maintained",
		},
	}
}

// albumsBy returns albums with an index over one column.
func albumsBy(column string, desc, covering bool) *model.Schema {
	n, _ := Albums().Field(column)
	return AlbumsWith(model.Index{Name: "by", Columns: []model.IndexColumn{{Field: n, Desc: desc}}, Covering: covering})
}

// checkIndexes compares what every index has, from end to end, and one query of
// each, with the records of the world.
func (e *Env) checkIndexes(s *model.Schema) {
	e.Helper()
	v := e.View()
	for i, x := range s.Indexes() {
		if x.FullText {
			e.checkWords(v, s, i)
			continue
		}
		p := e.throughIndex(s, i)
		e.checkSelect(v, p, e.expected(p))
	}
	e.checkPlans(v, e.plansBy(s, "year", "year > 0 ORDER BY year, name LIMIT 10"))
}

func registerBuilds(e *Env) {
	s := Albums()
	e.fill(s, 100)
	e.Register(s)
	e.checkIndexes(s)
	e.fill(s, 60)
	e.checkIndexes(s)
}

func registerChanged(e *Env) {
	first := albumsBy("year", false, false)
	e.Register(first)
	e.fill(first, 60)
	e.checkIndexes(first)
	versions := []*model.Schema{
		albumsBy("year", true, false), albumsBy("year", true, true), albumsBy("name", false, false), AlbumsWith(),
		albumsBy("year", false, false), Albums(), albumsBy("year", false, false), Albums(),
		AlbumsWith(albumIndexes()[10:]...), AlbumsWith(albumIndexes()[:3]...), Albums(),
	}
	for _, s := range versions {
		e.Register(s)
		e.checkIndexes(s)
		e.Commit(e.World.Step(s))
		e.checkIndexes(s)
		if e.Store.Reopens {
			e.Reopen()
			e.checkIndexes(s)
		}
	}
}

func registerRenamed(e *Env) {
	before := albumsBy("year", false, false)
	e.Register(before)
	d := e.World.Begin()
	id := d.Create(before, "year", 1986)
	d.Create(before, "year", 1985)
	e.Commit(d.Batch())
	fields := albumFields()
	fields[2].Name, fields[2].Was = "published", []string{"year"}
	after := model.NewSchema(model.Definition{
		Model: "Album", Collection: "albums", Fields: fields,
		Indexes: []model.Index{{Name: "by", Columns: []model.IndexColumn{{Field: 2}}}},
	})
	require.NoError(e, after.Err())
	e.Register(after)
	for _, p := range e.plans(after, "published = 1986") {
		require.Equal(e, []event.ID{id}, e.IDs(e.View(), p), "%s", p)
	}
}

func registerRefused(e *Env) {
	s := Albums()
	e.Register(s)
	bad := model.NewSchema(model.Definition{Model: "Bad", Collection: "not a name"})
	require.Error(e, bad.Err())
	require.ErrorIs(e, e.Engine.Register(e.Ctx, bad), bad.Err())
	require.Error(e, e.Engine.Register(e.Ctx, Albums(), AlbumsWith()))
	e.fill(s, 40)
	e.checkIndexes(s)
}

func registerCanceled(e *Env) {
	s := Albums()
	e.fill(s, 100)
	for calls := range 8 {
		ctx := &countdown{Context: e.Ctx, left: calls}
		err := e.Engine.Register(ctx, s)
		if err != nil {
			require.True(e, isCanceled(err), "Register returned %v", err)
		} else {
			e.piece()
		}
		e.checkPlans(e.View(), e.plansBy(s, "year", "year > 0 ORDER BY name"))
		e.Commit(e.World.Step(s))
	}
	e.Register(s)
	e.checkIndexes(s)
}

// countdown is a context that is canceled after it was asked a number of times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func registerOldSnapshots(e *Env) {
	s := Albums()
	e.fill(s, 40)
	all := e.Plan(s, "ORDER BY year")
	want := e.expected(all)
	plans := e.plans(s, "ORDER BY year")
	unregistered := e.View()
	e.Register(s)
	registered := e.View()
	e.Register(AlbumsWith())
	dropped := e.View()
	for _, v := range []storage.Snapshot{unregistered, registered, dropped} {
		for _, p := range plans {
			require.Equal(e, want, e.IDs(v, p), "%s", p)
		}
	}
	e.Commit(e.World.Step(s))
	for _, p := range plans {
		require.Equal(e, want, e.IDs(registered, p), "%s", p)
	}
}

func registerForgotten(e *Env) {
	s := Albums()
	e.Register(s)
	e.fill(s, 60)
	e.schemas = nil
	e.Reopen()
	for range 5 {
		e.Commit(e.World.Step(s))
	}
	e.Register(s)
	e.checkIndexes(s)
}

func registerReopened(e *Env) {
	s := Albums()
	e.Register(s)
	e.fill(s, 60)
	for range 3 {
		e.Reopen()
		e.checkIndexes(s)
		e.Commit(e.World.Step(s))
		e.checkIndexes(s)
	}
}

func lifecycleCases() []Case {
	return []Case{
		{
			Name: "lifecycle/closed", needs: always, run: closedEngine,
			Rule: "after Close every method returns ErrClosed, and a second Close returns nil",
		},
		{
			Name: "lifecycle/reopen", needs: reopens, run: reopenKeeps,
			Rule: "after Close and Open everything is as it was: cursor, log, events, states, heads, meta, indexes",
		},
		{
			Name: "lifecycle/locked", needs: locks, run: lockedStore,
			Rule: "a store that is open is refused to a second engine with ErrLocked, and free again after Close",
		},
		{
			Name: "lifecycle/crash", needs: crashes, run: crashKeepsPrefix,
			Rule: "a crash leaves the state after some commit, never a part of one; with Durable, after the last that returned",
		},
	}
}

func closedEngine(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	d.Create(s)
	b := d.Batch()
	e.Commit(b)
	e.Close()
	_, err := e.Engine.Snapshot(e.Ctx)
	require.ErrorIs(e, err, storage.ErrClosed)
	require.ErrorIs(e, e.Engine.Commit(e.Ctx, &storage.Batch{}), storage.ErrClosed)
	require.ErrorIs(e, e.Engine.Register(e.Ctx, s), storage.ErrClosed)
	_, err = e.Engine.Build(e.Ctx)
	require.ErrorIs(e, err, storage.ErrClosed)
	_, err = e.Engine.Indexes(e.Ctx)
	require.ErrorIs(e, err, storage.ErrClosed)
	require.NoError(e, e.Engine.Close())
}

func reopenKeeps(e *Env) {
	s := Albums()
	e.Register(s)
	e.World.AddOrigin()
	want := NewNaive()
	for range 15 {
		b := e.World.Step(s)
		e.Commit(b)
		require.NoError(e, want.Commit(e.Ctx, b))
	}
	for range 3 {
		e.Reopen()
		e.compare(want, s, 5)
	}
	b := e.World.Step(s)
	e.Commit(b)
	require.NoError(e, want.Commit(e.Ctx, b))
	e.compare(want, s, 5)
}

func lockedStore(e *Env) {
	second, err := e.Store.Open(e.Ctx)
	if err == nil {
		second.Close()
	}
	require.ErrorIs(e, err, storage.ErrLocked)
	e.Reopen()
}

// crashKeepsPrefix commits, crashes, and looks which commit the survivors are
// the state of. Then it goes on from there.
func crashKeepsPrefix(e *Env) {
	s := Albums()
	e.Register(s)
	rng := e.World.Rng
	for round := range 6 {
		history := []*Naive{NewNaive()}
		e.replay(history[0])
		steps := 3 + rng.IntN(8)
		for range steps {
			b := e.World.Step(s)
			e.Commit(b)
			next := history[len(history)-1].copy()
			require.NoError(e, next.Commit(e.Ctx, b))
			history = append(history, next)
		}
		crashed := e.Store.Crash(rng)
		e.Close()
		e.Store = crashed
		e.Open()
		cursor := e.View().Cursor()
		found := -1
		for i, n := range history {
			if n.now.cursor.Equal(cursor) {
				found = i
			}
		}
		require.GreaterOrEqual(e, found, 0, "round %d: cursor %v is that of no commit", round, cursor)
		if e.Store.Durable {
			require.Equal(e, steps, found, "round %d: the last commit that returned survives", round)
		}
		e.compare(history[found], s, 5)
		if found < steps {
			return // the world is ahead of what survived
		}
	}
}

// copy returns an engine that goes on from the same state by itself.
func (n *Naive) copy() *Naive {
	n.mu.Lock()
	defer n.mu.Unlock()
	return &Naive{now: n.now, schemas: maps.Clone(n.schemas)}
}

// replay brings a naive engine to the state of the engine that is open.
func (e *Env) replay(n *Naive) {
	v := e.View()
	b := &storage.Batch{Entries: Collect(e, v.Log(e.Ctx, event.Cursor{}))}
	for _, id := range e.World.IDs() {
		b.States = append(b.States, storage.StateChange{Record: e.World.Record(id)})
	}
	for _, m := range Collect(e, v.MetaScan(e.Ctx, "")) {
		b.Meta = append(b.Meta, storage.MetaChange(m))
	}
	for _, c := range e.World.logs {
		if h, err := v.SignedHead(e.Ctx, c.origin); err == nil {
			b.Heads = append(b.Heads, h)
		}
	}
	require.NoError(e, n.Commit(e.Ctx, b))
}

func failureCases() []Case {
	return []Case{
		{
			Name: "failure/read-only", needs: fails, run: failedWrite,
			Rule: "a write that fails surfaces as the error it had; nothing of its batch is seen; every later commit is refused with ErrReadOnly, and reads go on",
		},
	}
}

func failedWrite(e *Env) {
	s := Albums()
	e.Register(s)
	e.fill(s, 40)
	p := e.Plan(s, "year > 0 ORDER BY name")
	want := e.expected(p)
	before := e.View()
	cause := errors.Join(storage.ErrFull, errors.New("no space left on device"))
	e.Store.Fail(cause)
	d := e.World.Begin()
	id := d.Create(s, "year", 7)
	b := d.Batch()
	require.ErrorIs(e, e.Engine.Commit(e.Ctx, b), storage.ErrFull)
	for range 2 {
		err := e.Engine.Commit(e.Ctx, b)
		require.ErrorIs(e, err, storage.ErrReadOnly)
		require.ErrorIs(e, err, storage.ErrFull, "the cause is named")
	}
	require.ErrorIs(e, e.Engine.Register(e.Ctx, AlbumsWith()), storage.ErrReadOnly)
	v := e.View()
	require.True(e, before.Cursor().Equal(v.Cursor()))
	_, err := v.State(e.Ctx, "albums", id)
	e.Absent(err, "state of a failed commit")
	require.Equal(e, want, e.IDs(v, p))
	require.Equal(e, plan.Seek, e.throughIndex(s, 0).Access)
	e.Close()
}
