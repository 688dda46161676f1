package storagetest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

func randomCases() []Case {
	return []Case{
		{
			Name: "random/differential", needs: always, run: randomRun,
			Rule: "after any sequence of commits, refusals, registrations and reopenings the engine answers everything as Naive does",
		},
	}
}

// askYear checks a query for one year.
func askYear(s *model.Schema, year int) (*query.Checked, error) {
	q, err := query.Parse("year = ?")
	if err != nil {
		return nil, err
	}
	if q, err = q.Bind(year); err != nil {
		return nil, err
	}
	return q.Check(s)
}

// randomRun plays a random game with the engine and with Naive. To repeat a
// failure, set Options.Seed to the seed that it names.
func randomRun(e *Env) {
	seed := e.Options.seed()
	defer func() {
		if e.Failed() {
			e.Logf("repeat with storagetest.Options{Seed: %d, Steps: %d}", seed, e.Options.steps())
		}
	}()
	s := Albums()
	e.World = NewWorld(seed, 3)
	rng := e.World.Rng
	e.Register(s)
	want := NewNaive()
	for step := range e.Options.steps() {
		switch rng.IntN(20) {
		case 0:
			if e.Store.Reopens {
				e.Reopen()
			}
		case 1:
			s = AlbumsWith(someIndexes(rng)...)
			e.Declare(s)
		case 2:
			e.piece()
		default:
			b := e.World.Step(s)
			if rng.IntN(8) == 0 {
				e.refuse(b)
			}
			e.Commit(b)
			require.NoError(e, want.Commit(e.Ctx, b), "the naive engine, step %d", step)
		}
		if step%5 == 0 {
			e.compare(want, s, 4)
		}
	}
	e.compare(want, s, 40)
}

// someIndexes draws indexes of the albums in a random order.
func someIndexes(rng *rand.Rand) []model.Index {
	all := albumIndexes()
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:rng.IntN(len(all)+1)]
}

// refuse commits a batch with something added for which it must be refused.
func (e *Env) refuse(b *storage.Batch) {
	e.Helper()
	bad := *b
	bad.Expect = []event.Position{{Origin: event.Origin{7}, Seq: 7}}
	bad.Meta = append(slices.Clone(b.Meta), storage.MetaChange{Key: "refused", Value: []byte("never")})
	require.ErrorIs(e, e.Engine.Commit(e.Ctx, &bad), storage.ErrConflict)
}

// compare compares everything that a new snapshot shows with what Naive shows,
// and the results of a number of random queries.
func (e *Env) compare(want *Naive, s *model.Schema, queries int) {
	e.Helper()
	v, err := e.Engine.Snapshot(e.Ctx)
	require.NoError(e, err)
	defer v.Close()
	e.compareWith(want, v, s, queries)
}

func (e *Env) compareWith(naive *Naive, got storage.Snapshot, s *model.Schema, queries int) {
	e.Helper()
	want, err := naive.Snapshot(e.Ctx)
	require.NoError(e, err)
	require.True(e, want.Cursor().Equal(got.Cursor()), "cursor: got %v, want %v", got.Cursor(), want.Cursor())
	e.compareLogs(want, got)
	e.compareEntities(want, got)
	require.Equal(e, Collect(e, want.MetaScan(e.Ctx, "")), Collect(e, got.MetaScan(e.Ctx, "")), "meta")
	if e.Store.Lists {
		e.compareLists(want, got)
	}
	rng := e.World.Rng
	for range queries {
		text, args := RandomQuery(rng, e.World.IDs())
		checked := e.Ask(s, text, args...)
		for _, p := range append(plan.Plans(checked, s.Indexes()), storage.Plan(e.Ctx, got, checked)) {
			e.compareSelect(want, got, p, fmt.Sprintf("%q %v", text, args))
		}
	}
}

func (e *Env) compareLogs(want, got storage.Snapshot) {
	e.Helper()
	after := event.Cursor{}
	for _, p := range want.Cursor().Positions() {
		switch e.World.Rng.IntN(3) {
		case 0:
			p.Seq = uint64(e.World.Rng.IntN(int(p.Seq) + 1))
			after = after.With(p)
		case 1:
			after = after.With(p)
		}
		h, err := want.SignedHead(e.Ctx, p.Origin)
		h2, err2 := got.SignedHead(e.Ctx, p.Origin)
		require.ErrorIs(e, err2, err, "signed head")
		require.Equal(e, h, h2, "signed head")
	}
	w, g := Collect(e, want.Log(e.Ctx, after)), Collect(e, got.Log(e.Ctx, after))
	require.Len(e, g, len(w), "entries after %v", after)
	for i := range w {
		require.True(e, sameEntry(w[i], g[i]), "entry %d after %v", i, after)
	}
}

func (e *Env) compareEntities(want, got storage.Snapshot) {
	e.Helper()
	rng := e.World.Rng
	for _, id := range e.World.IDs() {
		r, err := want.State(e.Ctx, "albums", id)
		r2, err2 := got.State(e.Ctx, "albums", id)
		require.ErrorIs(e, err2, err, "state of %s", id)
		if err == nil {
			e.Equal(r, r2)
		}
		if rng.IntN(4) > 0 {
			continue
		}
		events := Collect(e, want.Events(e.Ctx, id, nil))
		var except []event.ID
		for range min(len(events), rng.IntN(3)) {
			except = append(except, events[rng.IntN(len(events))].Event.ID)
		}
		e.compareEvents(want, got, id, event.NewHead(except...))
	}
}

// compareLists compares what a snapshot lists with the states that there are, and has
// it verify what it derives from them.
func (e *Env) compareLists(want, got storage.Snapshot) {
	e.Helper()
	var states []*storage.Record
	for _, id := range e.World.IDs() {
		if r, err := want.State(e.Ctx, "albums", id); err == nil {
			states = append(states, r)
		}
	}
	slices.SortFunc(states, func(a, b *storage.Record) int { return a.Row.ID.Compare(b.Row.ID) })
	names, err := got.(storage.Lister).Collections(e.Ctx)
	require.NoError(e, err)
	require.Equal(e, len(states) > 0, slices.Equal(names, []string{"albums"}), "collections %v", names)
	listed := Collect(e, got.(storage.Lister).Records(e.Ctx, "albums"))
	require.Len(e, listed, len(states), "records that are listed")
	for i := range states {
		e.Equal(states[i], listed[i])
	}
	_, err = got.(storage.Verifier).Verify(e.Ctx)
	require.NoError(e, err)
}

func (e *Env) compareEvents(want, got storage.Snapshot, id event.ID, except event.Head) {
	e.Helper()
	w, g := Collect(e, want.Events(e.Ctx, id, except)), Collect(e, got.Events(e.Ctx, id, except))
	require.Len(e, g, len(w), "events of %s except %v", id, except)
	for i := range w {
		require.True(e, sameEvent(w[i].Event, g[i].Event), "event %d of %s except %v", i, id, except)
		w[i].Event, g[i].Event = nil, nil
		require.Equal(e, w[i], g[i], "address of event %d of %s", i, id)
	}
}

func (e *Env) compareSelect(want, got storage.Snapshot, p *plan.Plan, text string) {
	e.Helper()
	w, g := Collect(e, want.Select(e.Ctx, p)), Collect(e, got.Select(e.Ctx, p))
	name := func(list []*storage.Record) []string {
		ids := make([]event.ID, len(list))
		for i, r := range list {
			ids[i] = r.Row.ID
		}
		return e.names(ids)
	}
	if !slices.Equal(name(w), name(g)) {
		for _, r := range append(slices.Clone(w), g...) {
			e.Logf("%s", describe(r))
		}
		require.Equal(e, name(w), name(g), "%s by %s", text, p)
	}
	for i := range w {
		same := *w[i]
		same.Merge = g[i].Merge
		e.Equal(&same, g[i])
	}
	n, err := storage.Count(e.Ctx, got, p)
	require.NoError(e, err)
	require.Equal(e, len(w), n, "count of %s by %s", text, p)
}
