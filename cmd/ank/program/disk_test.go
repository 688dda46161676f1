//go:build linux && smalldisk

package program_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/cmd/ank/program"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
)

// TestADiskThatIsFull runs a server over a file system of a few megabytes. It refuses
// writes when that is full, goes on reading, and after it was started again with more
// room everything that it acknowledged is there. It mounts that file system itself, which
// scripts/test-disk gives it the right to do.
func TestADiskThatIsFull(t *testing.T) {
	t.Run("pebble", func(t *testing.T) {
		dir := t.TempDir()
		fillDisk(t, dir, "24m", func() string { return "pebble:" + filepath.Join(dir, "store") })
	})
	t.Run("postgres", func(t *testing.T) {
		dir := t.TempDir()
		fillDisk(t, dir, "24m", func() string { return tablesIn(t, dir) })
	})
}

// tablesIn names a store of a new PostgreSQL server that has its tables in a folder.
func tablesIn(t *testing.T, dir string) string {
	folder, err := os.MkdirTemp("/tmp", "ank-server.") // names of sockets are short
	require.NoError(t, err)
	script := func(args ...string) ([]byte, error) {
		return exec.Command("../../../scripts/postgres", args...).CombinedOutput()
	}
	out, err := script("start", folder)
	require.NoError(t, err, "%s", out)
	t.Cleanup(func() {
		_, _ = script("stop", folder, "immediate")
		require.NoError(t, os.RemoveAll(folder))
	})
	tables := filepath.Join(dir, "tables")
	require.NoError(t, os.Mkdir(tables, 0o700))
	dsn := "host=" + folder + " user=postgres dbname=postgres"
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), `CREATE TABLESPACE small LOCATION '`+tables+`'`)
	require.NoError(t, err)
	name, err := postgresName(dsn+" default_tablespace=small", "full")
	require.NoError(t, err)
	return name
}

// noise is text that cannot be compressed by much.
func noise(rng *rand.Rand, size int) string {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte('0' + rng.IntN(64))
	}
	return string(b)
}

func fillDisk(t *testing.T, dir, size string, makeStore func() string) {
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size))
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	store := makeStore()
	p := launch(t, "127.0.0.1:0", store)
	url := "ws://" + p.address + "/ank"
	n := client(t, url, "")
	accepted := make(map[string]bool)
	rng := rand.New(rand.NewPCG(1, 1))
	full := false
	for i := 0; i < 1000 && !full; i++ {
		name := fmt.Sprintf("%d %s", i, noise(rng, 64<<10))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		err := n.Session("local").Update(ctx, func(tx *node.Tx) error {
			_, err := music.Albums.Create(tx, music.Album{Name: name, Year: 1980})
			return err
		}, node.UntilAccepted())
		cancel()
		if err == nil {
			accepted[name] = true
		} else {
			full = true
		}
	}
	require.True(t, full, "it took everything")
	require.NotEmpty(t, accepted)
	reader := client(t, url, "")
	count, err := music.Albums.Count(t.Context(), reader.Session("local"), "")
	require.NoError(t, err, "it goes on reading")
	require.GreaterOrEqual(t, count, len(accepted))

	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=256m"))
	p.signal(syscall.SIGTERM)
	p.wait()
	p = launch(t, p.address, store)
	albums, err := music.Albums.Collect(t.Context(), client(t, url, "").Session("local"), "")
	require.NoError(t, err)
	stored := make(map[string]bool)
	for _, a := range albums {
		stored[a.Name()] = true
	}
	for name := range accepted {
		require.True(t, stored[name], "%.10s was acknowledged and is lost", name)
	}
	require.Equal(t, node.Accepted, add(t, n, "local", "there is room", 1980).Status)
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait())
	var out strings.Builder
	require.NoError(t, program.Program{Models: music.Models()}.Run(t.Context(), []string{"verify", "-store", store}, &out, io.Discard))
	require.Contains(t, out.String(), "all as they should be")
}
