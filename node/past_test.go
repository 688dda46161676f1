package node_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
)

// chronicle is all that was ever logged, for replaying it naively.
type chronicle []*event.Entry

func readChronicle(t require.TestingT, n *node.Node) (all chronicle) {
	n.WithEngine(func(e storage.Engine) {
		s, err := e.Snapshot(context.Background())
		require.NoError(t, err)
		defer s.Close()
		for entry, err := range s.Log(context.Background(), event.Cursor{}) {
			require.NoError(t, err)
			all = append(all, entry)
		}
	})
	return all
}

// replay computes the world out of the transactions that are asked for: the
// events of all of them in ID order, each if its precursors came, the greatest
// event deciding each field.
func (c chronicle) replay(include func(tx event.ID, seq uint64) bool) world {
	var events []*event.Event
	for _, entry := range c {
		if include(entry.Tx.ID, entry.Seq) {
			events = append(events, entry.Tx.Events...)
		}
		if len(entry.Added) > 0 && include(entry.AddedID(), entry.Seq) {
			events = append(events, entry.Added...)
		}
	}
	slices.SortFunc(events, func(a, b *event.Event) int { return a.ID.Compare(b.ID) })
	w, seen := world{}, map[event.ID]bool{}
	for _, e := range events {
		ready := e.Collection == "albums"
		for _, p := range e.Precursors {
			ready = ready && seen[p]
		}
		if !ready {
			continue
		}
		seen[e.ID] = true
		a := w[e.Entity]
		if a == nil {
			a = &album{id: e.Entity}
			w[e.Entity] = a
		}
		for _, op := range e.Ops {
			a.apply(op)
		}
	}
	return w
}

func (a *album) apply(op event.Operation) {
	switch op.Kind {
	case event.OpDelete:
		a.deleted = true
	case event.OpUndelete:
		a.deleted = false
	}
	v, err := model.DecodeValue(op.Value)
	if err != nil {
		return
	}
	switch op.Field {
	case "name":
		a.Name = v.Text()
	case "artist":
		a.Artist = v.Text()
	case "year":
		a.Year = int(v.Int())
	}
}

// TestThePastAgreesWithANaiveReplay lets several transactions at a time, and some
// that come late from clients, make a history, and reads all of its moments.
func TestThePastAgreesWithANaiveReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		n, done := openWorld(t, node.Now(func() time.Time { return now }), node.Hooks(noting))
		defer done()
		s := n.Session("prince")
		offline := event.NewClock(event.ClockOptions{Now: func() time.Time { return now.Add(-time.Hour) }})
		var open []*node.Tx
		var cursors []event.Cursor
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "ms")) * time.Millisecond)
			w := readChronicle(t, n).replay(func(event.ID, uint64) bool { return true })
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0, 1:
				tx := s.Begin()
				for range rapid.IntRange(1, 3).Draw(t, "changes") {
					change(t, ctx, tx, w)
				}
				open = append(open, tx)
			case 2:
				acceptLate(t, n, offline, w)
			default:
				if len(open) > 0 {
					i := rapid.IntRange(0, len(open)-1).Draw(t, "commit")
					_, err := open[i].Commit(ctx)
					require.NoError(t, err)
					open = slices.Delete(open, i, i+1)
				}
			}
			c, err := n.Cursor(ctx)
			require.NoError(t, err)
			cursors = append(cursors, c)
		}
		checkPasts(t, n, cursors)
	})
}

// noting is a hook: what it adds has an address of its own in ID order.
func noting(ctx context.Context, a *node.Acceptance) error {
	for _, c := range a.Changes {
		if c.Schema != albumSchema || c.Before.IsZero() || c.After.Deleted() {
			continue
		}
		m, err := albums.Edit(ctx, a.Tx(), c.After.ID())
		if err != nil {
			return err
		}
		m.SetArtist("edited by " + string(a.Principal))
	}
	return nil
}

// acceptLate hands in what a client with a slow clock made of what it knows.
func acceptLate(t *rapid.T, n *node.Node, clock *event.Clock, w world) {
	ctx := context.Background()
	o := new(entity.Overlay)
	_, err := o.Create(clock, lenient, []model.Value{model.OfString("late"), model.OfString(""), model.OfInt(1950)})
	require.NoError(t, err)
	for _, id := range w.ids() {
		v, err := albums.Get(ctx, n.Session("late"), id)
		if err != nil || !rapid.Bool().Draw(t, "late edit") {
			continue
		}
		o.Fork(lenient, id, v.Row())
		d, err := o.Edit(lenient, id)
		require.NoError(t, err)
		(AlbumMutable{d}).SetYear(rapid.IntRange(1900, 1905).Draw(t, "late year"))
	}
	tx, err := o.Build(clock)
	require.NoError(t, err)
	_, err = n.Accept(ctx, "late", tx)
	require.NoError(t, err)
}

func checkPasts(t *rapid.T, n *node.Node, cursors []event.Cursor) {
	s, c := n.Session("auditor"), readChronicle(t, n)
	for _, cursor := range cursors {
		w := c.replay(func(_ event.ID, seq uint64) bool { return cursor.CoversPosition(n.Origin(), seq) })
		checkPast(t, s.AsKnown(cursor), w)
	}
	moments := map[event.ID]bool{}
	for _, entry := range c {
		moments[entry.Tx.ID] = true
		if len(entry.Added) > 0 {
			moments[entry.AddedID()] = true
		}
	}
	for id := range moments {
		checkPast(t, s.AsOfTransaction(id), c.replay(func(tx event.ID, _ uint64) bool { return tx.Compare(id) <= 0 }))
		checkPast(t, s.AsOf(id.Time()), c.replay(func(tx event.ID, _ uint64) bool { return !tx.Time().After(id.Time()) }))
	}
}

func checkPast(t *rapid.T, r entity.Reader, w world) {
	ctx := context.Background()
	for _, q := range questions {
		for _, limit := range []int{-1, 2} {
			list, err := albums.Collect(ctx, r, q.window(limit, 1))
			require.NoError(t, err)
			require.Equal(t, q.answer(w, limit, 1), lines(list))
		}
	}
	for id, a := range w {
		v, err := albums.Get(ctx, r, id)
		if a.deleted {
			require.ErrorIs(t, err, entity.ErrDeleted)
		} else {
			require.NoError(t, err)
		}
		require.Equal(t, a.Album, Album{v.Name(), v.Artist(), v.Year()})
	}
}

func TestTheTwoOrders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := start(t), newClient(t, 0)
		late := c.create(Album{Name: "written first"})
		<-time.After(time.Hour)
		f.create(f.prince, Album{Name: "known first"})
		before, err := f.node.Cursor(f.ctx)
		require.NoError(t, err)
		halfway := time.Now().Add(-time.Minute)
		require.Empty(t, f.names(f.queen.AsOf(halfway), ""))
		_, err = f.node.Accept(f.ctx, "prince", late)
		require.NoError(t, err)
		require.Equal(t, []string{"written first"}, f.names(f.queen.AsOf(halfway), ""), "a late arrival amends the past")
		require.Equal(t, []string{"known first"}, f.names(f.queen.AsKnown(before), ""), "but not what was known then")
		_, err = albums.Get(f.ctx, f.queen.AsKnown(before), late.Events[0].ID)
		require.ErrorIs(t, err, entity.ErrNotFound)
		_, err = albums.Get(f.ctx, f.queen.AsOf(halfway), event.ID{1})
		require.ErrorIs(t, err, entity.ErrNotFound)
		_, err = notes.Get(f.ctx, f.queen.AsOf(halfway), late.Events[0].ID)
		require.ErrorIs(t, err, entity.ErrNotFound, "of another collection")
	})
}

func TestHistory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		mine := f.editing(id, func(m AlbumMutable) { m.SetName("mine") })
		<-time.After(time.Second)
		theirs := f.edit(f.queen, id, func(m AlbumMutable) { m.SetArtist("theirs") })
		<-time.After(time.Second)
		last, err := mine.Commit(f.ctx)
		require.NoError(t, err)
		require.NoError(t, f.queen.Update(f.ctx, func(tx *node.Tx) error { return albums.Delete(f.ctx, tx, id) }))

		type version struct {
			album   Album
			author  string
			seq     uint64
			head    int
			deleted bool
		}
		var got []version
		var txs []event.ID
		for v, err := range albums.History(f.ctx, f.queen, id) {
			require.NoError(t, err)
			require.Equal(t, f.node.Origin(), v.Origin)
			got = append(got, version{
				Album{v.View.Name(), v.View.Artist(), v.View.Year()}, v.Author, v.Seq, len(v.View.Head()), v.View.Deleted(),
			})
			txs = append(txs, v.Tx)
		}
		require.Equal(t, []version{
			{Album{"Parade", "", 1986}, "prince", 1, 1, false},
			{Album{"Parade", "theirs", 1986}, "queen", 2, 1, false},
			{Album{"mine", "theirs", 1986}, "prince", 3, 2, false},
			{Album{"mine", "theirs", 1986}, "queen", 4, 1, true},
		}, got)
		require.Equal(t, []event.ID{theirs.Transaction, last.Transaction}, txs[1:3])
		require.ErrorIs(t, firstError(albums.History(f.ctx, f.queen, event.ID{1})), entity.ErrNotFound)
		require.ErrorIs(t, firstError(notes.History(f.ctx, f.queen, id)), entity.ErrNotFound, "of another collection")
	})
}
