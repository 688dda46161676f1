package node_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// Track is a model that refers to another.
type Track struct {
	Title string
	On    model.Ref[Album]
}

type TrackView struct{ entity.View }

type TrackMutable struct{ *entity.Draft }

var trackSchema = model.NewSchema(model.Definition{
	Model: "Track", Collection: "tracks",
	Fields: []model.Field{
		{Name: "title", Go: "Title", Type: model.TypeString},
		{Name: "on", Go: "On", Type: model.TypeID, Ref: "albums"},
	},
})

var tracks = entity.NewCollection[TrackView, TrackMutable](trackSchema, func(t Track) []model.Value {
	return []model.Value{model.OfString(t.Title), model.OfID(t.On.ID())}
})

// desk is a server made of a test: it takes what comes and answers what it is
// told to.
type desk struct {
	*stranger
	commits chan *wire.Commit
	asked   chan wire.Message // everything else
}

// desk connects a client to a test.
func (c *guest) desk(f *fixture) *desk {
	c.Helper()
	d := &desk{stranger: &stranger{T: c.T, ctx: c.ctx}, commits: make(chan *wire.Commit, 100), asked: make(chan wire.Message, 100)}
	link := pipe.NewLink(func(conn wire.Conn) {
		d.conn = conn
		go d.read(f)
	})
	var err error
	c.connection, err = c.node.Connect(link.Dial)
	require.NoError(c, err)
	synctest.Wait()
	return d
}

func (d *desk) read(f *fixture) {
	d.greet(f, &wire.Hello{Min: 1, Max: 1, Durable: true, System: f.node.System(), Time: time.Now().UnixMicro()})
	for {
		encoded, err := d.conn.Receive(d.ctx)
		if err != nil {
			return
		}
		m, err := wire.Decode(encoded)
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *wire.Commit:
			d.commits <- m
		default:
			d.asked <- m
		}
	}
}

// delivered returns the transactions that have come since it was last asked.
func (d *desk) delivered() map[event.ID]*wire.Commit {
	synctest.Wait()
	list := make(map[event.ID]*wire.Commit)
	for len(d.commits) > 0 {
		m := <-d.commits
		list[m.Tx.ID] = m
	}
	return list
}

func (d *desk) accept(m *wire.Commit) {
	d.send(&wire.Receipt{Request: m.Request, Tx: m.Tx.ID, Origin: event.Origin{1}, Seq: 1})
}

func TestATransactionWaitsForWhatItBuildsOnOnly(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada", node.Models(trackSchema))
		id, first := ada.create(Album{Name: "Parade", Year: 1986})
		second := ada.edit(id, func(m AlbumMutable) { m.SetYear(1987) })
		third := ada.edit(id, func(m AlbumMutable) { m.SetYear(1988) })
		tx := ada.session.Begin()
		_, err := tracks.Create(tx, Track{Title: "Kiss", On: model.RefTo[Album](id)})
		require.NoError(t, err)
		track, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		_, other := ada.create(Album{Name: "Batman", Year: 1989})

		d := ada.desk(f)
		got := d.delivered()
		require.Len(t, got, 2, "the first one, and the one that has to do with nothing else")
		require.Contains(t, got, first.Transaction)
		require.Contains(t, got, other.Transaction)
		d.accept(got[first.Transaction])
		got = d.delivered()
		require.Len(t, got, 2, "what writes the album next, and what refers to it")
		require.Contains(t, got, second.Transaction)
		require.Contains(t, got, track.Transaction)
		d.accept(got[second.Transaction])
		got = d.delivered()
		require.Len(t, got, 1)
		require.Contains(t, got, third.Transaction)
		require.Equal(t, node.Accepted, ada.outcome(second).Status)
	})
}

func TestWhatWasNotDecidedIsDeliveredAgain(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		_, r := ada.create(Album{Name: "Parade", Year: 1986})
		d := ada.desk(f)
		m := d.delivered()[r.Transaction]
		require.NotNil(t, m)
		d.send(&wire.Failure{Request: m.Request, Code: wire.CodeReadOnly})
		require.Empty(t, d.delivered(), "not at once")
		<-time.After(2 * time.Second)
		m = d.delivered()[r.Transaction]
		require.NotNil(t, m)
		d.accept(m)
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
	})
}

func TestALostAnswerChangesNothing(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		f.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
			ada.link.Cut() // the server will log it, and nobody hears of it
			return next()
		}
		r := ada.edit(id, func(m AlbumMutable) { m.SetYear(1999) })
		synctest.Wait()
		f.stage.commit = nil
		require.Len(t, f.names(f.prince, "year = 1999"), 1)
		require.Equal(t, node.Pending, ada.ledger()[0].Status)
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(2000) })
		ada.link.Mend()
		got := ada.outcome(r)
		require.Equal(t, node.Accepted, got.Status)
		require.Equal(t, uint64(2), got.Position.Seq, "where it was logged the first time")
		theirs, err := f.node.Receipt(f.ctx, r.Transaction)
		require.NoError(t, err)
		require.Equal(t, theirs.Position.Seq, got.Position.Seq)
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, 2000, live.Items().At(0).Year())
		cursor, err := f.node.Cursor(f.ctx)
		require.NoError(t, err)
		at, _ := cursor.At(f.node.Origin())
		require.Equal(t, uint64(3), at.Seq, "it was logged once")
	})
}

func TestTheOutboxSurvivesARestart(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		known := f.create(f.prince, Album{Name: "Parade", Artist: "Prince", Year: 1986})
		ada := f.join("ada")
		ada.connect()
		live := ada.query("ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		ada.link.Cut()
		synctest.Wait()
		ada.edit(known, func(m AlbumMutable) { m.SetName("Parade!") })
		id, _ := ada.create(Album{Name: "Batman", Year: 1989})
		ada.edit(id, func(m AlbumMutable) { m.SetYear(1990) })
		bad, _ := ada.create(Album{Name: "Chaos", Year: 1991})

		for range 2 {
			ada.restart()
			live = ada.query("ORDER BY year")
			require.Equal(t, entity.Local, live.State().Phase)
			require.Equal(t, []string{"Parade!", "Batman", "Chaos"}, shown(live))
			require.Equal(t, []string{"Parade!", "Batman", "Chaos"}, f.names(ada.session.Local(), "ORDER BY year"))
			require.Len(t, ada.ledger(), 4)
		}
		ada.edit(bad, func(m AlbumMutable) { m.SetYear(1992) })
		ada.link.Mend()
		ada.connect()
		for _, entry := range ada.ledger() {
			ada.outcome(entry.Receipt())
		}
		synctest.Wait()
		require.Equal(t, []string{"Parade!", "Batman"}, shown(live))
		require.Equal(t, []string{"Parade!", "Batman"}, f.names(f.prince, "ORDER BY year"))

		ada.restart()
		statuses := map[node.Status]int{}
		for _, entry := range ada.ledger() {
			statuses[entry.Status]++
			if entry.Status == node.Rejected {
				require.NotNil(t, entry.Content)
				require.Error(t, entry.Reason)
				r := ada.outcome(entry.Receipt())
				require.Equal(t, entry.Reason, r.Reason)
			}
		}
		require.Equal(t, map[node.Status]int{node.Accepted: 3, node.Rejected: 2}, statuses)

		// Nothing can be built on what was refused, not even by who knew it before.
		_, err := albums.Get(f.ctx, ada.session.Local(), bad)
		require.ErrorIs(t, err, entity.ErrNotFound)
		tx := ada.session.Begin()
		_, err = notes.Create(tx, Note{Text: "about Batman"})
		require.NoError(t, err)
		_, err = tx.Commit(f.ctx)
		require.NoError(t, err)
	}, refusing("Chaos"))
}

func TestWhatWasForkedFromARefusedTransactionIsRefusedAtOnce(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		id, r := ada.create(Album{Name: "Chaos", Year: 1991})
		tx := ada.session.Begin()
		m, err := albums.Edit(f.ctx, tx, id)
		require.NoError(t, err)
		m.SetYear(1992)
		ada.connect()
		require.Equal(t, node.Rejected, ada.outcome(r).Status)
		_, err = tx.Commit(f.ctx)
		require.ErrorIs(t, err, node.ErrDependency)
		require.Len(t, ada.ledger(), 1)
	}, refusing("Chaos"))
}

func TestTheLedgerForgetsTheOldestAccepted(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		_, first := ada.create(Album{Name: "first", Year: 1991})
		bad, _ := ada.create(Album{Name: "Chaos", Year: 1991})
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(first).Status)
		for i := range 1024 {
			_, r := ada.create(Album{Name: fmt.Sprint(i), Year: 1992})
			require.Equal(t, node.Accepted, ada.outcome(r).Status)
		}
		_, err := ada.node.Receipt(f.ctx, first.Transaction)
		require.ErrorIs(t, err, node.ErrUnknownTransaction)
		entries := ada.ledger()
		require.Len(t, entries, 1025)
		require.Equal(t, bad, entries[0].Content.Events[0].Entity, "what was rejected stays")
		require.ErrorIs(t, ada.node.Dismiss(f.ctx, entries[5].Transaction), node.ErrUnknownTransaction, "accepted")
		require.NoError(t, ada.node.Dismiss(f.ctx, entries[0].Transaction))
		require.ErrorIs(t, ada.node.Dismiss(f.ctx, entries[0].Transaction), node.ErrUnknownTransaction)
	}, refusing("Chaos"))
}

func TestASerializableTransactionWaitsForTheVerdict(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Year: 0 + 1986})
		ada := f.join("ada")
		tx := ada.session.Local().Begin().Serializable()
		_, err := albums.Create(tx, Album{Name: "x", Year: 1990})
		require.NoError(t, err)
		_, err = albums.Get(f.ctx, tx, id)
		require.ErrorIs(t, err, entity.ErrNotFound)
		_, err = tx.Commit(f.ctx)
		require.ErrorIs(t, err, node.ErrOffline, "nobody can tell whether it has moved")
		require.Empty(t, ada.ledger())

		ada.connect()
		tries := 0
		err = ada.session.Update(f.ctx, func(tx *node.Tx) error {
			tx.Serializable()
			m, err := albums.Edit(f.ctx, tx, id)
			if err != nil {
				return err
			}
			if tries++; tries < 3 {
				f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(int(m.Field(2).Int()) + 1) })
			}
			m.SetYear(int(m.Field(2).Int()) + 10)
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, 3, tries)
		v, err := albums.Get(f.ctx, f.prince, id)
		require.NoError(t, err)
		require.Equal(t, 1986+2+10, v.Year())
	})
}

func TestNothingIsWrittenAfterClose(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		ended := make(chan struct{})
		go func() {
			for range live.Changes(f.ctx) {
			}
			close(ended)
		}()
		_, r := ada.create(Album{Name: "Parade", Year: 1986})
		waited := make(chan error, 1)
		ada.link.Cut()
		_, lost := ada.create(Album{Name: "Batman", Year: 1989})
		go func() {
			_, err := ada.node.Receipt(f.ctx, lost.Transaction)
			waited <- err
		}()
		synctest.Wait()
		ada.link.Mend()
		f.create(f.prince, Album{Name: "Lovesexy", Year: 1988})
		require.NoError(t, ada.node.Close(f.ctx))
		<-ended
		require.ErrorIs(t, live.Err(), node.ErrClosed)
		require.ErrorIs(t, <-waited, node.ErrClosed)
		ada.stage.commit = func(context.Context, *storage.Batch, func() error) error {
			return errors.New("a write after the node was closed")
		}
		f.create(f.prince, Album{Name: "1999", Year: 1982})
		tx := ada.session.Begin()
		_, err := albums.Create(tx, Album{Name: "late", Year: 1990})
		require.NoError(t, err)
		_, err = tx.Commit(f.ctx)
		require.ErrorIs(t, err, node.ErrClosed)
		_, err = albums.Query(f.ctx, ada.session, "")
		require.ErrorIs(t, err, node.ErrClosed)
		_, err = albums.Get(f.ctx, ada.session, r.Transaction)
		require.ErrorIs(t, err, node.ErrClosed)
		_, err = ada.node.Connect(ada.link.Dial)
		require.ErrorIs(t, err, node.ErrClosed)
		<-time.After(time.Minute)
	})
}

func TestAFailedWriteMakesAClientReadOnly(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.alarm.expected.Store(true)
		id, _ := ada.create(Album{Name: "Parade", Year: 1986})
		ada.stage.commit = func(context.Context, *storage.Batch, func() error) error { return storage.ErrFull }
		tx := ada.session.Begin()
		_, err := albums.Create(tx, Album{Name: "x", Year: 1990})
		require.NoError(t, err)
		_, err = tx.Commit(f.ctx)
		require.ErrorIs(t, err, node.ErrReadOnly)
		require.ErrorIs(t, err, storage.ErrFull)
		require.ErrorIs(t, ada.node.Err(), node.ErrReadOnly)
		ada.stage.commit = nil
		v, err := albums.Get(f.ctx, ada.session.Local(), id)
		require.NoError(t, err)
		require.Equal(t, "Parade", v.Name())
		ada.restart()
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(ada.ledger()[0].Receipt()).Status)
	})
}

func TestNothingRefersToWhatWasRefused(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada", node.Models(trackSchema))
		id, bad := ada.create(Album{Name: "Chaos", Year: 1991})
		ada.connect()
		require.Equal(t, node.Rejected, ada.outcome(bad).Status)
		refer := func() error {
			tx := ada.session.Begin()
			_, err := tracks.Create(tx, Track{Title: "Disorder", On: model.RefTo[Album](id)})
			require.NoError(t, err)
			_, err = tx.Commit(f.ctx)
			return err
		}
		require.ErrorIs(t, refer(), node.ErrDependency)
		ada.restart(node.Models(trackSchema))
		require.ErrorIs(t, refer(), node.ErrDependency, "known after a restart")
		require.NoError(t, ada.node.Dismiss(f.ctx, bad.Transaction))
		require.NoError(t, refer(), "as dangling as any other reference")
	}, refusing("Chaos"))
}

func TestNewIDsAreGreaterThanAllThatWasSeen(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ahead := node.Now(func() time.Time { return time.Now().Add(time.Minute) })
		ada, bob := f.join("ada"), f.join("bob", ahead)
		theirs, r := bob.create(Album{Name: "from the future", Year: 1990})
		bob.connect()
		require.Equal(t, node.Accepted, bob.outcome(r).Status)
		ada.connect()
		require.NoError(t, ada.query("").Wait(f.ctx))
		require.NoError(t, ada.connection.Close(f.ctx))
		mine, _ := ada.create(Album{Name: "mine", Year: 1990})
		require.True(t, theirs.Less(mine))
		ada.restart()
		later, _ := ada.create(Album{Name: "later", Year: 1990})
		require.True(t, mine.Less(later))

		// And if nothing was made here before the restart.
		eve := f.join("eve")
		eve.connect()
		require.NoError(t, eve.query("").Wait(f.ctx))
		require.NoError(t, eve.connection.Close(f.ctx))
		eve.restart()
		hers, _ := eve.create(Album{Name: "hers", Year: 1990})
		require.True(t, theirs.Less(hers))
	})
}

// TestIDsAheadBindClientsAfterARestart: likewise for what a client holds.
func TestIDsAheadBindClientsAfterARestart(t *testing.T) {
	ahead := node.Now(func() time.Time { return time.Now().Add(time.Hour) })
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "from the future"})
		ada := f.join("ada", node.Now(func() time.Time { return time.Now().Add(time.Hour) }))
		ada.connect()
		require.NoError(t, ada.query("").Wait(f.ctx))
		require.NoError(t, ada.connection.Close(f.ctx))
		for range 3 { // its clock is right now, and the server's was wrong
			ada.restart()
			mine, _ := ada.create(Album{Name: "mine", Year: 1990})
			require.True(t, mine.Less(id))
		}
		<-time.After(59 * time.Minute)
		mine, _ := ada.create(Album{Name: "mine", Year: 1990})
		require.True(t, id.Less(mine))
	}, ahead)
}

func TestAFullOutboxTakesNoMore(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada", node.WithLimits(node.Limits{Outbox: 2}))
		ada.create(Album{Name: "1", Year: 1990})
		_, r := ada.create(Album{Name: "2", Year: 1990})
		tx := ada.session.Begin()
		_, err := albums.Create(tx, Album{Name: "3", Year: 1990})
		require.NoError(t, err)
		_, err = tx.Commit(f.ctx)
		require.ErrorIs(t, err, node.ErrOutboxFull)
		require.Equal(t, []string{"1", "2"}, f.names(ada.session.Local(), ""))
		ada.connect()
		ada.outcome(r)
		synctest.Wait()
		ada.create(Album{Name: "3", Year: 1990})
	})
}
