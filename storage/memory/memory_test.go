package memory_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/storagetest"
)

func TestEngine(t *testing.T) {
	for name, options := range map[string]kv.Options{
		"cached":     {},
		"tiny cache": {CacheBytes: 64 << 10},
		"uncached":   {CacheBytes: -1},
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, storagetest.Options{
				New: func(testing.TB) storagetest.Store { return testStore(memory.NewStore(), options) },
			})
		})
	}
}

// testStore declares what engines over a Store can do.
func testStore(s *memory.Store, options kv.Options) storagetest.Store {
	return storagetest.Store{
		Open:           func(ctx context.Context) (storage.Engine, error) { return s.Open(ctx, options) },
		Reopens:        true,
		Locks:          true,
		ComparesStamps: true,
		FollowsPlans:   true,
		Crash:          func(*rand.Rand) storagetest.Store { return testStore(s.Clone(), options) },
		Durable:        true,
		Fail:           func(error) { s.SetLimit(1) },
	}
}

// TestMutants plants every known defect into this engine.
func TestMutants(t *testing.T) {
	storagetest.RunMutants(t, storagetest.Options{
		New: func(testing.TB) storagetest.Store { return testStore(memory.NewStore(), kv.Options{}) },
	})
}
