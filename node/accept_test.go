package node_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
)

// lenient is what a client may have that does not check its albums.
var lenient = model.NewSchema(model.Definition{
	Model: "Album", Collection: "albums", Fields: albumSchema.Fields(),
})

// client makes transactions elsewhere.
type client struct {
	*testing.T
	clock *event.Clock
}

func newClient(t *testing.T, ahead time.Duration) *client {
	return &client{t, event.NewClock(event.ClockOptions{Now: func() time.Time { return time.Now().Add(ahead) }})}
}

func (c *client) create(a Album) *event.Transaction {
	c.Helper()
	o := new(entity.Overlay)
	_, err := o.Create(c.clock, lenient, []model.Value{
		model.OfString(a.Name), model.OfString(a.Artist), model.OfInt(int64(a.Year)),
	})
	require.NoError(c, err)
	tx, err := o.Build(c.clock)
	require.NoError(c, err)
	return tx
}

// edit changes the year of an album of which the client knows the view.
func (c *client) edit(v AlbumView, year int) *event.Transaction {
	c.Helper()
	o := new(entity.Overlay)
	o.Fork(albumSchema, v.ID(), v.Row())
	d, err := o.Edit(albumSchema, v.ID())
	require.NoError(c, err)
	AlbumMutable{d}.SetYear(year)
	tx, err := o.Build(c.clock)
	require.NoError(c, err)
	return tx
}

// remote decodes what the transaction is encoded as, as it would arrive.
func (c *client) remote(tx *event.Transaction) *event.Transaction {
	c.Helper()
	arrived, err := event.DecodeTransaction(tx.AppendTo(nil))
	require.NoError(c, err)
	return arrived
}

func (f *fixture) get(id event.ID) AlbumView {
	f.Helper()
	v, err := albums.Get(f.ctx, f.queen, id)
	require.NoError(f, err)
	return v
}

func TestAcceptFromElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := start(t), newClient(t, 0)
		tx := c.create(Album{Name: "Parade", Year: 1986})
		r, err := f.node.Accept(f.ctx, "prince", c.remote(tx))
		require.NoError(t, err)
		require.Equal(t, node.Accepted, r.Status)
		id := tx.Events[0].Entity
		require.Equal(t, "Parade", f.get(id).Name())
		for v, err := range albums.History(f.ctx, f.queen, id) {
			require.NoError(t, err)
			require.Equal(t, "prince", v.Author)
			require.Equal(t, tx.ID, v.Tx)
		}
		require.False(t, f.node.Clock().Last().Less(tx.ID), "later IDs are greater than what was applied")
	})
}

func TestATransactionIsAcceptedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := start(t), newClient(t, 0)
		create := c.create(Album{Name: "Parade", Year: 1986})
		first, err := f.node.Accept(f.ctx, "prince", c.remote(create))
		require.NoError(t, err)
		id := create.Events[0].Entity
		edit := c.edit(f.get(id), 1987)
		second, err := f.node.Accept(f.ctx, "prince", c.remote(edit))
		require.NoError(t, err)
		for round := range 2 {
			again, err := f.node.Accept(f.ctx, "prince", c.remote(create))
			require.NoError(t, err)
			require.Equal(t, first, again)
			again, err = f.node.Accept(f.ctx, "prince", c.remote(edit))
			require.NoError(t, err)
			require.Equal(t, second, again)
			f.edit(f.queen, id, func(m AlbumMutable) { m.SetYear(1990 + round) })
			f.stop()
			f = startOver(t, f.store)
		}
		cursor, err := f.node.Cursor(f.ctx)
		require.NoError(t, err)
		at, _ := cursor.At(f.node.Origin())
		require.Equal(t, uint64(4), at.Seq, "two transactions and two edits in between")
	})
}

func TestTheSameTransactionUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := start(t), newClient(t, 0)
		j := f.judged()
		tx := c.create(Album{Name: "Parade"})
		answers := make(chan node.Receipt, 4)
		for range cap(answers) {
			go func() {
				r, err := f.node.Accept(f.ctx, "prince", c.remote(tx))
				if err != nil {
					t.Error(err)
				}
				answers <- r
			}()
			synctest.Wait()
		}
		require.Empty(t, answers)
		j.verdicts <- store
		first := <-answers
		require.Equal(t, node.Accepted, first.Status)
		for range cap(answers) - 1 {
			require.Equal(t, first, <-answers)
		}
		require.Len(t, j.entered, 1, "it is logged once")
	})
}

func TestEquivocation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := start(t), newClient(t, 0)
		early, create := c.create(Album{Name: "early"}), c.create(Album{Name: "Parade"})
		other := c.remote(create)
		other.Events[0].Ops[0].Value = model.OfString("Another").AppendTo(nil)
		require.NotEqual(t, create.Digest(), other.Digest())

		j := f.judged()
		accepted := make(chan error, 1)
		go func() {
			_, err := f.node.Accept(f.ctx, "prince", c.remote(create))
			accepted <- err
		}()
		synctest.Wait()
		underWay := make(chan error, 1)
		go func() {
			_, err := f.node.Accept(f.ctx, "prince", other)
			underWay <- err
		}()
		synctest.Wait()
		j.verdicts <- store
		require.NoError(t, <-accepted)
		require.ErrorIs(t, <-underWay, event.ErrEquivocation)

		r, err := f.node.Accept(f.ctx, "prince", c.remote(other))
		require.ErrorIs(t, err, event.ErrEquivocation)
		require.Equal(t, node.Rejected, r.Status)

		id := create.Events[0].Entity
		edit := c.edit(f.get(id), 1987)
		f.stage.commit = nil
		_, err = f.node.Accept(f.ctx, "prince", c.remote(edit))
		require.NoError(t, err)
		f.edit(f.queen, id, func(m AlbumMutable) { m.SetArtist("?") })
		forged := c.remote(edit)
		forged.Events[0].Ops[0].Value = model.OfInt(2000).AppendTo(nil)
		_, err = f.node.Accept(f.ctx, "prince", forged)
		require.ErrorIs(t, err, event.ErrEquivocation)

		// Transactions that take over an event of another one.
		for _, events := range [][]*event.Event{
			{early.Events[0], c.remote(create).Events[0]},
			{c.remote(create).Events[0], c.create(Album{Name: "late"}).Events[0]},
		} {
			mixed := &event.Transaction{Events: events}
			mixed.ID, err = c.clock.MintTransaction(events[1].ID)
			require.NoError(t, err)
			_, err = f.node.Accept(f.ctx, "prince", mixed)
			require.ErrorIs(t, err, event.ErrEquivocation)
		}
		require.Equal(t, []string{"Parade"}, f.names(f.queen, ""))
	})
}

func TestMissingPrecursors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, elsewhere, c := start(t), start(t), newClient(t, 0)
		create := c.create(Album{Name: "Parade"})
		_, err := elsewhere.node.Accept(f.ctx, "prince", c.remote(create))
		require.NoError(t, err)
		id := create.Events[0].Entity
		edit := c.edit(elsewhere.get(id), 1987)
		_, err = elsewhere.node.Accept(f.ctx, "prince", c.remote(edit))
		require.NoError(t, err)
		next := c.edit(elsewhere.get(id), 1988)

		_, err = f.node.Accept(f.ctx, "prince", c.remote(edit))
		var missing *entity.MissingError
		require.ErrorAs(t, err, &missing)
		require.Equal(t, event.Head{id}, missing.Missing)
		_, err = f.node.Accept(f.ctx, "prince", c.remote(create))
		require.NoError(t, err)
		_, err = f.node.Accept(f.ctx, "prince", c.remote(next))
		require.ErrorAs(t, err, &missing)
		require.Equal(t, event.Head{edit.Events[0].ID}, missing.Missing)
		_, err = f.node.Accept(f.ctx, "prince", c.remote(edit))
		require.NoError(t, err)
		_, err = f.node.Accept(f.ctx, "prince", c.remote(next))
		require.NoError(t, err)
		require.Equal(t, 1988, f.get(id).Year())
		require.Len(t, f.get(id).Head(), 1)
	})
}

func TestOutdatedTransactionsMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := start(t), newClient(t, 0)
		id := f.create(f.queen, Album{Name: "Parade", Year: 1900})
		old := f.get(id)
		for year := 1900; year < 1910; year++ {
			f.edit(f.queen, id, func(m AlbumMutable) { m.SetYear(year) })
		}
		<-time.After(time.Second)
		_, err := f.node.Accept(f.ctx, "prince", c.remote(c.edit(old, 1986)))
		require.NoError(t, err)
		require.Len(t, f.get(id).Head(), 2)
		require.Equal(t, 1986, f.get(id).Year(), "written later, though on what was there before")
	})
}

func TestSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, node.Skew(time.Minute))
		_, err := f.node.Accept(f.ctx, "prince", newClient(t, 59*time.Second).create(Album{Name: "near"}))
		require.NoError(t, err)
		r, err := f.node.Accept(f.ctx, "prince", newClient(t, 61*time.Second).create(Album{Name: "far"}))
		require.ErrorIs(t, err, event.ErrSkew)
		require.Equal(t, node.Rejected, r.Status)
		_, err = f.node.Accept(f.ctx, "prince", newClient(t, -time.Hour).create(Album{Name: "old"}))
		require.NoError(t, err)
		require.ElementsMatch(t, []string{"near", "old"}, f.names(f.queen, ""))
	})
}

func TestMalformedTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := start(t), newClient(t, 0)
		long := make([]byte, event.MaxAuthor+1)
		_, err := f.node.Accept(f.ctx, node.Principal(long), c.create(Album{}))
		var limit *event.LimitError
		require.ErrorAs(t, err, &limit)

		for name, spoil := range map[string]func(tx *event.Transaction){
			"no events":        func(tx *event.Transaction) { tx.Events = nil },
			"no ID":            func(tx *event.Transaction) { tx.ID = event.ID{} },
			"wrong type":       func(tx *event.Transaction) { tx.Events[0].Ops[0].Value = model.OfInt(1).AppendTo(nil) },
			"no value at all":  func(tx *event.Transaction) { tx.Events[0].Ops[0].Value = []byte{0xff} },
			"an unknown field": func(tx *event.Transaction) { tx.Events[0].Ops[0].Field = "label" },
		} {
			tx := c.remote(c.create(Album{Name: "Parade"}))
			spoil(tx)
			r, err := f.node.Accept(f.ctx, "prince", tx)
			if name == "an unknown field" {
				require.NoError(t, err, "is kept")
				continue
			}
			require.Error(t, err, name)
			require.Equal(t, node.Rejected, r.Status, name)
		}
		r, err := f.node.Accept(f.ctx, "prince", c.create(Album{Name: "x", Year: 1800}))
		require.ErrorIs(t, err, errTooOld, "what the model says counts for everybody")
		require.Equal(t, node.Rejected, r.Status)
		require.ErrorIs(t, r.Reason, errTooOld)
		again, err := f.node.Receipt(f.ctx, r.Transaction)
		require.NoError(t, err)
		require.Equal(t, r, again)
	})
}

func TestUnknownCollections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, c := start(t, node.Models(albumSchema)), newClient(t, 0)
		o := new(entity.Overlay)
		d, err := o.Create(c.clock, model.NewSchema(model.Definition{
			Model: "Label", Collection: "labels", Fields: []model.Field{{Name: "name", Go: "Name", Type: model.TypeString}},
		}), []model.Value{model.OfString("Paisley Park")})
		require.NoError(t, err)
		tx, err := o.Build(c.clock)
		require.NoError(t, err)
		_, err = f.node.Accept(f.ctx, "prince", tx)
		require.NoError(t, err, "is stored")
		f.stop()

		labels := model.NewSchema(model.Definition{
			Model: "Label", Collection: "labels", Fields: []model.Field{{Name: "name", Go: "Name", Type: model.TypeString}},
		})
		f = startOver(t, f.store)
		_, err = f.queen.Get(f.ctx, labels, d.ID())
		require.ErrorIs(t, err, node.ErrUnknownModel)
		require.ErrorContains(t, err, "labels")
		f.stop()
		f = startOver(t, f.store, node.Models(labels))
		v, err := f.queen.Get(f.ctx, labels, d.ID())
		require.NoError(t, err, "and there when the model is")
		require.Equal(t, "Paisley Park", v.Field(0).Text())
	})
}

func TestWideHeadsAreJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const writers = 3*event.MaxPrecursors + 10
		f := start(t)
		id := f.create(f.prince, Album{Name: "Parade"})
		var forks []*node.Tx
		for i := range writers {
			forks = append(forks, f.editing(id, func(m AlbumMutable) { m.SetYear(1900 + i) }))
		}
		widest := 0
		for _, tx := range forks {
			_, err := tx.Commit(f.ctx)
			require.NoError(t, err)
			widest = max(widest, len(f.get(id).Head()))
		}
		require.Equal(t, event.MaxPrecursors, widest)
		joins := 0
		for v, err := range albums.History(f.ctx, f.queen, id) {
			require.NoError(t, err)
			if v.Event.IsJoin() {
				joins++
			}
		}
		require.Positive(t, joins)
		require.Equal(t, 1900+writers-1, f.get(id).Year())
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetName("Parade!") })
		require.Len(t, f.get(id).Head(), 1)
		requireLogVerifies(f)
	})
}

// requireLogVerifies checks the chain of the node's log up to a signed head.
func requireLogVerifies(f *fixture) {
	f.Helper()
	head, err := f.node.SignedHead(context.Background())
	require.NoError(f, err)
	v := event.NewLogVerifier(f.node.Origin(), event.Position{})
	s, err := f.stage.Snapshot(f.ctx)
	require.NoError(f, err)
	defer s.Close()
	for entry, err := range s.Log(f.ctx, event.Cursor{}) {
		require.NoError(f, err)
		require.NoError(f, entry.Validate())
		require.NoError(f, v.Entry(entry))
	}
	require.NoError(f, v.Head(head))
	require.Equal(f, head.Seq, v.Verified().Seq)
}
