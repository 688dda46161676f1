package wire

import (
	"context"
	"errors"
)

// ErrTooLarge is what carriers return for a message beyond MaxMessage.
var ErrTooLarge = errors.New("wire: message is too large")

// Conn carries whole messages between two nodes, in order, both ways. A carrier
// is anything that can do that: a pipe inside a process, a WebSocket.
//
// One goroutine at a time calls Send and one Receive; Close may be called at any
// time by anyone, more than once, and ends both.
type Conn interface {
	// Send hands one encoded message over. The bytes are the carrier's from then
	// on. It waits while the peer's buffer is full, and returns when ctx is done
	// or the connection has ended.
	Send(ctx context.Context, message []byte) error

	// Receive waits for the next message, whose bytes are the caller's. After the
	// connection has ended it returns an error: io.EOF when the peer closed it.
	Receive(ctx context.Context) ([]byte, error)

	// Close ends the connection.
	Close() error
}
