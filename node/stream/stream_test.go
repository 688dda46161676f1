package stream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ankgo/ank/node/stream"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/node/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPipe(t *testing.T) {
	wiretest.Run(t, func(*testing.T) (a, b wire.Conn) {
		x, y := net.Pipe()
		return stream.New(x), stream.New(y)
	})
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	wiretest.Run(t, func(t *testing.T) (a, b wire.Conn) {
		l, err := net.Listen("unix", path)
		require.NoError(t, err)
		return meet(t, l, stream.Dialer("unix", path, nil))
	})
}

func TestTCP(t *testing.T) {
	wiretest.Run(t, func(t *testing.T) (a, b wire.Conn) {
		l := listen(t)
		return meet(t, l, stream.Dialer("tcp", l.Addr().String(), nil))
	})
}

func TestTLS(t *testing.T) {
	server, client := certificate(t), certificate(t)
	wiretest.Run(t, func(t *testing.T) (a, b wire.Conn) {
		l := listen(t)
		config := stream.Pinned(server, stream.PinOf(client.Leaf))
		return meet(t, tls.NewListener(l, config),
			stream.Dialer("tcp", l.Addr().String(), stream.Pinned(client, stream.PinOf(server.Leaf))))
	})
}

// Standard input and output are pipes of the system, one for each direction.
func TestSystemPipes(t *testing.T) {
	wiretest.Run(t, func(t *testing.T) (a, b wire.Conn) {
		r1, w1, err := os.Pipe()
		require.NoError(t, err)
		r2, w2, err := os.Pipe()
		require.NoError(t, err)
		return stream.New(duplex{r1, w2}), stream.New(duplex{r2, w1})
	})
}

type duplex struct {
	io.ReadCloser
	w io.WriteCloser
}

func (d duplex) Write(b []byte) (int, error) { return d.w.Write(b) }

func (d duplex) Close() error {
	_ = d.w.Close()
	return d.ReadCloser.Close()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return l
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	c, err := stream.NewCertificate()
	require.NoError(t, err)
	return c
}

// meet serves a listener until the test ends, and returns both ends of one connection to it.
func meet(t *testing.T, l net.Listener, dial func(context.Context) (wire.Conn, error)) (near, far wire.Conn) {
	t.Helper()
	ends := make(chan wire.Conn)
	serve(t, l, func(_ context.Context, c wire.Conn) { ends <- c })
	near, err := dial(t.Context())
	require.NoError(t, err)
	return near, <-ends
}

func serve(t *testing.T, l net.Listener, f func(context.Context, wire.Conn)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- stream.Serve(ctx, l, f) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

func TestStreamsThatAreNoFrames(t *testing.T) {
	flood := bytes.Repeat([]byte{0xFF}, 100)
	huge := binary.AppendUvarint(nil, uint64(wire.MaxFrame+1)<<1)
	for name, b := range map[string][]byte{
		"a number without end":        flood,
		"a number of two forms":       {0x82, 0x00, 1},
		"no length":                   {0},
		"too long":                    huge,
		"no message":                  {2 << 1, 5, 1},
		"an overlong message":         append(binary.AppendUvarint(nil, 5<<1), binary.AppendUvarint(nil, wire.MaxMessage+1)...),
		"compressed, but is not":      {3<<1 | 1, 0xFF, 0xFF, 0xFF},
		"compressed, and empty":       {2<<1 | 1, 0x03, 0x00},
		"compressed, with more":       {7<<1 | 1, 0x4B, 0x04, 0x00, 0x03, 0x00, 1, 1},
		"HTTP, or what else is there": []byte("GET / HTTP/1.1\r\nHost: ank.example.com\r\n\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			c := stream.New(near)
			go func() {
				_, _ = far.Write(b)
				_ = far.Close()
			}()
			_, err := c.Receive(t.Context())
			require.Error(t, err)
			require.NotErrorIs(t, err, io.EOF)
			require.Error(t, c.Send(t.Context(), make([]byte, wire.FullFrame)), "the connection has ended")
			_ = c.Close()
		})
	}
}

// A frame of 20 kB that would expand to 20 MB.
func TestBombs(t *testing.T) {
	bomb := stream.Compress(make([]byte, wire.MaxFrame+1))
	require.Less(t, len(bomb), 200_000)
	near, far := net.Pipe()
	c := stream.New(near)
	go func() {
		_, _ = far.Write(append(binary.AppendUvarint(nil, uint64(len(bomb))<<1|1), bomb...))
		_ = far.Close()
	}()
	_, err := c.Receive(t.Context())
	require.ErrorIs(t, err, stream.ErrFrame)
}

func TestAFrameHasToArriveInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		c := stream.New(near)
		began := time.Now()
		var trickle sync.WaitGroup
		trickle.Go(func() {
			<-time.After(time.Hour) // nothing at all is no hurry
			_, err := far.Write([]byte{100})
			for err == nil {
				<-time.After(10 * time.Second)
				_, err = far.Write([]byte{0})
			}
		})
		_, err := c.Receive(t.Context())
		require.ErrorContains(t, err, "in time")
		require.Equal(t, time.Hour+time.Minute, time.Since(began))
		trickle.Wait()
	})
}

// What is sent before it is flushed costs one write.
func TestSmallMessagesGoTogether(t *testing.T) {
	near, far := net.Pipe()
	c := stream.New(near)
	for range 100 {
		require.NoError(t, c.Send(t.Context(), []byte("small")))
	}
	read := make(chan int)
	go func() {
		b := make([]byte, 1<<16)
		n, _ := far.Read(b)
		read <- n
		_ = far.Close()
	}()
	require.NoError(t, c.(wire.Flusher).Flush(t.Context()))
	require.Equal(t, 600+2, <-read)
	require.NoError(t, c.(wire.Flusher).Flush(t.Context()), "there is nothing to flush")
	_ = c.Close()
}

func TestCompressionPaysOrIsNotDone(t *testing.T) {
	for want, message := range map[int][]byte{
		// 5,000 bytes of text become less than a tenth
		500:  bytes.Repeat([]byte("purple rain "), 417),
		5010: noise(5000),
	} {
		near, far := net.Pipe()
		c := stream.New(near)
		read := make(chan int)
		go func() {
			n, _ := io.Copy(io.Discard, far)
			read <- int(n)
		}()
		require.NoError(t, c.Send(t.Context(), message))
		require.NoError(t, c.(wire.Flusher).Flush(t.Context()))
		require.NoError(t, c.Close())
		require.Less(t, <-read, want)
	}
}

func noise(n int) []byte {
	b := make([]byte, n)
	x := uint64(88172645463325252)
	for i := range b { // xorshift64
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte{3 << 1, 1, 'a', 0})
	f.Add([]byte{2<<1 | 1, 0x03, 0x00})
	f.Fuzz(func(t *testing.T, b []byte) {
		c := stream.New(duplex{io.NopCloser(bytes.NewReader(b)), discard{}})
		size := 0
		for {
			m, err := c.Receive(t.Context())
			if err != nil {
				return
			}
			if size += len(m) + 1; size > 1100*len(b)+1 {
				t.Fatalf("%d bytes became more than %d", len(b), size)
			}
		}
	})
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Close() error                { return nil }
