package node_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

// TestWhatIsNewIsNotLookedUp: nothing is read to accept entities with greater IDs than
// everything that is here.
func TestWhatIsNewIsNotLookedUp(t *testing.T) {
	f := start(t)
	f.create(f.prince, Album{Name: "Parade", Year: 1986})
	clock := f.node.Clock()
	first, second := transaction(t, clock, "first"), transaction(t, clock, "second")
	unread := errors.New("the store is not to be read")
	f.stage.snapshot = func() error { return unread }
	for _, tx := range []*event.Transaction{second, first} {
		_, err := f.node.Accept(f.ctx, "ada", tx)
		if tx == first {
			require.ErrorIs(t, err, unread, "there are greater IDs")
		} else {
			require.NoError(t, err)
		}
	}
	f.stage.snapshot = nil
	_, err := f.node.Accept(f.ctx, "ada", first)
	require.NoError(t, err)
	require.Len(t, f.names(f.prince, ""), 3)
}

// TestWhatIsNotNewIsFound: also what was made under a clock that was ahead, and after the
// node was opened again.
func TestWhatIsNotNewIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := member(t)
		fast := func(by time.Duration) *event.Clock {
			return event.NewClock(event.ClockOptions{Now: func() time.Time { return time.Now().Add(by) }})
		}
		var list []*event.Transaction
		requireFound := func() {
			t.Helper()
			for _, tx := range list {
				again := transaction(t, f.node.Clock(), "again")
				again.ID, again.Events[0].ID, again.Events[0].Entity = tx.ID, tx.Events[0].ID, tx.Events[0].ID
				_, err := f.node.Accept(f.ctx, "mallory", again)
				require.ErrorIs(t, err, event.ErrEquivocation)
				receipt, err := f.node.Accept(f.ctx, "ada", tx)
				require.NoError(t, err)
				require.Equal(t, node.Accepted, receipt.Status)
			}
		}
		reopen := func() {
			f.stop()
			f = startOver(t, f.store, node.SystemRoot(rootKey(t)))
		}
		for _, by := range []time.Duration{0, f.node.Clock().Skew() * 9 / 10} {
			tx := transaction(t, fast(by), "from a client")
			_, err := f.node.Accept(f.ctx, "ada", tx)
			require.NoError(t, err)
			list = append(list, tx)
			requireFound()
			reopen()
			requireFound()
		}
		log := logOf(f, 1, 0)
		log.Append(transaction(t, fast(f.node.Clock().Skew()*3), "from another log"))
		l := f.lie()
		l.say(&wire.Entries{Certificates: certified(t, log), Entries: log.Entries, Heads: []event.SignedHead{log.Head(1)}})
		require.Equal(t, uint64(1), f.at(log.Key.Public()))
		require.NoError(t, l.leave())
		list = append(list, log.Entries[0].Tx)
		requireFound()
		reopen()
		requireFound()
	})
}
