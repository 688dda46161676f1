//go:build !race

package pebble_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
)

// crasher takes a picture of the disk as a power failure would leave it, before
// the write operation with a chosen number.
type crasher struct {
	fs      *vfs.MemFS
	at      int64
	unsaved int
	seed    uint64

	writes       atomic.Int64
	acknowledged atomic.Int64
	crashed      *vfs.MemFS
	known        int64 // acknowledged when the power failed
}

func (c *crasher) String() string { return "crasher" }

func (c *crasher) MaybeError(op errorfs.Op) error {
	if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && c.writes.Add(1) == c.at {
		c.known = c.acknowledged.Load()
		c.crashed = c.fs.CrashClone(vfs.CrashCloneCfg{
			UnsyncedDataPercent: c.unsaved, RNG: rand.New(rand.NewPCG(c.seed, 1)),
		})
	}
	return nil
}

// TestPowerFailures fails the power a thousand times, at any write to the disk,
// with any part of what was not synced lost. `make test` runs it without the race
// detector, as the mutants of package storage/memory.
func TestPowerFailures(t *testing.T) {
	const seeds = 1000
	crashes := 0
	for seed := range uint64(seeds) {
		crashed, err := failPower(t.Context(), seed)
		require.NoError(t, err, "seed %d: go test ./storage/pebble -run TestPowerFailures", seed)
		if crashed {
			crashes++
		}
	}
	require.Greater(t, crashes, seeds*7/10, "most seeds crash before the storm is over")
}

func failPower(ctx context.Context, seed uint64) (crashed bool, err error) {
	rng := rand.New(rand.NewPCG(seed, 2))
	relaxed := seed%2 == 1
	c := &crasher{fs: vfs.NewCrashableMem(), at: 1 + rng.Int64N(90), unsaved: rng.IntN(101), seed: seed}
	engine, err := openRegistered(ctx, "data", small(relaxed, errorfs.Wrap(c.fs, c)))
	if err != nil {
		return false, err
	}
	h := newHistory(seed)
	tried := 0
	for tried < 40 {
		tried++
		if err := engine.Commit(ctx, h.next()); err != nil {
			return false, errors.Join(err, engine.Close())
		}
		c.acknowledged.Store(int64(tried))
	}
	if err := engine.Close(); err != nil {
		return false, err
	}
	if c.crashed == nil {
		return false, nil
	}
	return true, h.survives(ctx, c, relaxed)
}

// survives opens what the power failure left.
func (h *history) survives(ctx context.Context, c *crasher, relaxed bool) error {
	engine, err := openRegistered(ctx, "data", small(relaxed, c.crashed))
	if err != nil {
		return fmt.Errorf("open after the failure: %w", err)
	}
	must := int(c.known)
	if relaxed {
		must = 0
	}
	return errors.Join(h.check(ctx, engine, must, len(h.after)-1), engine.Close())
}
