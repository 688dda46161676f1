package pebble_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage"
)

// TestFlippedBits damages one bit of the files of a store, again and again.
// Whatever it hits, what is read is what was stored, up to some commit, or an
// error. Nothing panics, and nothing that is wrong is handed out.
func TestFlippedBits(t *testing.T) {
	const seeds = 24
	noticed := 0
	for seed := range uint64(seeds) {
		damaged, err := flipOne(t.Context(), seed)
		require.NoError(t, err, "seed %d: go test ./storage/pebble -run TestFlippedBits", seed)
		if damaged {
			noticed++
		}
	}
	require.Greater(t, noticed, seeds/6, "many bits matter")
}

// flipOne fills a store, flips a bit of it and reads it again. It reports
// whether anything was noticed.
func flipOne(ctx context.Context, seed uint64) (noticed bool, err error) {
	rng := rand.New(rand.NewPCG(seed, 3))
	fs, h := vfs.NewMem(), newHistory(seed)
	// Opened again, the store moves what was in its log to a table.
	for range 1 + rng.IntN(3) {
		if err := h.extend(ctx, fs, 5+rng.IntN(20)); err != nil {
			return false, err
		}
	}
	where, err := flip(fs, rng)
	if err != nil {
		return false, err
	}
	if noticed, err = h.readDamaged(ctx, fs); err != nil {
		return false, fmt.Errorf("byte %s: %w", where, err)
	}
	return noticed, nil
}

// extend opens the store and commits some batches.
func (h *history) extend(ctx context.Context, fs vfs.FS, batches int) error {
	engine, err := openRegistered(ctx, "data", small(false, fs))
	if err != nil {
		return err
	}
	for range batches {
		if err := engine.Commit(ctx, h.next()); err != nil {
			return errors.Join(err, engine.Close())
		}
	}
	return engine.Close()
}

// flip changes one bit of some file of the store.
func flip(fs vfs.FS, rng *rand.Rand) (where string, err error) {
	names, err := fs.List("data/store")
	if err != nil {
		return "", err
	}
	slices.Sort(names)
	name := "data/store/" + names[rng.IntN(len(names))]
	file, err := fs.Open(name)
	if err != nil {
		return "", err
	}
	bytes, err := io.ReadAll(file)
	if err = errors.Join(err, file.Close()); err != nil || len(bytes) == 0 {
		return name, err
	}
	at := rng.IntN(len(bytes))
	bytes[at] ^= 1 << rng.IntN(8)
	file, err = fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return "", err
	}
	_, err = file.Write(bytes)
	return fmt.Sprintf("%d of %s", at, name), errors.Join(err, file.Sync(), file.Close())
}

// readDamaged opens what was damaged and reads all of it, several times: one of
// the openings compacts, on a goroutine of Pebble's.
func (h *history) readDamaged(ctx context.Context, fs vfs.FS) (noticed bool, err error) {
	last := len(h.after) - 1
	for range 3 {
		engine, err := openRegistered(ctx, "data", small(false, fs))
		if err != nil {
			return true, nil
		}
		err = h.check(ctx, engine, 0, last)
		if err != nil && !errors.Is(err, storage.ErrCorrupt) {
			return noticed, errors.Join(err, engine.Close())
		}
		lost := err != nil || h.check(ctx, engine, last, last) != nil
		noticed = noticed || lost
		if err := engine.Close(); err != nil && !lost {
			return noticed, err
		}
	}
	return noticed, nil
}

// TestAMissingFileIsCorruption removes a table.
func TestAMissingFileIsCorruption(t *testing.T) {
	fs, h := vfs.NewMem(), newHistory(11)
	require.NoError(t, h.extend(t.Context(), fs, 20))
	require.NoError(t, h.extend(t.Context(), fs, 20))
	names, err := fs.List("data/store")
	require.NoError(t, err)
	table := slices.IndexFunc(names, func(name string) bool { return strings.HasSuffix(name, ".sst") })
	require.GreaterOrEqual(t, table, 0)
	require.NoError(t, fs.Remove("data/store/"+names[table]))
	_, err = openRegistered(t.Context(), "data", small(false, fs))
	require.ErrorIs(t, err, storage.ErrCorrupt)
	require.ErrorContains(t, err, "data")
}
