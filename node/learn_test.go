package node_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage/memory"
)

// blank starts a server that was built without models and takes those of others.
func blank(t *testing.T, store *memory.Store, options ...node.Option) *fixture {
	return startBare(t, &stage{}, store, append(options, node.LearnModels())...)
}

// reissued is the album of a later version of the program: it has a genre, an index on
// it, and one that is unique.
var reissued = entity.NewCollection[AlbumView, AlbumMutable](model.NewSchema(model.Definition{
	Model: "Album", Collection: "albums",
	Fields: []model.Field{
		{Name: "name", Go: "Name", Type: model.TypeString},
		{Name: "artist", Go: "Artist", Type: model.TypeString},
		{Name: "year", Go: "Year", Type: model.TypeInt},
		{Name: "genre", Go: "Genre", Type: model.TypeString},
	},
	Indexes: []model.Index{{Name: "genre", Columns: []model.IndexColumn{{Field: 3}}}, {Name: "one_name", Unique: true, Columns: []model.IndexColumn{{Field: 0}}}},
}), func(a Album) []model.Value {
	return []model.Value{model.OfString(a.Name), model.OfString(a.Artist), model.OfInt(int64(a.Year)), model.OfString("funk")}
})

// retyped has a year that is a text.
var retyped = entity.NewCollection[AlbumView, AlbumMutable](model.NewSchema(model.Definition{
	Model: "Album", Collection: "albums",
	Fields: []model.Field{{Name: "year", Go: "Year", Type: model.TypeString}},
}), func(Album) []model.Value { return []model.Value{model.OfString("MCMLXXXVI")} })

func TestAServerLearnsTheModelsOfItsClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memory.NewStore()
		f := blank(t, store)
		ada := f.join("ada")
		live := ada.query("year > 1980 ORDER BY year")
		_, parade := ada.create(Album{Name: "Parade", Year: 1986})
		ada.connect()
		require.Equal(t, node.Accepted, ada.outcome(parade).Status)
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, []string{"Parade"}, shown(live))

		// A later version of the program, while the old one is in use.
		bob := f.joinWith("bob", []*model.Schema{reissued.Schema()})
		bob.connect()
		newer, err := reissued.Query(f.ctx, bob.session, "genre = ? OR year = 1986 ORDER BY year", "funk")
		require.NoError(t, err)
		defer newer.Close()
		require.NoError(t, newer.Wait(f.ctx))
		tx := bob.session.Begin()
		_, err = reissued.Create(tx, Album{Name: "Lovesexy", Year: 1988})
		require.NoError(t, err)
		r, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, node.Accepted, bob.outcome(r).Status)
		for _, c := range []*guest{ada, bob} { // they are disconnected once
			require.NoError(t, c.connection.Wait(f.ctx))
		}
		require.NoError(t, live.Wait(f.ctx))
		require.NoError(t, newer.Wait(f.ctx))
		synctest.Wait()
		require.Equal(t, []string{"Parade", "Lovesexy"}, shown(live))
		require.Equal(t, []string{"Parade", "Lovesexy"}, shown(newer))

		// Its unique index is enforced, also for the others.
		require.NoError(t, f.node.WaitIndexes(f.ctx))
		_, again := ada.create(Album{Name: "Parade", Year: 1990})
		require.ErrorIs(t, ada.outcome(again).Reason, node.ErrDuplicate)

		// The store remembers.
		ada.connection.Close(f.ctx)
		bob.connection.Close(f.ctx)
		f.stop()
		f = blank(t, store)
		carol := f.joinWith("carol", []*model.Schema{reissued.Schema()})
		carol.connect()
		albums, err := reissued.Collect(f.ctx, carol.session, "year > 1980 ORDER BY year")
		require.NoError(t, err)
		require.Equal(t, []string{"Parade", "Lovesexy"}, names(albums))
		statuses, err := f.node.Indexes(f.ctx)
		require.NoError(t, err)
		require.Len(t, statuses, 3)
	})
}

func TestAModelThatDoesNotFitHarmsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore())
		ada := f.join("ada")
		ada.connect()
		live := ada.query("ORDER BY year")
		_, parade := ada.create(Album{Name: "Parade", Year: 1986})
		require.Equal(t, node.Accepted, ada.outcome(parade).Status)

		odd := f.joinWith("odd", []*model.Schema{retyped.Schema()})
		odd.connect()
		_, err := retyped.Collect(f.ctx, odd.session, "year = 'MCMLXXXVI'")
		require.ErrorContains(t, err, "year")
		tx := odd.session.Begin()
		_, err = retyped.Create(tx, Album{})
		require.NoError(t, err)
		r, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		r = odd.outcome(r)
		require.Equal(t, node.Rejected, r.Status)
		require.ErrorContains(t, r.Reason, "year")

		_, lovesexy := ada.create(Album{Name: "Lovesexy", Year: 1988})
		require.Equal(t, node.Accepted, ada.outcome(lovesexy).Status)
		synctest.Wait()
		require.Equal(t, []string{"Parade", "Lovesexy"}, shown(live))
	})
}

func TestModelsAreTakenFromThoseWhoMayAskOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore())
		s := f.visit("ada")
		s.send(&wire.Define{Model: []byte{1, 2, 3}}) // nonsense is passed over
		s.send(&wire.Fetch{Request: 1, Collection: "notes"})
		require.Equal(t, wire.CodeNotFound, s.hear().(*wire.Failure).Code)
		s.send(&wire.Define{Model: noteSchema.AppendTo(nil)})
		s.send(&wire.Fetch{Request: 2, Collection: "notes"})
		require.IsType(t, &wire.Rows{}, s.hear())
	})
	synctest.Test(t, func(t *testing.T) {
		f := blank(t, memory.NewStore(), node.WithAuthenticator(&doorkeeper{}))
		near, far := pipe.New()
		go func() { _ = f.node.ServeStranger(f.ctx, far) }()
		s := &stranger{T: t, ctx: f.ctx, conn: near}
		s.greet(f, &wire.Hello{Min: wire.MinVersion, Max: wire.MaxVersion, Time: time.Now().UnixMicro()})
		s.send(&wire.Define{Model: noteSchema.AppendTo(nil)}) // nobody knows who that is
		s.send(&wire.Authenticate{Request: 1, Credential: []byte("I am ada")})
		require.IsType(t, &wire.Authenticated{}, s.hear())
		s.send(&wire.Fetch{Request: 2, As: 1, Collection: "notes"})
		require.Equal(t, wire.CodeNotFound, s.hear().(*wire.Failure).Code)
		s.send(&wire.Define{As: 1, Model: noteSchema.AppendTo(nil)})
		s.send(&wire.Fetch{Request: 3, As: 1, Collection: "notes"})
		require.IsType(t, &wire.Rows{}, s.hear())
		require.NoError(t, near.Close())
	})
	// A server that does not take models says so.
	cluster(t, func(t *testing.T, f *fixture) {
		s := f.visit("ada")
		s.send(&wire.Define{Model: noteSchema.AppendTo(nil)})
		require.Equal(t, wire.CodeProtocol, s.hear().(*wire.Bye).Code)
	})
}

func TestWhatIsBuiltInIsNotRedefined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, node.LearnModels())
		odd := f.joinWith("odd", []*model.Schema{reissued.Schema()})
		odd.connect()
		_, err := reissued.Collect(f.ctx, odd.session, "genre = 'funk'")
		require.ErrorContains(t, err, "genre")
		f.create(f.prince, Album{Name: "Parade", Year: 1986})
		require.Equal(t, []string{"Parade"}, f.names(f.prince, "year = 1986"))
	})
}
