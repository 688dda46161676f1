package node_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
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

// TestALogThatANodeHasForkedIsJoined: what was committed over an old copy, before
// anybody was met, goes to a new log, and what others have takes its place. Nothing is
// lost that was acknowledged, on either side, and all become the same.
func TestALogThatANodeHasForkedIsJoined(t *testing.T) {
	for name, more := range map[string]int{"shorter": 1, "as long": 2, "longer": 3, "much longer": 300} {
		for _, before := range []int{0, 3} {
			t.Run(fmt.Sprintf("%s/after %d", name, before), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a, b := member(t), member(t)
					old := a.node.Origin()
					for range before {
						a.create(a.prince, Album{Name: "1999", Year: 1982})
					}
					copied := a.store.Clone()
					a.create(a.prince, Album{Name: "Parade", Year: 1986})
					a.create(a.prince, Album{Name: "Lovesexy", Year: 1988})
					exchange(a, b)
					a.stop()
					a = startOver(t, copied, node.SystemRoot(rootKey(t)))
					live, err := albums.Query(a.ctx, a.prince, "")
					require.NoError(t, err)
					first := a.create(a.prince, Album{Name: "Camille", Year: 1987})
					var receipt node.Receipt
					for i := 1; i < more; i++ {
						receipt = a.edit(a.prince, first, func(m AlbumMutable) { m.SetYear(1987 + i) })
					}
					a.alarm.expected.Store(true)
					exchange(a, b)
					a.alarm.expected.Store(false)
					require.NotEqual(t, old, a.node.Origin())
					require.Equal(t, uint64(before+2), a.at(old))
					require.Equal(t, uint64(more), a.at(a.node.Origin()))
					require.Equal(t, before+3, live.Items().Len())
					requireSame(t, a, b)
					requireLogVerifiesOf(a)
					if more > 1 {
						moved, err := a.node.Receipt(a.ctx, receipt.Transaction)
						require.NoError(t, err)
						require.Equal(t, node.Accepted, moved.Status)
						require.Equal(t, a.node.Origin(), moved.Position.Origin)
					}
					a.edit(a.prince, first, func(m AlbumMutable) { m.SetArtist("Prince") })
					c := member(t)
					exchange(a, c)
					exchange(b, c)
					exchange(a, b)
					requireSame(t, a, b, c)

					origin := a.node.Origin()
					a.stop()
					a = startOver(t, copied, node.SystemRoot(rootKey(t)))
					require.Equal(t, origin, a.node.Origin())
					exchange(a, b)
					requireSame(t, a, b, c)
				})
			})
		}
	}
}

// TestABundleJoinsAForkedLog that begins at the beginning.
func TestABundleJoinsAForkedLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := member(t), member(t)
		a.create(a.prince, Album{Name: "1999"})
		copied := a.store.Clone()
		a.create(a.prince, Album{Name: "Parade"})
		exchange(a, b)
		a.stop()
		a = startOver(t, copied, node.SystemRoot(rootKey(t)))
		a.create(a.prince, Album{Name: "Camille"})
		var bundle bytes.Buffer
		_, err := b.node.Export(b.ctx, &bundle, event.Cursor{})
		require.NoError(t, err)
		a.alarm.expected.Store(true)
		_, err = a.node.Import(a.ctx, &bundle)
		require.NoError(t, err)
		a.alarm.expected.Store(false)
		exchange(a, b)
		requireSame(t, a, b)
		require.Len(t, a.names(a.prince, ""), 3)
	})
}

// TestWhoHasTheForkIsTold: a peer that took the forked end of a log before its node met
// those who have the other one keeps it. Both ends are named, what was moved comes to
// it all the same, and nobody else is concerned.
func TestWhoHasTheForkIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := member(t), member(t), member(t)
		old := a.node.Origin()
		copied := a.store.Clone()
		a.create(a.prince, Album{Name: "Parade"})
		exchange(a, b)
		a.stop()
		a = startOver(t, copied, node.SystemRoot(rootKey(t)))
		a.create(a.prince, Album{Name: "Camille"})
		exchange(a, c)
		a.alarm.expected.Store(true)
		exchange(a, b)
		requireSame(t, a, b)
		c.alarm.expected.Store(true)
		left, right := replicate(a.ctx, a, c, node.Once())
		for _, err := range []error{<-left, <-right} {
			var problem *node.ReplicaError
			require.ErrorAs(t, err, &problem)
			require.Equal(t, old, problem.Origin)
		}
		require.Equal(t, uint64(1), c.at(a.node.Origin()))
		require.Equal(t, []string{"Camille"}, c.names(c.prince, ""), "once, by either address")
	})
}

// TestARenewalThatFails has happened or not, as the store says when it is opened again,
// and never in part.
func TestARenewalThatFails(t *testing.T) {
	for _, happened := range []bool{false, true} {
		t.Run(fmt.Sprint(happened), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := member(t), member(t)
				old := a.node.Origin()
				copied := a.store.Clone()
				a.create(a.prince, Album{Name: "Parade"})
				exchange(a, b)
				a.stop()
				a = startOver(t, copied, node.SystemRoot(rootKey(t)))
				a.create(a.prince, Album{Name: "Camille"})
				a.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
					if happened {
						require.NoError(t, next())
					}
					return storage.ErrUnknown
				}
				a.alarm.expected.Store(true)
				b.alarm.expected.Store(true)
				left, right := replicate(a.ctx, a, b, node.Once())
				require.ErrorIs(t, <-left, node.ErrReadOnly)
				<-right
				a.stop()
				a = startOver(t, copied, node.SystemRoot(rootKey(t)))
				require.Equal(t, happened, a.node.Origin() != old)
				a.alarm.expected.Store(true)
				exchange(a, b)
				requireSame(t, a, b)
				requireLogVerifiesOf(a)
				require.Len(t, a.names(a.prince, ""), 2)
			})
		})
	}
}
