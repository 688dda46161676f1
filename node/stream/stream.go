package stream

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/node/wire"
)

// A frame must arrive at no less than pieceSize bytes in every pieceTimeout.
const (
	pieceSize    = 256 << 10
	pieceTimeout = time.Minute
)

// ErrFrame tells that what came over a stream is no frame: the peer speaks something else.
var ErrFrame = errors.New("stream: malformed frame")

var errSlow = errors.New("stream: a frame did not arrive in time")

// New makes a connection of a stream. The connection owns it from then on, and closes it. Where a
// context ends that is given to a method while that waits, the stream is closed as well, for there is
// no other way to stop waiting.
func New(rw io.ReadWriteCloser) wire.Conn {
	return &conn{stream: rw, in: bufio.NewReader(rw)}
}

// conn is a wire.Conn and a wire.Flusher.
type conn struct {
	stream io.ReadWriteCloser

	in   *bufio.Reader
	rest []byte // of the frame that was read last
	slow *time.Timer

	out *[]byte // frameRoom bytes, and messages; nil if there are none

	once   sync.Once
	closed error // of closing

	mu    sync.Mutex
	cause error // why the stream was closed from here, nil if the user did
}

var (
	_ wire.Conn    = (*conn)(nil)
	_ wire.Flusher = (*conn)(nil)
)

// frameRoom is the room for the number that a frame begins with.
const frameRoom = binary.MaxVarintLen32

// Send implements wire.Conn.
func (c *conn) Send(ctx context.Context, message []byte) error {
	if len(message) > wire.MaxMessage {
		return wire.ErrTooLarge
	}
	if c.out == nil {
		c.out = takeBuffer()
	}
	*c.out = wire.AppendFrame(*c.out, message)
	if len(*c.out) < wire.FullFrame {
		return nil
	}
	return c.Flush(ctx)
}

// Flush implements wire.Flusher.
func (c *conn) Flush(ctx context.Context) error {
	if c.out == nil {
		return nil
	}
	messages, compressed := c.out, takeBuffer()
	c.out = nil
	frame := frameOf(messages, compressed)
	stop := context.AfterFunc(ctx, func() { c.end(context.Cause(ctx)) })
	_, err := c.stream.Write(frame)
	stop()
	giveBuffer(messages)
	giveBuffer(compressed)
	return c.explain(err)
}

// frameOf is a frame of messages, compressed if that pays. Both buffers begin with room for its beginning.
func frameOf(messages, spare *[]byte) []byte {
	body, flag := *messages, uint64(0)
	if len(body) >= worthwhile {
		*spare = compress(*spare, body[frameRoom:])
		if len(*spare) <= len(body)/10*9 {
			body, flag = *spare, 1
		}
	}
	var number [binary.MaxVarintLen64]byte
	head := codec.AppendUvarint(number[:0], uint64(len(body)-frameRoom)<<1|flag)
	from := frameRoom - len(head)
	copy(body[from:], head)
	return body[from:]
}

// Receive implements wire.Conn.
func (c *conn) Receive(ctx context.Context) ([]byte, error) {
	for len(c.rest) == 0 {
		stop := context.AfterFunc(ctx, func() { c.end(context.Cause(ctx)) })
		frame, err := c.next()
		stop()
		if err != nil {
			return nil, c.explain(err)
		}
		c.rest = frame
	}
	message, rest, err := wire.CutFrame(c.rest)
	if err != nil {
		c.end(err)
		return nil, err
	}
	c.rest = rest
	return message, nil
}

// next reads a frame.
func (c *conn) next() ([]byte, error) {
	if _, err := c.in.Peek(1); err != nil {
		return nil, err
	}
	if c.slow == nil {
		c.slow = time.AfterFunc(pieceTimeout, func() { c.end(errSlow) })
	} else {
		c.slow.Reset(pieceTimeout)
	}
	defer c.slow.Stop()
	length, compressed, err := c.head()
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	body.Grow(min(length, wire.FullFrame))
	for length > 0 {
		n, err := io.CopyN(&body, c.in, int64(min(length, pieceSize)))
		if err != nil {
			return nil, cut(err)
		}
		length -= int(n)
		c.slow.Reset(pieceTimeout)
	}
	if compressed {
		return expand(body.Bytes())
	}
	return body.Bytes(), nil
}

// head reads the beginning of a frame.
func (c *conn) head() (length int, compressed bool, err error) {
	var b [frameRoom]byte
	for i := range b {
		if b[i], err = c.in.ReadByte(); err != nil {
			return 0, false, cut(err)
		}
		if b[i] >= 0x80 {
			continue
		}
		r := codec.NewReader(b[:i+1])
		number := r.Uvarint()
		if err := r.Err(); err != nil {
			return 0, false, fmt.Errorf("%w: %w", ErrFrame, err)
		}
		length := number >> 1
		if length == 0 || length > wire.MaxFrame {
			return 0, false, fmt.Errorf("%w: a length of %d bytes", ErrFrame, length)
		}
		return int(length), number&1 == 1, nil
	}
	return 0, false, fmt.Errorf("%w: its length has no end", ErrFrame)
}

// cut says that a frame has no end, where a stream has one.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Close implements wire.Conn. What was not flushed is lost.
func (c *conn) Close() error {
	c.end(nil)
	return c.closed
}

// end closes the stream for a reason, unless it is closed already.
func (c *conn) end(cause error) {
	c.once.Do(func() {
		c.mu.Lock()
		c.cause = cause
		c.mu.Unlock()
		c.closed = c.stream.Close()
	})
}

// reason is why the stream was closed from here.
func (c *conn) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// explain prefers the reason for which the stream was closed to what became of reading it then.
func (c *conn) explain(err error) error {
	if err == nil {
		return nil
	}
	if cause := c.reason(); cause != nil {
		return cause
	}
	c.end(err)
	return err
}
