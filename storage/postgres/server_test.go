package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
)

// server is a PostgreSQL server of one test's own, which it may kill.
type server struct {
	testing.TB
	folder string
}

func newServer(t testing.TB) *server {
	folder, err := os.MkdirTemp("/tmp", "ank-server.") // names of sockets are short
	require.NoError(t, err)
	s := &server{t, folder}
	s.start()
	t.Cleanup(func() {
		_ = s.script("stop", folder, "immediate")
		require.NoError(t, os.RemoveAll(folder))
	})
	return s
}

func (s *server) script(args ...string) error {
	out, err := exec.Command("../../scripts/postgres", args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("scripts/postgres %v: %w\n%s", args, err, out)
	}
	return err
}

func (s *server) start() {
	s.Helper()
	require.NoError(s, s.script("start", s.folder))
}

// crash stops the server as a power failure of its process would, and starts it again.
func (s *server) crash() {
	s.Helper()
	require.NoError(s, s.script("stop", s.folder, "immediate"))
	s.start()
}

// standby returns a server that has all that this one has acknowledged.
func (s *server) standby() *server {
	s.Helper()
	folder, err := os.MkdirTemp("/tmp", "ank-standby.")
	require.NoError(s, err)
	s.Cleanup(func() {
		_ = s.script("stop", folder, "immediate")
		require.NoError(s, os.RemoveAll(folder))
	})
	require.NoError(s, s.script("standby", s.folder, folder))
	s.exec("ALTER SYSTEM SET synchronous_standby_names = '*'")
	s.exec("SELECT pg_reload_conf()")
	return &server{s.TB, folder}
}

func (s *server) exec(sql string) {
	s.Helper()
	c, err := pgx.Connect(context.Background(), s.dsn())
	require.NoError(s, err)
	_, err = c.Exec(context.Background(), sql)
	require.NoError(s, err)
	require.NoError(s, c.Close(context.Background()))
}

func (s *server) dsn() string { return "host=" + s.folder + " user=postgres dbname=postgres" }

// proxy stands between an engine and the server, and cuts connections.
type proxy struct {
	folder string
	listen net.Listener

	// loseCommit has the next answer to a COMMIT lost, dropWrites all that is sent
	// after the first round trip of the next commit.
	loseCommit, dropWrites atomic.Bool
	// stall, if it is set, is what all that is sent after the first round trip of the next
	// commit waits for.
	stall atomic.Pointer[chan struct{}]

	mu     sync.Mutex
	server string // the folder of its socket
	conns  map[net.Conn]bool
	wait   sync.WaitGroup
}

const socket = ".s.PGSQL.5432"

// newProxy returns a proxy to the server that all tests share.
func newProxy(t testing.TB) *proxy {
	folder, err := os.MkdirTemp("/tmp", "ank-proxy.")
	require.NoError(t, err)
	p := &proxy{folder: folder, server: hostOf(t), conns: make(map[net.Conn]bool)}
	p.listen, err = net.Listen("unix", filepath.Join(folder, socket))
	require.NoError(t, err)
	p.wait.Go(p.serve)
	t.Cleanup(func() {
		p.listen.Close()
		p.cut()
		p.wait.Wait()
		require.NoError(t, os.RemoveAll(folder))
	})
	return p
}

// hostOf is the folder of the shared server's socket.
func hostOf(t testing.TB) string {
	var host string
	_, err := fmt.Sscanf(dsn(), "host=%s", &host)
	require.NoError(t, err, "the tests' server has a Unix socket, as scripts/postgres makes it")
	return host
}

func (p *proxy) dsn() string { return "host=" + p.folder + " user=postgres dbname=postgres" }

func (p *proxy) serve() {
	for {
		client, err := p.listen.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		folder := p.server
		p.mu.Unlock()
		server, err := net.Dial("unix", filepath.Join(folder, socket))
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		drop, stall := new(atomic.Bool), new(atomic.Pointer[chan struct{}])
		p.wait.Go(func() {
			p.copy(server, client, func([]byte) bool {
				if c := stall.Load(); c != nil {
					<-*c
				}
				return drop.Load()
			})
		})
		p.wait.Go(func() { p.copy(client, server, func(b []byte) bool { return p.answers(b, drop, stall) }) })
	}
}

// answers looks at what the server sends, and reports whether the connection ends here.
func (p *proxy) answers(b []byte, drop *atomic.Bool, stall *atomic.Pointer[chan struct{}]) bool {
	if bytes.Contains(b, []byte("COMMIT\x00")) && p.loseCommit.CompareAndSwap(true, false) {
		return true
	}
	// The first round trip of a commit has the only UPDATE of one row.
	if first := bytes.Contains(b, []byte("UPDATE 1\x00")); !first {
		return false
	}
	if c := p.stall.Swap(nil); c != nil {
		stall.Store(c)
	}
	if p.dropWrites.CompareAndSwap(true, false) {
		drop.Store(true)
	}
	return false
}

func (p *proxy) copy(to, from net.Conn, ends func([]byte) bool) {
	defer to.Close()
	defer from.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if n > 0 && ends(b[:n]) {
			return
		}
		if _, werr := to.Write(b[:n]); err != nil || werr != nil {
			return
		}
	}
}

// lead has the proxy lead to another server.
func (p *proxy) lead(folder string) {
	p.mu.Lock()
	p.server = folder
	p.mu.Unlock()
	p.cut()
}

// cut cuts all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
	clear(p.conns)
}

// open opens an engine, which is closed after the test.
func open(t testing.TB, dsn string, o postgres.Options) *postgres.Engine {
	t.Helper()
	e, err := postgres.Open(context.Background(), dsn, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// settled commits a batch as a node does: it reads the log when the outcome is unknown.
func settled(ctx context.Context, e storage.Engine, b *storage.Batch) (unknown bool, err error) {
	for {
		err := e.Commit(ctx, b)
		if !errors.Is(err, storage.ErrUnknown) {
			return unknown, err
		}
		unknown = true
		there, err := stored(ctx, e, b)
		if err != nil || there {
			return unknown, err
		}
	}
}

// stored reports whether the log has the last entry of a batch.
func stored(ctx context.Context, e storage.Engine, b *storage.Batch) (bool, error) {
	s, err := e.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	defer s.Close()
	last := b.Entries[len(b.Entries)-1].Position()
	found, _ := s.Cursor().At(last.Origin)
	return found == last, nil
}

// seqs returns the sequences of all entries in the log.
func seqs(t testing.TB, e storage.Engine) (all []uint64) {
	t.Helper()
	s, err := e.Snapshot(context.Background())
	require.NoError(t, err)
	defer s.Close()
	for entry, err := range s.Log(context.Background(), event.Cursor{}) {
		require.NoError(t, err)
		all = append(all, entry.Seq)
	}
	return all
}
