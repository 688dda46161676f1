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
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
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
