package pebble_test

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/pebble"
	"github.com/ankgo/ank/storage/storagetest"
)

func TestEngine(t *testing.T) {
	for name, options := range map[string]pebble.Options{
		"synced":   small(false, nil),
		"relaxed":  small(true, nil),
		"uncached": {Ballast: -1, BlockCache: 1 << 20, Resident: -1},
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, storagetest.Options{
				New: func(testing.TB) storagetest.Store { return memStore(vfs.NewCrashableMem(), options) },
			})
		})
	}
}

// memStore is a store on a disk in memory that can lose its power and break.
func memStore(mem *vfs.MemFS, options pebble.Options) storagetest.Store {
	breaks := new(breaking)
	options.FS = errorfs.Wrap(mem, breaks)
	store := storagetest.Store{
		Open:    func(ctx context.Context) (storage.Engine, error) { return pebble.Open(ctx, "data", options) },
		Reopens: true,
		Builds:  true,
		Lists:   true,
		Locks:   true,
		Crash: func(rng *rand.Rand) storagetest.Store {
			return memStore(mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng}), options)
		},
		Durable: !options.Relaxed,
	}
	if !options.Relaxed {
		// A relaxed commit returns before the log is written: its failure shows
		// at a later commit, or at Close.
		store.Fail = func(err error) { breaks.err.Store(&err) }
	}
	return store
}

// breaking fails writes to files once it was told with what.
type breaking struct{ err atomic.Pointer[error] }

func (b *breaking) String() string { return "breaking" }

func (b *breaking) MaybeError(op errorfs.Op) error {
	err := b.err.Load()
	if err == nil || op.Kind != errorfs.OpFileWrite && op.Kind != errorfs.OpFileWriteAt {
		return nil
	}
	return *err
}
