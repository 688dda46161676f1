package node_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node"
)

func TestCommitAndRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		tx := f.prince.Begin()
		m, err := albums.Create(tx, Album{Name: "Parade", Artist: "Prince", Year: 1986})
		require.NoError(t, err)
		_, err = albums.Get(f.ctx, f.queen, m.ID())
		require.ErrorIs(t, err, entity.ErrNotFound, "nobody else sees what is not committed")
		v, err := albums.Get(f.ctx, tx, m.ID())
		require.NoError(t, err)
		require.Equal(t, "Parade", v.Name())

		r, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, node.Accepted, r.Status)
		require.Equal(t, uint64(1), r.Position.Seq)
		require.Equal(t, f.node.Origin(), r.Position.Origin)

		v, err = albums.Get(f.ctx, f.queen, m.ID())
		require.NoError(t, err)
		require.Equal(t, "Parade", v.Name())
		require.Equal(t, 1986, v.Year())
		require.Equal(t, []string{"Parade"}, f.names(f.queen, "year = 1986"))

		f.edit(f.queen, m.ID(), func(m AlbumMutable) { m.SetYear(1987) })
		require.Equal(t, []string{"Parade"}, f.names(f.prince, "year > ?", 1986))
		cursor, err := f.node.Cursor(f.ctx)
		require.NoError(t, err)
		require.True(t, r.Covered(cursor))
	})
}
