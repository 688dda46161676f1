package storagetest

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// Env is what one case works with: a store, the engine over it, and a world that
// makes up what to store. Failures end the case.
type Env struct {
	testing.TB
	Ctx     context.Context
	Options Options
	Store   Store
	Engine  storage.Engine // watched by storage.Checked
	World   *World

	schemas []*model.Schema
	opened  []*opened
}

// opened is an engine to be closed at the end.
type opened struct {
	engine storage.Engine
	raw    storage.Engine // the same, not watched
	views  []storage.Snapshot
	closed bool
}

func newEnv(t testing.TB, o Options) *Env {
	t.Helper()
	e := &Env{TB: t, Ctx: context.Background(), Options: o, Store: o.New(t), World: NewWorld(o.seed(), 1)}
	t.Cleanup(func() {
		for _, x := range e.opened {
			x.close(t)
		}
	})
	e.Open()
	return e
}

// Open opens the store and registers the schemas registered so far.
func (e *Env) Open() {
	e.Helper()
	engine, err := e.Store.Open(e.Ctx)
	require.NoError(e, err, "open")
	e.Engine = storage.Checked(engine).OnViolation(func(v *storage.Violation) { e.Errorf("%v", v) })
	e.opened = append(e.opened, &opened{engine: e.Engine, raw: engine})
	if len(e.schemas) > 0 {
		require.NoError(e, e.Engine.Register(e.Ctx, e.schemas...), "register")
	}
}

// Register registers schemas, now and whenever the store is opened again, and
// builds their indexes.
func (e *Env) Register(schemas ...*model.Schema) {
	e.Helper()
	e.Declare(schemas...)
	e.Build()
}

// Declare is Register without building.
func (e *Env) Declare(schemas ...*model.Schema) {
	e.Helper()
	require.NoError(e, e.Engine.Register(e.Ctx, schemas...), "register")
	e.schemas = schemas
}

// Build builds until every index is ready.
func (e *Env) Build() {
	e.Helper()
	for pieces := 0; e.piece(); pieces++ {
		require.Less(e, pieces, 10_000, "the build does not come to an end")
	}
}

// Close closes the snapshots taken by View, and the engine.
func (e *Env) Close() {
	e.Helper()
	e.opened[len(e.opened)-1].close(e)
}

// Reopen closes the engine and opens the store again.
func (e *Env) Reopen() {
	e.Helper()
	e.Close()
	e.Open()
}

func (x *opened) close(t testing.TB) {
	t.Helper()
	if x.closed {
		return
	}
	x.closed = true
	for _, v := range x.views {
		v.Close()
	}
	if err := x.engine.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// Commit commits a batch that must be accepted.
func (e *Env) Commit(b *storage.Batch) {
	e.Helper()
	require.NoError(e, e.Engine.Commit(e.Ctx, b), "commit")
}

// View returns a snapshot that is closed with the engine.
func (e *Env) View() storage.Snapshot {
	e.Helper()
	s, err := e.Engine.Snapshot(e.Ctx)
	require.NoError(e, err, "snapshot")
	x := e.opened[len(e.opened)-1]
	x.views = append(x.views, s)
	return s
}

// State returns the record that a snapshot has of an entity of Albums.
func (e *Env) State(s storage.Snapshot, id event.ID) *storage.Record {
	e.Helper()
	r, err := s.State(e.Ctx, Albums().Collection(), id)
	require.NoError(e, err, "state of %s", id)
	return r
}

// Newest returns the record of an album as of the newest commit, which must be there.
func (e *Env) Newest(engine storage.Engine, id event.ID) *storage.Record {
	e.Helper()
	r, err := storage.State(e.Ctx, engine, Albums().Collection(), id)
	require.NoError(e, err, "newest state of %s", id)
	return r
}

// Absent fails unless err says that something is not there.
func (e *Env) Absent(err error, what string) {
	e.Helper()
	require.ErrorIs(e, err, storage.ErrNotFound, what)
}

// Equal fails unless got is the record that the world has.
func (e *Env) Equal(want, got *storage.Record) {
	e.Helper()
	if !want.Equal(got) {
		e.Fatalf("record of %s: got %s, want %s", want.Row.ID, describe(got), describe(want))
	}
}

// Collect returns the items of a sequence that must not fail.
func Collect[T any](e *Env, items iter.Seq2[T, error]) []T {
	e.Helper()
	var list []T
	for item, err := range items {
		require.NoError(e, err, "item %d", len(list))
		list = append(list, item)
	}
	return list
}

// firstError returns the error that a sequence ends with, nil if none.
func firstError[T any](items iter.Seq2[T, error]) error {
	for _, err := range items {
		if err != nil {
			return err
		}
	}
	return nil
}

// IDs returns what a query selects under one plan.
func (e *Env) IDs(s storage.Snapshot, p *plan.Plan) []event.ID {
	e.Helper()
	var ids []event.ID
	for _, r := range Collect(e, s.Select(e.Ctx, p)) {
		ids = append(ids, r.Row.ID)
	}
	return ids
}

// EventIDs returns the IDs of an entity's events.
func (e *Env) EventIDs(s storage.Snapshot, entity event.ID, except ...event.ID) []event.ID {
	e.Helper()
	var ids []event.ID
	for _, st := range Collect(e, s.Events(e.Ctx, entity, event.NewHead(except...))) {
		ids = append(ids, st.Event.ID)
	}
	return ids
}

// Seqs returns the sequence numbers of a log's entries beyond a cursor.
func (e *Env) Seqs(s storage.Snapshot, after event.Cursor) []uint64 {
	e.Helper()
	var seqs []uint64
	for _, entry := range Collect(e, s.Log(e.Ctx, after)) {
		seqs = append(seqs, entry.Seq)
	}
	return seqs
}

func sameEvent(a, b *event.Event) bool { return bytes.Equal(a.AppendTo(nil), b.AppendTo(nil)) }
func sameEntry(a, b *event.Entry) bool { return bytes.Equal(a.AppendTo(nil), b.AppendTo(nil)) }

// isCanceled reports whether err comes from a context that is done.
func isCanceled(err error) bool { return errors.Is(err, context.Canceled) }
