package entity_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/query"
)

// becoming is a live query that notes what it is to become.
type becoming struct {
	standing
	now  *query.Checked
	next *query.Checked
	err  error
}

func (b *becoming) Query() (*query.Checked, error) { return b.now, b.err }

func (b *becoming) Requery(_ context.Context, q *query.Checked) error {
	b.next = q
	return nil
}

func (b *becoming) Cursor(v entity.View) (query.Cursor, error) {
	if v.IsZero() {
		return query.Cursor{}, nil
	}
	return b.now.Cursor(v.Row()), nil
}

func checked(t *testing.T, text string) *query.Checked {
	t.Helper()
	q, err := query.Parse(text)
	require.NoError(t, err)
	c, err := q.Check(Albums.Schema())
	require.NoError(t, err)
	return c
}

func TestRequery(t *testing.T) {
	b := &becoming{now: checked(t, "year > 1980 ORDER BY year LIMIT 2")}
	live := entity.NewLive[AlbumView](b)
	require.NoError(t, live.Requery(ctx, "year < ?", 1990))
	require.Equal(t, "year < 1990", b.next.String())
	require.NoError(t, Albums.Where(AlbumYear.Gt(1985)).OrderBy(AlbumYear.Desc()).Requery(ctx, live))
	require.Equal(t, "year > 1985 ORDER BY year DESC", b.next.String())

	album, err := Albums.First(ctx, withAlbums(t), "year > 1980")
	require.NoError(t, err)
	place, err := live.Cursor(album)
	require.NoError(t, err)
	require.Equal(t, b.now.Cursor(album.Row()), place)
	require.NoError(t, live.After(ctx, place))
	require.Equal(t, b.now.Query().Begin(place).String(), b.next.Query().String())
	b.now = b.next
	require.NoError(t, live.After(ctx, query.Cursor{}))
	require.Equal(t, "year > 1980 ORDER BY year LIMIT 2", b.next.String(), "the first page")
	place, err = live.Cursor(AlbumView{})
	require.NoError(t, err)
	require.True(t, place.IsZero())
	place, err = live.Last()
	require.NoError(t, err)
	require.True(t, place.IsZero())

	b.next = nil
	var wrong *query.Error
	for _, text := range []string{"year >", "yeer > 1", "year > ?"} {
		require.ErrorAs(t, live.Requery(ctx, text), &wrong, text)
	}
	for _, text := range []string{"SELECT COUNT(*)"} {
		require.ErrorIs(t, live.Requery(ctx, text), entity.ErrGroups)
	}
	b.err = errBroken
	require.ErrorIs(t, live.Requery(ctx, ""), errBroken)
	require.ErrorIs(t, live.After(ctx, place), errBroken)
	require.Nil(t, b.next)
}

func TestRequeryOfWhatCannot(t *testing.T) {
	live := entity.NewLive[AlbumView](&standing{})
	require.ErrorIs(t, live.Requery(ctx, ""), errors.ErrUnsupported)
	require.ErrorIs(t, live.After(ctx, query.Cursor{}), errors.ErrUnsupported)
	_, err := live.Last()
	require.ErrorIs(t, err, errors.ErrUnsupported)
	_, err = live.Cursor(AlbumView{})
	require.ErrorIs(t, err, errors.ErrUnsupported)
}
