package pipe

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/ankgo/ank/node/wire"
)

// buffered is how many messages a direction holds before its sender waits.
const buffered = 64

// New returns the two ends of a new connection.
func New() (a, b wire.Conn) {
	ab, ba := make(chan []byte, buffered), make(chan []byte, buffered)
	closed := &closing{done: make(chan struct{})}
	return &end{out: ab, in: ba, closing: closed}, &end{out: ba, in: ab, closing: closed}
}

// closing is shared by both ends: whoever closes, closes both.
type closing struct {
	once sync.Once
	done chan struct{}
}

type end struct {
	out chan<- []byte
	in  <-chan []byte
	*closing
}

var _ wire.Conn = (*end)(nil)

// Send implements wire.Conn. The message is copied, as a socket would.
func (e *end) Send(ctx context.Context, message []byte) error {
	if len(message) > wire.MaxMessage {
		return wire.ErrTooLarge
	}
	if e.ended() {
		return io.ErrClosedPipe
	}
	select {
	case e.out <- bytes.Clone(message):
		return nil
	case <-e.done:
		return io.ErrClosedPipe
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Receive implements wire.Conn. What was sent before the end is still received.
func (e *end) Receive(ctx context.Context) ([]byte, error) {
	select {
	case message := <-e.in:
		return message, nil
	default:
	}
	select {
	case message := <-e.in:
		return message, nil
	case <-e.done:
		return e.last()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// last drains what arrived together with the end.
func (e *end) last() ([]byte, error) {
	select {
	case message := <-e.in:
		return message, nil
	default:
		return nil, io.EOF
	}
}

func (e *end) ended() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

// Close implements wire.Conn.
func (e *end) Close() error {
	e.once.Do(func() { close(e.done) })
	return nil
}

// ErrCut is what Dial returns while the line is cut.
var ErrCut = errors.New("pipe: the line is cut")

// Link is a line to a server inside the process. Safe for concurrent use.
type Link struct {
	serve func(wire.Conn)

	mu    sync.Mutex
	cut   bool
	conns map[wire.Conn]struct{} // client ends, until they are found closed
}

// NewLink returns a line whose far end is handed to serve at each Dial. serve
// must return without waiting: it starts the goroutine that serves the end.
func NewLink(serve func(wire.Conn)) *Link {
	return &Link{serve: serve, conns: make(map[wire.Conn]struct{})}
}

// Dial makes a new connection over the line and returns the client's end.
func (l *Link) Dial(ctx context.Context) (wire.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	near, far := New()
	if !l.add(near) {
		return nil, ErrCut
	}
	l.serve(far)
	return near, nil
}

// add remembers a connection and forgets those that ended.
func (l *Link) add(near wire.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return false
	}
	for c := range l.conns {
		if c.(*end).ended() {
			delete(l.conns, c)
		}
	}
	l.conns[near] = struct{}{}
	return true
}

// Cut ends every connection over the line, with what was under way, and makes
// Dial fail until Mend.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for c := range l.conns {
		// Closing an end of a pipe cannot fail.
		_ = c.Close()
	}
	clear(l.conns)
}

// Mend lets Dial work again.
func (l *Link) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
}
