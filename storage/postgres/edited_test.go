package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

// ask returns the plan of a query.
func ask(t testing.TB, s *model.Schema, text string) *plan.Plan {
	t.Helper()
	q, err := query.Parse(text)
	require.NoError(t, err)
	c, err := q.Check(s)
	require.NoError(t, err)
	return plan.New(c, s.Indexes())
}

// selected returns the entities that a query selects, and the error that it ends with.
func selected(t testing.TB, e storage.Engine, s *model.Schema, text string) (ids []event.ID, err error) {
	t.Helper()
	v, err := e.Snapshot(context.Background())
	require.NoError(t, err)
	defer v.Close()
	for r, err := range v.Select(context.Background(), ask(t, s, text)) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, r.Row.ID)
	}
	return ids, nil
}

// build builds all indexes.
func build(t testing.TB, e storage.Engine) {
	t.Helper()
	for more := true; more; {
		var err error
		more, err = e.Build(context.Background())
		require.NoError(t, err)
	}
}

// TestTablesEditedByHand changes tables behind the engine's back: it shows an error, or
// verifying does, and never a row that is wrong.
func TestTablesEditedByHand(t *testing.T) {
	albums := storagetest.Albums()
	for _, c := range []struct {
		name, edit string
		query      string // what notices, "" if only verifying does
		verify     string // what verifying says
	}{
		{name: "a column", edit: `UPDATE albums SET year = 2000`, query: "year = 2000 LIMIT 1", verify: "column \"year\" of albums"},
		{name: "a column that orders", edit: `UPDATE albums SET year = 5000 - year`, query: "ORDER BY year LIMIT 2", verify: "column \"year\" of albums"},
		{name: "a column that hides", edit: `UPDATE albums SET live = true`, query: "", verify: "column \"live\" of albums"},
		{name: "words", edit: `UPDATE albums SET _words = '{name:other}'`, query: "name MATCH 'other'", verify: "column _words of albums"},
		{name: "a stamp", edit: `UPDATE albums SET _stamp = decode(repeat('00', 16), 'hex')`, verify: "column _stamp of albums"},
		{name: "deleted", edit: `UPDATE albums SET _deleted = true`, verify: "column _deleted of albums"},
		{name: "the record", edit: `UPDATE albums SET _row = set_byte(_row, 5, 255)`, query: "year > 0", verify: "record of albums"},
		{name: "records exchanged", edit: `UPDATE albums a SET _row = b._row FROM albums b WHERE a.id <> b.id`, query: "year > 0", verify: "record of albums"},
		{name: "merge data", edit: `UPDATE albums SET _merge = '\x0102030405'`, verify: "merge data of albums"},
	} {
		t.Run(c.name, func(t *testing.T) {
			schema := newSchema(t)
			e := open(t, dsn(), postgres.Options{Schema: schema})
			require.NoError(t, e.Register(t.Context(), albums))
			w := storagetest.NewWorld(1, 1)
			d := w.Begin()
			d.Create(albums, "name", "a", "year", 1986)
			d.Create(albums, "name", "b", "year", 1987)
			require.NoError(t, e.Commit(t.Context(), d.Batch()))
			execute(t, fmt.Sprintf(`SET search_path = %q; %s`, schema, c.edit))
			if c.query != "" {
				_, err := selected(t, e, albums, c.query)
				require.ErrorIs(t, err, storage.ErrCorrupt)
			}
			v, err := e.Snapshot(t.Context())
			require.NoError(t, err)
			defer v.Close()
			_, err = v.(storage.Verifier).Verify(t.Context())
			require.ErrorIs(t, err, storage.ErrCorrupt)
			require.ErrorContains(t, err, c.verify)
		})
	}
}

func TestTablesOfSomebodyElse(t *testing.T) {
	schema := newSchema(t)
	execute(t, fmt.Sprintf(`CREATE SCHEMA %q; CREATE TABLE %q.things (n int)`, schema, schema))
	_, err := postgres.Open(t.Context(), dsn(), postgres.Options{Schema: schema})
	require.ErrorContains(t, err, "holds tables of something else")
}

func TestStoresOfNewerReleases(t *testing.T) {
	schema := newSchema(t)
	require.NoError(t, open(t, dsn(), postgres.Options{Schema: schema}).Close())
	execute(t, fmt.Sprintf(`UPDATE %q._store SET format = 99`, schema))
	_, err := postgres.Open(t.Context(), dsn(), postgres.Options{Schema: schema})
	require.ErrorIs(t, err, storage.ErrFormat)
}
