// Package wiretest proves that a carrier does what [wire.Conn] promises. A carrier's tests call [Run]
// with a function that makes connections:
//
//	func TestCarrier(t *testing.T) {
//		wiretest.Run(t, func(t *testing.T) (a, b wire.Conn) { ... })
//	}
//
// It is a kit for tests: programs do not import it.
package wiretest

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/node/wire"
)

// patience is how long anything may take before a test gives up.
const patience = time.Minute

// Run runs the suite. connect makes a new connection and returns both ends; the suite closes them.
func Run(t *testing.T, connect func(t *testing.T) (a, b wire.Conn)) {
	t.Helper()
	for _, rule := range []struct {
		name  string
		check func(*suite)
	}{
		{"messages arrive in order and as they were", (*suite).order},
		{"both directions work at the same time", (*suite).duplex},
		{"messages of any allowed size arrive", (*suite).sizes},
		{"a message beyond the limit is refused and harms nothing", (*suite).tooLarge},
		{"what was sent before the end still arrives", (*suite).lastWords},
		{"closing one end ends both, also those that wait", (*suite).closing},
		{"a context ends receiving", (*suite).receiveEnds},
		{"a context ends sending to a peer that does not receive", (*suite).sendEnds},
	} {
		t.Run(rule.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			t.Cleanup(cancel)
			s := &suite{T: t, ctx: ctx}
			s.a, s.b = connect(t)
			t.Cleanup(s.end)
			rule.check(s)
		})
	}
}

type suite struct {
	*testing.T
	ctx  context.Context
	a, b wire.Conn
}

// end closes both ends at the same time: a carrier may have them say farewell to each other.
func (s *suite) end() {
	var closing sync.WaitGroup
	for _, c := range []wire.Conn{s.a, s.b} {
		closing.Go(func() { _ = c.Close() }) // what matters has been tested
	}
	closing.Wait()
}

// send sends messages and flushes.
func (s *suite) send(c wire.Conn, messages ...[]byte) error {
	for _, m := range messages {
		if err := c.Send(s.ctx, bytes.Clone(m)); err != nil {
			return err
		}
	}
	return flush(s.ctx, c)
}

func flush(ctx context.Context, c wire.Conn) error {
	if f, ok := c.(wire.Flusher); ok {
		return f.Flush(ctx)
	}
	return nil
}

func (s *suite) hear(c wire.Conn, want ...[]byte) {
	s.Helper()
	for i, w := range want {
		got, err := c.Receive(s.ctx)
		require.NoError(s, err)
		require.Truef(s, bytes.Equal(w, got), "message %d: %d bytes were sent, %d other ones came", i, len(w), len(got))
	}
}

func (s *suite) order() {
	var messages [][]byte
	for i := range 1000 {
		messages = append(messages, []byte("message "+strconv.Itoa(i)))
	}
	var sending sync.WaitGroup
	sending.Go(func() {
		if err := s.send(s.a, messages...); err != nil {
			s.Error(err)
		}
	})
	s.hear(s.b, messages...)
	sending.Wait()
}

func (s *suite) duplex() {
	const n = 200
	seed := rand.Uint64()
	s.Logf("seed %d", seed)
	r := source(seed)
	messages := make([][]byte, n)
	for i := range messages {
		if n := 1 + int(r.Uint64()%20_000); i%2 == 0 {
			messages[i] = noise(r, n)
		} else {
			messages[i] = make([]byte, n)
		}
	}
	var talking sync.WaitGroup
	for _, c := range []wire.Conn{s.a, s.b} {
		talking.Go(func() {
			if err := s.send(c, messages...); err != nil {
				s.Error(err)
			}
		})
		talking.Go(func() {
			for i := range messages {
				got, err := c.Receive(s.ctx)
				if err != nil || !bytes.Equal(got, messages[i]) {
					s.Errorf("message %d: %d bytes, error %v", i, len(got), err)
					return
				}
			}
		})
	}
	talking.Wait()
}

func source(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}

// noise is n bytes that cannot be compressed.
func noise(r *rand.ChaCha8, n int) []byte {
	b := make([]byte, n)
	_, _ = r.Read(b) // it never fails
	return b
}

func (s *suite) sizes() {
	r := source(1)
	messages := [][]byte{make([]byte, wire.MaxMessage)}
	for _, n := range []int{1, 127, 128, wire.FullFrame - 3, wire.FullFrame, wire.FullFrame + 1, 1 << 20} {
		messages = append(messages, make([]byte, n), noise(r, n))
	}
	var sending sync.WaitGroup
	sending.Go(func() {
		if err := s.send(s.a, messages...); err != nil {
			s.Error(err)
		}
	})
	s.hear(s.b, messages...)
	sending.Wait()
}

func (s *suite) tooLarge() {
	require.ErrorIs(s, s.a.Send(s.ctx, make([]byte, wire.MaxMessage+1)), wire.ErrTooLarge)
	var sending sync.WaitGroup
	sending.Go(func() {
		if err := s.send(s.a, []byte("still here")); err != nil {
			s.Error(err)
		}
	})
	s.hear(s.b, []byte("still here"))
	sending.Wait()
}

func (s *suite) lastWords() {
	done := make(chan error, 1)
	go func() {
		err := s.send(s.a, []byte("last words"))
		if err == nil {
			err = s.a.Close()
		}
		done <- err
	}()
	s.hear(s.b, []byte("last words"))
	_, err := s.b.Receive(s.ctx)
	require.Error(s, err)
	require.NoError(s, <-done)
	require.NoError(s, s.ctx.Err(), "the end is noticed")
}

func (s *suite) closing() {
	ended := make(chan error, 2)
	for _, c := range []wire.Conn{s.a, s.b} {
		go func() {
			_, err := c.Receive(s.ctx)
			ended <- err
		}()
	}
	require.NoError(s, s.a.Close())
	for range 2 {
		require.Error(s, <-ended)
	}
	_ = s.a.Close() // again: it may have nothing to say, but must not panic or hang
	require.Error(s, s.send(s.a, []byte("x")))
	require.NoError(s, s.ctx.Err())
}

func (s *suite) receiveEnds() {
	ctx, cancel := context.WithCancel(s.ctx)
	done := make(chan error, 1)
	go func() {
		_, err := s.b.Receive(ctx)
		done <- err
	}()
	cancel()
	require.ErrorIs(s, <-done, context.Canceled)
}

func (s *suite) sendEnds() {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	sent := make(chan struct{}, 1)
	done := make(chan error, 1)
	go func() {
		message := make([]byte, 1<<16)
		for {
			err := s.a.Send(ctx, bytes.Clone(message))
			if err == nil {
				err = flush(ctx, s.a)
			}
			if err != nil {
				done <- err
				return
			}
			select {
			case sent <- struct{}{}:
			default:
			}
		}
	}()
	select {
	case <-sent: // whatever the carrier buffers
	case <-time.After(10 * time.Millisecond): // nothing
	}
	cancel()
	require.ErrorIs(s, <-done, context.Canceled)
}
