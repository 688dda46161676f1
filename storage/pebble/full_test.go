package pebble_test

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage"
)

// disk is a file system that runs full when more than room bytes were written.
// Removing the ballast makes as much room as the ballast took.
type disk struct {
	room atomic.Int64
}

func (d *disk) String() string { return "disk" }

func (d *disk) MaybeError(op errorfs.Op) error {
	switch {
	case op.Kind == errorfs.OpRemove && vfs.Default.PathBase(op.Path) == "BALLAST":
		d.room.Add(1 << 20)
	case op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpFileWriteAt || op.Kind == errorfs.OpFileSync:
		if d.room.Add(-4096) < 0 {
			return &os.PathError{Op: "write", Path: op.Path, Err: syscall.ENOSPC}
		}
	}
	return nil
}

// fillUp commits until the store refuses, and returns how many commits it took
// and with what it refused.
func fillUp(ctx context.Context, engine storage.Engine, h *history) (acknowledged int, err error) {
	for acknowledged < 10_000 {
		if err := engine.Commit(ctx, h.next()); err != nil {
			return acknowledged, err
		}
		acknowledged++
	}
	return acknowledged, errors.New("the disk never ran full")
}

func TestAFullDiskIsATypedErrorAndReadsGoOn(t *testing.T) {
	d := new(disk)
	d.room.Store(3 << 20)
	mem := vfs.NewMem()
	options := small(false, errorfs.Wrap(mem, d))
	options.Ballast = 1 << 20
	engine, err := openRegistered(t.Context(), "data", options)
	require.NoError(t, err)

	h := newHistory(7)
	acknowledged, err := fillUp(t.Context(), engine, h)
	require.ErrorIs(t, err, storage.ErrFull)
	require.Positive(t, acknowledged)
	require.NoError(t, h.check(t.Context(), engine, acknowledged, acknowledged), "reads go on")
	require.Error(t, engine.Commit(t.Context(), h.next()), "and writes do not")
	require.NoError(t, engine.Close())

	// Space was made; everything acknowledged is there.
	engine, err = openRegistered(t.Context(), "data", small(false, mem))
	require.NoError(t, err)
	require.NoError(t, h.check(t.Context(), engine, acknowledged, acknowledged+1))
	require.NoError(t, engine.Close())
}

// TestADiskThatFailsToWriteIsAnError has no ballast to help: the log cannot be
// written at all. Pebble would end the process.
func TestADiskThatFailsToWriteIsAnError(t *testing.T) {
	var failing errorfs.Toggle
	failing.Injector = errorfs.InjectorFunc(failWrites)
	mem := vfs.NewMem()
	engine, err := openRegistered(t.Context(), "data", small(false, errorfs.Wrap(mem, &failing)))
	require.NoError(t, err)
	h := newHistory(8)
	require.NoError(t, engine.Commit(t.Context(), h.next()))

	failing.On()
	require.Error(t, engine.Commit(t.Context(), h.next()))
	require.ErrorIs(t, engine.Commit(t.Context(), h.next()), storage.ErrReadOnly)
	require.NoError(t, h.check(t.Context(), engine, 1, 1), "reads go on")
	failing.Off()
	require.NoError(t, engine.Close())

	engine, err = openRegistered(t.Context(), "data", small(false, mem))
	require.NoError(t, err)
	require.NoError(t, h.check(t.Context(), engine, 1, 2))
	require.NoError(t, engine.Close())
}

// failWrites refuses every write to a file, for no reason that passes.
func failWrites(op errorfs.Op) error {
	if op.Kind == errorfs.OpFileWrite || op.Kind == errorfs.OpFileWriteAt {
		return &os.PathError{Op: "write", Path: op.Path, Err: syscall.EIO}
	}
	return nil
}
