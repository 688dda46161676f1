package pipe_test

import (
	"context"
	"io"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
)

// Under js/wasm the runtime keeps a goroutine for the events of its host.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent"))
}

func TestMessagesArriveInOrderAndCopied(t *testing.T) {
	a, b := pipe.New()
	message := []byte("one")
	require.NoError(t, a.Send(t.Context(), message))
	message[0] = 'X'
	require.NoError(t, a.Send(t.Context(), []byte("two")))
	for _, want := range []string{"one", "two"} {
		got, err := b.Receive(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
}

func TestCloseEndsBothEndsAfterWhatWasSent(t *testing.T) {
	a, b := pipe.New()
	require.NoError(t, a.Send(t.Context(), []byte("last words")))
	require.NoError(t, a.Close())
	require.NoError(t, a.Close(), "closing twice is no error")

	got, err := b.Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, "last words", string(got))
	_, err = b.Receive(t.Context())
	require.ErrorIs(t, err, io.EOF)
	require.ErrorIs(t, b.Send(t.Context(), nil), io.ErrClosedPipe)
	require.ErrorIs(t, a.Send(t.Context(), nil), io.ErrClosedPipe)
}

func TestSendWaitsWhileThePeerIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe.New()
		ctx, cancel := context.WithCancel(t.Context())
		sent := 0
		done := make(chan error)
		go func() {
			for {
				if err := a.Send(ctx, []byte{1}); err != nil {
					done <- err
					return
				}
				sent++
			}
		}()
		synctest.Wait()
		full := sent
		require.Positive(t, full)
		require.Less(t, full, 1000, "the buffer is bounded")
		_, err := b.Receive(ctx)
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, full+1, sent, "one message taken makes room for one")
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
}

func TestReceiveEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, b := pipe.New()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := b.Receive(ctx)
			done <- err
		}()
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
}

func TestOversizedMessagesAreRefused(t *testing.T) {
	a, _ := pipe.New()
	require.ErrorIs(t, a.Send(t.Context(), make([]byte, wire.MaxMessage+1)), wire.ErrTooLarge)
}

func TestLinkCutsAndMends(t *testing.T) {
	var far []wire.Conn
	link := pipe.NewLink(func(c wire.Conn) { far = append(far, c) })
	near, err := link.Dial(t.Context())
	require.NoError(t, err)

	link.Cut()
	_, err = near.Receive(t.Context())
	require.ErrorIs(t, err, io.EOF)
	_, err = far[0].Receive(t.Context())
	require.ErrorIs(t, err, io.EOF)
	_, err = link.Dial(t.Context())
	require.ErrorIs(t, err, pipe.ErrCut)

	link.Mend()
	near, err = link.Dial(t.Context())
	require.NoError(t, err)
	require.NoError(t, near.Send(t.Context(), []byte("again")))
	got, err := far[1].Receive(t.Context())
	require.NoError(t, err)
	require.Equal(t, "again", string(got))
}
