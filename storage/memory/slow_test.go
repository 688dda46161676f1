//go:build !js

package memory_test

import (
	"testing"

	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestTinyCache runs the suite with a cache that evicts all the time. Package kv
// runs it without one.
func TestTinyCache(t *testing.T) {
	storagetest.Run(t, withOptions(kv.Options{CacheBytes: 400 << 10}))
}
