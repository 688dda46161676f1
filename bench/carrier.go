package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// loopback is an HTTP server that WebSockets are opened on.
type loopback struct {
	server *http.Server
	url    string
	done   chan error
}

func serveLoopback(h http.Handler) (*loopback, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &loopback{&http.Server{Handler: h}, "ws://" + l.Addr().String(), make(chan error, 1)}
	go func() { s.done <- s.server.Serve(l) }()
	return s, nil
}

// close ends the server, but no WebSocket.
func (s *loopback) close() error {
	err := s.server.Close()
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// meter counts the bytes that come over the connections it dials: of TCP, whatever
// is in them.
type meter struct{ atomic.Int64 }

type metered struct {
	net.Conn
	m *meter
}

func (c metered) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.m.Add(int64(n))
	return n, err
}

func (m *meter) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return metered{c, m}, nil
}

// Dial has NATS dial.
func (m *meter) Dial(network, address string) (net.Conn, error) {
	return m.dial(context.Background(), network, address)
}

// client opens WebSockets, which are not compressed unless that is wanted.
func (m *meter) client(deflate bool) *http.Client {
	transport := &http.Transport{DialContext: m.dial}
	if deflate {
		return &http.Client{Transport: transport}
	}
	return &http.Client{Transport: incapable{transport}}
}

// incapable does not say that compression is known here.
type incapable struct{ next http.RoundTripper }

func (i incapable) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Del("Sec-WebSocket-Extensions")
	return i.next.RoundTrip(r)
}

// The raw WebSockets compress what Ank's do, and as they do.
const (
	rawMode      = websocket.CompressionNoContextTakeover
	rawThreshold = 1 << 10
	rawLimit     = 4 << 20
)

func dialRaw(ctx context.Context, url string, m *meter, deflate bool) (*websocket.Conn, error) {
	c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient: m.client(deflate), CompressionMode: rawMode, CompressionThreshold: rawThreshold,
	})
	if err == nil {
		c.SetReadLimit(rawLimit)
	}
	return c, err
}

// acceptRaw is a handler that says how a WebSocket ended by closing it.
func acceptRaw(serve func(ctx context.Context, c *websocket.Conn) error) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		c, err := websocket.Accept(w, q, &websocket.AcceptOptions{CompressionMode: rawMode, CompressionThreshold: rawThreshold})
		if err != nil {
			return // the answer says why
		}
		c.SetReadLimit(rawLimit)
		if err := serve(q.Context(), c); err != nil {
			_ = c.CloseNow() // the peer notices
			return
		}
		_ = c.Close(websocket.StatusNormalClosure, "") // the peer may be gone
	}
}

// clocked measures how long a function takes, garbage of before collected, and
// notes it in milliseconds.
func (r *run) clocked(name string, do func() error) (time.Duration, error) {
	runtime.GC()
	stop, err := r.profile(name)
	if err != nil {
		return 0, err
	}
	start, spent := time.Now(), cpuTime()
	err = do()
	took := time.Since(start)
	spent = cpuTime() - spent
	stop()
	if r.cpu && err == nil {
		r.say("cpu %s %s ms", name, significant(float64(spent.Microseconds())/1000))
	}
	if err == nil && r.wants(name) {
		r.figures.add(name, "ms", float64(took.Microseconds())/1000)
	}
	return took, err
}
