package postgres_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/internal/enginetest"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

func TestMain(m *testing.M) {
	if schema := os.Getenv(child); schema != "" {
		os.Exit(writeForever(schema))
	}
	os.Exit(enginetest.Main(m, enginetest.Server{
		Engine: "postgres", Variable: enginetest.Postgres, Start: "scripts/postgres run go test ./storage/postgres",
	}))
}

func dsn() string { return os.Getenv(enginetest.Postgres) }

// newSchema returns the name of a schema that there is not yet. It is dropped after
// the test.
func newSchema(t testing.TB) string {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn())
	require.NoError(t, err)
	defer conn.Close(ctx)
	var name string
	require.NoError(t, conn.QueryRow(ctx, `SELECT 'test_' || replace(gen_random_uuid()::text, '-', '_')`).Scan(&name))
	t.Cleanup(func() { execute(t, fmt.Sprintf(`DROP SCHEMA IF EXISTS %q CASCADE`, name)) })
	return name
}

// execute runs statements on a connection of its own.
func execute(t testing.TB, sql string, args ...any) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn())
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql, args...)
	require.NoError(t, err, "%s", sql)
}

func TestEngine(t *testing.T) {
	storagetest.Run(t, storagetest.Options{New: func(t testing.TB) storagetest.Store {
		o := postgres.Options{Schema: newSchema(t), Snapshots: 64}
		return storagetest.Store{
			Open:           func(ctx context.Context) (storage.Engine, error) { return postgres.Open(ctx, dsn(), o) },
			Reopens:        true,
			ComparesStamps: true,
			Builds:         true,
			Lists:          true,
			Shares:         true,
			Fail:           func(error) { fillDisk(t, o.Schema) },
		}
	}})
}

// fillDisk has the server say of every entry that its disk is full.
func fillDisk(t testing.TB, schema string) {
	execute(t, fmt.Sprintf(`
		SET search_path = %q;
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN RAISE disk_full USING MESSAGE = 'could not extend file: No space left on device'; END $$;
		CREATE TRIGGER refuse BEFORE INSERT ON _log EXECUTE FUNCTION refuse()`, schema))
}
