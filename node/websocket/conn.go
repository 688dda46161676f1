package websocket

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ankgo/ank/node/wire"
)

// maxPiece is the greatest size of a piece of a frame, the byte before it aside: some hosts of JavaScript
// accept no compressed message that is much larger.
const maxPiece = 1 << 20

// The byte before a piece.
const (
	last = 0
	more = 1
)

// pieceTimeout is how long a piece may take from its first byte to its last, and until the next.
const pieceTimeout = time.Minute

// ErrPiece tells that what came is no piece of a frame.
var ErrPiece = errors.New("websocket: malformed frame")

// socket is a WebSocket, here or in a page.
type socket interface {
	// write sends a message, which is the caller's again when it returns.
	write(ctx context.Context, message []byte) error
	// read returns the next message, which is the caller's.
	read(ctx context.Context) ([]byte, error)
	// close ends the connection; a second call does nothing.
	close() error
}

// conn puts messages together, and takes frames apart.
type conn struct {
	socket
	out  []byte // a byte of room, and messages; empty if there are none
	rest []byte // of the frame that was read last

	once   sync.Once
	closed error // of closing
}

var (
	_ wire.Conn    = (*conn)(nil)
	_ wire.Flusher = (*conn)(nil)
)

// Send implements wire.Conn.
func (c *conn) Send(ctx context.Context, message []byte) error {
	if len(message) > wire.MaxMessage {
		return wire.ErrTooLarge
	}
	if len(c.out) == 0 {
		c.out = append(c.out, last)
	}
	c.out = wire.AppendFrame(c.out, message)
	if len(c.out) < wire.FullFrame {
		return nil
	}
	return c.Flush(ctx)
}

// keptBytes is how much room for the next frame a connection keeps.
const keptBytes = 4 << 10

// Flush implements wire.Flusher.
func (c *conn) Flush(ctx context.Context) error {
	if len(c.out) == 0 {
		return nil
	}
	rest, err := c.out, error(nil)
	for err == nil && len(rest) > maxPiece+1 {
		rest[0] = more
		err = c.write(ctx, rest[:maxPiece+1])
		rest = rest[maxPiece:]
	}
	if err == nil {
		rest[0] = last
		err = c.write(ctx, rest)
	}
	if c.out = c.out[:0]; cap(c.out) > keptBytes {
		c.out = nil
	}
	return because(ctx, err)
}

// Receive implements wire.Conn.
func (c *conn) Receive(ctx context.Context) ([]byte, error) {
	for len(c.rest) == 0 {
		frame, err := c.frame(ctx)
		if err != nil {
			return nil, because(ctx, err)
		}
		c.rest = frame
	}
	message, rest, err := wire.CutFrame(c.rest)
	if err != nil {
		_ = c.Close() // there is a better error to return
		return nil, err
	}
	c.rest = rest
	return message, nil
}

// frame reads a frame.
func (c *conn) frame(ctx context.Context) ([]byte, error) {
	frame, unfinished, err := c.piece(ctx)
	for err == nil && unfinished {
		var next []byte
		if next, unfinished, err = c.soon(ctx); err != nil {
			break
		}
		if frame = append(frame, next...); len(frame) > wire.MaxFrame {
			err = ErrPiece
		}
	}
	if err != nil {
		_ = c.Close() // there is a better error to return
		return nil, err
	}
	return frame, nil
}

// soon reads a piece that has to come soon.
func (c *conn) soon(ctx context.Context) ([]byte, bool, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pieceTimeout, errSlow)
	defer cancel()
	b, unfinished, err := c.piece(ctx)
	return b, unfinished, because(ctx, err)
}

var errSlow = errors.New("websocket: a frame did not arrive in time")

// piece reads a piece of a frame; unfinished says that there is another one.
func (c *conn) piece(ctx context.Context) (b []byte, unfinished bool, err error) {
	m, err := c.read(ctx)
	if err != nil {
		return nil, false, err
	}
	if len(m) < 2 || len(m) > maxPiece+1 || m[0] > more {
		return nil, false, ErrPiece
	}
	return m[1:], m[0] == more, nil
}

// Close implements wire.Conn. What was not flushed is lost.
func (c *conn) Close() error {
	c.once.Do(func() { c.closed = c.close() })
	return c.closed
}

// because prefers the reason of a context to what became of a call for it.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
