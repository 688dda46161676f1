package node_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node"
)

// TestClientsOfAForkedLogGoOn: a client was told of entries that its server has moved to
// another log since. They do not come again at their old addresses, and the client does
// not wait for them, but is shown what the others had as well.
func TestClientsOfAForkedLogGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := member(t), member(t)
		copied := a.store.Clone()
		a.create(a.prince, Album{Name: "Parade", Year: 1986})
		exchange(a, b)
		a.stop()
		a = startOver(t, copied, node.SystemRoot(rootKey(t)))
		for _, name := range []string{"Camille", "Lovesexy", "Batman"} {
			a.create(a.prince, Album{Name: name, Year: 1988})
		}
		ada := a.join("ada")
		ada.connect()
		live := ada.query("ORDER BY name")
		require.NoError(t, live.Wait(ada.ctx))
		id, receipt := ada.create(Album{Name: "Come", Year: 1994})
		require.Equal(t, node.Accepted, ada.outcome(receipt).Status)
		a.alarm.expected.Store(true)
		ada.away(func() { exchange(a, b) })
		a.alarm.expected.Store(false)
		<-time.After(time.Minute)
		synctest.Wait()
		require.Equal(t, entity.Complete, live.State().Phase)
		require.NoError(t, live.State().Err)
		require.Equal(t, []string{"Batman", "Camille", "Come", "Lovesexy", "Parade"}, shown(live))
		edited := ada.edit(id, func(m AlbumMutable) { m.SetYear(1995) })
		require.Equal(t, node.Accepted, ada.outcome(edited).Status)
		require.Equal(t, []string{"Come"}, b.afterwards(a, "year = 1995"))
		ada.stop()
	})
}

// afterwards returns what a node has once it has met another one.
func (f *fixture) afterwards(other *fixture, text string) []string {
	exchange(f, other)
	return f.names(f.prince, text)
}
