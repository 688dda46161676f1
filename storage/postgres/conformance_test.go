package postgres_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/internal/engines"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

func TestMain(m *testing.M) {
	os.Exit(engines.Main(m, engines.Server{
		Engine: "postgres", Variable: engines.Postgres, Start: "scripts/postgres run go test ./storage/postgres",
	}))
}

func dsn() string { return os.Getenv(engines.Postgres) }

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
		}
	}})
}
