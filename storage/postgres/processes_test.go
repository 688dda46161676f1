package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestTwoProcesses has two engines over one store commit at the same time: each to a
// log of its own, and both to one, where of two that expect the same one wins.
func TestTwoProcesses(t *testing.T) {
	const rounds = 40
	schema := newSchema(t)
	albums := storagetest.Albums()
	ctx := t.Context()
	listener, err := pgx.Connect(ctx, dsn())
	require.NoError(t, err)
	defer listener.Close(context.Background())
	_, err = listener.Exec(ctx, `LISTEN "ank_`+schema+`"`)
	require.NoError(t, err)

	engines := []*postgres.Engine{open(t, dsn(), postgres.Options{Schema: schema}), open(t, dsn(), postgres.Options{Schema: schema})}
	w := storagetest.NewWorld(1, 3)
	wins := make([]int, len(engines))
	for round := range rounds {
		if round == rounds/2 { // tables change while the other one is at work
			require.NoError(t, engines[0].Register(ctx, albums))
		}
		own := []*storage.Batch{}
		for i := range engines {
			d := w.Begin().At(i)
			d.Create(albums, "year", round)
			own = append(own, d.Batch())
		}
		shared := w.Position(2)
		d := w.Begin().At(2)
		d.Create(albums, "year", round)
		both := d.Batch()
		both.Expect = []event.Position{shared}
		var group sync.WaitGroup
		won := make([]bool, len(engines))
		for i, e := range engines {
			group.Go(func() {
				if err := e.Commit(ctx, own[i]); err != nil {
					t.Errorf("its own log: %v", err)
				}
				switch err := e.Commit(ctx, both); {
				case err == nil:
					won[i] = true
				case !errors.Is(err, storage.ErrConflict):
					t.Errorf("the shared log: %v", err)
				}
			})
		}
		group.Wait()
		require.NotEqual(t, won[0], won[1], "one wins, round %d", round)
		for i := range won {
			if won[i] {
				wins[i]++
			}
		}
	}
	t.Logf("of %d commits to one log the first won %d, the second %d", rounds, wins[0], wins[1])
	build(t, engines[0])
	for _, e := range engines {
		require.Len(t, seqs(t, e), 3*rounds)
		ids, err := selected(t, e, albums, "year = 7")
		require.NoError(t, err)
		require.Len(t, ids, 3)
	}
	var last int
	for last < 3*rounds { // refused commits have no number
		n, err := listener.WaitForNotification(ctx)
		require.NoError(t, err)
		text, _, _ := strings.Cut(n.Payload, " ")
		number, err := strconv.Atoi(text)
		require.NoError(t, err)
		require.Equal(t, last+1, number, "commits are told in their order, each once")
		last = number
	}
}

// TestSnapshotsShareConnections takes more snapshots than there are connections.
func TestSnapshotsShareConnections(t *testing.T) {
	e := open(t, dsn(), postgres.Options{Schema: newSchema(t), Snapshots: 2})
	w := storagetest.NewWorld(1, 1)
	commit := func() {
		d := w.Begin()
		d.Create(storagetest.Albums(), "year", 1)
		require.NoError(t, e.Commit(t.Context(), d.Batch()))
	}
	take := func() storage.Snapshot {
		s, err := e.Snapshot(t.Context())
		require.NoError(t, err)
		return s
	}
	commit()
	one, two := take(), take()
	three := take() // shares
	for range three.Log(t.Context(), event.Cursor{}) {
		for range one.Log(t.Context(), event.Cursor{}) {
			break
		}
	}
	one.Close()
	two.Close()
	commit() // does not wait for readers
	require.Len(t, seqs(t, e), 2, "of the newest commit, on the connection that is free")
	four := take()
	commit()
	ctx, cancel := context.WithCancel(t.Context())
	waits := make(chan error, 1)
	go func() {
		_, err := e.Snapshot(ctx)
		waits <- err
	}()
	cancel()
	require.ErrorIs(t, <-waits, context.Canceled, "there is no connection, and nobody to share with")
	three.Close()
	require.Len(t, seqs(t, e), 3)
	four.Close()
}

// TestFieldsChange has processes with different schemas use one store: one adds a
// field, another one changes a type. All read what they should.
func TestFieldsChange(t *testing.T) {
	schema := newSchema(t)
	year := func(fields ...model.Field) *model.Schema {
		return model.NewSchema(model.Definition{
			Model: "Thing", Collection: "things", Fields: fields,
			Indexes: []model.Index{{Name: "by_n", Columns: []model.IndexColumn{{Field: 0}}}},
		})
	}
	first := year(model.Field{Name: "n", Type: model.TypeInt})
	second := year(model.Field{Name: "n", Type: model.TypeInt}, model.Field{Name: "xmin", Type: model.TypeString})
	third := year(model.Field{Name: "n", Type: model.TypeFloat}, model.Field{Name: "xmin", Type: model.TypeString})
	schemas := []*model.Schema{first, second, third}
	var engines []*postgres.Engine
	w := storagetest.NewWorld(1, 1)
	n := 0
	add := func(e *postgres.Engine, s *model.Schema) {
		d := w.Begin()
		n++
		if s.Fields()[0].Type == model.TypeFloat {
			d.Create(s, "n", float64(n), "xmin", "x")
		} else {
			d.Create(s, "n", n)
		}
		require.NoError(t, e.Commit(t.Context(), d.Batch()))
	}
	check := func() {
		t.Helper()
		for i, e := range engines {
			ids, err := selected(t, e, schemas[i], "n > 1 ORDER BY n DESC LIMIT 100")
			require.NoError(t, err)
			require.Len(t, ids, n-1, "schema %d", i)
			ids, err = selected(t, e, schemas[i], fmt.Sprintf("n = %d", n))
			require.NoError(t, err)
			require.Len(t, ids, 1, "schema %d", i)
		}
	}
	for _, s := range schemas {
		e := open(t, dsn(), postgres.Options{Schema: schema})
		engines = append(engines, e)
		require.NoError(t, e.Register(t.Context(), s))
		for j := range engines {
			add(engines[j], schemas[j])
			add(engines[j], schemas[j])
			check()
		}
		build(t, e)
		add(e, s)
		check()
		for j := range engines {
			add(engines[j], schemas[j])
			check()
		}
	}
	last := len(engines) - 1
	for i, e := range engines[:last] {
		more, err := e.Build(t.Context())
		require.NoError(t, err)
		require.False(t, more, "process %d does not fight over columns with a later one", i)
		add(e, schemas[i])
	}
	v, err := engines[last].Snapshot(t.Context())
	require.NoError(t, err)
	defer v.Close()
	sql, _ := postgres.Statement(v, ask(t, third, "n > 1 ORDER BY n").Query)
	require.Contains(t, sql, `"n_double_precision" > $1`, "what others write has the columns of the latest schema")
	_, err = v.(storage.Verifier).Verify(t.Context())
	require.NoError(t, err)
}
