package node_test

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
	"github.com/stretchr/testify/require"
)

// replicas is a line to a process, which replicates with whoever dials.
func (x *town) replicas(p *process) *pipe.Link {
	return pipe.NewLink(func(far wire.Conn) { go func() { _ = p.Replicate(x.ctx, far) }() })
}

// TestReplicasHearOfAllProcesses: also of those that nobody is connected to, and of one that
// is gone.
func TestReplicasHearOfAllProcesses(t *testing.T) {
	together(t, func(x *town) {
		root := node.SystemRoot(rootKey(x.T))
		a, b, gone := x.open(root), x.open(root), x.open(root)
		id := x.create(a, Album{Name: "Parade", Year: 1986})
		x.create(gone, Album{Name: "Batman", Year: 1989})
		require.NoError(x, gone.Close(x.ctx))
		require.NoError(x, x.edit(b, id, func(m AlbumMutable) { m.SetName("Parade!") }))

		r := member(x.T)
		c, err := r.node.Follow(x.replicas(b).Dial)
		require.NoError(x, err)
		require.NoError(x, c.Wait(x.ctx))
		synctest.Wait()
		require.Equal(x, []string{"Parade!", "Batman"}, r.names(r.prince, "ORDER BY year"))
		require.NoError(x, x.edit(a, id, func(m AlbumMutable) { m.SetName("Parade?") }))
		r.create(r.prince, Album{Name: "Lovesexy", Year: 1988})
		synctest.Wait()
		require.Equal(x, []string{"Parade?", "Lovesexy", "Batman"}, r.names(r.prince, "ORDER BY year"))
		require.Equal(x, r.names(r.prince, "ORDER BY year"), x.list(a, "ORDER BY year"))
		status := r.node.Replicas()[0]
		require.Empty(x, status.Refused)
		require.Empty(x, status.Waiting)

		// Who has it from there can pass it on.
		far := member(x.T)
		exchange(r, far)
		requireSame(x, r, far)
		require.NoError(x, c.Close(x.ctx))
	})
}

// TestABundleHasTheLogsOfAllProcesses whichever of them writes it.
func TestABundleHasTheLogsOfAllProcesses(t *testing.T) {
	together(t, func(x *town) {
		root := node.SystemRoot(rootKey(x.T))
		a, b := x.open(root), x.open(root)
		id := x.create(a, Album{Name: "Parade", Year: 1986})
		require.NoError(x, x.edit(b, id, func(m AlbumMutable) { m.SetName("Parade!") }))
		for _, p := range []*process{a, b} {
			var bundle bytes.Buffer
			end, err := p.Export(x.ctx, &bundle, event.Cursor{})
			require.NoError(x, err)
			require.Equal(x, 2, end.Len())
			r := member(x.T)
			n, err := r.node.Import(x.ctx, &bundle)
			require.NoError(x, err)
			require.Equal(x, uint64(2), n)
			require.Equal(x, []string{"Parade!"}, r.names(r.prince, ""))
		}
	})
}
