package node_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/memory"
)

// TestAcceptedAfterAll: one server accepts, and is not heard; another one refuses; then
// it comes out what the first has done.
func TestAcceptedAfterAll(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := &replicas{first: member(t), second: member(t, node.WithPolicy(readOnly{}))}
			r.at.Store(r.first.node)
			r.guest = &guest{T: t, ctx: r.first.ctx, name: "ada", store: memory.NewStore()}
			r.link = newCable(func(conn wire.Conn) {
				go func() { _ = r.at.Load().Serve(r.ctx, conn, "ada") }()
			})
			var late atomic.Bool
			r.link.delay = func() time.Duration {
				if late.Load() {
					return time.Second
				}
				return 0
			}
			r.open()
			t.Cleanup(r.stop)
			r.connect()
			synctest.Wait()
			late.Store(true)
			id, created := r.create(Album{Name: "Parade", Year: 1986})
			edited := r.edit(id, func(m AlbumMutable) { m.SetYear(1987) })
			<-time.After(1500 * time.Millisecond)
			require.Equal(t, []string{"Parade"}, r.first.names(r.first.prince, ""))
			r.lead(r.second)
			late.Store(false)
			require.Equal(t, node.Rejected, r.outcome(created).Status)
			require.Equal(t, node.Rejected, r.outcome(edited).Status)

			if restarted {
				r.restart()
				r.connect()
			}
			exchange(r.first, r.second)
			live := r.query("")
			require.NoError(t, live.Wait(r.ctx))
			synctest.Wait()
			accepted := r.outcome(created)
			require.Equal(t, node.Accepted, accepted.Status)
			require.Equal(t, r.first.node.Origin(), accepted.Position.Origin)
			require.Equal(t, node.Rejected, r.outcome(edited).Status, "it was never sent to the first")
			require.Equal(t, 1986, live.Items().At(0).Year())

			r.lead(r.first)
			require.NoError(t, r.connection.Wait(r.ctx))
			again, err := r.session.Retry(r.ctx, edited.Transaction)
			require.NoError(t, err)
			require.Equal(t, node.Accepted, r.outcome(again).Status)
		})
	}
}

// TestWhatIsNotAcceptedIsNotDeliveredForEver: an entity that somebody else has under the
// ID of one that was refused proves nothing.
func TestWhatIsNotAcceptedIsNotDeliveredForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplicas(t)
		id, created := r.create(Album{Name: "mine", Year: 1986})
		forged := r.ledgerOf(created).Content
		other := *forged
		event := *forged.Events[0]
		event.Ops = event.Ops[:1]
		other.Events = append(other.Events[:0:0], &event)
		_, err := r.first.node.Accept(r.ctx, "eve", &other)
		require.NoError(t, err)
		r.connect()
		require.Equal(t, node.Rejected, r.outcome(created).Status)
		live := r.query("")
		require.NoError(t, live.Wait(r.ctx))
		<-time.After(time.Minute)
		require.Equal(t, node.Rejected, r.outcome(created).Status)
		before := r.link.bytes.Load()
		r.first.edit(r.first.prince, id, func(m AlbumMutable) { m.SetYear(1999) })
		<-time.After(time.Second)
		require.Less(t, r.link.bytes.Load()-before, int64(1000))
		require.Equal(t, node.Rejected, r.outcome(created).Status)
	})
}
