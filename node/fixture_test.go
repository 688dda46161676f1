package node_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

// The runtime of js/wasm has a goroutine of its own.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent"))
}

// Album is the model of these tests, with what a generator would make of it.
type Album struct {
	Name   string
	Artist string
	Year   int
}

type AlbumView struct{ entity.View }

func (v AlbumView) Name() string   { return v.Field(0).Text() }
func (v AlbumView) Artist() string { return v.Field(1).Text() }
func (v AlbumView) Year() int      { return int(v.Field(2).Int()) }

type AlbumMutable struct{ *entity.Draft }

func (m AlbumMutable) SetName(s string)   { m.Set(0, model.OfString(s)) }
func (m AlbumMutable) SetArtist(s string) { m.Set(1, model.OfString(s)) }
func (m AlbumMutable) SetYear(y int)      { m.Set(2, model.OfInt(int64(y))) }

var errTooOld = errors.New("no album is older than the gramophone")

var albumSchema = model.NewSchema(model.Definition{
	Model: "Album", Collection: "albums",
	Fields: []model.Field{
		{Name: "name", Go: "Name", Type: model.TypeString},
		{Name: "artist", Go: "Artist", Type: model.TypeString},
		{Name: "year", Go: "Year", Type: model.TypeInt},
	},
	Indexes: []model.Index{{Name: "year", Columns: []model.IndexColumn{{Field: 2}}}},
	Check: func(_ *model.Schema, r *model.Row) error {
		if year, ok := r.Values.Lookup("year"); ok && year.Int() < 1877 {
			return errTooOld
		}
		return nil
	},
})

var albums = entity.NewCollection[AlbumView, AlbumMutable](albumSchema, func(a Album) []model.Value {
	return []model.Value{model.OfString(a.Name), model.OfString(a.Artist), model.OfInt(int64(a.Year))}
})

// Note is a second model, without a check.
type Note struct{ Text string }

type NoteView struct{ entity.View }

func (v NoteView) Text() string { return v.Field(0).Text() }

type NoteMutable struct{ *entity.Draft }

func (m NoteMutable) SetText(s string) { m.Set(0, model.OfString(s)) }

var noteSchema = model.NewSchema(model.Definition{
	Model: "Note", Collection: "notes",
	Fields: []model.Field{{Name: "text", Go: "Text", Type: model.TypeString}},
})

var notes = entity.NewCollection[NoteView, NoteMutable](noteSchema, func(n Note) []model.Value {
	return []model.Value{model.OfString(n.Text)}
})

// fixture is a node over memory, watched for breaches of the engine's contract.
type fixture struct {
	*testing.T
	ctx   context.Context
	store *memory.Store
	stage *stage // between the node and the engine
	alarm *alarm // what the node logs
	node  *node.Node
	prince,
	queen *node.Session
}

// start opens a node over an empty store.
func start(t *testing.T, options ...node.Option) *fixture {
	t.Helper()
	return startOver(t, memory.NewStore(), options...)
}

// startOver opens a node over a store. The test's end closes it.
func startOver(t *testing.T, store *memory.Store, options ...node.Option) *fixture {
	t.Helper()
	return startWith(t, &stage{}, store, options...)
}

// startWith opens a node over a store, with a stage that was prepared.
func startWith(t *testing.T, s *stage, store *memory.Store, options ...node.Option) *fixture {
	t.Helper()
	return startBare(t, s, store, append([]node.Option{node.Models(albumSchema, noteSchema)}, options...)...)
}

// startBare opens a node that knows only the models that options name.
func startBare(t *testing.T, s *stage, store *memory.Store, options ...node.Option) *fixture {
	t.Helper()
	f := &fixture{T: t, ctx: context.Background(), store: store, alarm: &alarm{T: t}, stage: s}
	engine, err := store.Open(f.ctx, kv.Options{})
	require.NoError(t, err)
	f.stage.Engine = storage.Checked(engine)
	f.node, err = node.Open(f.ctx, f.stage, append([]node.Option{
		node.WithPolicy(node.AllowAll()), node.WithLogger(f.alarm),
	}, options...)...)
	if err != nil {
		require.NoError(t, engine.Close())
	}
	require.NoError(t, err)
	f.prince, f.queen = f.node.Session("prince"), f.node.Session("queen")
	t.Cleanup(f.stop)
	return f
}

// stop closes the node and then its engine, which the wrapper checks.
func (f *fixture) stop() {
	f.Helper()
	require.NoError(f, f.node.Close(f.ctx))
	require.NoError(f, f.stage.Close())
}

// create commits one album.
func (f *fixture) create(s *node.Session, a Album) event.ID {
	f.Helper()
	tx := s.Begin()
	m, err := albums.Create(tx, a)
	require.NoError(f, err)
	_, err = tx.Commit(f.ctx)
	require.NoError(f, err)
	return m.ID()
}

// edit commits a change of one album.
func (f *fixture) edit(s *node.Session, id event.ID, change func(AlbumMutable)) node.Receipt {
	f.Helper()
	tx := s.Begin()
	m, err := albums.Edit(f.ctx, tx, id)
	require.NoError(f, err)
	change(m)
	r, err := tx.Commit(f.ctx)
	require.NoError(f, err)
	return r
}

// names fetches and returns names.
func (f *fixture) names(r entity.Reader, text string, args ...any) []string {
	f.Helper()
	list, err := albums.Collect(f.ctx, r, text, args...)
	require.NoError(f, err)
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.Name()
	}
	return names
}

// alarm fails a test if a node complains of what the test did not announce.
type alarm struct {
	*testing.T
	expected atomic.Bool
}

func (a *alarm) Info(string, ...any) {}

func (a *alarm) Error(message string, args ...any) {
	if !a.expected.Load() {
		a.T.Error(append([]any{"the node complains:", message}, args...)...)
	}
}

// stage lets a test look at, hold up and fail what the node asks of its engine.
// Its fields are changed while the node is at rest.
type stage struct {
	storage.Engine
	commit   func(ctx context.Context, b *storage.Batch, next func() error) error
	snapshot func() error
	build    func(ctx context.Context, next func() (bool, error)) (bool, error)
	register func(schemas []*model.Schema) error
}

func (s *stage) Register(ctx context.Context, schemas ...*model.Schema) error {
	if s.register != nil {
		if err := s.register(schemas); err != nil {
			return err
		}
	}
	return s.Engine.Register(ctx, schemas...)
}

func (s *stage) Build(ctx context.Context) (bool, error) {
	next := func() (bool, error) { return s.Engine.Build(ctx) }
	if s.build == nil {
		return next()
	}
	return s.build(ctx, next)
}

func (s *stage) Commit(ctx context.Context, b *storage.Batch) error {
	next := func() error { return s.Engine.Commit(ctx, b) }
	if s.commit == nil {
		return next()
	}
	return s.commit(ctx, b, next)
}

func (s *stage) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	if s.snapshot != nil {
		if err := s.snapshot(); err != nil {
			return nil, err
		}
	}
	return s.Engine.Snapshot(ctx)
}
