package node_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/memory"
)

// shelf is the model of a collection with so many fields.
func shelf(collection string, fields int) *model.Schema {
	d := model.Definition{Model: "Shelf", Collection: collection}
	for i := range fields {
		d.Fields = append(d.Fields, model.Field{Name: fmt.Sprintf("f%d", i), Go: fmt.Sprintf("F%d", i), Type: model.TypeString})
	}
	return model.NewSchema(d)
}

// define tells of models.
func (s *stranger) define(list ...*model.Schema) {
	s.Helper()
	for _, m := range list {
		s.send(&wire.Define{Model: m.AppendTo(nil)})
	}
}

// fetch asks for a collection, and returns how that fails; nil if it does not.
func (s *stranger) fetch(request uint64, collection, query string) *wire.Failure {
	s.Helper()
	s.send(&wire.Fetch{Request: request, Collection: collection, Query: query})
	failure, _ := s.hear().(*wire.Failure)
	return failure
}

// regular is a client with a live query, which counts how often it was connected.
func (f *fixture) regular(name node.Principal) (c *guest, dials *atomic.Int64) {
	f.Helper()
	dials = new(atomic.Int64)
	c = f.join(name)
	c.link = newCable(func(conn wire.Conn) {
		dials.Add(1)
		go func() { _ = f.node.Serve(f.ctx, conn, name) }()
	})
	live := c.query("ORDER BY year")
	c.connect()
	require.NoError(f, live.Wait(f.ctx))
	return c, dials
}

func TestAPeerWithManyChangedModelsDisconnectsOthersOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore())
		_, dials := f.regular("ada")
		s := f.visit("bob")
		for i := range 20 {
			s.define(shelf(fmt.Sprintf("shelf%d", i), 1))
		}
		require.Nil(t, s.fetch(1, "shelf0", ""))
		synctest.Wait()
		require.EqualValues(t, 1, dials.Load(), "new collections concern nobody")

		newer := f.visit("bob")
		for i := range 20 {
			newer.define(shelf(fmt.Sprintf("shelf%d", i), 2))
		}
		synctest.Wait()
		require.EqualValues(t, 1, dials.Load(), "nobody needs them yet")
		require.Nil(t, newer.fetch(1, "shelf19", "f1 = 'x'"))
		require.Nil(t, newer.fetch(2, "shelf0", "f1 = 'x'"), "who has brought them stays")
		<-time.After(5 * time.Minute)
		require.EqualValues(t, 2, dials.Load())
		require.Equal(t, wire.CodeClosing, s.hear().(*wire.Bye).Code)

		again := f.visit("carol")
		for i := range 20 {
			again.define(shelf(fmt.Sprintf("shelf%d", i), 2-i%2))
		}
		require.Nil(t, again.fetch(1, "shelf0", ""))
		<-time.After(5 * time.Minute)
		require.EqualValues(t, 2, dials.Load(), "nothing has changed")
	})
}

// TestWhoDefinesAfterAskingIsDisconnectedToo: its own live queries rest on the old model.
func TestWhoDefinesAfterAskingIsDisconnectedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore())
		s := f.visit("bob")
		s.define(shelf("shelf", 1))
		require.Nil(t, s.fetch(1, "shelf", ""))
		s.define(shelf("shelf", 2))
		s.send(&wire.Fetch{Request: 2, Collection: "shelf"})
		require.Equal(t, wire.CodeClosing, s.hear().(*wire.Bye).Code)
		s = f.visit("bob")
		require.Nil(t, s.fetch(1, "shelf", "f1 = 'x'"))
	})
}

func TestAPeerThatDefinesAndFallsSilentOrLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewStore()
		f := blank(t, store)
		_, dials := f.regular("ada")
		first := f.visit("bob")
		first.define(shelf("shelf", 1))
		require.Nil(t, first.fetch(1, "shelf", ""))

		silent := f.visit("silent")
		silent.define(shelf("shelf", 2), shelf("other", 2))
		leaver := f.visit("leaver")
		leaver.define(shelf("shelf", 3))
		require.NoError(t, leaver.conn.Close())
		synctest.Wait()
		s := f.visit("carol")
		require.Equal(t, wire.CodeInvalid, s.fetch(1, "shelf", "f1 = 'x'").Code, "what nobody asks for is not defined")
		require.Equal(t, wire.CodeNotFound, s.fetch(2, "other", "").Code)
		require.EqualValues(t, 1, dials.Load())
		require.Nil(t, silent.fetch(1, "other", "f1 = 'x'"), "it has come to life")
		<-time.After(time.Minute)
		require.EqualValues(t, 2, dials.Load())
	})
}

// TestVersionsThatTakeTurnsDisconnectTwiceAtMost: each comes again and again for 20 minutes.
func TestVersionsThatTakeTurnsDisconnectTwiceAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore())
		_, dials := f.regular("ada")
		version := func(own string, columns ...model.IndexColumn) *model.Schema {
			return model.NewSchema(model.Definition{
				Model: "Shelf", Collection: "shelf",
				Fields:  []model.Field{{Name: "f0", Type: model.TypeString}, {Name: own, Type: model.TypeString}},
				Indexes: []model.Index{{Name: "common", Columns: columns}},
			})
		}
		versions := []*model.Schema{
			version("old", model.IndexColumn{Field: 0}),
			version("new", model.IndexColumn{Field: 1}, model.IndexColumn{Field: 0}),
		}
		for i := range 120 {
			s := f.visit("bob")
			s.define(versions[i%2])
			require.Nil(t, s.fetch(1, "shelf", ""))
			require.NoError(t, s.conn.Close())
			<-time.After(10 * time.Second)
		}
		require.LessOrEqual(t, dials.Load(), int64(3))
	})
}

// TestModelsThatGoOnChangingArePaced: another field every ten seconds for half an hour, each
// of which works before its peer has waited long.
func TestModelsThatGoOnChangingArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore())
		_, dials := f.regular("ada")
		began := time.Now()
		for i := 1; time.Since(began) < 30*time.Minute; i++ {
			s := f.visit("bob")
			s.define(shelf("shelf", i))
			asked := time.Now()
			require.Nil(t, s.fetch(1, "shelf", fmt.Sprintf("f%d = 'x'", i-1)))
			require.LessOrEqual(t, time.Since(asked), 31*time.Second)
			require.NoError(t, s.conn.Close())
			<-time.After(10 * time.Second)
		}
		require.LessOrEqual(t, dials.Load(), int64(30*2+8))
		require.Greater(t, dials.Load(), int64(30))

		// After a while without, the next one need not wait.
		<-time.After(11 * time.Minute)
		before := dials.Load()
		s := f.visit("bob")
		s.define(shelf("shelf", 250))
		asked := time.Now()
		require.Nil(t, s.fetch(1, "shelf", "f249 = 'x'"))
		require.Less(t, time.Since(asked), time.Second)
		<-time.After(time.Minute)
		require.Equal(t, before+1, dials.Load())
	})
}

// TestWhoWaitsForTheSameMomentGoesTogether: many programs with new versions at once.
func TestWhoWaitsForTheSameMomentGoesTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore())
		_, dials := f.regular("ada")
		first := f.visit("bob")
		for i := range 20 {
			first.define(shelf(fmt.Sprintf("shelf%d", i), 1))
		}
		require.Nil(t, first.fetch(1, "shelf0", ""))
		for fields := 2; fields < 9; fields++ { // clients were disconnected often of late
			s := f.visit("bob")
			s.define(shelf("shelf0", fields))
			require.Nil(t, s.fetch(1, "shelf0", ""))
			require.NoError(t, s.conn.Close())
		}
		<-time.After(time.Second)
		before, asked := dials.Load(), time.Now()
		answered := make(chan struct{})
		for i := range 20 {
			s := f.visit("bob")
			s.define(shelf(fmt.Sprintf("shelf%d", i), 20))
			s.send(&wire.Fetch{Request: 1, Collection: fmt.Sprintf("shelf%d", i), Query: "f19 = 'x'"})
			go func() {
				_, _ = s.conn.Receive(f.ctx) // the rows, or that another one came first
				answered <- struct{}{}
			}()
		}
		for range 20 {
			<-answered
		}
		require.Less(t, time.Since(asked), 31*time.Second)
		<-time.After(time.Minute)
		require.Equal(t, before+1, dials.Load())
		last := f.visit("bob")
		for i := range 20 {
			require.Nil(t, last.fetch(uint64(i)+1, fmt.Sprintf("shelf%d", i), "f19 = 'x'"))
		}
	})
}

// TestAnIndexThatBecomesUniqueIsEnforced: in place of the one that was not.
func TestAnIndexThatBecomesUniqueIsEnforced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore())
		strict := func(unique bool, fields ...model.Field) *model.Schema {
			return model.NewSchema(model.Definition{
				Model: "Album", Collection: "albums",
				Fields: append([]model.Field{
					{Name: "name", Go: "Name", Type: model.TypeString},
					{Name: "artist", Go: "Artist", Type: model.TypeString},
					{Name: "year", Go: "Year", Type: model.TypeInt},
				}, fields...),
				Indexes: []model.Index{{Name: "by_name", Columns: []model.IndexColumn{{Field: 0}}, Unique: unique}},
			})
		}
		for i, version := range []*model.Schema{
			strict(false), strict(true), strict(true, model.Field{Name: "genre", Go: "Genre", Type: model.TypeString}),
		} {
			s := f.visit("bob")
			s.define(version)
			require.Nil(t, s.fetch(1, "albums", ""))
			require.NoError(t, f.node.WaitIndexes(f.ctx))
			if i == 0 {
				continue
			}
			ada := f.join("ada")
			ada.connect()
			_, parade := ada.create(Album{Name: fmt.Sprint("Parade ", i), Year: 1986})
			require.Equal(t, node.Accepted, ada.outcome(parade).Status)
			_, again := ada.create(Album{Name: fmt.Sprint("Parade ", i), Year: 1990})
			r := ada.outcome(again)
			require.ErrorIs(t, r.Reason, node.ErrDuplicate)
			require.NoError(t, ada.connection.Close(f.ctx))
		}
	})
}
