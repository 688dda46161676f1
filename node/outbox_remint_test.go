package node_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

const year = 365 * 24 * time.Hour

// wrong is a clock that shows another time than it is.
type wrong struct{ by atomic.Int64 }

func newWrong(by time.Duration) *wrong {
	w := new(wrong)
	w.by.Store(int64(by))
	return w
}

func (w *wrong) option() node.Option {
	return node.Now(func() time.Time { return time.Now().Add(time.Duration(w.by.Load())) })
}

// heir follows a transaction that was superseded.
func (c *guest) heir(r node.Receipt) node.Receipt {
	c.Helper()
	old := c.outcome(r)
	require.Equal(c, node.Superseded, old.Status)
	require.NotEqual(c, r.Transaction, old.By)
	return c.outcome(node.Receipt{Transaction: old.By})
}

// TestWorkFromAFastClockNeedNotWait: it gets other IDs, and everything that names the
// old ones names the new ones.
func TestWorkFromAFastClockNeedNotWait(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		known := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		clock := newWrong(0)
		ada := f.join("ada", node.Models(trackSchema), clock.option())
		ada.connect()
		live := ada.query("ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		mend := ada.pause()
		_, before := ada.create(Album{Name: "before", Year: 1980})
		clock.by.Store(int64(year))

		first := ada.edit(known, func(m AlbumMutable) { m.SetArtist("Prince") })
		id, second := ada.create(Album{Name: "tomorrow", Year: 1987})
		third := ada.edit(id, func(m AlbumMutable) { m.SetYear(1988) })
		tx := ada.session.Begin()
		m, err := albums.Create(tx, Album{Name: "too", Year: 1989})
		require.NoError(t, err)
		track, err := tracks.Create(tx, Track{Title: "Kiss", On: model.RefTo[Album](id)})
		require.NoError(t, err)
		own, err := tracks.Create(tx, Track{Title: "Own", On: model.RefTo[Album](m.ID())})
		require.NoError(t, err)
		edit, err := albums.Edit(f.ctx, tx, known)
		require.NoError(t, err)
		edit.SetYear(1985)
		fourth, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Greater(t, time.Until(id.Time()), year-time.Hour)
		ada.restart(node.Models(trackSchema), clock.option())
		live = ada.query("ORDER BY year")
		sets := changesOf(ada, live)
		sets()

		began := time.Now()
		mend()
		ada.connect()
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, node.Accepted, ada.outcome(before).Status, "under the IDs that it had")
		for _, r := range []node.Receipt{first, second, third, fourth} {
			require.Equal(t, node.Accepted, ada.heir(r).Status)
			require.Empty(t, ada.entry(ada.outcome(r).By).Content)
		}
		require.Less(t, time.Since(began), time.Minute)
		synctest.Wait()
		want := []string{"before", "Parade", "tomorrow", "too"}
		require.Equal(t, want, shown(live))
		require.Equal(t, want, f.names(f.prince, "ORDER BY year"))
		for _, a := range live.Items().All() {
			require.Empty(t, a.Pending())
		}

		// What had an ID has another one, which the ledger tells.
		now := make(map[event.ID]event.ID)
		for _, r := range []node.Receipt{first, second, third, fourth} {
			for _, renamed := range ada.entry(r.Transaction).Renamed {
				now[renamed.Old] = renamed.New
			}
		}
		require.Len(t, now, 4)
		v, err := albums.Get(f.ctx, f.prince, now[id])
		require.NoError(t, err)
		require.Equal(t, 1988, v.Year())
		require.Less(t, time.Until(now[id].Time()).Abs(), time.Minute)
		for old, on := range map[event.ID]event.ID{track.ID(): now[id], own.ID(): now[m.ID()]} {
			kiss, err := tracks.Get(f.ctx, f.prince, now[old])
			require.NoError(t, err)
			require.Equal(t, on, kiss.Field(1).ID())
		}
		v, err = albums.Get(f.ctx, f.prince, known)
		require.NoError(t, err)
		require.Equal(t, 1985, v.Year())
		require.Equal(t, "Prince", v.Artist())

		ada.restart(node.Models(trackSchema), clock.option())
		require.Equal(t, node.Accepted, ada.heir(second).Status, "known after a restart")
		require.Len(t, ada.entry(second.Transaction).Renamed, 1)
	}, node.Models(trackSchema))
}

// TestWhoIsInTheMiddleOfItWhenTheClockIsCorrected: open transactions, and those who wait.
func TestWhoIsInTheMiddleOfItWhenTheClockIsCorrected(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada", newWrong(year).option())
		id, first := ada.create(Album{Name: "tomorrow", Year: 1987})
		open := ada.session.Begin()
		edit, err := albums.Edit(f.ctx, open, id)
		require.NoError(t, err)
		edit.SetYear(1988)
		_, err = albums.Create(open, Album{Name: "open", Year: 1990})
		require.NoError(t, err)
		waiting, asked := make(chan node.Receipt, 1), make(chan node.Receipt, 1)
		go func() {
			tx := ada.session.Begin()
			_, err := albums.Create(tx, Album{Name: "waiting", Year: 1991})
			require.NoError(t, err)
			r, err := tx.Commit(f.ctx, node.UntilAccepted())
			require.NoError(t, err)
			waiting <- r
		}()
		go func() { asked <- ada.outcome(first) }()
		synctest.Wait()

		began := time.Now()
		ada.connect()
		r := <-waiting
		require.Equal(t, node.Accepted, r.Status)
		_, err = f.node.Receipt(f.ctx, r.Transaction)
		require.NoError(t, err, "it is that of what the server has")
		require.Equal(t, node.Superseded, (<-asked).Status)
		r, err = open.Commit(f.ctx, node.UntilAccepted())
		require.NoError(t, err)
		require.Equal(t, node.Accepted, r.Status)
		require.Less(t, time.Since(began), time.Minute)
		require.ElementsMatch(t, []string{"tomorrow 1988", "open 1990", "waiting 1991"}, f.albums())
	})
}

// albums are the names and years that the server has.
func (f *fixture) albums() []string {
	f.Helper()
	var list []string
	for v, err := range albums.Fetch(f.ctx, f.prince, "") {
		require.NoError(f, err)
		list = append(list, v.Name()+" "+v.Field(2).String())
	}
	return list
}

// TestWhatMayHaveBeenDeliveredKeepsItsIDs: it may have been accepted, so it waits for
// its time to come.
func TestWhatMayHaveBeenDeliveredKeepsItsIDs(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada", newWrong(time.Hour).option())
		id, r := ada.create(Album{Name: "in an hour", Year: 1986})
		ada.deskAt(f, time.Hour)
		synctest.Wait()
		require.NoError(t, ada.connection.Close(f.ctx))
		edit := ada.edit(id, func(m AlbumMutable) { m.SetYear(1987) })
		ada.connect()
		_, now := ada.create(Album{Name: "now", Year: 1986})
		require.Equal(t, node.Accepted, ada.outcome(now).Status)
		require.Equal(t, node.Pending, ada.entry(r.Transaction).Status)
		began := time.Now()
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		require.InDelta(t, 58*time.Minute, time.Since(began), float64(time.Minute))
		require.Equal(t, node.Accepted, ada.outcome(edit).Status)
	})
}

// deskAt is desk with another time.
func (c *guest) deskAt(f *fixture, ahead time.Duration) {
	c.Helper()
	link := newCable(func(conn wire.Conn) {
		go func() {
			s := &stranger{T: c.T, ctx: c.ctx, conn: conn}
			s.greet(f, &wire.Hello{
				Min: wire.MinVersion, Max: wire.MaxVersion, Durable: true, System: f.node.System(), Time: time.Now().Add(ahead).UnixMicro(),
			})
			for {
				if _, err := conn.Receive(c.ctx); err != nil {
					return
				}
			}
		}()
	})
	var err error
	c.connection, err = c.node.Connect(link.Dial)
	require.NoError(c, err)
	require.NoError(c, c.connection.Wait(c.ctx))
}

// TestTheClockIsSetWhileConnected: the next hello need not be waited for.
func TestTheClockIsSetWhileConnected(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		clock := newWrong(0)
		ada := f.join("ada", clock.option())
		ada.connect()
		for _, by := range []time.Duration{year, -year, 2 * year, 0} {
			clock.by.Store(int64(by))
			_, r := ada.create(Album{Name: by.String(), Year: 1986})
			began := time.Now()
			if r = ada.outcome(r); r.Status == node.Superseded {
				r = ada.outcome(node.Receipt{Transaction: r.By})
			}
			require.Equal(t, node.Accepted, r.Status)
			require.Less(t, time.Since(began), time.Minute)
		}
		require.Len(t, f.names(f.prince, ""), 4)
	})
}

// TestMintingAnewIsOneStep: a write that fails leaves what was there.
func TestMintingAnewIsOneStep(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		clock := newWrong(year)
		ada := f.join("ada", clock.option())
		id, first := ada.create(Album{Name: "tomorrow", Year: 1987})
		second := ada.edit(id, func(m AlbumMutable) { m.SetYear(1988) })
		ada.alarm.expected.Store(true)
		writes := 0
		ada.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
			if writes++; writes > 2 { // the system, the correction
				return storage.ErrFull
			}
			return next()
		}
		_, err := ada.node.Connect(ada.link.Dial)
		require.NoError(t, err)
		synctest.Wait()
		require.Greater(t, writes, 2)
		ada.stage.commit = nil
		ada.restart(clock.option())
		require.Len(t, ada.ledger(), 2)
		for _, r := range []node.Receipt{first, second} {
			require.Equal(t, node.Pending, ada.entry(r.Transaction).Status)
		}
		ada.connect()
		require.Equal(t, node.Accepted, ada.heir(first).Status)
		require.Equal(t, node.Accepted, ada.heir(second).Status)
		require.Equal(t, []string{"tomorrow 1988"}, f.albums())
	})
}
