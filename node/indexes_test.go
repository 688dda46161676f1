package node_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

// unindexed returns a store with albums that are not indexed, so many and large
// that Open leaves most of the building to the background. Every fourth is of 1986.
func unindexed(t *testing.T) *memory.Store {
	t.Helper()
	plain := model.NewSchema(model.Definition{Model: "Album", Collection: "albums", Fields: albumSchema.Fields()})
	return filled(t, plain, 60, func(i int) []model.Value {
		return []model.Value{
			model.OfString(strings.Repeat("long ", 40_000)), model.OfString("Prince"), model.OfInt(int64(1983 + i%4)),
		}
	})
}

// filled returns a store in which a node with one model has created n entities.
func filled(t *testing.T, s *model.Schema, n int, values func(i int) []model.Value) *memory.Store {
	t.Helper()
	ctx := context.Background()
	store := memory.NewStore()
	engine, err := store.Open(ctx, kv.Options{})
	require.NoError(t, err)
	home, err := node.Open(ctx, engine, node.Models(s), node.WithPolicy(node.AllowAll()))
	require.NoError(t, err)
	for i := range n {
		tx := home.Session("prince").Begin()
		_, err := tx.Create(s, values(i))
		require.NoError(t, err)
		_, err = tx.Commit(ctx)
		require.NoError(t, err)
	}
	require.NoError(t, home.Close(ctx))
	require.NoError(t, engine.Close())
	return store
}

// pieces lets so many pieces of building through, and holds up the next until the
// context of building ends, or resume is closed.
func pieces(n int) (s *stage, held, resume chan struct{}) {
	s, held, resume = new(stage), make(chan struct{}), make(chan struct{})
	s.build = func(ctx context.Context, next func() (bool, error)) (bool, error) {
		if n--; n >= 0 {
			return next()
		}
		if n == -1 {
			close(held)
		}
		select {
		case <-resume:
			return next()
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	return s, held, resume
}

func (f *fixture) fraction() float64 {
	f.Helper()
	list, err := f.node.Indexes(f.ctx)
	require.NoError(f, err)
	require.Len(f, list, 1)
	require.Equal(f, "albums year", list[0].Collection+" "+list[0].Name)
	require.Equal(f, list[0].Ready, list[0].Fraction == 1)
	return list[0].Fraction
}

func TestIndexesAreBuiltInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, held, resume := pieces(40)
		f := startWith(t, s, unindexed(t))
		<-held
		before := f.fraction()
		require.Greater(t, before, 0.0)
		require.Less(t, before, 1.0)
		require.Len(t, f.names(f.prince, "year = 1986"), 15, "without the index")
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		require.Len(t, f.names(f.prince, "year = 1986"), 16)
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(1987) })
		require.Less(t, f.fraction(), 1.0)

		short, cancel := context.WithTimeout(f.ctx, time.Second)
		defer cancel()
		require.ErrorIs(t, f.node.WaitIndexes(short), context.DeadlineExceeded)
		close(resume)
		require.NoError(t, f.node.WaitIndexes(f.ctx))
		require.Equal(t, 1.0, f.fraction())
		require.Len(t, f.names(f.prince, "year = 1986"), 15)
		require.Equal(t, []string{"Parade"}, f.names(f.prince, "year = 1987"))
	})
}

func TestBuildingGoesOnAfterARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, held, _ := pieces(45)
		store := unindexed(t)
		f := startWith(t, s, store)
		<-held
		require.Greater(t, f.fraction(), 0.3)
		before, err := s.Indexes(f.ctx)
		require.NoError(t, err)
		f.stop() // with the build under way
		require.ErrorIs(t, f.node.WaitIndexes(f.ctx), node.ErrClosed)

		again := new(stage)
		begun := false
		again.build = func(ctx context.Context, next func() (bool, error)) (bool, error) {
			if !begun {
				begun = true
				found, err := again.Indexes(ctx)
				require.NoError(t, err)
				require.Equal(t, before, found, "it goes on where it was")
			}
			return next()
		}
		f = startWith(t, again, store)
		require.NoError(t, f.node.WaitIndexes(f.ctx))
		require.True(t, begun)
		require.Len(t, f.names(f.prince, "year = 1986"), 15)
	})
}

func TestSmallIndexesAreThereAtOnce(t *testing.T) {
	plain := model.NewSchema(model.Definition{Model: "Album", Collection: "albums", Fields: albumSchema.Fields()})
	store := filled(t, plain, 3, func(i int) []model.Value {
		return []model.Value{model.OfString("Parade"), model.OfString("Prince"), model.OfInt(1986)}
	})
	f := startOver(t, store)
	require.Equal(t, 1.0, f.fraction())
	require.NoError(t, f.node.WaitIndexes(f.ctx))
}

func TestBuildingThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := &storage.CorruptError{What: "a record"}
		n, announced := 40, make(chan struct{})
		s := &stage{build: func(_ context.Context, next func() (bool, error)) (bool, error) {
			if n--; n < 0 {
				<-announced
				return false, broken
			}
			return next()
		}}
		f := startWith(t, s, unindexed(t))
		f.alarm.expected.Store(true)
		close(announced)
		require.ErrorIs(t, f.node.WaitIndexes(f.ctx), storage.ErrCorrupt)
		require.Less(t, f.fraction(), 1.0)
		require.Len(t, f.names(f.prince, "year = 1986"), 15)
		f.create(f.prince, Album{Name: "Parade", Year: 1986})
	})
}

func TestOpeningIsGivenUpWhileBuilding(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	engine, err := unindexed(t).Open(ctx, kv.Options{})
	require.NoError(t, err)
	s := &stage{Engine: engine, build: func(_ context.Context, next func() (bool, error)) (bool, error) {
		cancel()
		return next()
	}}
	_, err = node.Open(ctx, s, node.Models(albumSchema), node.WithPolicy(node.AllowAll()))
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, engine.Close())
}

// TestCommitsWhileBuilding keeps writers and readers busy during a build.
func TestCommitsWhileBuilding(t *testing.T) {
	f := startOver(t, unindexed(t))
	id := f.create(f.prince, Album{Name: "Parade", Year: 1900})
	for year := 1900; year < 2000; year++ {
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(year) })
		require.Contains(t, f.names(f.prince, "year = ? AND name < 'b' OR year = ? AND name LIKE 'P%'", year, year), "Parade")
	}
	require.NoError(t, f.node.WaitIndexes(f.ctx))
	require.Len(t, f.names(f.prince, "year = 1986"), 15)
	require.Equal(t, []string{"Parade"}, f.names(f.prince, "year > 1986"))
}
