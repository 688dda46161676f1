//go:build !js

package node_test

import (
	"context"
	"crypto/rand"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ankgo/ank/internal/enginetest"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/pebble"
	"github.com/ankgo/ank/storage/postgres"
)

// engines are those that a node can have here, each of them new and empty.
func engines() map[string]func(context.Context) (storage.Engine, error) {
	all := map[string]func(context.Context) (storage.Engine, error){
		"memory": func(context.Context) (storage.Engine, error) { return memory.Open() },
		"pebble": func(ctx context.Context) (storage.Engine, error) {
			return pebble.Open(ctx, "store", pebble.Options{FS: vfs.NewMem(), Ballast: -1, Relaxed: true})
		},
	}
	if dsn := os.Getenv(enginetest.Postgres); dsn != "" {
		all["postgres"] = func(ctx context.Context) (storage.Engine, error) {
			return postgres.Open(ctx, dsn, postgres.Options{Schema: "node_" + strings.ToLower(rand.Text())})
		}
	}
	return all
}
