package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
)

func albumDefinition() Definition {
	return Definition{
		Model: "Album", Collection: "albums",
		Fields: []Field{
			{Name: "name", Go: "Name", Type: TypeString, Was: []string{"title", "label"}},
			{Name: "year", Go: "Year", Type: TypeInt, Bits: 16},
			{Name: "rating", Go: "Rating", Type: TypeFloat, Optional: true},
			{Name: "artist", Go: "Artist", Type: TypeID, Ref: "artists"},
			{Name: "released", Go: "Released", Type: TypeTime},
			{Name: "tags", Go: "Tags", Type: TypeJSON},
			{Name: "cover", Go: "Cover", Type: TypeBytes, Optional: true},
		},
		Indexes: []Index{
			{Name: "by_year", Columns: []IndexColumn{{Field: 1, Desc: true}, {Field: 0}}},
			{Name: "by_updated", Columns: []IndexColumn{{Field: ColumnUpdated}}, Covering: true, Unique: true},
		},
	}
}

func albumSchema() *Schema { return NewSchema(albumDefinition()) }

func TestSchemaDescribesItself(t *testing.T) {
	s := albumSchema()
	require.NoError(t, s.Err())
	require.Equal(t, "Album", s.Model())
	require.Equal(t, "albums", s.Collection())
	require.Equal(t, []string{"name", "year", "rating", "artist", "released", "tags", "cover", "id", "created", "updated"}, s.Names())
	require.Empty(t, cmp.Diff(albumDefinition().Fields, s.Fields()))
	require.Empty(t, cmp.Diff(albumDefinition().Indexes, s.Indexes()))
	for i, name := range s.Names() {
		column, ok := s.Field(name)
		require.True(t, ok)
		require.Equal(t, name, s.Column(column).Name)
		if i < len(s.Fields()) {
			require.Equal(t, i, column)
		}
	}
	for name, want := range map[string]int{"id": ColumnID, "created": ColumnCreated, "updated": ColumnUpdated} {
		column, ok := s.Field(name)
		require.True(t, ok)
		require.Equal(t, want, column, name)
	}
	_, ok := s.Field("title")
	require.False(t, ok, "a former name is no column")
	require.Nil(t, s.Column(len(s.Fields())))
	require.Nil(t, s.Column(ColumnUpdated-1))
	require.Equal(t, "name", s.Current("title"))
	require.Equal(t, "name", s.Current("label"))
	require.Equal(t, "name", s.Current("name"))
	require.Equal(t, "unknown", s.Current("unknown"))
}

func TestSchemaKeepsItsOwnCopy(t *testing.T) {
	d := albumDefinition()
	s := NewSchema(d)
	d.Fields[0].Name, d.Fields[0].Was[0], d.Indexes[0].Columns[0].Field = "other", "other", 5
	require.Empty(t, cmp.Diff(albumDefinition().Fields, s.Fields()))
	require.Empty(t, cmp.Diff(albumDefinition().Indexes, s.Indexes()))
}

func TestSchemaReadsRows(t *testing.T) {
	s := albumSchema()
	id := event.ID{0, 0, 0, 0, 0, 1, 15: 9}
	artist := mustID(t, anID)
	row := &Row{
		ID: id, Head: event.NewHead(event.ID{0, 0, 0, 0, 0, 2}, event.ID{0, 0, 0, 0, 0, 3}),
		Values: tupleOf(map[string]Value{
			"name": OfString("Parade"), "year": OfInt(1986), "rating": OfFloat(4.5), "artist": OfID(artist),
			"released": OfTime(time.Date(1986, 3, 31, 0, 0, 0, 0, time.UTC)), "tags": OfJSON(mustJSON(t, `["funk"]`)),
			"cover": OfBytes([]byte{1}), "unknown": OfInt(1),
		}),
	}
	want := []Value{
		OfString("Parade"), OfInt(1986), OfFloat(4.5), OfID(artist), OfTime(time.Date(1986, 3, 31, 0, 0, 0, 0, time.UTC)),
		OfJSON(mustJSON(t, `["funk"]`)), OfBytes([]byte{1}),
	}
	for i, v := range want {
		require.Equal(t, v, s.Value(row, i), s.Fields()[i].Name)
	}
	require.Equal(t, OfID(id), s.Value(row, ColumnID))
	require.Equal(t, OfTime(time.UnixMilli(1)), s.Value(row, ColumnCreated))
	require.Equal(t, OfTime(time.UnixMilli(3)), s.Value(row, ColumnUpdated))
	require.Equal(t, row.Created(), s.Value(row, ColumnCreated).Time())
	require.Equal(t, row.Updated(), s.Value(row, ColumnUpdated).Time())
	require.Equal(t, Null, s.Value(row, len(want)))
	require.Equal(t, Null, s.Value(row, ColumnUpdated-1))
	require.Equal(t, Null, s.Value(row, math.MinInt))
	far := &Row{ID: event.ID{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	require.Equal(t, ofMicros(maxTime), s.Value(far, ColumnCreated), "a ULID may lie beyond the year 9999")
}

func TestAbsentFieldsReadAsZeroOrNull(t *testing.T) {
	s := albumSchema()
	nulls := make(map[string]Value)
	for _, f := range s.Fields() {
		nulls[f.Name] = Null
	}
	want := []Value{OfString(""), OfInt(0), Null, OfID(event.ID{}), OfTime(time.Time{}), Null, Null}
	for name, row := range map[string]*Row{
		"an empty tuple":     {},
		"unknown names only": {Values: tupleOf(map[string]Value{"zz": OfInt(1)})},
		"explicit nulls":     {Values: tupleOf(nulls)},
	} {
		for i, v := range want {
			require.Equal(t, v, s.Value(row, i), "%s: %s", name, s.Fields()[i].Name)
		}
	}
}

func TestRenamedFieldsReadFormerNames(t *testing.T) {
	s := albumSchema()
	for _, c := range []struct {
		stored map[string]Value
		want   string
	}{
		{map[string]Value{"title": OfString("old")}, "old"},
		{map[string]Value{"label": OfString("oldest")}, "oldest"},
		{map[string]Value{"label": OfString("oldest"), "title": OfString("old")}, "old"},
		{map[string]Value{"label": OfString("oldest"), "title": OfString("old"), "name": OfString("new")}, "new"},
	} {
		row := &Row{Values: tupleOf(c.stored)}
		require.Equal(t, c.want, s.Value(row, 0).Text())
		require.Equal(t, c.want, s.slots[0].search(row.Values).Text())
	}
}

// TestChangedTypesReadWhatStillFits stores values of other types than the
// schema's, as an earlier schema may have done.
func TestChangedTypesReadWhatStillFits(t *testing.T) {
	s := albumSchema()
	for _, c := range []struct {
		column string
		stored Value
		want   Value
	}{
		{"year", OfUint(7), OfInt(7)},
		{"year", OfFloat(7), OfInt(7)},
		{"year", OfFloat(7.5), OfInt(0)},
		{"year", OfInt(40000), OfInt(0)},
		{"year", OfInt(32767), OfInt(32767)},
		{"year", OfString("7"), OfInt(0)},
		{"year", OfJSON(JSON{"7"}), OfInt(7)},
		{"rating", OfInt(4), OfFloat(4)},
		{"rating", OfInt(1<<53 + 1), Null},
		{"rating", OfString("x"), Null},
		{"artist", OfString(anID), OfID(mustID(t, anID))},
		{"artist", OfString("nobody"), OfID(event.ID{})},
		{"released", OfString("1986-03-31"), OfTime(time.Date(1986, 3, 31, 0, 0, 0, 0, time.UTC))},
		{"tags", OfString("funk"), OfJSON(JSON{`"funk"`})},
		{"tags", OfBytes(nil), Null},
		{"name", OfInt(5), OfString("")},
	} {
		column, _ := s.Field(c.column)
		row := &Row{Values: tupleOf(map[string]Value{c.column: c.stored})}
		require.Equal(t, c.want, s.Value(row, column), "%s stored as %v %v", c.column, c.stored.Type(), c.stored)
	}
}

// TestLayoutsAreOnlyACache reads rows of more layouts than a schema keeps, from
// several goroutines, and expects what a lookup by name finds.
func TestLayoutsAreOnlyACache(t *testing.T) {
	d := Definition{Model: "Wide", Collection: "wide"}
	for i := range 10 {
		d.Fields = append(d.Fields, Field{Name: fmt.Sprintf("f%d", i), Type: TypeInt, Optional: true})
	}
	s := NewSchema(d)
	rows := make([]*Row, 1<<len(d.Fields))
	for set := range rows {
		values := make(map[string]Value)
		for i := range d.Fields {
			if set>>i&1 == 1 {
				values[d.Fields[i].Name] = OfInt(int64(set*100 + i))
			}
		}
		rows[set] = &Row{Values: tupleOf(values)}
	}
	var group sync.WaitGroup
	for start := range 4 {
		group.Go(func() {
			for n := range len(rows) {
				set := (n*7 + start*13) % len(rows)
				for i := range d.Fields {
					want := Null
					if set>>i&1 == 1 {
						want = OfInt(int64(set*100 + i))
					}
					if got := s.Value(rows[set], i); got != want {
						t.Errorf("layout %b, field %d: %v, want %v", set, i, got, want)
						return
					}
				}
			}
		})
	}
	group.Wait()
	require.Len(t, *s.layouts.Load(), maxLayouts)

	// Each row has another layout; keeping each in turn would cost allocations.
	next := 0
	require.Less(t, testing.AllocsPerRun(1000, func() {
		_ = s.Value(rows[next], 3)
		next = (next + 1) % len(rows)
	}), 1.0)
	// Layouts in use are learnt in the end, though others came first.
	for range 256 * maxLayouts {
		_ = s.Value(rows[777], 3)
	}
	require.True(t, slices.ContainsFunc(*s.layouts.Load(), func(l *layout) bool {
		return strings.HasPrefix(string(rows[777].Values.Bytes()), l.block)
	}))
}

func TestValueDoesNotAllocate(t *testing.T) {
	s := albumSchema()
	row := &Row{Values: tupleOf(map[string]Value{"name": OfString("Parade"), "year": OfInt(1986), "artist": OfID(event.ID{1})})}
	for i := -3; i < len(s.Fields()); i++ {
		_ = s.Value(row, 0)
		require.Zero(t, testing.AllocsPerRun(100, func() { _ = s.Value(row, i) }), "%d", i)
	}
}

func TestEncode(t *testing.T) {
	s := albumSchema()
	artist := mustID(t, anID)
	got, err := s.Encode([]Value{
		OfString("Parade"), OfInt(1986), OfFloat(0), OfID(artist), OfTime(time.Time{}), OfJSON(JSON{}), OfBytes(nil),
	})
	require.NoError(t, err)
	want := []NamedValue{
		{Field: 0, Name: "name", Value: OfString("Parade").AppendTo(nil)},
		{Field: 1, Name: "year", Value: OfInt(1986).AppendTo(nil)},
		{Field: 2, Name: "rating", Value: OfFloat(0).AppendTo(nil)},
		{Field: 3, Name: "artist", Value: OfID(artist).AppendTo(nil)},
		{Field: 6, Name: "cover", Value: OfBytes(nil).AppendTo(nil)},
	}
	require.Empty(t, cmp.Diff(want, got), "zeros of fields that are not optional, and nulls, are left out")
	got, err = s.Encode(nil)
	require.NoError(t, err)
	require.Empty(t, got)
	for i := range got {
		require.Equal(t, len(got[i].Value), cap(got[i].Value))
	}
}

func TestEncodeRefuses(t *testing.T) {
	s := albumSchema()
	for _, c := range []struct {
		values []Value
		want   string
	}{
		{[]Value{OfInt(1)}, "name: takes a string, not an int"},
		{[]Value{OfString("a\x00")}, "name: a string contains the character U+0000, which cannot be stored"},
		{[]Value{Null, OfInt(40000)}, "year: 40000 does not fit int16"},
		{[]Value{Null, OfUint(5)}, "year: takes an int, not a uint"},
		{make([]Value, 8), "more values than Album has fields"},
	} {
		_, err := s.Encode(c.values)
		require.EqualError(t, err, c.want)
		require.ErrorIs(t, err, ErrInvalid)
	}
}

// TestEncodedValuesReadBack checks that leaving values out changes nothing.
func TestEncodedValuesReadBack(t *testing.T) {
	s := albumSchema()
	rapid.Check(t, func(t *rapid.T) {
		values := make([]Value, len(s.Fields()))
		for i, f := range s.Fields() {
			switch {
			case rapid.IntRange(0, 3).Draw(t, "absent") == 0:
				values[i] = s.slots[i].absent
			case f.Bits == 16:
				values[i] = OfInt(int64(rapid.Int16().Draw(t, "year")))
			default:
				values[i] = drawOf(t, f.Type)
			}
		}
		named, err := s.Encode(values)
		if err != nil {
			t.Fatalf("Encode: %v", err)
		}
		var b TupleBuilder
		for _, n := range named {
			b.Set(n.Name, n.Value)
		}
		row := &Row{Values: b.Tuple()}
		for i, want := range values {
			if got := s.Value(row, i); got != want {
				t.Fatalf("%s: %v, want %v", s.Fields()[i].Name, got, want)
			}
		}
	})
}

func TestFieldCheck(t *testing.T) {
	for _, c := range []struct {
		field Field
		v     Value
		want  string
	}{
		{Field{Name: "a", Type: TypeInt, Bits: 8}, OfInt(127), ""},
		{Field{Name: "a", Type: TypeInt, Bits: 8}, OfInt(128), "a: 128 does not fit int8"},
		{Field{Name: "a", Type: TypeInt, Bits: 8}, OfInt(-128), ""},
		{Field{Name: "a", Type: TypeInt, Bits: 8}, OfInt(-129), "a: -129 does not fit int8"},
		{Field{Name: "a", Type: TypeUint, Bits: 32}, OfUint(1<<32 - 1), ""},
		{Field{Name: "a", Type: TypeUint, Bits: 32}, OfUint(1 << 32), "a: 4294967296 does not fit uint32"},
		{Field{Name: "a", Type: TypeInt, Bits: 64}, OfInt(math.MinInt64), ""},
		{Field{Name: "a", Type: TypeUint}, OfUint(math.MaxUint64), ""},
		{Field{Name: "a", Type: TypeFloat, Bits: 32}, OfFloat(0.5), ""},
		{Field{Name: "a", Type: TypeFloat, Bits: 32}, OfFloat(math.NaN()), ""},
		{Field{Name: "a", Type: TypeFloat, Bits: 32}, OfFloat(0.1), "a: 0.1 does not fit float32"},
		{Field{Name: "a", Type: TypeFloat}, OfFloat(0.1), ""},
		{Field{Name: "a", Type: TypeString}, Null, "a: null is only for optional fields"},
		{Field{Name: "a", Type: TypeString, Optional: true}, Null, ""},
		{Field{Name: "a", Type: TypeJSON}, Null, ""},
		{Field{Name: "a", Type: TypeTime}, OfString("2006-01-02"), "a: takes a time, not a string"},
		{Field{Name: "a", Type: TypeTime}, OfTime(time.Unix(math.MaxInt64, 0)), "a: a time lies outside the years 1 to 9999"},
	} {
		err := c.field.Check(c.v)
		if c.want == "" {
			require.NoError(t, err)
			continue
		}
		require.EqualError(t, err, c.want)
	}
}

func TestAppendJSONIsJSON(t *testing.T) {
	s := albumSchema()
	row := &Row{
		ID: mustID(t, anID),
		Values: tupleOf(map[string]Value{
			"name": OfString("Para\"de"), "year": OfInt(1986), "tags": OfJSON(mustJSON(t, `{"a": [1]}`)), "cover": OfBytes([]byte("hi")),
			"released": OfTime(time.Date(1986, 3, 31, 0, 0, 0, 0, time.UTC)), "artist": OfID(mustID(t, anID)),
		}),
	}
	want := `{"id":"` + anID + `","name":"Para\"de","year":1986,"rating":null,"artist":"` + anID +
		`","released":"1986-03-31T00:00:00Z","tags":{"a":[1]},"cover":"aGk="}`
	require.Equal(t, "x"+want, string(s.AppendJSON([]byte("x"), row)))
	rapid.Check(t, func(t *rapid.T) {
		values := make(map[string]Value)
		for _, f := range s.Fields() {
			values[f.Name] = drawOf(t, f.Type)
		}
		text := s.AppendJSON(nil, &Row{Values: tupleOf(values)})
		if !json.Valid(text) {
			t.Fatalf("%s", text)
		}
	})
}

func TestCheckAsksTheModel(t *testing.T) {
	d := albumDefinition()
	require.NoError(t, NewSchema(d).Check(&Row{}))
	refusal := errors.New("an album needs a name")
	d.Check = func(s *Schema, r *Row) error {
		if s.Value(r, 0).Text() == "" {
			return refusal
		}
		return nil
	}
	s := NewSchema(d)
	require.ErrorIs(t, s.Check(&Row{}), refusal)
	require.NoError(t, s.Check(&Row{Values: tupleOf(map[string]Value{"name": OfString("x")})}))
}

func TestIndexKeyNoticesChanges(t *testing.T) {
	s := albumSchema()
	require.Equal(t, "albums(year int16 desc, name string was title was label)", s.IndexKey(0))
	require.Equal(t, "albums(updated time) unique covering", s.IndexKey(1))
	require.Empty(t, s.IndexKey(2))
	require.Empty(t, s.IndexKey(-1))
	words := albumDefinition()
	words.Indexes[0] = Index{Name: "words", Columns: []IndexColumn{{Field: 0}}, FullText: true}
	require.Equal(t, "albums(name string was title was label) fulltext", NewSchema(words).IndexKey(0))
	require.Len(t, s.Fingerprint(), 32)
	require.Equal(t, s.Fingerprint(), albumSchema().Fingerprint())

	// Each change must change the fingerprint; those marked also the first index.
	for name, c := range map[string]struct {
		change func(*Definition)
		index  bool
	}{
		"model":            {func(d *Definition) { d.Model = "Record" }, false},
		"collection":       {func(d *Definition) { d.Collection = "records" }, true},
		"column":           {func(d *Definition) { d.Fields[0].Name = "nom" }, true},
		"type":             {func(d *Definition) { d.Fields[1].Type = TypeUint }, true},
		"bits":             {func(d *Definition) { d.Fields[1].Bits = 32 }, true},
		"optional":         {func(d *Definition) { d.Fields[1].Optional = true }, true},
		"former name":      {func(d *Definition) { d.Fields[0].Was = nil }, true},
		"reference":        {func(d *Definition) { d.Fields[3].Ref = "bands" }, false},
		"another column":   {func(d *Definition) { d.Fields[2].Optional = false }, false},
		"direction":        {func(d *Definition) { d.Indexes[0].Columns[0].Desc = false }, true},
		"order of columns": {func(d *Definition) { c := d.Indexes[0].Columns; c[0], c[1] = c[1], c[0] }, true},
		"unique index":     {func(d *Definition) { d.Indexes[0].Unique = true }, true},
		"covering index":   {func(d *Definition) { d.Indexes[0].Covering = true }, true},
		"full-text index": {func(d *Definition) {
			d.Indexes[0] = Index{Name: "by_year", Columns: []IndexColumn{{Field: 0}}, FullText: true}
		}, true},
		"name of the index":  {func(d *Definition) { d.Indexes[0].Name = "other" }, false},
		"number of indexes":  {func(d *Definition) { d.Indexes = d.Indexes[:1] }, false},
		"columns of indexes": {func(d *Definition) { d.Indexes[0].Columns = d.Indexes[0].Columns[:1] }, true},
	} {
		d := albumDefinition()
		c.change(&d)
		changed := NewSchema(d)
		require.NoError(t, changed.Err(), name)
		require.NotEqual(t, s.Fingerprint(), changed.Fingerprint(), name)
		require.Equal(t, c.index, s.IndexKey(0) != changed.IndexKey(0), name)
	}
}

func TestAppendIndexKey(t *testing.T) {
	s := albumSchema()
	row := &Row{Values: tupleOf(map[string]Value{"year": OfInt(1986), "name": OfString("Parade")})}
	want := OfString("Parade").AppendKey(OfInt(1986).AppendKey(nil, true), false)
	require.Equal(t, want, s.AppendIndexKey(nil, 0, row))
	zero := OfString("").AppendKey(OfInt(0).AppendKey(nil, true), false)
	require.Equal(t, zero, s.AppendIndexKey(nil, 0, &Row{}), "absent is zero in an index too")
}

func TestNewSchemaFindsMistakes(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Definition)
		want   string
	}{
		{"no model", func(d *Definition) { d.Model = "" }, `model : the model has no name`},
		{"no collection", func(d *Definition) { d.Collection = "" }, `model Album: collection "" is empty`},
		{
			"a collection in capitals", func(d *Definition) { d.Collection = "AlbumCovers" },
			`model Album: collection "AlbumCovers" is not a lower-case letter followed by lower-case letters, digits and underscores; did you mean "album_covers"?`,
		},
		{
			"a column in another script", func(d *Definition) { d.Fields[0].Name = "größe" },
			`model Album, field Name: column "größe" is not a lower-case letter followed by lower-case letters, digits and underscores`,
		},
		{
			"a column with a dash", func(d *Definition) { d.Fields[0].Name = "full-name" },
			`model Album, field Name: column "full-name" is not a lower-case letter followed by lower-case letters, digits and underscores; did you mean "full_name"?`,
		},
		{
			"a long column", func(d *Definition) { d.Fields[0].Name = strings.Repeat("x", 64) },
			`model Album, field Name: column "xxxxxxxxxxxxxxxx"... is longer than 63 bytes`,
		},
		{
			"a reserved column", func(d *Definition) { d.Fields[0].Name = "created" },
			`model Album, field Name: column "created" exists in every collection; give the field another name`,
		},
		{
			"a column twice", func(d *Definition) { d.Fields[2].Name = "year" },
			`model Album, field Rating: column "year" belongs to field Year already`,
		},
		{
			"null as a type", func(d *Definition) { d.Fields[0].Type = TypeNull },
			`model Album, field Name: a field of type null cannot hold anything`,
		},
		{
			"no such type", func(d *Definition) { d.Fields[0].Type = 99 },
			`model Album, field Name: a field of type unknown type cannot hold anything`,
		},
		{
			"odd bits", func(d *Definition) { d.Fields[1].Bits = 7 },
			`model Album, field Year: 7 bits do not go with type int`,
		},
		{
			"bits of a string", func(d *Definition) { d.Fields[0].Bits = 64 },
			`model Album, field Name: 64 bits do not go with type string`,
		},
		{
			"a reference that is no ID", func(d *Definition) { d.Fields[0].Ref = "artists" },
			`model Album, field Name: only a field of type id refers to a collection`,
		},
		{
			"a reference to no collection", func(d *Definition) { d.Fields[3].Ref = "Artist" },
			`model Album, field Artist: refers to collection "Artist" is not a lower-case letter followed by lower-case letters, digits and underscores; did you mean "artist"?`,
		},
		{
			"a former name that is in use", func(d *Definition) { d.Fields[0].Was = []string{"year"} },
			`model Album, field Name: former name "year" belongs to field Year already`,
		},
		{
			"a former name of two", func(d *Definition) { d.Fields[1].Was = []string{"title"} },
			`model Album, field Year: former name "title" belongs to field Name already`,
		},
		{
			"a former name that is the present one", func(d *Definition) { d.Fields[0].Was = []string{"name"} },
			`model Album, field Name: former name "name" is given twice or is its present one`,
		},
		{
			"a malformed former name", func(d *Definition) { d.Fields[0].Was = []string{"Title"} },
			`model Album, field Name: former name "Title" is not a lower-case letter followed by lower-case letters, digits and underscores; did you mean "title"?`,
		},
		{
			"a reserved former name", func(d *Definition) { d.Fields[0].Was = []string{"id"} },
			`model Album, field Name: former name "id" exists in every collection`,
		},
		{
			"many former names", func(d *Definition) { d.Fields[0].Was = numbered(17) },
			`model Album, field Name: 17 former names are too many, at most 16 are allowed`,
		},
		{
			"an index twice", func(d *Definition) { d.Indexes[1].Name = "by_year" },
			`model Album, index by_year: another index has the same name`,
		},
		{
			"an index without name", func(d *Definition) { d.Indexes[0].Name = "" },
			`model Album: the index's name "" is empty`,
		},
		{
			"an index without columns", func(d *Definition) { d.Indexes[0].Columns = nil },
			`model Album, index by_year: has 0 columns; 1 to 16 are allowed`,
		},
		{
			"an index of a column that is not there", func(d *Definition) { d.Indexes[0].Columns[0].Field = 7 },
			`model Album, index by_year: there is no column number 7`,
		},
		{
			"an index with a column twice", func(d *Definition) { d.Indexes[0].Columns[1].Field = 1 },
			`model Album, index by_year: column "year" occurs twice`,
		},
		{
			"a unique index of JSON", func(d *Definition) { d.Fields[1] = Field{Name: "year", Type: TypeJSON}; d.Indexes[0].Unique = true },
			`model Album, index by_year: column "year" is JSON, which cannot be unique`,
		},
		{
			"a full-text index of a number", func(d *Definition) {
				d.Indexes[0] = Index{Name: "words", Columns: []IndexColumn{{Field: 1}}, FullText: true}
			},
			`model Album, index words: column "year" is of type int; only strings and JSON have words`,
		},
		{
			"a full-text index of two columns, one descending, unique", func(d *Definition) {
				d.Fields[1].Type = TypeString
				d.Fields[1].Bits = 0
				d.Indexes[0].FullText, d.Indexes[0].Unique = true, true
			},
			"model Album, index by_year: is full-text and has 2 columns; make an index of each\n" +
				"model Album, index by_year: is full-text, which is found by words in no direction\n" +
				"model Album, index by_year: is full-text, which is neither unique nor covering",
		},
		{
			"many fields", func(d *Definition) { d.Fields = fields(513); d.Indexes = nil },
			`model Album: 513 fields are too many, at most 512 are allowed`,
		},
		{
			"many indexes", func(d *Definition) { d.Indexes = indexes(65) },
			`model Album: 65 indexes are too many, at most 64 are allowed`,
		},
		{
			"several mistakes", func(d *Definition) { d.Collection = ""; d.Fields[1].Bits = 7 },
			"model Album: collection \"\" is empty\nmodel Album, field Year: 7 bits do not go with type int",
		},
	} {
		d := albumDefinition()
		c.change(&d)
		s := NewSchema(d)
		require.EqualError(t, s.Err(), c.want, c.name)
		require.ErrorIs(t, s.Err(), ErrInvalid, c.name)
		var typed *SchemaError
		require.ErrorAs(t, s.Err(), &typed, c.name)
		// A schema with mistakes is of no use, but does not panic either.
		for i := -4; i < 9; i++ {
			_ = s.Value(&Row{}, i)
		}
		_, _, _ = s.AppendJSON(nil, &Row{}), s.Fingerprint(), s.IndexKey(0)
	}
	d := albumDefinition()
	d.Fields, d.Indexes = fields(512), nil
	require.NoError(t, NewSchema(d).Err())
	require.NoError(t, NewSchema(Definition{Model: "Empty", Collection: "empty"}).Err())
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("n%d", i)
	}
	return names
}

func indexes(n int) []Index {
	list := make([]Index, n)
	for i, name := range numbered(n) {
		list[i] = Index{Name: name, Columns: []IndexColumn{{Field: 0}}}
	}
	return list
}

func fields(n int) []Field {
	list := make([]Field, n)
	for i, name := range numbered(n) {
		list[i] = Field{Name: name, Type: TypeInt}
	}
	return list
}

func TestValidName(t *testing.T) {
	for _, name := range []string{"a", "a1", "a_b", "z" + strings.Repeat("9", 62)} {
		require.True(t, ValidName(name), name)
	}
	for _, name := range []string{"", "A", "1a", "_a", "a-b", "a b", "a.b", "é", "a\x00", strings.Repeat("a", 64)} {
		require.False(t, ValidName(name), name)
	}
}
