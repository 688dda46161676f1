//go:build linux

package program_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/cmd/ank/program"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage/engines"
)

// leaseIsOver is longer than a server may be silent before its log is taken over.
const leaseIsOver = 33 * time.Second

// TestAServerThatIsPaused has two servers over one store, and stops one of them, as by
// SIGSTOP, in the middle of its clients' writes. Another server takes over its log; when
// the first wakes up it writes nothing more, and says so. Its clients lose nothing.
func TestAServerThatIsPaused(t *testing.T) {
	for engine, store := range sharedStores(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel() // they wait, most of the time
			pauseAServer(t, store)
		})
	}
}

func pauseAServer(t *testing.T, store string) {
	paused, other := launch(t, "127.0.0.1:0", store), launch(t, "127.0.0.1:0", store)
	at := func(p *process) *node.Node { return client(t, "ws://"+p.address+"/ank", "") }
	live, err := music.Albums.Query(t.Context(), at(other).Session("local"), "ORDER BY name")
	require.NoError(t, err)
	defer live.Close()
	writers := []*writer{write(t, at(paused), "paused"), write(t, at(other), "other")}
	some(t, live, 50)
	require.Equal(t, 2, logs(t, store))

	paused.signal(syscall.SIGSTOP)
	<-time.After(leaseIsOver)
	some(t, live, live.Items().Len()+20) // those of the other's clients
	heir := launch(t, "127.0.0.1:0", store)
	require.Equal(t, node.Accepted, add(t, at(heir), "local", "the heir's", 1980).Status)
	require.Equal(t, 2, logs(t, store), "it writes the log of the one that is paused")

	paused.signal(syscall.SIGCONT)
	require.Eventually(t, func() bool {
		answer, err := http.Get("http://" + paused.address + "/health")
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode == http.StatusServiceUnavailable
	}, 20*time.Second, 10*time.Millisecond)
	require.Equal(t, node.Accepted, add(t, at(heir), "local", "the heir's again", 1980).Status)
	paused.signal(syscall.SIGTERM)
	paused.wait()
	require.Contains(t, paused.words(), "another process has taken over the log of this node")

	paused = launch(t, paused.address, store)
	require.Equal(t, node.Accepted, add(t, at(paused), "local", "its new log's", 1980).Status)
	some(t, live, live.Items().Len()+50)
	for _, w := range writers {
		w.finish(t)
	}
	require.Equal(t, 3, logs(t, store))
	stored := make(map[string]bool)
	albums, err := music.Albums.Collect(t.Context(), at(heir).Session("local"), "")
	require.NoError(t, err)
	for _, a := range albums {
		require.False(t, stored[a.Name()], "%s is there twice", a.Name())
		stored[a.Name()] = true
	}
	for _, w := range writers {
		require.NotEmpty(t, w.accepted)
		for name := range w.accepted {
			require.True(t, stored[name], "%s was acknowledged", name)
		}
	}
	for _, p := range []*process{paused, other, heir} {
		p.signal(syscall.SIGTERM)
		require.Zero(t, p.wait(), "%s", p.words())
	}
	var out strings.Builder
	require.NoError(t, program.Program{Models: music.Models()}.Run(t.Context(), []string{"verify", "-store", store}, &out, io.Discard))
	require.Contains(t, out.String(), "all as they should be")
}

// logs is how many logs a store has.
func logs(t *testing.T, store string) int {
	t.Helper()
	engine, err := engines.Open(t.Context(), store)
	require.NoError(t, err)
	defer func() { require.NoError(t, engine.Close()) }()
	v, err := engine.Snapshot(t.Context())
	require.NoError(t, err)
	defer v.Close()
	return v.Cursor().Len()
}

// finish stops a writer, and waits until all that it wrote is decided.
func (w *writer) finish(t *testing.T) {
	t.Helper()
	w.stop()
	for e, err := range w.node.Ledger(t.Context()) {
		require.NoError(t, err)
		r, err := w.node.Receipt(t.Context(), e.Transaction)
		if errors.Is(err, node.ErrUnknownTransaction) {
			continue // it was decided before anybody asked
		}
		require.NoError(t, err)
		require.NotEqual(t, node.Rejected, r.Status)
	}
}
