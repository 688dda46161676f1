package postgres_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

func json(t testing.TB, text string) model.Value {
	j, err := model.ParseJSON(text)
	require.NoError(t, err)
	return model.OfJSON(j)
}

// awkward makes albums of values at which databases and Ank might differ.
func awkward(t testing.TB) (w *storagetest.World, b *storage.Batch, s *model.Schema) {
	s = storagetest.Albums()
	w = storagetest.NewWorld(1, 1)
	d := w.Begin()
	long := strings.Repeat("é", 127)
	for _, name := range []string{
		"", "a", "A", "ä", "Ä", "z", "_", "%", `\`, `a\b`, `a%b`, "a_b", "ab", "ﬀ", "ß", "ss", "K", "K", "\uE000", "\uFFFD", "\U00010000", "\U0010FFFF", "\uD7FF",
		"a\nb", "\t", " a", "a ", long, long + "é", long + "é1", long + "é2", long + "a", strings.Repeat("x", 9000), "purple rain", "rain purple", "Purple, Rain!",
	} {
		d.Create(s, "name", name, "artist", name)
	}
	for _, f := range []float64{0, 1, -1, 0.1, 0.2, 0.30000000000000004, 1 << 53, 1<<53 + 2, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN()} {
		d.Create(s, "score", f, "year", int(int16(int64(min(max(f, -9), 9)))))
	}
	for _, n := range []uint64{0, 1, 1 << 53, 1<<53 + 1, 1<<63 - 1, 1 << 63, math.MaxUint64} {
		d.Create(s, "plays", model.OfUint(n), "name", "uint")
	}
	for _, text := range []string{
		`{}`, `[]`, `[1]`, `[1.5,"x",null,true,[1],{"a":1}]`, `"x"`, `"X"`, `5`, `5.5`, `true`, `false`, `{"n":1}`, `{"n":"1"}`, `{"n":null}`, `{"n":[]}`, `{"n":true}`, `{"n":false}`,
		`{"n":9007199254740993}`, `{"n":9007199254740992}`, `{"n":18446744073709551615}`, `{"n":1e22}`, `{"n":1e-300}`, `{"n":0.1}`, `{"n":-5}`, `{"n":{"m":[10,20,{"k":"deep"}]}}`,
		`{"n":{"0":"key"}}`, `{"n":["position"]}`, `{"-1":"minus","n":[1,2]}`, `{"a b":1}`, `{"n":"é"}`, `{"n":"z"}`, `{"n":"a\u0001"}`, `["funk","rock"]`, `["funk",7]`, `[[1,2],[3]]`, `{"n":"purple rain"}`,
	} {
		d.Create(s, "tags", json(t, text))
	}
	for _, c := range [][]byte{{}, {0}, {255}, {0, 1}, []byte(strings.Repeat("\xff", 127)), []byte(strings.Repeat("\xff", 128)), []byte(strings.Repeat("\xff", 129)), []byte(strings.Repeat("\xff", 129) + "a")} {
		d.Create(s, "cover", c)
	}
	for _, at := range []time.Time{{}, time.Unix(0, 0), time.Unix(0, 1000), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Date(1582, 10, 4, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)} {
		d.Create(s, "released", at)
	}
	for _, l := range []int64{0, 1, -1, math.MaxInt64, math.MinInt64} {
		d.Create(s, "length", model.OfDuration(time.Duration(l)), "label", event.ID{byte(l), 1}, "live", l > 0)
	}
	gone := d.Create(s, "name", "gone")
	d.Delete(gone, true)
	return w, d.Batch(), s
}

// questions are asked of both engines. Those marked with ! the server answers alone.
var questions = []string{
	"!name = 'a'", "!name != 'a'", "!name < 'a'", "!name >= 'ä'", "!name > :long", "!name >= :long", "!name = :long", "!name <= :long", "!name < :longer", "!name > :longer",
	"!name IN ('a', 'ß', :longer)", "!name NOT IN ('a', 'ß', :longer)", "!name BETWEEN 'A' AND 'a'", "!artist IS NULL", "!artist IS NOT NULL AND artist != ''",
	"!name LIKE 'a%'", "!name LIKE '%b'", "!name LIKE '_'", "!name LIKE '__'", `!name LIKE '\'`, `!name LIKE 'a\%'`, "!name LIKE 'a!%b' ESCAPE '!'", "!name LIKE 'a!_%' ESCAPE '!'",
	"!name NOT LIKE 'a%'", "!name LIKE '\U0010FFFF%'", "!name LIKE '\uD7FF%'", "!name LIKE :prefix", "!name STARTS WITH 'a'", "!name STARTS WITH ''", "name ILIKE 'ss'", "name ILIKE 'k'", "name ILIKE 'ß'", "name ILIKE 'A%'",
	"!score = 'NaN'", "!score < 'NaN'", "!score >= 'Infinity'", "!score > 0.3", "!score = 0.30000000000000004", "!score != 0", "!score <= '-Infinity'", "!score IN (0.1, 'NaN', 1)", "!score NOT IN (0.1, 'NaN', 1)",
	"score > year", "score = year", "!year = year", "!name = artist", "!name < artist", "!name != artist", "year < plays",
	"!plays = 18446744073709551615", "!plays > 9223372036854775807", "!plays >= 9007199254740993", "!plays IN (1, 9223372036854775808)", "!plays NOT IN (1, 9223372036854775808)", "!plays < 1.5",
	"!released = '0001-01-01'", "!released > '1970-01-01'", "!released >= '1582-10-04' AND released < '1970-01-02'", "!released IS NULL",
	"!length > '0s'", "!length = '1ns'", "!length < '0s'", "!live", "!NOT live", "!live AND length > '1s' OR name = 'a' AND (year = 1 OR score > 5)",
	"!cover = x'00'", "!cover > x'00'", "!cover >= :bytes", "!cover > :bytes", "!cover <= :bytes", "!cover IN (x'ff', :bytes)",
	"!label IS NOT NULL", "!created >= '2026-01-01'", "!updated < '2026-01-01'",
	"!tags IS NULL", "!tags.n IS NULL", "!tags.n IS NOT NULL", "!tags.n IS MISSING", "!tags.n IS NOT MISSING", "!tags.n = 1", "!tags.n = '1'", "!tags.n != 1", "!tags.n != 'z'", "!tags.n > 0.05", "!tags.n < 1",
	"!tags.n >= 9007199254740993", "!tags.n = 9007199254740993", "!tags.n <= 1e22", "!tags.n > 'é'", "!tags.n < 'b'", "!tags.n = TRUE", "!tags.n != FALSE", "!tags.n = json'[]'", "!tags.n != json'[]'", "!tags = json'{}'", "!tags = 'x'",
	"!tags[0] = 1", "!tags.n[0] = 'position'", "!tags.n.0 = 'key'", "!tags.n.m[2].k = 'deep'", `tags."-1" = 'minus'`, `tags.n."-1" = 2`, `!tags."a b" = 1`, "tags.n LIKE 'p%'", "tags.n IN (1, 'z', -5)",
	"!tags CONTAINS 1", "!tags CONTAINS 'funk'", "!tags NOT CONTAINS 'funk'", "!tags CONTAINS ANY ('rock', 7)", "!tags CONTAINS ALL ('funk', 7)", "!tags CONTAINS TRUE", "tags CONTAINS json'[1]'", "!7 IN tags", "!tags.n CONTAINS 1", "tags CONTAINS json'[1,2]'",
	"!name MATCH 'purple'", "!name MATCH 'purple rain'", `name MATCH '"purple rain"'`, "name MATCH 'rain -purple'", "!name MATCH 'pur*'", "!name MATCH 'nothing OR rain'", "!name NOT MATCH 'rain'", `name NOT MATCH '"rain purple"'`, "tags.n MATCH 'rain'", "!name MATCH 'ss'",
	"LEN(name) = 2", "year + 1 = 2", "!FALSE", "!TRUE", "year + 1 = 2 OR name = 'a'", "name ILIKE 'a' AND score = 0",
}

var orders = []string{
	"", "!ORDER BY name", "!ORDER BY name DESC", "!ORDER BY artist NULLS LAST, name DESC", "!ORDER BY artist DESC NULLS FIRST", "!ORDER BY score DESC, name", "!ORDER BY plays, year DESC", "!ORDER BY released",
	"!ORDER BY length DESC NULLS FIRST", "!ORDER BY cover DESC", "!ORDER BY live DESC, label", "!ORDER BY updated DESC, id DESC", "!ORDER BY id DESC", "ORDER BY tags.n", "ORDER BY LEN(name) DESC",
}

// agreement asks two snapshots of the same.
type agreement struct {
	testing.TB
	schema      *model.Schema
	want, got   storage.Snapshot
	comparisons int
}

func (a *agreement) check(text string) *query.Checked {
	a.Helper()
	q, err := query.Parse(text)
	require.NoError(a, err, text)
	long := strings.Repeat("é", 128)
	all := map[string]any{"long": long, "longer": long + "1", "prefix": long + "%", "bytes": []byte(strings.Repeat("\xff", 129))}
	args := make(query.Named)
	for name, value := range all {
		if slices.ContainsFunc(q.Params(), func(p *query.ParamExpr) bool { return p.Name == name }) {
			args[name] = value
		}
	}
	q, err = q.Bind(args)
	require.NoError(a, err, text)
	c, err := q.Check(a.schema)
	require.NoError(a, err, text)
	return c
}

func (a *agreement) agree(c *query.Checked) []event.ID {
	a.Helper()
	p := plan.New(c, a.schema.Indexes())
	ids := func(s storage.Snapshot) (all []event.ID) {
		for r, err := range s.Select(context.Background(), p) {
			require.NoError(a, err, "%s", c)
			all = append(all, r.Row.ID)
		}
		return all
	}
	want, got := ids(a.want), ids(a.got)
	require.Equal(a, want, got, "%s", c)
	n, err := storage.Count(context.Background(), a.got, p)
	require.NoError(a, err)
	require.Equal(a, len(want), n, "count of %s", c)
	a.comparisons++
	return want
}

// TestQueriesAgree asks about awkward values in every order, and walks through results
// in pages: in the database of all tests, and in one that orders as dictionaries do.
func TestQueriesAgree(t *testing.T) {
	t.Run("C", func(t *testing.T) { queriesAgree(t, dsn()) })
	t.Run("en-US", func(t *testing.T) { queriesAgree(t, dictionary(t)) })
}

// dictionary makes a database in which a, A, ä and b are in this order. Servers before
// PostgreSQL 15 cannot make one everywhere.
func dictionary(t *testing.T) string {
	const name = "dictionary"
	if versionOf(t) < 150000 {
		t.Log("the server makes no databases that order as dictionaries do")
		return dsn()
	}
	execute(t, `DROP DATABASE IF EXISTS `+name)
	execute(t, `CREATE DATABASE `+name+` TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8' ENCODING 'UTF8'`)
	t.Cleanup(func() { execute(t, `DROP DATABASE `+name) })
	other := dsn() + " dbname=" + name // the last one counts
	conn, err := pgx.Connect(context.Background(), other)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var ordered bool
	require.NoError(t, conn.QueryRow(context.Background(), `SELECT 'a' < 'A' AND 'A' < 'ä' AND 'ä' < 'b'`).Scan(&ordered))
	require.True(t, ordered)
	return other
}

// versionOf is the server's version.
func versionOf(t *testing.T) (version int) {
	conn, err := pgx.Connect(context.Background(), dsn())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, conn.QueryRow(context.Background(), `SELECT current_setting('server_version_num')::int`).Scan(&version))
	return version
}

func queriesAgree(t *testing.T, dsn string) {
	_, b, s := awkward(t)
	e, err := postgres.Open(t.Context(), dsn, postgres.Options{Schema: newSchema(t)})
	require.NoError(t, err)
	defer e.Close()
	naive := storagetest.NewNaive()
	for _, e := range []storage.Engine{e, naive} {
		require.NoError(t, e.Register(t.Context(), s))
		require.NoError(t, e.Commit(t.Context(), b))
	}
	build(t, e)
	want, err := naive.Snapshot(t.Context())
	require.NoError(t, err)
	got, err := e.Snapshot(t.Context())
	require.NoError(t, err)
	defer got.Close()
	a := &agreement{TB: t, schema: s, want: want, got: got}
	for i, text := range questions {
		predicate, alone := strings.CutPrefix(text, "!")
		c := a.check(predicate)
		a.agree(c)
		require.Equal(t, !alone, len(postgres.Residual(got, c)) > 0, "whether rows are tested of %s", predicate)
		order := orders[i%len(orders)]
		a.agree(a.check(predicate + " " + strings.TrimPrefix(order, "!") + " LIMIT 5 OFFSET 1"))
	}
	for _, text := range orders {
		order, alone := strings.CutPrefix(text, "!")
		whole := a.agree(a.check(order))
		a.pages(order, whole, alone)
	}
	t.Logf("%d comparisons", a.comparisons)
}

// pages walks through a result with AFTER.
func (a *agreement) pages(order string, whole []event.ID, alone bool) {
	a.Helper()
	var walked []event.ID
	q, err := query.Parse(order + " LIMIT 7")
	require.NoError(a, err)
	for page := q; ; {
		c, err := page.Check(a.schema)
		require.NoError(a, err)
		if alone {
			require.Empty(a, postgres.Residual(a.got, c), "%s", c)
		}
		ids := a.agree(c)
		walked = append(walked, ids...)
		if len(ids) < 7 {
			break
		}
		r, err := a.want.State(context.Background(), "albums", ids[len(ids)-1])
		require.NoError(a, err)
		page = q.Begin(c.Cursor(&r.Row))
	}
	require.True(a, slices.Equal(whole, walked), "pages of %s are the whole", order)
}
