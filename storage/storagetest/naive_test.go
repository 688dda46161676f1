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

// TestCommons shows the same of several engines over one Naive.
func TestCommons(t *testing.T) {
	storagetest.Run(t, storagetest.Options{Steps: 20, New: func(testing.TB) storagetest.Store {
		commons := storagetest.NewCommons()
		return storagetest.Store{Open: commons.Open, Reopens: true, ComparesStamps: true, Shares: true}
	}})
}
