package tikv

import (
	"errors"
	"fmt"

	tikverr "github.com/tikv/client-go/v2/error"

	"github.com/ankgo/ank/storage"
)

// ErrTooOld: what a snapshot shows was collected by the cluster's garbage collector.
// Package comment, "Long reads", says when that may be.
var ErrTooOld = errors.New("tikv: the snapshot is older than what the cluster keeps")

// classify gives an error of the client the meaning that callers branch on.
func classify(err error) error {
	var tooEarly *tikverr.ErrGCTooEarly
	switch {
	case errors.As(err, &tooEarly):
		return fmt.Errorf("%w: %w", ErrTooOld, err)
	case errors.Is(err, tikverr.ErrTiKVDiskFull):
		return fmt.Errorf("tikv: %w: %w", storage.ErrFull, err)
	}
	return fmt.Errorf("tikv: %w", err)
}
