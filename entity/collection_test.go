package entity_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/signal"
)

// withAlbums returns a store with four albums of the years 1984, 1986, 1987, 1989.
func withAlbums(t *testing.T) *store {
	t.Helper()
	s := newStore()
	_, err := s.created(
		Album{Name: "Parade", Artist: "Prince", Year: 1986}, Album{Name: "Purple Rain", Artist: "Prince", Year: 1984},
		Album{Name: "Sign o' the Times", Artist: "Prince", Year: 1987}, Album{Name: "Batman", Artist: "Prince", Year: 1989},
	)
	require.NoError(t, err)
	return s
}

func names(albums []AlbumView) []string {
	var all []string
	for _, a := range albums {
		all = append(all, a.Name())
	}
	return all
}

func TestCollectionQueries(t *testing.T) {
	s := withAlbums(t)
	t.Run("collect", func(t *testing.T) {
		got, err := Albums.Collect(ctx, s, "year > ? ORDER BY year DESC LIMIT 2", 1984)
		require.NoError(t, err)
		require.Equal(t, []string{"Batman", "Sign o' the Times"}, names(got))
	})
	t.Run("fetch", func(t *testing.T) {
		n := 0
		for a, err := range Albums.Fetch(ctx, s, "artist = :artist", query.Named{"artist": "Prince"}) {
			require.NoError(t, err)
			require.Equal(t, "Prince", a.Artist())
			if n++; n == 2 {
				break
			}
		}
		require.Equal(t, 2, n)
	})
	t.Run("count", func(t *testing.T) {
		n, err := Albums.Count(ctx, s, "year < 1987")
		require.NoError(t, err)
		require.Equal(t, 2, n)
	})
	t.Run("first", func(t *testing.T) {
		a, err := Albums.First(ctx, s, "ORDER BY year")
		require.NoError(t, err)
		require.Equal(t, "Purple Rain", a.Name())
		a, err = Albums.First(ctx, s, "ORDER BY year LIMIT 5 OFFSET 1")
		require.NoError(t, err)
		require.Equal(t, "Parade", a.Name())
	})
	t.Run("first of none", func(t *testing.T) {
		a, err := Albums.First(ctx, s, "year = 2000")
		require.ErrorIs(t, err, entity.ErrNotFound)
		require.EqualError(t, err, "no Album found: year = 2000")
		require.True(t, a.IsZero())
		_, err = Albums.First(ctx, newStore(), "")
		require.EqualError(t, err, "no Album found")
	})
	t.Run("by the columns of all collections", func(t *testing.T) {
		first, err := Albums.First(ctx, s, "ORDER BY id")
		require.NoError(t, err)
		a, err := Albums.Where(Albums.ID().Eq(first.ID())).First(ctx, s)
		require.NoError(t, err)
		require.Equal(t, first.ID(), a.ID())
		n, err := Albums.Where(Albums.Created().Ge(first.Created()).And(Albums.Updated().Lt(first.Updated()))).Count(ctx, s)
		require.NoError(t, err)
		require.Zero(t, n)
		last, err := Albums.Where(Albums.ID().Ne(first.ID())).OrderBy(Albums.Created().Desc(), Albums.ID().Desc()).First(ctx, s)
		require.NoError(t, err)
		require.NotEqual(t, first.ID(), last.ID())
	})
	t.Run("in go", func(t *testing.T) {
		selection := Albums.Where(AlbumYear.Gt(1984).And(AlbumName.Ne("Parade"))).OrderBy(AlbumYear.Desc())
		got, err := selection.Offset(1).Limit(5).Collect(ctx, s)
		require.NoError(t, err)
		require.Equal(t, []string{"Sign o' the Times"}, names(got))
		n, err := selection.Count(ctx, s)
		require.NoError(t, err)
		require.Equal(t, 2, n, "a selection does not change")
		first, err := selection.First(ctx, s)
		require.NoError(t, err)
		require.Equal(t, "Batman", first.Name())
		for a, err := range selection.Fetch(ctx, s) {
			require.NoError(t, err)
			require.Equal(t, "Batman", a.Name())
			break
		}
	})
}

// TestQueriesThatAreWrong: the error comes out wherever the query goes in.
func TestQueriesThatAreWrong(t *testing.T) {
	s := withAlbums(t)
	for _, test := range []struct {
		text string
		args []any
	}{{"year >", nil}, {"yaer > 1", nil}, {"year > ?", nil}, {"year > 1", []any{2}}} {
		t.Run(test.text, func(t *testing.T) {
			var wrong *query.Error
			_, err := Albums.Collect(ctx, s, test.text, test.args...)
			require.ErrorAs(t, err, &wrong)
			_, err = Albums.First(ctx, s, test.text, test.args...)
			require.ErrorAs(t, err, &wrong)
			_, err = Albums.Count(ctx, s, test.text, test.args...)
			require.ErrorAs(t, err, &wrong)
			_, err = Albums.Query(ctx, &session{store: s}, test.text, test.args...)
			require.ErrorAs(t, err, &wrong)
			for a, err := range Albums.Fetch(ctx, s, test.text, test.args...) {
				require.ErrorAs(t, err, &wrong)
				require.True(t, a.IsZero())
			}
		})
	}
}

// failing is a reader that breaks after each album.
type failing struct{ *store }

var errBroken = errors.New("broken")

func (f failing) Fetch(ctx context.Context, q *query.Checked) iter.Seq2[entity.View, error] {
	return func(yield func(entity.View, error) bool) {
		for v := range f.store.Fetch(ctx, q) {
			if !yield(v, nil) || !yield(entity.View{}, errBroken) {
				return
			}
		}
	}
}

func TestReadersThatFail(t *testing.T) {
	s := failing{withAlbums(t)}
	_, err := Albums.Collect(ctx, s, "")
	require.ErrorIs(t, err, errBroken)
	_, err = Albums.Count(ctx, s, "")
	require.ErrorIs(t, err, errBroken)
	n := 0
	for range Albums.Fetch(ctx, s, "") {
		n++
	}
	require.Equal(t, 2, n, "nothing comes after an error")
	_, err = Albums.First(ctx, s, "")
	require.NoError(t, err, "the first one came")
}

// counting is a reader that counts by itself.
type counting struct{ *store }

func (counting) Count(context.Context, *query.Checked) (int, error) { return 42, nil }

func TestCountIsDelegated(t *testing.T) {
	n, err := Albums.Count(ctx, counting{newStore()}, "")
	require.NoError(t, err)
	require.Equal(t, 42, n)
}

// session is a store that answers live queries and knows the past.
type session struct {
	*store
	standing *standing
	asked    *query.Checked
}

func (s *session) Query(_ context.Context, q *query.Checked) (entity.Standing, error) {
	s.asked = q
	if s.standing == nil {
		return nil, errBroken
	}
	return s.standing, nil
}

func (s *session) History(_ context.Context, schema *model.Schema, id event.ID) iter.Seq2[entity.Version[entity.View], error] {
	return func(yield func(entity.Version[entity.View], error) bool) {
		v, err := s.Get(ctx, schema, id)
		if yield(entity.Version[entity.View]{View: v, Event: s.events[id], Tx: event.ID{7}, Author: "ada", Seq: 3}, err) {
			yield(entity.Version[entity.View]{}, errBroken)
		}
	}
}

// standing is a live query that was recorded.
type standing struct {
	sets   []entity.ChangeSet[entity.View]
	items  shown
	value  *signal.Value[entity.Views]
	closed bool
}

func (s *standing) Changes(context.Context) iter.Seq[entity.ChangeSet[entity.View]] {
	return func(yield func(entity.ChangeSet[entity.View]) bool) {
		for _, set := range s.sets {
			if !yield(set) {
				return
			}
		}
	}
}
func (s *standing) Items() entity.Views { return s.items }
func (s *standing) State() entity.LiveState {
	return entity.LiveState{Phase: entity.Complete, Since: start}
}
func (s *standing) Signal() signal.Readable[entity.Views] { return s.value }
func (s *standing) Wait(context.Context) error            { return nil }
func (s *standing) Err() error                            { return errBroken }
func (s *standing) Close()                                { s.closed = true }

// shown is a list of views.
type shown []entity.View

func (s shown) Len() int                         { return len(s) }
func (s shown) At(i int) entity.View             { return s[i] }
func (s shown) All() iter.Seq2[int, entity.View] { return slices.All(s) }

func TestLive(t *testing.T) {
	store := withAlbums(t)
	one, err := Albums.First(ctx, store, "ORDER BY year")
	require.NoError(t, err)
	two, err := Albums.First(ctx, store, "ORDER BY year DESC")
	require.NoError(t, err)
	graph := signal.NewGraph()
	defer graph.Close()
	st := &standing{
		items: shown{one.View, two.View},
		value: signal.NewValue(graph, entity.Views(shown{one.View})),
		sets: []entity.ChangeSet[entity.View]{
			{Changes: []entity.Change[entity.View]{{Kind: entity.Initial, Item: one.View, OldIndex: -1}}},
			{
				Changes: []entity.Change[entity.View]{
					{Kind: entity.Removed, Reason: entity.Limit, Item: one.View, Before: two.View, Index: -1, OldIndex: 1},
				},
				State: entity.LiveState{Phase: entity.Stale, Err: errBroken},
			},
		},
	}
	s := &session{store: store, standing: st}
	live, err := Albums.Query(ctx, s, "year > ? ORDER BY year", 1980)
	require.NoError(t, err)
	require.Equal(t, "year > 1980 ORDER BY year", s.asked.String())

	require.Equal(t, 2, live.Items().Len())
	require.Equal(t, []string{"Purple Rain", "Batman"}, names(live.Items().Slice()))
	require.Equal(t, "Batman", live.Items().At(1).Name())
	for i, v := range live.Items().All() {
		require.Equal(t, live.Items().At(i), v)
		break
	}
	require.PanicsWithValue(t, "entity: item 2 of a result of 2", func() { live.Items().At(2) })
	require.Zero(t, entity.Items[AlbumView]{}.Len())
	require.Empty(t, entity.Items[AlbumView]{}.Slice())
	require.Equal(t, entity.Complete, live.State().Phase)
	require.NoError(t, live.Wait(ctx))
	require.ErrorIs(t, live.Err(), errBroken)

	var sets []entity.ChangeSet[AlbumView]
	for set := range live.Changes(ctx) {
		sets = append(sets, set)
	}
	require.Equal(t, []entity.ChangeSet[AlbumView]{
		{Changes: []entity.Change[AlbumView]{{Kind: entity.Initial, Item: one, OldIndex: -1}}},
		{
			Changes: []entity.Change[AlbumView]{{Kind: entity.Removed, Reason: entity.Limit, Item: one, Before: two, Index: -1, OldIndex: 1}},
			State:   entity.LiveState{Phase: entity.Stale, Err: errBroken},
		},
	}, sets)
	for range live.Changes(ctx) {
		break
	}

	value := live.Signal()
	require.Same(t, value, live.Signal())
	require.Equal(t, []string{"Purple Rain"}, names(value.Peek().Slice()))
	st.value.Set(st.items)
	require.Equal(t, []string{"Purple Rain", "Batman"}, names(value.Peek().Slice()))

	live.Close()
	require.True(t, st.closed)

	_, err = Albums.Where(AlbumYear.Gt(1)).Query(ctx, s)
	require.NoError(t, err)
	require.Equal(t, "year > 1", s.asked.String())
	_, err = Albums.Query(ctx, &session{store: store}, "")
	require.ErrorIs(t, err, errBroken)
}

func TestHistory(t *testing.T) {
	store, id := withParade(t)
	var versions []entity.Version[AlbumView]
	var errs []error
	for v, err := range Albums.History(ctx, &session{store: store}, id) {
		versions = append(versions, v)
		errs = append(errs, err)
	}
	require.Equal(t, []error{nil, errBroken}, errs)
	v := versions[0]
	require.Equal(t, "Parade", v.View.Name())
	require.Equal(t, id, v.Event.ID)
	require.Equal(t, "ada", v.Author)
	require.Equal(t, uint64(3), v.Seq)
	require.Equal(t, event.ID{7}, v.Tx)
	for range Albums.History(ctx, &session{store: store}, id) {
		break
	}
}

func TestView(t *testing.T) {
	s, id := withParade(t)
	v, err := Albums.Get(ctx, s, id)
	require.NoError(t, err)
	require.False(t, v.IsZero())
	require.Equal(t, id, v.ID())
	require.Equal(t, event.Head{id}, v.Head())
	require.Equal(t, id.Time(), v.Created())
	require.Equal(t, id.Time(), v.Updated())
	require.WithinDuration(t, start, v.Created(), time.Second)
	require.Same(t, albumSchema, v.Schema())
	require.Equal(t, id, v.Row().ID)
	b, err := v.MarshalJSON()
	require.NoError(t, err)
	require.JSONEq(t, `{"id":"`+id.String()+`","name":"Parade","artist":"Prince","year":1986,"rating":null}`, string(b))
	require.Equal(t, "Album "+string(b), v.String())
}

func TestZeroView(t *testing.T) {
	var v AlbumView
	require.True(t, v.IsZero())
	require.Zero(t, v.ID())
	require.Empty(t, v.Head())
	require.Zero(t, v.Created())
	require.Zero(t, v.Updated())
	require.False(t, v.Deleted())
	require.Zero(t, v.Year())
	_, ok := v.Rating()
	require.False(t, ok)
	require.Nil(t, v.Schema())
	require.Nil(t, v.Row())
	require.Equal(t, "no entity", v.String())
	b, err := v.MarshalJSON()
	require.NoError(t, err)
	require.Equal(t, "null", string(b))
}

func TestNames(t *testing.T) {
	require.Equal(t, "moved", entity.Moved.String())
	require.Equal(t, "none", entity.ChangeKind(0).String())
	require.Equal(t, "unknown", entity.ChangeKind(9).String())
	require.Equal(t, "no longer allowed", entity.Denied.String())
	require.Equal(t, "unknown", entity.Reason(9).String())
	require.Equal(t, "stale", entity.Stale.String())
	require.Equal(t, "unknown", entity.Phase(9).String())
}
