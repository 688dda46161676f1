package gomodel_test

import (
	"go/types"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/internal/gomodel"
	"github.com/ankgo/ank/model"
)

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"Name": "name", "ReleaseDate": "release_date", "URL": "url", "CoverURL": "cover_url", "HTTPServer": "http_server",
		"AlbumIDs": "album_ids", "IDs": "ids", "IDsOf": "ids_of", "Value2": "value2", "SHA256Sum": "sha256_sum",
		"A": "a", "AB": "ab", "ABc": "a_bc", "Is": "is", "HasIs": "has_is", "Under_Score": "under_score", "X_": "x",
		"Top10Songs": "top10_songs", "Größe": "größe",
	} {
		require.Equal(t, want, gomodel.Snake(name), name)
	}
}

func TestOptions(t *testing.T) {
	require.Equal(t, []gomodel.Option{
		{Key: "name", Value: "title", Valued: true},
		{Key: "renamed-from", Value: "a=b", Valued: true, At: 11},
		{Key: "index", At: 29},
		{Key: "", At: 37},
		{Key: "name", Valued: true, At: 38},
	}, slices.Collect(gomodel.Options("name=title, renamed-from=a=b,  index,,name=")))
	for o := range gomodel.Options("-,index") {
		require.Equal(t, gomodel.Excluded, o.Key)
		break
	}
}

func TestNumber(t *testing.T) {
	plays := types.NewNamed(types.NewTypeName(0, nil, "Plays", nil), types.Typ[types.Uint16], nil)
	for typ, want := range map[types.Type]struct {
		typ  model.Type
		bits int
	}{
		plays:                       {model.TypeUint, 16},
		types.Typ[types.Int]:        {model.TypeInt, 64},
		types.Typ[types.Int32]:      {model.TypeInt, 32},
		types.Typ[types.Uint8]:      {model.TypeUint, 8},
		types.Typ[types.Float32]:    {model.TypeFloat, 32},
		types.Typ[types.Float64]:    {model.TypeFloat, 64},
		types.Typ[types.Uintptr]:    {},
		types.Typ[types.Complex128]: {},
		types.Typ[types.String]:     {},
		types.NewStruct(nil, nil):   {},
		types.NewPointer(plays):     {},
	} {
		got, bits := gomodel.Number(typ)
		require.Equal(t, want.typ, got, typ)
		require.Equal(t, want.bits, bits, typ)
	}
}
