package query_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// ruleLine is a line of the table in the package comment: an expression, its
// value, and perhaps a remark.
var ruleLine = regexp.MustCompile(`^//\t(.+?)  +(TRUE|FALSE|NULL|error|none|'[^']*'|-?[0-9][-0-9.]*|[A-Z0-9.]+, [A-Z0-9.]+)(?: +[a-zA-Z=%>].*)?$`)

// TestRules evaluates every line of the table of types and NULL in the package
// comment, on the row that stands above it.
func TestRules(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, table, _ := strings.Cut(string(source), "\"tracks\": [{\"title\": \"a\"}]}.\n//\n")
	table, _, _ = strings.Cut(table, "//\n")
	lines := strings.Split(strings.TrimSuffix(table, "\n"), "\n")
	require.Greater(t, len(lines), 80, "where is the table?")
	for _, line := range lines {
		m := ruleLine.FindStringSubmatch(line)
		require.NotNil(t, m, line)
		checkRule(t, m[1], m[2])
	}
}

// purpleRain is the row of the table, and where its reference leads.
var purpleRain = row(1, map[string]model.Value{
	"name": model.OfString("Purple Rain"), "year": model.OfInt(1984), "length": model.OfDuration(44 * time.Minute),
	"released": model.OfTime(time.Date(1984, 6, 25, 0, 0, 0, 0, time.UTC)), "artist": model.OfID(id(2)),
	"tags": jsonValue(`["funk", "rock", null, 7]`), "meta": jsonValue(`{"n": 2, "x": null, "tracks": [{"title": "a"}]}`),
})

var prince = row(2, map[string]model.Value{"name": model.OfString("Prince")})

func jsonValue(text string) model.Value {
	j, err := model.ParseJSON(text)
	if err != nil {
		panic(err)
	}
	return model.OfJSON(j)
}

var princes = query.LookupFunc(func(s *model.Schema, who event.ID) (*model.Row, error) {
	if s == singer && who == id(2) {
		return prince, nil
	}
	return nil, nil
})

func checkRule(t *testing.T, text, want string) {
	c, err := checkedOf(text, record)
	if want == "error" || err != nil && !strings.Contains(text, "SELECT") {
		checkValueRule(t, text, want)
		return
	}
	require.NoError(t, err, text)
	if c.Grouping() != nil {
		checkGroupRule(t, c, want)
		return
	}
	require.Equal(t, want, truthOfRule(t, text), text)
}

// truthOfRule returns the truth value of a predicate.
func truthOfRule(t *testing.T, predicate string) string {
	switch {
	case matchesRule(t, predicate):
		return "TRUE"
	case matchesRule(t, "NOT ("+predicate+")"):
		return "FALSE"
	}
	return "NULL"
}

func matchesRule(t *testing.T, predicate string) bool {
	c, err := checkedOf(predicate, record)
	require.NoError(t, err, predicate)
	r, err := c.Join(princes, purpleRain)
	require.NoError(t, err)
	return c.Match(r)
}

// checkValueRule is for expressions that are no predicates.
func checkValueRule(t *testing.T, text, want string) {
	switch want {
	case "error":
		_, err := checkedOf(text, record)
		if err != nil && strings.Contains(err.Error(), "no predicate by itself") {
			_, err = checkedOf(text+" IS NULL", record)
		}
		require.Error(t, err, text)
	case "NULL":
		require.True(t, matchesRule(t, text+" IS NULL"), text)
	default:
		require.True(t, matchesRule(t, text+" = "+want), "%s = %s", text, want)
	}
}

// checkGroupRule compares the only group with what it should be.
func checkGroupRule(t *testing.T, c *query.Checked, want string) {
	rows, err := query.GroupRows(c, func(yield func(*model.Row, error) bool) {
		if r, err := c.Join(princes, purpleRain); c.Match(r) {
			yield(r, err)
		}
	})
	require.NoError(t, err)
	if want == "none" {
		require.Empty(t, rows)
		return
	}
	require.Len(t, rows, 1)
	var got []string
	for _, v := range c.Grouping().Values(rows[0]) {
		text := (&query.Query{Where: &query.LiteralExpr{Value: v}}).String()
		got = append(got, text)
	}
	require.Equal(t, want, strings.Join(got, ", "), c.String())
}
