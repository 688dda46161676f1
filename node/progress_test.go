package node_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node/wire"
)

// TestAFirstLoadTellsHowFarItIs: by the state, and by change sets that come at a bounded
// rate.
func TestAFirstLoadTellsHowFarItIs(t *testing.T) {
	for name, held := range map[string]bool{"nothing is held": false, "something is held": true} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				const rows = 200
				f.many(rows, 60_000)
				ada := f.join("ada")
				ada.link.delay = func() time.Duration { return 15 * time.Millisecond }
				phase := entity.Loading
				if held {
					ada.create(bulky(2000, 10))
					phase = entity.Local
				}
				ada.connect()
				began := time.Now()
				live := ada.query("year < 2500 AND artist = ''")
				told, last := 0, 0
				for set := range live.Changes(f.ctx) {
					state := set.State
					if state.Phase == entity.Complete {
						require.Zero(t, state.Loaded)
						require.Zero(t, state.Expected)
						break
					}
					if state.Loaded == 0 || len(set.Changes) > 0 {
						continue
					}
					require.Equal(t, phase, state.Phase)
					require.Greater(t, state.Loaded, last)
					require.InDelta(t, rows, state.Expected, 1)
					require.LessOrEqual(t, state.Loaded, state.Expected)
					told, last = told+1, state.Loaded
				}
				took := time.Since(began)
				require.Greater(t, told, 3)
				require.LessOrEqual(t, told, int(took/(100*time.Millisecond))+1)
				require.NoError(t, live.Wait(f.ctx))
				require.GreaterOrEqual(t, live.Items().Len(), rows)
			})
		})
	}
}

// TestALoadThatIsCutOffBeginsAnew: what had come is not counted then.
func TestALoadThatIsCutOffBeginsAnew(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		f.many(3, 10)
		ada := f.join("ada")
		link, servers := f.mute()
		c, err := ada.node.Connect(link.Dial)
		require.NoError(t, err)
		live := ada.query("")
		part := func(s *stranger, m *wire.Rows) {
			m.Request, m.Reset, m.More = s.hear().(*wire.Subscribe).Request, true, true
			s.send(m)
			synctest.Wait()
		}
		first := <-servers
		part(first, &wire.Rows{Expected: 7})
		require.Equal(t, 7, live.State().Expected)
		require.Zero(t, live.State().Loaded)
		require.NoError(t, first.conn.Close())
		synctest.Wait()
		require.Equal(t, entity.Local, live.State().Phase)
		require.Zero(t, live.State().Expected)
		second := <-servers
		part(second, &wire.Rows{Expected: 1 << 63})
		require.Positive(t, live.State().Expected, "whatever the server says")
		require.NoError(t, c.Close(f.ctx))
		require.Zero(t, live.State().Expected)
		ada.connect()
		ctx, cancel := context.WithTimeout(f.ctx, time.Minute)
		defer cancel()
		require.NoError(t, live.Wait(ctx))
		require.Equal(t, 3, live.Items().Len())
	})
}
