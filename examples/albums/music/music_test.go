package music

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

func TestSchemas(t *testing.T) {
	for _, s := range Models() {
		require.NoError(t, s.Err(), s.Model())
	}
	require.Equal(t, "artists", Artists.Schema().Collection())
	require.Equal(t, "albums", Albums.Schema().Collection())
}

// row is an album as it is stored.
func row(t *testing.T, name string) *model.Row {
	t.Helper()
	values, err := Albums.Schema().Encode([]model.Value{
		model.OfString(name),
		model.OfID(event.ID{1}),
		model.OfInt(1986),
		model.OfString(string(Funk)),
	})
	require.NoError(t, err)
	var b model.TupleBuilder
	for _, v := range values {
		b.Set(v.Name, v.Value)
	}
	return &model.Row{ID: event.ID{2}, Values: b.Tuple()}
}

func TestAlbumView(t *testing.T) {
	v := AlbumView{entity.NewView(Albums.Schema(), row(t, "Parade"))}
	require.Equal(t, "Parade", v.Name())
	require.Equal(t, 1986, v.Year())
	require.Equal(t, Funk, v.Genre())
	require.Equal(t, model.RefTo[Artist](event.ID{1}), v.ArtistRef())
	_, labelled := v.Label()
	require.False(t, labelled)
}

func TestAlbumNeedsName(t *testing.T) {
	require.NoError(t, Albums.Schema().Check(row(t, "Parade")))
	require.ErrorIs(t, Albums.Schema().Check(row(t, "")), ErrNoName)
}
