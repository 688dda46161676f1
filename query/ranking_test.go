package query_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// RANK() is of the whole predicate, wherever it stands, so that the canonical query
// has the same.
func TestRankInCanonicalQueries(t *testing.T) {
	rows := []*model.Row{
		row(1, map[string]model.Value{"name": model.OfString("a b"), "genre": model.OfString("b b")}),
		row(2, map[string]model.Value{"name": model.OfString("a a a"), "year": model.OfInt(2)}),
		row(3, map[string]model.Value{"name": model.OfString("c")}),
	}
	for _, text := range []string{
		"name MATCH 'a' AND RANK() > 0.5", "RANK() > 0.5 AND name MATCH 'a'", "name MATCH 'a' ORDER BY RANK() DESC",
		"name MATCH 'a' OR RANK() + year > 0 OR genre MATCH 'b'", "name MATCH 'a' AND name MATCH 'a' ORDER BY RANK() * 2",
		"name MATCH '' ORDER BY RANK() DESC, year", "name MATCH '-a' AND RANK() > 1", "TRUE OR name MATCH 'a' ORDER BY RANK() + year",
		"(name MATCH '' OR year = 2) AND RANK() < 1", "ORDER BY -year, 2 * year, (-year)", "year = 2 OR year > 1 AND RANK() > year AND name MATCH ''",
	} {
		q, err := query.Parse(text)
		require.NoError(t, err, text)
		c, err := q.Check(album)
		require.NoError(t, err, text)
		q, err = query.Parse(c.String())
		require.NoError(t, err, text)
		again, err := q.Check(album)
		require.NoError(t, err, "%s is %s", text, c)
		require.Equal(t, c.Key(), again.Key(), text)
		for _, a := range rows {
			require.Equal(t, c.Match(a), again.Match(a), text)
			for _, b := range rows {
				require.Equal(t, c.Compare(a, b), again.Compare(a, b), text)
			}
		}
	}
	for _, text := range []string{"ORDER BY RANK()", "NOT name MATCH 'a' ORDER BY RANK()", "RANK() > 1"} {
		q, err := query.Parse(text)
		require.NoError(t, err)
		_, err = q.Check(album)
		require.ErrorContains(t, err, "RANK() needs a MATCH", text)
	}
}
