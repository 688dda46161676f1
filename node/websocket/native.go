//go:build !js

package websocket

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"

	"github.com/ankgo/ank/node/wire"
)

// worthwhile is the size in bytes from which on messages are compressed.
const worthwhile = 1 << 10

// closeTimeout is how long a peer may take to answer a farewell.
const closeTimeout = time.Second

// Dialer returns a function for node.Connect that dials a URL: ws://, wss://, http:// or https://.
func Dialer(url string) func(ctx context.Context) (wire.Conn, error) {
	return DialerWith(url, nil, nil)
}

// DialerWith is Dialer with a client for the HTTP request that a WebSocket begins with, for its TLS and
// proxies, and with headers for it. Both may be nil.
func DialerWith(url string, client *http.Client, header http.Header) func(ctx context.Context) (wire.Conn, error) {
	return func(ctx context.Context) (wire.Conn, error) {
		taken, end := taking(client)
		c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
			HTTPClient: taken, HTTPHeader: header, Subprotocols: []string{Protocol},
			CompressionMode: websocket.CompressionNoContextTakeover, CompressionThreshold: worthwhile,
		})
		if err != nil {
			return nil, because(ctx, fmt.Errorf("dialling %s: %w", url, err))
		}
		if c.Subprotocol() != Protocol {
			_ = c.CloseNow() // there is a better error to return
			return nil, fmt.Errorf("dialling %s: what answers is not an Ank node", url)
		}
		return wrap(c, end), nil
	}
}

// taking returns a client that does what another does, and notes the stream that a WebSocket is made of.
func taking(client *http.Client) (*http.Client, *stream) {
	taken, s := http.Client{}, &stream{next: http.DefaultTransport}
	if client != nil {
		taken = *client
	}
	if taken.Transport != nil {
		s.next = taken.Transport
	}
	taken.Transport = s
	return &taken, s
}

// stream is what a WebSocket is made of, noted when it is made.
type stream struct {
	next http.RoundTripper
	io.Closer
}

// RoundTrip implements http.RoundTripper.
func (s *stream) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := s.next.RoundTrip(r)
	if err == nil {
		s.Closer = answer.Body
	}
	return answer, err
}

// hijacked is a response that notes the stream that it gives away.
type hijacked struct {
	http.ResponseWriter
	stream
}

// Hijack implements http.Hijacker.
func (h *hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, b, err := http.NewResponseController(h.ResponseWriter).Hijack()
	h.Closer = c
	return c, b, err
}

// A Handler accepts WebSockets, in any mux of net/http. Its fields must not be changed once it is used.
type Handler struct {
	// Serve speaks with the peer and returns when the connection has ended, which it closes. It may ask the
	// request who that is. ctx is the request's.
	Serve func(ctx context.Context, c wire.Conn, r *http.Request)

	// Origins are the hosts whose pages may connect, beside those of the host that is asked: names as in
	// example.com:8080, in which * stands for any characters but dots, or with a scheme before. Peers that
	// are no pages send no origin, and may connect.
	Origins []string
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	given := &hijacked{ResponseWriter: w}
	c, err := websocket.Accept(given, r, &websocket.AcceptOptions{
		OriginPatterns: h.Origins, Subprotocols: []string{Protocol},
		CompressionMode: websocket.CompressionNoContextTakeover, CompressionThreshold: worthwhile,
	})
	if err != nil {
		return // the answer says why
	}
	if c.Subprotocol() != Protocol {
		_ = c.Close(websocket.StatusPolicyViolation, "the subprotocol is "+Protocol) // it need not hear it
		return
	}
	h.Serve(r.Context(), wrap(c, given), r)
}

func wrap(c *websocket.Conn, under io.Closer) wire.Conn {
	c.SetReadLimit(maxPiece + 1)
	return &conn{socket: &native{c, under}}
}

// native is a socket of the library's.
type native struct {
	c     *websocket.Conn
	under io.Closer // the stream
}

func (n *native) write(ctx context.Context, message []byte) error {
	return end(n.c.Write(ctx, websocket.MessageBinary, message))
}

func (n *native) read(ctx context.Context) ([]byte, error) {
	kind, r, err := n.c.Reader(ctx)
	if err != nil {
		return nil, end(err)
	}
	if kind != websocket.MessageBinary {
		return nil, errors.New("websocket: a message of text")
	}
	slow := time.AfterFunc(pieceTimeout, func() { _ = n.c.CloseNow() })
	defer slow.Stop()
	message, err := io.ReadAll(r)
	return message, end(err)
}

// close says farewell, so that what was sent last arrives, and waits for the peer's.
func (n *native) close() error {
	// The library would wait for five seconds.
	impatient := time.AfterFunc(closeTimeout, func() { _ = n.under.Close() })
	defer impatient.Stop()
	return end(n.c.Close(websocket.StatusNormalClosure, ""))
}

// end makes io.EOF of a peer's farewell.
func end(err error) error {
	switch websocket.CloseStatus(err) {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway:
		return io.EOF
	}
	return err
}
