package storagetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

func sharedCases() []Case {
	return []Case{
		{
			Name: "shared/visible", needs: shares, run: sharedVisible,
			Rule: "a snapshot of one engine shows what another one over the same store has committed before, in all its methods, and no commit of another shows in a snapshot that was taken before",
		},
		{
			Name: "shared/compared", needs: shares, run: sharedCompared,
			Rule: "what a batch expects is compared with what is stored, not with what this engine has seen: positions, stamps and held values that another engine moved are conflicts",
		},
		{
			Name: "shared/watch", needs: shares, run: sharedWatch,
			Rule: "Watch calls notice after another engine has committed, and returns nil when its context ends",
		},
		{
			Name: "shared/storm", needs: shares, run: sharedStorm,
			Rule: "engines that commit at the same time lose nothing of each other: every commit that was acknowledged is in the logs and the states, and all engines show the same",
		},
	}
}

// pair opens a second engine over the store and returns both.
func (e *Env) pair() (first, second storage.Engine) {
	e.Helper()
	first = e.Engine
	e.Open()
	return first, e.Engine
}

// viewOf is View for any engine.
func (e *Env) viewOf(engine storage.Engine) storage.Snapshot {
	e.Helper()
	s, err := engine.Snapshot(e.Ctx)
	require.NoError(e, err)
	for _, x := range e.opened {
		if x.engine == engine {
			x.views = append(x.views, s)
		}
	}
	return s
}

func sharedVisible(e *Env) {
	s := Albums()
	e.Register(s)
	first, second := e.pair()
	before := e.viewOf(second)
	_, err := storage.State(e.Ctx, second, "albums", e.World.Mint())
	e.Absent(err, "what nobody has made")
	d := e.World.Begin()
	id := d.Create(s, "name", "Parade", "year", 1986)
	b := d.Batch()
	b.Meta = []storage.MetaChange{{Key: "k", Value: []byte("v")}}
	b.Heads = []event.SignedHead{e.World.SignedHead(0)}
	require.NoError(e, first.Commit(e.Ctx, b))

	after := e.viewOf(second)
	require.True(e, after.Cursor().Equal(event.NewCursor(e.World.Position(0))))
	e.Equal(e.World.Record(id), e.State(after, id))
	e.Equal(e.World.Record(id), e.Newest(second, id))
	require.Equal(e, []event.ID{id}, e.IDs(after, e.Plan(s, "year = 1986")))
	require.Equal(e, []event.ID{id}, e.IDs(after, e.Plan(s, "name MATCH 'parade'")))
	require.Equal(e, []event.ID{id}, e.EventIDs(after, id))
	require.Len(e, Collect(e, after.Log(e.Ctx, event.Cursor{})), 1)
	value, err := after.Meta(e.Ctx, "k")
	require.NoError(e, err)
	require.Equal(e, "v", string(value))
	_, err = after.SignedHead(e.Ctx, e.World.Origin(0))
	require.NoError(e, err)

	require.True(e, before.Cursor().IsZero())
	_, err = before.State(e.Ctx, "albums", id)
	e.Absent(err, "a state that was committed later")
	require.Empty(e, e.IDs(before, e.Plan(s, "year = 1986")))

	d = e.World.Begin()
	d.Update(id, "year", 1987)
	require.NoError(e, second.Commit(e.Ctx, d.Batch()))
	back := e.viewOf(first)
	e.Equal(e.World.Record(id), e.State(back, id))
	require.Empty(e, e.IDs(back, e.Plan(s, "year = 1986")), "the other engine moved the index entry")
	require.Equal(e, []event.ID{id}, e.IDs(back, e.Plan(s, "year = 1987")))
	e.Equal(e.World.Record(id), e.State(e.viewOf(second), id))
}

func sharedCompared(e *Env) {
	s := Albums()
	e.Register(s)
	first, second := e.pair()
	d := e.World.Begin()
	id := d.Create(s, "year", 1)
	require.NoError(e, first.Commit(e.Ctx, d.Batch()))
	_ = e.State(e.viewOf(second), id) // it may be kept from now on
	old := *e.World.Record(id)
	behind := e.World.Position(0)
	d = e.World.Begin()
	d.Update(id, "year", 2)
	b := d.Batch()
	b.Meta = []storage.MetaChange{{Key: "lease", Value: []byte("1")}}
	require.NoError(e, first.Commit(e.Ctx, b))

	var conflict *storage.ConflictError
	err := second.Commit(e.Ctx, &storage.Batch{Expect: []event.Position{behind}})
	require.ErrorAs(e, err, &conflict)
	require.Len(e, conflict.Positions, 1)
	require.Equal(e, e.World.Position(0), conflict.Positions[0].Found)
	err = second.Commit(e.Ctx, &storage.Batch{States: []storage.StateChange{{Record: &old, Was: old.Stamp, Before: &old}}})
	require.ErrorAs(e, err, &conflict)
	require.Len(e, conflict.States, 1)
	require.Equal(e, e.World.Record(id).Stamp, conflict.States[0].Found)
	err = second.Commit(e.Ctx, &storage.Batch{Holds: []storage.MetaValue{{Key: "lease"}}})
	require.ErrorAs(e, err, &conflict)
	require.Equal(e, []string{"lease"}, conflict.Meta)
	e.Equal(e.World.Record(id), e.State(e.viewOf(second), id))
	require.NoError(e, second.Commit(e.Ctx, &storage.Batch{
		Expect: []event.Position{e.World.Position(0)}, Holds: []storage.MetaValue{{Key: "lease", Value: []byte("1")}},
	}))
}

func sharedWatch(e *Env) {
	first, second := e.pair()
	watched, ok := e.opened[1].raw.(storage.Shared)
	require.True(e, ok, "the engine is a storage.Shared")
	ctx, cancel := context.WithCancel(e.Ctx)
	noticed := make(chan struct{}, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- watched.Watch(ctx, func() {
			select {
			case noticed <- struct{}{}:
			default:
			}
		})
	}()
	// Watching may begin late: what counts is that no commit is missed for ever.
	for n := 0; ; n++ {
		e.heard(first, noticed, n)
		if len(Collect(e, e.viewOf(second).MetaScan(e.Ctx, "watch/"))) > 2 {
			break
		}
	}
	cancel()
	require.NoError(e, <-ended)
}

// heard commits until that is noticed.
func (e *Env) heard(engine storage.Engine, noticed chan struct{}, n int) {
	e.Helper()
	key := fmt.Sprintf("watch/%d", n)
	for attempt := 0; ; attempt++ {
		require.Less(e, attempt, 1_000_000, "nobody notices")
		require.NoError(e, engine.Commit(e.Ctx, &storage.Batch{Meta: []storage.MetaChange{{Key: key, Value: fmt.Append(nil, attempt)}}}))
		select {
		case <-noticed:
			return
		default:
		}
	}
}

// sharedStorm has two engines write to logs of their own, and count a value up that they
// share, each again until it succeeds.
func sharedStorm(e *Env) {
	const commits = 40
	s := Albums()
	e.Register(s)
	first, second := e.pair()
	e.World.AddOrigin()
	var mu sync.Mutex // the world is one
	var writers sync.WaitGroup
	conflicts, failed := 0, error(nil)
	for log, engine := range []storage.Engine{first, second} {
		writers.Go(func() {
			for range commits {
				mu.Lock()
				d := e.World.Begin().At(log)
				d.Create(s, "year", log)
				b := d.Batch()
				mu.Unlock()
				again, err := e.contend(engine, b)
				mu.Lock()
				conflicts += again
				failed = errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	require.NoError(e, failed)
	e.Logf("%d conflicts", conflicts)
	for _, engine := range []storage.Engine{first, second} {
		v := e.viewOf(engine)
		require.True(e, v.Cursor().Equal(event.NewCursor(e.World.Position(0), e.World.Position(1))), "cursor %v", v.Cursor())
		require.Len(e, Collect(e, v.Log(e.Ctx, event.Cursor{})), 2*commits)
		require.Len(e, e.IDs(v, e.Plan(s, "year = 1")), commits, "by an index that both write to")
		for _, id := range e.World.IDs() {
			e.Equal(e.World.Record(id), e.State(v, id))
		}
		counter, err := v.Meta(e.Ctx, "counter")
		require.NoError(e, err)
		require.Equal(e, fmt.Sprint(2*commits), string(counter), "what both counted up")
	}
}

// contend commits a batch that counts a value up, as often as the other engine is quicker,
// and reports how often it was.
func (e *Env) contend(engine storage.Engine, b *storage.Batch) (conflicts int, err error) {
	for {
		held, count, err := e.counter(engine)
		if err != nil {
			return conflicts, err
		}
		b.Holds = []storage.MetaValue{{Key: "counter", Value: held}}
		b.Meta = []storage.MetaChange{{Key: "counter", Value: fmt.Append(nil, count+1)}}
		if err = engine.Commit(e.Ctx, b); !errors.Is(err, storage.ErrConflict) {
			return conflicts, err
		}
		conflicts++
	}
}

// counter reads what is counted up: nil, if it was not there yet.
func (e *Env) counter(engine storage.Engine) (held []byte, count int, err error) {
	v, err := engine.Snapshot(e.Ctx)
	if err != nil {
		return nil, 0, err
	}
	defer v.Close()
	held, err = v.Meta(e.Ctx, "counter")
	if errors.Is(err, storage.ErrNotFound) {
		return nil, 0, nil
	}
	if err == nil {
		_, err = fmt.Sscan(string(held), &count)
	}
	return held, count, err
}
