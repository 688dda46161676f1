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
	storagetest.Run(t, withOptions(kv.Options{}))
}

func withOptions(options kv.Options) storagetest.Options {
	return storagetest.Options{
		New: func(testing.TB) storagetest.Store { return testStore(memory.NewStore(), options) },
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
		Builds:         true,
		Lists:          true,
		Crash:          func(*rand.Rand) storagetest.Store { return testStore(s.Clone(), options) },
		Durable:        true,
		Fail:           func(error) { s.SetLimit(1) },
	}
}
