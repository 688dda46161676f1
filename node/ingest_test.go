package node_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

// TestATransactionWithTwoAddressesIsAppliedOnce: a client that lost an answer has
// delivered it to two nodes.
func TestATransactionWithTwoAddressesIsAppliedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := member(t), member(t)
		twice := transaction(t, a.node.Clock(), "twice")
		first, err := a.node.Accept(a.ctx, "ada", twice)
		require.NoError(t, err)
		second, err := b.node.Accept(b.ctx, "ada", twice)
		require.NoError(t, err)
		changes := 0
		live, err := albums.Query(a.ctx, a.prince, "")
		require.NoError(t, err)
		stop := live.Watch(a.ctx, func(entity.ChangeSet[AlbumView]) { changes++ })
		exchange(a, b)
		synctest.Wait()
		stop()
		require.Equal(t, 1, changes, "the initial one")
		requireSame(t, a, b)
		require.Equal(t, []string{"twice"}, b.names(b.queen, ""))
		for _, f := range []*fixture{a, b} {
			versions := 0
			for _, err := range albums.History(f.ctx, f.prince, twice.Events[0].Entity) {
				require.NoError(t, err)
				versions++
			}
			require.Equal(t, 1, versions)
		}
		again, err := a.node.Accept(a.ctx, "ada", twice)
		require.NoError(t, err)
		require.Equal(t, first, again)
		again, err = b.node.Accept(b.ctx, "ada", twice)
		require.NoError(t, err)
		require.Equal(t, second, again)
	})
}

// TestEventsWithOneIDAgreeEverywhere: of two that were accepted apart under one ID, the
// one with the smaller digest counts on every node, whichever came first.
func TestEventsWithOneIDAgreeEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := member(t), member(t), member(t)
		for _, f := range []*fixture{a, b, c} {
			f.alarm.expected.Store(true)
		}
		one := transaction(t, a.node.Clock(), "one")
		other := &event.Transaction{ID: one.ID, Events: []*event.Event{new(event.Event)}}
		*other.Events[0] = *one.Events[0]
		other.Events[0].Ops = []event.Operation{{Kind: event.OpSet, Field: "name", Value: model.OfString("other").AppendTo(nil)}}
		for f, tx := range map[*fixture]*event.Transaction{a: one, b: other} {
			_, err := f.node.Accept(f.ctx, "mallory", tx)
			require.NoError(t, err)
			f.edit(f.prince, one.Events[0].ID, func(m AlbumMutable) { m.SetArtist("Prince") })
		}
		winner, _ := entity.Resolve(one.Events[0], other.Events[0])
		want := map[*event.Event]string{one.Events[0]: "one", other.Events[0]: "other"}[winner]
		exchange(a, b)
		exchange(b, c)
		exchange(a, c)
		requireSame(t, a, b, c)
		for _, f := range []*fixture{a, b, c} {
			require.Equal(t, []string{want}, f.names(f.prince, ""))
		}
		a.edit(a.prince, one.Events[0].ID, func(m AlbumMutable) { m.SetYear(1986) })
		exchange(a, c)
		exchange(c, b)
		requireSame(t, a, b, c)
	})
}

// TestOneIDForTwoEntitiesOfAnotherLog: an engine is told of repeated events by ID
// alone, so such events must not share a batch with them.
func TestOneIDForTwoEntitiesOfAnotherLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := member(t)
		clock := f.node.Clock()
		first, second := transaction(t, clock, "first"), transaction(t, clock, "second")
		one, two := eventtest.NewLog(t, 1), eventtest.NewLog(t, 2)
		one.Append(first)
		one.Append(second)
		edit := edited(t, clock, "first again", first.Events[0].ID, first.Events[0].ID)
		twin := &event.Transaction{ID: edit.ID, Events: []*event.Event{new(event.Event)}}
		*twin.Events[0] = *edit.Events[0]
		twin.Events[0].Entity, twin.Events[0].Precursors = second.Events[0].ID, event.NewHead(second.Events[0].ID)
		one.Append(edit)
		two.Append(edit)
		two.Append(twin)
		l := f.lie()
		l.say(&wire.Entries{
			Certificates: certified(t, one, two), Entries: slices.Concat(one.Entries, two.Entries),
			Heads: []event.SignedHead{one.Head(3), two.Head(2)},
		})
		require.Equal(t, uint64(2), f.at(two.Key.Public()))
		require.Equal(t, []string{"first again", "first again"}, f.names(f.prince, ""))
		for entityID, events := range contentsOf(f).events {
			require.Len(t, events, 2, "of entity %v", entityID)
		}
		require.NoError(t, l.leave())
	})
}

// TestCollectionsWithoutAModelAreStoredAndForwarded, and readable once there is one.
func TestCollectionsWithoutAModelAreStoredAndForwarded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, c := member(t), member(t)
		tx := a.prince.Begin()
		_, err := notes.Create(tx, Note{Text: "to be kept"})
		require.NoError(t, err)
		_, err = tx.Commit(a.ctx)
		require.NoError(t, err)

		store := memory.NewStore()
		engine, err := store.Open(a.ctx, kv.Options{})
		require.NoError(t, err)
		relay := &fixture{T: t, ctx: a.ctx, store: store, stage: &stage{Engine: storage.Checked(engine)}}
		relay.node, err = node.Open(a.ctx, relay.stage, node.WithPolicy(node.AllowAll()), node.SystemRoot(rootKey(t)))
		require.NoError(t, err)
		exchange(a, relay)
		exchange(relay, c)
		requireSame(t, a, c)
		relay.stop()

		relay = startOver(t, store, node.SystemRoot(rootKey(t)))
		list, err := notes.Collect(relay.ctx, relay.prince, "text = 'to be kept'")
		require.NoError(t, err)
		require.Len(t, list, 1)
	})
}

// TestOperationsOfUnknownKindsAreKept and passed on.
func TestOperationsOfUnknownKindsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := member(t), member(t)
		log := eventtest.NewLog(t, 1)
		tx := transaction(t, a.node.Clock(), "Parade")
		tx.Events[0].Ops = append(tx.Events[0].Ops,
			event.Operation{Kind: 777, Field: "name", Value: []byte{1, 2, 3}},
			event.Operation{Kind: event.OpSet, Field: "of a later version", Value: model.OfInt(1).AppendTo(nil)})
		log.Append(tx)
		l := a.lie()
		l.say(&wire.Entries{Certificates: certified(t, log), Entries: log.Entries, Heads: []event.SignedHead{log.Head(1)}})
		require.Equal(t, uint64(1), a.at(log.Key.Public()))
		require.NoError(t, l.leave())
		exchange(a, b)
		requireSame(t, a, b)
		require.Equal(t, []string{"Parade"}, b.names(b.prince, ""))
	})
}

// TestForksAreNamedOnBothSides: two nodes have different entries of one log at one
// place.
func TestForksAreNamedOnBothSides(t *testing.T) {
	for name, ends := range map[string][2]int{"as long": {3, 3}, "longer": {2, 4}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nodes := [2]*fixture{member(t), member(t)}
				log := logOf(nodes[0], 1, 4)
				fork := &eventtest.Log{Key: log.Key, Entries: log.Entries[:1:1]}
				for range 3 {
					fork.Append(transaction(t, nodes[0].node.Clock(), "another"))
				}
				for i, l := range [2]*eventtest.Log{log, fork} {
					peer := nodes[i].lie()
					peer.say(&wire.Entries{
						Certificates: certified(t, l), Entries: l.Entries[:ends[i]], Heads: []event.SignedHead{l.Head(ends[i])},
					})
					require.Equal(t, uint64(ends[i]), nodes[i].at(log.Key.Public()))
					require.NoError(t, peer.leave())
					nodes[i].create(nodes[i].prince, Album{Name: "of its own"})
					nodes[i].alarm.expected.Store(true)
				}
				left, right := replicate(t.Context(), nodes[0], nodes[1], node.Once())
				for _, err := range []error{<-left, <-right} {
					var problem *node.ReplicaError
					require.ErrorAs(t, err, &problem)
					require.Equal(t, log.Key.Public(), problem.Origin)
					require.NotErrorIs(t, err, node.ErrLeft)
				}
				for i, f := range nodes {
					require.Equal(t, uint64(1), f.at(nodes[1-i].node.Origin()), "other logs go on")
				}
			})
		})
	}
}

// TestIngestionSurvivesAStoreThatFails: outcomes that are unknown, and batches that
// are prepared anew.
func TestIngestionSurvivesAStoreThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := member(t), member(t)
		for range 50 {
			a.create(a.prince, Album{Name: "Parade"})
		}
		commits := 0
		b.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
			switch commits++; commits % 3 {
			case 1:
				return storage.ErrUnknown
			case 2:
				require.NoError(t, next())
				return storage.ErrUnknown
			}
			return next()
		}
		ctx, cancel := context.WithCancel(a.ctx)
		left, right := replicate(ctx, a, b)
		for range 10 {
			a.create(a.prince, Album{Name: "Lovesexy"})
			b.create(b.queen, Album{Name: "Innuendo"})
			synctest.Wait()
		}
		requireSame(t, a, b)
		require.Greater(t, commits, 20)
		cancel()
		<-left
		<-right
		b.stage.commit = nil
	})
}

// TestWhatWasReplicatedIsJudgedByItsOrigin: a replica's own hooks, policy, checks and
// unique keys do not concern it.
func TestWhatWasReplicatedIsJudgedByItsOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := member(t)
		b := member(t, node.Hooks(func(context.Context, *node.Acceptance) error { return errTooOld }))
		log := eventtest.NewLog(t, 1)
		tx := transaction(t, a.node.Clock(), "from the past")
		tx.Events[0].Ops = append(tx.Events[0].Ops, event.Operation{
			Kind: event.OpSet, Field: "year", Value: model.OfInt(1800).AppendTo(nil),
		})
		log.Append(tx)
		l := a.lie()
		l.say(&wire.Entries{Certificates: certified(t, log), Entries: log.Entries, Heads: []event.SignedHead{log.Head(1)}})
		require.Equal(t, uint64(1), a.at(log.Key.Public()))
		require.NoError(t, l.leave())
		exchange(a, b)
		requireSame(t, a, b)
	})
}
