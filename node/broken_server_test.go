package node_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

// rowOf is an entity as the fixture's node says that it is.
func (f *fixture) rowOf(id event.ID) *wire.Rows {
	f.Helper()
	s := f.visit("x")
	s.send(&wire.Get{Request: 1, Collection: "albums", Entity: id})
	m := s.hear().(*wire.Rows)
	require.NoError(f, s.conn.Close())
	return m
}

// follow has a desk answer a live query with what the fixture's node says of entities.
func (d *desk) follow(f *fixture, ids ...event.ID) (request uint64) {
	d.Helper()
	synctest.Wait()
	request = (<-d.asked).(*wire.Subscribe).Request
	answer := &wire.Rows{Request: request, Reset: true}
	for _, id := range ids {
		m := f.rowOf(id)
		answer.Rows, answer.Cursor = append(answer.Rows, m.Rows...), m.Cursor
	}
	d.send(answer)
	synctest.Wait()
	return request
}

// TestAReceiptBeforeTheEndOfAChange: a large change of a live query waits for credit, and
// the receipt of what is in its second half comes before that. What was shown as pending
// stays as it is.
func TestAReceiptBeforeTheEndOfAChange(t *testing.T) {
	for name, later := range map[string]bool{"alone": false, "with another one pending on top": true} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
				other := f.create(f.prince, Album{Name: "Batman", Year: 1989})
				ada := f.join("ada")
				live := ada.query("ORDER BY year")
				d := ada.desk(f)
				request := d.follow(f, id, other)
				require.Equal(t, entity.Complete, live.State().Phase)

				ada.edit(id, func(m AlbumMutable) { m.SetName("Parade!") })
				if later {
					ada.edit(id, func(m AlbumMutable) { m.SetArtist("Prince") })
				}
				seen := f.watch(live, id)
				f.edit(f.prince, other, func(m AlbumMutable) { m.SetName("Batman!") })
				large := f.rowOf(other)
				var commit *wire.Commit
				for _, m := range d.delivered() {
					commit = m
				}
				at, err := f.node.Accept(f.ctx, "ada", commit.Tx)
				require.NoError(t, err)
				written := f.rowOf(id)
				d.send(&wire.Rows{Request: request, More: true, Rows: large.Rows})
				d.send(&wire.Rows{Request: commit.Request, Rows: written.Rows, Cursor: written.Cursor})
				d.send(&wire.Receipt{Request: commit.Request, Tx: commit.Tx.ID, Origin: at.Position.Origin, Seq: at.Position.Seq})
				synctest.Wait()
				require.Equal(t, []string{"Parade!", "Batman"}, shown(live), "what has not come whole is not shown")
				d.send(&wire.Rows{Request: request, Rows: written.Rows, Cursor: written.Cursor})
				synctest.Wait()
				require.Equal(t, []string{"Parade!", "Batman!"}, shown(live))
				for _, name := range seen() {
					require.Equal(t, "Parade!", name)
				}

				// From then on the server's word counts.
				f.edit(f.prince, id, func(m AlbumMutable) { m.SetName("Another") })
				now := f.rowOf(id)
				d.send(&wire.Rows{Request: request, Rows: now.Rows, Cursor: now.Cursor})
				synctest.Wait()
				require.Equal(t, []string{"Another", "Batman!"}, shown(live))
			})
		})
	}
}

// watch follows a live query and returns a function that tells all names that an album had.
func (f *fixture) watch(live *entity.Live[AlbumView], id event.ID) func() []string {
	ctx, cancel := context.WithCancel(f.ctx)
	names, done := []string{}, make(chan struct{})
	go func() {
		defer close(done)
		for set := range live.Changes(ctx) {
			for _, c := range set.Changes {
				if c.Item.ID() == id {
					names = append(names, c.Item.Name())
				}
			}
		}
	}()
	synctest.Wait()
	return func() []string {
		synctest.Wait()
		cancel()
		<-done
		return names
	}
}

// TestHalfAnAnswerIsNotKeptForNobody: live queries that are closed while their results come.
func TestHalfAnAnswerIsNotKeptForNobody(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		row := f.rowOf(f.create(f.prince, bulky(1990, 100_000)))
		ada := f.join("ada")
		d := ada.desk(f)
		synctest.Wait()
		before := heap()
		const rounds = 100
		for range rounds {
			live := ada.query("")
			synctest.Wait()
			m := (<-d.asked).(*wire.Subscribe)
			for range 4 {
				d.send(&wire.Rows{Request: m.Request, Reset: true, More: true, Rows: row.Rows})
			}
			synctest.Wait()
			live.Close()
			synctest.Wait()
			for len(d.asked) > 0 {
				<-d.asked
			}
		}
		require.Less(t, heap()-before, int64(rounds*100_000))
	})
}

// TestHavingMissedIsCountedApart: that a server could not decide for a while, as its disk was
// full, says nothing of another one which lags a moment behind.
func TestHavingMissedIsCountedApart(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		_, r := ada.create(Album{Name: "Parade", Year: 1986})
		d := ada.desk(f)
		next := func() *wire.Commit {
			for {
				select {
				case m := <-d.commits:
					return m
				case m := <-d.asked:
					d.send(&wire.Pong{Number: m.(*wire.Ping).Number})
				}
			}
		}
		for range 20 {
			d.send(&wire.Failure{Request: next().Request, Code: wire.CodeReadOnly})
		}
		for range 9 {
			m := next()
			d.send(&wire.Receipt{Request: m.Request, Tx: m.Tx.ID, Code: wire.CodePrecursors})
			synctest.Wait()
			require.Equal(t, node.Pending, ada.ledger()[0].Status)
		}
		d.accept(next())
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
	})
}

// TestAServerThatAlwaysWantsAnotherCredential: is asked again, and not all the time.
func TestAServerThatAlwaysWantsAnotherCredential(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.query("")
		link, servers := f.mute()
		c, err := ada.node.Connect(link.Dial, node.WithCredentials(func(_ context.Context, p node.Principal) ([]byte, error) {
			return []byte(fmt.Sprintf("I am %s", p)), nil
		}))
		require.NoError(t, err)
		server, asked := <-servers, 0
		for began := time.Now(); time.Since(began) < 10*time.Minute; {
			switch m := server.hear().(type) {
			case *wire.Authenticate:
				server.send(&wire.Authenticated{Request: m.Request, Principal: m.Principal})
			case *wire.Subscribe:
				asked++
				require.Less(t, asked, 100, "after %v", time.Since(began))
				server.send(&wire.Failure{Request: m.Request, Code: wire.CodeCredential, Text: "no"})
			}
		}
		require.Greater(t, asked, 10)
		require.NoError(t, c.Close(f.ctx))
	})
}

// TestACredentialThatIsNotTakenForAnotherReason: live queries say why, and it is shown again.
func TestACredentialThatIsNotTakenForAnotherReason(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		live := ada.query("")
		link, servers := f.mute()
		c, err := ada.node.Connect(link.Dial, node.WithCredentials(func(context.Context, node.Principal) ([]byte, error) {
			return []byte("I am ada"), nil
		}))
		require.NoError(t, err)
		server := <-servers
		m := server.hear().(*wire.Authenticate)
		server.send(&wire.Failure{Request: m.Request, Code: wire.CodeTooMany, Text: "256 credentials at a time"})
		synctest.Wait()
		var refused *node.RefusedError
		require.ErrorAs(t, live.State().Err, &refused)
		require.Equal(t, wire.CodeTooMany, refused.Code)
		again := server.hear().(*wire.Authenticate)
		server.send(&wire.Authenticated{Request: again.Request, Principal: "ada"})
		require.IsType(t, &wire.Subscribe{}, server.hear())
		require.NoError(t, c.Close(f.ctx))
	})
}

// TestSumsThatNeverMatch: a server that answers wrongly whatever it is asked is not asked in
// a loop.
func TestSumsThatNeverMatch(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		row := f.rowOf(f.create(f.prince, Album{Name: "Parade", Year: 1986}))
		ada := f.join("ada")
		live := ada.query("")
		link, servers := f.mute()
		c, err := ada.node.Connect(link.Dial)
		require.NoError(t, err)
		asked, began := 0, time.Now()
		for time.Since(began) < 10*time.Minute {
			server := <-servers
			for time.Since(began) < 10*time.Minute {
				encoded, err := server.conn.Receive(f.ctx)
				if err != nil {
					break
				}
				m, err := wire.Decode(encoded)
				require.NoError(t, err)
				var request uint64
				switch m := m.(type) {
				case *wire.Subscribe:
					request = m.Request
				case *wire.Compare:
					request = m.Request
				case *wire.Ping:
					_ = server.conn.Send(f.ctx, wire.Append(nil, &wire.Pong{Number: m.Number}))
					continue
				default:
					continue
				}
				asked++
				require.Less(t, asked, 200, "after %v", time.Since(began))
				_ = server.conn.Send(f.ctx, wire.Append(nil, &wire.Rows{
					Request: request, Answer: wire.AnswerCompare, Rows: row.Rows, Count: 7, Buckets: []uint16{0},
				}))
			}
		}
		require.NotEqual(t, entity.Complete, live.State().Phase)
		require.NoError(t, c.Close(f.ctx))
	})
}
