package node_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
)

// rule refuses albums of one name, as long as it says so.
type rule struct{ name string }

func (r *rule) hook() node.Option {
	return node.Hooks(func(ctx context.Context, a *node.Acceptance) error {
		for _, c := range a.Changes {
			if c.Schema == albumSchema && (AlbumView{c.After}).Name() == r.name {
				return errNotThatOne
			}
		}
		return nil
	})
}

// entry is what the ledger says of a transaction.
func (c *guest) entry(tx event.ID) node.LedgerEntry {
	c.Helper()
	for _, entry := range c.ledger() {
		if entry.Transaction == tx {
			return entry
		}
	}
	require.Fail(c, "not in the ledger")
	return node.LedgerEntry{}
}

func TestARejectedTransactionIsRetried(t *testing.T) {
	no := &rule{"Chaos"}
	cluster(t, func(t *testing.T, f *fixture) {
		known := f.create(f.prince, Album{Name: "Parade", Artist: "Prince", Year: 1986})
		ada := f.join("ada", node.Models(trackSchema))
		ada.connect()
		live := ada.query("ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		mend := ada.pause()

		// One that creates and changes, and one that builds on it.
		tx := ada.session.Begin()
		m, err := albums.Create(tx, Album{Name: "Chaos", Year: 1991})
		require.NoError(t, err)
		_, err = tracks.Create(tx, Track{Title: "Disorder", On: model.RefTo[Album](m.ID())})
		require.NoError(t, err)
		edit, err := albums.Edit(f.ctx, tx, known)
		require.NoError(t, err)
		edit.SetYear(1987)
		first, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		second := ada.edit(m.ID(), func(m AlbumMutable) { m.SetArtist("Entropy") })
		require.Equal(t, []event.ID{first.Transaction}, ada.entry(second.Transaction).DependsOn)
		mend()
		require.Equal(t, node.Rejected, ada.outcome(first).Status)
		require.Equal(t, node.Rejected, ada.outcome(second).Status)
		require.Equal(t, []event.ID{first.Transaction}, ada.entry(second.Transaction).DependsOn)
		require.Equal(t, []string{"Parade"}, shown(live))

		// Others go on meanwhile, and the server learns to live with it.
		f.edit(f.prince, known, func(m AlbumMutable) { m.SetArtist("Prince and the Revolution") })
		no.name = ""
		_, err = ada.node.Session("bob").Retry(f.ctx, first.Transaction)
		require.ErrorIs(t, err, node.ErrUnknownTransaction, "somebody else's")
		mend = ada.pause()
		again, err := ada.session.Retry(f.ctx, first.Transaction)
		require.NoError(t, err)
		require.Equal(t, []string{"Parade", "Chaos"}, shown(live), "at once")
		_, err = ada.session.Retry(f.ctx, first.Transaction)
		require.ErrorIs(t, err, node.ErrUnknownTransaction, "once only")
		ada.restart(node.Models(trackSchema))
		live = ada.query("ORDER BY year")
		require.Equal(t, []string{"Parade", "Chaos"}, shown(live))
		then, err := ada.session.Retry(f.ctx, second.Transaction)
		require.NoError(t, err)
		old := ada.outcome(first)
		require.Equal(t, node.Superseded, old.Status)
		require.Equal(t, again.Transaction, old.By)
		require.NoError(t, old.Reason)
		entry := ada.entry(first.Transaction)
		require.Equal(t, node.Superseded, entry.Status)
		require.Nil(t, entry.Content)

		mend()
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(again).Status)
		require.Equal(t, node.Accepted, ada.outcome(then).Status)
		v, err := albums.Get(f.ctx, f.prince, m.ID())
		require.NoError(t, err, "under the ID that it was given first")
		require.Equal(t, "Entropy", v.Artist())
		v, err = albums.Get(f.ctx, f.prince, known)
		require.NoError(t, err)
		require.Equal(t, 1987, v.Year())
		require.Equal(t, "Prince and the Revolution", v.Artist())
		require.ErrorIs(t, ada.node.Dismiss(f.ctx, first.Transaction), node.ErrUnknownTransaction)
		require.Len(t, ada.ledger(), 4)
	}, no.hook(), node.Models(trackSchema))
}

func TestARejectedTransactionIsEditedAndResubmitted(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		id, bad := ada.create(Album{Name: "Chaos", Artist: "Entropy", Year: 1991})
		ada.connect()
		require.Equal(t, node.Rejected, ada.outcome(bad).Status)
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))

		// Looking at it, and leaving it, changes nothing.
		tx, err := ada.session.Resubmit(f.ctx, bad.Transaction)
		require.NoError(t, err)
		v, err := albums.Get(f.ctx, tx, id)
		require.NoError(t, err)
		require.Equal(t, "Chaos", v.Name())
		tx.Rollback()
		require.Equal(t, node.Rejected, ada.entry(bad.Transaction).Status)

		// Refused once more: the new one is in the ledger in its place.
		again, err := ada.session.Retry(f.ctx, bad.Transaction, node.UntilAccepted())
		require.ErrorIs(t, err, node.ErrDenied)
		require.Equal(t, node.Rejected, again.Status)
		require.Equal(t, again.Transaction, ada.outcome(bad).By)

		tx, err = ada.session.Resubmit(f.ctx, again.Transaction)
		require.NoError(t, err)
		m, err := albums.Edit(f.ctx, tx, id)
		require.NoError(t, err)
		m.SetName("Order")
		other, err := ada.session.Resubmit(f.ctx, again.Transaction)
		require.NoError(t, err)
		good, err := tx.Commit(f.ctx, node.UntilAccepted())
		require.NoError(t, err)
		require.Equal(t, node.Accepted, good.Status)
		_, err = other.Commit(f.ctx)
		require.ErrorIs(t, err, node.ErrUnknownTransaction, "it has been superseded meanwhile")
		synctest.Wait()
		require.Equal(t, []string{"Order"}, shown(live))
		v, err = albums.Get(f.ctx, f.prince, id)
		require.NoError(t, err)
		require.Equal(t, "Order", v.Name())
		require.Equal(t, "Entropy", v.Artist())
		require.Equal(t, good.Transaction, ada.outcome(again).By)

		// There is nothing to be resubmitted any more, and elsewhere never was.
		_, err = ada.session.Resubmit(f.ctx, good.Transaction)
		require.ErrorIs(t, err, node.ErrUnknownTransaction)
		_, err = f.prince.Retry(f.ctx, good.Transaction)
		require.ErrorIs(t, err, node.ErrDurable)
	}, refusing("Chaos"))
}

// TestWhatIsResubmittedMeetsTheWorldOfToday: deleted entities, entities that are
// there, and changes that others have made.
func TestWhatIsResubmittedMeetsTheWorldOfToday(t *testing.T) {
	no := &rule{"Chaos"}
	cluster(t, func(t *testing.T, f *fixture) {
		one := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		two := f.create(f.prince, Album{Name: "Lovesexy", Year: 1988})
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		bad := ada.edit(one, func(m AlbumMutable) { m.SetName("Chaos") })
		gone := ada.edit(two, func(m AlbumMutable) { m.SetName("Chaos") })
		require.Equal(t, node.Rejected, ada.outcome(bad).Status)
		require.Equal(t, node.Rejected, ada.outcome(gone).Status)
		no.name = ""
		f.edit(f.prince, one, func(m AlbumMutable) { m.SetName("Chaos") })
		require.NoError(t, f.prince.Update(f.ctx, func(tx *node.Tx) error { return albums.Delete(f.ctx, tx, two) }))
		synctest.Wait()

		r, err := ada.session.Retry(f.ctx, bad.Transaction)
		require.NoError(t, err)
		require.Equal(t, node.Empty, r.Status, "it is so already")
		require.Equal(t, node.Rejected, ada.entry(bad.Transaction).Status)
		require.NoError(t, ada.node.Dismiss(f.ctx, bad.Transaction))

		_, err = ada.session.Retry(f.ctx, gone.Transaction)
		require.ErrorIs(t, err, entity.ErrDeleted)
		require.Equal(t, node.Rejected, ada.entry(gone.Transaction).Status)
	}, no.hook())
}

func TestAPendingTransactionIsDiscardedWithWhatBuildsOnIt(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		known := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		ada := f.join("ada")
		ada.connect()
		live := ada.query("ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		mend := ada.pause()
		id, first := ada.create(Album{Name: "Batman", Year: 1989})
		second := ada.edit(id, func(m AlbumMutable) { m.SetYear(1990) })
		third := ada.edit(known, func(m AlbumMutable) { m.SetYear(1987) })
		forked := ada.session.Begin()
		late, err := albums.Edit(f.ctx, forked, id)
		require.NoError(t, err)
		late.SetYear(2000)
		waited := make(chan node.Receipt, 1)
		go func() {
			r, err := ada.node.Receipt(f.ctx, second.Transaction)
			require.NoError(t, err)
			waited <- r
		}()
		synctest.Wait()
		require.Equal(t, []string{"Parade", "Batman"}, shown(live))

		gone, err := ada.node.Discard(f.ctx, first.Transaction)
		require.NoError(t, err)
		require.Equal(t, []event.ID{first.Transaction, second.Transaction}, gone)
		require.Equal(t, []string{"Parade"}, shown(live))
		require.Equal(t, 1987, live.Items().At(0).Year(), "what has nothing to do with it stays")
		r := <-waited
		require.Equal(t, node.Rejected, r.Status)
		require.ErrorIs(t, r.Reason, node.ErrDiscarded)
		_, err = ada.node.Receipt(f.ctx, first.Transaction)
		require.ErrorIs(t, err, node.ErrUnknownTransaction)
		_, err = ada.node.Discard(f.ctx, first.Transaction)
		require.ErrorIs(t, err, node.ErrUnknownTransaction)
		_, err = forked.Commit(f.ctx)
		require.ErrorIs(t, err, node.ErrDependency)

		ada.restart()
		require.Len(t, ada.ledger(), 1)
		mend()
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(third).Status)
		require.Equal(t, []string{"Parade"}, f.names(f.prince, ""))
		_, err = f.node.Discard(f.ctx, third.Transaction)
		require.ErrorIs(t, err, node.ErrDurable)
	})
}

// TestWhatWasDeliveredIsNotDiscarded: the verdict decides, also if it was not heard.
func TestWhatWasDeliveredIsNotDiscarded(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		id, first := ada.create(Album{Name: "Parade", Year: 1986})
		second := ada.edit(id, func(m AlbumMutable) { m.SetYear(1987) })
		third := ada.edit(id, func(m AlbumMutable) { m.SetYear(1988) })
		d := ada.desk(f)
		m := d.delivered()[first.Transaction]
		require.NotNil(t, m)
		refused := func(tx event.ID) {
			t.Helper()
			_, err := ada.node.Discard(f.ctx, tx)
			require.ErrorIs(t, err, node.ErrDelivered)
		}
		refused(first.Transaction)
		gone, err := ada.node.Discard(f.ctx, third.Transaction)
		require.NoError(t, err, "it waits for the others, and was not delivered")
		require.Len(t, gone, 1)
		require.NoError(t, d.conn.Close())
		synctest.Wait()
		refused(first.Transaction)
		require.NoError(t, ada.connection.Close(f.ctx))

		// After a restart it is not known how far it came, but of what was made later.
		ada.restart()
		refused(first.Transaction)
		refused(second.Transaction)
		_, other := ada.create(Album{Name: "Batman", Year: 1989})
		ada.restart()
		refused(first.Transaction)
		_, err = ada.node.Discard(f.ctx, other.Transaction)
		require.NoError(t, err)
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(second).Status)
		require.Equal(t, []string{"Parade"}, f.names(f.prince, ""))
	})
}

// TestRetryAndDiscardAreOneStep: a write that fails leaves what was there.
func TestRetryAndDiscardAreOneStep(t *testing.T) {
	no := &rule{"Chaos"}
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		_, bad := ada.create(Album{Name: "Chaos", Year: 1991})
		ada.connect()
		require.Equal(t, node.Rejected, ada.outcome(bad).Status)
		ada.pause()
		_, waiting := ada.create(Album{Name: "Parade", Year: 1986})
		no.name = ""
		for _, step := range []func() error{
			func() error { _, err := ada.session.Retry(f.ctx, bad.Transaction); return err },
			func() error { _, err := ada.node.Discard(f.ctx, waiting.Transaction); return err },
		} {
			ada.alarm.expected.Store(true)
			ada.stage.commit = func(context.Context, *storage.Batch, func() error) error { return storage.ErrFull }
			require.ErrorIs(t, step(), node.ErrReadOnly)
			ada.stage.commit = nil
			ada.restart()
			require.Equal(t, node.Rejected, ada.entry(bad.Transaction).Status)
			require.NotNil(t, ada.entry(bad.Transaction).Content)
			require.Equal(t, node.Pending, ada.entry(waiting.Transaction).Status)
			require.Len(t, ada.ledger(), 2)
			require.Equal(t, []string{"Parade"}, f.names(ada.session.Local(), ""))
		}
		ada.link.Mend()
		r, err := ada.session.Retry(f.ctx, bad.Transaction)
		require.NoError(t, err)
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		require.Equal(t, node.Accepted, ada.outcome(waiting).Status)
		require.ElementsMatch(t, []string{"Chaos", "Parade"}, f.names(f.prince, ""))
	}, no.hook())
}
