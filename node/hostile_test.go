package node_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
)

func TestAPrincipalThatIsNoTextIsRefused(t *testing.T) {
	for _, p := range []node.Principal{"\xff", "a\x00b", node.Principal(strings.Repeat("x", event.MaxAuthor+1))} {
		synctest.Test(t, func(t *testing.T) {
			f := start(t)
			require.Error(t, tryCreate(f.ctx, f.node.Session(p), Album{Name: "Parade"}))
			near, far := pipe.New()
			require.Error(t, f.node.Serve(f.ctx, far, p))
			_, err := near.Receive(f.ctx)
			require.Error(t, err)
			f.create(f.prince, Album{Name: "Parade"})
			f.stop()
			f = startOver(t, f.store)
			require.Equal(t, []string{"Parade"}, f.names(f.prince, ""), "the log can still be read")
		})
	}
}

// pensive is a policy that lets the transactions of slow wait, and with them the
// committer.
type pensive struct {
	node.Policy
	hold chan struct{}
}

func (p pensive) Accept(_ context.Context, a *node.Acceptance) error {
	if a.Principal == "slow" {
		<-p.hold
	}
	return nil
}

// TestOneIDForTwoEntities: whoever chooses IDs may choose one twice, and both
// transactions may come into the same batch.
func TestOneIDForTwoEntities(t *testing.T) {
	for name, together := range map[string]bool{"one after the other": false, "in one batch": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hold := make(chan struct{})
				f, c := start(t, node.WithPolicy(pensive{node.AllowAll(), hold})), newClient(t, 0)
				album := c.create(Album{Name: "Parade"})
				note := c.createAs(album.Events[0].ID, "notes", "text")
				again := c.createAs(album.Events[0].ID, "albums", "name")
				if !together {
					close(hold)
				}
				accept := func(p node.Principal, tx *event.Transaction) *error {
					err := new(error)
					go func() { _, *err = f.node.Accept(f.ctx, p, tx) }()
					synctest.Wait()
					return err
				}
				accept("slow", c.create(Album{Name: "slow"}))
				errs := []*error{accept("a", album), accept("b", note), accept("c", again)}
				if together {
					close(hold)
					synctest.Wait()
				}
				require.NoError(t, *errs[0])
				require.ErrorIs(t, *errs[1], event.ErrEquivocation)
				require.ErrorIs(t, *errs[2], event.ErrEquivocation)
				require.ElementsMatch(t, []string{"slow", "Parade"}, f.names(f.prince, ""))
			})
		})
	}
}

// createAs is a transaction that creates an entity with a given ID.
func (c *client) createAs(id event.ID, collection, field string) *event.Transaction {
	c.Helper()
	tx, err := c.clock.MintTransaction(id)
	require.NoError(c, err)
	return &event.Transaction{ID: tx, Events: []*event.Event{{
		ID: id, Entity: id, Collection: collection, Salt: c.clock.NewSalt(),
		Ops: []event.Operation{{Field: field, Kind: event.OpSet, Value: model.OfString("x").AppendTo(nil)}},
	}}}
}

// TestEventsOfAnotherTransaction: what was logged in one transaction is not logged
// in another, be it durable yet or not.
func TestEventsOfAnotherTransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := start(t), newClient(t, 0)
		create := c.create(Album{Name: "Parade"})
		taken := c.remote(create)
		var err error
		taken.ID, err = c.clock.MintTransaction(create.ID)
		require.NoError(t, err)
		hold := make(chan struct{})
		f.stage.commit = holding(hold)
		go func() { _, _ = f.node.Accept(f.ctx, "prince", create) }()
		synctest.Wait()
		underWay := make(chan error)
		go func() {
			_, err := f.node.Accept(f.ctx, "prince", c.remote(taken))
			underWay <- err
		}()
		synctest.Wait()
		close(hold)
		require.ErrorIs(t, <-underWay, event.ErrEquivocation)
		r, err := f.node.Accept(f.ctx, "prince", taken)
		require.ErrorIs(t, err, event.ErrEquivocation)
		require.Equal(t, node.Rejected, r.Status)
	})
}

// TestAnEntityDoesNotOutgrowItsLimits: else nobody could read it any more.
func TestAnEntityDoesNotOutgrowItsLimits(t *testing.T) {
	f, c := start(t), newClient(t, 0)
	create := c.create(Album{Name: "Parade"})
	_, err := f.node.Accept(f.ctx, "mallory", create)
	require.NoError(t, err)
	id := create.Events[0].ID
	for round := range 5 {
		r, err := f.node.Accept(f.ctx, "mallory", c.widen(f.get(id), round))
		if round < 3 {
			require.NoError(t, err)
			continue
		}
		var limit *event.LimitError
		require.ErrorAs(t, err, &limit)
		require.Equal(t, node.Rejected, r.Status, "for good: trying again is of no use")
	}
	require.Equal(t, "Parade", f.get(id).Name())
	f.edit(f.queen, id, func(m AlbumMutable) { m.SetYear(1986) })
}

// widen writes to as many unknown fields as an event can.
func (c *client) widen(v AlbumView, round int) *event.Transaction {
	c.Helper()
	tx, err := c.clock.MintTransaction(v.Head()...)
	require.NoError(c, err)
	e := &event.Event{ID: tx.Update(1), Entity: v.ID(), Collection: "albums", Precursors: v.Head(), Salt: c.clock.NewSalt()}
	for i := range event.MaxOps {
		e.Ops = append(e.Ops, event.Operation{
			Field: fmt.Sprintf("f%d.%d", round, i), Kind: event.OpSet, Value: model.OfInt(1).AppendTo(nil),
		})
	}
	return &event.Transaction{ID: tx, Events: []*event.Event{e}}
}

// TestGivenUpSubscriptionsAreForgotten: also when the peer does not listen.
func TestGivenUpSubscriptionsAreForgotten(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := f.visit("mallory")
		const deaf = 80 // more answers than the line holds
		for i := range deaf {
			s.send(&wire.Subscribe{Request: uint64(i + 1), Collection: "albums"})
		}
		synctest.Wait()
		before := heap()
		const rounds, size = 500, 60 << 10
		text := "name = '" + strings.Repeat("x", size) + "'"
		for i := range rounds {
			s.send(&wire.Subscribe{Request: uint64(deaf + i + 1), Collection: "albums", Query: text})
			synctest.Wait()
			s.send(&wire.Unsubscribe{Request: uint64(deaf + i + 1)})
			synctest.Wait()
		}
		f.create(f.prince, Album{Name: "Parade"})
		require.Equal(t, deaf, f.node.Standing())
		require.Less(t, heap()-before, int64(rounds*size/4))
	})
}

// heap is how many bytes are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// mute returns a line to a server of the fixture's system that says hello and then
// what the test has it say.
func (f *fixture) mute(hello ...func(*wire.Hello)) (*pipe.Link, chan *stranger) {
	servers := make(chan *stranger, 100)
	return pipe.NewLink(func(conn wire.Conn) {
		go func() {
			m := &wire.Hello{
				Min: wire.MinVersion, Max: wire.MaxVersion, Durable: true,
				System: f.node.System(), Time: time.Now().UnixMicro(),
			}
			for _, set := range hello {
				set(m)
			}
			s := &stranger{T: f.T, ctx: f.ctx, conn: conn}
			s.greet(f, m)
			servers <- s
		}()
	}), servers
}

func TestAServerWithoutAClockIsNotBelieved(t *testing.T) {
	for _, at := range []int64{math.MaxInt64, math.MinInt64, time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()} {
		cluster(t, func(t *testing.T, f *fixture) {
			ada := f.join("ada")
			link, _ := f.mute(func(m *wire.Hello) { m.Time = at })
			c, err := ada.node.Connect(link.Dial)
			require.NoError(t, err)
			synctest.Wait()
			require.Equal(t, node.Offline, c.State().Phase)
			require.NoError(t, c.Close(f.ctx))
			ada.restart()
			require.Zero(t, ada.node.Clock().Offset())
			_, r := ada.create(Album{Name: "Parade", Year: 1986})
			ada.connect()
			require.Equal(t, node.Accepted, ada.outcome(r).Status)
		})
	}
}

func TestAServerThatOnlyPingsLosesItsConnection(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		link, servers := f.mute()
		c, err := ada.node.Connect(link.Dial)
		require.NoError(t, err)
		server := <-servers
		for {
			if server.conn.Send(f.ctx, wire.Append(nil, &wire.Ping{})) != nil {
				break
			}
		}
		synctest.Wait()
		var refused *node.RefusedError
		require.ErrorAs(t, c.State().Err, &refused)
		require.Equal(t, wire.CodeTooMany, refused.Code)
		require.NoError(t, c.Close(f.ctx))
	})
}

// TestAWrongReceiptIsNone: the transaction is delivered again.
func TestAWrongReceiptIsNone(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		_, r := ada.create(Album{Name: "Parade", Year: 1986})
		link, servers := f.mute()
		c, err := ada.node.Connect(link.Dial)
		require.NoError(t, err)
		for range 2 {
			server := <-servers
			commit := server.hear().(*wire.Commit)
			require.Equal(t, r.Transaction, commit.Tx.ID)
			server.send(&wire.Receipt{Request: commit.Request, Tx: event.ID{1}})
		}
		require.NoError(t, c.Close(f.ctx))
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
	})
}

func TestAQuestionEndsWithItsContextThoughNobodyListens(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		link, _ := f.mute()
		c, err := ada.node.Connect(link.Dial)
		require.NoError(t, err)
		require.NoError(t, c.Wait(f.ctx))
		began := time.Now()
		const more = 200 // than the line holds
		ended := make(chan error, more)
		for range more {
			go func() {
				ctx, cancel := context.WithTimeout(f.ctx, time.Second)
				defer cancel()
				_, err := albums.Get(ctx, ada.session, event.ID{1})
				ended <- err
			}()
		}
		for range more {
			require.ErrorIs(t, <-ended, context.DeadlineExceeded)
		}
		require.Equal(t, time.Second, time.Since(began))
		require.NoError(t, c.Close(f.ctx))
	})
}

// TestLargeTransactionsAreTakenOneByOne: decoded, they are many times larger.
func TestLargeTransactionsAreTakenOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		f := start(t, node.WithPolicy(pensive{node.AllowAll(), hold}))
		s, c := f.visit("mallory"), newClient(t, 0)
		go func() { _ = tryCreate(f.ctx, f.node.Session("slow"), Album{Name: "slow"}) }()
		synctest.Wait()
		const large, small = 3, 5
		var request uint64
		send := func(name string) {
			request++
			s.send(&wire.Commit{Request: request, Tx: c.create(Album{Name: name, Year: 1990})})
			synctest.Wait()
		}
		for range small {
			send("small")
		}
		require.Equal(t, small, f.node.Waiting())
		for range large {
			send(strings.Repeat("large", 20_000))
		}
		require.Equal(t, small+1, f.node.Waiting())
		close(hold)
		for range large + small {
			for {
				if m, ok := s.hear().(*wire.Receipt); ok {
					require.Equal(t, wire.Accepted, m.Code)
					break
				}
			}
		}
	})
}

func TestStandingRowsAreBounded(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		for i := range 20 {
			f.create(f.prince, Album{Name: "Parade", Year: 1980 + i})
		}
		s := f.visit("mallory")
		s.send(&wire.Subscribe{Request: 1, Collection: "albums"})
		require.Len(t, s.hear().(*wire.Rows).Rows, 20)
		s.send(&wire.Subscribe{Request: 2, Collection: "albums", Query: "year > 1980"})
		require.Equal(t, wire.CodeTooMany, s.hear().(*wire.Failure).Code)
		require.Equal(t, 1, f.node.Standing())
		s.send(&wire.Unsubscribe{Request: 1})
		s.send(&wire.Subscribe{Request: 3, Collection: "albums", Query: "year > 1980"})
		require.Len(t, s.hear().(*wire.Rows).Rows, 19)
	}, node.WithLimits(node.Limits{StandingRows: 30}))
}

// TestStandingGroupsAreBounded: what is not shown counts as well, also when it comes
// to be while the query stands.
func TestStandingGroupsAreBounded(t *testing.T) {
	for query, most := range map[string]int{
		"SELECT year, COUNT(*) GROUP BY year LIMIT 1":             1,
		"SELECT year, COUNT(*) GROUP BY year HAVING COUNT(*) > 1": 0,
		"SELECT MIN(year)": 1,
		"SELECT COUNT(DISTINCT year) HAVING COUNT(DISTINCT year) > 999": 0,
		"ORDER BY year LIMIT 1 OFFSET 1000":                             0,
	} {
		cluster(t, func(t *testing.T, f *fixture) {
			grow := func(from, to int) {
				require.NoError(t, f.prince.Update(f.ctx, func(tx *node.Tx) error {
					for year := from; year < to; year++ {
						if _, err := albums.Create(tx, Album{Name: "Parade", Year: year}); err != nil {
							return err
						}
					}
					return nil
				}))
			}
			grow(1900, 1920)
			s := f.visit("mallory")
			s.send(&wire.Subscribe{Request: 1, Collection: "albums", Query: query})
			require.Len(t, s.hear().(*wire.Rows).Rows, most, query)
			grow(1920, 2010) // of which nothing need be shown
			for {
				m := s.hear()
				if rows, ok := m.(*wire.Rows); ok {
					require.LessOrEqual(t, len(rows.Rows), 1, query)
					continue
				}
				require.Equal(t, wire.CodeTooMany, m.(*wire.Failure).Code, query)
				break
			}
			require.Zero(t, f.node.Standing())
			s.send(&wire.Subscribe{Request: 2, Collection: "albums", Query: query})
			require.Equal(t, wire.CodeTooMany, s.hear().(*wire.Failure).Code, query)
			s.send(&wire.Subscribe{Request: 3, Collection: "albums", Query: "SELECT COUNT(*), SUM(year)"})
			require.Len(t, s.hear().(*wire.Rows).Rows, 1, "which keeps no values")
		}, node.WithLimits(node.Limits{StandingRows: 60}))
	}
}

func TestADeafPeerLosesItsConnection(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := f.visit("mallory")
		for i := range 100 { // more answers than the line holds
			s.send(&wire.Subscribe{Request: uint64(i + 1), Collection: "albums"})
		}
		synctest.Wait()
		require.Equal(t, 100, f.node.Standing())
		<-time.After(time.Hour)
		require.Zero(t, f.node.Standing())
	})
}

func TestSubscriptionsAreBounded(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := f.visit("mallory")
		const most = 4096
		for i := range most {
			s.send(&wire.Subscribe{Request: uint64(i + 1), Collection: "albums", Query: fmt.Sprintf("year > %d", i)})
			require.IsType(t, &wire.Rows{}, s.hear())
		}
		s.send(&wire.Subscribe{Request: most + 1, Collection: "albums"})
		require.Equal(t, wire.CodeTooMany, s.hear().(*wire.Failure).Code)
		require.Equal(t, most, f.node.Standing())
		s.send(&wire.Unsubscribe{Request: 1})
		s.send(&wire.Subscribe{Request: most + 2, Collection: "albums"})
		require.IsType(t, &wire.Rows{}, s.hear())
		require.NoError(t, s.conn.Close())
		synctest.Wait()
		require.Zero(t, f.node.Standing())
	})
}

// TestAnAcceptedTransactionStaysAccepted: whoever uses its ID again does not change
// what is said of it.
func TestAnAcceptedTransactionStaysAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := start(t), newClient(t, 0)
		tx := c.create(Album{Name: "Parade", Year: 1986})
		want, err := f.node.Accept(f.ctx, "ada", c.remote(tx))
		require.NoError(t, err)
		other := c.create(Album{Name: "Chaos", Year: 1812})
		older := event.ID{0, 1}
		other.Events[0].ID, other.Events[0].Entity, other.ID = older, older, tx.ID
		_, err = f.node.Accept(f.ctx, "mallory", other)
		require.ErrorIs(t, err, errTooOld)
		forged := c.remote(tx)
		forged.Events[0].Ops[0].Value = model.OfString("Another").AppendTo(nil)
		for range 2 {
			_, err = f.node.Accept(f.ctx, "mallory", c.remote(forged))
			require.ErrorIs(t, err, event.ErrEquivocation)
			got, err := f.node.Receipt(f.ctx, want.Transaction)
			require.NoError(t, err)
			require.Equal(t, want, got)
			f.stop()
			f = startOver(t, f.store)
		}
	})
}

// TestCursorsOfManyLogsAreNotKept: a peer may say that it has seen any number of logs, and
// pays for it with no memory of the server's.
func TestCursorsOfManyLogsAreNotKept(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := f.visit("mallory")
		f.create(f.prince, Album{Name: "Parade"})
		const logs, size = 10_000, 48
		many := cursorOf(0, logs)
		const rounds = 200 // of which the line holds some answers
		before := heap()
		for i := range rounds {
			s.send(&wire.Subscribe{Request: uint64(i + 1), Collection: "albums", Held: 1, Cursor: many})
			synctest.Wait()
		}
		require.Equal(t, rounds, f.node.Standing())
		require.Less(t, heap()-before, int64(rounds*logs*size/4))
		for i := range 8 { // and what takes long is not taken up beside each other
			s.send(&wire.Subscribe{Request: uint64(rounds + i + 1), Collection: "albums", Seen: many})
		}
		synctest.Wait()
		require.Less(t, heap()-before, int64(rounds*logs*size/4))
	})
}

// cursorOf is a cursor of the logs from one number to another, which nobody has.
func cursorOf(from, to int) event.Cursor {
	if to-from == 1 {
		return event.NewCursor(event.Position{Origin: event.Origin{1, byte(from >> 16), byte(from >> 8), byte(from)}, Seq: 1})
	}
	middle := (from + to) / 2
	return cursorOf(from, middle).Merge(cursorOf(middle, to))
}
