package model_test

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

func ExampleValue_Compare() {
	values := []model.Value{
		model.OfString("b"), model.OfFloat(1.5), model.OfInt(2), model.Null, model.OfUint(1), model.OfString("a"),
	}
	slices.SortFunc(values, model.Value.Compare)
	fmt.Println(values)
	fmt.Println(model.OfInt(2).Equal(model.OfFloat(2)))
	// Output:
	// [null 1 1.5 2 'a' 'b']
	// true
}

func ExampleValue_AppendKey() {
	// The newest year first, then by name.
	key := func(year int64, name string) []byte {
		b := model.OfInt(year).AppendKey(nil, true)
		return model.OfString(name).AppendKey(b, false)
	}
	fmt.Println(bytes.Compare(key(1986, "Parade"), key(1987, "Around the World")))
	fmt.Println(bytes.Compare(key(1987, "Sign"), key(1987, "Sign o' the Times")))
	// Output:
	// 1
	// -1
}

func ExampleDecodeKey() {
	b := model.OfInt(1986).AppendKey(nil, true)
	b = model.OfString("Parade").AppendKey(b, false)
	year, rest, err := model.DecodeKey(b, model.TypeInt, true)
	fmt.Println(year, err)
	name, rest, err := model.DecodeKey(rest, model.TypeString, false)
	fmt.Println(name, len(rest), err)
	// Output:
	// 1986 <nil>
	// 'Parade' 0 <nil>
}

func ExampleParseJSON() {
	j, err := model.ParseJSON(`{ "year": 1986.0, "artist": "Prince" }`)
	fmt.Println(j, err)
	_, err = model.ParseJSON(`{"year": 1986, "year": 1987}`)
	fmt.Println(err)
	// Output:
	// {"artist":"Prince","year":1986} <nil>
	// json: key "year" occurs twice, the second time at byte 15
}

func ExampleJSON_Path() {
	j, _ := model.ParseJSON(`{"tracks": [{"title": "Kiss"}], "label": null}`)
	fmt.Println(j.Path("tracks", "0", "title"))
	fmt.Println(j.Path("tracks", "1", "title"))
	fmt.Println(j.Path("label"))
	// Output:
	// 'Kiss' true
	// null false
	// null false
}

func ExampleConvert() {
	year := &model.Field{Name: "year", Type: model.TypeInt, Bits: 16}
	// year > 1985.5 holds for the integers above 1985.
	v, inexact, err := model.Convert(model.OfFloat(1985.5), year)
	fmt.Println(v, inexact, err)
	released := &model.Field{Name: "released", Type: model.TypeTime}
	v, inexact, err = model.Convert(model.OfString("1986-03-31"), released)
	fmt.Println(v, inexact, err)
	_, _, err = model.Convert(model.OfString("1986-03-31"), year)
	fmt.Println(err)
	// Output:
	// 1985 -1 <nil>
	// '1986-03-31T00:00:00Z' 0 <nil>
	// year: int16 column does not compare with a string such as '1986-03-31'
}

func ExampleSchema_Value() {
	schema := model.NewSchema(model.Definition{
		Model: "Album", Collection: "albums",
		Fields: []model.Field{
			{Name: "name", Go: "Name", Type: model.TypeString},
			{Name: "year", Go: "Year", Type: model.TypeInt},
			{Name: "rating", Go: "Rating", Type: model.TypeFloat, Optional: true},
		},
	})
	var fields model.TupleBuilder
	fields.Set("name", model.OfString("Parade").AppendTo(nil))
	row := &model.Row{ID: event.ID{}, Values: fields.Tuple()}
	for i, f := range schema.Fields() {
		fmt.Println(f.Name, schema.Value(row, i))
	}
	fmt.Println(string(schema.AppendJSON(nil, row)))
	// Output:
	// name 'Parade'
	// year 0
	// rating null
	// {"id":"00000000000000000000000000","name":"Parade","year":0,"rating":null}
}

func ExampleSchema_Encode() {
	schema := model.NewSchema(model.Definition{
		Model: "Album", Collection: "albums",
		Fields: []model.Field{
			{Name: "name", Go: "Name", Type: model.TypeString},
			{Name: "year", Go: "Year", Type: model.TypeInt, Bits: 16},
		},
	})
	fields, err := schema.Encode([]model.Value{model.OfString("Parade"), model.OfInt(0)})
	for _, f := range fields {
		fmt.Printf("%s %x\n", f.Name, f.Value)
	}
	fmt.Println(err)
	_, err = schema.Encode([]model.Value{model.OfString("Parade"), model.OfInt(40_000)})
	fmt.Println(err)
	// Output:
	// name 06506172616465
	// <nil>
	// year: 40000 does not fit int16
}

func ExampleSchema_Err() {
	schema := model.NewSchema(model.Definition{
		Model: "Album", Collection: "albums",
		Fields: []model.Field{{Name: "releasedAt", Go: "ReleasedAt", Type: model.TypeTime}},
	})
	fmt.Println(schema.Err())
	// Output:
	// model Album, field ReleasedAt: column "releasedAt" is not a lower-case letter followed by lower-case letters, digits and underscores; did you mean "released_at"?
}

func ExampleTuple_All() {
	var b model.TupleBuilder
	b.Set("year", model.OfInt(1986).AppendTo(nil))
	b.Set("name", model.OfString("Parade").AppendTo(nil))
	tuple, err := model.TupleOf(b.Tuple().Bytes())
	if err != nil {
		fmt.Println(err)
	}
	for name, encoded := range tuple.All() {
		v, err := model.DecodeValue(encoded)
		fmt.Println(name, v, err)
	}
	// Output:
	// name 'Parade' <nil>
	// year 1986 <nil>
}

func ExampleRef() {
	type Artist struct{ Name string }
	id, _ := event.ParseID("01ARZ3NDEKTSV4RRFFQ69G5FAV")
	artist := model.RefTo[Artist](id)
	fmt.Println(artist, artist.ID() == id, artist.IsZero())
	// Output:
	// 01ARZ3NDEKTSV4RRFFQ69G5FAV true false
}

func ExampleNearest() {
	fmt.Println(model.Nearest("artits", []string{"name", "artist", "year"}))
	// Output:
	// artist
}
