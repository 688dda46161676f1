package model

import (
	"bytes"
	"testing"
	"time"

	"github.com/ankgo/ank/event"
)

func benchSchema() *Schema {
	return NewSchema(Definition{
		Model: "Album", Collection: "albums",
		Fields: []Field{
			{Name: "artist", Type: TypeString},
			{Name: "genre", Type: TypeString},
			{Name: "name", Type: TypeString},
			{Name: "rating", Type: TypeFloat},
			{Name: "released", Type: TypeTime},
			{Name: "year", Type: TypeInt},
		},
		Indexes: []Index{{Name: "by_year", Columns: []IndexColumn{{Field: 5}, {Field: 2}}}},
	})
}

func benchTuple() Tuple {
	return tupleOf(map[string]Value{
		"artist": OfString("Prince"), "genre": OfString("funk"), "name": OfString("Parade"), "rating": OfFloat(4.5),
		"released": OfTime(time.Date(1986, 3, 31, 0, 0, 0, 0, time.UTC)), "year": OfInt(1986),
	})
}

func BenchmarkSchemaValue(b *testing.B) {
	s := benchSchema()
	row := &Row{ID: event.ID{1}, Head: event.Head{{2}}, Values: benchTuple()}
	for _, name := range s.Names() {
		column, _ := s.Field(name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = s.Value(row, column)
			}
		})
	}
	b.Run("absent", func(b *testing.B) {
		var builder TupleBuilder
		builder.Set("name", OfString("Parade").AppendTo(nil))
		sparse := &Row{Values: builder.Tuple()}
		b.ReportAllocs()
		for b.Loop() {
			_ = s.Value(sparse, 5)
		}
	})
	b.Run("unkept", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = s.slots[5].search(row.Values)
		}
	})
}

func BenchmarkTupleOf(b *testing.B) {
	encoded := benchTuple().Bytes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := TupleOf(encoded); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTupleBuilder(b *testing.B) {
	var names []string
	var values [][]byte
	for name, encoded := range benchTuple().All() {
		names, values = append(names, name), append(values, encoded)
	}
	var builder TupleBuilder
	b.ReportAllocs()
	for b.Loop() {
		builder.Reset()
		for i, name := range names {
			builder.Set(name, values[i])
		}
		_ = builder.Tuple()
	}
}

// benchValues has one value of each type.
func benchValues() []Value {
	return []Value{
		OfBool(true), OfInt(1986), OfUint(1 << 40), OfFloat(1.5), OfString("Sign o' the Times"), OfBytes([]byte{1, 0, 2}),
		OfTime(time.Date(1986, 3, 31, 0, 0, 0, 0, time.UTC)), OfDuration(time.Second), OfID(event.ID{1, 15: 7}), OfJSON(JSON{`{"a":1}`}),
	}
}

func BenchmarkDecodeValue(b *testing.B) {
	for _, v := range benchValues() {
		encoded := v.AppendTo(nil)
		b.Run(v.Type().String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeValue(encoded); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendTo(b *testing.B) {
	buffer := make([]byte, 0, 64)
	for _, v := range benchValues() {
		b.Run(v.Type().String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buffer = v.AppendTo(buffer[:0])
			}
		})
	}
}

func BenchmarkAppendKey(b *testing.B) {
	buffer := make([]byte, 0, 64)
	for _, v := range benchValues() {
		b.Run(v.Type().String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buffer = v.AppendKey(buffer[:0], false)
			}
		})
	}
	b.Run("string descending", func(b *testing.B) {
		v := OfString("Sign o' the Times")
		for b.Loop() {
			buffer = v.AppendKey(buffer[:0], true)
		}
	})
	b.Run("index of two columns", func(b *testing.B) {
		s := benchSchema()
		row := &Row{Values: benchTuple()}
		b.ReportAllocs()
		for b.Loop() {
			buffer = s.AppendIndexKey(buffer[:0], 0, row)
		}
	})
}

func BenchmarkCompare(b *testing.B) {
	for _, v := range benchValues() {
		other, _ := DecodeValue(bytes.Clone(v.AppendTo(nil)))
		b.Run(v.Type().String(), func(b *testing.B) {
			for b.Loop() {
				if v.Compare(other) != 0 {
					b.Fatal("not equal")
				}
			}
		})
	}
	b.Run("int with float", func(b *testing.B) {
		v, w := OfInt(1986), OfFloat(1986)
		for b.Loop() {
			if v.Compare(w) != 0 {
				b.Fatal("not equal")
			}
		}
	})
}

const benchDocument = `{"name":"Parade","artist":"Prince","tracks":[{"title":"Christopher Tracy's Parade","seconds":131},` +
	`{"title":"New Position","seconds":140},{"title":"Kiss","seconds":226.5}],"year":1986,"live":false}`

func BenchmarkParseJSON(b *testing.B) {
	b.SetBytes(int64(len(benchDocument)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseJSON(benchDocument); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJSONPath(b *testing.B) {
	j, err := ParseJSON(benchDocument)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := j.Path("tracks", "2", "seconds"); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkSchemaAppendJSON(b *testing.B) {
	s := benchSchema()
	row := &Row{ID: event.ID{1}, Values: benchTuple()}
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		buffer = s.AppendJSON(buffer[:0], row)
	}
}

func BenchmarkSchemaEncode(b *testing.B) {
	s := benchSchema()
	values := []Value{OfString("Prince"), OfString("funk"), OfString("Parade"), OfFloat(4.5), OfTime(time.Time{}), OfInt(1986)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Encode(values); err != nil {
			b.Fatal(err)
		}
	}
}
