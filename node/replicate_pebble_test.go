//go:build !js

package node_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/pebble"
)

// TestReplicasOverTwoEngines: one over memory and one over a folder come to the same,
// also when the folder is opened again in between.
func TestReplicasOverTwoEngines(t *testing.T) {
	a, dir := member(t), t.TempDir()
	open := func() *fixture {
		engine, err := pebble.Open(t.Context(), dir, pebble.Options{})
		require.NoError(t, err)
		f := &fixture{T: t, ctx: a.ctx, alarm: &alarm{T: t}, stage: &stage{Engine: storage.Checked(engine)}}
		f.node, err = node.Open(f.ctx, f.stage, node.Models(albumSchema, noteSchema), node.WithPolicy(node.AllowAll()),
			node.WithLogger(f.alarm), node.SystemRoot(rootKey(t)))
		require.NoError(t, err)
		f.prince, f.queen = f.node.Session("prince"), f.node.Session("queen")
		return f
	}
	b := open()
	for year := range 200 {
		id := a.create(a.prince, Album{Name: "Parade", Year: 1900 + year})
		a.edit(a.queen, id, func(m AlbumMutable) { m.SetArtist("Prince") })
		b.create(b.prince, Album{Name: "Innuendo", Year: 1900 + year})
	}
	exchange(a, b)
	requireSame(t, a, b)
	b.stop()
	a.create(a.prince, Album{Name: "Lovesexy"})
	b = open()
	exchange(a, b)
	requireSame(t, a, b)
	b.stop()
}
