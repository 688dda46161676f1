package node_test

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
)

// liar is a peer that says whatever a test has it say.
type liar struct {
	*fixture
	peer  *stranger
	ended chan error
}

// lie has the fixture's node replicate with a liar, which has said hello and heard
// what it is asked for.
func (f *fixture) lie(options ...node.ReplicateOption) *liar {
	near, far := pipe.New()
	l := &liar{fixture: f, peer: &stranger{T: f.T, ctx: f.ctx, conn: near}, ended: make(chan error, 1)}
	go func() { l.ended <- f.node.Replicate(f.ctx, far, options...) }()
	l.peer.greet(f, &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, Durable: true, System: f.node.System()})
	require.IsType(f, &wire.Follow{}, l.hear())
	return l
}

func (l *liar) say(m wire.Message) {
	l.Helper()
	l.peer.send(m)
}

func (l *liar) hear() wire.Message {
	l.Helper()
	return l.peer.hear()
}

// leave hangs up and returns what Replicate returned.
func (l *liar) leave() error {
	require.NoError(l, l.peer.conn.Close())
	return <-l.ended
}

// replica is what the node says of the connection, once all is at rest.
func (l *liar) replica() node.Replica {
	synctest.Wait()
	list := l.node.Replicas()
	require.Len(l, list, 1)
	return list[0]
}

// at is how far a log is in the fixture's node.
func (f *fixture) at(o event.Origin) uint64 {
	synctest.Wait()
	c, err := f.node.Cursor(f.ctx)
	require.NoError(f, err)
	p, _ := c.At(o)
	return p.Seq
}

// transaction creates an album.
func transaction(t testing.TB, clock *event.Clock, name string) *event.Transaction {
	id, err := clock.Mint()
	require.NoError(t, err)
	tx, err := clock.MintTransaction(id)
	require.NoError(t, err)
	return &event.Transaction{ID: tx, Events: []*event.Event{{
		ID: id, Entity: id, Collection: "albums", Salt: clock.NewSalt(),
		Ops: []event.Operation{{Kind: event.OpSet, Field: "name", Value: model.OfString(name).AppendTo(nil)}},
	}}}
}

// edit changes an album on top of some of its events.
func edited(t testing.TB, clock *event.Clock, name string, entityID event.ID, precursors ...event.ID) *event.Transaction {
	tx, err := clock.MintTransaction(precursors...)
	require.NoError(t, err)
	return &event.Transaction{ID: tx, Events: []*event.Event{{
		ID: tx.Update(1), Entity: entityID, Collection: "albums", Salt: clock.NewSalt(), Precursors: event.NewHead(precursors...),
		Ops: []event.Operation{{Kind: event.OpSet, Field: "name", Value: model.OfString(name).AppendTo(nil)}},
	}}}
}

// logOf makes a log of n albums.
func logOf(f *fixture, seed uint64, n int) *eventtest.Log {
	l := eventtest.NewLog(f, seed)
	for range n {
		l.Append(transaction(f, f.node.Clock(), "of a peer"))
	}
	return l
}

func certified(t testing.TB, logs ...*eventtest.Log) (list []event.Certificate) {
	for _, l := range logs {
		list = append(list, event.Certify(rootKey(t), l.Key.Public()))
	}
	return list
}

// copied returns an entry that shares nothing with e.
func copied(t testing.TB, e *event.Entry) *event.Entry {
	c, err := event.DecodeEntry(e.AppendTo(nil))
	require.NoError(t, err)
	return c
}

func TestTamperedEntriesAreRefused(t *testing.T) {
	for name, tamper := range map[string]func(*event.Entry){
		"prev":       func(e *event.Entry) { e.Prev[0]++ },
		"author":     func(e *event.Entry) { e.Author = "somebody else" },
		"entity":     func(e *event.Entry) { e.Tx.Events[0].Entity[15]++ },
		"event":      func(e *event.Entry) { e.Tx.Events[0].ID[15]++; e.Tx.Events[0].Entity = e.Tx.Events[0].ID },
		"tx":         func(e *event.Entry) { e.Tx.ID = e.Tx.ID.Update(1 << 19).Update(1 << 19) },
		"collection": func(e *event.Entry) { e.Tx.Events[0].Collection = "notes" },
		"precursors": func(e *event.Entry) { e.Tx.Events[0].Precursors = event.NewHead(event.ID{1}) },
		"salt":       func(e *event.Entry) { e.Tx.Events[0].Salt[0]++ },
		"field":      func(e *event.Entry) { e.Tx.Events[0].Ops[0].Field = "artist" },
		"kind":       func(e *event.Entry) { e.Tx.Events[0].Ops[0].Kind = 99 },
		"value":      func(e *event.Entry) { e.Tx.Events[0].Ops[0].Value = model.OfString("forged").AppendTo(nil) },
		"extension":  func(e *event.Entry) { e.Ext = []event.Extension{{Tag: 7}} },
		"of tx":      func(e *event.Entry) { e.Tx.Ext = []event.Extension{{Tag: 7}} },
		"of event":   func(e *event.Entry) { e.Tx.Events[0].Ext = []event.Extension{{Tag: 7}} },
		"added":      func(e *event.Entry) { e.Added = e.Tx.Events },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := member(t)
				bad, good := logOf(f, 1, 5), logOf(f, 2, 3)
				l := f.lie()
				f.alarm.expected.Store(true)
				l.say(&wire.Entries{
					Certificates: certified(t, bad, good), Entries: bad.Entries[:2], Heads: []event.SignedHead{bad.Head(2)},
				})
				tampered := copied(t, bad.Entries[2])
				tamper(tampered)
				l.say(&wire.Entries{
					Entries: slices.Concat(good.Entries, []*event.Entry{tampered}, bad.Entries[3:]),
					Heads:   []event.SignedHead{good.Head(3), bad.Head(5)},
				})
				l.say(&wire.Caught{Number: 1})
				require.Equal(t, uint64(2), f.at(bad.Key.Public()), "what was verified stays")
				require.Equal(t, uint64(3), f.at(good.Key.Public()), "other logs go on")
				r := l.replica()
				require.True(t, r.Settled)
				require.Len(t, r.Refused, 1)
				require.Equal(t, bad.Key.Public(), r.Refused[0].Origin)
				require.Equal(t, uint64(3), r.Refused[0].Seq)
				for {
					if refusal, ok := l.hear().(*wire.Refuse); ok {
						require.Equal(t, r.Refused[0].Origin, refusal.Origin)
						break
					}
				}
				var problem *node.ReplicaError
				require.ErrorAs(t, l.leave(), &problem)
				require.Equal(t, r.Refused[0], problem)
			})
		})
	}
}

// TestBadLogsAreRefused: each of these is a log that is refused from an entry on.
func TestBadLogsAreRefused(t *testing.T) {
	type story struct {
		certificates []event.Certificate
		entries      []*event.Entry
		heads        []event.SignedHead
	}
	problem := func(t *testing.T, err error) event.LogProblem {
		var p *event.LogError
		require.ErrorAs(t, err, &p)
		return p.Problem
	}
	for name, c := range map[string]struct {
		tell  func(t *testing.T, l *eventtest.Log, other *eventtest.Log) story
		check func(t *testing.T, err error)
		seq   uint64
	}{
		"gap": {
			func(t *testing.T, l, _ *eventtest.Log) story {
				return story{certified(t, l), slices.Delete(slices.Clone(l.Entries), 1, 2), []event.SignedHead{l.Head(5)}}
			},
			func(t *testing.T, err error) { require.Equal(t, event.Gapped, problem(t, err)) }, 2,
		},
		"fork": {
			func(t *testing.T, l, other *eventtest.Log) story {
				fork := &eventtest.Log{Key: l.Key, Entries: slices.Clone(l.Entries[:3])}
				fork.Append(other.Entries[0].Tx)
				return story{certified(t, l), l.Entries, []event.SignedHead{fork.Head(4)}}
			},
			func(t *testing.T, err error) { require.Equal(t, event.Tampered, problem(t, err)) }, 4,
		},
		"head of entries that did not come": {
			func(t *testing.T, l, _ *eventtest.Log) story {
				return story{certified(t, l), l.Entries[:3], []event.SignedHead{l.Head(5)}}
			},
			func(t *testing.T, err error) { require.Equal(t, event.Gapped, problem(t, err)) }, 4,
		},
		"signed by another": {
			func(t *testing.T, l, other *eventtest.Log) story {
				head := l.Head(5)
				head.Signature = event.SignHead(other.Key, 5, head.Hash, false).Signature
				return story{certified(t, l), l.Entries, []event.SignedHead{head}}
			},
			func(t *testing.T, err error) { require.Equal(t, event.BadSignature, problem(t, err)) }, 5,
		},
		"uncertified": {
			func(t *testing.T, l, other *eventtest.Log) story {
				return story{certified(t, other), l.Entries, []event.SignedHead{l.Head(5)}}
			},
			func(t *testing.T, err error) { require.ErrorIs(t, err, node.ErrUncertified) }, 1,
		},
		"certified by another system": {
			func(t *testing.T, l, other *eventtest.Log) story {
				return story{[]event.Certificate{event.Certify(other.Key, l.Key.Public())}, l.Entries, []event.SignedHead{l.Head(5)}}
			},
			func(t *testing.T, err error) { require.ErrorIs(t, err, node.ErrUncertified) }, 1,
		},
		"forged certificate": {
			func(t *testing.T, l, other *eventtest.Log) story {
				forged := event.Certify(other.Key, l.Key.Public())
				forged.System = rootKey(t).System()
				return story{[]event.Certificate{forged}, l.Entries, []event.SignedHead{l.Head(5)}}
			},
			func(t *testing.T, err error) { require.ErrorIs(t, err, node.ErrUncertified) }, 1,
		},
		"against the rules": {
			func(t *testing.T, l, _ *eventtest.Log) story {
				bad := &eventtest.Log{Key: l.Key}
				tx := copied(t, l.Entries[0]).Tx
				tx.Events[0].Ops[0].Kind = event.OpDelete
				tx.Events[0].ID, tx.Events[0].Entity = tx.ID, tx.ID
				bad.Append(tx)
				return story{certified(t, l), bad.Entries, []event.SignedHead{bad.Head(1)}}
			},
			func(t *testing.T, err error) { require.ErrorIs(t, err, event.ErrInvalid) }, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := member(t)
				log, other := logOf(f, 1, 5), logOf(f, 2, 5)
				told := c.tell(t, log, other)
				l := f.lie()
				f.alarm.expected.Store(true)
				l.say(&wire.Entries{Certificates: told.certificates, Entries: told.entries, Heads: told.heads})
				l.say(&wire.Entries{Certificates: certified(t, other), Entries: other.Entries, Heads: []event.SignedHead{other.Head(5)}})
				require.Zero(t, f.at(log.Key.Public()))
				require.Equal(t, uint64(5), f.at(other.Key.Public()), "other logs go on")
				r := l.replica()
				require.Len(t, r.Refused, 1)
				require.Equal(t, log.Key.Public(), r.Refused[0].Origin)
				require.Equal(t, c.seq, r.Refused[0].Seq)
				c.check(t, r.Refused[0])
				require.Error(t, l.leave())
			})
		})
	}
}

func TestBlockedOriginsAreNotReplicated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := member(t)
		one, two := logOf(f, 1, 2), logOf(f, 2, 2)
		for _, options := range [][]node.ReplicateOption{
			{node.WithoutOrigins(one.Key.Public())}, {node.OnlyOrigins(two.Key.Public())},
		} {
			l := f.lie(options...)
			f.alarm.expected.Store(true)
			l.say(&wire.Entries{
				Certificates: certified(t, one, two), Entries: slices.Concat(one.Entries, two.Entries),
				Heads: []event.SignedHead{one.Head(2), two.Head(2)},
			})
			require.Zero(t, f.at(one.Key.Public()))
			require.Equal(t, uint64(2), f.at(two.Key.Public()))
			require.ErrorIs(t, l.leave(), node.ErrBlocked)
		}
	})
}

func TestPeersThatDoNotBelongHereAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := member(t)
		other := start(t)
		left, right := replicate(f.ctx, f, other)
		require.ErrorIs(t, <-left, node.ErrSystem)
		require.ErrorIs(t, <-right, node.ErrSystem)

		near, far := pipe.New()
		ended := make(chan error, 1)
		go func() { ended <- f.node.Replicate(f.ctx, far) }()
		client := &stranger{T: t, ctx: f.ctx, conn: near}
		client.greet(f, &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, System: f.node.System()})
		require.ErrorContains(t, <-ended, "only durable nodes")

		joined := start(t, node.JoinSystem(rootKey(t).System()))
		left, right = replicate(f.ctx, f, joined)
		require.Error(t, <-left, "it is not certified")
		require.Error(t, <-right)
		c, err := f.node.Certify(joined.node.Origin())
		require.NoError(t, err)
		require.NoError(t, joined.node.Enrol(f.ctx, c))
		exchange(f, joined)
	})
}

// TestReplayedEntriesChangeNothing: what comes twice is passed by.
func TestReplayedEntriesChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := member(t)
		log := logOf(f, 1, 4)
		l := f.lie()
		all := &wire.Entries{Certificates: certified(t, log), Entries: log.Entries, Heads: []event.SignedHead{log.Head(4)}}
		l.say(all)
		require.Equal(t, uint64(4), f.at(log.Key.Public()))
		before := contentsOf(f)
		for range 3 {
			l.say(all)
			l.say(&wire.Entries{Entries: log.Entries[:2], Heads: []event.SignedHead{log.Head(2)}})
		}
		synctest.Wait()
		require.Equal(t, before, contentsOf(f))
		require.NoError(t, l.leave())
	})
}

// TestEntriesWaitForTheirPrecursors, in whatever log they come.
func TestEntriesWaitForTheirPrecursors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := member(t)
		clock := f.node.Clock()
		one, two := eventtest.NewLog(t, 1), eventtest.NewLog(t, 2)
		created := transaction(t, clock, "first").Events[0]
		one.Append(transaction(t, clock, "else"))
		first, err := clock.MintTransaction(created.ID)
		require.NoError(t, err)
		one.Append(&event.Transaction{ID: first, Events: []*event.Event{created}})
		two.Append(edited(t, clock, "second", created.ID, created.ID))
		two.Append(transaction(t, clock, "after it"))
		one.Append(edited(t, clock, "third", created.ID, two.Entries[0].Tx.Events[0].ID))

		l := f.lie()
		l.say(&wire.Entries{Certificates: certified(t, one, two), Entries: two.Entries, Heads: []event.SignedHead{two.Head(2)}})
		l.say(&wire.Caught{Number: 1})
		require.Zero(t, f.at(two.Key.Public()))
		r := l.replica()
		require.True(t, r.Settled, "nothing more is to be had from this peer")
		require.Len(t, r.Waiting, 1)
		require.Equal(t, uint64(1), r.Waiting[0].Seq)
		require.ErrorIs(t, r.Waiting[0], entity.ErrMissing)
		require.Positive(t, r.Held)

		other := eventtest.Log{Key: one.Key, Entries: one.Entries}
		l.say(&wire.Entries{Entries: other.Entries, Heads: []event.SignedHead{one.Head(3)}})
		require.Equal(t, uint64(2), f.at(two.Key.Public()))
		require.Equal(t, uint64(3), f.at(one.Key.Public()))
		require.Zero(t, l.replica().Held)
		require.Equal(t, []string{"third"}, f.names(f.prince, "name = 'third'"))
		require.NoError(t, l.leave())
	})
}

// TestWhatWaitsIsBounded: a log that waits for something that does not come is let go
// of, and asked for again when that has come after all.
func TestWhatWaitsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 1 << 20
		f := member(t, node.WithLimits(node.Limits{Held: most}))
		clock := f.node.Clock()
		one, two := eventtest.NewLog(t, 1), eventtest.NewLog(t, 2)
		one.Append(transaction(t, clock, "first"))
		created := one.Entries[0].Tx.Events[0]
		two.Append(edited(t, clock, "second", created.ID, created.ID))
		for range 40 {
			tx := transaction(t, clock, "large")
			tx.Events[0].Ops[0].Value = model.OfString(string(slices.Repeat([]byte{'x'}, most/20))).AppendTo(nil)
			two.Append(tx)
		}
		l := f.lie()
		sent := uint64(0)
		for i, e := range two.Entries {
			m := &wire.Entries{Entries: []*event.Entry{e}, Heads: []event.SignedHead{two.Head(i + 1)}}
			if i == 0 {
				m.Certificates = certified(t, one, two)
			}
			l.say(m)
			sent += uint64(len(wire.Append(nil, m)))
			synctest.Wait()
		}
		r := l.replica()
		require.Less(t, r.Held, most)
		require.Zero(t, f.at(two.Key.Public()))

		l.say(&wire.Entries{Entries: one.Entries, Heads: []event.SignedHead{one.Head(1)}})
		for {
			m := l.hear()
			if p, ok := m.(*wire.Progress); ok {
				require.LessOrEqual(t, p.Bytes, sent+math.MaxUint16)
			}
			if again, ok := m.(*wire.Follow); ok {
				require.Equal(t, uint64(2), again.Number)
				require.False(t, again.Cursor.CoversPosition(two.Key.Public(), 1))
				break
			}
		}
		for i, e := range two.Entries {
			l.say(&wire.Entries{Entries: []*event.Entry{e}, Heads: []event.SignedHead{two.Head(i + 1)}})
			synctest.Wait()
		}
		require.Equal(t, uint64(len(two.Entries)), f.at(two.Key.Public()))
		require.NoError(t, l.leave())
	})
}

// TestEntriesThatNobodySignsAreBounded: a log without signed heads is refused when it is
// too much.
func TestEntriesThatNobodySignsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 1 << 20
		f := member(t, node.WithLimits(node.Limits{Held: most}))
		f.alarm.expected.Store(true)
		log, good := eventtest.NewLog(t, 1), logOf(f, 2, 1)
		l := f.lie()
		for i := range 40 {
			tx := transaction(t, f.node.Clock(), "large")
			tx.Events[0].Ops[0].Value = model.OfString(string(slices.Repeat([]byte{'x'}, most/20))).AppendTo(nil)
			m := &wire.Entries{Entries: []*event.Entry{log.Append(tx)}}
			if i == 0 {
				m.Certificates = certified(t, log, good)
			}
			l.say(m)
		}
		l.say(&wire.Entries{Entries: good.Entries, Heads: []event.SignedHead{good.Head(1)}})
		require.Equal(t, uint64(1), f.at(good.Key.Public()), "other logs go on")
		r := l.replica()
		require.Len(t, r.Refused, 1)
		require.Equal(t, log.Key.Public(), r.Refused[0].Origin)
		require.Zero(t, r.Held)
		require.Error(t, l.leave())
	})
}

// TestAFloodOfLogsEndsTheConnection: what is refused has to be remembered, too.
func TestAFloodOfLogsEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := member(t)
		f.alarm.expected.Store(true)
		l := f.lie()
		entry := logOf(f, 1, 1).Entries[0]
		m := new(wire.Entries)
		for i := range 2000 {
			of := *entry
			of.Origin = event.Origin{1, byte(i), byte(i >> 8)}
			m.Entries = append(m.Entries, &of)
		}
		l.say(m)
		var refused *node.RefusedError
		require.ErrorAs(t, <-l.ended, &refused)
		require.Equal(t, wire.CodeTooMany, refused.Code)
	})
}
