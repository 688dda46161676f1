package query_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// TestPagesAreTheWhole turns over the pages of a random query by cursors, and
// compares them with the result in one piece.
func TestPagesAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapidDice(t))
		q := *w.query()
		q.Limit, q.Offset = nil, nil
		whole, err := q.Check(w.schema)
		require.NoError(t, err)
		rows := w.rows(12)
		want := w.window(whole, rows)

		var got []*model.Row
		var cursor query.Cursor
		for {
			page, err := q.Begin(cursor).Check(w.schema)
			require.NoError(t, err, q.String())
			text := page.String()
			page, err = checkedOf(text, w.schema)
			require.NoError(t, err, text)
			require.Equal(t, text, page.String())
			found := w.window(page, rows)
			if len(found) == 0 {
				break
			}
			found = found[:min(len(found), 1+w.dice(4))]
			got = append(got, found...)
			last, err := page.Join(w, found[len(found)-1])
			require.NoError(t, err)
			cursor, err = query.ParseCursor(page.Cursor(last).String())
			require.NoError(t, err)
		}
		require.True(t, slices.Equal(want, got), "%s", &q)
	})
}

func TestCursorsOfOtherQueries(t *testing.T) {
	c, err := checkedOf("ORDER BY year", record)
	require.NoError(t, err)
	cursor := c.Cursor(purpleRain)
	for text, want := range map[string]string{
		"ORDER BY year AFTER :c":              "",
		"live ORDER BY year AFTER :c LIMIT 5": "",
		"ORDER BY year AFTER ''":              "",
		"ORDER BY year DESC AFTER :c":         "query 1:26: the cursor is a place in another order",
		"AFTER :c":                            "query 1:7: the cursor is a place in another order",
		"SELECT COUNT(*) AFTER :c":            "query 1:23: AFTER goes through entities, not through groups",
		"ORDER BY year AFTER 'x'":             "query 1:21: that is no cursor",
	} {
		var args []any
		if strings.Contains(text, ":c") {
			args = append(args, query.Named{"c": cursor})
		}
		_, err := checkedOf(text, record, args...)
		if want == "" {
			require.NoError(t, err, text)
		} else {
			require.EqualError(t, err, want)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	c, err := checkedOf("ORDER BY year, name, price, meta.n, released", record)
	require.NoError(f, err)
	f.Add(c.Cursor(purpleRain).String())
	f.Add(base64.RawURLEncoding.EncodeToString(make([]byte, 40)))
	f.Fuzz(func(t *testing.T, text string) {
		cursor, err := query.ParseCursor(text)
		if err != nil {
			return
		}
		again, err := query.ParseCursor(cursor.String())
		require.NoError(t, err)
		require.Equal(t, cursor, again)
		q, err := query.Parse("ORDER BY year, name, price, meta.n, released AFTER ?")
		require.NoError(t, err)
		if q, err = q.Bind(cursor); err == nil {
			if page, err := q.Check(record); err == nil {
				page.Match(purpleRain)
			}
		}
	})
}
