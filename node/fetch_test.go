package node_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage/memory"
)

// world is what albums there should be, by a naive reckoning.
type world map[event.ID]*album

type album struct {
	id event.ID
	Album
	deleted bool
}

func (w world) clone() world {
	c := make(world, len(w))
	for id, a := range w {
		copied := *a
		c[id] = &copied
	}
	return c
}

// ids lists the albums in a fixed order.
func (w world) ids() []event.ID {
	var ids []event.ID
	for id := range w {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, event.ID.Compare)
	return ids
}

// question is a query of which the answer is computed in Go as well.
type question struct {
	text  string
	match func(a *album) bool
	order func(a, b *album) int
}

var questions = []question{
	{"", func(*album) bool { return true }, nil},
	{
		"year >= 1903 ORDER BY year DESC, name",
		func(a *album) bool { return a.Year >= 1903 },
		func(a, b *album) int { return cmp.Or(cmp.Compare(b.Year, a.Year), cmp.Compare(a.Name, b.Name)) },
	},
	{
		"name < 'c' ORDER BY name",
		func(a *album) bool { return a.Name < "c" },
		func(a, b *album) int { return cmp.Compare(a.Name, b.Name) },
	},
	{"year = 1902 OR artist = 'x'", func(a *album) bool { return a.Year == 1902 || a.Artist == "x" }, nil},
	{
		"ORDER BY year",
		func(*album) bool { return true },
		func(a, b *album) int { return cmp.Compare(a.Year, b.Year) },
	},
}

// window appends LIMIT and OFFSET.
func (q question) window(limit, offset int) string {
	text := q.text
	if limit >= 0 {
		text += fmt.Sprintf(" LIMIT %d", limit)
	}
	if offset > 0 {
		text += fmt.Sprintf(" OFFSET %d", offset)
	}
	return text
}

// answer is what should come, album by album.
func (q question) answer(w world, limit, offset int) []string {
	var found []*album
	for _, id := range w.ids() {
		if a := w[id]; !a.deleted && q.match(a) {
			found = append(found, a)
		}
	}
	if q.order != nil {
		slices.SortStableFunc(found, q.order)
	}
	found = found[min(offset, len(found)):]
	if limit >= 0 {
		found = found[:min(limit, len(found))]
	}
	lines := []string{}
	for _, a := range found {
		lines = append(lines, line(a.id, a.Album))
	}
	return lines
}

func line(id event.ID, a Album) string {
	return fmt.Sprintf("%v %s %s %d", id, a.Name, a.Artist, a.Year)
}

func lines(list []AlbumView) []string {
	all := []string{}
	for _, v := range list {
		all = append(all, line(v.ID(), Album{v.Name(), v.Artist(), v.Year()}))
	}
	return all
}

// drawAlbum draws from few values, so that queries find something and orders
// have ties.
func drawAlbum(t *rapid.T) Album {
	return Album{
		Name:   rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "name"),
		Artist: rapid.SampledFrom([]string{"x", "y", ""}).Draw(t, "artist"),
		Year:   rapid.IntRange(1900, 1905).Draw(t, "year"),
	}
}

// change does something at random to an album, in the transaction and in the world.
func change(t *rapid.T, ctx context.Context, tx *node.Tx, w world) {
	ids := w.ids()
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if len(ids) == 0 || kind == 0 {
		a := drawAlbum(t)
		m, err := albums.Create(tx, a)
		require.NoError(t, err)
		w[m.ID()] = &album{id: m.ID(), Album: a}
		return
	}
	a := w[rapid.SampledFrom(ids).Draw(t, "album")]
	switch {
	case a.deleted:
		require.NoError(t, albums.Undelete(ctx, tx, a.id))
		a.deleted = false
	case kind == 1:
		require.NoError(t, albums.Delete(ctx, tx, a.id))
		a.deleted = true
	case kind == 2:
		_, err := albums.Get(ctx, tx, a.id)
		require.NoError(t, err)
	default:
		m, err := albums.Edit(ctx, tx, a.id)
		require.NoError(t, err)
		drawn := drawAlbum(t)
		m.SetName(drawn.Name)
		a.Name = drawn.Name
		if kind > 3 {
			m.SetYear(drawn.Year)
			a.Year = drawn.Year
		}
	}
}

// ask compares the node's answer to a random question with the naive one.
func ask(t *rapid.T, ctx context.Context, r entity.Reader, w world) {
	q := rapid.SampledFrom(questions).Draw(t, "question")
	limit, offset := rapid.IntRange(-1, 5).Draw(t, "limit"), rapid.IntRange(0, 3).Draw(t, "offset")
	text := q.window(limit, offset)
	list, err := albums.Collect(ctx, r, text)
	require.NoError(t, err)
	require.Equal(t, q.answer(w, limit, offset), lines(list), "query %q", text)
}

// openWorld opens a node for one run of a random test.
func openWorld(t *rapid.T, options ...node.Option) (*node.Node, func()) {
	ctx := context.Background()
	engine, err := memory.Open()
	require.NoError(t, err)
	n, err := node.Open(ctx, engine, append(options, node.Models(albumSchema, noteSchema), node.WithPolicy(node.AllowAll()))...)
	require.NoError(t, err)
	return n, func() {
		require.NoError(t, n.Close(ctx))
		require.NoError(t, engine.Close())
	}
}

// TestReadsAgreeWithANaiveWorld runs random transactions, and looks from inside
// and from outside after every step. A failure prints how to run it again.
func TestReadsAgreeWithANaiveWorld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		n, done := openWorld(t)
		defer done()
		s := n.Session("prince")
		committed := world{}
		tx := s.Begin()
		for range rapid.IntRange(0, 20).Draw(t, "albums") {
			a := drawAlbum(t)
			m, err := albums.Create(tx, a)
			require.NoError(t, err)
			committed[m.ID()] = &album{id: m.ID(), Album: a}
		}
		_, err := tx.Commit(ctx)
		require.NoError(t, err)
		for range rapid.IntRange(1, 6).Draw(t, "transactions") {
			tx := s.Begin()
			mine := committed.clone()
			for range rapid.IntRange(0, 6).Draw(t, "changes") {
				change(t, ctx, tx, mine)
				ask(t, ctx, tx, mine)
				ask(t, ctx, s, committed)
			}
			if rapid.Bool().Draw(t, "commit") {
				_, err := tx.Commit(ctx)
				require.NoError(t, err)
				committed = mine
				for id, a := range committed {
					_, err := albums.Get(ctx, s, id)
					switch {
					case !a.deleted:
						require.NoError(t, err)
					case !errors.Is(err, entity.ErrDeleted):
						require.ErrorIs(t, err, entity.ErrNotFound)
						delete(committed, id) // created and deleted in one transaction
					}
				}
			} else {
				tx.Rollback()
			}
			ask(t, ctx, s, committed)
			count, err := albums.Count(ctx, s, "year > 1902")
			require.NoError(t, err)
			list, err := albums.Collect(ctx, s, "year > 1902")
			require.NoError(t, err)
			require.Len(t, list, count)
		}
	})
}

func TestNothingAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		tx := f.prince.Begin()
		for name, try := range map[string]func() error{
			"get":    func() error { _, err := f.prince.Get(f.ctx, nil, event.ID{}); return err },
			"fetch":  func() error { return firstError(f.prince.Fetch(f.ctx, nil)) },
			"count":  func() error { _, err := f.prince.Count(f.ctx, nil); return err },
			"query":  func() error { _, err := f.prince.Query(f.ctx, nil); return err },
			"past":   func() error { return firstError(f.prince.AsOf(time.Now()).Fetch(f.ctx, nil)) },
			"tx get": func() error { _, err := tx.Get(f.ctx, nil, event.ID{}); return err },
			"edit":   func() error { _, err := tx.Edit(f.ctx, nil, event.ID{}); return err },
			"create": func() error { _, err := tx.Create(nil, nil); return err },
			"tx all": func() error { return firstError(tx.Fetch(f.ctx, nil)) },
		} {
			require.ErrorIs(t, try(), node.ErrUnknownModel, name)
		}
	})
}

func TestFetchSeesOneCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		for i := range 10 {
			f.create(f.prince, Album{Name: fmt.Sprint(i), Year: 1900})
		}
		var years []int
		for v, err := range albums.Fetch(f.ctx, f.queen, "ORDER BY name") {
			require.NoError(t, err)
			years = append(years, v.Year())
			f.edit(f.prince, v.ID(), func(m AlbumMutable) { m.SetYear(2000) })
			f.create(f.prince, Album{Name: "zzz"})
		}
		require.Equal(t, slices.Repeat([]int{1900}, 10), years)
	})
}

func TestQueriesOfUnknownSchemas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		q, err := query.Parse("")
		require.NoError(t, err)
		other, err := q.Check(lenient)
		require.NoError(t, err)
		for _, err := range f.prince.Fetch(f.ctx, other) {
			require.ErrorIs(t, err, node.ErrUnknownModel)
			require.ErrorContains(t, err, "another schema")
		}
		_, err = f.prince.Query(f.ctx, other)
		require.ErrorIs(t, err, node.ErrUnknownModel)
		_, err = f.prince.Begin().Create(lenient, nil)
		require.ErrorIs(t, err, node.ErrUnknownModel)
	})
}
