package node_test

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
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

// The adversarial suite: what a peer may send that nobody honest sends, and what is
// promised for it. Here are clients; replicate_hostile_test.go and ingest_test.go have
// durable nodes, node/stream and node/websocket whoever is no node at all. After each attack the node is
// healthy: an honest client commits and reads, and what the attack has cost in memory is
// less than spareHeap. What is refused for reasons of its own is tested in serve_test.go,
// accept_test.go, greeting_test.go, credential_test.go and hostile_test.go.

// spareHeap is how many bytes an attack may leave behind, with its connection still there:
// the largest attack sends several times as much.
const spareHeap = 24 << 20

// attacker is a peer that has said hello to a node that knows nobody, as grace, whose
// requests name 1 for her.
type attacker struct {
	*stranger
	f *fixture
	c *client // makes transactions
	n uint64  // the last request
}

// next is the number of the next request.
func (a *attacker) next() uint64 {
	a.n++
	return a.n
}

// bye hears until the connection ends, and checks why.
func (a *attacker) bye(code wire.Code) {
	a.Helper()
	for {
		if m, ok := a.hear().(*wire.Bye); ok {
			require.Equal(a, code, m.Code, m.Text)
			return
		}
	}
}

// fails sends a request that fails.
func (a *attacker) fails(m wire.Message, code wire.Code) {
	a.Helper()
	a.send(m)
	f, ok := a.hear().(*wire.Failure)
	require.True(a, ok)
	require.Equal(a, code, f.Code, f.Text)
}

// commits hands a transaction over and checks what becomes of it.
func (a *attacker) commits(tx *event.Transaction, code wire.Code) *wire.Receipt {
	a.Helper()
	a.send(&wire.Commit{Request: a.next(), As: 1, Tx: tx})
	for {
		switch m := a.hear().(type) {
		case *wire.Receipt:
			require.Equal(a, code, m.Code, m.Text)
			return m
		case *wire.Failure, *wire.Bye:
			require.Failf(a, "no receipt", "%#v", m)
		}
	}
}

// goesOn checks that the connection is good for more.
func (a *attacker) goesOn() {
	a.Helper()
	a.send(&wire.Ping{Number: 7})
	for {
		if m, ok := a.hear().(*wire.Pong); ok {
			require.Equal(a, uint64(7), m.Number)
			return
		}
	}
}

// change is a transaction of one event for an album, with given precursors.
func (a *attacker) change(entity event.ID, precursors ...event.ID) *event.Transaction {
	tx, err := a.c.clock.MintTransaction(precursors...)
	require.NoError(a, err)
	return &event.Transaction{ID: tx, Events: []*event.Event{{
		ID: tx.Update(1), Entity: entity, Collection: "albums", Precursors: event.NewHead(precursors...), Salt: a.c.clock.NewSalt(),
		Ops: []event.Operation{{Field: "year", Kind: event.OpSet, Value: model.OfInt(1990).AppendTo(nil)}},
	}}}
}

// attacks are by what they are; each says what it sends, and checks what is promised.
func attacks() map[string]func(a *attacker) {
	return map[string]func(a *attacker){
		// Oversized.
		"a query beyond its limit: invalid": func(a *attacker) {
			a.send(&wire.Fetch{Request: a.next(), As: 1, Collection: "albums", Query: strings.Repeat("x", wire.MaxQuery+1)})
			a.bye(wire.CodeInvalid)
		},
		"a collection's name beyond its limit: invalid": func(a *attacker) {
			a.send(&wire.Subscribe{Request: a.next(), As: 1, Collection: strings.Repeat("x", wire.MaxCollection+1)})
			a.bye(wire.CodeInvalid)
		},
		"a credential beyond its limit: invalid": func(a *attacker) {
			a.send(&wire.Authenticate{Request: a.next(), Credential: make([]byte, wire.MaxCredential+1)})
			a.bye(wire.CodeInvalid)
		},
		"a list that says it is longer than its message: invalid": func(a *attacker) {
			m := wire.Append(nil, &wire.Commit{Request: a.next(), As: 1, Tx: a.c.create(Album{})})
			m = append(m[:len(m)-1], 0xFF, 0xFF, 0x03) // 65,535 reads
			require.NoError(a, a.conn.Send(a.ctx, m))
			a.bye(wire.CodeInvalid)
		},
		"an event with more operations than there may be: invalid": func(a *attacker) {
			tx := a.c.create(Album{Name: "Parade"})
			tx.Events[0].Ops = slices.Repeat(tx.Events[0].Ops[:1], event.MaxOps+1)
			a.send(&wire.Commit{Request: a.next(), As: 1, Tx: tx})
			a.bye(wire.CodeInvalid)
		},
		"transactions of 7 MB that are refused, one after the other: none is kept": func(a *attacker) {
			for range 15 {
				a.commits(a.c.create(bulky(1812, 7<<20)), wire.CodeInvalid)
			}
		},

		// Deep.
		"a predicate in 30,000 parentheses: invalid": func(a *attacker) {
			const depth = 30_000
			q := strings.Repeat("(", depth) + "year = 1" + strings.Repeat(")", depth)
			a.fails(&wire.Fetch{Request: a.next(), As: 1, Collection: "albums", Query: q}, wire.CodeInvalid)
			a.goesOn()
		},
		"16,000 times NOT: invalid": func(a *attacker) {
			q := strings.Repeat("NOT ", 16_000) + "year = 1"
			a.fails(&wire.Subscribe{Request: a.next(), As: 1, Collection: "albums", Query: q}, wire.CodeInvalid)
			a.goesOn()
		},

		// Truncated.
		"a commit without its end: invalid": func(a *attacker) {
			m := wire.Append(nil, &wire.Commit{Request: a.next(), As: 1, Tx: a.c.create(Album{Name: "Parade"})})
			require.NoError(a, a.conn.Send(a.ctx, m[:len(m)/2]))
			a.bye(wire.CodeInvalid)
		},
		"nothing at all: invalid": func(a *attacker) {
			require.NoError(a, a.conn.Send(a.ctx, nil))
			a.bye(wire.CodeInvalid)
		},

		// Reordered.
		"requests whose numbers go down: protocol": func(a *attacker) {
			a.n = 50
			a.fails(&wire.Get{Request: 50, As: 1, Collection: "elves"}, wire.CodeNotFound)
			a.send(&wire.Get{Request: 49, As: 1, Collection: "albums"})
			a.bye(wire.CodeProtocol)
		},
		"an edit before what it builds on: precursors missing, and accepted afterwards": func(a *attacker) {
			create := a.c.create(Album{Name: "Parade", Year: 1986})
			edit := a.change(create.Events[0].ID, create.Events[0].ID)
			a.commits(edit, wire.CodePrecursors)
			a.commits(create, wire.Accepted)
			a.commits(a.c.remote(edit), wire.Accepted)
		},
		"a second hello: protocol": func(a *attacker) {
			a.send(&wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion})
			a.bye(wire.CodeProtocol)
		},
		"a second proof: protocol": func(a *attacker) {
			a.send(&wire.Proof{})
			a.bye(wire.CodeProtocol)
		},

		// Replayed.
		"a transaction ten times: the same receipt, and it is there once": func(a *attacker) {
			tx := a.c.create(Album{Name: "Parade", Year: 1986})
			first := a.commits(tx, wire.Accepted)
			for range 9 {
				again := a.commits(a.c.remote(tx), wire.Accepted)
				require.Equal(a, first.Seq, again.Seq)
				require.Equal(a, first.Origin, again.Origin)
			}
			require.Len(a, a.f.names(a.f.prince, "name = 'Parade'"), 1)
		},

		// Forged.
		"another content under an ID that is taken: equivocal": func(a *attacker) {
			tx := a.c.create(Album{Name: "Parade", Year: 1986})
			a.commits(tx, wire.Accepted)
			forged := a.c.remote(tx)
			forged.Events[0].Ops[0].Value = model.OfString("Chaos").AppendTo(nil)
			a.commits(forged, wire.CodeEquivocal)
			require.Equal(a, "Parade", a.f.get(tx.Events[0].ID).Name())
		},
		"what only a server says: protocol": func(a *attacker) {
			a.send(&wire.Receipt{Request: 1, Tx: event.ID{1}})
			a.bye(wire.CodeProtocol)
		},
		"entries of a log, from a client: protocol": func(a *attacker) {
			a.send(&wire.Entries{})
			a.bye(wire.CodeProtocol)
		},

		// Future-dated.
		"a transaction of tomorrow: skew": func(a *attacker) {
			a.commits(newClient(a.T, 24*time.Hour).create(Album{Name: "Parade", Year: 1986}), wire.CodeSkew)
		},
		"one at the end of time: skew": func(a *attacker) {
			tx := a.c.create(Album{Name: "Parade", Year: 1986})
			late := event.ID{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 15: 1}
			tx.Events[0].ID, tx.Events[0].Entity, tx.ID = late, late, late.Update(1)
			a.send(&wire.Commit{Request: a.next(), As: 1, Tx: tx})
			switch m := a.hear().(type) {
			case *wire.Receipt:
				require.Contains(a, []wire.Code{wire.CodeSkew, wire.CodeInvalid}, m.Code)
			default:
				require.Equal(a, wire.CodeInvalid, m.(*wire.Bye).Code)
			}
		},

		// Cyclic.
		"an event that builds on itself: refused": func(a *attacker) {
			create := a.c.create(Album{Name: "Parade", Year: 1986})
			a.commits(create, wire.Accepted)
			id := create.Events[0].ID
			tx := a.change(id, id)
			tx.Events[0].Precursors = event.NewHead(tx.Events[0].ID)
			a.refused(tx)
		},
		"two transactions that build on each other: refused": func(a *attacker) {
			create := a.c.create(Album{Name: "Parade", Year: 1986})
			a.commits(create, wire.Accepted)
			id := create.Events[0].ID
			one, two := a.change(id, id), a.change(id, id)
			one.Events[0].Precursors = event.NewHead(two.Events[0].ID)
			two.Events[0].Precursors = event.NewHead(one.Events[0].ID)
			if a.refused(one) {
				a.refused(two)
			}
		},

		// Dangling.
		"a change of what was never created: precursors missing": func(a *attacker) {
			ghost, err := a.c.clock.Mint()
			require.NoError(a, err)
			a.commits(a.change(ghost, ghost), wire.CodePrecursors)
		},
		"the end of requests that there are not: nothing": func(a *attacker) {
			for i := range uint64(20_000) {
				a.send(&wire.Unsubscribe{Request: i << 20})
				a.send(&wire.Cancel{Request: i << 20})
				a.send(&wire.Pong{Number: i})
			}
			a.goesOn()
		},

		// A second genesis.
		"an entity that is created again: equivocal": func(a *attacker) {
			tx := a.c.create(Album{Name: "Parade", Year: 1986})
			a.commits(tx, wire.Accepted)
			a.commits(a.c.createAs(tx.Events[0].ID, "albums", "name"), wire.CodeEquivocal)
			require.Equal(a, "Parade", a.f.get(tx.Events[0].ID).Name())
		},
		"a creation without an event to it: refused": func(a *attacker) {
			tx := a.c.create(Album{Name: "Parade", Year: 1986})
			other, err := a.c.clock.Mint()
			require.NoError(a, err)
			tx.Events[0].Entity = other
			a.refused(tx)
		},

		// Floods.
		"1,000 events that do not know of each other: merged, and the head can be followed": func(a *attacker) {
			create := a.c.create(Album{Name: "Parade", Year: 1986})
			a.commits(create, wire.Accepted)
			id := create.Events[0].ID
			for range 1_000 {
				a.commits(a.change(id, id), wire.Accepted)
			}
			require.LessOrEqual(a, len(a.f.get(id).Head()), event.MaxPrecursors)
			a.f.edit(a.f.queen, id, func(m AlbumMutable) { m.SetYear(2001) })
			require.Equal(a, 2001, a.f.get(id).Year())
		},
		"more live queries than there may be: too many": func(a *attacker) {
			for {
				a.send(&wire.Subscribe{Request: a.next(), As: 1, Collection: "albums", Query: fmt.Sprintf("year > %d", a.n)})
				if f, ok := a.hear().(*wire.Failure); ok {
					require.Equal(a, wire.CodeTooMany, f.Code)
					break
				}
			}
			require.Equal(a, uint64(4097), a.n-1)
			a.goesOn()
		},
		"answers that are never taken in: they wait, and the rest goes on": func(a *attacker) {
			a.f.many(10, 100_000)
			for range 40 {
				a.send(&wire.Fetch{Request: a.next(), As: 1, Collection: "albums"})
				a.send(&wire.Subscribe{Request: a.next(), As: 1, Collection: "albums"})
				a.goesOn()
			}
		},
		"more credit than there may be: protocol": func(a *attacker) {
			a.send(&wire.Subscribe{Request: a.next(), As: 1, Collection: "albums"})
			a.send(&wire.Credit{Request: a.n, Bytes: 1<<64 - 1})
			a.bye(wire.CodeProtocol)
		},

		// Slow.
		"silence: given up after a minute": func(a *attacker) {
			began := time.Now()
			for {
				if _, err := a.conn.Receive(a.ctx); err != nil {
					break
				}
			}
			require.InDelta(a, time.Minute, time.Since(began), float64(time.Second))
		},
		"a line on which nothing is taken: given up": func(a *attacker) {
			for range 200 {
				a.send(&wire.Subscribe{Request: a.next(), As: 1, Collection: "albums"})
			}
			<-time.After(time.Hour)
			require.Zero(a, a.f.node.Standing())
		},

		// Credential swaps.
		"requests in somebody's name who has not shown a credential: credential": func(a *attacker) {
			for _, as := range []uint64{0, 2, 1 << 63} {
				a.fails(&wire.Fetch{Request: a.next(), As: as, Collection: "albums"}, wire.CodeCredential)
			}
			a.goesOn()
		},
		"a credential shown as another's: credential": func(a *attacker) {
			a.fails(&wire.Authenticate{Request: a.next(), Principal: "prince", Credential: []byte("I am grace")}, wire.CodeCredential)
			a.goesOn()
		},
		"a renewal with another's credential: credential, and the old one stays": func(a *attacker) {
			a.fails(&wire.Authenticate{Request: a.next(), Renews: 1, Credential: []byte("I am prince")}, wire.CodeCredential)
			tx := a.c.create(Album{Name: "Parade", Year: 1986})
			a.commits(tx, wire.Accepted)
			for v, err := range albums.History(a.f.ctx, a.f.queen, tx.Events[0].ID) {
				require.NoError(a, err)
				require.Equal(a, "grace", v.Author)
			}
		},
		"a credential after it was revoked: credential": func(a *attacker) {
			require.Equal(a, 1, a.f.node.Revoke("grace"))
			require.Equal(a, wire.CodeCredential, a.hear().(*wire.Failure).Code)
			a.fails(&wire.Commit{Request: a.next(), As: 1, Tx: a.c.create(Album{Name: "Chaos", Year: 1986})}, wire.CodeCredential)
			require.Empty(a, a.f.names(a.f.prince, "name = 'Chaos'"))
		},
		"guesses: credential, and the connection ends": func(a *attacker) {
			for range 8 {
				a.fails(&wire.Authenticate{Request: a.next(), Credential: []byte("guess")}, wire.CodeCredential)
			}
			a.send(&wire.Authenticate{Request: a.next(), Credential: []byte("guess")})
			a.bye(wire.CodeCredential)
		},
	}
}

// refused hands over a transaction that must not be accepted, and reports whether the
// connection goes on.
func (a *attacker) refused(tx *event.Transaction) bool {
	a.Helper()
	a.send(&wire.Commit{Request: a.next(), As: 1, Tx: tx})
	for {
		switch m := a.hear().(type) {
		case *wire.Receipt:
			require.NotEqual(a, wire.Accepted, m.Code)
			return true
		case *wire.Bye:
			require.Equal(a, wire.CodeInvalid, m.Code)
			return false
		}
	}
}

func TestAdversaries(t *testing.T) {
	for name, attack := range attacks() {
		t.Run(name, func(t *testing.T) {
			d := &doorkeeper{banned: make(map[string]bool)}
			cluster(t, func(t *testing.T, f *fixture) {
				a := f.attacker()
				synctest.Wait()
				before := heap()
				attack(a)
				synctest.Wait()
				f.healthy(before)
				_ = a.conn.Close()
			}, node.WithAuthenticator(d))
		})
	}
}

// attacker is a stranger that has shown grace's credential.
func (f *fixture) attacker() *attacker {
	f.Helper()
	link := newCable(func(conn wire.Conn) { go func() { _ = f.node.ServeStranger(f.ctx, conn) }() })
	conn, err := link.Dial(f.ctx)
	require.NoError(f, err)
	a := &attacker{stranger: &stranger{T: f.T, ctx: f.ctx, conn: conn}, f: f, c: newClient(f.T, 0)}
	a.greet(f, &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion})
	a.send(&wire.Authenticate{Request: a.next(), Credential: []byte("I am grace")})
	require.IsType(f, &wire.Authenticated{}, a.hear())
	return a
}

// healthy checks that the node serves an honest client, and has given back what an
// attack took.
func (f *fixture) healthy(before int64) {
	f.Helper()
	ada := f.join("ada")
	ada.connect()
	live := ada.query("name = 'Honest'")
	_, r := ada.create(Album{Name: "Honest", Year: 1986})
	require.Equal(f, node.Accepted, ada.outcome(r).Status)
	require.NoError(f, live.Wait(f.ctx))
	synctest.Wait()
	require.Equal(f, []string{"Honest"}, shown(live))
	require.Equal(f, []string{"Honest"}, f.names(f.queen, "name = 'Honest'"))
	require.NoError(f, ada.connection.Close(f.ctx))
	require.Less(f, heap()-before, int64(spareHeap))
}

// TestGreetingsThatNobodyHonestSays: before anything can be asked.
func TestGreetingsThatNobodyHonestSays(t *testing.T) {
	hello := func(set func(m *wire.Hello)) func(s *stranger, f *fixture) {
		return func(s *stranger, f *fixture) {
			m := &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion}
			set(m)
			s.greet(f, m)
		}
	}
	for name, row := range map[string]struct {
		say  func(s *stranger, f *fixture)
		code wire.Code // 0: the connection ends without a word
	}{
		"another system": {hello(func(m *wire.Hello) { m.System = event.System{1} }), wire.CodeSystem},
		"a request before the hello": {func(s *stranger, _ *fixture) {
			s.send(&wire.Fetch{Request: 1, Collection: "albums"})
			require.IsType(s, &wire.Hello{}, s.hear())
		}, wire.CodeProtocol},
		"a hello without its end": {func(s *stranger, _ *fixture) {
			require.NoError(s, s.conn.Send(s.ctx, wire.Append(nil, &wire.Hello{})[:20]))
			require.IsType(s, &wire.Hello{}, s.hear())
		}, wire.CodeInvalid},
		"a proof for another connection": {func(s *stranger, f *fixture) {
			key, err := event.NewKey(rand.Reader)
			require.NoError(s, err)
			mine := &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, Node: key.Public()}
			said := event.Digest(sha256.Sum256(wire.Append(nil, mine)))
			other, err := f.line("x").Dial(s.ctx)
			require.NoError(s, err)
			heard, err := other.Receive(s.ctx)
			require.NoError(s, err)
			_ = other.Close()
			s.send(mine)
			require.IsType(s, &wire.Hello{}, s.hear())
			s.send(&wire.Proof{Signature: event.Prove(key, said, sha256.Sum256(heard))})
			require.IsType(s, &wire.Proof{}, s.hear())
		}, wire.CodeIdentity},
		"a hello, and no proof": {func(s *stranger, _ *fixture) {
			s.send(&wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, Node: event.Origin{1}})
			require.IsType(s, &wire.Hello{}, s.hear())
			require.IsType(s, &wire.Proof{}, s.hear())
			<-time.After(11 * time.Second)
		}, 0},
		"nothing": {func(s *stranger, _ *fixture) {
			require.IsType(s, &wire.Hello{}, s.hear())
			<-time.After(11 * time.Second)
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				before := heap()
				for range 20 {
					conn, err := f.line("mallory").Dial(f.ctx)
					require.NoError(t, err)
					s := &stranger{T: t, ctx: f.ctx, conn: conn}
					row.say(s, f)
					if row.code != 0 {
						require.Equal(t, row.code, s.hear().(*wire.Bye).Code)
					}
					_, err = conn.Receive(f.ctx)
					require.Error(t, err)
				}
				f.healthy(before)
			})
		})
	}
}
