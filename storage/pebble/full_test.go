package pebble_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

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

// GetDiskUsage implements vfs.FS for a disk that says how much room it has.
func (fs roomyFS) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: uint64(max(fs.disk.room.Load(), 0))}, nil
}

type roomyFS struct {
	vfs.FS
	disk *disk
}

// TestAFullDiskCanBeOpened opens what a full disk stopped while it still is full.
// Pebble alone would try for ever to move its log to a table.
func TestAFullDiskCanBeOpened(t *testing.T) {
	d := new(disk)
	d.room.Store(3 << 20)
	mem := vfs.NewMem()
	options := small(false, roomyFS{errorfs.Wrap(mem, d), d})
	options.Ballast = 1 << 20
	engine, err := openRegistered(t.Context(), "data", options)
	require.NoError(t, err)
	h := newHistory(12)
	acknowledged, err := fillUp(t.Context(), engine, h)
	require.ErrorIs(t, err, storage.ErrFull)
	require.NoError(t, engine.Close())

	for range 2 {
		d.room.Store(1000)
		engine, err = openRegistered(t.Context(), "data", options)
		require.NoError(t, err)
		require.NoError(t, h.check(t.Context(), engine, acknowledged, acknowledged+1))
		more := &storage.Batch{Meta: []storage.MetaChange{{Key: "more", Value: []byte("than fits")}}}
		require.ErrorIs(t, engine.Commit(t.Context(), more), storage.ErrFull)
		require.NoError(t, engine.Close())
	}

	d.room.Store(64 << 20)
	engine, err = openRegistered(t.Context(), "data", options)
	require.NoError(t, err)
	require.NoError(t, h.check(t.Context(), engine, acknowledged, acknowledged+1))
	require.NoError(t, engine.Close())
	_, err = mem.Stat("data/BALLAST")
	require.NoError(t, err, "the ballast is back")
}

// TestAFullDiskIsNotTriedAllTheTime lets a minute pass while a table waits for room.
func TestAFullDiskIsNotTriedAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries atomic.Int64
		failing := errorfs.InjectorFunc(func(op errorfs.Op) error {
			if !strings.HasSuffix(op.Path, ".sst") || op.Kind != errorfs.OpCreate {
				return nil
			}
			tries.Add(1)
			return &os.PathError{Op: "create", Path: op.Path, Err: syscall.ENOSPC}
		})
		engine, err := openRegistered(t.Context(), "data", small(true, errorfs.Wrap(vfs.NewMem(), failing)))
		require.NoError(t, err)
		large := &storage.Batch{Meta: []storage.MetaChange{{Key: "large", Value: make([]byte, 200<<10)}}}
		for err == nil {
			err = engine.Commit(t.Context(), large)
			synctest.Wait()
		}
		require.ErrorIs(t, err, storage.ErrFull)
		<-time.After(time.Minute) // of virtual time
		require.NoError(t, engine.Close())
		require.Positive(t, tries.Load())
		require.Less(t, tries.Load(), int64(1000))
	})
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
