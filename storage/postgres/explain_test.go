package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestExplain shows that what is not left to the server is said.
func TestExplain(t *testing.T) {
	e := open(t, dsn()+" ank_schema="+newSchema(t), postgres.Options{})
	albums := storagetest.Albums()
	require.NoError(t, e.Register(t.Context(), albums))
	w := storagetest.NewWorld(1, 1)
	d := w.Begin()
	d.Create(albums, "name", "Parade", "year", 1986)
	d.Create(albums, "name", "Lovesexy", "year", 1988)
	d.Create(albums, "name", "1999", "year", 1982)
	require.NoError(t, e.Commit(t.Context(), d.Batch()))
	v, err := e.Snapshot(t.Context())
	require.NoError(t, err)
	defer v.Close()
	for text, want := range map[string]string{
		"year > 1985 ORDER BY year LIMIT 1": `query     year > 1985 ORDER BY year LIMIT 1
plan      the server's own, for SELECT id, _row FROM "albums" WHERE NOT _deleted AND "year" > $1::bigint ORDER BY "year" ASC NULLS FIRST, id ASC LIMIT 1
by server year > 1985
order     by the server
read      1 row from the server, of which 1 matched
`,
		"year > 1985 AND name ILIKE 'PAR%' ORDER BY LEN(name)": `query     year > 1985 AND name ILIKE 'par%' ORDER BY LEN(name)
plan      the server's own, for SELECT id, _row FROM "albums" WHERE NOT _deleted AND "year" > $1::bigint
by server year > 1985
by row    name ILIKE 'par%'
order     sorted
read      2 rows from the server, of which 1 matched
`,
	} {
		q, err := query.Parse(text)
		require.NoError(t, err)
		c, err := q.Check(albums)
		require.NoError(t, err)
		p := plan.New(c, albums.Indexes())
		work, n, err := storage.Trace(t.Context(), v, p)
		require.NoError(t, err)
		x := p.Explain(c, &work)
		x.Total, x.Result = 3, n
		require.Contains(t, x.String(), want)
	}
}
