//go:build linux

package program_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/signal"
	"github.com/ankgo/ank/storage/engines"
)

// BenchmarkPropagation is from the begin of a commit on one node to the change of a live
// query on another one over the same store: the median, and of a hundred the last but one.
// Pauses between commits are as long as chance will have it, so that they do not fall in
// step with whatever looks at the store.
func BenchmarkPropagation(b *testing.B) {
	for engine, store := range sharedStores(b) {
		b.Run(engine, func(b *testing.B) { benchPropagation(b, store) })
		if engine == "tikv" {
			b.Run(engine+" with notices", func(b *testing.B) { benchPropagation(b, store+"-told?notices=127.0.0.1:0") })
		}
	}
}

func benchPropagation(b *testing.B, store string) {
	ctx := context.Background()
	writer, reader := sharing(b, store).Session("ada"), sharing(b, store).Session("ada")
	live, err := music.Albums.Query(ctx, reader, "ORDER BY name LIMIT 1")
	require.NoError(b, err)
	defer live.Close()
	shows := func(name string) {
		_, err := signal.Wait(ctx, live.Signal(), func(items entity.Items[music.AlbumView]) bool {
			return items.Len() == 1 && items.At(0).Name() == name
		})
		require.NoError(b, err)
	}
	var id event.ID
	require.NoError(b, writer.Update(ctx, func(tx *node.Tx) error {
		m, err := music.Albums.Create(tx, music.Album{Name: "new", Year: 1986})
		id = m.ID()
		return err
	}))
	shows("new")
	rng := rand.New(rand.NewPCG(1, 1))
	var all []time.Duration
	for n := 0; b.Loop(); n++ {
		<-time.After(time.Duration(rng.Int64N(int64(200 * time.Millisecond))))
		name, begin := fmt.Sprint(n), time.Now()
		require.NoError(b, writer.Update(ctx, func(tx *node.Tx) error {
			m, err := music.Albums.Edit(ctx, tx, id)
			if err == nil {
				m.SetName(name)
			}
			return err
		}))
		shows(name)
		all = append(all, time.Since(begin))
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "ms-p99")
	b.ReportMetric(0, "ns/op") // the pauses are in it
}

// sharing opens a node over a store that others have open.
func sharing(b *testing.B, store string) *node.Node {
	engine, err := engines.Open(b.Context(), store)
	require.NoError(b, err)
	n, err := node.Open(b.Context(), engine, node.Models(music.Models()...), node.WithPolicy(node.AllowAll()))
	require.NoError(b, err)
	b.Cleanup(func() {
		require.NoError(b, n.Close(context.Background()))
		require.NoError(b, engine.Close())
	})
	return n
}
