package kv_test

import (
	"testing"

	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestEngine runs the suite over a driver that promises as little as a driver
// may.
func TestEngine(t *testing.T) {
	for name, options := range map[string]kv.Options{
		"synced":   {},
		"relaxed":  {Relaxed: true},
		"uncached": {CacheBytes: -1},
		"tables":   kv.Eager(kv.Options{}),
	} {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, storagetest.Options{
				New:   func(t testing.TB) storagetest.Store { return newHarshStore(t, options).testStore() },
				Steps: 60,
			})
		})
	}
}
