package node_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

// deceiver is the client's end of a connection to an honest server, whose words it twists.
type deceiver struct {
	wire.Conn
	dice    *rand.Rand
	honest  int      // messages that are left alone at first: hello and proof
	backlog [][]byte // to be heard next
	heard   []wire.Message
}

func (l *deceiver) Receive(ctx context.Context) ([]byte, error) {
	if len(l.backlog) == 0 {
		b, err := l.Conn.Receive(ctx)
		if err != nil {
			return nil, err
		}
		if l.honest > 0 {
			l.honest--
			return b, nil
		}
		m, err := wire.Decode(b)
		if err != nil {
			return nil, err
		}
		l.heard = append(l.heard, m)
		l.twist(m, b)
	}
	b := l.backlog[0]
	l.backlog = l.backlog[1:]
	return b, nil
}

// twist puts into the backlog what becomes of a message, one message at least.
func (l *deceiver) twist(m wire.Message, b []byte) {
	put := func(m wire.Message) { l.backlog = append(l.backlog, wire.Append(nil, m)) }
	switch l.dice.IntN(12) {
	case 0: // somebody else's, or an old one again
		put(l.heard[l.dice.IntN(len(l.heard))])
	case 1:
		put(m)
		put(m)
	case 2:
		if again, err := wire.Decode(b); err == nil {
			l.forge(again)
			put(again)
		}
	case 3:
		put(l.invent())
		put(m)
	case 4:
		put(&wire.Pong{}) // instead of it
	case 5:
		b = slices.Clone(b)
		b[l.dice.IntN(len(b))] ^= 1 << l.dice.IntN(8)
		switch m, _ := wire.Decode(b); m.(type) {
		case *wire.Rows, *wire.Summary: // no cursor is forged: a client waits for who has that
			put(&wire.Pong{})
		default:
			l.backlog = append(l.backlog, b)
		}
	default:
		put(m)
	}
}

func (l *deceiver) request() uint64 { return l.dice.Uint64N(12) }

func (l *deceiver) id() (id event.ID) {
	for i := range id {
		id[i] = byte(l.dice.Uint32())
	}
	if l.dice.IntN(2) == 0 {
		id[0] = 0
	}
	return id
}

// row is one that nobody honest would send.
func (l *deceiver) row() wire.Row {
	values := []model.Value{
		model.Null, model.OfInt(7), model.OfString("lie"), model.OfID(l.id()), model.OfBool(true),
		model.OfString(string(make([]byte, 70_000))),
	}
	var list model.TupleBuilder
	for _, name := range []string{"artist", "name", "year", "zzz"} {
		if l.dice.IntN(3) > 0 {
			list.Set(name, values[l.dice.IntN(len(values))].AppendTo(nil))
		}
	}
	id := l.id()
	r := wire.Row{Row: model.Row{ID: id, Head: event.NewHead(id), Values: list.Tuple(), Deleted: l.dice.IntN(4) == 0}}
	if l.dice.IntN(2) == 0 {
		r.Row.Head = event.NewHead(l.id(), l.id())
		r.Merge = make([]byte, l.dice.IntN(40))
		for i := range r.Merge {
			r.Merge[i] = byte(l.dice.Uint32())
		}
	}
	return r
}

// invent is a message of a random kind with a random content.
func (l *deceiver) invent() wire.Message {
	code := []wire.Code{0, wire.CodeInvalid, wire.CodeInternal, wire.CodeBehind, wire.CodeCredential, wire.CodePrecursors, wire.CodeReadOnly, 999}[l.dice.IntN(8)]
	var digest event.Digest
	digest[0] = byte(l.dice.Uint32())
	switch l.dice.IntN(10) {
	case 0:
		return &wire.Summary{Request: l.request(), Count: l.dice.Uint64(), Digest: digest}
	case 1:
		return &wire.Failure{Request: l.request(), Code: code, Text: "lie"}
	case 2:
		return &wire.Receipt{Request: l.request(), Tx: l.id(), Code: code, Origin: event.Origin{1}, Seq: l.dice.Uint64()}
	case 3:
		return &wire.Events{Request: l.request(), More: l.dice.IntN(2) == 0}
	case 4:
		return &wire.Reasons{Request: l.request(), Reasons: make([]wire.Reason, l.dice.IntN(5))}
	case 5:
		return &wire.Authenticated{Request: l.request(), Principal: "mallory", Expires: l.dice.Int64()}
	case 6:
		return &wire.Credit{Request: l.request(), Bytes: l.dice.Uint64()}
	case 7:
		return &wire.Define{Model: []byte("lie")}
	}
	m := &wire.Rows{
		Request: l.request(), Reset: l.dice.IntN(2) == 0, More: l.dice.IntN(3) == 0, Answer: wire.Answer(l.dice.IntN(3)),
		Expected: l.dice.Uint64(),
	}
	l.forge(m)
	return m
}

// forge changes what a message says.
func (l *deceiver) forge(m wire.Message) {
	switch m := m.(type) {
	case *wire.Rows:
		for range l.dice.IntN(4) {
			row := l.row()
			if len(m.Rows) > 0 && l.dice.IntN(2) == 0 { // what the client knows as something else
				row.Row.ID = m.Rows[0].Row.ID
			}
			m.Rows = append(m.Rows, row)
		}
		for range l.dice.IntN(3) {
			row := l.row()
			m.Departures = append(m.Departures, wire.Departure{ID: row.Row.ID, Reason: wire.Reason(l.dice.IntN(9)), Last: &row})
		}
		if m.Answer != 0 {
			m.Count = l.dice.Uint64()
		}
		if m.Answer == wire.AnswerCompare {
			m.Buckets = []uint16{uint16(l.dice.IntN(wire.MaxBuckets))}
		}
	case *wire.Summary:
		m.Count++
	case *wire.Receipt:
		m.Seq++
	}
}

// TestADeceiverForAServer: whatever a server says, a client does not panic, loses nothing that
// it has not delivered, and comes to what is right once it speaks with an honest one.
func TestADeceiverForAServer(t *testing.T) {
	for range 30 {
		seed := rand.Uint64()
		cluster(t, func(t *testing.T, f *fixture) {
			t.Log("seed", seed)
			dice, lies := rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 1))
			ids := f.many(5, 10)
			ada := f.join("ada")
			ada.alarm.expected.Store(true)
			f.alarm.expected.Store(true)
			c, err := ada.node.Connect(func(ctx context.Context) (wire.Conn, error) {
				conn, err := ada.link.Dial(ctx)
				return &deceiver{Conn: conn, dice: lies, honest: 2}, err
			})
			require.NoError(t, err)
			queries := []string{"", "year > 1901 ORDER BY year LIMIT 3", "SELECT year, COUNT(*) GROUP BY year"}
			var lives []*entity.Live[AlbumView]
			for _, q := range queries[:2] {
				lives = append(lives, ada.query(q))
			}
			var receipts []node.Receipt
			for i := range 30 {
				switch dice.IntN(5) {
				case 0:
					_, r := ada.create(Album{Name: "mine", Year: 1950 + i})
					receipts = append(receipts, r)
				case 1:
					f.edit(f.prince, ids[dice.IntN(len(ids))], func(m AlbumMutable) { m.SetYear(1900 + i) })
				case 2:
					ctx, cancel := context.WithTimeout(f.ctx, time.Second)
					_, _ = albums.Collect(ctx, ada.session, "")
					for _, err := range albums.History(ctx, ada.session, ids[0]) {
						_ = err
					}
					cancel()
				case 3:
					tx := ada.session.Begin()
					m, err := albums.Edit(f.ctx, tx, ids[dice.IntN(len(ids))])
					if err == nil {
						m.SetArtist("ada")
						if r, err := tx.Commit(f.ctx); err == nil && r.Status == node.Pending {
							receipts = append(receipts, r)
						}
					}
					tx.Rollback()
				case 4:
					<-time.After(time.Duration(dice.IntN(5000)) * time.Millisecond)
				}
			}
			require.NoError(t, c.Close(f.ctx))
			require.NoError(t, ada.node.Err())
			ada.connect()
			<-time.After(20 * time.Minute)
			synctest.Wait()
			require.NoError(t, ada.node.Err())
			for _, r := range receipts {
				r, err := ada.node.Receipt(f.ctx, r.Transaction)
				require.NoError(t, err)
				require.NotEqual(t, node.Pending, r.Status)
			}
			for i, live := range lives {
				if errors.As(live.Err(), new(*node.RefusedError)) {
					continue // the deceiver has ended it
				}
				require.NoError(t, live.Err())
				require.Equal(t, entity.Complete, live.State().Phase, live.State().Err)
				require.Equal(t, f.names(f.prince, queries[i]), shown(live))
			}
		})
	}
}
