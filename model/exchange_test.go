package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// travelled has everything that a definition can have.
func travelled() Definition {
	return Definition{
		Model: "Album", Collection: "albums",
		Fields: []Field{
			{Name: "name", Go: "Name", Type: TypeString, Was: []string{"title", "label"}},
			{Name: "year", Go: "Year", Type: TypeInt, Bits: 16, Optional: true},
			{Name: "artist", Go: "Artist", Type: TypeID, Ref: "artists"},
		},
		Indexes: []Index{
			{Name: "by_year", Columns: []IndexColumn{{Field: 1, Desc: true}, {Field: ColumnID}}, Unique: true, Covering: true},
			{Name: "words", Columns: []IndexColumn{{Field: 0}}, FullText: true},
		},
	}
}

func TestSchemasTravel(t *testing.T) {
	artists := NewSchema(Definition{Model: "Artist", Collection: "artists"})
	s := NewSchema(travelled())
	require.NoError(t, s.Err())
	encoded := s.AppendTo(nil)
	again, err := DecodeSchema(encoded, func(collection string) *Schema {
		require.Equal(t, "artists", collection)
		return artists
	})
	require.NoError(t, err)
	require.Equal(t, s.Fingerprint(), again.Fingerprint())
	require.Equal(t, s.Fields(), again.Fields())
	require.Equal(t, s.Indexes(), again.Indexes())
	require.Same(t, artists, again.Target(2))
	require.Equal(t, encoded, again.AppendTo(nil))
	alone, err := DecodeSchema(encoded, nil)
	require.NoError(t, err)
	require.Nil(t, alone.Target(2))

	for n := range encoded {
		_, err := DecodeSchema(encoded[:n], nil)
		require.Error(t, err, n)
	}
	_, err = DecodeSchema(append(encoded, 0), nil)
	require.Error(t, err)
	_, err = DecodeSchema(make([]byte, MaxSchemaSize+1), nil)
	require.ErrorContains(t, err, "at most 262144 are allowed")
	bad := NewSchema(Definition{Model: "Album", Collection: "Not a name"})
	_, err = DecodeSchema(bad.AppendTo(nil), nil)
	require.ErrorContains(t, err, "Not a name")
}

func TestSchemasAreExtended(t *testing.T) {
	s := NewSchema(travelled())
	extend := func(change func(d *Definition)) (*Schema, error) {
		d := travelled()
		change(&d)
		newer := NewSchema(d)
		require.NoError(t, newer.Err())
		return s.Extend(newer, nil)
	}
	same, err := extend(func(*Definition) {})
	require.NoError(t, err)
	require.Same(t, s, same)
	same, err = extend(func(d *Definition) { d.Fields, d.Indexes = d.Fields[:1], nil })
	require.NoError(t, err)
	require.Same(t, s, same, "what is not mentioned stays")

	more, err := extend(func(d *Definition) {
		d.Fields = []Field{
			{Name: "genre", Type: TypeString},
			{Name: "released", Type: TypeInt, Bits: 32, Was: []string{"year", "yr"}},
			{Name: "title", Type: TypeString},
		}
		d.Indexes = []Index{{Name: "genre", Columns: []IndexColumn{{Field: 0}, {Field: 1}}}, {Name: "words", Columns: []IndexColumn{{Field: 2}, {Field: 0}}}}
	})
	require.NoError(t, err)
	require.Equal(t, []Field{
		{Name: "name", Go: "Name", Type: TypeString, Was: []string{"title", "label"}},
		{Name: "released", Type: TypeInt, Bits: 32, Optional: true, Was: []string{"year", "yr"}},
		{Name: "artist", Go: "Artist", Type: TypeID, Ref: "artists"},
		{Name: "genre", Type: TypeString},
	}, more.Fields())
	require.Equal(t, []Index{
		{Name: "by_year", Columns: []IndexColumn{{Field: 1, Desc: true}, {Field: ColumnID}}, Unique: true, Covering: true},
		{Name: "words", Columns: []IndexColumn{{Field: 0}, {Field: 3}}},
		{Name: "genre", Columns: []IndexColumn{{Field: 3}, {Field: 1}}},
	}, more.Indexes())

	_, err = extend(func(d *Definition) { d.Fields[1] = Field{Name: "year", Type: TypeString} })
	require.EqualError(t, err, "model Album, field year: is an int here and a string there")
	_, err = extend(func(d *Definition) { d.Fields[2].Ref = "people" })
	require.EqualError(t, err, `model Album, field artist: refers to "artists" here and to "people" there`)
	_, err = extend(func(d *Definition) { d.Collection = "songs" })
	require.EqualError(t, err, "model: collections albums and songs have no schema in common")
}

// TestVersionsThatTakeTurnsAgree: whichever of two indexes of one name comes first, and
// however often they come, the schema changes once.
func TestVersionsThatTakeTurnsAgree(t *testing.T) {
	with := func(x Index) *Schema {
		d := travelled()
		x.Name = "shared"
		d.Indexes = []Index{x}
		s := NewSchema(d)
		require.NoError(t, s.Err())
		return s
	}
	columns := func(fields ...int) (list []IndexColumn) {
		for _, f := range fields {
			list = append(list, IndexColumn{Field: f})
		}
		return list
	}
	for name, row := range map[string]struct{ a, b, want Index }{
		"unique later":    {Index{Columns: columns(0)}, Index{Columns: columns(0), Unique: true}, Index{Columns: columns(0), Unique: true}},
		"covering later":  {Index{Columns: columns(0), Unique: true}, Index{Columns: columns(0), Covering: true}, Index{Columns: columns(0), Unique: true, Covering: true}},
		"longer":          {Index{Columns: columns(1)}, Index{Columns: columns(0, 1)}, Index{Columns: columns(0, 1)}},
		"other columns":   {Index{Columns: columns(0)}, Index{Columns: columns(1)}, Index{Columns: columns(1)}},
		"other direction": {Index{Columns: columns(1)}, Index{Columns: []IndexColumn{{Field: 1, Desc: true}}}, Index{Columns: []IndexColumn{{Field: 1, Desc: true}}}},
		"words":           {Index{Columns: columns(0)}, Index{Columns: columns(0), FullText: true}, Index{Columns: columns(0), FullText: true}},
	} {
		row.want.Name = "shared"
		for _, pair := range [][2]*Schema{{with(row.a), with(row.b)}, {with(row.b), with(row.a)}} {
			joined, err := pair[0].Extend(pair[1], nil)
			require.NoError(t, err, name)
			require.Equal(t, []Index{row.want}, joined.Indexes(), name)
			for _, s := range pair {
				again, err := joined.Extend(s, nil)
				require.NoError(t, err, name)
				require.Same(t, joined, again, name)
			}
		}
	}
}

func FuzzDecodeSchema(f *testing.F) {
	f.Add(NewSchema(travelled()).AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := DecodeSchema(b, nil)
		if err != nil {
			return
		}
		again, err := DecodeSchema(s.AppendTo(nil), nil)
		if err != nil || again.Fingerprint() != s.Fingerprint() {
			t.Fatalf("%v: %q", err, b)
		}
		base := NewSchema(travelled())
		joined, err := base.Extend(s, nil)
		if err != nil {
			return
		}
		if twice, err := joined.Extend(s, nil); err != nil || twice.Fingerprint() != joined.Fingerprint() {
			t.Fatalf("taken in again, it is another: %v: %q", err, b)
		}
	})
}
