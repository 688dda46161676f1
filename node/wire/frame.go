package wire

import (
	"context"
	"errors"
	"fmt"

	"github.com/ankgo/ank/internal/codec"
)

// FullFrame is the size in bytes from which on a frame is sent before another message is added,
// and MaxFrame the greatest size that a frame can have.
const (
	FullFrame = 32 << 10
	MaxFrame  = FullFrame + MaxMessage + 8
)

// ErrFrame tells that a frame is not made of messages.
var ErrFrame = errors.New("wire: malformed frame")

// AppendFrame appends an encoded message to a frame.
func AppendFrame(frame, message []byte) []byte { return codec.AppendBytes(frame, message) }

// CutFrame takes the first message off a frame. The message aliases the frame. It returns an error
// that matches ErrFrame if there is none, or if it is larger than MaxMessage.
func CutFrame(frame []byte) (message, rest []byte, err error) {
	r := codec.NewReader(frame)
	message = r.Bytes(MaxMessage)
	if err := r.Err(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFrame, err)
	}
	return message, r.Rest(), nil
}

// A Flusher is a [Conn] that may hold back what was sent, so that small messages go out together.
// Whoever calls Send calls Flush when it has nothing more to send for now.
type Flusher interface {
	Flush(ctx context.Context) error
}
