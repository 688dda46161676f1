package entity_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

var ctx = context.Background()

// withParade returns a store with one album.
func withParade(t *testing.T) (*store, event.ID) {
	t.Helper()
	s := newStore()
	ids, err := s.created(Album{Name: "Parade", Artist: "Prince", Year: 1986})
	require.NoError(t, err)
	return s, ids[0]
}

// ops lists what an event does, in words.
func ops(e *event.Event) []string {
	var all []string
	for _, op := range e.Ops {
		switch op.Kind {
		case event.OpDelete:
			all = append(all, "delete")
		case event.OpUndelete:
			all = append(all, "undelete")
		default:
			v, err := model.DecodeValue(op.Value)
			if err != nil {
				return []string{err.Error()}
			}
			all = append(all, op.Field+"="+v.String())
		}
	}
	return all
}

// TestCommitSaysWhatChanged: what a transaction does to an album comes out as at
// most one event.
func TestCommitSaysWhatChanged(t *testing.T) {
	tests := []struct {
		name string
		do   func(t *testing.T, tx *tx, id event.ID, m AlbumMutable)
		want []string // nil: no event
	}{
		{"nothing", func(*testing.T, *tx, event.ID, AlbumMutable) {}, nil},
		{"a new value", func(_ *testing.T, _ *tx, _ event.ID, m AlbumMutable) { m.SetYear(1987) }, []string{"year=1987"}},
		{"the same value", func(_ *testing.T, _ *tx, _ event.ID, m AlbumMutable) { m.SetYear(1986) }, nil},
		{"there and back", func(_ *testing.T, _ *tx, _ event.ID, m AlbumMutable) { m.SetYear(1); m.SetYear(1986) }, nil},
		{"the last value counts", func(_ *testing.T, _ *tx, _ event.ID, m AlbumMutable) { m.SetYear(1); m.SetYear(2) }, []string{"year=2"}},
		{"fields come in their order", func(_ *testing.T, _ *tx, _ event.ID, m AlbumMutable) { m.SetRating(5); m.SetName("X") }, []string{"name='X'", "rating=5.0"}},
		{"the zero of an optional field", func(_ *testing.T, _ *tx, _ event.ID, m AlbumMutable) { m.SetRating(0) }, []string{"rating=0.0"}},
		{"clear what is null", func(_ *testing.T, _ *tx, _ event.ID, m AlbumMutable) { m.ClearRating() }, nil},
		{"set and clear", func(_ *testing.T, _ *tx, _ event.ID, m AlbumMutable) { m.SetRating(5); m.ClearRating() }, nil},
		{"clear a field that is not optional", func(_ *testing.T, _ *tx, _ event.ID, m AlbumMutable) { m.Clear(fieldYear) }, []string{"year=null"}},
		{"delete", func(t *testing.T, tx *tx, id event.ID, _ AlbumMutable) {
			require.NoError(t, Albums.Delete(ctx, tx, id))
		}, []string{"delete"}},
		{"edit and delete", func(t *testing.T, tx *tx, id event.ID, m AlbumMutable) {
			m.SetYear(1987)
			require.NoError(t, Albums.Delete(ctx, tx, id))
		}, []string{"year=1987", "delete"}},
		{"delete and undelete", func(t *testing.T, tx *tx, id event.ID, m AlbumMutable) {
			require.NoError(t, Albums.Delete(ctx, tx, id))
			m.Undelete()
		}, nil},
		{"undelete what is not deleted", func(t *testing.T, tx *tx, id event.ID, _ AlbumMutable) {
			require.NoError(t, Albums.Undelete(ctx, tx, id))
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, id := withParade(t)
			head := s.states[id].Head()
			tx := s.Begin()
			m, err := Albums.Edit(ctx, tx, id)
			require.NoError(t, err)
			test.do(t, tx, id, m)
			require.Equal(t, test.want != nil, tx.overlay.Changed())
			built, err := tx.Commit(ctx)
			require.NoError(t, err)
			if test.want == nil {
				require.Nil(t, built)
				return
			}
			require.Len(t, built.Events, 1)
			require.Equal(t, test.want, ops(built.Events[0]))
			require.Equal(t, head, built.Events[0].Precursors)
		})
	}
}

func TestCreationIsOneEvent(t *testing.T) {
	s := newStore()
	tx := s.Begin()
	rating := 4.5
	m, err := Albums.Create(tx, Album{Name: "Parade", Rating: &rating})
	require.NoError(t, err)
	m.SetYear(1986)
	m.SetName("")
	built, err := tx.Commit(ctx)
	require.NoError(t, err)
	require.Len(t, built.Events, 1)
	e := built.Events[0]
	require.Equal(t, m.ID(), e.ID)
	require.Equal(t, m.ID(), e.Entity)
	require.Empty(t, e.Precursors)
	require.Equal(t, []string{"year=1986", "rating=4.5"}, ops(e), "zero values are not written")
	require.NotZero(t, e.Salt)
}

func TestCreatedAndDeletedLeavesNoTrace(t *testing.T) {
	s := newStore()
	tx := s.Begin()
	m, err := Albums.Create(tx, Album{Name: "Parade"})
	require.NoError(t, err)
	require.NoError(t, Albums.Delete(ctx, tx, m.ID()))
	_, err = Albums.Get(ctx, tx, m.ID())
	require.ErrorIs(t, err, entity.ErrDeleted)
	built, err := tx.Commit(ctx)
	require.NoError(t, err)
	require.Nil(t, built)

	tx = s.Begin()
	m, err = Albums.Create(tx, Album{Name: "Parade"})
	require.NoError(t, err)
	require.NoError(t, Albums.Delete(ctx, tx, m.ID()))
	require.NoError(t, Albums.Undelete(ctx, tx, m.ID()))
	built, err = tx.Commit(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"name='Parade'"}, ops(built.Events[0]))
}

func TestTransactionFollowsTheMintingRule(t *testing.T) {
	s, id := withParade(t)
	ids, err := s.created(Album{Name: "Lovesexy"}, Album{Name: "Batman"})
	require.NoError(t, err)
	tx := s.Begin()
	for _, id := range []event.ID{ids[1], id, ids[0]} {
		m, err := Albums.Edit(ctx, tx, id)
		require.NoError(t, err)
		m.SetYear(2000)
	}
	one, err := Albums.Create(tx, Album{})
	require.NoError(t, err)
	two, err := Albums.Create(tx, Album{})
	require.NoError(t, err)
	built, err := tx.Commit(ctx)
	require.NoError(t, err)
	require.NoError(t, built.Validate())
	got := make([]event.ID, len(built.Events))
	for i, e := range built.Events {
		got[i] = e.ID
	}
	require.Equal(t, []event.ID{one.ID(), two.ID(), built.ID.Update(1), built.ID.Update(2), built.ID.Update(3)}, got)
	require.Equal(t, ids[1], built.Events[2].Entity, "in the order of first touch")
	require.Zero(t, built.Events[0].Salt, "no values, no salt")
}

// TestTransactionIsAboveWhatItSaw: even if that is ahead of its clock.
func TestTransactionIsAboveWhatItSaw(t *testing.T) {
	clock := newClock()
	id, err := clock.Mint()
	require.NoError(t, err)
	ahead := event.NewClock(event.ClockOptions{Now: func() time.Time { return start.Add(time.Hour) }})
	young, err := ahead.MintTransaction()
	require.NoError(t, err)
	o := new(entity.Overlay)
	o.Fork(albumSchema, id, &model.Row{ID: id, Head: event.Head{young.Update(1)}})
	d, err := o.Edit(albumSchema, id)
	require.NoError(t, err)
	d.Set(fieldYear, model.OfInt(1))
	built, err := o.Build(clock)
	require.NoError(t, err)
	require.NoError(t, built.Validate())
	require.True(t, young.Less(built.ID))
}

func TestBuildAgainMintsAgain(t *testing.T) {
	s, id := withParade(t)
	tx := s.Begin()
	m, err := Albums.Edit(ctx, tx, id)
	require.NoError(t, err)
	m.SetYear(2000)
	first, err := tx.overlay.Build(s.clock)
	require.NoError(t, err)
	second, err := tx.overlay.Build(s.clock)
	require.NoError(t, err)
	require.True(t, first.ID.Less(second.ID))
	require.NoError(t, second.Validate())
}

// TestWideHeads: a head wider than an event may name is joined as far as it goes.
func TestWideHeads(t *testing.T) {
	clock := newClock()
	id, err := clock.Mint()
	require.NoError(t, err)
	var head []event.ID
	for range event.MaxPrecursors + 6 {
		t, _ := clock.MintTransaction()
		head = append(head, t.Update(1))
	}
	o := new(entity.Overlay)
	o.Fork(albumSchema, id, &model.Row{ID: id, Head: event.NewHead(head...)})
	d, err := o.Edit(albumSchema, id)
	require.NoError(t, err)
	d.Set(fieldYear, model.OfInt(1))
	built, err := o.Build(clock)
	require.NoError(t, err)
	require.NoError(t, built.Validate())
	require.Equal(t, event.NewHead(head[6:]...), built.Events[0].Precursors)
}

func TestReadsRepeat(t *testing.T) {
	s, id := withParade(t)
	absent, err := s.clock.Mint()
	require.NoError(t, err)

	tx := s.Begin()
	before, err := Albums.Get(ctx, tx, id)
	require.NoError(t, err)
	_, err = Albums.Get(ctx, tx, absent)
	require.ErrorIs(t, err, entity.ErrNotFound)

	other := s.Begin()
	m, err := Albums.Edit(ctx, other, id)
	require.NoError(t, err)
	m.SetYear(2000)
	_, err = other.Commit(ctx)
	require.NoError(t, err)
	require.NoError(t, s.accept(ctx, createdWith(s.clock, absent)))

	again, err := Albums.Get(ctx, tx, id)
	require.NoError(t, err)
	require.Equal(t, before.Year(), again.Year())
	_, err = Albums.Get(ctx, tx, absent)
	require.ErrorIs(t, err, entity.ErrNotFound, "what was not there stays away")
	all, err := Albums.Collect(ctx, tx, "year = 1986")
	require.NoError(t, err)
	require.Len(t, all, 1, "a query shows it as it was touched")

	mine, err := Albums.Edit(ctx, tx, id)
	require.NoError(t, err)
	mine.SetName("Mine")
	_, err = Albums.Create(tx, Album{})
	require.NoError(t, err)
	built, err := tx.Commit(ctx)
	require.NoError(t, err)
	require.Equal(t, before.Head(), built.Events[1].Precursors, "the head at first touch")
	view, err := Albums.Get(ctx, s, id)
	require.NoError(t, err)
	require.Equal(t, "Mine", view.Name())
	require.Equal(t, int16(2000), view.Year(), "both changes are merged")
	require.Len(t, view.Head(), 2)

	want := map[entity.Key]event.Head{{Collection: "albums", ID: id}: before.Head(), {Collection: "albums", ID: absent}: nil}
	require.Equal(t, want, maps.Collect(tx.overlay.Reads()))
}

// createdWith is a transaction that creates an empty album under an ID.
func createdWith(clock *event.Clock, id event.ID) *event.Transaction {
	t, err := clock.MintTransaction(id)
	if err != nil {
		return nil
	}
	return &event.Transaction{ID: t, Events: []*event.Event{{ID: id, Entity: id, Collection: "albums"}}}
}

func TestTransactionSeesItself(t *testing.T) {
	s, id := withParade(t)
	tx := s.Begin()
	m, err := Albums.Edit(ctx, tx, id)
	require.NoError(t, err)
	early := m.View()
	m.SetRating(4.5)
	m.SetYear(1987)
	require.Equal(t, int64(1987), m.Field(fieldYear).Int())
	require.Equal(t, "Parade", m.Field(fieldName).Text())

	view, err := Albums.Get(ctx, tx, id)
	require.NoError(t, err)
	require.Equal(t, int16(1987), view.Year())
	rating, ok := view.Rating()
	require.True(t, ok)
	require.Equal(t, 4.5, rating)
	require.Equal(t, int16(1986), early.Year(), "a view does not change")

	m.Clear(fieldYear)
	require.Zero(t, m.View().Year())
	require.Equal(t, model.OfInt(0), m.Field(fieldYear))
	outside, err := Albums.Get(ctx, s, id)
	require.NoError(t, err)
	require.Equal(t, int16(1986), outside.Year(), "nobody else sees it")

	created, err := Albums.Create(tx, Album{Name: "Batman"})
	require.NoError(t, err)
	require.Equal(t, event.Head{created.ID()}, created.View().Head())
	require.Equal(t, created.ID().Time(), created.View().Updated())
	require.Equal(t, created.ID().Time(), created.View().Created())
}

func TestDeletedEntities(t *testing.T) {
	s, id := withParade(t)
	tx := s.Begin()
	require.NoError(t, Albums.Delete(ctx, tx, id))
	require.ErrorIs(t, Albums.Delete(ctx, tx, id), entity.ErrDeleted)
	_, err := tx.Commit(ctx)
	require.NoError(t, err)

	view, err := Albums.Get(ctx, s, id)
	require.ErrorIs(t, err, entity.ErrDeleted)
	require.ErrorIs(t, err, entity.ErrNotFound, "who asks no further finds nothing")
	require.ErrorContains(t, err, "Album "+id.String()+": deleted")
	require.True(t, view.Deleted())
	require.Equal(t, "Parade", view.Name())

	tx = s.Begin()
	_, err = Albums.Edit(ctx, tx, id)
	require.ErrorIs(t, err, entity.ErrDeleted)
	require.NoError(t, Albums.Undelete(ctx, tx, id))
	m, err := Albums.Edit(ctx, tx, id)
	require.NoError(t, err)
	m.SetYear(1987)
	built, err := tx.Commit(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"year=1987", "undelete"}, ops(built.Events[0]))
	view, err = Albums.Get(ctx, s, id)
	require.NoError(t, err)
	require.Equal(t, int16(1987), view.Year())
}

// TestMisuseIsRemembered: setters return nothing, the commit tells.
func TestMisuseIsRemembered(t *testing.T) {
	tests := []struct {
		name string
		do   func(t *testing.T, tx *tx, m AlbumMutable)
		is   error
		says string
	}{
		{"a string that is not UTF-8", func(_ *testing.T, _ *tx, m AlbumMutable) { m.SetName("\xff") }, model.ErrInvalid, "name: a string is not valid UTF-8"},
		{"a value of another type", func(_ *testing.T, _ *tx, m AlbumMutable) { m.Set(fieldYear, model.OfString("1986")) }, model.ErrInvalid, "year: takes an int"},
		{"null where there is none", func(_ *testing.T, _ *tx, m AlbumMutable) { m.Set(fieldYear, model.Null) }, model.ErrInvalid, "year: null is only for optional fields"},
		{"a field that does not exist", func(_ *testing.T, _ *tx, m AlbumMutable) { m.Set(17, model.Null) }, entity.ErrMisuse, "field 17: the model has no such field"},
		{"an edit after deletion", func(t *testing.T, tx *tx, m AlbumMutable) {
			require.NoError(t, Albums.Delete(ctx, tx, m.ID()))
			m.SetYear(1)
		}, entity.ErrDeleted, "year: deleted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, id := withParade(t)
			tx := s.Begin()
			m, err := Albums.Edit(ctx, tx, id)
			require.NoError(t, err)
			test.do(t, tx, m)
			m.SetName("what follows does not hide it")
			_, err = tx.Commit(ctx)
			require.ErrorIs(t, err, entity.ErrMisuse)
			require.ErrorIs(t, err, test.is)
			require.ErrorContains(t, err, "Album "+id.String())
			require.ErrorContains(t, err, test.says)
			var field *entity.FieldError
			require.ErrorAs(t, err, &field)
			require.Equal(t, id, field.ID)
		})
	}
}

func TestFinishedTransactions(t *testing.T) {
	s, id := withParade(t)
	tx := s.Begin()
	m, err := Albums.Edit(ctx, tx, id)
	require.NoError(t, err)
	_, err = tx.Commit(ctx)
	require.NoError(t, err)
	require.True(t, tx.overlay.Finished())
	require.NoError(t, tx.overlay.Err())

	m.SetYear(1)
	require.ErrorIs(t, tx.overlay.Err(), entity.ErrFinished)
	m.Undelete()
	require.Equal(t, int16(1986), m.View().Year())
	_, err = Albums.Edit(ctx, tx, id)
	require.ErrorIs(t, err, entity.ErrFinished)
	_, err = Albums.Create(tx, Album{})
	require.ErrorIs(t, err, entity.ErrFinished)
	require.ErrorIs(t, Albums.Delete(ctx, tx, id), entity.ErrFinished)
	require.ErrorIs(t, Albums.Undelete(ctx, tx, id), entity.ErrFinished)
}

func TestCreateRefuses(t *testing.T) {
	s := newStore()
	_, err := Albums.Create(s.Begin(), Album{Name: "\xff"})
	require.ErrorIs(t, err, model.ErrInvalid)
	require.ErrorContains(t, err, "create Album: name: a string is not valid UTF-8")
}

// TestSchemaIsAsked: the model's own Validate method has a say.
func TestSchemaIsAsked(t *testing.T) {
	tooOld := errors.New("albums begin in 1948")
	var schema *model.Schema
	schema = newAlbumSchema(func(row *model.Row) error {
		if schema.Value(row, fieldYear).Int() < 1948 {
			return tooOld
		}
		return nil
	})
	clock := newClock()
	o := new(entity.Overlay)
	d, err := o.Create(clock, schema, []model.Value{model.OfString("Parade")})
	require.NoError(t, err)
	_, err = o.Build(clock)
	require.ErrorIs(t, err, tooOld)
	require.ErrorContains(t, err, "Album "+d.ID().String())

	d.Set(fieldYear, model.OfInt(1986))
	_, err = o.Build(clock)
	require.NoError(t, err)

	id, err := clock.Mint()
	require.NoError(t, err)
	o = new(entity.Overlay)
	o.Fork(schema, id, &model.Row{ID: id, Head: event.Head{id}})
	require.NoError(t, o.Delete(schema, id))
	_, err = o.Build(clock)
	require.NoError(t, err, "what is invalid can be deleted")
}

// TestLargeTransactions: looking drafts up one by one ends somewhere.
func TestLargeTransactions(t *testing.T) {
	s := newStore()
	ids, err := s.created(slices.Repeat([]Album{{Name: "x"}}, 100)...)
	require.NoError(t, err)
	tx := s.Begin()
	for _, id := range slices.Concat(ids, ids) {
		m, err := Albums.Edit(ctx, tx, id)
		require.NoError(t, err)
		m.SetYear(m.View().Year() + 1)
	}
	built, err := tx.Commit(ctx)
	require.NoError(t, err)
	require.Len(t, built.Events, 100)
	n, err := Albums.Count(ctx, s, "year = 2")
	require.NoError(t, err)
	require.Equal(t, 100, n)
}

// TestRecreatedEntitiesKeepTheirIDs: they are created like others, by one event.
func TestRecreatedEntitiesKeepTheirIDs(t *testing.T) {
	clock := newClock()
	id, err := clock.Mint()
	require.NoError(t, err)
	o := new(entity.Overlay)
	_, err = o.Recreate(albumSchema, id)
	require.NoError(t, err)
	d, err := o.Edit(albumSchema, id)
	require.NoError(t, err)
	d.Set(fieldYear, model.OfInt(1986))
	built, err := o.Build(clock)
	require.NoError(t, err)
	require.NoError(t, built.Validate())
	require.Len(t, built.Events, 1)
	require.Equal(t, id, built.Events[0].ID)
	require.True(t, built.Events[0].IsCreation())
	require.Equal(t, []string{"year=1986"}, ops(built.Events[0]))
	o.Finish()
	_, err = o.Recreate(albumSchema, id)
	require.ErrorIs(t, err, entity.ErrFinished)
}
