package node_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

// benchMember opens a member without the wrapper that checks every access.
func benchMember(b *testing.B) *node.Node {
	engine, err := memory.NewStore().Open(b.Context(), kv.Options{})
	require.NoError(b, err)
	n, err := node.Open(context.Background(), engine, node.Models(albumSchema, noteSchema), node.WithPolicy(node.AllowAll()), node.SystemRoot(rootKey(b)))
	require.NoError(b, err)
	b.Cleanup(func() {
		require.NoError(b, n.Close(context.Background()))
		require.NoError(b, engine.Close())
	})
	return n
}

// loggedNode opens a member with a log of entries with one event each, half of which
// create an album and half of which change it.
func loggedNode(b *testing.B, entries int) *node.Node {
	n := benchMember(b)
	s := n.Session("prince")
	for range entries / 2 {
		tx := s.Begin()
		m, err := albums.Create(tx, Album{Name: "Parade", Artist: "Prince", Year: 1986})
		require.NoError(b, err)
		_, err = tx.Commit(b.Context())
		require.NoError(b, err)
		tx = s.Begin()
		edit, err := albums.Edit(b.Context(), tx, m.ID())
		require.NoError(b, err)
		edit.SetYear(1987)
		_, err = tx.Commit(b.Context())
		require.NoError(b, err)
	}
	return n
}

const benchEntries = 20_000

func perEvent(b *testing.B) {
	b.ReportMetric(float64(b.N)*benchEntries/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkReplicate brings an empty node up to a log, over a pipe.
func BenchmarkReplicate(b *testing.B) {
	from := loggedNode(b, benchEntries)
	for b.Loop() {
		b.StopTimer()
		to := benchMember(b)
		b.StartTimer()
		near, far := pipe.New()
		done := make(chan error, 1)
		go func() { done <- from.Replicate(b.Context(), near, node.Once()) }()
		require.NoError(b, to.Replicate(b.Context(), far, node.Once()))
		require.NoError(b, <-done)
	}
	perEvent(b)
}

// BenchmarkReplay commits the same to an empty node directly, one transaction after
// another.
func BenchmarkReplay(b *testing.B) {
	for b.Loop() {
		loggedNode(b, benchEntries)
	}
	perEvent(b)
}

// BenchmarkReadLog is what reading and verifying the log takes.
func BenchmarkReadLog(b *testing.B) {
	from := loggedNode(b, benchEntries)
	for b.Loop() {
		v := event.NewLogVerifier(from.Origin(), event.Position{})
		from.ReadLog(func(e *event.Entry) {
			require.NoError(b, v.Entry(e))
		})
		head, err := from.SignedHead(b.Context())
		require.NoError(b, err)
		require.NoError(b, v.Head(head))
	}
	perEvent(b)
}
