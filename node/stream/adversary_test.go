//go:build !js

package stream_test

import (
	"context"
	"encoding/binary"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/stream"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/memory"
)

// Part of the adversarial suite, see node/adversary_test.go: those who connect and are no
// nodes. An honest client is served meanwhile and afterwards.

// crowd is how many of them there are, and spareHeap what they may cost together: each
// claims to send a frame of 16 MB.
const (
	crowd     = 40
	spareHeap = 64 << 20
)

func TestAdversaries(t *testing.T) {
	frame := func(length int, rest ...byte) []byte {
		return append(binary.AppendUvarint(nil, uint64(length)<<1), rest...)
	}
	for name, row := range map[string]struct {
		send []byte
		ends bool // the server ends the connection
	}{
		"slow loris: a byte of a frame, and no more":          {[]byte{0x80}, false},
		"slow loris: the beginning of the largest frame":      {frame(wire.MaxFrame, make([]byte, 1000)...), false},
		"half open: nothing at all":                           {nil, false},
		"oversized: a frame that is larger than there may be": {frame(wire.MaxFrame + 1), true},
		"oversized: a length without end":                     {[]byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, true},
		"truncated: a message that is longer than its frame":  {frame(2, 9, 1), true},
		"another protocol":                                    {[]byte("GET / HTTP/1.1\r\nHost: ank.example.com\r\n\r\n"), true},
		"another protocol: TLS":                               {[]byte{22, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3}, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := listen(t)
			p := &party{T: t, server: open(t), client: open(t, node.Ephemeral())}
			serve(t, l, func(ctx context.Context, c wire.Conn) { _ = p.server.Serve(ctx, c, "ada") })
			c, err := p.client.Connect(stream.Dialer("tcp", l.Addr().String(), nil))
			require.NoError(t, err)
			require.NoError(t, c.Wait(t.Context()))
			p.before = heap()
			for range crowd {
				raw, err := net.Dial("tcp", l.Addr().String())
				require.NoError(t, err)
				defer raw.Close()
				_, err = raw.Write(row.send)
				require.NoError(t, err)
				if row.ends {
					for err == nil { // the hello, perhaps
						_, err = raw.Read(make([]byte, 1<<10))
					}
				}
			}
			p.healthy()
			require.NoError(t, c.Close(t.Context()))
		})
	}
}

// party is a server with a client that is honest.
type party struct {
	*testing.T
	server, client *node.Node
	before         int64 // bytes on the heap
}

// healthy checks that the client is served, and that what others have cost is less than
// they claimed to send.
func (p *party) healthy() {
	p.Helper()
	tx := p.client.Session("ada").Begin()
	_, err := music.Albums.Create(tx, music.Album{Name: "Parade", Year: 1986})
	require.NoError(p, err)
	r, err := tx.Commit(p.Context())
	require.NoError(p, err)
	r, err = p.client.Receipt(p.Context(), r.Transaction)
	require.NoError(p, err)
	require.Equal(p, node.Accepted, r.Status)
	n, err := music.Albums.Count(p.Context(), p.client.Session("ada"), "")
	require.NoError(p, err)
	require.Equal(p, 1, n)
	require.Less(p, heap()-p.before, int64(spareHeap))
}

// heap is how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// open opens a node over memory, until the test ends.
func open(t *testing.T, options ...node.Option) *node.Node {
	t.Helper()
	engine, err := memory.Open()
	require.NoError(t, err)
	n, err := node.Open(t.Context(), engine, append(options, node.Models(music.Models()...), node.WithPolicy(node.AllowAll()))...)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, n.Close(context.Background()))
		require.NoError(t, engine.Close())
	})
	return n
}
