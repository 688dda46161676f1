package memory

import (
	"context"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
)

// Open returns an engine over an empty store of its own. Nothing of it is left
// once the engine and its snapshots are closed.
func Open() (storage.Engine, error) {
	return NewStore().Open(context.Background(), kv.Options{})
}
