package query_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

const benchText = "artist = ? AND (year > 1985 OR genre IN ('Funk', 'Soul')) AND name LIKE 'P%' ORDER BY year DESC LIMIT 10"

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := query.Parse(benchText); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBind(b *testing.B) {
	q, err := query.Parse(benchText)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := q.Bind(id(1)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	q, err := query.Parse(benchText)
	require.NoError(b, err)
	q, err = q.Bind(id(1))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := q.Check(album); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	q, err := query.Parse(benchText)
	require.NoError(b, err)
	q, err = q.Bind(id(1))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		c, err := q.Check(album)
		if err != nil || c.Key() == "" {
			b.Fatal(err)
		}
	}
}

// sixFields is the model of the benchmarks of matching.
var sixFields = model.NewSchema(model.Definition{
	Model: "Item", Collection: "items",
	Fields: []model.Field{
		{Name: "owner", Type: model.TypeString},
		{Name: "status", Type: model.TypeString},
		{Name: "score", Type: model.TypeInt},
		{Name: "ratio", Type: model.TypeFloat},
		{Name: "open", Type: model.TypeBool},
		{Name: "title", Type: model.TypeString},
	},
})

func BenchmarkMatch(b *testing.B) {
	r := row(1, map[string]model.Value{
		"owner": model.OfString("u-1234"), "status": model.OfString("open"), "score": model.OfInt(500),
		"ratio": model.OfFloat(0.5), "open": model.OfBool(true), "title": model.OfString("a title of some length"),
	})
	for _, text := range []string{
		"score = 500",
		"score >= 500",
		"owner = 'u-1234'",
		"open",
		"ratio < 0.7",
		"id = '" + id(1).String() + "'",
		"owner = 'u-1234' AND status = 'open'",
		"score BETWEEN 400 AND 600",
		"owner IN ('u-1', 'u-1234', 'u-2', 'u-3')",
		"title LIKE 'a %length'",
	} {
		q, err := query.Parse(text)
		require.NoError(b, err)
		c, err := q.Check(sixFields)
		require.NoError(b, err)
		require.True(b, c.Match(r), text)
		require.Zero(b, testing.AllocsPerRun(10, func() { c.Match(r) }), text)
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Match(r)
			}
		})
	}
}

func BenchmarkCompare(b *testing.B) {
	x := row(1, map[string]model.Value{"score": model.OfInt(500), "status": model.OfString("open")})
	y := row(2, map[string]model.Value{"score": model.OfInt(501), "status": model.OfString("open")})
	for _, order := range []string{"score", "status, score DESC"} {
		q, err := query.Parse("ORDER BY " + order)
		require.NoError(b, err)
		c, err := q.Check(sixFields)
		require.NoError(b, err)
		b.Run(fmt.Sprint(order), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Compare(x, y)
			}
		})
	}
}
