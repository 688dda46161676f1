package tikv_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serverFolder is the variable with the folder of the servers' programs.
const serverFolder = "ANK_TEST_TIKV_SERVERS"

// servers are a placement driver and a store of one test's own, which it may kill, and a
// proxy through which clients reach the store.
type servers struct {
	t     *testing.T
	pd    string
	addr  string // of the store, behind the proxy
	data  string
	proxy *proxy
	store *exec.Cmd
	flags []string // of the store, beside those that say where it is
}

func startServers(t *testing.T, flags ...string) *servers {
	t.Helper()
	require.NotEmpty(t, os.Getenv(serverFolder), "%s is not set: run this with scripts/tikv", serverFolder)
	s := &servers{t: t, data: t.TempDir(), pd: freeAddress(t), addr: freeAddress(t), flags: flags}
	s.proxy = startProxy(t, s.addr)
	pd := exec.Command(filepath.Join(os.Getenv(serverFolder), "pd-server"), "--name=pd", "--log-level=error",
		"--data-dir="+filepath.Join(s.data, "pd"), "--client-urls=http://"+s.pd, "--peer-urls=http://"+freeAddress(t))
	pd.Env = append(os.Environ(), "GODEBUG=httpmuxgo121=1")
	require.NoError(t, pd.Start())
	t.Cleanup(func() { kill(pd) })
	s.await("/pd/api/v1/health", `"health": true`)
	s.start()
	t.Cleanup(func() { kill(s.store) })
	return s
}

// start starts the store, and waits until it is known.
func (s *servers) start() {
	s.t.Helper()
	s.store = exec.Command(filepath.Join(os.Getenv(serverFolder), "unistore"), append([]string{
		"-addr=" + s.addr, "-advertise=" + s.proxy.address(), "-pd=" + s.pd, "-data=" + filepath.Join(s.data, "store"),
	}, s.flags...)...)
	require.NoError(s.t, s.store.Start())
	s.await("/pd/api/v1/stores", `"state_name": "Up"`)
}

// restart kills the store as a crash would, and starts it again.
func (s *servers) restart() {
	s.t.Helper()
	kill(s.store)
	s.start()
}

func kill(c *exec.Cmd) {
	_ = c.Process.Kill() // it may have ended
	_ = c.Wait()         // says that it was killed
}

// await asks the placement driver until its answer contains a text.
func (s *servers) await(path, text string) {
	s.t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for range 1200 {
		if strings.Contains(s.ask(path), text) {
			return
		}
		<-ticker.C
	}
	s.t.Fatalf("the placement driver does not say %s", text)
}

// ask returns the placement driver's answer, "" if there is none.
func (s *servers) ask(path string) string {
	answer, err := http.Get("http://" + s.pd + path)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return ""
	}
	return string(body)
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// proxy passes connections on to one address.
type proxy struct {
	listener net.Listener
	to       string
	running  sync.WaitGroup

	mu     sync.Mutex // protects what follows
	open   map[net.Conn]struct{}
	marker []byte        // once a client has sent this, no answer passes
	lost   chan struct{} // closed when that happened
	mute   bool
}

func startProxy(t *testing.T, to string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: l, to: to, open: make(map[net.Conn]struct{})}
	p.running.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.cut()
		p.running.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		store, err := net.Dial("tcp", p.to)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.open[client], p.open[store] = struct{}{}, struct{}{}
		p.mu.Unlock()
		p.running.Go(func() { p.pass(store, client, true) })
		p.running.Go(func() { p.pass(client, store, false) })
	}
}

// pass copies what one side sends to the other.
func (p *proxy) pass(to, from net.Conn, fromClient bool) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if n > 0 && p.passes(buffer[:n], fromClient) {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (p *proxy) passes(sent []byte, fromClient bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if fromClient && p.marker != nil && bytes.Contains(sent, p.marker) {
		p.mute, p.marker = true, nil
		close(p.lost)
	}
	return fromClient || !p.mute
}

// loseAnswerTo lets no answer pass once a client has sent something with this text, until
// heal. The channel is closed when it did.
func (p *proxy) loseAnswerTo(text string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.marker, p.lost = []byte(text), make(chan struct{})
	return p.lost
}

// heal cuts all connections and lets new ones pass.
func (p *proxy) heal() {
	p.mu.Lock()
	p.mute = false
	p.mu.Unlock()
	p.cut()
}

// cut closes all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
	clear(p.open)
}
