//go:build !js

package memory_test

import (
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/storagetest"
)

var seedFlag = flag.Uint64("seed", 0, "of the comparison of plans with SQLite; 0 takes a new one")

// TestEveryPlanAgreesWithSQLite gives random schemas with random indexes, random rows and random queries
// to SQLite and to an engine, and wants the same rows in the same order from every plan there is.
func TestEveryPlanAgreesWithSQLite(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("to repeat: go test ./storage/memory -run %s -seed=%d", t.Name(), seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	plans, matched := 0, 0
	for range 12 {
		c := newContest(t, rng)
		for range 40 {
			p, m := c.round()
			plans, matched = plans+p, matched+m
		}
	}
	require.Greater(t, plans, 1000, "there is hardly a choice of plans")
	require.Greater(t, matched, 1000, "the queries hardly match anything")
}

// contest is one table, in an engine and in SQLite.
type contest struct {
	*testing.T
	rng    *rand.Rand
	schema *model.Schema
	view   storage.Snapshot
	db     *sql.DB
}

// kinds of columns, with few values, so that they meet.
var kinds = []struct {
	typ    model.Type
	values []any
}{
	{model.TypeInt, []any{-3, 0, 1, 2, 3, 7, 1 << 40}},
	{model.TypeFloat, []any{-1.5, 0.0, 0.5, 1.0, 2.0, 1e300}},
	{model.TypeString, []any{"", "a", "ab", "abc", "b", "B", "a b", "zoë"}},
	{model.TypeBool, []any{true, false}},
}

func newContest(t *testing.T, rng *rand.Rand) *contest {
	c := &contest{T: t, rng: rng}
	d := model.Definition{Model: "Thing", Collection: "things"}
	for i := range 3 + rng.IntN(3) {
		kind := kinds[rng.IntN(len(kinds))]
		d.Fields = append(d.Fields, model.Field{Name: fmt.Sprintf("c%d", i), Type: kind.typ, Optional: rng.IntN(2) == 0})
	}
	for i := range 1 + rng.IntN(5) {
		x := model.Index{Name: fmt.Sprintf("x%d", i), Covering: rng.IntN(4) == 0}
		for _, column := range rng.Perm(len(d.Fields))[:1+rng.IntN(3)] {
			x.Columns = append(x.Columns, model.IndexColumn{Field: column, Desc: rng.IntN(3) == 0})
		}
		d.Indexes = append(d.Indexes, x)
	}
	c.schema = model.NewSchema(d)
	engine, err := memory.Open()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	require.NoError(t, engine.Register(t.Context(), c.schema))
	c.db, err = sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.db.Close()) })
	c.db.SetMaxOpenConns(1) // every connection would have a memory of its own
	c.fill(engine)
	c.view, err = engine.Snapshot(t.Context())
	require.NoError(t, err)
	t.Cleanup(c.view.Close)
	return c
}

// fill makes rows, of which some are deleted, in both.
func (c *contest) fill(engine storage.Engine) {
	names := make([]string, len(c.schema.Fields()))
	for i, f := range c.schema.Fields() {
		names[i] = f.Name
	}
	c.exec("PRAGMA case_sensitive_like = ON")
	c.exec("CREATE TABLE things (id, " + strings.Join(names, ", ") + ")") // no types: nothing is converted
	world := storagetest.NewWorld(c.rng.Uint64(), 1)
	d := world.Begin()
	for range 20 + c.rng.IntN(100) {
		var pairs, args []any
		for i, f := range c.schema.Fields() {
			v := c.value(f.Type)
			if f.Optional && c.rng.IntN(3) == 0 {
				v = nil
			}
			pairs, args = append(pairs, names[i], v), append(args, v)
		}
		id := d.Create(c.schema, pairs...)
		if c.rng.IntN(8) == 0 {
			d.At(0).Delete(id, true)
			continue
		}
		c.exec("INSERT INTO things VALUES (?"+strings.Repeat(", ?", len(args))+")", append([]any{id.String()}, args...)...)
	}
	require.NoError(c, engine.Commit(c.Context(), d.Batch()))
}

func (c *contest) exec(text string, args ...any) {
	c.Helper()
	_, err := c.db.Exec(text, args...)
	require.NoError(c, err, text)
}

func (c *contest) value(typ model.Type) any {
	for _, kind := range kinds {
		if kind.typ == typ {
			return kind.values[c.rng.IntN(len(kind.values))]
		}
	}
	panic("no such kind")
}

// round asks both one query, which is spelled the same in both languages. It returns the number of plans
// and of rows.
func (c *contest) round() (plans, rows int) {
	where, order := c.predicate(3), c.order()
	window := ""
	if c.rng.IntN(2) == 0 {
		window = fmt.Sprintf(" LIMIT %d OFFSET %d", c.rng.IntN(12), c.rng.IntN(4))
	}
	want := c.ask("SELECT id FROM things WHERE " + where + " ORDER BY " + order + "id" + window)
	text := where + strings.TrimSuffix(" ORDER BY "+order, ", ") + window
	if order == "" {
		text = where + window
	}
	q, err := query.Parse(text)
	require.NoError(c, err, text)
	checked, err := q.Check(c.schema)
	require.NoError(c, err, text)
	all := plan.Plans(checked, c.schema.Indexes())
	for _, p := range all {
		var got []string
		for r, err := range c.view.Select(c.Context(), p) {
			require.NoError(c, err)
			got = append(got, r.Row.ID.String())
		}
		require.Equal(c, want, got, "%s\n%s\nindexes %v", text, p, c.schema.Indexes())
	}
	return len(all), len(want)
}

func (c *contest) ask(text string) (ids []string) {
	found, err := c.db.Query(text)
	require.NoError(c, err, text)
	defer found.Close()
	for found.Next() {
		var id string
		require.NoError(c, found.Scan(&id))
		ids = append(ids, id)
	}
	require.NoError(c, found.Err())
	return ids
}

func (c *contest) order() (text string) {
	for _, i := range c.rng.Perm(len(c.schema.Fields()))[:c.rng.IntN(3)] {
		text += c.schema.Fields()[i].Name + []string{"", " DESC", " NULLS LAST", " DESC NULLS FIRST"}[c.rng.IntN(4)] + ", "
	}
	return text
}

func (c *contest) predicate(depth int) string {
	if depth > 0 && c.rng.IntN(3) > 0 {
		parts := make([]string, 2+c.rng.IntN(2))
		for i := range parts {
			parts[i] = c.predicate(depth - 1)
		}
		switch c.rng.IntN(5) {
		case 0, 1:
			return "(" + strings.Join(parts, " AND ") + ")"
		case 2, 3:
			return "(" + strings.Join(parts, " OR ") + ")"
		}
		return "(NOT " + parts[0] + ")"
	}
	f := c.schema.Fields()[c.rng.IntN(len(c.schema.Fields()))]
	literal := func() string { return c.literal(f.Type) }
	switch n := c.rng.IntN(12); {
	case n < 5:
		return f.Name + " = " + literal()
	case n < 7:
		return f.Name + [...]string{" < ", " >= ", " <> "}[c.rng.IntN(3)] + literal()
	case n == 7:
		return f.Name + " IN (" + literal() + ", " + literal() + ", " + literal() + ")"
	case n == 8:
		return f.Name + " NOT IN (" + literal() + ", " + literal() + ")"
	case n == 9:
		return f.Name + " BETWEEN " + literal() + " AND " + literal()
	case n == 10 && f.Type == model.TypeString:
		return f.Name + " LIKE '" + [...]string{"a%", "%b", "a_", "%"}[c.rng.IntN(4)] + "'"
	}
	return f.Name + [...]string{" IS NULL", " IS NOT NULL"}[c.rng.IntN(2)]
}

func (c *contest) literal(typ model.Type) string {
	switch v := c.value(typ).(type) {
	case string:
		return "'" + v + "'"
	case bool:
		return strings.ToUpper(fmt.Sprint(v))
	default:
		return fmt.Sprint(v)
	}
}
