package query_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// TestParseAndPrint shows how texts are read, by how they are printed; an empty
// want stands for the text itself.
func TestParseAndPrint(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{" \t\r\n ", ""},
		// Keywords in any case, names as they are.
		{"a = 1 and Not b oR c Is nOt null", "a = 1 AND NOT b OR c IS NOT NULL"},
		{"order BY a Desc NULLS first limit 1 offset 2", "ORDER BY a DESC NULLS FIRST LIMIT 1 OFFSET 2"},
		{"ORDER BY a ASC, b DESC, c.d", "ORDER BY a, b DESC, c.d"},
		{"a = 1 LIMIT ? OFFSET :skip", ""},
		{"OFFSET 2", ""},
		// Words that are keywords only in their place.
		{"first = 1 AND last = 2 AND nulls = 3 AND escape = 4 ORDER BY nulls NULLS LAST", ""},
		{"x = 1 AND json = 2", ""},
		// Precedence: OR, AND, NOT, comparisons.
		{"a OR b AND c", ""},
		{"(a OR b) AND c", ""},
		{"(a AND b) OR (c AND d)", "a AND b OR c AND d"},
		{"NOT a = 1 AND b", ""},
		{"NOT (a = 1 AND b)", ""},
		{"NOT (NOT a)", "NOT NOT a"},
		{"(NOT a) = b", ""},
		{"a = (NOT b)", ""},
		{"a = NOT b", "a = (NOT b)"},
		{"(a = 1) = (b = 2)", ""},
		{"a AND (b AND (c AND d))", "a AND b AND c AND d"},
		{"((((a)) OR b)) OR c", "a OR b OR c"},
		// Operators.
		{"a<>1 AND b!=2 AND c<=3 AND d>=4 AND e<5 AND f>6", "a != 1 AND b != 2 AND c <= 3 AND d >= 4 AND e < 5 AND f > 6"},
		{"a BETWEEN 1 AND 2 AND b", ""},
		{"a NOT BETWEEN 1 AND 2 OR b NOT IN (1) OR c NOT LIKE 'x' ESCAPE '!'", ""},
		{"a IN (1,2 , ?)", "a IN (1, 2, ?)"},
		{"a IN (b, :c)", ""},
		{"a IN () OR b NOT IN ( )", "a IN () OR b NOT IN ()"},
		{"a = b AND ? = :x", ""},
		{"a > -? AND -:n < 3 - -?", "a > 0 - ? AND 0 - :n < 3 - (0 - ?)"},
		// Literals.
		{"a = 'it''s' AND b = ''", ""},
		{"a = -1 AND b = +1 AND c = - 1", "a = -1 AND b = 1 AND c = -1"},
		{"a = 1.50 AND b = .5 AND c = 5. AND d = 1e3 AND e = -2.5E-3", "a = 1.5 AND b = 0.5 AND c = 5.0 AND d = 1000.0 AND e = -0.0025"},
		{"a = 1e21 AND b = 1e-7", "a = 1e+21 AND b = 1e-07"},
		{"a = 9223372036854775807 AND b = -9223372036854775808", ""},
		{"a = 9223372036854775808 AND b = 18446744073709551615", ""},
		{"a = 18446744073709551616 AND b = -9223372036854775809", "a = 1.8446744073709552e+19 AND b = -9.223372036854776e+18"},
		{"a = -0 AND b = -0.0", "a = 0 AND b = 0.0"},
		{"a = true AND b = False AND c = null", "a = TRUE AND b = FALSE AND c = NULL"},
		{"a = X'0AfF' AND b = x''", "a = x'0aff' AND b = x''"},
		{`a = JSON'{"b" : [1, "it''s"]}'`, `a = json'{"b":[1,"it''s"]}'`},
		// Names and paths.
		{`"order" = 1 AND "a b"."c""d" = 2 AND "plain" = 3`, `"order" = 1 AND "a b"."c""d" = 2 AND plain = 3`},
		{`"Größe" = 1 AND größe = 2`, "Größe = 1 AND größe = 2"},
		{`a."0".b = 1 AND a.1.2 = 3 AND a."01" = 4`, `a.0.b = 1 AND a.1.2 = 3 AND a.01 = 4`},
		{`a."".b = 1`, ""},
		{"a=1.5AND b", "unreachable"},
	} {
		q, err := query.Parse(test.text)
		if test.want == "unreachable" {
			require.Error(t, err, test.text)
			continue
		}
		require.NoError(t, err, test.text)
		want := test.want
		if want == "" {
			want = strings.TrimSpace(test.text)
		}
		require.Equal(t, want, q.String(), test.text)
		again, err := query.Parse(q.String())
		require.NoError(t, err, q.String())
		require.Empty(t, cmp.Diff(q, again, same), q.String())
	}
}

func TestSpansCoverTheirText(t *testing.T) {
	const text = "NOT a.b = 'x' AND (c IN (1, 2) OR d IS NULL) AND e LIKE '%' ESCAPE '!' AND f BETWEEN 1 AND -2"
	q, err := query.Parse(text)
	require.NoError(t, err)
	at := func(e query.Expr) string { return text[e.Span().Start:e.Span().End] }
	and := q.Where.(*query.AndExpr)
	require.Equal(t, text, at(and))
	require.Equal(t, "NOT a.b = 'x'", at(and.Terms[0]))
	require.Equal(t, "a.b = 'x'", at(and.Terms[0].(*query.NotExpr).X))
	require.Equal(t, "a.b", at(and.Terms[0].(*query.NotExpr).X.(*query.CompareExpr).X))
	require.Equal(t, "c IN (1, 2) OR d IS NULL", at(and.Terms[1]))
	require.Equal(t, "c IN (1, 2)", at(and.Terms[1].(*query.OrExpr).Terms[0]))
	require.Equal(t, "d IS NULL", at(and.Terms[1].(*query.OrExpr).Terms[1]))
	require.Equal(t, "e LIKE '%' ESCAPE '!'", at(and.Terms[2]))
	require.Equal(t, "f BETWEEN 1 AND -2", at(and.Terms[3]))
	require.Equal(t, "-2", at(and.Terms[3].(*query.BetweenExpr).High))
}

func TestLimits(t *testing.T) {
	nested := func(open, in, closed string, n int) string {
		return strings.Repeat(open, n) + in + strings.Repeat(closed, n)
	}
	for _, test := range []struct {
		ok, tooMuch string
		want        string
	}{
		{
			nested("(", "live", ")", query.MaxDepth-1), nested("(", "live", ")", query.MaxDepth),
			"query 1:129: parentheses and NOTs are at most 128 deep",
		},
		{
			nested("NOT ", "live", "", query.MaxDepth-1), nested("NOT ", "live", "", 100_000),
			"query 1:513: parentheses and NOTs are at most 128 deep",
		},
		{
			"year IN (1" + strings.Repeat(",1", query.MaxItems-1) + ")", "year IN (1" + strings.Repeat(",1", query.MaxItems) + ")",
			"query 1:32778: IN has at most 16384 items",
		},
		{
			"ORDER BY year" + strings.Repeat(", year", query.MaxKeys-1), "ORDER BY year" + strings.Repeat(", year", query.MaxKeys),
			"query 1:394: ORDER BY has at most 64 columns",
		},
		{
			"meta" + strings.Repeat(".a", query.MaxPath-1) + " = 1", "meta" + strings.Repeat(".a", query.MaxPath) + " = 1",
			"query 1:1: a path has at most 64 names",
		},
		{
			strings.Repeat(" ", query.MaxLength), strings.Repeat(" ", query.MaxLength+1),
			"query 1:1048577: a query is at most 1048576 bytes long",
		},
	} {
		q, err := query.Parse(test.ok)
		require.NoError(t, err)
		_, err = q.Check(album)
		require.NoError(t, err)
		_, err = query.Parse(test.tooMuch)
		require.EqualError(t, err, test.want)
	}
	// A long chain is no deep one.
	q, err := query.Parse("live" + strings.Repeat(" AND live OR live", 20_000))
	require.NoError(t, err)
	_, err = q.Check(album)
	require.NoError(t, err)
}

// TestCanonicalQueriesAreQueries: as deep as a query may be, its canonical text
// can be parsed.
func TestCanonicalQueriesAreQueries(t *testing.T) {
	for _, leaf := range []string{"live", "year NOT BETWEEN 1 AND 2", "year IN (1, 2)"} {
		refused := false
		for n := range query.MaxDepth {
			text := leaf
			for i := range n {
				text = fmt.Sprintf("(%s %s plays > %d)", text, []string{"AND", "OR"}[i%2], i)
			}
			q, err := query.Parse(text)
			if err != nil {
				require.Equal(t, query.MaxDepth-2, n)
				break
			}
			c, err := q.Check(album)
			if err != nil {
				require.ErrorContains(t, err, "the predicate is nested too deeply")
				refused = true
				continue
			}
			require.False(t, refused, "%d", n)
			canonical, err := query.Parse(c.String())
			require.NoError(t, err, c.String())
			again, err := canonical.Check(album)
			require.NoError(t, err, c.String())
			require.Equal(t, c.Key(), again.Key())
		}
		require.True(t, refused)
	}
}

func TestBuiltPredicatesHaveADepthToo(t *testing.T) {
	var deep query.Expr = &query.ColumnExpr{Path: []string{"live"}}
	for range 10_000 {
		deep = &query.NotExpr{X: &query.AndExpr{Terms: []query.Expr{deep, deep}}}
	}
	_, err := (&query.Query{Where: deep}).Check(album)
	require.EqualError(t, err, "query 1:1: the predicate is nested too deeply")
}

func TestTextThatIsNone(t *testing.T) {
	for text, want := range map[string]string{
		"name = '\xff'":   "query 1:9: the text is not valid UTF-8",
		"ä = '\xc3":       "query 1:6: the text is not valid UTF-8",
		"name = 'a\x00b'": "query 1:10: a string cannot contain U+0000",
		"name = \ufffd":   "query 1:8: unexpected \"\ufffd\"",
	} {
		_, err := query.Parse(text)
		require.EqualError(t, err, want)
	}
}

func TestReserved(t *testing.T) {
	for _, name := range []string{"order", "ORDER", "Between", "limit"} {
		require.True(t, query.Reserved(name), name)
	}
	for _, name := range []string{"orders", "first", "escape", "year", "a_very_long_name", ""} {
		require.False(t, query.Reserved(name), name)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "a = 1", "a.b.0 IN (1, 'x', ?) AND NOT (b LIKE 'a%' ESCAPE '!' OR c IS NULL)",
		"x BETWEEN -1.5e3 AND 9999999999999999999 ORDER BY a DESC NULLS LAST LIMIT 3 OFFSET :n",
		`"a""b" = x'00ff' AND j = json'{"a":[1,2]}'`, "year > 5 AND genre != NULL", "meta.a = 'x' OR live",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := query.Parse(text)
		if err != nil {
			var e *query.Error
			require.ErrorAs(t, err, &e)
			require.NotEmpty(t, e.Error())
			require.NotEmpty(t, e.Caret())
			return
		}
		printed := q.String()
		again, err := query.Parse(printed)
		require.NoError(t, err, printed)
		require.Empty(t, cmp.Diff(q, again, same), printed)
		require.Equal(t, printed, again.String())
		c, err := q.Check(album)
		if err != nil {
			return
		}
		r := row(1, map[string]model.Value{"name": model.OfString("x")})
		require.Equal(t, reference{world{schema: album}, r}.matches(q), c.Match(r), printed)
		canonical, err := query.Parse(c.String())
		require.NoError(t, err, c.String())
		checked, err := canonical.Check(album)
		require.NoError(t, err, c.String())
		require.Equal(t, c.Key(), checked.Key())
	})
}
