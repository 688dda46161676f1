package node_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
)

// rootKey is the root of the systems of these tests.
func rootKey(t testing.TB) event.PrivateKey {
	key, err := event.KeyFromBytes(make([]byte, event.KeySize))
	require.NoError(t, err)
	return key
}

// member opens a node of one system.
func member(t *testing.T, options ...node.Option) *fixture {
	t.Helper()
	return start(t, append([]node.Option{node.SystemRoot(rootKey(t))}, options...)...)
}

// replicate connects two nodes and returns what Replicate returns on either side.
func replicate(ctx context.Context, a, b *fixture, options ...node.ReplicateOption) (left, right <-chan error) {
	near, far := pipe.New()
	l, r := make(chan error, 1), make(chan error, 1)
	go func() { l <- a.node.Replicate(ctx, near, options...) }()
	go func() { r <- b.node.Replicate(ctx, far, options...) }()
	return l, r
}

// exchange has two nodes exchange everything once.
func exchange(a, b *fixture) {
	a.Helper()
	left, right := replicate(a.ctx, a, b, node.Once())
	require.NoError(a, <-left)
	require.NoError(a, <-right)
}

func TestAPairExchangesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := member(t), member(t)
		parade := a.create(a.prince, Album{Name: "Parade", Year: 1986})
		b.create(b.queen, Album{Name: "Innuendo", Year: 1991})
		exchange(a, b)
		requireSame(t, a, b)
		require.Equal(t, []string{"Parade", "Innuendo"}, b.names(b.queen, "ORDER BY year"))
		a.edit(a.prince, parade, func(m AlbumMutable) { m.SetArtist("Prince") })
		b.edit(b.queen, parade, func(m AlbumMutable) { m.SetYear(1987) })
		exchange(a, b)
		requireSame(t, a, b)
		require.Equal(t, []string{"Parade"}, a.names(a.prince, "artist = 'Prince' AND year = 1987"))
		exchange(a, b) // nothing to be done
	})
}

func TestAPairStaysInStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := member(t), member(t)
		ctx, cancel := context.WithCancel(a.ctx)
		left, right := replicate(ctx, a, b)
		live, err := albums.Query(b.ctx, b.queen, "ORDER BY year")
		require.NoError(t, err)
		defer live.Close()
		for year := range 20 {
			a.create(a.prince, Album{Name: "Parade", Year: 1980 + year})
			synctest.Wait()
			require.Equal(t, year+1, live.Items().Len())
		}
		requireSame(t, a, b)
		cancel()
		require.ErrorIs(t, <-left, context.Canceled)
		require.ErrorIs(t, <-right, context.Canceled)
	})
}

// TestClientsAndReplicasShareAnAddress where the node says so.
func TestClientsAndReplicasShareAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := member(t, node.ServeReplicas()), member(t)
		serve := func(f *fixture) *pipe.Link {
			return pipe.NewLink(func(far wire.Conn) { go func() { _ = f.node.Serve(f.ctx, far, "ada") }() })
		}
		id := a.create(a.prince, Album{Name: "Parade", Year: 1986})
		c, err := b.node.Follow(serve(a).Dial)
		require.NoError(t, err)
		require.NoError(t, c.Wait(b.ctx))
		client := a.join("ada")
		client.connect()
		b.create(b.queen, Album{Name: "Innuendo", Year: 1991})
		synctest.Wait()
		requireSame(t, a, b)
		require.Equal(t, b.node.Origin(), a.node.Replicas()[0].Peer)
		got, err := albums.Collect(a.ctx, client.session, "ORDER BY year")
		require.NoError(t, err)
		require.Len(t, got, 2)
		require.NoError(t, c.Close(b.ctx))
		synctest.Wait()
		require.Empty(t, a.node.Replicas())
		b.edit(b.queen, id, func(m AlbumMutable) { m.SetArtist("Prince") })

		b.alarm.expected.Store(true)
		a.alarm.expected.Store(true)
		near, err := serve(b).Dial(a.ctx)
		require.NoError(t, err)
		var refused *node.RefusedError
		require.ErrorAs(t, a.node.Replicate(a.ctx, near), &refused, "b does not serve replicas")
	})
}
