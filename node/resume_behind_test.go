package node_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/memory"
)

// replicas is a server and another one that has what it had at last exchange, with a
// client whose line leads to either.
type replicas struct {
	*guest
	first, second *fixture
	at            atomic.Pointer[node.Node]
}

func newReplicas(t *testing.T) *replicas {
	r := &replicas{first: member(t), second: member(t)}
	r.at.Store(r.first.node)
	r.guest = &guest{T: t, ctx: r.first.ctx, name: "ada", store: memory.NewStore()}
	r.link = newCable(func(conn wire.Conn) {
		go func() { _ = r.at.Load().Serve(r.ctx, conn, "ada") }()
	})
	r.open()
	t.Cleanup(r.stop)
	return r
}

// lead has the line lead to a server.
func (r *replicas) lead(to *fixture) {
	r.link.Cut()
	synctest.Wait()
	r.at.Store(to.node)
	r.link.Mend()
}

// TestALaggingServerIsNotBelieved: a client that has seen more keeps what it has, says so,
// and goes on once the server has caught up.
func TestALaggingServerIsNotBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplicas(t)
		id := r.first.create(r.first.prince, Album{Name: "old", Year: 1990})
		exchange(r.first, r.second)
		r.first.edit(r.first.prince, id, func(m AlbumMutable) { m.SetName("new") })
		r.connect()
		live := r.query("")
		require.NoError(t, live.Wait(r.ctx))
		changes := told(r.guest, live)
		require.Equal(t, []string{"initial new -1->0"}, changes())

		r.lead(r.second)
		require.NoError(t, r.connection.Wait(r.ctx))
		<-time.After(time.Minute)
		require.Equal(t, entity.Stale, live.State().Phase)
		require.ErrorIs(t, live.State().Err, node.ErrBehind)
		another := r.query("year = 1990") // which it never asked before
		<-time.After(time.Minute)
		require.Equal(t, entity.Local, another.State().Phase)
		require.ErrorIs(t, another.State().Err, node.ErrBehind)
		require.Equal(t, []string{"new"}, shown(another))

		receipt := r.edit(id, func(m AlbumMutable) { m.SetArtist("Prince") })
		require.Equal(t, node.Accepted, r.outcome(receipt).Status, "it can be written to")
		require.Equal(t, []string{"old"}, r.second.names(r.second.prince, "artist = 'Prince'"))
		require.Equal(t, []string{"new"}, shown(live))
		require.Equal(t, "Prince", live.Items().At(0).Artist())

		exchange(r.first, r.second)
		require.NoError(t, live.Wait(r.ctx))
		require.NoError(t, another.Wait(r.ctx))
		require.Equal(t, []string{"new"}, shown(live))
		require.Equal(t, "Prince", live.Items().At(0).Artist())
		for _, s := range changes() {
			s = strings.TrimSuffix(s, " accepted")
			require.Contains(t, []string{"stale", "complete", "updated new 0->0"}, s, "nothing went back in time")
		}
	})
}

// TestWhatComesSoonIsWaitedFor: a server that lags by a moment answers when it has caught up.
func TestWhatComesSoonIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplicas(t)
		exchange(r.first, r.second)
		r.connect()
		live := r.query("")
		require.NoError(t, live.Wait(r.ctx))
		r.first.create(r.first.prince, Album{Name: "new", Year: 1990})
		synctest.Wait()
		r.lead(r.second)
		require.NoError(t, r.connection.Wait(r.ctx))
		<-time.After(time.Second)
		require.Equal(t, entity.Stale, live.State().Phase)
		require.NotErrorIs(t, live.State().Err, node.ErrBehind)
		exchange(r.first, r.second)
		synctest.Wait()
		require.Equal(t, entity.Complete, live.State().Phase, "without another question")
		require.Equal(t, node.ResumeStats{Whole: 1, Unchanged: 1}, r.connection.ResumeStats())
	})
}

// TestARestartForgetsNothingSeen: what a client knew before it was closed counts.
func TestARestartForgetsNothingSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplicas(t)
		exchange(r.first, r.second)
		ids := r.first.fill(100)
		r.connect()
		require.NoError(t, r.query("").Wait(r.ctx))
		r.restart()
		r.at.Store(r.second.node)
		r.connect()
		live := r.query("")
		<-time.After(time.Minute)
		require.ErrorIs(t, live.State().Err, node.ErrBehind)
		require.Equal(t, 100, live.Items().Len())
		r.first.edit(r.first.prince, ids[3], func(m AlbumMutable) { m.SetName("three") })
		exchange(r.first, r.second)
		require.NoError(t, live.Wait(r.ctx))
		require.Equal(t, node.ResumeStats{FromLog: 1}, r.connection.ResumeStats(), "it knew where it was")
	})
}

// TestWhoHasSeenTooMuchWaits: a server says so to whoever claims it.
func TestWhoHasSeenTooMuchWaits(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		f.fill(1)
		s := f.visit("ada")
		start := time.Now()
		f.alarm.expected.Store(true) // of the log of its own
		s.send(&wire.Subscribe{Request: 1, Collection: "albums", Seen: event.NewCursor(event.Position{Origin: event.Origin{7}, Seq: 1})})
		require.Equal(t, wire.CodeBehind, s.hear().(*wire.Failure).Code)
		require.Equal(t, 2*time.Second, time.Since(start))
		s.send(&wire.Subscribe{Request: 2, Collection: "albums", Seen: event.NewCursor(event.Position{Origin: f.node.Origin(), Seq: 99})})
		s.send(&wire.Unsubscribe{Request: 2})
		s.send(&wire.Subscribe{Request: 3, Collection: "albums"})
		require.Equal(t, uint64(3), s.hear().(*wire.Rows).Request)
	})
}

// TestResultsAreComparedNowAndThen: damage is found while the connection stands, and
// repaired. Nothing is said as long as nothing happens.
func TestResultsAreComparedNowAndThen(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.fill(100)
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		changes := told(ada, live)
		changes()
		f.edit(f.prince, ids[1], func(m AlbumMutable) { m.SetName("one") })
		require.Equal(t, []string{"updated one 1->1"}, rowsOnly(changes()))
		<-time.After(6 * time.Minute)
		require.Equal(t, node.ResumeStats{Whole: 1}, ada.connection.ResumeStats(), "all is well")

		ada.node.Lose(ids[50])
		<-time.After(6 * time.Minute)
		require.Equal(t, node.ResumeStats{Whole: 1}, ada.connection.ResumeStats(), "nothing was committed")
		f.edit(f.prince, ids[2], func(m AlbumMutable) { m.SetName("two") })
		<-time.After(6 * time.Minute)
		require.Equal(t, node.ResumeStats{Whole: 1, Compared: 1, Mismatched: 1}, ada.connection.ResumeStats())
		require.Equal(t, entity.Complete, live.State().Phase)
		f.edit(f.prince, ids[50], func(m AlbumMutable) { m.SetName("fifty") })
		require.Equal(t, []string{"updated two 2->2", "updated fifty 50->50"}, rowsOnly(changes()))
		require.Equal(t, f.names(f.prince, ""), shown(live))
	})
}

// TestCursorsDoNotGrowOld: what happens elsewhere does not cost a client that was there
// the answer from the log.
func TestCursorsDoNotGrowOld(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.fill(100)
		ada := f.join("ada")
		ada.connect()
		require.NoError(t, ada.query("").Wait(f.ctx))
		for range 4200 {
			tx := f.prince.Begin()
			_, err := notes.Create(tx, Note{Text: "of no interest"})
			require.NoError(t, err)
			_, err = tx.Commit(f.ctx)
			require.NoError(t, err)
		}
		<-time.After(6 * time.Minute)
		ada.away(func() { f.edit(f.prince, ids[1], func(m AlbumMutable) { m.SetName("one") }) })
		require.Equal(t, node.ResumeStats{Whole: 1, FromLog: 1}, ada.connection.ResumeStats())
	})
}

// TestALaggingServerDoesNotRefuseWhatItDoesNotKnowYet: what builds on something that
// another server has is offered until this one has it too, or for a few minutes.
func TestALaggingServerDoesNotRefuseWhatItDoesNotKnowYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReplicas(t)
		r.connect()
		id, created := r.create(Album{Name: "new", Year: 1990})
		require.Equal(t, node.Accepted, r.outcome(created).Status)

		r.lead(r.second)
		edited := r.edit(id, func(m AlbumMutable) { m.SetYear(1991) })
		_, other := r.create(Album{Name: "other", Year: 1992})
		require.Equal(t, node.Accepted, r.outcome(other).Status, "it holds up nothing else")
		<-time.After(time.Minute)
		require.Equal(t, node.Pending, r.ledgerOf(edited).Status)
		exchange(r.first, r.second)
		require.Equal(t, node.Accepted, r.outcome(edited).Status)
		require.Equal(t, []string{"new", "other"}, r.second.names(r.second.prince, "year > 1990 ORDER BY year"))

		// What was lost does not come.
		r.lead(r.first)
		id, created = r.create(Album{Name: "lost", Year: 1990})
		require.Equal(t, node.Accepted, r.outcome(created).Status)
		r.lead(r.second)
		edited = r.edit(id, func(m AlbumMutable) { m.SetYear(1991) })
		edited = r.outcome(edited)
		require.Equal(t, node.Rejected, edited.Status)
		require.ErrorIs(t, edited.Reason, entity.ErrMissing)
	})
}

// ledgerOf is what the client's ledger says of a transaction.
func (c *guest) ledgerOf(r node.Receipt) node.LedgerEntry {
	c.Helper()
	for _, e := range c.ledger() {
		if e.Transaction == r.Transaction {
			return e
		}
	}
	c.Fatal("it is not in the ledger")
	return node.LedgerEntry{}
}
