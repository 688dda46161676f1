//go:build linux && smalldisk

package program_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
)

// TestADiskThatIsFull runs a server over a file system of a few megabytes. It refuses
// writes when that is full, goes on reading, and after it was started again with more
// room everything that it acknowledged is there. It mounts that file system itself, which
// scripts/test-disk gives it the right to do.
func TestADiskThatIsFull(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"))
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	p := launch(t, "127.0.0.1:0", "pebble:"+filepath.Join(dir, "store"))
	url := "ws://" + p.address + "/ank"
	n := client(t, url, "")
	accepted := make(map[string]bool)
	filler := strings.Repeat("x", 64<<10)
	full := false
	for i := 0; i < 1000 && !full; i++ {
		name := fmt.Sprintf("%d %s", i, filler)
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
	p = launch(t, p.address, "pebble:"+filepath.Join(dir, "store"))
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
}
