package node_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/memory"
)

// pairOf opens a server and a client that are connected by a pipe.
func pairOf(b *testing.B) (server, client *node.Node) {
	ctx := context.Background()
	open := func(options ...node.Option) *node.Node {
		engine, err := memory.Open()
		require.NoError(b, err)
		n, err := node.Open(ctx, engine, append(options, node.Models(albumSchema), node.WithPolicy(node.AllowAll()))...)
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, n.Close(ctx)) })
		return n
	}
	server, client = open(), open(node.Ephemeral())
	c, err := client.Connect(pipe.NewLink(func(conn wire.Conn) { go func() { _ = server.Serve(ctx, conn, "ada") }() }).Dial)
	require.NoError(b, err)
	require.NoError(b, c.Wait(ctx))
	return server, client
}

func commitAlbum(b *testing.B, s *node.Session, year int) event.ID {
	tx := s.Begin()
	_, err := albums.Create(tx, Album{Name: "Parade", Artist: "Prince", Year: year})
	require.NoError(b, err)
	r, err := tx.Commit(context.Background())
	require.NoError(b, err)
	return r.Transaction
}

// BenchmarkRoundTrip is a commit on a client until its receipt is there.
func BenchmarkRoundTrip(b *testing.B) {
	_, client := pairOf(b)
	session := client.Session("ada")
	b.ReportAllocs()
	for b.Loop() {
		_, err := client.Receipt(context.Background(), commitAlbum(b, session, 1986))
		require.NoError(b, err)
	}
}

// BenchmarkDelivery is the same for transactions that do not wait for each
// other's receipts.
func BenchmarkDelivery(b *testing.B) {
	_, client := pairOf(b)
	session := client.Session("ada")
	b.ReportAllocs()
	var last event.ID
	for b.Loop() {
		last = commitAlbum(b, session, 1986)
	}
	_, err := client.Receipt(context.Background(), last)
	require.NoError(b, err)
}

// BenchmarkLocalCommit is a commit on a client that is offline, with a live
// query of as many rows looking on.
func BenchmarkLocalCommit(b *testing.B) {
	for _, rows := range []int{0, 10_000} {
		b.Run(fmt.Sprint("rows=", rows), func(b *testing.B) {
			ctx := context.Background()
			server, client := pairOf(b)
			tx := server.Session("ada").Begin()
			var id event.ID
			for i := range rows + 1 {
				m, err := albums.Create(tx, Album{Name: "x", Year: 1900 + i})
				require.NoError(b, err)
				id = m.ID()
			}
			_, err := tx.Commit(ctx)
			require.NoError(b, err)
			session := client.Session("ada")
			live, err := albums.Query(ctx, session, "ORDER BY year")
			require.NoError(b, err)
			defer live.Close()
			require.NoError(b, live.Wait(ctx))
			b.ReportAllocs()
			year := 0
			for b.Loop() {
				tx := session.Begin()
				m, err := albums.Edit(ctx, tx, id)
				require.NoError(b, err)
				year++
				m.SetYear(3000 + year%2)
				r, err := tx.Commit(ctx)
				require.NoError(b, err)
				_, err = client.Receipt(ctx, r.Transaction)
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkSubscribe is asking for a result of as many rows, over again.
func BenchmarkSubscribe(b *testing.B) {
	for _, rows := range []int{10, 10_000} {
		b.Run(fmt.Sprint("rows=", rows), func(b *testing.B) {
			ctx := context.Background()
			server, client := pairOf(b)
			tx := server.Session("ada").Begin()
			for i := range rows {
				_, err := albums.Create(tx, Album{Name: "x", Year: 1900 + i})
				require.NoError(b, err)
			}
			_, err := tx.Commit(ctx)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				live, err := albums.Query(ctx, client.Session("ada"), "ORDER BY year")
				require.NoError(b, err)
				require.NoError(b, live.Wait(ctx))
				require.Equal(b, rows, live.Items().Len())
				live.Close()
			}
		})
	}
}
