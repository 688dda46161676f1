package entity_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// TestCommitChangesNothingForItsAuthor compares what a transaction sees with
// what everybody sees once it is committed: the same entities, the same values.
func TestCommitChangesNothingForItsAuthor(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		year := func() int16 { return int16(rapid.IntRange(0, 5).Draw(rt, "year")) }
		s := newStore()
		var albums []Album
		for range rapid.IntRange(0, 12).Draw(rt, "committed") {
			albums = append(albums, Album{Name: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "name"), Year: year()})
		}
		ids, err := s.created(albums...)
		require.NoError(rt, err)

		tx := s.Begin()
		for range rapid.IntRange(0, 12).Draw(rt, "changes") {
			if len(ids) == 0 || rapid.IntRange(0, 3).Draw(rt, "create") == 0 {
				m, err := Albums.Create(tx, Album{Name: "new", Year: year()})
				require.NoError(rt, err)
				ids = append(ids, m.ID())
				continue
			}
			id := rapid.SampledFrom(ids).Draw(rt, "entity")
			m, err := Albums.Edit(ctx, tx, id)
			switch {
			case errors.Is(err, entity.ErrDeleted):
				require.NoError(rt, Albums.Undelete(ctx, tx, id))
			case rapid.IntRange(0, 3).Draw(rt, "delete") == 0:
				require.NoError(rt, Albums.Delete(ctx, tx, id))
			case rapid.Bool().Draw(rt, "rated"):
				m.SetRating(4.5)
			default:
				m.ClearRating()
				m.SetYear(year())
			}
		}

		query := rapid.SampledFrom([]string{"", "year > 2", "rating IS NULL"}).Draw(rt, "where") + " ORDER BY year LIMIT 7 OFFSET 1"
		seen := valuesOf(rt, tx, query)
		built, err := tx.Commit(ctx)
		require.NoError(rt, err)
		require.Equal(rt, tx.overlay.Changed(), built != nil)
		require.Equal(rt, valuesOf(rt, s, query), seen)
	})
}

func valuesOf(t require.TestingT, r entity.Reader, text string) []string {
	var all []string
	for v, err := range Albums.Fetch(ctx, r, text) {
		require.NoError(t, err)
		all = append(all, v.String())
	}
	return all
}

func TestRows(t *testing.T) {
	s, id := withParade(t)
	absent, err := s.clock.Mint()
	require.NoError(t, err)
	tx := s.Begin()
	m, err := Albums.Edit(ctx, tx, id)
	require.NoError(t, err)
	m.SetYear(2000)
	require.NoError(t, Albums.Delete(ctx, tx, id))
	_, err = Albums.Get(ctx, tx, absent)
	require.ErrorIs(t, err, entity.ErrNotFound)
	created, err := Albums.Create(tx, Album{Name: "Batman"})
	require.NoError(t, err)

	rows := maps.Collect(tx.overlay.Rows(albumSchema))
	require.Len(t, rows, 3)
	require.Nil(t, rows[absent], "known not to be there")
	require.True(t, rows[id].Deleted)
	require.Equal(t, int64(2000), albumSchema.Value(rows[id], fieldYear).Int())
	require.Equal(t, event.Head{created.ID()}, rows[created.ID()].Head)

	other := model.NewSchema(model.Definition{Model: "Other", Collection: "others"})
	require.Empty(t, maps.Collect(tx.overlay.Rows(other)))
	for range tx.overlay.Rows(albumSchema) {
		break
	}
	for range tx.overlay.Reads() {
		break
	}
}
