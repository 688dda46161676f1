//go:build !race

package storagetest_test

import (
	"testing"

	"github.com/ankgo/ank/storage/storagetest"
)

// TestMutants shows that every planted defect is found. `make test` runs it without the race
// detector, which has nothing to find.
func TestMutants(t *testing.T) {
	storagetest.RunMutants(t, storagetest.Options{New: newNaive, Steps: 60})
}
