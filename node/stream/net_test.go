package stream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/node/stream"
	"github.com/ankgo/ank/node/wire"
)

func TestPinnedKeys(t *testing.T) {
	server, ada, mallory := certificate(t), certificate(t), certificate(t)
	pin := stream.PinOf
	for name, c := range map[string]struct {
		server, client *tls.Config
		good           bool
	}{
		"both known":               {stream.Pinned(server, pin(mallory.Leaf), pin(ada.Leaf)), stream.Pinned(ada, pin(server.Leaf)), true},
		"any client":               {stream.Pinned(server), stream.Pinned(ada, pin(server.Leaf)), true},
		"another server":           {stream.Pinned(mallory), stream.Pinned(ada, pin(server.Leaf)), false},
		"any server is no server":  {stream.Pinned(server), stream.Pinned(ada), false},
		"another client":           {stream.Pinned(server, pin(ada.Leaf)), stream.Pinned(mallory, pin(server.Leaf)), false},
		"a client without a key":   {stream.Pinned(server, pin(ada.Leaf)), &tls.Config{InsecureSkipVerify: true}, false},
		"an old version":           {stream.Pinned(server), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}, false},
		"authorities are not told": {stream.Pinned(server), &tls.Config{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var served atomic.Int32
			l := listen(t)
			serve(t, tls.NewListener(l, c.server), func(ctx context.Context, c wire.Conn) {
				state, ok := stream.Peer(ctx)
				if !ok || state.Version != tls.VersionTLS13 {
					t.Errorf("TLS version %x", state.Version)
				}
				served.Add(1)
				_ = c.Send(ctx, []byte("welcome"))
				_ = c.(wire.Flusher).Flush(ctx)
				_, _ = c.Receive(ctx)
				_ = c.Close()
			})
			conn, err := stream.Dialer("tcp", l.Addr().String(), c.client)(t.Context())
			if err == nil { // a client learns from its first read that it is not let in
				_, err = conn.Receive(t.Context())
				_ = conn.Close()
			}
			if c.good {
				require.NoError(t, err)
				require.EqualValues(t, 1, served.Load())
			} else {
				require.Error(t, err)
				require.Zero(t, served.Load())
			}
		})
	}
}

func TestPinsAreText(t *testing.T) {
	p := stream.PinOf(certificate(t).Leaf)
	got, err := stream.ParsePin(p.String())
	require.NoError(t, err)
	require.Equal(t, p, got)
	for _, bad := range []string{"", "ab", p.String() + "00", p.String()[1:] + "x"} {
		_, err := stream.ParsePin(bad)
		require.ErrorContains(t, err, "64 hexadecimal digits")
	}
}

func TestDiallingFails(t *testing.T) {
	l := listen(t)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	for _, config := range []*tls.Config{nil, {}} {
		_, err := stream.Dialer("tcp", address, config)(t.Context())
		require.Error(t, err)
	}
	_, err := stream.Dialer("tcp", "nonsense", nil)(t.Context())
	require.Error(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = stream.Dialer("tcp", address, nil)(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// A name that the certificate does not have is refused by the configuration that users have by default.
func TestServersAreNamed(t *testing.T) {
	l := listen(t)
	serve(t, tls.NewListener(l, stream.Pinned(certificate(t))), func(_ context.Context, c wire.Conn) { _ = c.Close() })
	_, err := stream.Dialer("tcp", l.Addr().String(), &tls.Config{})(t.Context())
	require.ErrorContains(t, err, "certificate")
}

func TestServeEndsWithItsListener(t *testing.T) {
	l := listen(t)
	done := make(chan error)
	go func() { done <- stream.Serve(context.Background(), l, func(context.Context, wire.Conn) {}) }()
	require.NoError(t, l.Close())
	require.NoError(t, <-done)
}

func TestServeEndsCallsAndWaitsForThem(t *testing.T) {
	l := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	began, ended := make(chan struct{}), false
	done := make(chan error)
	go func() {
		done <- stream.Serve(ctx, l, func(ctx context.Context, c wire.Conn) {
			close(began)
			<-ctx.Done()
			ended = true
			_ = c.Close()
		})
	}()
	c, err := stream.Dialer("tcp", l.Addr().String(), nil)(t.Context())
	require.NoError(t, err)
	<-began
	cancel()
	require.NoError(t, <-done)
	require.True(t, ended)
	_ = c.Close()
}

// A listener may fail in passing, as when there are too many open files, or for good.
func TestAcceptingFails(t *testing.T) {
	broken := errors.New("broken")
	l := &failing{Listener: listen(t), errs: []error{passing{}, passing{}, broken}}
	err := stream.Serve(t.Context(), l, func(context.Context, wire.Conn) {})
	require.ErrorIs(t, err, broken)
	require.Empty(t, l.errs)
}

type failing struct {
	net.Listener
	errs []error
}

func (f *failing) Accept() (net.Conn, error) {
	err := f.errs[0]
	f.errs = f.errs[1:]
	return nil, err
}

type passing struct{}

func (passing) Error() string   { return "passing" }
func (passing) Temporary() bool { return true }
func (passing) Timeout() bool   { return false }
