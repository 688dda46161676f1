package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestAStandbyIsPromoted has a committer go on while the server is killed and the one that
// has followed it takes its place: what was acknowledged is there, once.
func TestAStandbyIsPromoted(t *testing.T) {
	const before, after = 40, 20 // commits
	primary := newServer(t)
	p := newProxy(t)
	p.lead(primary.folder)
	e := open(t, p.dsn(), postgres.Options{})
	albums := storagetest.Albums()
	require.NoError(t, e.Register(t.Context(), albums))
	standby := primary.standby()

	w := storagetest.NewWorld(1, 1)
	moved := make(chan error, 1)
	done := moved
	var want []uint64
	unknown := 0
	for i, left := 0, after; left > 0; i++ {
		select {
		case err := <-moved:
			require.NoError(t, err)
			moved = nil
		default:
		}
		if moved == nil {
			left--
		}
		d := w.Begin()
		d.Create(albums, "year", i)
		was, err := settled(t.Context(), e, d.Batch())
		require.NoError(t, err, "commit %d", i)
		if was {
			unknown++
		}
		want = append(want, uint64(i+1))
		if i == before {
			go func() {
				err := primary.script("stop", primary.folder, "immediate")
				if err == nil {
					err = standby.script("promote", standby.folder)
				}
				p.lead(standby.folder)
				done <- err
			}()
		}
	}
	require.Equal(t, want, seqs(t, e))
	v, err := e.Snapshot(t.Context())
	require.NoError(t, err)
	defer v.Close()
	n, err := storage.Count(t.Context(), v, ask(t, albums, "year >= 0"))
	require.NoError(t, err)
	require.Equal(t, len(want), n)
	_, err = v.(storage.Verifier).Verify(t.Context())
	require.NoError(t, err)
	t.Logf("%d of %d commits were of unknown outcome at first", unknown, len(want))
}
