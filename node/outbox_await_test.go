package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node"
)

func TestCommitWaitsUntilAccepted(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		tx := ada.session.Begin()
		m, err := albums.Create(tx, Album{Name: "Parade", Year: 1986})
		require.NoError(t, err)
		r, err := tx.Commit(f.ctx, node.UntilAccepted())
		require.NoError(t, err)
		require.Equal(t, node.Accepted, r.Status)
		require.Equal(t, f.node.Origin(), r.Position.Origin)
		theirs, err := f.node.Receipt(f.ctx, r.Transaction)
		require.NoError(t, err)
		require.Equal(t, theirs.Position.Seq, r.Position.Seq)
		_, err = albums.Get(f.ctx, f.prince, m.ID())
		require.NoError(t, err)

		// Refused, it says so at once, and the transaction is in the ledger.
		tx = ada.session.Begin()
		_, err = albums.Create(tx, Album{Name: "Chaos", Year: 1991})
		require.NoError(t, err)
		r, err = tx.Commit(f.ctx, node.UntilAccepted())
		require.ErrorIs(t, err, node.ErrDenied)
		require.Equal(t, node.Rejected, r.Status)
		require.Equal(t, r.Reason, err)
		require.Equal(t, r.Transaction, ada.ledger()[1].Transaction)

		// Nothing to commit, nothing to wait for.
		r, err = ada.session.Begin().Commit(f.ctx, node.UntilAccepted())
		require.NoError(t, err)
		require.Equal(t, node.Empty, r.Status)

		// On a durable node it makes no difference.
		tx = f.prince.Begin()
		_, err = albums.Create(tx, Album{Name: "Batman", Year: 1989})
		require.NoError(t, err)
		r, err = tx.Commit(f.ctx, node.UntilAccepted())
		require.NoError(t, err)
		require.Equal(t, node.Accepted, r.Status)
	}, refusing("Chaos"))
}

func TestWhoGivesUpWaitingLosesNothing(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		tired := errors.New("tired of waiting")
		ctx, cancel := context.WithTimeoutCause(f.ctx, time.Minute, tired)
		defer cancel()
		tx := ada.session.Begin()
		_, err := albums.Create(tx, Album{Name: "Parade", Year: 1986})
		require.NoError(t, err)
		began := time.Now()
		r, err := tx.Commit(ctx, node.UntilAccepted())
		require.Equal(t, time.Minute, time.Since(began))
		require.ErrorIs(t, err, node.ErrPending)
		require.ErrorIs(t, err, tired)
		require.Equal(t, node.Pending, r.Status)
		require.Equal(t, []string{"Parade"}, f.names(ada.session.Local(), ""))
		require.Equal(t, r.Transaction, ada.ledger()[0].Transaction)

		// Too late, nothing happens.
		tx = ada.session.Begin()
		_, err = albums.Create(tx, Album{Name: "late", Year: 1986})
		require.NoError(t, err)
		_, err = tx.Commit(ctx, node.UntilAccepted())
		require.ErrorIs(t, err, tired)
		require.NotErrorIs(t, err, node.ErrPending)
		require.Len(t, ada.ledger(), 1)

		ada.restart()
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		require.Equal(t, []string{"Parade"}, f.names(f.prince, ""))
	})
}

func TestWhoWaitsForAcceptanceHearsThatTheNodeIsClosed(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		done := make(chan error, 1)
		go func() {
			done <- ada.session.Update(f.ctx, func(tx *node.Tx) error {
				_, err := albums.Create(tx, Album{Name: "Parade", Year: 1986})
				return err
			}, node.UntilAccepted())
		}()
		synctest.Wait()
		require.Empty(t, done)
		require.NoError(t, ada.node.Close(f.ctx))
		err := <-done
		require.ErrorIs(t, err, node.ErrPending)
		require.ErrorIs(t, err, node.ErrClosed)
		ada.restart()
		require.Len(t, ada.ledger(), 1)
	})
}

// TestARowSaysWhatIsPendingInIt: by which transactions, and until when.
func TestARowSaysWhatIsPendingInIt(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		require.Empty(t, live.Items().At(0).Pending())
		d, sets := ada.pause(), changesOf(ada, live)
		require.Len(t, sets(), 1, "the result")

		one := ada.edit(id, func(m AlbumMutable) { m.SetYear(1987) })
		two := ada.edit(id, func(m AlbumMutable) { m.SetYear(1988) })
		pending := []any{one.Transaction, two.Transaction}
		require.ElementsMatch(t, pending, live.Items().At(0).Pending())
		require.Less(t, one.Transaction.String(), two.Transaction.String())
		v, err := albums.Get(f.ctx, ada.session.Local(), id)
		require.NoError(t, err)
		require.ElementsMatch(t, pending, v.Pending())
		list, err := albums.Collect(f.ctx, ada.session.Local(), "year = 1988")
		require.NoError(t, err)
		require.ElementsMatch(t, pending, list[0].Pending())
		v, err = albums.Get(f.ctx, ada.session.Begin(), id)
		require.NoError(t, err)
		require.ElementsMatch(t, pending, v.Pending(), "in a transaction")

		// JSON is about the entity.
		require.NotContains(t, v.String(), "ending")

		// It survives a restart.
		ada.restart()
		live = ada.query("")
		require.ElementsMatch(t, pending, live.Items().At(0).Pending())
		sets = changesOf(ada, live)
		sets()

		// Each falls away when it is accepted, and the query tells of it.
		d()
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(two).Status)
		require.NoError(t, live.Wait(f.ctx))
		synctest.Wait()
		require.Empty(t, live.Items().At(0).Pending())
		var last entity.Change[AlbumView]
		for _, set := range sets() {
			for _, c := range set.Changes {
				last = c
			}
		}
		require.Equal(t, entity.Updated, last.Kind)
		require.Empty(t, last.Fields)
		require.NotEmpty(t, last.Before.Pending())
		require.Empty(t, last.Item.Pending())
		v, err = albums.Get(f.ctx, ada.session, id)
		require.NoError(t, err)
		require.Equal(t, 1988, v.Year())
		require.Empty(t, v.Pending())
	})
}

// TestWhatIsRefusedIsNotPendingAnyMore: of two that wrote a row, one stays.
func TestWhatIsRefusedIsNotPendingAnyMore(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		good, first := ada.create(Album{Name: "Parade", Year: 1986})
		bad := ada.edit(good, func(m AlbumMutable) { m.SetName("Chaos") })
		live := ada.query("")
		require.Len(t, live.Items().At(0).Pending(), 2)
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(first).Status)
		require.Equal(t, node.Rejected, ada.outcome(bad).Status)
		require.NoError(t, live.Wait(f.ctx))
		synctest.Wait()
		require.Equal(t, []string{"Parade"}, shown(live))
		require.Empty(t, live.Items().At(0).Pending())
	}, refusing("Chaos"))
}

// pause cuts a client off. The function that it returns ends that.
func (c *guest) pause() (mend func()) {
	c.Helper()
	c.link.Cut()
	synctest.Wait()
	return c.link.Mend
}

// changesOf follows a live query. The function that it returns tells what came since.
func changesOf(c *guest, live *entity.Live[AlbumView]) func() []entity.ChangeSet[AlbumView] {
	var list []entity.ChangeSet[AlbumView]
	go func() {
		for set := range live.Changes(c.ctx) {
			list = append(list, set)
		}
	}()
	synctest.Wait()
	return func() []entity.ChangeSet[AlbumView] {
		synctest.Wait()
		got := list
		list = nil
		return got
	}
}
