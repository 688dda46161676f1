package storagetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

func snapshotCases() []Case {
	return []Case{
		{
			Name: "snapshot/unchanging", needs: always, run: snapshotUnchanging,
			Rule: "a snapshot keeps answering from its commit in every method, whatever is committed and read in between",
		},
		{
			Name: "snapshot/closed", needs: always, run: snapshotClosed,
			Rule: "a snapshot may be closed twice, and others of the same commit go on",
		},
		{
			Name: "snapshot/concurrent", needs: always, run: snapshotConcurrent,
			Rule: "readers and commits run at the same time, and every reader sees one commit: cursor, states, indexes and log fit together",
		},
		{
			Name: "snapshot/concurrent commits", needs: always, run: concurrentCommits,
			Rule: "commits called at the same time take effect one after the other; of those that expect the same position one wins",
		},
	}
}

func snapshotUnchanging(e *Env) {
	s := Albums()
	e.Register(s)
	want := NewNaive()
	type kept struct {
		engine storage.Snapshot
		naive  *Naive
	}
	var views []kept
	for i := range 12 {
		b := e.World.Step(s)
		e.Commit(b)
		require.NoError(e, want.Commit(e.Ctx, b))
		if i%3 == 0 {
			views = append(views, kept{e.View(), want.copy()})
		}
		for _, v := range views {
			e.compareWith(v.naive, v.engine, s, 1)
		}
	}
	for _, v := range views {
		e.compareWith(v.naive, v.engine, s, 5)
		v.engine.Close()
	}
}

func snapshotClosed(e *Env) {
	s := Albums()
	d := e.World.Begin()
	id := d.Create(s, "year", 1)
	e.Commit(d.Batch())
	first, second := e.View(), e.View()
	first.Close()
	first.Close()
	e.Equal(e.World.Record(id), e.State(second, id))
	d = e.World.Begin()
	d.Update(id, "year", 2)
	b := d.Batch()
	e.Commit(b)
	require.Equal(e, b.States[0].Before.Stamp, e.State(second, id).Stamp)
	second.Close()
	second.Close()
	e.Equal(e.World.Record(id), e.State(e.View(), id))
}

// ledgers is the number of entities that the concurrency cases change together.
const ledgers = 20

// snapshotConcurrent has a writer that gives all entities the same year in every
// commit, which is also the number of the commit; readers check that no snapshot
// mixes two.
func snapshotConcurrent(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	var ids []event.ID
	for range ledgers {
		ids = append(ids, d.Create(s, "year", 1))
	}
	e.Commit(d.Batch())
	var stop atomic.Bool
	var readers sync.WaitGroup
	problems := make(chan error, 4)
	for i := range 3 {
		rng := rand.New(rand.NewPCG(e.Options.seed(), uint64(i)))
		readers.Go(func() {
			for !stop.Load() {
				if err := e.readOnce(rng, s, ids); err != nil {
					problems <- err
					return
				}
			}
		})
	}
	for n := 2; n < 150 && len(problems) == 0; n++ {
		d := e.World.Begin()
		for _, id := range ids {
			d.Update(id, "year", n)
		}
		e.Commit(d.Batch())
	}
	stop.Store(true)
	readers.Wait()
	close(problems)
	for err := range problems {
		e.Errorf("a reader: %v", err)
	}
}

// readOnce takes a snapshot and compares what it shows in different ways.
func (e *Env) readOnce(rng *rand.Rand, s *model.Schema, ids []event.ID) error {
	v, err := e.Engine.Snapshot(e.Ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	n, err := lastSeq(e.Ctx, v)
	if err != nil {
		return err
	}
	if at, _ := v.Cursor().At(e.World.Origin(0)); at.Seq != n {
		return errors.New("log and cursor disagree")
	}
	for range 5 {
		id := ids[rng.IntN(len(ids))]
		r, err := v.State(e.Ctx, "albums", id)
		if err != nil {
			return err
		}
		if year := s.Value(&r.Row, 2).Int(); year != int64(n) {
			return errors.New("a record is not of the snapshot's commit")
		}
	}
	q, err := askYear(s, int(n))
	if err != nil {
		return err
	}
	for _, p := range plan.Plans(q, s.Indexes()) {
		count := 0
		for r, err := range v.Select(e.Ctx, p) {
			if err != nil {
				return err
			}
			if s.Value(&r.Row, 2).Int() != int64(n) {
				return errors.New("a row is not of the snapshot's commit")
			}
			count++
		}
		if count != len(ids) {
			return errors.New("an index is not of the snapshot's commit: " + p.String())
		}
	}
	return nil
}

func lastSeq(ctx context.Context, v storage.Snapshot) (n uint64, err error) {
	for entry, err := range v.Log(ctx, event.Cursor{}) {
		if err != nil {
			return 0, err
		}
		n = entry.Seq
	}
	return n, nil
}

func concurrentCommits(e *Env) {
	s := Albums()
	e.Register(s)
	const writers = 8
	var batches []*storage.Batch
	for i := range writers {
		log := 0
		if i > 0 {
			log = e.World.AddOrigin()
		}
		d := e.World.Begin().At(log)
		d.Create(s, "year", 1)
		b := d.Batch()
		b.Expect = []event.Position{{Origin: e.World.Origin(log)}}
		batches = append(batches, b, &storage.Batch{Expect: b.Expect, Entries: b.Entries})
	}
	var wins, losses atomic.Int32
	var group sync.WaitGroup
	for _, b := range batches {
		group.Go(func() {
			switch err := e.Engine.Commit(e.Ctx, b); {
			case err == nil:
				wins.Add(1)
			case errors.Is(err, storage.ErrConflict):
				losses.Add(1)
			default:
				e.Errorf("commit: %v", err)
			}
		})
	}
	group.Wait()
	require.Equal(e, int32(writers), wins.Load())
	require.Equal(e, int32(writers), losses.Load())
	require.Len(e, Collect(e, e.View().Log(e.Ctx, event.Cursor{})), writers)
}
