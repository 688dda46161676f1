package node_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

// hostile are messages that a server must survive, with the code it says goodbye
// with.
func hostile() map[string]struct {
	bytes []byte
	code  wire.Code
} {
	type row = struct {
		bytes []byte
		code  wire.Code
	}
	encode := func(list ...wire.Message) (b []byte) {
		for _, m := range list {
			b = wire.Append(b, m)
		}
		return b
	}
	commit := wire.Append(nil, &wire.Commit{Request: 1, Tx: &event.Transaction{ID: event.ID{1}}})
	return map[string]row{
		"nothing":                {nil, wire.CodeInvalid},
		"an unknown kind":        {[]byte{99, 1, 2}, wire.CodeInvalid},
		"cut off":                {encode(&wire.Fetch{Request: 1, Collection: "albums"})[:4], wire.CodeInvalid},
		"two in one":             {encode(&wire.Ping{Number: 1}, &wire.Ping{Number: 2}), wire.CodeInvalid},
		"a broken transaction":   {commit[:len(commit)-3], wire.CodeInvalid},
		"a second hello":         {encode(&wire.Hello{Min: 1, Max: 1}), wire.CodeProtocol},
		"rows":                   {encode(&wire.Rows{Request: 1}), wire.CodeProtocol},
		"a receipt":              {encode(&wire.Receipt{Request: 1}), wire.CodeProtocol},
		"request 0":              {encode(&wire.Get{Collection: "albums"}), wire.CodeProtocol},
		"a subscription as no 0": {encode(&wire.Subscribe{Collection: "albums"}), wire.CodeProtocol},
	}
}

func TestHostileMessagesEndTheirConnectionOnly(t *testing.T) {
	for name, m := range hostile() {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				ada := f.join("ada")
				ada.connect()
				live := ada.query("ORDER BY year")
				s := f.visit("mallory")
				require.NoError(t, s.conn.Send(f.ctx, m.bytes))
				bye, ok := s.hear().(*wire.Bye)
				require.True(t, ok)
				require.Equal(t, m.code, bye.Code, bye.Text)
				_, err := s.conn.Receive(f.ctx)
				require.ErrorIs(t, err, io.EOF)
				f.create(f.prince, Album{Name: "Parade", Year: 1986})
				synctest.Wait()
				require.Equal(t, []string{"Parade"}, shown(live))
			})
		})
	}
}

func TestRequestsThatCannotBeServed(t *testing.T) {
	for name, row := range map[string]struct {
		request wire.Message
		code    wire.Code
	}{
		"a collection that is not":  {&wire.Fetch{Request: 1, Collection: "elves"}, wire.CodeNotFound},
		"a query that is not":       {&wire.Subscribe{Request: 1, Collection: "albums", Query: "year >"}, wire.CodeInvalid},
		"a field that is not":       {&wire.Subscribe{Request: 1, Collection: "albums", Query: "yaer > 1"}, wire.CodeInvalid},
		"a parameter":               {&wire.Fetch{Request: 1, Collection: "albums", Query: "year > ?"}, wire.CodeInvalid},
		"an entity of no room":      {&wire.Get{Request: 1, Collection: "elves"}, wire.CodeNotFound},
		"a history of no room":      {&wire.History{Request: 1, Collection: "elves"}, wire.CodeNotFound},
		"what may not be read":      {&wire.Fetch{Request: 1, Collection: "notes"}, wire.CodeDenied},
		"what may not be followed":  {&wire.Subscribe{Request: 1, Collection: "notes"}, wire.CodeDenied},
		"what may not be looked at": {&wire.Get{Request: 1, Collection: "notes"}, wire.CodeDenied},
		"what may not be known of":  {&wire.History{Request: 1, Collection: "notes"}, wire.CodeDenied},
	} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				s := f.visit("mallory")
				s.send(row.request)
				failure, ok := s.hear().(*wire.Failure)
				require.True(t, ok)
				require.Equal(t, uint64(1), failure.Request)
				require.Equal(t, row.code, failure.Code, failure.Text)
				s.send(&wire.Ping{Number: 7})
				require.Equal(t, &wire.Pong{Number: 7}, s.hear(), "the connection goes on")
			}, node.WithPolicy(secretive{}))
		})
	}
}

// secretive is a policy under which notes are for the queen alone.
type secretive struct{}

var errSecret = errors.New("notes are secret")

func (secretive) Read(_ context.Context, p node.Principal, collection string) error {
	if collection == "notes" && p != "queen" {
		return errSecret
	}
	return nil
}

func (secretive) Accept(context.Context, *node.Acceptance) error { return nil }

// bad are transactions that no node must take.
func badTransactions() map[string]*event.Transaction {
	id := event.ID{1, 2, 3, 15: 9}
	create := func(value []byte) *event.Event {
		return &event.Event{
			ID: id, Entity: id, Collection: "albums",
			Ops: []event.Operation{{Field: "year", Kind: event.OpSet, Value: value}},
		}
	}
	t := event.ID{1, 2, 4}
	return map[string]*event.Transaction{
		"no events":                 {ID: t},
		"below its event":           {ID: event.ID{1}, Events: []*event.Event{create(model.OfInt(1990).AppendTo(nil))}},
		"a value that is none":      {ID: t, Events: []*event.Event{create([]byte{255, 255})}},
		"a value of another type":   {ID: t, Events: []*event.Event{create(model.OfString("x").AppendTo(nil))}},
		"an album of 1812":          {ID: t, Events: []*event.Event{create(model.OfInt(1812).AppendTo(nil))}},
		"two events for one entity": {ID: t, Events: []*event.Event{create(model.OfInt(1990).AppendTo(nil)), create(model.OfInt(1990).AppendTo(nil))}},
		"precursors unknown": {ID: t, Events: []*event.Event{{
			ID: t.Update(1), Entity: id, Collection: "albums", Precursors: event.NewHead(id),
			Ops: []event.Operation{{Field: "year", Kind: event.OpSet, Value: model.OfInt(1990).AppendTo(nil)}},
		}}},
	}
}

func TestBadTransactionsAreRefusedForGood(t *testing.T) {
	for name, tx := range badTransactions() {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				s := f.visit("mallory")
				s.send(&wire.Commit{Request: 1, Tx: tx})
				switch m := s.hear().(type) {
				case *wire.Receipt:
					require.NotEqual(t, wire.Accepted, m.Code)
					require.Equal(t, tx.ID, m.Tx)
				case *wire.Bye:
					require.Equal(t, wire.CodeInvalid, m.Code, "%s", m.Text)
				default:
					t.Fatalf("%#v", m)
				}
				require.Empty(t, f.names(f.prince, ""))
			})
		})
	}
}

func TestASlowPeerHoldsUpNobody(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := f.visit("slow")
		s.send(&wire.Subscribe{Request: 1, Collection: "albums", Query: "ORDER BY year"})
		synctest.Wait()
		began := time.Now()
		for i := range 2000 {
			f.create(f.prince, Album{Name: fmt.Sprint(i), Year: 1900 + i%100})
		}
		require.Zero(t, time.Since(began))
		known := make(map[event.ID]bool)
		messages := 0
		for len(known) < 2000 {
			messages++
			for _, row := range s.hear().(*wire.Rows).Rows {
				known[row.Row.ID] = true
			}
		}
		require.Less(t, messages, 200, "what gathers is put together")
	})
}

func TestASlowPeerIsToldWhatCameOfIt(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := f.visit("slow")
		for i := range 70 { // more than the line holds
			s.send(&wire.Ping{Number: uint64(i)})
		}
		s.send(&wire.Subscribe{Request: 1, Collection: "albums", Query: "year > 1950"})
		was := f.create(f.prince, Album{Name: "was", Year: 1990})
		require.Len(t, s.onlyRows(71).Rows, 1)
		for i := range 70 {
			s.send(&wire.Ping{Number: uint64(i)})
		}
		synctest.Wait()
		came := f.create(f.prince, Album{Name: "came", Year: 1990})
		brief := f.create(f.prince, Album{Name: "brief", Year: 1990})
		for _, year := range []int{1940, 1991, 1941} {
			f.edit(f.prince, was, func(m AlbumMutable) { m.SetYear(year) })
			f.edit(f.prince, brief, func(m AlbumMutable) { m.SetYear(year) })
		}
		f.edit(f.prince, came, func(m AlbumMutable) { m.SetYear(1940) })
		f.edit(f.prince, came, func(m AlbumMutable) { m.SetYear(1992) })
		m := s.onlyRows(71)
		require.Len(t, m.Rows, 1)
		require.Equal(t, came, m.Rows[0].Row.ID)
		gone := []event.ID{}
		for _, d := range m.Departures {
			gone = append(gone, d.ID)
			require.Equal(t, wire.NoMatch, d.Reason)
		}
		require.Contains(t, gone, was)
		require.NotContains(t, gone, came)
	})
}

// onlyRows hears n messages, of which one has rows.
func (s *stranger) onlyRows(n int) *wire.Rows {
	s.Helper()
	var found *wire.Rows
	for range n {
		if rows, ok := s.hear().(*wire.Rows); ok {
			require.Nil(s, found, "all in one")
			found = rows
		}
	}
	require.NotNil(s, found)
	return found
}

func TestSubscriptionsSpeakBeforeTheReceipt(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := f.visit("ada")
		s.send(&wire.Subscribe{Request: 1, Collection: "albums"})
		require.True(t, s.hear().(*wire.Rows).Reset)
		for i := range 10 {
			tx := newAlbum(f, i)
			for range 65 { // the line is full, and the writer waits for room
				s.send(&wire.Ping{})
			}
			synctest.Wait()
			s.send(&wire.Commit{Request: uint64(2 + i), Tx: tx})
			synctest.Wait()
			for range 65 {
				require.IsType(t, &wire.Pong{}, s.hear())
			}
			rows := s.hear().(*wire.Rows)
			require.Equal(t, uint64(1), rows.Request)
			require.Equal(t, tx.Events[0].ID, rows.Rows[0].Row.ID)
			rows = s.hear().(*wire.Rows)
			require.Equal(t, uint64(2+i), rows.Request)
			require.Equal(t, tx.Events[0].ID, rows.Rows[0].Row.ID)
			receipt := s.hear().(*wire.Receipt)
			require.Equal(t, wire.Accepted, receipt.Code)
			require.Equal(t, uint64(1+i), receipt.Seq)
			at, _ := rows.Cursor.At(f.node.Origin())
			require.Equal(t, receipt.Seq, at.Seq)
		}
	})
}

// newAlbum is a transaction that makes an album.
func newAlbum(f *fixture, year int) *event.Transaction {
	clock := f.node.Clock()
	id, err := clock.Mint()
	require.NoError(f, err)
	tx, err := clock.MintTransaction(id)
	require.NoError(f, err)
	return &event.Transaction{ID: tx, Events: []*event.Event{{
		ID: id, Entity: id, Collection: "albums", Salt: clock.NewSalt(),
		Ops: []event.Operation{{Field: "year", Kind: event.OpSet, Value: model.OfInt(int64(1900 + year)).AppendTo(nil)}},
	}}}
}

func TestWhatIsGivenUpIsNotWorkedOn(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		for i := range 200 {
			f.create(f.prince, Album{Name: strings.Repeat("x", 100_000), Year: 1900 + i})
		}
		s := f.visit("ada")
		s.send(&wire.Fetch{Request: 1, Collection: "albums"})
		s.send(&wire.Credit{Request: 1, Bytes: wire.MaxCredit / 2}) // what holds it up is the line
		synctest.Wait()
		s.send(&wire.Cancel{Request: 1})
		synctest.Wait()
		s.send(&wire.Ping{Number: 1})
		parts := 0
		for {
			m := s.hear()
			if _, ok := m.(*wire.Pong); ok {
				break
			}
			require.True(t, m.(*wire.Rows).More)
			parts++
		}
		require.Greater(t, parts, 50)
		s.send(&wire.Ping{Number: 2})
		require.Equal(t, &wire.Pong{Number: 2}, s.hear(), "and no more parts")
	})
}

// ponderous is a policy that thinks for as long as it is told to.
type ponderous struct {
	node.Policy
	think chan struct{}
}

func (p ponderous) Read(context.Context, node.Principal, string) error {
	<-p.think
	return nil
}

func TestAQueryMayBeGivenUpBeforeItStands(t *testing.T) {
	policy := ponderous{node.AllowAll(), nil}
	synctest.Test(t, func(t *testing.T) {
		policy.think = make(chan struct{})
		f := start(t, node.WithPolicy(policy))
		s := f.visit("ada")
		s.send(&wire.Subscribe{Request: 1, Collection: "albums"})
		s.send(&wire.Unsubscribe{Request: 1})
		synctest.Wait()
		close(policy.think)
		synctest.Wait()
		require.Zero(t, f.node.Standing())
		s.send(&wire.Ping{Number: 1})
		require.Equal(t, &wire.Pong{Number: 1}, s.hear(), "nobody wants an answer")
	})
}

func TestWhatIsLargeComesInParts(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		tx := f.prince.Begin()
		for i := range 5000 {
			_, err := albums.Create(tx, Album{Name: fmt.Sprintf("%100d", i), Year: 1990})
			require.NoError(t, err)
		}
		_, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		ada := f.join("ada")
		ada.connect()
		live := ada.query("ORDER BY name")
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, 5000, live.Items().Len())
		n, err := albums.Count(f.ctx, ada.session, "")
		require.NoError(t, err)
		require.Equal(t, 5000, n)
	})
}

func TestAClosedQueryIsGivenUpAtTheServer(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		live, other := ada.query("year = 1"), ada.query("year = 2")
		require.NoError(t, live.Wait(f.ctx))
		synctest.Wait()
		require.Equal(t, 2, f.node.Standing())
		live.Close()
		synctest.Wait()
		require.Equal(t, 1, f.node.Standing())
		ada.link.Cut()
		synctest.Wait()
		require.Zero(t, f.node.Standing())
		require.Equal(t, "stale", other.State().Phase.String())
	})
}

func TestTheServersCloseEndsItsConnections(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		require.NoError(t, f.node.Close(f.ctx))
		synctest.Wait()
		require.Equal(t, node.Offline, ada.connection.State().Phase)
		require.ErrorIs(t, ada.connection.State().Err, node.ErrClosed)
		require.Equal(t, "stale", live.State().Phase.String())
		_, r := ada.create(Album{Name: "Batman", Year: 1989})
		require.Equal(t, node.Pending, r.Status)
	})
}

func TestWhoIsServed(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		conn, err := f.line("x").Dial(f.ctx)
		require.NoError(t, err)
		require.ErrorIs(t, ada.node.Serve(f.ctx, conn, "x"), node.ErrEphemeral)
		for name, row := range map[string]struct {
			hello wire.Hello
			code  wire.Code
		}{
			"a durable node": {wire.Hello{Min: 1, Max: 1, Durable: true, System: f.node.System()}, wire.CodeProtocol},
			"another system": {wire.Hello{Min: 1, Max: 1, System: event.System{1}}, wire.CodeSystem},
		} {
			conn, err := f.line("x").Dial(f.ctx)
			require.NoError(t, err)
			s := &stranger{T: t, ctx: f.ctx, conn: conn}
			s.greet(f, &row.hello)
			require.Equal(t, row.code, s.hear().(*wire.Bye).Code, name)
		}
		silent, err := f.line("x").Dial(f.ctx)
		require.NoError(t, err)
		s := &stranger{T: t, ctx: f.ctx, conn: silent}
		_ = s.hear().(*wire.Hello)
		began := time.Now()
		_, err = silent.Receive(f.ctx)
		require.Error(t, err)
		require.Equal(t, 10*time.Second, time.Since(began), "who says nothing is not waited for")
	})
}
