package node_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/auth"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
)

// lists let everybody read albums, and ada alone write them.
var lists = auth.Lists{"albums": {Read: []node.Principal{auth.Everybody}, Write: []node.Principal{"ada"}}}

func TestOnlyWhoMayWriteDefinesACollection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore(), node.WithPolicy(lists))
		// Nobody has defined it, and bob must not, with whatever types.
		bob := f.joinWith("bob", []*model.Schema{retyped.Schema()})
		bob.connect()
		_, err := retyped.Collect(f.ctx, bob.session, "year = 'MCMLXXXVI'")
		require.ErrorIs(t, err, node.ErrDenied)
		require.ErrorContains(t, err, "defining albums")
		var refused *node.RefusedError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, wire.CodeDenied, refused.Code)
		live, err := retyped.Query(f.ctx, bob.session, "")
		require.NoError(t, err)
		defer live.Close()
		require.ErrorIs(t, live.Wait(f.ctx), node.ErrDenied)
		tx := bob.session.Begin()
		_, err = retyped.Create(tx, Album{})
		require.NoError(t, err)
		r, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		r = bob.outcome(r)
		require.Equal(t, node.Rejected, r.Status)
		require.ErrorIs(t, r.Reason, node.ErrDenied)
		require.Len(t, bob.ledger(), 1, "it is not lost")

		ada := f.join("ada")
		ada.connect()
		_, parade := ada.create(Album{Name: "Parade", Year: 1986})
		require.Equal(t, node.Accepted, ada.outcome(parade).Status)

		// Who has a newer program reads with it what the server knows.
		carol := f.joinWith("carol", []*model.Schema{reissued.Schema()})
		carol.connect()
		list, err := reissued.Collect(f.ctx, carol.session, "year = 1986")
		require.NoError(t, err)
		require.Len(t, list, 1)
		_, err = reissued.Collect(f.ctx, carol.session, "genre = 'funk'")
		require.ErrorIs(t, err, node.ErrDenied)
		require.ErrorContains(t, err, "genre")

		// Until somebody brings it who may.
		newer := f.joinWith("ada", []*model.Schema{reissued.Schema()})
		newer.connect()
		_, err = reissued.Collect(f.ctx, newer.session, "genre = 'funk'")
		require.NoError(t, err)
		<-time.After(time.Second)
		require.NoError(t, carol.connection.Wait(f.ctx))
		_, err = reissued.Collect(f.ctx, carol.session, "genre = 'funk'")
		require.NoError(t, err)
	})
}

// TestAModelIsDefinedOnBehalfOfWhoMay: of those who share a connection.
func TestAModelIsDefinedOnBehalfOfWhoMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore(), node.WithPolicy(lists), node.WithAuthenticator(&doorkeeper{}))
		link := pipe.NewLink(func(conn wire.Conn) { go func() { _ = f.node.ServeStranger(f.ctx, conn) }() })
		c := f.join("bob")
		connection, err := c.node.Connect(link.Dial, node.WithCredentials(honest))
		require.NoError(t, err)
		require.NoError(t, connection.Wait(f.ctx))
		_, err = albums.Collect(f.ctx, c.session, "")
		require.ErrorIs(t, err, node.ErrDenied)
		ada := c.node.Session("ada")
		_, err = albums.Collect(f.ctx, ada, "")
		require.NoError(t, err)
		_, err = albums.Collect(f.ctx, c.session, "")
		require.NoError(t, err)
	})
}

// panicky is a policy that fails where it is asked about models.
type panicky struct{ node.Policy }

func (panicky) Define(context.Context, *node.Definition) error { panic("at the disco") }

func TestAPolicyThatPanicsHasRefusedAModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore(), node.WithPolicy(panicky{node.AllowAll()}))
		s := f.visit("ada")
		s.define(shelf("shelf", 1))
		require.Equal(t, wire.CodeDenied, s.fetch(1, "shelf", "").Code)
	})
}

// wide is a model of so many fields, each of about 1,000 bytes.
func wide(collection string, from, fields int) *model.Schema {
	d := model.Definition{Model: "Wide", Collection: collection}
	for i := range fields {
		f := model.Field{Name: fmt.Sprintf("f%d", from+i), Go: strings.Repeat("F", 60), Type: model.TypeString}
		for j := range 16 {
			f.Was = append(f.Was, fmt.Sprintf("f%d_%d_%s", from+i, j, strings.Repeat("x", 50)))
		}
		d.Fields = append(d.Fields, f)
	}
	return model.NewSchema(d)
}

func TestModelsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore())
		size := len(wide("wide0", 0, 240).AppendTo(nil))
		require.NoError(t, wide("wide0", 0, 240).Err())
		most := 16 << 20 / size
		require.Less(t, most, 1024)
		s := f.visit("mallory")
		taken := 0
		for request := uint64(1); request < uint64(most)+10; request++ {
			collection := fmt.Sprintf("wide%d", 100+request)
			s.define(wide(collection, 0, 240))
			failure := s.fetch(request, collection, "")
			if failure == nil {
				taken++
				continue
			}
			require.Equal(t, wire.CodeTooMany, failure.Code, failure.Text)
		}
		require.InDelta(t, most, taken, 2)

		// Whom there is room for is served; what a peer brings in vain costs little.
		s = f.visit("mallory")
		var bye *wire.Bye
		for i := range 4<<20/size + 1 {
			s.define(wide(fmt.Sprintf("more%d", i), 0, 240))
		}
		bye = s.hear().(*wire.Bye)
		require.Equal(t, wire.CodeTooMany, bye.Code)
		s = f.visit("ada")
		require.Nil(t, s.fetch(1, "wide101", "f1 = 'x'"))
	})
}

func TestCollectionsOfModelsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore())
		s := f.visit("mallory")
		for i := range 1024 {
			s.define(shelf(fmt.Sprintf("shelf%d", i), 1))
		}
		require.Nil(t, s.fetch(1, "shelf1023", ""))
		s.define(shelf("another", 1))
		failure := s.fetch(2, "another", "")
		require.Equal(t, wire.CodeTooMany, failure.Code)
		ada := f.join("ada")
		ada.connect()
		_, parade := ada.create(Album{Name: "Parade", Year: 1986})
		require.ErrorContains(t, ada.outcome(parade).Reason, "1024 collections")
		require.Len(t, ada.ledger(), 1)
	})
}

// TestModelsThatCannotBeReadTogetherAreNotStored: each of them can, but the store could not
// be opened with what they come to.
func TestModelsThatCannotBeReadTogetherAreNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewStore()
		f := blank(t, store)
		s := f.visit("mallory")
		s.define(wide("halves", 0, 200))
		require.Nil(t, s.fetch(1, "halves", ""))
		s.define(wide("halves", 200, 200))
		failure := s.fetch(2, "halves", "f200 = 'x'")
		require.NotNil(t, failure)
		require.Equal(t, wire.CodeInvalid, failure.Code, failure.Text)
		f.stop()
		blank(t, store)
	})
}

// TestAModelThatTheEngineCannotHaveIsNotStored: with it the store could not be opened again.
func TestAModelThatTheEngineCannotHaveIsNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		errPaper := errors.New("out of paper")
		var fails atomic.Bool
		register := func(schemas []*model.Schema) error {
			for _, s := range schemas {
				if fails.Load() && len(s.Fields()) == 4 {
					return errPaper
				}
			}
			return nil
		}
		store := memory.NewStore()
		f := startBare(t, &stage{register: register}, store, node.LearnModels())
		f.alarm.expected.Store(true)
		ada := f.join("ada")
		ada.connect()
		_, parade := ada.create(Album{Name: "Parade", Year: 1986})
		require.Equal(t, node.Accepted, ada.outcome(parade).Status)

		fails.Store(true)
		bob := f.joinWith("bob", []*model.Schema{reissued.Schema()})
		bob.connect()
		live, err := reissued.Query(f.ctx, bob.session, "genre = 'funk'")
		require.NoError(t, err)
		defer live.Close()
		<-time.After(time.Second)
		var refused *node.RefusedError
		require.ErrorAs(t, live.State().Err, &refused)
		require.Equal(t, wire.CodeInternal, refused.Code)
		tx := bob.session.Begin()
		_, err = reissued.Create(tx, Album{Name: "Lovesexy", Year: 1988})
		require.NoError(t, err)
		lovesexy, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		<-time.After(time.Minute)
		require.Len(t, bob.ledger(), 1)
		require.Equal(t, node.Pending, bob.ledger()[0].Status, "it waits for that to be mended")
		require.Equal(t, []string{"Parade"}, f.names(ada.session, "year > 1980 ORDER BY year"), "who has the old one goes on")

		// The store can be opened by an engine that cannot have the model.
		require.NoError(t, ada.connection.Close(f.ctx))
		require.NoError(t, bob.connection.Close(f.ctx))
		f.stop()
		f = startBare(t, &stage{register: register}, store, node.LearnModels())
		f.alarm.expected.Store(true)
		bob.link = f.line("bob")
		bob.connect()
		<-time.After(time.Minute)
		require.Equal(t, node.Pending, bob.ledger()[0].Status)

		// When it can, on the same connection, everything goes on.
		fails.Store(false)
		require.Equal(t, node.Accepted, bob.outcome(lovesexy).Status)
		<-time.After(time.Minute)
		require.Equal(t, entity.Complete, live.State().Phase)
		require.Equal(t, 1, live.Items().Len())
	})
}

// TestAModelOfUnknownOutcomeIsReadBack: whether it was stored or not, it is known in the end.
func TestAModelOfUnknownOutcomeIsReadBack(t *testing.T) {
	for _, happened := range []bool{false, true} {
		t.Run(fmt.Sprint(happened), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, vague := memory.NewStore(), true
				s := &stage{commit: func(_ context.Context, b *storage.Batch, next func() error) error {
					if !vague || len(b.Entries) > 0 || len(b.Holds) == 0 {
						return next()
					}
					vague = false
					if happened {
						return errors.Join(next(), storage.ErrUnknown)
					}
					return storage.ErrUnknown
				}}
				f := startBare(t, s, store, node.LearnModels())
				f.alarm.expected.Store(true)
				ada := f.join("ada")
				ada.connect()
				_, parade := ada.create(Album{Name: "Parade", Year: 1986})
				require.Equal(t, node.Accepted, ada.outcome(parade).Status)
				require.Equal(t, []string{"Parade"}, f.names(ada.session, "year = 1986"))
				require.False(t, vague)
				f.stop()
				f = blank(t, store)
				s2 := f.visit("bob")
				require.Nil(t, s2.fetch(1, "albums", "year = 1986"))
			})
		})
	}
}
