package entity_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

func checked(t require.TestingT, text string, args ...any) *query.Checked {
	q, err := query.Parse(text)
	require.NoError(t, err)
	q, err = q.Bind(args...)
	require.NoError(t, err)
	c, err := q.Check(albumSchema)
	require.NoError(t, err)
	return c
}

// TestFetchSeesTheOverlay compares what a transaction fetches with what it would
// fetch had it been committed.
func TestFetchSeesTheOverlay(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		year := func(what string) int16 { return int16(rapid.IntRange(0, 5).Draw(rt, what)) }
		s := newStore()
		var albums []Album
		for range rapid.IntRange(0, 12).Draw(rt, "committed") {
			albums = append(albums, Album{Name: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "name"), Year: year("year")})
		}
		ids, err := s.created(albums...)
		require.NoError(rt, err)

		tx := s.Begin()
		for range rapid.IntRange(0, 8).Draw(rt, "changes") {
			if len(ids) == 0 || rapid.IntRange(0, 3).Draw(rt, "create") == 0 {
				m, err := Albums.Create(tx, Album{Name: "new", Year: year("year")})
				require.NoError(rt, err)
				ids = append(ids, m.ID())
				continue
			}
			id := rapid.SampledFrom(ids).Draw(rt, "entity")
			m, err := Albums.Edit(ctx, tx, id)
			if errors.Is(err, entity.ErrDeleted) {
				require.NoError(rt, Albums.Undelete(ctx, tx, id))
				continue
			}
			require.NoError(rt, err)
			if rapid.IntRange(0, 3).Draw(rt, "delete") == 0 {
				require.NoError(rt, Albums.Delete(ctx, tx, id))
			} else {
				m.SetYear(year("year"))
			}
		}

		text := rapid.SampledFrom([]string{"", "year > 2", "name != 'a'"}).Draw(rt, "where") +
			rapid.SampledFrom([]string{"", " ORDER BY year", " ORDER BY year DESC, name"}).Draw(rt, "order")
		if rapid.Bool().Draw(rt, "limited") {
			text += fmt.Sprintf(" LIMIT %d", rapid.IntRange(0, 6).Draw(rt, "limit"))
			text += fmt.Sprintf(" OFFSET %d", rapid.IntRange(0, 4).Draw(rt, "offset"))
		}
		seen := idsOf(rt, tx, text)
		count, err := Albums.Count(ctx, tx, text)
		require.NoError(rt, err)
		require.Equal(rt, len(seen), count)
		_, err = tx.Commit(ctx)
		require.NoError(rt, err)
		require.Equal(rt, idsOf(rt, s, text), seen, "query %q", text)
	})
}

func idsOf(t require.TestingT, r entity.Reader, text string) []event.ID {
	var ids []event.ID
	for v, err := range Albums.Fetch(ctx, r, text) {
		require.NoError(t, err)
		ids = append(ids, v.ID())
	}
	return ids
}

// TestEditWhileFetching: a transaction may touch what it is ranging over.
func TestEditWhileFetching(t *testing.T) {
	s := newStore()
	ids, err := s.created(Album{Year: 1}, Album{Year: 2}, Album{Year: 3})
	require.NoError(t, err)
	tx := s.Begin()
	_, err = Albums.Get(ctx, tx, ids[0])
	require.NoError(t, err)
	var years []int16
	for v, err := range Albums.Fetch(ctx, tx, "ORDER BY year") {
		require.NoError(t, err)
		years = append(years, v.Year())
		for _, id := range ids {
			m, err := Albums.Edit(ctx, tx, id)
			require.NoError(t, err)
			m.SetYear(m.View().Year() + 10)
		}
	}
	require.Equal(t, []int16{1, 2, 3}, years)
}

func TestWiden(t *testing.T) {
	s := newStore()
	ids, err := s.created(Album{Year: 1}, Album{Year: 2})
	require.NoError(t, err)
	q := checked(t, "year > 0 ORDER BY year LIMIT 5 OFFSET 3")
	tx := s.Begin()
	wide, err := tx.overlay.Widen(q)
	require.NoError(t, err)
	require.Same(t, q, wide, "nothing touched, nothing to make room for")

	_, err = Albums.Get(ctx, tx, ids[0])
	require.NoError(t, err)
	_, err = Albums.Create(tx, Album{})
	require.NoError(t, err)
	wide, err = tx.overlay.Widen(q)
	require.NoError(t, err)
	limit, ok := wide.Limit()
	require.True(t, ok)
	require.Equal(t, 5+3+2, limit)
	require.Zero(t, wide.Offset())
	require.Equal(t, q.Order(), wide.Order())
}

func TestSelectStopsAtErrors(t *testing.T) {
	broken := errors.New("broken")
	committed := func(yield func(*model.Row, error) bool) {
		if yield(&model.Row{}, nil) && yield(nil, broken) {
			panic("ranged over beyond an error")
		}
	}
	q := checked(t, "")
	o := entity.NewOverlay()
	clock := newClock()
	for _, touched := range []bool{false, true} {
		if touched {
			_, err := o.Create(clock, albumSchema, nil)
			require.NoError(t, err)
		}
		var errs []error
		for _, err := range o.Select(q, committed) {
			errs = append(errs, err)
		}
		require.Equal(t, []error{nil, broken}, errs)
		for range o.Select(q, committed) {
			break
		}
	}
}

func TestSelectLooksNoFurther(t *testing.T) {
	s := newStore()
	_, err := s.created(slices.Repeat([]Album{{Year: 1}}, 20)...)
	require.NoError(t, err)
	tx := s.Begin()
	_, err = Albums.Create(tx, Album{Year: 1})
	require.NoError(t, err)
	read := 0
	q := checked(t, "LIMIT 3")
	for range tx.overlay.Select(q, func(yield func(*model.Row, error) bool) {
		for row, err := range s.rows(checked(t, "")) {
			if read++; !yield(row, err) {
				return
			}
		}
	}) {
		continue
	}
	require.Equal(t, 3, read)
}
