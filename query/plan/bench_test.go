package plan_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
)

// items is the model of the benchmarks, with their indexes.
var items = model.NewSchema(model.Definition{
	Model: "Item", Collection: "items",
	Fields: []model.Field{
		{Name: "owner", Type: model.TypeString},
		{Name: "status", Type: model.TypeString},
		{Name: "score", Type: model.TypeInt},
		{Name: "due", Type: model.TypeTime, Optional: true},
		{Name: "open", Type: model.TypeBool},
		{Name: "title", Type: model.TypeString},
	},
	Indexes: []model.Index{
		{Name: "owner_status", Columns: []model.IndexColumn{{Field: 0}, {Field: 1}}},
		{Name: "score", Columns: []model.IndexColumn{{Field: 2}}},
		{Name: "status_score", Columns: []model.IndexColumn{{Field: 1}, {Field: 2}}},
		{Name: "due", Columns: []model.IndexColumn{{Field: 3, Desc: true}}, Covering: true},
		{Name: "title", Columns: []model.IndexColumn{{Field: 5}}},
		{Name: "words", Columns: []model.IndexColumn{{Field: 5}}, FullText: true},
	},
})

func BenchmarkNew(b *testing.B) {
	for _, text := range []string{
		"owner = 'u-1'",
		"score BETWEEN 100 AND 199",
		"owner = 'u-1' AND status = 'open'",
		"status = 'open' ORDER BY score DESC LIMIT 20",
	} {
		c := check(b, items, text)
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plan.New(c, items.Indexes())
			}
		})
	}
}

// BenchmarkMeasured leaves out what counting takes.
func BenchmarkMeasured(b *testing.B) {
	few := &counts{rows: 1_000_000, keys: map[string]int{"owner_status": 3}, asked: map[string]int{}}
	for _, text := range []string{
		"owner = 'u-1'",
		"owner = 'u-1' AND status = 'open'",
		"owner = 'u-1' AND score = 5",
		"owner = 'u-1' OR score = 5",
		"status = 'open' ORDER BY score DESC LIMIT 20",
	} {
		c := check(b, items, text)
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				plan.Measured(c, items.Indexes(), few)
			}
		})
	}
}

func BenchmarkKeyFilter(b *testing.B) {
	p := plan.Plans(check(b, items, "owner > 'a' AND status = 'open'"), items.Indexes()[:1])[1]
	require.True(b, p.Filter)
	f := p.KeyFilter()
	r := row(1, map[string]model.Value{"owner": model.OfString("u-1"), "status": model.OfString("open")})
	key := items.AppendIndexKey(nil, 0, r)
	b.ReportAllocs()
	for b.Loop() {
		if !f.Match(key, r.ID) {
			b.Fatal("no match")
		}
	}
}

func BenchmarkRows(b *testing.B) {
	var rows []*model.Row
	for i := range 10_000 {
		rows = append(rows, row(i*7919%10_000, map[string]model.Value{"score": model.OfInt(int64(i * 31 % 1000))}))
	}
	found := func(yield func(*model.Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
	for _, text := range []string{"ORDER BY score", "ORDER BY score LIMIT 20", "ORDER BY score LIMIT 20 OFFSET 2000"} {
		p := &plan.Plan{Query: check(b, items, text), Residual: true}
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range plan.Rows(p, found, func(r *model.Row) *model.Row { return r }) {
					require.NoError(b, err)
				}
			}
		})
	}
}

func BenchmarkTop(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	numbers := make([]int, 10_000)
	for i := range numbers {
		numbers[i] = rng.IntN(1 << 30)
	}
	b.ReportAllocs()
	for b.Loop() {
		top := plan.NewTop(func(a, b int) int { return a - b }, 0, 20)
		for _, n := range numbers {
			top.Add(n)
		}
		if len(top.Take()) != 20 {
			b.Fatal("short")
		}
	}
}
