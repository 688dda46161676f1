package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/coder/websocket"
)

// perFrame is how many items a raw frame has.
const perFrame = 500

// rawSupplier sends states in frames to whoever has nothing, and to all others the
// events of the changes since.
type rawSupplier struct {
	*loopback
	ank    *ankSupplier // has the events
	states [][]byte
	missed [][]byte
}

func openRawSupplier(ank *ankSupplier, list []item) (*rawSupplier, error) {
	s := &rawSupplier{ank: ank}
	for i := range list {
		s.states = append(s.states, appendEntity(nil, list[i].key, &list[i].Item))
	}
	var err error
	s.loopback, err = serveLoopback(acceptRaw(func(ctx context.Context, c *websocket.Conn) error {
		items := s.missed
		if items == nil {
			items = s.states
		}
		return sendFrames(ctx, c, items)
	}))
	return s, err
}

// sendFrames sends items with their lengths before them.
func sendFrames(ctx context.Context, c *websocket.Conn, items [][]byte) error {
	var frame []byte
	for len(items) > 0 {
		n := min(perFrame, len(items))
		frame = frame[:0]
		for _, b := range items[:n] {
			frame = append(binary.AppendUvarint(frame, uint64(len(b))), b...)
		}
		if err := c.Write(ctx, websocket.MessageBinary, frame); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// receiveFrames takes in items until the peer closes the connection.
func receiveFrames(ctx context.Context, c *websocket.Conn, take func(b []byte)) error {
	defer func() { _ = c.CloseNow() }() // usually the peer has
	for {
		_, frame, err := c.Read(ctx)
		if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
			return nil
		}
		if err != nil {
			return err
		}
		for len(frame) > 0 {
			n, k := binary.Uvarint(frame)
			if k <= 0 || n > uint64(len(frame)-k) {
				return io.ErrUnexpectedEOF
			}
			take(frame[k : k+int(n)])
			frame = frame[k+int(n):]
		}
	}
}

func (s *rawSupplier) change(context.Context, []update) error {
	s.missed = s.ank.missed
	return nil
}

func (s *rawSupplier) receiver(_ context.Context, deflate bool) (receiver, error) {
	return &rawReceiver{s: s, deflate: deflate, states: map[string]item{}}, nil
}

// rawReceiver decodes states into a map, and keeps events as they come.
type rawReceiver struct {
	meter
	s       *rawSupplier
	deflate bool
	states  map[string]item
	events  [][]byte
}

func (c *rawReceiver) get(ctx context.Context) error {
	conn, err := dialRaw(ctx, c.s.url, &c.meter, c.deflate)
	if err != nil {
		return err
	}
	take := c.state
	if c.s.missed != nil {
		c.events = make([][]byte, 0, len(c.s.missed))
		take = func(b []byte) { c.events = append(c.events, b) }
	}
	return receiveFrames(ctx, conn, take)
}

func (c *rawReceiver) state(b []byte) {
	key, it := decodeEntity(b)
	c.states[key] = item{key, it}
}

func (c *rawReceiver) received() int64             { return c.Load() }
func (c *rawReceiver) leave(context.Context) error { return nil }
func (c *rawReceiver) close() error                { return nil }

func (c *rawReceiver) check(scores []int) error {
	if c.s.missed != nil {
		if len(c.events) != len(c.s.missed) {
			return fmt.Errorf("%d events instead of %d", len(c.events), len(c.s.missed))
		}
		return nil
	}
	sum := 0
	for _, it := range c.states {
		sum += it.Score
	}
	return checkScores(len(c.states), sum, scores)
}

// checkScores compares what somebody has with what there is.
func checkScores(n, sum int, scores []int) error {
	want := 0
	for _, s := range scores {
		want += s
	}
	if n != len(scores) || sum != want {
		return fmt.Errorf("%d entities with scores of %d together, instead of %d with %d", n, sum, len(scores), want)
	}
	return nil
}
