package node_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node"
)

func TestExplain(t *testing.T) {
	f := start(t)
	for year := 1980; year < 1990; year++ {
		f.create(f.prince, Album{Name: "Album", Artist: "Prince", Year: year})
	}
	for _, test := range []struct{ text, want string }{
		{"year > 1985 AND name LIKE 'A%' ORDER BY year", `
query     year > 1985 AND name LIKE 'A%' ORDER BY year
plan      seek in index year, 1 range
bounds    year > 1985
by row    name LIKE 'A%'
order     as they are found
read      4 keys and 4 rows, of which 4 matched; expected about 10 keys
rows      expected about 1 of 10 to match, result 4
`},
		{"artist = 'Prince' ORDER BY name LIMIT 3", `
query     artist = 'Prince' ORDER BY name LIMIT 3
plan      scan the collection
by row    artist = 'Prince'
order     the first 3 are kept, sorted
read      10 rows, of which 10 matched
rows      expected about 0 of 10 to match, result 3
`},
		{"SELECT artist, COUNT(*) WHERE year IN (1981, 1983) GROUP BY artist", `
query     SELECT artist, COUNT(*) WHERE year IN (1981, 1983) GROUP BY artist
plan      seek in index year, 2 ranges
bounds    year IN (1981, 1983)
order     groups are sorted
read      2 keys and 2 rows, of which 2 matched; expected about 10 keys
rows      expected about 0 of 10 to match, result 1
`},
		{"year = 1981 AND year = 1982", `
query     year = 1981 AND year = 1982
plan      nothing is read, as no row can match
by row    year = 1981 AND year = 1982
order     by ID, as they are found
read      0 keys and 0 rows, of which 0 matched
rows      expected about 0 of 10 to match, result 0
`},
	} {
		e, err := albums.Explain(f.ctx, f.prince, test.text)
		require.NoError(t, err)
		require.Equal(t, strings.TrimPrefix(test.want, "\n"), e.String())
	}
	_, err := albums.Explain(f.ctx, f.prince, "year > 1985 AS OF '2024-01-01'")
	require.ErrorIs(t, err, node.ErrPast)
	_, err = albums.Explain(f.ctx, f.prince, "yaer > 1985")
	require.ErrorContains(t, err, "year")
	var _ entity.Explainer = f.prince
}
