package storagetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

func selectCases() []Case {
	return []Case{
		{
			Name: "select/every plan", needs: always, run: selectEveryPlan,
			Rule: "every plan of a query has the same result: the rows that match, in the query's order, within its window",
		},
		{
			Name: "select/key order", needs: always, run: selectKeyOrder,
			Rule: "rows of an index come in the order of values, with no regard to how values are encoded: empty and prefix strings, zero bytes, negative and special numbers, NULL",
		},
		{
			Name: "select/values changed", needs: always, run: selectChanged,
			Rule: "when a value changes, the row leaves its old place in every index and takes the new one",
		},
		{
			Name: "select/words", needs: always, run: selectWords,
			Rule: "a full-text index has every word of an entity once: what MATCH finds by it follows words that come and go, entities that are deleted and restored, and any order, window and other condition",
		},
		{
			Name: "select/window", needs: always, run: selectWindow,
			Rule: "LIMIT and OFFSET cut the ordered result, also beyond its end; LIMIT 0 is empty",
		},
		{
			Name: "select/unregistered", needs: always, run: selectUnregistered,
			Rule: "a query of a schema that is not registered, or whose indexes are others, is answered all the same",
		},
		{
			Name: "select/count", needs: always, run: selectCount,
			Rule: "Count is the number of rows that Select yields",
		},
	}
}

// plans returns every plan of a query.
func (e *Env) plans(s *model.Schema, text string, args ...any) []*plan.Plan {
	e.Helper()
	return plan.Plans(e.Ask(s, text, args...), s.Indexes())
}

// fill commits n random albums and some changes to them.
func (e *Env) fill(s *model.Schema, n int) {
	e.Helper()
	for range n / 20 {
		d := e.World.Begin()
		for range 20 {
			d.Create(s, somePairs(e.World.Rng, 0.7)...)
		}
		e.Commit(d.Batch())
		e.Commit(e.World.Step(s))
	}
}

// expected returns what a query selects, by looking at all records of the world.
func (e *Env) expected(p *plan.Plan) []event.ID {
	q := p.Query
	var list []*model.Row
	for _, id := range e.World.IDs() {
		r := e.World.Record(id)
		if r.Collection == q.Schema().Collection() && q.Match(&r.Row) {
			list = append(list, &r.Row)
		}
	}
	slices.SortFunc(list, q.Compare)
	list = list[min(q.Offset(), len(list)):]
	if limit, ok := q.Limit(); ok {
		list = list[:min(limit, len(list))]
	}
	var ids []event.ID
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	return ids
}

// checkPlans compares the results of plans of one query with what they should be.
func (e *Env) checkPlans(v storage.Snapshot, plans []*plan.Plan) {
	e.Helper()
	want := e.expected(plans[0])
	for _, p := range plans {
		e.checkSelect(v, p, want)
	}
}

// checkSelect compares the result of a plan with what it should be.
func (e *Env) checkSelect(v storage.Snapshot, p *plan.Plan, want []event.ID) {
	e.Helper()
	rows := Collect(e, v.Select(e.Ctx, p))
	var got []event.ID
	for _, r := range rows {
		got = append(got, r.Row.ID)
	}
	require.Equal(e, e.names(want), e.names(got), "%s by %s", p.Query, p)
	for _, r := range rows {
		record := *e.World.Record(r.Row.ID)
		record.Merge = r.Merge
		e.Equal(&record, r)
	}
}

// names makes IDs readable: entities are numbered as they were created.
func (e *Env) names(ids []event.ID) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = fmt.Sprintf("album %d", slices.Index(e.World.ids, id))
	}
	return names
}

func selectEveryPlan(e *Env) {
	s := Albums()
	e.Register(s)
	e.fill(s, 200)
	queries := []string{
		"", "ORDER BY name", "ORDER BY name DESC, id DESC", "year = 1986", "year > 1 ORDER BY year DESC",
		"artist = 'Kate' AND year >= 0 ORDER BY year DESC", "artist IS NULL ORDER BY artist, year DESC LIMIT 7",
		"artist = 'Kat' OR artist = 'Kate' OR year = 255 ORDER BY artist DESC NULLS FIRST LIMIT 5 OFFSET 2",
		"score < 0 ORDER BY score DESC LIMIT 4", "name LIKE 'a%' ORDER BY name DESC",
		"live AND plays > 1 ORDER BY plays DESC", "released IS NOT NULL ORDER BY released DESC LIMIT 10",
		"label IS NULL AND NOT live", "created > '2026-01-01' ORDER BY updated DESC LIMIT 9",
		"tags.color = 'red' ORDER BY tags.n, name", "year IN (0, 1, 255, 256, 9999) ORDER BY year, id",
		"year IN (0, 1, 255) ORDER BY name LIMIT 6", "FALSE", "live = TRUE AND live = FALSE",
	}
	v := e.View()
	for _, text := range queries {
		e.checkPlans(v, e.plans(s, text))
	}
}

func selectKeyOrder(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	for _, f := range albumFields() {
		for _, v := range pools[f.Name] {
			if v == nil && !f.Optional && f.Type != model.TypeJSON {
				continue
			}
			d.Create(s, f.Name, v)
		}
	}
	e.Commit(d.Batch())
	v := e.View()
	for _, column := range append(s.Names()[:0:0], s.Names()...) {
		if column == "tags" {
			continue
		}
		for _, order := range []string{"", " DESC", " NULLS LAST", " DESC NULLS FIRST"} {
			e.checkPlans(v, e.plansBy(s, column, "ORDER BY "+column+order))
		}
		for _, value := range pools[column] {
			if value == nil {
				continue
			}
			for _, op := range []string{"=", "<", "<=", ">", ">="} {
				e.checkPlans(v, e.plansBy(s, column, column+" "+op+" ? ORDER BY "+column, value))
			}
		}
	}
}

// plansBy returns the plans of a query that read an index which begins with a
// column, and the one that reads the whole collection.
func (e *Env) plansBy(s *model.Schema, column, text string, args ...any) []*plan.Plan {
	e.Helper()
	field, _ := s.Field(column)
	return slices.DeleteFunc(e.plans(s, text, args...), func(p *plan.Plan) bool {
		return p.Access == plan.Seek && s.Indexes()[p.Index].Columns[0].Field != field || p.Access == plan.Scan && p.Reverse
	})
}

func selectChanged(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	id := d.Create(s, "name", "a", "artist", "Kate", "year", 1, "live", true)
	e.Commit(d.Batch())
	changes := [][]any{
		{"name", "b"},
		{"artist", nil},
		{"artist", "Kat"},
		{"year", -1},
		{"live", false},
		{"score", 1.5, "plays", 7},
		{"name", "a", "year", 1},
		{"length", model.OfDuration(5)},
	}
	for _, pairs := range changes {
		d := e.World.Begin()
		d.Update(id, pairs...)
		e.Commit(d.Batch())
		v := e.View()
		for i, x := range s.Indexes() {
			if x.FullText {
				e.checkWords(v, s, i)
				continue
			}
			p := e.throughIndex(s, i)
			require.Equal(e, []event.ID{id}, e.IDs(v, p), "one entry in index %s after %v", s.Indexes()[i].Name, pairs)
			e.checkSelect(v, p, []event.ID{id})
		}
	}
}

// throughIndex returns a plan that reads one index from end to end.
func (e *Env) throughIndex(s *model.Schema, index int) *plan.Plan {
	e.Helper()
	for _, p := range e.plans(s, "") {
		if p.Access == plan.Seek && p.Index == index {
			return p
		}
	}
	e.Fatalf("no plan reads index %d", index)
	return nil
}

func selectWords(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	id := d.Create(s, "name", "a")
	long := d.Create(s, "name", strings.Repeat("l", 300)+" "+strings.Repeat("b ab ", 2000))
	e.Commit(d.Batch())
	for _, change := range []func(d *Draft){
		func(d *Draft) { d.Update(id, "name", "a b", "artist", "Kate Prince") },
		func(d *Draft) { d.Update(id, "year", 1986, "tags", tags(`{"color":"b red, a","red":["ab","long"]}`)) },
		func(d *Draft) { d.Update(id, "tags", tags(`{"color":"ab x","red":["long", 1],"long":true}`)) },
		func(d *Draft) { d.Update(id, "name", "b ab, Zoë: a _x b b") },
		func(d *Draft) { d.Update(id, "name", "AB B", "artist", nil) },
		func(d *Draft) { d.Update(long, "name", "long") },
		func(d *Draft) { d.Delete(id, true) },
		func(d *Draft) { d.Update(id, "name", "long and large") },
		func(d *Draft) { d.Delete(id, false) },
		func(d *Draft) { d.Update(id, "name", "") },
	} {
		d := e.World.Begin()
		change(d)
		e.Commit(d.Batch())
		e.checkIndexes(s)
	}
	e.fill(s, 60)
	d = e.World.Begin()
	d.Delete(long, true)
	e.Commit(d.Batch())
	v := e.View()
	for _, text := range []string{
		"id != ? OR name MATCH 'a'", "created > '2000-01-01' AND (id > ? OR name MATCH 'a')",
		"name MATCH 'b' ORDER BY RANK() DESC, name LIMIT 5", "name MATCH 'b ab' AND year > 0 ORDER BY id DESC LIMIT 3 OFFSET 1",
		"name MATCH 'a*' OR artist MATCH 'kate' OR year = 1986", "(name MATCH 'a' OR name = 'b') AND live",
		"tags.color MATCH 'red' AND name MATCH 'b' OR tags.red.0 MATCH 'a*'", "name MATCH 'b' AND artist MATCH 'prince OR kat*' ORDER BY year", "name MATCH 'b' AND id IN (?, ?)",
	} {
		args := []any{id, long}
		e.checkPlans(v, e.plans(s, text, args[:strings.Count(text, "?")]...))
	}
}

// checkWords compares what a full-text index has under every word with the records
// of the world.
func (e *Env) checkWords(v storage.Snapshot, s *model.Schema, index int) {
	e.Helper()
	field := s.Column(s.Indexes()[index].Columns[0].Field)
	for i, search := range searches {
		column := field.Name
		if field.Type == model.TypeJSON {
			column += [...]string{".color", ".red.0", "", ".red.1"}[i%4]
		}
		plans := e.plans(s, column+" MATCH ?", search)
		want := e.expected(plans[0])
		for _, p := range plans {
			if !reads(p, index) {
				continue
			}
			e.checkSelect(v, p, want)
			n, err := storage.Count(e.Ctx, v, p)
			require.NoError(e, err)
			require.Equal(e, len(want), n, "count of %q by %s", search, p)
		}
	}
}

// reads reports whether a plan, or a part of it, reads an index.
func reads(p *plan.Plan, index int) bool {
	return p.Access == plan.Seek && p.Index == index ||
		slices.ContainsFunc(p.Parts, func(part *plan.Plan) bool { return reads(part, index) })
}

func selectWindow(e *Env) {
	s := Albums()
	e.Register(s)
	d := e.World.Begin()
	for i := range 10 {
		d.Create(s, "year", i, "name", fmt.Sprint(i%3))
	}
	e.Commit(d.Batch())
	v := e.View()
	for _, order := range []string{"", "ORDER BY year", "ORDER BY year DESC", "ORDER BY name, year DESC", "ORDER BY plays, score"} {
		for _, limit := range []int{0, 1, 3, 10, 11} {
			for _, offset := range []int{0, 1, 9, 10, 11} {
				e.checkPlans(v, e.plans(s, fmt.Sprintf("%s LIMIT %d OFFSET %d", order, limit, offset)))
			}
		}
	}
}

func selectUnregistered(e *Env) {
	s := Albums()
	d := e.World.Begin()
	id := d.Create(s, "year", 1986)
	e.Commit(d.Batch())
	check := func(what string, schema *model.Schema) {
		e.Helper()
		for _, p := range e.plans(schema, "year = 1986") {
			require.Equal(e, []event.ID{id}, e.IDs(e.View(), p), "%s: %s", what, p)
		}
	}
	check("before any schema was registered", s)
	e.Register(AlbumsWith(albumIndexes()[2]))
	check("with more indexes than are registered", s)
	check("another schema with the same definition", AlbumsWith(albumIndexes()[2]))
	e.Register(Labels())
	check("after another collection was registered", s)
}

func selectCount(e *Env) {
	s := Albums()
	e.Register(s)
	e.fill(s, 60)
	v := e.View()
	for _, text := range []string{"", "year = 1986", "live", "live AND name = 'a'", "LIMIT 3", "year > 0 LIMIT 2 OFFSET 1", "LIMIT 0", "LIMIT 5 OFFSET 1000", "name LIKE '%a%'"} {
		for _, p := range e.plans(s, text) {
			n, err := storage.Count(e.Ctx, v, p)
			require.NoError(e, err)
			require.Equal(e, len(e.expected(p)), n, "count of %q by %s", text, p)
		}
	}
}
