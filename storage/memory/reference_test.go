package memory_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestManyReferred looks for tracks by their bands, which are one more than are
// looked up one by one.
func TestManyReferred(t *testing.T) {
	ctx := context.Background()
	e, err := memory.Open()
	require.NoError(t, err)
	tracks, bands := storagetest.Tracks()
	require.NoError(t, e.Register(ctx, tracks, bands))
	d := storagetest.NewWorld(1, 1).Begin()
	for i := range plan.MaxReferred + 1 {
		band := d.Create(bands, "name", "b", "size", i)
		if i%100 == 0 {
			d.Create(tracks, "title", fmt.Sprint("t", i%300), "band", band)
		}
	}
	require.NoError(t, e.Commit(ctx, d.Batch()))
	v, err := e.Snapshot(ctx)
	require.NoError(t, err)
	for text, want := range map[string]int{
		"band.name = 'b'":                                 11,
		"band.name = 'b' AND band.size < 1000":            10,
		"band.size < 1000 AND title = 't0'":               4,
		"band.size < 901":                                 10,
		"band.name = 'b' ORDER BY band.size DESC LIMIT 2": 2,
	} {
		q, err := query.Parse(text)
		require.NoError(t, err)
		c, err := q.Check(tracks)
		require.NoError(t, err)
		refers := 0
		for _, p := range append(plan.Plans(c, tracks.Indexes()), storage.Plan(ctx, v, c)) {
			n, err := storage.Count(ctx, v, p)
			require.NoError(t, err)
			require.Equal(t, want, n, "%s by %s", text, p)
			if p.Access == plan.Refer {
				refers++
			}
		}
		require.Positive(t, refers)
	}
	v.Close()
	require.NoError(t, e.Close())
}
