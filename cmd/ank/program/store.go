package program

import (
	"context"
	"strings"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/pebble"
)

// open opens the store that a text names.
func open(ctx context.Context, store string) (storage.Engine, error) {
	kind, where, _ := strings.Cut(store, ":")
	switch {
	case store == "":
		return nil, usage("-store is needed: memory: or pebble:DIR")
	case kind == "memory" && where == "":
		return memory.Open()
	case kind == "pebble" && where != "":
		return pebble.Open(ctx, where, pebble.Options{})
	}
	return nil, usage("-store %s: no such store; there are memory: and pebble:DIR", store)
}
