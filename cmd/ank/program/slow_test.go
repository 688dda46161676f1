package program

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// wires is a listener whose connections are pipes, so that time can pass quickly.
type wires struct {
	came   chan net.Conn
	closed chan struct{}
}

func (w *wires) Accept() (net.Conn, error) {
	select {
	case c := <-w.came:
		return c, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wires) Close() error {
	close(w.closed)
	return nil
}

func (w *wires) Addr() net.Addr { return &net.TCPAddr{} }

// TestWhoeverIsSlowIsLetGoOf: connections that cost their owner nothing do not stay.
func TestWhoeverIsSlowIsLetGoOf(t *testing.T) {
	for name, test := range map[string]struct {
		say    string
		answer bool
		within time.Duration
	}{
		"nothing":               {"", false, requestTimeout},
		"half a header":         {"GET /health HTTP/1.1\r\nHost: a\r\n", false, requestTimeout},
		"a body that never is":  {"POST /ank HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", true, 2 * requestTimeout},
		"a chunk that never is": {"POST /none HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n", true, 2 * requestTimeout},
		"no second request":     {"GET /none HTTP/1.1\r\nHost: a\r\n\r\n", true, idleTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := &wires{make(chan net.Conn), make(chan struct{})}
				server := newServer((&host{settings: &settings{anonymous: true}}).mux(), io.Discard)
				served := make(chan error, 1)
				go func() { served <- server.Serve(w) }()
				mine, theirs := net.Pipe()
				w.came <- theirs
				began := time.Now()
				go func() { _, _ = io.WriteString(mine, test.say) }()
				in := bufio.NewReader(mine)
				ended := make(chan error, 1)
				go func() {
					if test.answer {
						answer, err := http.ReadResponse(in, nil)
						if err != nil {
							ended <- err
							return
						}
						_, _ = io.Copy(io.Discard, answer.Body)
					}
					_, err := in.ReadByte()
					ended <- err
				}()
				select {
				case <-ended:
				case <-time.After(time.Hour):
					t.Error("the connection is still there after an hour")
				}
				require.LessOrEqual(t, time.Since(began), test.within+time.Second)
				_ = mine.Close()
				require.NoError(t, server.Close())
				require.ErrorIs(t, <-served, http.ErrServerClosed)
			})
		})
	}
}

// TestHeadersAreBounded: before anybody knows who sends them.
func TestHeadersAreBounded(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := newServer((&host{settings: &settings{anonymous: true}}).mux(), io.Discard)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+"/health", nil)
	require.NoError(t, err)
	request.Header.Set("Cookie", strings.Repeat("x", 4*maxHeader))
	answer, err := http.DefaultTransport.RoundTrip(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, answer.StatusCode)
	require.NoError(t, server.Close())
	require.ErrorIs(t, <-served, http.ErrServerClosed)
}
