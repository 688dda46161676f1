package node_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
)

// as is another session on a client's node.
func (c *guest) as(p node.Principal) *guest {
	other := *c
	other.name, other.session = p, c.node.Session(p)
	return &other
}

func TestFlushWaitsForOnesOwn(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		grace := ada.as("grace")
		ada.create(Album{Name: "Parade", Year: 1986})
		ada.create(Album{Name: "Chaos", Year: 1991})
		left, err := grace.session.Flush(f.ctx)
		require.NoError(t, err, "hers is empty")
		require.Zero(t, left)

		ctx, cancel := context.WithTimeout(f.ctx, time.Minute)
		defer cancel()
		left, err = ada.session.Flush(ctx)
		require.ErrorIs(t, err, node.ErrPending)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 2, left)

		ada.connect()
		left, err = ada.session.Flush(f.ctx)
		require.NoError(t, err)
		require.Zero(t, left)
		require.Equal(t, []string{"Parade"}, f.names(f.prince, ""), "what was refused is no reason to wait")
		left, err = f.prince.Flush(f.ctx)
		require.NoError(t, err)
		require.Zero(t, left)
	}, refusing("Chaos"))
}

// TestWhoLeavesFindsItsWorkAgain: in between nobody sees it, and nobody gets it.
func TestWhoLeavesFindsItsWorkAgain(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		known := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		ada := f.join("ada")
		ada.connect()
		grace := ada.as("grace")
		live, hers := ada.query("ORDER BY year"), grace.query("ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		require.NoError(t, hers.Wait(f.ctx))
		_, bad := grace.create(Album{Name: "Chaos", Year: 1991})
		require.Equal(t, node.Rejected, grace.outcome(bad).Status)
		mend := ada.pause()
		first := grace.edit(known, func(m AlbumMutable) { m.SetName("Parade!") })
		id, second := grace.create(Album{Name: "Batman", Year: 1989})
		require.Equal(t, []string{"Parade!", "Batman"}, shown(live), "until then they share what is shown")
		on := ada.edit(id, func(m AlbumMutable) { m.SetYear(1990) })
		_, own := ada.create(Album{Name: "Lovesexy", Year: 1988})
		waiting := make(chan error, 1)
		go func() {
			_, err := ada.node.Receipt(f.ctx, first.Transaction)
			waiting <- err
		}()
		synctest.Wait()

		n, err := grace.session.Seal(f.ctx)
		require.NoError(t, err)
		require.Equal(t, 2, n)
		require.ErrorIs(t, <-waiting, node.ErrSealed)
		require.ErrorIs(t, hers.Err(), node.ErrSealed)
		require.Zero(t, hers.Items().Len())
		n, err = grace.session.Seal(f.ctx)
		require.NoError(t, err, "again")
		require.Equal(t, 2, n)
		for range 2 {
			live = ada.query("ORDER BY year")
			require.Equal(t, []string{"Parade", "Lovesexy"}, shown(live))
			require.Empty(t, live.Items().At(0).Pending())
			require.Equal(t, []string{"Parade", "Lovesexy"}, f.names(ada.session.Local(), "ORDER BY year"))
			_, err = albums.Get(f.ctx, ada.session.Local(), id)
			require.ErrorIs(t, err, entity.ErrNotFound)
			for _, entry := range ada.ledger() {
				require.Equal(t, ada.name, entry.Principal)
			}
			r, err := ada.node.Receipt(f.ctx, first.Transaction)
			require.ErrorIs(t, err, node.ErrSealed)
			require.Equal(t, node.Pending, r.Status)
			_, err = ada.node.Discard(f.ctx, first.Transaction)
			require.ErrorIs(t, err, node.ErrSealed)
			require.ErrorIs(t, ada.node.Dismiss(f.ctx, bad.Transaction), node.ErrSealed)
			grace.refused(known)
			ada.restart()
			grace = ada.as("grace")
		}

		// What is ada's is delivered, and what builds on hers waits with hers.
		mend()
		ada.connect()
		live = ada.query("ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, node.Accepted, ada.outcome(own).Status)
		<-time.After(time.Minute)
		require.Equal(t, []string{"Parade", "Lovesexy"}, f.names(f.prince, "ORDER BY year"))
		require.Equal(t, node.Pending, ada.entry(on.Transaction).Status)

		n, err = grace.session.Unseal(f.ctx)
		require.NoError(t, err)
		require.Equal(t, 2, n)
		require.Equal(t, []string{"Parade!", "Lovesexy", "Batman"}, shown(live))
		for _, r := range []node.Receipt{first, second, on} {
			require.Equal(t, node.Accepted, ada.outcome(r).Status)
		}
		synctest.Wait()
		require.Equal(t, []string{"Parade!", "Lovesexy", "Batman"}, f.names(f.prince, "ORDER BY year"))
		require.Equal(t, node.Rejected, grace.entry(bad.Transaction).Status)
		n, err = grace.session.Unseal(f.ctx)
		require.NoError(t, err, "again")
		require.Zero(t, n)
		_, err = f.prince.Seal(f.ctx)
		require.ErrorIs(t, err, node.ErrDurable)
		_, err = f.prince.Unseal(f.ctx)
		require.ErrorIs(t, err, node.ErrDurable)
	}, refusing("Chaos"))
}

// refused checks that who has left can do nothing.
func (c *guest) refused(known event.ID) {
	c.Helper()
	for _, s := range []*node.Session{c.session, c.session.Local()} {
		_, err := albums.Get(c.ctx, s, known)
		require.ErrorIs(c, err, node.ErrSealed)
		_, err = albums.Query(c.ctx, s, "")
		require.ErrorIs(c, err, node.ErrSealed)
		tx := s.Begin()
		_, err = albums.Create(tx, Album{Name: "late", Year: 1990})
		require.NoError(c, err)
		_, err = tx.Commit(c.ctx)
		require.ErrorIs(c, err, node.ErrSealed)
	}
}

// TestWhatIsUnderWayWhenItsPrincipalLeaves is decided.
func TestWhatIsUnderWayWhenItsPrincipalLeaves(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		_, r := ada.create(Album{Name: "Parade", Year: 1986})
		d := ada.desk(f)
		m := d.delivered()[r.Transaction]
		require.NotNil(t, m)
		n, err := ada.session.Seal(f.ctx)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		d.accept(m)
		synctest.Wait()
		n, err = ada.session.Unseal(f.ctx)
		require.NoError(t, err)
		require.Zero(t, n)
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
	})
}

// TestSealingIsOneStep: a write that fails leaves what was there.
func TestSealingIsOneStep(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		_, r := ada.create(Album{Name: "Parade", Year: 1986})
		ada.alarm.expected.Store(true)
		ada.stage.commit = func(context.Context, *storage.Batch, func() error) error { return storage.ErrFull }
		_, err := ada.session.Seal(f.ctx)
		require.ErrorIs(t, err, node.ErrReadOnly)
		require.Equal(t, []string{"Parade"}, f.names(ada.session.Local(), ""))
		ada.stage.commit = nil
		ada.restart()
		require.Equal(t, node.Pending, ada.entry(r.Transaction).Status)
	})
}
