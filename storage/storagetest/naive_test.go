package storagetest_test

import (
	"context"
	"testing"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestNaive shows that the specification obeys its own suite.
func TestNaive(t *testing.T) {
	storagetest.Run(t, storagetest.Options{New: newNaive, Steps: 60})
}

func newNaive(testing.TB) storagetest.Store {
	return storagetest.Store{
		Open:           func(context.Context) (storage.Engine, error) { return storagetest.NewNaive(), nil },
		ComparesStamps: true,
	}
}

// TestMutants shows that every planted defect is found.
func TestMutants(t *testing.T) {
	storagetest.RunMutants(t, storagetest.Options{New: newNaive, Steps: 60})
}
