package query_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/query"
)

var update = flag.Bool("update", false, "write testdata/errors.golden")

// TestErrorsPointAtTheMistake compares the errors of the queries in
// testdata/errors.txt, with the picture of each, to testdata/errors.golden.
func TestErrorsPointAtTheMistake(t *testing.T) {
	text, err := os.ReadFile("testdata/errors.txt")
	require.NoError(t, err)
	var got strings.Builder
	for _, block := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n\n") {
		title, source, _ := strings.Cut(block, "\n")
		e := errorOf(t, source)
		got.WriteString(title + "\n" + e.Error() + "\n" + e.Caret() + "\n\n")
		require.Equal(t, source, e.Text)
		require.Equal(t, source[e.Span.Start:e.Span.End], e.Token, source)
	}
	if *update {
		require.NoError(t, os.WriteFile("testdata/errors.golden", []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile("testdata/errors.golden")
	require.NoError(t, err)
	require.Equal(t, string(want), got.String(), "if it is as it should be: go test ./query -run %s -update", t.Name())
}

// errorOf returns the error of a query that is wrong for albums.
func errorOf(t *testing.T, text string) *query.Error {
	q, err := query.Parse(text)
	if err == nil {
		_, err = q.Check(album)
	}
	var e *query.Error
	require.ErrorAs(t, err, &e, text)
	return e
}

func TestErrorsHaveKinds(t *testing.T) {
	for text, want := range map[string]query.Kind{
		"year >":                        query.Syntax,
		"yaer > 5":                      query.Unknown,
		"year > 'x'":                    query.Mismatch,
		"year > ?":                      query.Argument,
		strings.Repeat("(", 200):        query.Limit,
		strings.Repeat(" ", 2<<20):      query.Limit,
		"a" + strings.Repeat(".a", 100): query.Limit,
	} {
		e := errorOf(t, text)
		require.Equal(t, want, e.Kind, e.Error())
		require.NotEmpty(t, e.Kind.String())
	}
}

func TestErrorsOfBuiltQueriesShowTheQuery(t *testing.T) {
	q := query.Where(query.Text[struct{}, string]("name").Eq("x").
		And(query.Number[struct{}, int]("name").Gt(5))).Query()
	_, err := q.Check(album)
	var e *query.Error
	require.True(t, errors.As(err, &e))
	require.Equal(t, "name = 'x' AND name > 5\n                      ^", e.Caret())
}
