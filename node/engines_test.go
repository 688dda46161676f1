//go:build !js

package node_test

import (
	"context"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/pebble"
)

// engines are those that a node can have here, each of them new and empty.
func engines() map[string]func(context.Context) (storage.Engine, error) {
	return map[string]func(context.Context) (storage.Engine, error){
		"memory": func(context.Context) (storage.Engine, error) { return memory.Open() },
		"pebble": func(ctx context.Context) (storage.Engine, error) {
			return pebble.Open(ctx, "store", pebble.Options{FS: vfs.NewMem(), Ballast: -1, Relaxed: true})
		},
	}
}
