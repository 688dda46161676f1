//go:build !js

package websocket_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	raw "github.com/coder/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/node/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// host serves a handler until the test ends and returns its address, ws://.
func host(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

func TestWebSocket(t *testing.T) {
	ends, done := make(chan wire.Conn), make(chan struct{})
	url := host(t, &websocket.Handler{Serve: func(_ context.Context, c wire.Conn, _ *http.Request) {
		ends <- c
		<-done // the connection is the request's
	}})
	t.Cleanup(func() { close(done) })
	wiretest.Run(t, func(t *testing.T) (a, b wire.Conn) {
		near, err := websocket.Dialer(url)(t.Context())
		require.NoError(t, err)
		return near, <-ends
	})
}

func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(echo())
	t.Cleanup(server.Close)
	header := http.Header{"Authorization": {"Bearer x"}}
	c, err := websocket.DialerWith(server.URL, server.Client(), header)(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.Send(t.Context(), []byte("secret")))
	require.NoError(t, c.(wire.Flusher).Flush(t.Context()))
	got, err := c.Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, "secret", string(got))
	require.NoError(t, c.Close())

	_, err = websocket.Dialer(server.URL)(t.Context())
	require.ErrorContains(t, err, "certificate", "the authority is not known")
}

// echo returns every message.
func echo() http.Handler {
	return &websocket.Handler{Serve: func(ctx context.Context, c wire.Conn, _ *http.Request) {
		defer c.Close()
		for {
			m, err := c.Receive(ctx)
			if err == nil {
				err = c.Send(ctx, m)
			}
			if err == nil {
				err = c.(wire.Flusher).Flush(ctx)
			}
			if err != nil {
				return
			}
		}
	}}
}

func TestOrigins(t *testing.T) {
	url := host(t, &websocket.Handler{Origins: []string{"*.example.com"}, Serve: func(_ context.Context, c wire.Conn, _ *http.Request) {
		_ = c.Close()
	}})
	own := "http" + strings.TrimPrefix(url, "ws")
	for origin, allowed := range map[string]bool{
		"":                          true,
		own:                         true,
		"https://app.example.com":   true,
		"https://example.com.evil":  false,
		"https://evil.com":          false,
		"https://a.b.example.com.x": false,
		"null":                      false,
	} {
		t.Run("origin "+origin, func(t *testing.T) {
			header := http.Header{}
			if origin != "" {
				header.Set("Origin", origin)
			}
			c, err := websocket.DialerWith(url, nil, header)(t.Context())
			require.Equal(t, allowed, err == nil, "%v", err)
			if err == nil {
				_, err = c.Receive(t.Context())
				require.ErrorIs(t, err, io.EOF)
				_ = c.Close()
			}
		})
	}
}

func TestWhoeverIsNoNode(t *testing.T) {
	// A server that speaks WebSocket, but not this protocol, and one that speaks none.
	url := host(t, plain())
	_, err := websocket.Dialer(url)(t.Context())
	require.ErrorContains(t, err, "not an Ank node")
	url = host(t, http.NotFoundHandler())
	_, err = websocket.Dialer(url)(t.Context())
	require.ErrorContains(t, err, "404")

	// A client that does not name the protocol.
	url = host(t, &websocket.Handler{Serve: func(context.Context, wire.Conn, *http.Request) { t.Error("it is served") }})
	c, _, err := raw.Dial(t.Context(), url, nil)
	require.NoError(t, err)
	_, _, err = c.Read(t.Context())
	require.Equal(t, raw.StatusPolicyViolation, raw.CloseStatus(err))
	_ = c.CloseNow()

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = websocket.Dialer(url)(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// plain accepts WebSockets of no protocol.
func plain() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := raw.Accept(w, r, nil)
		if err == nil {
			_, _, _ = c.Read(r.Context())
			_ = c.CloseNow()
		}
	})
}

func TestFramesThatAreNone(t *testing.T) {
	for name, send := range map[string]func(ctx context.Context, c *raw.Conn) error{
		"text":          func(ctx context.Context, c *raw.Conn) error { return c.Write(ctx, raw.MessageText, []byte("hello")) },
		"nothing":       binary(nil),
		"no message":    binary([]byte{0, 9, 1}),
		"no piece":      binary([]byte{0}),
		"unknown piece": binary([]byte{2, 1, 1}),
		"a large piece": binary(make([]byte, 2<<20)),
		"never the end": func(ctx context.Context, c *raw.Conn) error {
			for {
				if err := c.Write(ctx, raw.MessageBinary, append([]byte{1}, make([]byte, 1<<20)...)); err != nil {
					return err
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			result := make(chan error, 1)
			url := host(t, &websocket.Handler{Serve: func(ctx context.Context, c wire.Conn, _ *http.Request) {
				_, err := c.Receive(ctx)
				result <- err
				_ = c.Close()
			}})
			c, _, err := raw.Dial(t.Context(), url, &raw.DialOptions{Subprotocols: []string{websocket.Protocol}})
			require.NoError(t, err)
			defer c.CloseNow()
			_ = send(t.Context(), c) // it may be cut off
			err = <-result
			require.Error(t, err)
			require.NotErrorIs(t, err, io.EOF)
		})
	}
}

func binary(b []byte) func(ctx context.Context, c *raw.Conn) error {
	return func(ctx context.Context, c *raw.Conn) error { return c.Write(ctx, raw.MessageBinary, b) }
}

// TestPage runs the browser's half in Node.js.
func TestPage(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/echo", echo())
	mux.Handle("/plain", plain())
	mux.HandleFunc("/text", func(w http.ResponseWriter, r *http.Request) {
		ending(w, r, func(c *raw.Conn) error { return c.Write(r.Context(), raw.MessageText, []byte("hello")) })
	})
	mux.HandleFunc("/bye", func(w http.ResponseWriter, r *http.Request) {
		ending(w, r, func(c *raw.Conn) error { return c.Close(raw.StatusGoingAway, "") })
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, r *http.Request) { ending(w, r, (*raw.Conn).CloseNow) })
	url := host(t, mux)
	nobody := httptest.NewServer(mux)
	nobody.Close()

	program := filepath.Join(t.TempDir(), "page.wasm")
	build := exec.Command("go", "build", "-o", program, "./testdata/page")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	runner := filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "go_js_wasm_exec")
	run := exec.CommandContext(t.Context(), runner, program,
		url, "ws"+strings.TrimPrefix(nobody.URL, "http"))
	run.Env = append(os.Environ(), "NODE_OPTIONS=--experimental-websocket --no-warnings")
	out, err = run.CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	require.Equal(t, strings.TrimLeft(`
7 messages came back
nobody there is an error: true
no URL is an error: true
no node is an error: true
/text ends with: websocket: a message of text
and sending fails: true
/bye ends with: EOF
and sending fails: true
/gone ends with: websocket: the connection was lost or not made
and sending fails: true
silence ends with: context deadline exceeded
`, "\n"), string(out))
}

// ending accepts a WebSocket, ends it, and waits until the peer has noticed.
func ending(w http.ResponseWriter, r *http.Request, how func(*raw.Conn) error) {
	c, err := raw.Accept(w, r, &raw.AcceptOptions{Subprotocols: []string{websocket.Protocol}})
	if err != nil {
		return
	}
	if err := how(c); err != nil && !errors.Is(err, io.EOF) {
		return
	}
	_, _, _ = c.Read(r.Context())
	_ = c.CloseNow()
}
