//go:build linux

package program_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/cmd/ank/program"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/signal"
)

// asProgram in the environment makes the test binary the program.
const asProgram = "ANK_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if files, err := strconv.ParseUint(os.Getenv(asProgram+"_FILES"), 10, 64); err == nil {
			if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: files, Max: files}); err != nil {
				panic(err)
			}
		}
		program.Program{Models: music.Models()}.Main()
	}
	os.Exit(m.Run())
}

// process is the command as a process of its own.
type process struct {
	*testing.T
	command *exec.Cmd
	address string
	ended   chan struct{}
	said    []string // once it has ended
}

// launch starts the command and waits until it serves.
func launch(t *testing.T, listen, store string, args ...string) *process {
	t.Helper()
	p := &process{T: t, command: exec.Command(os.Args[0], append([]string{"serve", "-listen", listen, "-store", store}, args...)...), ended: make(chan struct{})}
	p.command.Env = append(os.Environ(), asProgram+"=1")
	out, err := p.command.StdoutPipe()
	require.NoError(t, err)
	p.command.Stderr = p.command.Stdout
	require.NoError(t, p.command.Start())
	ready := make(chan string, 1)
	go func() {
		defer close(p.ended)
		defer close(ready)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.said = append(p.said, lines.Text())
			if found := regexp.MustCompile(`at wss?://(\S+)/ank`).FindStringSubmatch(lines.Text()); found != nil {
				ready <- found[1]
			}
		}
	}()
	t.Cleanup(func() { _ = p.command.Process.Kill() })
	var ok bool
	p.address, ok = <-ready
	if !ok {
		<-p.ended
		t.Fatalf("it did not start: %q", p.said)
	}
	return p
}

func (p *process) signal(s os.Signal) {
	p.Helper()
	require.NoError(p, p.command.Process.Signal(s))
}

// wait waits until it has ended, and returns its exit code; -1 if a signal ended it.
func (p *process) wait() int {
	p.Helper()
	<-p.ended
	_ = p.command.Wait()
	return p.command.ProcessState.ExitCode()
}

// words is what it has said, once it has ended.
func (p *process) words() string {
	<-p.ended
	return strings.Join(p.said, "\n")
}

// writer is a client that commits all the time.
type writer struct {
	node     *node.Node
	accepted map[string]bool // names of albums, as receipts say
	stop     func()
}

func write(t *testing.T, n *node.Node, prefix string) *writer {
	w := &writer{node: n, accepted: make(map[string]bool)}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			name := fmt.Sprintf("%s %d", prefix, i)
			err := n.Session("local").Update(ctx, func(tx *node.Tx) error {
				_, err := music.Albums.Create(tx, music.Album{Name: name, Year: 1980})
				return err
			}, node.UntilAccepted())
			if err == nil {
				w.accepted[name] = true
			}
		}
	})
	w.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(w.stop)
	return w
}

// some waits until a live query shows at least n rows.
func some(t *testing.T, live *entity.Live[music.AlbumView], n int) {
	t.Helper()
	_, err := signal.Wait(t.Context(), live.Signal(), func(items entity.Items[music.AlbumView]) bool { return items.Len() >= n })
	require.NoError(t, err)
}

// phase waits until a live query is in a phase.
func phase(t *testing.T, live *entity.Live[music.AlbumView], want entity.Phase) {
	t.Helper()
	for set := range live.Changes(t.Context()) {
		if set.State.Phase == want {
			return
		}
	}
	t.Fatal("it has ended: ", live.Err())
}

// TestServersAreKilled kills a server several times while clients write to it. No write
// that it acknowledged is lost, and what it did not is delivered to the next.
func TestServersAreKilled(t *testing.T) {
	store := "pebble:" + filepath.Join(t.TempDir(), "store")
	p := launch(t, "127.0.0.1:0", store)
	url := "ws://" + p.address + "/ank"
	var writers []*writer
	for i := range 3 {
		writers = append(writers, write(t, client(t, url, ""), fmt.Sprintf("client %d, album", i)))
	}
	live, err := music.Albums.Query(t.Context(), client(t, url, "").Session("local"), "ORDER BY name")
	require.NoError(t, err)
	defer live.Close()
	for range 4 {
		some(t, live, live.Items().Len()+50)
		p.signal(syscall.SIGKILL)
		require.Equal(t, -1, p.wait())
		p = launch(t, p.address, store)
	}
	some(t, live, live.Items().Len()+50)
	for _, w := range writers {
		w.stop()
		for e, err := range w.node.Ledger(t.Context()) { // what is under way is delivered
			require.NoError(t, err)
			require.NotEqual(t, node.Rejected, e.Status)
			if e.Status == node.Pending { // of others it forgets the oldest
				r, err := w.node.Receipt(t.Context(), e.Transaction)
				require.NoError(t, err)
				require.NotEqual(t, node.Rejected, r.Status)
			}
		}
	}
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait(), "%s", p.words())

	p = launch(t, "127.0.0.1:0", store)
	albums, err := music.Albums.Collect(t.Context(), client(t, "ws://"+p.address+"/ank", "").Session("local"), "")
	require.NoError(t, err)
	stored := make(map[string]bool)
	for _, a := range albums {
		require.False(t, stored[a.Name()], "%s is there twice", a.Name())
		stored[a.Name()] = true
	}
	for _, w := range writers {
		require.NotEmpty(t, w.accepted)
		for name := range w.accepted {
			require.True(t, stored[name], "%s was acknowledged and is lost", name)
		}
	}
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait())
}

// TestServersStandStill stops a server's clock and lets it go on: its clients notice no
// later than when it goes on, and what they did meanwhile is delivered.
func TestServersStandStill(t *testing.T) {
	p := launch(t, "127.0.0.1:0", "memory:")
	n := client(t, "ws://"+p.address+"/ank", "")
	live, err := music.Albums.Query(t.Context(), n.Session("local"), "")
	require.NoError(t, err)
	defer live.Close()
	require.Equal(t, node.Accepted, add(t, n, "local", "Parade", 1986).Status)
	p.signal(syscall.SIGSTOP)
	tx := n.Session("local").Begin()
	_, err = music.Albums.Create(tx, music.Album{Name: "Lovesexy", Year: 1988})
	require.NoError(t, err)
	r, err := tx.Commit(t.Context())
	require.NoError(t, err)
	require.Equal(t, node.Pending, r.Status)
	some(t, live, 2)
	p.signal(syscall.SIGCONT)
	r, err = n.Receipt(t.Context(), r.Transaction)
	require.NoError(t, err)
	require.Equal(t, node.Accepted, r.Status)
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait())
}

// TestServersDrain ends a server with SIGTERM while clients write to it: it ends by
// itself, and everything that it acknowledged is there.
func TestServersDrain(t *testing.T) {
	store := "pebble:" + filepath.Join(t.TempDir(), "store")
	p := launch(t, "127.0.0.1:0", store)
	url := "ws://" + p.address + "/ank"
	w := write(t, client(t, url, ""), "album")
	live, err := music.Albums.Query(t.Context(), client(t, url, "").Session("local"), "")
	require.NoError(t, err)
	defer live.Close()
	some(t, live, 100)
	p.signal(syscall.SIGTERM)
	phase(t, live, entity.Stale)
	require.Zero(t, p.wait(), "%s", p.words())
	require.Contains(t, p.words(), "ank: ending")
	w.stop()
	p = launch(t, p.address, store)
	albums, err := music.Albums.Collect(t.Context(), client(t, url, "").Session("local"), "")
	require.NoError(t, err)
	stored := make(map[string]bool)
	for _, a := range albums {
		stored[a.Name()] = true
	}
	for name := range w.accepted {
		require.True(t, stored[name], "%s was acknowledged and is lost", name)
	}
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait())
}

// TestPortsAreTaken starts a second server where there is one.
func TestPortsAreTaken(t *testing.T) {
	p := launch(t, "127.0.0.1:0", "memory:")
	second := exec.Command(os.Args[0], "serve", "-listen", p.address, "-store", "memory:")
	second.Env = append(os.Environ(), asProgram+"=1")
	said, err := second.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 1, second.ProcessState.ExitCode())
	require.Contains(t, string(said), "address already in use")
}

// TestFoldersAreTaken starts a second server over a store that is in use.
func TestFoldersAreTaken(t *testing.T) {
	store := "pebble:" + filepath.Join(t.TempDir(), "store")
	launch(t, "127.0.0.1:0", store)
	second := exec.Command(os.Args[0], "serve", "-listen", "127.0.0.1:0", "-store", store)
	second.Env = append(os.Environ(), asProgram+"=1")
	said, err := second.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 1, second.ProcessState.ExitCode())
	require.NotContains(t, string(said), "serving")
}

// TestHalfOpenConnections leaves a server with connections whose other end says nothing:
// one that never greets, and one that stops after the greeting. It serves others.
func TestHalfOpenConnections(t *testing.T) {
	p := launch(t, "127.0.0.1:0", "memory:")
	url := "ws://" + p.address + "/ank"
	for range 20 {
		c, err := websocket.Dialer(url)(t.Context())
		require.NoError(t, err)
		defer func(c wire.Conn) { _ = c.Close() }(c)
	}
	require.Equal(t, node.Accepted, add(t, client(t, url, ""), "local", "Parade", 1986).Status)
	p.signal(syscall.SIGTERM)
	require.Zero(t, p.wait(), "it does not wait for those who say nothing")
}
