//go:build linux

package program_test

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/node"
)

// storm is connections to an address that say nothing, and come again when they end.
func storm(t *testing.T, address string, connections int) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var first sync.WaitGroup
	for range connections {
		first.Add(1)
		wg.Go(func() {
			came := sync.OnceFunc(first.Done)
			for ctx.Err() == nil {
				c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
				came()
				if err != nil {
					continue
				}
				end := context.AfterFunc(ctx, func() { _ = c.Close() })
				_, _ = c.Read(make([]byte, 1))
				end()
				_ = c.Close()
			}
		})
	}
	first.Wait()
	stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(stop)
	return stop
}

// TestConnectionsDoNotTakeTheStoresFiles: more connect than the process may have files
// open, who need not say who they are for that. The store goes on, and who was there is
// served.
func TestConnectionsDoNotTakeTheStoresFiles(t *testing.T) {
	t.Setenv(asProgram+"_FILES", "100")
	p := launch(t, "127.0.0.1:0", "pebble:"+filepath.Join(t.TempDir(), "store"))
	n := client(t, "ws://"+p.address+"/ank", "")
	require.Equal(t, node.Accepted, add(t, n, "local", "Parade", 1986).Status)
	stop := storm(t, p.address, 200)
	for range 24 { // until the store has begun several files
		r := add(t, n, "local", strings.Repeat("x", 4<<20), 1980)
		require.Equal(t, node.Accepted, r.Status, "%v", r.Reason)
	}
	stop()
	require.Equal(t, node.Accepted, add(t, client(t, "ws://"+p.address+"/ank", ""), "local", "Lovesexy", 1988).Status)
	answer, err := http.Get("http://" + p.address + "/health")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	http.DefaultClient.CloseIdleConnections()
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait(), "%s", p.words())
}
