package query_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

func written(t testing.TB, text string) *query.Query {
	t.Helper()
	q, err := query.Parse(text)
	require.NoError(t, err)
	return q
}

func checked(t testing.TB, text string) *query.Checked {
	t.Helper()
	q, err := query.Parse(text)
	require.NoError(t, err, text)
	c, err := q.Check(album)
	require.NoError(t, err, text)
	return c
}

// evaluate returns the truth value of a predicate on a row: a query shows only
// whether it is TRUE, so the negation is asked too.
func evaluate(t *testing.T, predicate string, r *model.Row) truth {
	t.Helper()
	is, isNot := checked(t, predicate).Match(r), checked(t, "NOT ("+predicate+")").Match(r)
	switch {
	case is && isNot:
		t.Fatalf("%s is TRUE and FALSE", predicate)
	case is:
		return yes
	case isNot:
		return no
	}
	return null
}

// TestThreeValuedLogic spells the truth tables out.
func TestThreeValuedLogic(t *testing.T) {
	values := []truth{yes, null, no}
	and := [3][3]truth{
		{yes, null, no},
		{null, null, no},
		{no, no, no},
	}
	or := [3][3]truth{
		{yes, yes, yes},
		{yes, null, null},
		{yes, null, no},
	}
	not := [3]truth{no, null, yes}
	for i, a := range values {
		for j, b := range values {
			r := row(1, map[string]model.Value{"signed": boolOf(a), "genre": textOf(b)})
			require.Equal(t, and[i][j], evaluate(t, "signed AND genre = 'yes'", r), "%d AND %d", a, b)
			require.Equal(t, or[i][j], evaluate(t, "signed OR genre = 'yes'", r), "%d OR %d", a, b)
			require.Equal(t, and[i][j], evaluate(t, "NOT (NOT signed OR NOT genre = 'yes')", r), "%d AND %d", a, b)
		}
		r := row(1, map[string]model.Value{"signed": boolOf(a)})
		require.Equal(t, not[i], evaluate(t, "NOT signed", r), "NOT %d", a)
		require.Equal(t, a, evaluate(t, "signed", r))
		require.Equal(t, a, evaluate(t, "signed = TRUE", r))
		require.Equal(t, not[i], evaluate(t, "signed = FALSE", r))
	}
}

func boolOf(v truth) model.Value {
	if v == null {
		return model.Null
	}
	return model.OfBool(v == yes)
}

func textOf(v truth) model.Value {
	return map[truth]model.Value{yes: model.OfString("yes"), no: model.OfString("no")}[v]
}

// TestNullRules shows what NULL does in every operator.
func TestNullRules(t *testing.T) {
	r := row(1, map[string]model.Value{"name": model.OfString("x"), "year": model.OfInt(5)})
	for predicate, want := range map[string]truth{
		"genre = 'x'":                  null, // genre is NULL here
		"genre != 'x'":                 null,
		"genre = NULL":                 null,
		"year = NULL":                  null,
		"NULL = NULL":                  null,
		"NULL":                         null,
		"genre IS NULL":                yes,
		"genre IS NOT NULL":            no,
		"year IS NULL":                 no,
		"NULL IS NULL":                 yes,
		"5 IS NULL":                    no,
		"genre = genre":                null,
		"genre IN ('x')":               null,
		"genre IN ()":                  no,
		"genre NOT IN ()":              yes,
		"year IN (5, NULL)":            yes,
		"year IN (6, NULL)":            null,
		"year NOT IN (5, NULL)":        no,
		"year NOT IN (6, NULL)":        null,
		"year IN (NULL)":               null,
		"5 IN (year, discs)":           yes,
		"6 IN (year, discs)":           null,
		"year BETWEEN 1 AND NULL":      null,
		"year BETWEEN 6 AND NULL":      no,
		"year NOT BETWEEN 6 AND NULL":  yes,
		"genre BETWEEN 'a' AND 'b'":    null,
		"5 BETWEEN year AND 9":         yes,
		"genre LIKE '%'":               null,
		"name LIKE NULL":               null,
		"NULL LIKE 'x'":                null,
		"'abc' LIKE 'a%'":              yes,
		"name LIKE '%'":                yes,
		"meta.x = 1":                   null, // there is no meta
		"meta IS NULL":                 yes,
		"meta.x IS NULL":               yes,
		"plays = 0":                    yes, // never written, and not optional
		"released > '2024-01-01'":      null,
		"genre = 'x' OR year = 5":      yes,
		"genre = 'x' AND year = 6":     no,
		"NOT genre = 'x' OR year = 6":  null,
		"TRUE AND NOT FALSE":           yes,
		"TRUE AND NULL":                null,
		"1 < 2 AND 'a' < 'b'":          yes,
		"1 = 1.0":                      yes,
		"signed OR NOT signed":         null,
		"created = updated":            no,
		"created < updated":            yes,
		"id != artist":                 null,
		"year = discs OR year > plays": yes,
	} {
		require.Equal(t, want, evaluate(t, predicate, r), predicate)
		// The textbook agrees.
		q, err := query.Parse(predicate)
		require.NoError(t, err)
		require.Equal(t, want, (reference{world{schema: album}, r}).eval(q.Where), predicate)
	}
}

// TestNumbersAreExact compares integer columns with what is no integer, or too
// large for one.
// TestNullInAListHidesNoMistake: what a list holds is checked whole, whatever
// the NULL before it decides.
func TestNullInAListHidesNoMistake(t *testing.T) {
	for _, text := range []string{"year IN (NULL, 'x')", "year NOT IN (NULL, 'x')", "NOT year IN (NULL, 'x')"} {
		e := errorOf(t, text)
		require.Equal(t, query.Mismatch, e.Kind, text)
		require.Equal(t, "'x'", e.Token, text)
	}
}

func TestNumbersAreExact(t *testing.T) {
	for _, test := range []struct {
		predicate, want string // canonical
	}{
		{"year > 1985.5", "year > 1985"},
		{"year >= 1985.5", "year > 1985"},
		{"year < 1985.5", "year <= 1985"},
		{"year <= 1985.5", "year <= 1985"},
		{"year < -1985.5", "year < -1985"},
		{"year > -1985.5", "year >= -1985"},
		{"year = 1985.5", "FALSE"},
		{"year != 1985.5", "TRUE"},
		{"discs != 1.5", "discs IS NOT NULL"},
		{"NOT discs = 1.5", "discs IS NOT NULL"},
		{"year = 1985.0", "year = 1985"},
		{"year IN (1985.5, 1986, 1986.0)", "year = 1986"},
		{"discs NOT IN (1.5)", "discs IS NOT NULL"},
		{"year < 1e30", "TRUE"},
		{"year > 99999999999999999999", "FALSE"},
		{"year > -1e30", "TRUE"},
		{"discs = 1000", "FALSE"},
		{"discs < 1000", "discs IS NOT NULL"},
		{"plays > -1", "TRUE"},
		{"plays = -1", "FALSE"},
		{"plays <= 18446744073709551615", "plays <= 18446744073709551615"},
		{"year < 9007199254740993.0", "year < 9007199254740992"}, // 2^53+1 is no float64
		{"rating > 9007199254740993", "rating > 9.007199254740992e+15"},
		{"rating < 9007199254740993", "rating <= 9.007199254740992e+15"},
		{"rating = 9007199254740993", "FALSE"},
		{"rating = 5", "rating = 5.0"},
		{"rating < 'NaN' AND rating > '-Infinity'", "rating < 'NaN' AND rating > '-Infinity'"},
		{"year < 'Infinity'", "TRUE"},
		{"discs < 127.5", "discs IS NOT NULL"},
		{"discs > 126.5", "discs > 126"},
		{"discs <= 127", "discs <= 127"},
		{"released > '2024-01-01'", "released > '2024-01-01T00:00:00Z'"},
		{"released = '2024-01-01T00:00:00.0000001Z'", "FALSE"},
		{"released < '2024-01-01T00:00:00.0000001Z'", "released <= '2024-01-01T00:00:00Z'"},
		{"released > '2024-01-01T01:00:00+01:00'", "released > '2024-01-01T00:00:00Z'"},
		{"length > '90m'", "length > '1h30m0s'"},
		{"artist = '01hk153xz80000000000000001'", "artist = '01HK153XZ80000000000000001'"},
	} {
		require.Equal(t, test.want, orTrue(checked(t, test.predicate).String()), test.predicate)
	}
}

// orTrue shows the query for everything, which has no text.
func orTrue(text string) string {
	if text == "" {
		return "TRUE"
	}
	return text
}

// TestCanonicalForms shows which spellings are one query.
func TestCanonicalForms(t *testing.T) {
	for _, group := range [][]string{
		{"name = 'a' AND year = 1", "year = 1 AND name = 'a'", "NOT (year != 1 OR 'a' != name)", "(year = 1 AND TRUE) AND name = 'a' AND name = 'a'"},
		{"year BETWEEN 1 AND 5", "year >= 1 AND year <= 5", "NOT (year < 1 OR year > 5)", "5 >= year AND 1 <= year"},
		{"year IN (2, 1)", "year IN (1, 2, 1, 2.0)", "NOT year NOT IN (2, 1)", "year IN (1, 2, NULL)"},
		{"year IN (1)", "year = 1", "1 = year", "year IN (1, NULL)"},
		{"live", "live = TRUE", "live != FALSE", "NOT NOT live", "live > FALSE", "live IN (TRUE)", "NOT live = FALSE"},
		{"name LIKE 'abc'", "name = 'abc'", "name LIKE '!a!b!c' ESCAPE '!'", "name IN ('abc')"},
		{"name LIKE 'a!%%' ESCAPE '!'", `name LIKE 'a\%%' ESCAPE '\'`, "name LIKE 'a!%%%' ESCAPE '!'"},
		{"genre LIKE '%'", "genre IS NOT NULL", "NOT genre IS NULL", "genre LIKE '%%'"},
		{"", "TRUE", "year IS NOT NULL", "1 = 1", "live OR TRUE", "OFFSET 0", "name LIKE '%'"},
		{"FALSE", "NULL", "year IS NULL", "year = NULL", "live AND NULL", "year IN ()"},
		{"ORDER BY genre", "ORDER BY genre ASC NULLS FIRST", "ORDER BY genre, genre DESC"},
		{"ORDER BY year", "ORDER BY year NULLS LAST"},
		{"ORDER BY id", "ORDER BY id, year"},
		{"year < plays", "plays > year"},
		{"meta.n = 1", "meta.n = 1.0", `meta.n = json'1'`},
	} {
		want := checked(t, group[0])
		for _, other := range group[1:] {
			require.Equal(t, want.Key(), checked(t, other).Key(), other)
			require.True(t, want.Equal(checked(t, other)), other)
		}
	}
	require.NotEqual(t, checked(t, "year < 1").Key(), checked(t, "year <= 1").Key())
	require.False(t, checked(t, "year < 1").Equal(checked(t, "year <= 1")))
	require.False(t, checked(t, "year < 1").Equal(nil))
	require.False(t, written(t, "year < 1").Equal(written(t, "1 > year")), "a tree knows no meaning")
	require.True(t, written(t, "year < 1").Equal(written(t, "(year)  <  1")))
	require.NotEqual(t, checked(t, "LIMIT 1").Key(), checked(t, "LIMIT 2").Key())
	require.NotEqual(t, checked(t, "ORDER BY genre").Key(), checked(t, "ORDER BY genre NULLS LAST").Key())
	require.Contains(t, checked(t, "live").Key(), "albums")
}

// TestJSONKinds shows that what is in JSON compares within its kind only.
func TestJSONKinds(t *testing.T) {
	j, err := model.ParseJSON(`{"n": 5, "s": "5", "b": true, "list": [1, "x"], "o": {"deep": null}}`)
	require.NoError(t, err)
	r := row(1, map[string]model.Value{"meta": model.OfJSON(j)})
	for predicate, want := range map[string]truth{
		"meta.n = 5":                     yes,
		"meta.n = 5.0":                   yes,
		"meta.n = '5'":                   no,
		"meta.n != '5'":                  yes,
		"meta.n < '6'":                   null,
		"meta.n > 4 AND meta.n < 5.5":    yes,
		"meta.s = '5'":                   yes,
		"meta.s > 4":                     null,
		"meta.s LIKE '_'":                yes,
		"meta.n LIKE '5'":                null,
		"meta.b":                         yes,
		"meta.n":                         null, // no truth value
		"meta.s IN (5, '5')":             yes,
		"meta.s NOT IN (5)":              yes,
		"meta.list.0 = 1":                yes,
		"meta.list.1 = 'x'":              yes,
		"meta.list.2 IS NULL":            yes,
		"meta.list = json'[1,\"x\"]'":    yes,
		"meta.o.deep IS NULL":            yes,
		"meta.o = json'{\"deep\":null}'": yes,
		"meta.n = meta.s":                no,
		"meta.n < meta.s":                null,
		"meta.n = meta.n":                yes,
		"meta.n = year":                  no,
		"meta IS NOT NULL":               yes,
		"meta.s = name":                  no,
		"meta.list < meta.o":             null,
	} {
		require.Equal(t, want, evaluate(t, predicate, r), predicate)
	}
}

func TestDeletedRowsDoNotMatch(t *testing.T) {
	r := row(1, nil)
	require.True(t, checked(t, "").Match(r))
	r.Deleted = true
	require.False(t, checked(t, "").Match(r))
	require.False(t, checked(t, "year = 0").Match(r))
}

func TestCompareOrdersRows(t *testing.T) {
	rows := map[string]*model.Row{
		"a": row(1, map[string]model.Value{"genre": model.OfString("x"), "year": model.OfInt(2)}),
		"b": row(2, map[string]model.Value{"genre": model.OfString("x"), "year": model.OfInt(1)}),
		"c": row(3, map[string]model.Value{"year": model.OfInt(1)}),
		"d": row(4, map[string]model.Value{"genre": model.OfString("w")}),
	}
	for text, want := range map[string]string{
		"":                                "abcd",
		"ORDER BY id DESC":                "dcba",
		"ORDER BY created DESC":           "dcba",
		"ORDER BY updated":                "abcd",
		"ORDER BY genre":                  "cdab",
		"ORDER BY genre DESC":             "abdc",
		"ORDER BY genre NULLS LAST":       "dabc",
		"ORDER BY genre DESC NULLS FIRST": "cabd",
		"ORDER BY genre, year":            "cdba",
		"ORDER BY year DESC, genre DESC":  "abcd",
		"ORDER BY genre DESC, id DESC":    "badc",
		"ORDER BY year, id DESC, genre":   "dcba",
		"ORDER BY meta.a DESC, year":      "dbca",
	} {
		var got string
		for _, r := range (world{schema: album}).window(checked(t, text), []*model.Row{rows["d"], rows["b"], rows["c"], rows["a"]}) {
			for name := range rows {
				if rows[name] == r {
					got += name
				}
			}
		}
		require.Equal(t, want, got, text)
	}
	c := checked(t, "ORDER BY year DESC")
	require.Zero(t, c.Compare(rows["a"], rows["a"]))
	require.Equal(t, []query.OrderKey{{Column: 2, Desc: true}}, c.Order())
}
