package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestLargeCollection has indexes built beside commits and snapshots, and looks
// whether the server reads them.
func TestLargeCollection(t *testing.T) {
	const rows = 12_000
	schema := newSchema(t)
	o := postgres.Options{Schema: schema}
	e := open(t, dsn(), o)
	ctx := t.Context()
	albums := storagetest.AlbumsWith()
	require.NoError(t, e.Register(ctx, albums))
	w := storagetest.NewWorld(1, 1)
	for made := 0; made < rows; {
		d := w.Begin()
		for range 4000 {
			d.Create(albums, "name", fmt.Sprintf("name %d", made), "year", made%3000, "plays", made, "artist", fmt.Sprintf("artist w%d", made%500))
			made++
		}
		require.NoError(t, e.Commit(ctx, d.Batch()))
	}

	all := storagetest.Albums().Indexes()
	indexed := storagetest.AlbumsWith(all[0], all[1], all[2], all[11])
	require.NoError(t, e.Register(ctx, indexed))
	old, err := e.Snapshot(ctx)
	require.NoError(t, err)
	for range rows / 200 { // columns first: there are words now
		more, err := e.Build(ctx)
		require.NoError(t, err)
		require.True(t, more)
	}
	more, err := e.Build(ctx)
	require.NoError(t, err)
	require.True(t, more, "an index waits for a snapshot that was there before")
	d := w.Begin()
	id := d.Create(indexed, "year", 2999)
	require.NoError(t, e.Commit(ctx, d.Batch()), "commits go on")
	n, err := storage.Count(ctx, old, ask(t, indexed, "year = 2999"))
	require.NoError(t, err)
	require.Equal(t, 4, n)
	old.Close()
	build(t, e)
	requireAnalyzed(t, schema)
	status, err := e.Indexes(ctx)
	require.NoError(t, err)
	for _, x := range status {
		require.True(t, x.Ready, "index %d", x.Index)
	}
	ids, err := selected(t, e, indexed, "year = 2999")
	require.NoError(t, err)
	require.Len(t, ids, 5)
	require.Contains(t, ids, id)

	conn, err := pgx.Connect(ctx, dsn())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(ctx, fmt.Sprintf(`SET search_path = %q`, schema))
	require.NoError(t, err)
	var invalid int
	require.NoError(t, conn.QueryRow(ctx, `SELECT count(*) FROM pg_index WHERE NOT indisvalid AND indrelid = 'albums'::regclass`).Scan(&invalid))
	require.Zero(t, invalid, "what was not finished is removed")
	v, err := e.Snapshot(ctx)
	require.NoError(t, err)
	defer v.Close()
	for text, index := range map[string]string{
		"year = 7":                                     "albums_by_year",
		"year > 2900 ORDER BY year LIMIT 5":            "albums_by_year",
		"year > 2900 ORDER BY year, id":                "albums_by_year",
		"name = 'name 77'":                             "albums_by_name",
		"name LIKE 'name 77%'":                         "albums_by_name",
		"ORDER BY name DESC LIMIT 3":                   "albums_by_name",
		"name IN ('name 1', 'name 2')":                 "albums_by_name",
		"artist = 'artist w7' AND year > 100":          "albums_by_artist",
		"artist = 'artist w7' ORDER BY year DESC":      "albums_by_artist",
		"artist MATCH 'w7'":                            "_words_",
		"artist MATCH 'w7 OR w8' AND name LIKE '%1'":   "_words_",
		"id = '01KDVDNA011X46RT2JFNC7VA1S'":            "albums_pkey",
		"name = 'name 77' OR year = 7 AND plays > 100": "albums_by_year",
	} {
		require.Contains(t, explained(t, conn, v, indexed, text), index, text)
	}
}

// explained is the plan that the server makes for a query.
func explained(t testing.TB, conn *pgx.Conn, v storage.Snapshot, s *model.Schema, text string) string {
	t.Helper()
	q, err := query.Parse(text)
	require.NoError(t, err)
	c, err := q.Check(s)
	require.NoError(t, err)
	sql, args := postgres.Statement(v, plan.New(c, s.Indexes()).Query)
	rows, err := conn.Query(context.Background(), "EXPLAIN "+sql, args...)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return strings.Join(lines, "\n")
}

// requireAnalyzed fails unless the server knows how the values of an indexed column are
// spread.
func requireAnalyzed(t *testing.T, schema string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	var columns int
	err = conn.QueryRow(t.Context(), `
		SELECT count(*) FROM pg_stats WHERE schemaname = $1 AND tablename = 'albums' AND attname = 'year'`, schema).Scan(&columns)
	require.NoError(t, err)
	require.Equal(t, 1, columns)
}
