package node_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/signal"
	"github.com/ankgo/ank/storage/memory"
)

// TestWhatIsNilIsAnError passes nil where something is needed.
func TestWhatIsNilIsAnError(t *testing.T) {
	var none context.Context
	engine, err := memory.Open()
	require.NoError(t, err)
	allow := node.WithPolicy(node.AllowAll())
	for name, open := range map[string]func() (*node.Node, error){
		"the context is nil":         func() (*node.Node, error) { return node.Open(none, engine, allow) },
		"no engine":                  func() (*node.Node, error) { return node.Open(t.Context(), nil, allow) },
		"an option of a node is nil": func() (*node.Node, error) { return node.Open(t.Context(), engine, nil, allow) },
		"a hook of a node is nil":    func() (*node.Node, error) { return node.Open(t.Context(), engine, node.Hooks(nil), allow) },
		"a schema is nil":            func() (*node.Node, error) { return node.Open(t.Context(), engine, node.Models(nil), allow) },
		"no policy":                  func() (*node.Node, error) { return node.Open(t.Context(), engine, node.WithPolicy(nil)) },
	} {
		_, err := open()
		require.ErrorContains(t, err, name)
	}
	client, err := node.Open(t.Context(), engine, allow, node.Ephemeral())
	require.NoError(t, err)
	_, err = client.Connect(nil)
	require.ErrorContains(t, err, "no function to dial with")
	c, err := client.Connect(func(context.Context) (wire.Conn, error) { return nil, nil })
	require.NoError(t, err)
	_, err = signal.Wait(t.Context(), c.Signal(), func(s node.ConnectionState) bool { return s.Err != nil })
	require.NoError(t, err)
	require.NoError(t, client.Close(t.Context()))
	require.NoError(t, engine.Close())
}

// TestANilContextHarmsNobody forgets the context. The node goes on, and closes.
func TestANilContextHarmsNobody(t *testing.T) {
	var none context.Context
	f := start(t)
	id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
	err := f.prince.Update(none, func(tx *node.Tx) error {
		_, err := albums.Create(tx, Album{Name: "Lovesexy", Year: 1988})
		return err
	})
	require.ErrorContains(t, err, "the context is nil")
	_, err = albums.Get(none, f.prince, id)
	require.ErrorContains(t, err, "the context is nil")
	_, err = albums.Query(none, f.prince, "")
	require.ErrorContains(t, err, "the context is nil")
	require.Panics(t, func() { _, _ = f.node.Cursor(none) })

	n, err := albums.Count(f.ctx, f.queen, "")
	require.NoError(t, err)
	require.Equal(t, 1, n)
	live, err := albums.Query(f.ctx, f.queen, "")
	require.NoError(t, err)
	require.Equal(t, 1, live.Items().Len())
	live.Close()
}
