package node_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
)

// TestOldForks commits transactions that were begun so long ago that the node
// does not remember what has changed since, and some that were not.
func TestOldForks(t *testing.T) {
	const seed, records = 7, 64
	rng := rand.New(rand.NewPCG(seed, 0))
	f := start(t)
	f.node.ForgetEarly(records, 1)
	var ids []event.ID
	for range 3 * records {
		ids = append(ids, f.create(f.prince, Album{Year: 1900}))
	}
	years := make(map[event.ID]int)
	type open struct {
		id event.ID
		tx *node.Tx
	}
	var old []open
	for i := range 6 * records {
		id := ids[rng.IntN(len(ids))]
		if i%20 == 0 {
			old = append(old, open{id, f.editing(id, func(m AlbumMutable) { m.SetName("old") })})
		}
		if i%20 == 19 { // touches a second album much later
			last := &old[rng.IntN(len(old))]
			m, err := albums.Edit(f.ctx, last.tx, ids[rng.IntN(len(ids))])
			require.NoError(t, err)
			m.SetArtist("old")
		}
		years[id] = 1900 + rng.IntN(100)
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(years[id]) })
	}
	for _, o := range old {
		_, err := o.tx.Commit(f.ctx)
		require.NoError(t, err, "seed %d", seed)
		v := f.get(o.id)
		require.Equal(t, "old", v.Name())
		require.Equal(t, years[o.id], v.Year(), "what came meanwhile is not lost; seed %d", seed)
	}
	requireLogVerifies(f)
}

func TestReceiptsAreRemembered(t *testing.T) {
	const kept = 50
	f := start(t)
	f.node.ForgetEarly(1, kept)
	id := f.create(f.prince, Album{})
	var all []node.Receipt
	for i := range 3*kept + 7 {
		all = append(all, f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(1900 + i%2) }))
	}
	for i := 0; i < len(all); i += 3 {
		r, err := f.node.Receipt(f.ctx, all[i].Transaction)
		require.NoError(t, err)
		require.Equal(t, all[i], r)
	}
}

func TestLargeBatches(t *testing.T) {
	f := start(t, node.WithLimits(node.Limits{BatchEvents: 10}))
	tx := f.prince.Begin()
	for i := range 500 {
		_, err := albums.Create(tx, Album{Year: 1900 + i%100})
		require.NoError(t, err)
	}
	_, err := tx.Commit(f.ctx)
	require.NoError(t, err, "a single transaction may be larger than a batch should be")
	tx = f.prince.Begin()
	for v, err := range albums.Fetch(f.ctx, f.prince, "") {
		require.NoError(t, err)
		m, err := albums.Edit(f.ctx, tx, v.ID())
		require.NoError(t, err)
		m.SetName("all")
	}
	_, err = tx.Commit(f.ctx)
	require.NoError(t, err)
	n, err := albums.Count(context.Background(), f.prince, "name = 'all'")
	require.NoError(t, err)
	require.Equal(t, 500, n)
}
