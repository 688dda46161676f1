//go:build linux

package program_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/signal"
	"github.com/ankgo/ank/storage/memory"
)

const (
	listeners = 1000 // clients with a live query each
	decades   = 50   // different queries among them
	changes   = 300  // transactions in each half of the soak
)

// listener is a client with a live query of one year's albums.
type listener struct {
	year int
	live *entity.Live[music.AlbumView]
	stop func() error
}

func listen(ctx context.Context, url string, year int) (*listener, error) {
	engine, err := memory.Open()
	if err != nil {
		return nil, err
	}
	n, err := node.Open(ctx, engine, node.Ephemeral(), node.Models(music.Models()...), node.WithPolicy(node.AllowAll()))
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	l := &listener{year: year, stop: func() error {
		return errors.Join(n.Close(context.WithoutCancel(ctx)), engine.Close())
	}}
	c, err := n.Connect(websocket.Dialer(url))
	if err == nil {
		err = c.Wait(ctx)
	}
	if err == nil {
		l.live, err = music.Albums.Query(ctx, n.Session("local"), "year = ? ORDER BY name", year)
	}
	if err == nil {
		err = l.live.Wait(ctx)
	}
	if err != nil {
		err = errors.Join(err, l.stop())
	}
	return l, err
}

// albums are the names in a live query's result.
func albumsOf(items entity.Items[music.AlbumView]) string {
	var names []string
	for _, a := range items.All() {
		names = append(names, a.Name())
	}
	return strings.Join(names, "\n")
}

// TestAThousandClients serves a thousand connections with a live query each, while albums
// move from one query's result to another's, and kills the server in the middle. In the
// end every live query shows what the store has.
func TestAThousandClients(t *testing.T) {
	store := "pebble:" + filepath.Join(t.TempDir(), "store")
	p := launch(t, "127.0.0.1:0", store)
	url := "ws://" + p.address + "/ank"
	crowd := make([]*listener, listeners)
	var wg sync.WaitGroup
	errs := make([]error, listeners)
	for i := range crowd {
		wg.Go(func() { crowd[i], errs[i] = listen(t.Context(), url, 1900+i%decades) })
		if i%50 == 49 {
			wg.Wait()
		}
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	t.Cleanup(func() {
		for _, l := range crowd {
			require.NoError(t, l.stop())
		}
	})
	writer := client(t, url, "")
	seed := rand.Uint64()
	s := &soak{T: t, dice: rand.New(rand.NewPCG(seed, 0)), writer: writer.Session("local")}
	defer func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}()
	s.change(changes)
	s.agree(crowd)
	t.Logf("the server takes %d MB for %d clients", memoryOf(t, p.command.Process.Pid)>>20, listeners)
	require.Less(t, memoryOf(t, p.command.Process.Pid), 1<<30)

	p.signal(syscall.SIGKILL)
	p.wait()
	p = launch(t, p.address, store)
	s.change(changes)
	s.agree(crowd)
	require.Less(t, memoryOf(t, p.command.Process.Pid), 1<<30)
}

// soak changes albums.
type soak struct {
	*testing.T
	dice   *rand.Rand
	writer *node.Session
	ids    []event.ID
}

// change commits transactions that create albums or give them another year.
func (s *soak) change(n int) {
	s.Helper()
	for i := range n {
		require.NoError(s, s.writer.Update(s.Context(), func(tx *node.Tx) error {
			year := 1900 + s.dice.IntN(decades)
			if len(s.ids) < 200 {
				m, err := music.Albums.Create(tx, music.Album{Name: fmt.Sprintf("album %d", len(s.ids)), Year: year})
				s.ids = append(s.ids, m.ID())
				return err
			}
			m, err := music.Albums.Edit(s.Context(), tx, s.ids[s.dice.IntN(len(s.ids))])
			if err != nil {
				return err
			}
			m.SetYear(year)
			return nil
		}, node.UntilAccepted()), "transaction %d", i)
	}
}

// agree waits until every live query shows what the server's store has.
func (s *soak) agree(crowd []*listener) {
	s.Helper()
	want := make(map[int]string)
	for i := range decades {
		albums, err := music.Albums.Collect(s.Context(), s.writer, "year = ? ORDER BY name", 1900+i)
		require.NoError(s, err)
		var names []string
		for _, a := range albums {
			names = append(names, a.Name())
		}
		want[1900+i] = strings.Join(names, "\n")
	}
	for _, l := range crowd {
		_, err := signal.Wait(s.Context(), l.live.Signal(), func(items entity.Items[music.AlbumView]) bool {
			return albumsOf(items) == want[l.year]
		})
		require.NoError(s, err)
	}
}

// memoryOf is the memory that a process has, in bytes.
func memoryOf(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	for line := range strings.Lines(string(status)) {
		if text, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kilobytes, err := strconv.Atoi(strings.Fields(text)[0])
			require.NoError(t, err)
			return kilobytes << 10
		}
	}
	t.Fatal("there is no VmRSS")
	return 0
}
