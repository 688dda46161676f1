package node_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
)

// taken is how many bytes something allocates, which tells what it costs better than a
// clock on a busy machine.
func taken(do func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// TestALongChainCostsWhatItIsLong: a document that was edited offline thousands of times. What
// took time with the square of that takes minutes here.
func TestALongChainCostsWhatItIsLong(t *testing.T) {
	f := start(t, refusing("Chaos"))
	ada := f.join("ada")
	id, created := ada.create(Album{Name: "Chaos", Year: 1991})
	const edits = 3_000
	var middle event.ID
	edit := func(n int) {
		for i := range n {
			r := ada.edit(id, func(m AlbumMutable) { m.SetYear(1992 + i) })
			if i == n/2 {
				middle = r.Transaction
			}
		}
	}
	edit(10)
	require.Less(t, taken(func() { edit(edits) }), int64(edits*8<<10))
	_, err := ada.session.Seal(f.ctx)
	require.NoError(t, err)
	require.Less(t, taken(func() {
		n, err := ada.session.Unseal(f.ctx)
		require.NoError(t, err)
		require.Equal(t, edits+11, n)
	}), int64(edits*4<<10))
	require.Less(t, taken(func() {
		ids, err := ada.node.Discard(f.ctx, middle)
		require.NoError(t, err)
		require.Len(t, ids, edits/2)
	}), int64(edits*4<<10))
	_, err = ada.node.Connect(ada.link.Dial)
	require.NoError(t, err)
	require.Equal(t, node.Rejected, ada.outcome(created).Status)
	require.Len(t, ada.ledger(), edits/2+11)
	require.Empty(t, f.names(f.prince, ""))
}
