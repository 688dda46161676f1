package node_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
)

func TestReadsInATransactionRepeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		tx := f.prince.Begin()
		v, err := albums.Get(f.ctx, tx, id)
		require.NoError(t, err)
		require.Equal(t, "Parade", v.Name())

		f.edit(f.queen, id, func(m AlbumMutable) { m.SetName("Parade!") })
		v, err = albums.Get(f.ctx, tx, id)
		require.NoError(t, err)
		require.Equal(t, "Parade", v.Name(), "forked at first touch")
		require.Equal(t, []string{"Parade"}, f.names(tx, "year = 1986"), "Fetch shows touched entities as forked")
		require.Equal(t, []string{"Parade!"}, f.names(f.prince, "year = 1986"))
	})
}

func TestConcurrentChangesMerge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "Parade", Artist: "?", Year: 1986})
		mine, theirs := f.prince.Begin(), f.queen.Begin()
		a, err := albums.Edit(f.ctx, mine, id)
		require.NoError(t, err)
		b, err := albums.Edit(f.ctx, theirs, id)
		require.NoError(t, err)
		a.SetName("Parade, remastered")
		a.SetYear(2016)
		b.SetArtist("Prince")
		b.SetYear(1987)
		_, err = mine.Commit(f.ctx)
		require.NoError(t, err)
		_, err = theirs.Commit(f.ctx)
		require.NoError(t, err)

		v, err := albums.Get(f.ctx, f.prince, id)
		require.NoError(t, err)
		require.Equal(t, "Parade, remastered", v.Name())
		require.Equal(t, "Prince", v.Artist())
		require.Equal(t, 1987, v.Year(), "the later transaction wins the field that both wrote")
		require.Len(t, v.Head(), 2)

		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(1986) })
		v, err = albums.Get(f.ctx, f.prince, id)
		require.NoError(t, err)
		require.Len(t, v.Head(), 1, "an event on top of both joins them")
	})
}

func TestFinishedTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		for name, finish := range map[string]func(tx *node.Tx){
			"committed":   func(tx *node.Tx) { _, err := tx.Commit(f.ctx); require.NoError(t, err) },
			"rolled back": func(tx *node.Tx) { tx.Rollback() },
		} {
			tx := f.prince.Begin()
			m, err := albums.Edit(f.ctx, tx, id)
			require.NoError(t, err)
			finish(tx)
			m.SetYear(1999)
			_, err = tx.Commit(f.ctx)
			require.ErrorIs(t, err, entity.ErrFinished, name)
			_, err = albums.Edit(f.ctx, tx, id)
			require.ErrorIs(t, err, entity.ErrFinished, name)
			_, err = albums.Create(tx, Album{})
			require.ErrorIs(t, err, entity.ErrFinished, name)
			_, err = albums.Get(f.ctx, tx, id)
			require.ErrorIs(t, err, entity.ErrFinished, name)
			_, err = albums.Collect(f.ctx, tx, "")
			require.ErrorIs(t, err, entity.ErrFinished, name)
			tx.Rollback()
		}
		require.Equal(t, []string{"Parade"}, f.names(f.prince, "year = 1986"))
	})
}

func TestWhatIsNotCommitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})

		tx := f.prince.Begin()
		r, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, node.Receipt{}, r, "nothing changed, nothing is logged")
		require.Equal(t, node.Empty, r.Status)

		tx = f.prince.Begin()
		m, err := albums.Edit(f.ctx, tx, id)
		require.NoError(t, err)
		m.SetYear(1987)
		m.SetYear(1986)
		r, err = tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, node.Empty, r.Status, "set and set back")

		tx = f.prince.Begin()
		gone, err := albums.Create(tx, Album{Name: "never"})
		require.NoError(t, err)
		require.NoError(t, albums.Delete(f.ctx, tx, gone.ID()))
		r, err = tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, node.Empty, r.Status, "created and deleted")

		tx = f.prince.Begin()
		_, err = albums.Create(tx, Album{Name: "too old", Year: 1800})
		require.NoError(t, err)
		_, err = tx.Commit(f.ctx)
		require.ErrorIs(t, err, errTooOld)
		require.ErrorContains(t, err, "Album")

		tx = f.prince.Begin()
		m, err = albums.Edit(f.ctx, tx, id)
		require.NoError(t, err)
		m.SetName("no\x00text")
		m.SetYear(1999)
		_, err = tx.Commit(f.ctx)
		require.ErrorIs(t, err, entity.ErrMisuse)

		cursor, err := f.node.Cursor(f.ctx)
		require.NoError(t, err)
		require.True(t, cursor.CoversPosition(f.node.Origin(), 1))
		require.False(t, cursor.CoversPosition(f.node.Origin(), 2), "only the first creation was logged")
	})
}

func TestDeleteAndUndelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		require.NoError(t, f.prince.Update(f.ctx, func(tx *node.Tx) error { return albums.Delete(f.ctx, tx, id) }))
		v, err := albums.Get(f.ctx, f.queen, id)
		require.ErrorIs(t, err, entity.ErrDeleted)
		require.ErrorIs(t, err, entity.ErrNotFound)
		require.Equal(t, "Parade", v.Name(), "the last view comes with the error")
		require.Empty(t, f.names(f.queen, ""))
		err = f.prince.Update(f.ctx, func(tx *node.Tx) error {
			_, err := albums.Edit(f.ctx, tx, id)
			return err
		})
		require.ErrorIs(t, err, entity.ErrDeleted)
		require.NoError(t, f.prince.Update(f.ctx, func(tx *node.Tx) error { return albums.Undelete(f.ctx, tx, id) }))
		require.Equal(t, []string{"Parade"}, f.names(f.queen, ""))
	})
}

func TestSerializable(t *testing.T) {
	read := map[string]func(f *fixture, tx *node.Tx, id event.ID) error{
		"get":   func(f *fixture, tx *node.Tx, id event.ID) error { _, err := albums.Get(f.ctx, tx, id); return err },
		"fetch": func(f *fixture, tx *node.Tx, _ event.ID) error { _, err := albums.Collect(f.ctx, tx, ""); return err },
	}
	write := map[string]func(tx *node.Tx) error{
		"and writes":  func(tx *node.Tx) error { _, err := notes.Create(tx, Note{Text: "seen"}); return err },
		"and nothing": func(*node.Tx) error { return nil },
	}
	for readName, read := range read {
		for writeName, write := range write {
			t.Run(readName+" "+writeName, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := start(t)
					id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
					attempt := func(meanwhile func()) error {
						tx := f.prince.Begin().Serializable()
						require.NoError(t, read(f, tx, id))
						require.NoError(t, write(tx))
						meanwhile()
						_, err := tx.Commit(f.ctx)
						return err
					}
					require.NoError(t, attempt(func() {}))
					err := attempt(func() { f.edit(f.queen, id, func(m AlbumMutable) { m.SetYear(1987) }) })
					require.ErrorIs(t, err, node.ErrConflict)
					var conflict *node.ConflictError
					require.ErrorAs(t, err, &conflict)
					require.Equal(t, id, conflict.ID)
					require.NoError(t, attempt(func() { f.create(f.queen, Album{Name: "Lovesexy"}) }), "others do not matter")
				})
			})
		}
	}
}

func TestSerializableNoticesWhatWasAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		late := f.queen.Begin()
		m, err := albums.Create(late, Album{Name: "Camille"})
		require.NoError(t, err)

		tx := f.prince.Begin().Serializable()
		_, err = albums.Get(f.ctx, tx, m.ID())
		require.ErrorIs(t, err, entity.ErrNotFound)
		_, err = notes.Create(tx, Note{Text: "there is no Camille"})
		require.NoError(t, err)
		_, err = late.Commit(f.ctx)
		require.NoError(t, err)
		_, err = tx.Commit(f.ctx)
		require.ErrorIs(t, err, node.ErrConflict)
	})
}

func TestSerializableNoticesWhatChangedBetweenTwoReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "Parade"})
		for name, again := range map[string]func(tx *node.Tx) error{
			"fetch": func(tx *node.Tx) error { _, err := albums.Collect(f.ctx, tx, ""); return err },
			"get":   func(tx *node.Tx) error { _, err := albums.Get(f.ctx, tx, id); return err },
		} {
			tx := f.prince.Begin().Serializable()
			_, err := albums.Collect(f.ctx, tx, "")
			require.NoError(t, err)
			f.edit(f.queen, id, func(m AlbumMutable) { m.SetName(m.View().Head().Max().String()) })
			require.NoError(t, again(tx))
			_, err = notes.Create(tx, Note{Text: name})
			require.NoError(t, err)
			_, err = tx.Commit(f.ctx)
			require.ErrorIs(t, err, node.ErrConflict, name)
		}
	})
}

func TestSerializableComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		id := f.create(f.prince, Album{Name: "Parade"})
		tx := f.prince.Begin()
		_, err := albums.Get(f.ctx, tx, id)
		require.NoError(t, err)
		_, err = tx.Serializable().Commit(f.ctx)
		require.ErrorIs(t, err, node.ErrLate)
	})
}

func TestUpdateRetriesConflicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, node.WithLimits(node.Limits{Retries: 3}))
		id := f.create(f.prince, Album{Name: "Parade", Year: 1900})
		tries := 0
		increment := func(disturbed int) error {
			tries = 0
			return f.prince.Update(f.ctx, func(tx *node.Tx) error {
				tries++
				m, err := albums.Edit(f.ctx, tx.Serializable(), id)
				if err != nil {
					return err
				}
				if tries <= disturbed {
					f.edit(f.queen, id, func(m AlbumMutable) { m.SetYear(AlbumView{m.View()}.Year() + 10) })
				}
				m.SetYear(AlbumView{m.View()}.Year() + 1)
				return nil
			})
		}
		require.NoError(t, increment(2))
		require.Equal(t, 3, tries)
		v, err := albums.Get(f.ctx, f.prince, id)
		require.NoError(t, err)
		require.Equal(t, 1921, v.Year(), "no increment was lost")

		err = increment(100)
		require.ErrorIs(t, err, node.ErrConflict)
		require.Equal(t, 3, tries)

		other := errors.New("changed my mind")
		err = f.prince.Update(f.ctx, func(tx *node.Tx) error {
			_, err := albums.Create(tx, Album{Name: "never"})
			require.NoError(t, err)
			return other
		})
		require.ErrorIs(t, err, other)
		require.Panics(t, func() {
			_ = f.prince.Update(f.ctx, func(tx *node.Tx) error {
				_, _ = albums.Create(tx, Album{Name: "never"})
				panic("f")
			})
		})
		require.Empty(t, f.names(f.prince, "name = 'never'"))
	})
}
