//go:build !race

package kv_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestDamagedDrivers plants defects below the engine: what the engine relies on
// is what the suite notices. `make test` runs it without the race detector, as the
// mutants of package storage/memory.
func TestDamagedDrivers(t *testing.T) {
	for name, d := range map[string]damage{
		"forgets deletes of index entries": {dropDelete: 'i'},
		"forgets deletes of meta values":   {dropDelete: 'm'},
		"applies half of a write":          {half: true},
		"returns outdated snapshots":       {staleReader: true},
		"scans beyond the bound":           {beyond: true},
		"does not sync":                    {unsyncedLost: true},
	} {
		t.Run(name, func(t *testing.T) {
			by := storagetest.FoundBy(t, storagetest.Options{
				Steps: 60,
				New: func(t testing.TB) storagetest.Store {
					s := newHarshStore(t, kv.Options{CacheBytes: -1})
					s.damage = d
					return s.testStore()
				},
			})
			require.NotEmpty(t, by, "no case fails for a driver that %s", name)
			t.Logf("found by %s", by)
		})
	}
}
