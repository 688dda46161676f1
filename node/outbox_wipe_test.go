package node_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
)

// values are what the store of a client holds of albums.
func (c *guest) values() map[event.ID]string {
	c.Helper()
	held := make(map[event.ID]string)
	c.node.WithEngine(func(e storage.Engine) {
		s, err := e.Snapshot(c.ctx)
		require.NoError(c, err)
		defer s.Close()
		for r, err := range s.(storage.Lister).Records(c.ctx, "albums") {
			require.NoError(c, err)
			if text := string(r.Row.Values.Bytes()) + string(r.Merge); text != "" {
				held[r.Row.ID] = text
			}
		}
	})
	return held
}

// TestWhoLeavesForGoodLeavesNothing but what others need.
func TestWhoLeavesForGoodLeavesNothing(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		one := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		two := f.create(f.prince, Album{Name: "Batman", Year: 1989})
		three := f.create(f.prince, Album{Name: "1999", Year: 1982})
		gone := f.create(f.prince, Album{Name: "deleted", Year: 1990})
		ada := f.join("ada")
		ada.connect()
		grace := ada.as("grace")
		all := grace.query("")
		require.NoError(t, all.Wait(f.ctx))
		require.NoError(t, f.prince.Update(f.ctx, func(tx *node.Tx) error { return albums.Delete(f.ctx, tx, gone) }))
		hers := ada.query("year = 1986")
		require.NoError(t, hers.Wait(f.ctx))
		_, bad := grace.create(Album{Name: "Chaos", Year: 1991})
		require.Equal(t, node.Rejected, grace.outcome(bad).Status)
		require.Len(t, ada.values(), 4, "the deleted one too")
		mend := ada.pause()
		ada.edit(two, func(m AlbumMutable) { m.SetYear(1990) })
		own := ada.ledger()[len(ada.ledger())-1]
		id, _ := grace.create(Album{Name: "secret", Year: 1987})
		on := ada.edit(id, func(m AlbumMutable) { m.SetYear(1988) })
		grace.edit(one, func(m AlbumMutable) { m.SetName("secret too") })

		var undelivered *node.UndeliveredError
		err := grace.session.Wipe(f.ctx, 0)
		require.ErrorIs(t, err, node.ErrUndelivered)
		require.ErrorAs(t, err, &undelivered)
		require.Equal(t, 2, undelivered.Undelivered)
		require.Equal(t, []string{"secret too"}, shown(hers), "nothing has happened")
		n, err := grace.session.Seal(f.ctx)
		require.NoError(t, err)
		require.NoError(t, grace.session.Wipe(f.ctx, n))

		require.Error(t, all.Err())
		require.Equal(t, []string{"Parade"}, shown(hers))
		require.ErrorIs(t, ada.outcome(on).Reason, node.ErrDependency)
		held := ada.values()
		require.Len(t, held, 2)
		require.Contains(t, held, one, "ada looks at it")
		require.Contains(t, held, two, "ada has changed it")
		for range 2 {
			require.Equal(t, []string{"Parade", "Batman"}, f.names(ada.session.Local(), "ORDER BY year"))
			for _, gone := range []event.ID{three, gone, id} {
				_, err = albums.Get(f.ctx, ada.session.Local(), gone)
				require.ErrorIs(t, err, entity.ErrNotFound)
				require.NotErrorIs(t, err, entity.ErrDeleted)
				_, err = albums.Edit(f.ctx, ada.session.Begin(), gone)
				require.ErrorIs(t, err, node.ErrOffline)
			}
			for _, entry := range ada.ledger() {
				require.Equal(t, ada.name, entry.Principal)
			}
			ada.restart()
		}

		// Nothing of it comes to the server, and everything can be had again.
		mend()
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(own.Receipt()).Status)
		grace = ada.as("grace")
		all = grace.query("ORDER BY year")
		require.NoError(t, all.Wait(f.ctx))
		synctest.Wait()
		want := []string{"1999", "Parade", "Batman"}
		require.Equal(t, want, shown(all))
		require.Equal(t, want, f.names(f.prince, "ORDER BY year"))
		require.Equal(t, want, f.names(grace.session.Local(), "ORDER BY year"))
		require.NoError(t, grace.session.Wipe(f.ctx, 0))
		require.ErrorIs(t, all.Err(), node.ErrWiped)
		require.Empty(t, ada.values())
		require.ErrorIs(t, f.prince.Wipe(f.ctx, 0), node.ErrDurable)
	}, refusing("Chaos"))
}

// TestAWipeThatFailsIsDoneAgain: it loses nothing that it does not say.
func TestAWipeThatFailsIsDoneAgain(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		f.create(f.prince, Album{Name: "Parade", Year: 1986})
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		ada.pause()
		ada.create(Album{Name: "Batman", Year: 1989})
		for left := 1; left >= 0; left-- {
			ada.alarm.expected.Store(true)
			writes := 0
			ada.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
				if writes++; writes > 1-left {
					return storage.ErrFull
				}
				return next()
			}
			require.ErrorIs(t, ada.session.Wipe(f.ctx, 1), node.ErrReadOnly)
			ada.stage.commit = nil
			ada.restart()
			require.Len(t, ada.ledger(), left)
			require.Len(t, ada.values(), 1)
		}
		require.NoError(t, ada.session.Wipe(f.ctx, 0))
		require.Empty(t, ada.values())
	})
}
