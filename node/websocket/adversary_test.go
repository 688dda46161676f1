//go:build !js

package websocket_test

import (
	"context"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	raw "github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/websocket"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/memory"
)

// Part of the adversarial suite, see node/adversary_test.go: those who connect and are no
// nodes. An honest client is served meanwhile and afterwards.

// crowd is how many of them there are, and spareHeap what they may cost together.
const (
	crowd     = 15
	spareHeap = 64 << 20
)

func TestAdversaries(t *testing.T) {
	piece := func(n int, last byte) []byte { return append([]byte{last}, make([]byte, n)...) }
	for name, row := range map[string]struct {
		send [][]byte
		ends bool // the server ends the connection
	}{
		"half open: nothing at all":                           {nil, false},
		"slow loris: a piece of a frame, and no more":         {[][]byte{piece(1000, 1)}, false},
		"oversized: a piece that is larger than there may be": {[][]byte{piece(2<<20, 0)}, true},
		"oversized: a frame of more pieces than there may be": {repeat(piece(1<<20, 1), 18), true},
		"truncated: a message that is longer than its frame":  {[][]byte{{0, 9, 1}}, true},
		"an unknown kind of piece":                            {[][]byte{{7, 1, 1}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := &party{T: t, server: open(t), client: open(t, node.Ephemeral())}
			url := host(t, &websocket.Handler{Serve: func(ctx context.Context, c wire.Conn, _ *http.Request) {
				_ = p.server.Serve(ctx, c, "ada")
			}})
			c, err := p.client.Connect(websocket.Dialer(url))
			require.NoError(t, err)
			require.NoError(t, c.Wait(t.Context()))
			p.before = heap()
			for range crowd {
				s, _, err := raw.Dial(t.Context(), url, &raw.DialOptions{Subprotocols: []string{websocket.Protocol}})
				require.NoError(t, err)
				defer s.CloseNow()
				for _, m := range row.send {
					_ = s.Write(t.Context(), raw.MessageBinary, m) // it may be cut off
				}
				if row.ends {
					for err == nil { // the hello, perhaps
						_, _, err = s.Read(t.Context())
					}
				}
			}
			// Those who do not even come to be WebSockets.
			for range crowd {
				s, err := net.Dial("tcp", strings.TrimPrefix(url, "ws://"))
				require.NoError(t, err)
				defer s.Close()
				_, err = s.Write([]byte("GET / HTTP/1.1\r\nHost: ank.example.com\r\nX"))
				require.NoError(t, err)
			}
			p.healthy()
			require.NoError(t, c.Close(t.Context()))
			require.NoError(t, p.server.Close(t.Context()), "which ends them all")
		})
	}
}

func repeat(b []byte, n int) (list [][]byte) {
	for range n {
		list = append(list, b)
	}
	return list
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
