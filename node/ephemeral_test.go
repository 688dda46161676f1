package node_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

// The whole story: subscribe, commit through, receive, be cut off, keep, come
// back, deliver, catch up.
func TestAClientThroughThickAndThin(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		f.create(f.prince, Album{Name: "Parade", Year: 1986})
		ada, bob := f.join("ada"), f.join("bob")
		live := ada.query("year > 1980 ORDER BY year")
		require.Equal(t, entity.Local, live.State().Phase)
		require.Empty(t, shown(live))

		ada.connect()
		bob.connect()
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, []string{"Parade"}, shown(live))

		// Through the server, and shown at once.
		id, receipt := ada.create(Album{Name: "1999", Year: 1982})
		require.Equal(t, []string{"1999", "Parade"}, shown(live))
		receipt = ada.outcome(receipt)
		require.Equal(t, node.Accepted, receipt.Status)
		require.Equal(t, f.node.Origin(), receipt.Position.Origin)
		require.Equal(t, []string{"1999", "Parade"}, shown(live))
		require.Equal(t, []string{"1999", "Parade"}, f.names(f.prince, "ORDER BY year"))

		// From others.
		theirs, receipt := bob.create(Album{Name: "Lovesexy", Year: 1988})
		require.Equal(t, node.Accepted, bob.outcome(receipt).Status)
		synctest.Wait()
		require.Equal(t, []string{"1999", "Parade", "Lovesexy"}, shown(live))

		// Cut off, the client keeps what it has and what it commits.
		ada.link.Cut()
		synctest.Wait()
		require.Equal(t, entity.Stale, live.State().Phase)
		require.Equal(t, node.Offline, ada.connection.State().Phase)
		_, err := albums.Get(f.ctx, ada.session, id)
		require.ErrorIs(t, err, node.ErrOffline)
		one := ada.edit(id, func(m AlbumMutable) { m.SetYear(1991) })
		mine, two := ada.create(Album{Name: "Diamonds", Year: 1990})
		bob.edit(theirs, func(m AlbumMutable) { m.SetName("Lovesexy!") })
		synctest.Wait()
		require.Equal(t, []string{"Parade", "Lovesexy", "Diamonds", "1999"}, shown(live))
		v, err := albums.Get(f.ctx, ada.session.Local(), mine)
		require.NoError(t, err)
		require.Equal(t, "Diamonds", v.Name())

		// Back, it delivers and catches up.
		ada.link.Mend()
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, node.Accepted, ada.outcome(one).Status)
		require.Equal(t, node.Accepted, ada.outcome(two).Status)
		synctest.Wait()
		want := []string{"Parade", "Lovesexy!", "Diamonds", "1999"}
		require.Equal(t, want, shown(live))
		require.Equal(t, want, f.names(f.prince, "ORDER BY year"))
		require.Equal(t, want, f.names(ada.session, "ORDER BY year"))
		require.Equal(t, want, f.names(bob.session, "ORDER BY year"))
	})
}

var errNotThatOne = errors.New("not that one")

// refusing is a hook that refuses albums of a name.
func refusing(name string) node.Option {
	return node.Hooks(func(_ context.Context, a *node.Acceptance) error {
		for _, c := range a.Changes {
			if c.Schema == albumSchema && (AlbumView{c.After}).Name() == name {
				return errNotThatOne
			}
		}
		return nil
	})
}

func TestARefusedTransactionIsRolledBackWithItsReason(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Artist: "Prince", Year: 1986})
		ada := f.join("ada")
		ada.connect()
		live := ada.query("year > 1980")
		require.NoError(t, live.Wait(f.ctx))
		ada.link.Cut()
		synctest.Wait()

		bad := ada.edit(id, func(m AlbumMutable) { m.SetName("Chaos") })
		next := ada.edit(id, func(m AlbumMutable) { m.SetArtist("The Artist") })
		other, good := ada.create(Album{Name: "Batman", Year: 1989})
		require.Equal(t, []string{"Chaos", "Batman"}, shown(live))

		ada.link.Mend()
		r := ada.outcome(bad)
		require.Equal(t, node.Rejected, r.Status)
		require.ErrorIs(t, r.Reason, node.ErrDenied)
		require.ErrorContains(t, r.Reason, "not that one")
		r = ada.outcome(next)
		require.Equal(t, node.Rejected, r.Status)
		require.ErrorIs(t, r.Reason, node.ErrDependency)
		require.ErrorContains(t, r.Reason, bad.Transaction.String())
		require.Equal(t, node.Accepted, ada.outcome(good).Status)
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, []string{"Parade", "Batman"}, shown(live))
		v, err := albums.Get(f.ctx, ada.session, other)
		require.NoError(t, err)
		require.Equal(t, 1989, v.Year())

		entries := ada.ledger()
		require.Len(t, entries, 3)
		require.Equal(t, wire.CodeDenied, entries[0].Code)
		require.Equal(t, "name", entries[0].Content.Events[0].Ops[0].Field)
		require.Equal(t, wire.CodeDependency, entries[1].Code)
		require.NotNil(t, entries[1].Content)
		require.Equal(t, node.Accepted, entries[2].Status)
		require.NoError(t, ada.node.Dismiss(f.ctx, bad.Transaction))
		require.Len(t, ada.ledger(), 2)
	}, refusing("Chaos"))
}

func TestLiveStates(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		live := ada.query("ORDER BY name")
		phases := make(chan entity.Phase, 10)
		go func() {
			for set := range live.Changes(f.ctx) {
				phases <- set.State.Phase
			}
			close(phases)
		}()
		require.Equal(t, entity.Local, <-phases)
		ada.connect()
		require.Equal(t, entity.Complete, <-phases)
		ada.link.Cut()
		require.Equal(t, entity.Stale, <-phases)
		require.ErrorIs(t, live.State().Err, live.State().Err)
		ada.link.Mend()
		require.Equal(t, entity.Complete, <-phases)
		synctest.Wait()
		hold := make(chan struct{})
		f.stage.snapshot = func() error { <-hold; return nil }
		loading := ada.query("year = 1")
		require.Equal(t, entity.Loading, loading.State().Phase)
		close(hold)
		live.Close()
		_, open := <-phases
		require.False(t, open)
	})
}

func TestAResultThatNobodyBringsIsTheLocalOne(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		hopeless := make(chan struct{})
		c, err := ada.node.Connect(func(context.Context) (wire.Conn, error) {
			<-hopeless
			return nil, errors.New("nobody there")
		})
		require.NoError(t, err)
		live := ada.query("year > 1980")
		changes := told(ada, live)
		require.Empty(t, changes(), "not even that there is nothing")
		require.Equal(t, entity.Loading, live.State().Phase)
		mine := ada.query("year > 1980 LIMIT 1")
		ada.create(Album{Name: "old", Year: 1970})
		require.Equal(t, entity.Loading, live.State().Phase)
		ada.create(Album{Name: "new", Year: 1990})
		require.Equal(t, entity.Local, mine.State().Phase, "there is something to show")
		require.Equal(t, []string{"initial new -1->0"}, changes())
		empty := ada.query("year = 1")
		changes = told(ada, empty)
		require.Empty(t, changes())
		close(hopeless)
		require.Equal(t, []string{"local"}, changes(), "there is nothing")
		require.NoError(t, c.Close(f.ctx))
	})
}
