package pebble_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/pebble"
)

// small keeps the caches and the ballast of a test's many stores out of the way.
func small(relaxed bool, fs vfs.FS) pebble.Options {
	return pebble.Options{Relaxed: relaxed, FS: fs, BlockCache: 1 << 20, Resident: 1 << 20, Ballast: -1}
}

func openMem(t *testing.T) storage.Engine {
	t.Helper()
	engine, err := openRegistered(t.Context(), "data", small(false, vfs.NewMem()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, engine.Close()) })
	return engine
}

// openRegistered opens a folder for the storms' model.
func openRegistered(ctx context.Context, dir string, options pebble.Options) (storage.Engine, error) {
	engine, err := pebble.Open(ctx, dir, options)
	if err != nil {
		return nil, err
	}
	if err := engine.Register(ctx, songs); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return engine, nil
}

// storm commits the batches of a seed, without end, and prints the number of
// each that was acknowledged. mode is "synced SEED" or "relaxed SEED".
func storm(dir, mode string) error {
	how, number, _ := strings.Cut(mode, " ")
	seed, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return err
	}
	ctx := context.Background()
	engine, err := openRegistered(ctx, dir, pebble.Options{Relaxed: how == "relaxed", Ballast: -1})
	if err != nil {
		return err
	}
	h := newHistory(seed)
	for n := 1; ; n++ {
		if err := engine.Commit(ctx, h.next()); err != nil {
			return err
		}
		if _, err := os.Stdout.WriteString(strconv.Itoa(n) + "\n"); err != nil {
			return err
		}
	}
}

// TestKilledInAWriteStorm kills a writing process with SIGKILL, 50 times, and
// looks at what it left: every acknowledged commit when synced, a prefix of the
// commits when relaxed, never a part of one.
func TestKilledInAWriteStorm(t *testing.T) {
	for i := range 50 {
		mode := "synced"
		if i%2 == 1 {
			mode = "relaxed"
		}
		seed := uint64(i + 1)
		t.Run(fmt.Sprintf("%s %d", mode, seed), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			acknowledged := killedAfter(t, dir, fmt.Sprintf("%s %d", mode, seed), 1+rand.New(rand.NewPCG(seed, 0)).IntN(300))

			h := newHistory(seed)
			for range acknowledged + 1 { // one more may have been under way
				h.next()
			}
			must := acknowledged
			if mode == "relaxed" {
				must = 0
			}
			engine, err := openRegistered(t.Context(), dir, small(mode == "relaxed", nil))
			require.NoError(t, err)
			require.NoError(t, h.check(t.Context(), engine, must, acknowledged+1), "seed %d", seed)
			require.NoError(t, engine.Close())
		})
	}
}

// killedAfter starts a storm, kills it when it has acknowledged n commits, and
// returns how many it had acknowledged when it died.
func killedAfter(t *testing.T, dir, mode string, n int) (acknowledged int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], dir, mode)
	cmd.Env = append(os.Environ(), child+"=storm")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		acknowledged, err = strconv.Atoi(lines.Text())
		require.NoError(t, err)
		if acknowledged == n {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Wait(), &exit)
	status, ok := exit.Sys().(syscall.WaitStatus)
	require.True(t, ok)
	require.Equal(t, syscall.SIGKILL, status.Signal(), "the storm ended by itself: %s", stderr.String())
	require.GreaterOrEqual(t, acknowledged, n)
	return acknowledged
}

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
// with any part of what was not synced lost.
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
