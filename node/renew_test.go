package node_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
)

// TestAnOldCopyGoesOnUnderANewOrigin, and gets back from its peers what it lost.
func TestAnOldCopyGoesOnUnderANewOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := member(t), member(t), member(t)
		old := a.node.Origin()
		a.create(a.prince, Album{Name: "Parade", Year: 1986})
		exchange(a, b)
		copied := a.store.Clone()
		lost := a.create(a.prince, Album{Name: "Lovesexy", Year: 1988})
		a.edit(a.prince, lost, func(m AlbumMutable) { m.SetArtist("Prince") })
		exchange(a, b)
		a.stop()

		a = startOver(t, copied, node.SystemRoot(rootKey(t)))
		require.Equal(t, old, a.node.Origin())
		live, err := albums.Query(a.ctx, a.prince, "ORDER BY year")
		require.NoError(t, err)
		a.alarm.expected.Store(true)
		exchange(a, b)
		a.alarm.expected.Store(false)
		require.NotEqual(t, old, a.node.Origin())
		require.Equal(t, 2, live.Items().Len())
		requireSame(t, a, b)

		a.edit(a.prince, lost, func(m AlbumMutable) { m.SetYear(1989) })
		requireLogVerifiesOf(a)
		exchange(a, b)
		exchange(a, c) // with the old log, which a has signed for the last time
		requireSame(t, a, b, c)
		require.Equal(t, uint64(3), c.at(old))
		require.Equal(t, uint64(1), c.at(a.node.Origin()))

		origin := a.node.Origin()
		a.stop()
		a = startOver(t, copied, node.SystemRoot(rootKey(t)))
		require.Equal(t, origin, a.node.Origin())
		a.create(a.prince, Album{Name: "Camille", Year: 1990})
		exchange(a, c)
		requireSame(t, a, c)
	})
}

// requireLogVerifiesOf is requireLogVerifies for a node that has other logs as well.
func requireLogVerifiesOf(f *fixture) {
	f.Helper()
	head, err := f.node.SignedHead(context.Background())
	require.NoError(f, err)
	v := event.NewLogVerifier(f.node.Origin(), event.Position{})
	f.node.ReadLog(func(e *event.Entry) {
		if e.Origin == f.node.Origin() {
			require.NoError(f, v.Entry(e))
		}
	})
	require.NoError(f, v.Head(head))
}

// TestANewOriginWaitsForItsCertificate where the root key is not held.
func TestANewOriginWaitsForItsCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := member(t)
		join := node.JoinSystem(rootKey(t).System())
		a := start(t, join)
		enrol := func() {
			c, err := root.node.Certify(a.node.Origin())
			require.NoError(t, err)
			require.NoError(t, a.node.Enrol(a.ctx, c))
		}
		enrol()
		copied := a.store.Clone()
		a.create(a.prince, Album{Name: "Parade"})
		exchange(a, root)
		a.stop()
		a = startOver(t, copied, join)
		a.alarm.expected.Store(true)
		exchange(a, root)
		a.alarm.expected.Store(false)
		require.Equal(t, []string{"Parade"}, a.names(a.prince, ""))
		_, certified := a.node.Certificate()
		require.False(t, certified)
		a.create(a.prince, Album{Name: "Lovesexy"})
		enrol()
		exchange(a, root)
		requireSame(t, a, root)
	})
}

// TestALogThatANodeHasForkedIsNamed: what was committed over an old copy, before
// anybody was met, has taken the place of what others have.
func TestALogThatANodeHasForkedIsNamed(t *testing.T) {
	for name, more := range map[string]int{"shorter": 1, "as long": 2, "longer": 3} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := member(t), member(t)
				copied := a.store.Clone()
				a.create(a.prince, Album{Name: "Parade"})
				a.create(a.prince, Album{Name: "Lovesexy"})
				exchange(a, b)
				a.stop()
				a = startOver(t, copied, node.SystemRoot(rootKey(t)))
				for range more {
					a.create(a.prince, Album{Name: "Camille"})
				}
				a.alarm.expected.Store(true)
				b.alarm.expected.Store(true)
				left, right := replicate(a.ctx, a, b, node.Once())
				for _, err := range []error{<-left, <-right} {
					var problem *node.ReplicaError
					require.ErrorAs(t, err, &problem)
					require.Equal(t, a.node.Origin(), problem.Origin)
				}
			})
		})
	}
}
