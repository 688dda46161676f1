//go:build !js

package memory_test

import (
	"testing"

	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestCaches runs the suite with caches that evict all the time, and without.
func TestCaches(t *testing.T) {
	t.Run("tiny", func(t *testing.T) { storagetest.Run(t, withOptions(kv.Options{CacheBytes: 400 << 10})) })
	t.Run("none", func(t *testing.T) { storagetest.Run(t, withOptions(kv.Options{CacheBytes: -1})) })
}

// TestMutants plants every known defect into this engine.
func TestMutants(t *testing.T) {
	storagetest.RunMutants(t, withOptions(kv.Options{}))
}
