package storagetest

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

func referenceCases() []Case {
	return []Case{
		{
			Name: "references/every plan", needs: always, run: referencesEveryPlan,
			Rule: "every plan of a query that follows references has the same result: what the rows say when each reference of each is followed",
		},
	}
}

// band refers to itself and is what tracks refer to.
type bandTargets struct{ band *model.Schema }

func (t *bandTargets) Target(int) *model.Schema { return t.band }

// Tracks returns the schemas of two collections. A track has a band, which may have
// a parent; both references are indexed.
func Tracks() (tracks, bands *model.Schema) {
	t := &bandTargets{}
	column := func(n ...int) []model.IndexColumn {
		var all []model.IndexColumn
		for _, i := range n {
			all = append(all, model.IndexColumn{Field: i})
		}
		return all
	}
	bands = model.NewSchema(model.Definition{
		Model: "Band", Collection: "bands", Targets: t,
		Fields: []model.Field{
			{Name: "name", Type: model.TypeString},
			{Name: "parent", Type: model.TypeID, Optional: true, Ref: "bands"},
			{Name: "size", Type: model.TypeInt, Optional: true},
		},
		Indexes: []model.Index{{Name: "by_parent", Columns: column(1)}, {Name: "by_size", Columns: column(2)}},
	})
	t.band = bands
	tracks = model.NewSchema(model.Definition{
		Model: "Track", Collection: "tracks", Targets: t,
		Fields: []model.Field{
			{Name: "title", Type: model.TypeString},
			{Name: "band", Type: model.TypeID, Optional: true, Ref: "bands"},
			{Name: "guest", Type: model.TypeID, Optional: true, Ref: "bands"},
			{Name: "plays", Type: model.TypeInt},
		},
		Indexes: []model.Index{
			{Name: "by_band", Columns: column(1)},
			{Name: "by_plays", Columns: column(3, 1), Covering: true},
			{Name: "by_guest", Columns: column(2, 3)},
		},
	})
	return tracks, bands
}

func referencesEveryPlan(e *Env) {
	tracks, bands := Tracks()
	e.World = NewWorld(e.Options.seed(), 1)
	e.Register(tracks, bands)
	e.fillTracks(tracks, bands)
	v := e.View()
	for range e.Options.steps() {
		text := trackQuery(e.World.Rng)
		q := e.Ask(tracks, text)
		want := e.expectedJoined(q)
		plans := plan.Plans(q, tracks.Indexes())
		for _, p := range append(plans, plan.New(q, tracks.Indexes()), storage.Plan(e.Ctx, v, q)) {
			require.Equal(e, e.names(want), e.names(e.IDs(v, p)), "%s by %s (seed %d)", text, p, e.Options.seed())
			n, err := storage.Count(e.Ctx, v, p)
			require.NoError(e, err)
			require.Len(e, want, n, "count of %s by %s", text, p)
			work, n, err := storage.Trace(e.Ctx, v, p)
			require.NoError(e, err)
			require.Len(e, want, n, "trace of %s by %s", text, p)
			require.NotEmpty(e, p.Explain(q, &work).String())
		}
	}
}

// fillTracks makes bands of which some are deleted and some parents of others, of
// themselves or in circles, and tracks of which some refer to nothing, to what does not
// exist, or to what is no band.
func (e *Env) fillTracks(tracks, bands *model.Schema) {
	e.Helper()
	rng := e.World.Rng
	d := e.World.Begin()
	refs := []any{nil, event.ID{1, 2, 3}}
	for i := range 12 {
		refs = append(refs, d.Create(bands, "name", fmt.Sprint("b", i%5), "parent", refs[rng.IntN(len(refs))], "size", []any{nil, 1, 2, 3}[rng.IntN(4)]))
	}
	e.Commit(d.Batch())
	d = e.World.Begin()
	for _, ref := range refs[2:] {
		if rng.IntN(4) == 0 {
			d.Update(ref.(event.ID), "parent", refs[2+rng.IntN(len(refs)-2)])
		}
		if rng.IntN(6) == 0 {
			d.Delete(ref.(event.ID), true)
		}
	}
	for range 2 {
		refs = append(refs, d.Create(tracks, "title", "t1", "plays", 3))
	}
	for i := range 60 {
		id := d.Create(
			tracks, "title", fmt.Sprint("t", i%7), "plays", rng.IntN(6),
			"band", refs[rng.IntN(len(refs))], "guest", refs[rng.IntN(len(refs))],
		)
		if rng.IntN(12) == 0 {
			d.Delete(id, true)
		}
	}
	e.Commit(d.Batch())
}

// trackQuery writes a query that follows references.
func trackQuery(rng *rand.Rand) string {
	one := func(list ...string) string { return list[rng.IntN(len(list))] }
	leaf := func() string {
		behind := one("band.", "band.", "guest.", "band.parent.", "guest.parent.parent.", "")
		if behind == "" {
			return one("band = guest", "band.parent = band", "guest.parent.name = band.name", "band.name = title", "LEN(band.name) = plays",
				"band.size + 1 = guest.size", "guest = band.parent.parent", "band.parent IN (band, guest)", "plays = 3", "plays > 2", "title = 't1'", "band IS NULL", "guest IS NOT NULL", "title = 't1' OR plays = 1")
		}
		return behind + one("name = 'b1'", "name != 'b1'", "name IN ('b2', 'b3')", "size > 1", "size = 2", "size IS NULL", "size IS NOT NULL", "name LIKE 'b%'", "id IS NULL", "id != band", "created > '2000-01-01'", "size NOT IN (1, 2)", "name MATCH 'b1 OR b2'")
	}
	var condition func(depth int) string
	condition = func(depth int) string {
		if depth == 0 || rng.IntN(3) == 0 {
			return leaf()
		}
		return one("", "", "", "NOT ") + "(" + condition(depth-1) + one(" AND ", " AND ", " OR ") + condition(depth-1) + ")"
	}
	text := condition(2)
	if rng.IntN(2) == 0 {
		text += " ORDER BY " + one("plays", "plays DESC", "band.name, title", "band.size DESC NULLS LAST", "id DESC", "guest, plays")
	}
	if rng.IntN(2) == 0 {
		text += fmt.Sprintf(" LIMIT %d", rng.IntN(9))
		if rng.IntN(2) == 0 {
			text += fmt.Sprintf(" OFFSET %d", rng.IntN(4))
		}
	}
	return text
}

// expectedJoined returns what a query selects that follows references, by looking at
// all records of the world.
func (e *Env) expectedJoined(q *query.Checked) []event.ID {
	e.Helper()
	lookup := query.LookupFunc(func(s *model.Schema, id event.ID) (*model.Row, error) {
		if r := e.World.Record(id); r != nil && r.Collection == s.Collection() {
			return &r.Row, nil
		}
		return nil, nil
	})
	var rows []*model.Row
	for _, id := range e.World.IDs() {
		r := e.World.Record(id)
		if r.Collection != q.Schema().Collection() {
			continue
		}
		row, err := q.Join(lookup, &r.Row)
		require.NoError(e, err)
		if q.Match(row) {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, q.Compare)
	rows = rows[min(q.Offset(), len(rows)):]
	if limit, ok := q.Limit(); ok {
		rows = rows[:min(limit, len(rows))]
	}
	var ids []event.ID
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids
}
