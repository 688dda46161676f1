//go:build !js && !race

package memory_test

import (
	"testing"

	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestMutants plants every known defect into this engine. That they are found
// has nothing to do with races: `make test` runs it without the race detector, which
// makes it ten times slower.
func TestMutants(t *testing.T) {
	storagetest.RunMutants(t, withOptions(kv.Options{}))
}
