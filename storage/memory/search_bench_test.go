package memory_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

// notes returns notes of eight words, drawn as they are in languages: word w1 stands
// in most of them, w100 in one of thirty, w10000 in hardly any.
func notes() func() string {
	rng := rand.New(rand.NewPCG(7, 0))
	zipf := rand.NewZipf(rng, 1.1, 4, 20_000)
	return func() string {
		words := make([]string, 8)
		for i := range words {
			words[i] = "w" + strconv.FormatUint(zipf.Uint64()+1, 10)
		}
		return strings.Join(words, " ")
	}
}

// searched are tasks with an index of the words of their notes, or without.
func searched(indexed bool) *model.Schema {
	d := model.Definition{Model: "Task", Collection: "tasks", Fields: tasks(false, false).Fields()}
	if indexed {
		d.Indexes = []model.Index{{Name: "note_words", Columns: []model.IndexColumn{{Field: 4}}, FullText: true}}
	}
	return model.NewSchema(d)
}

// BenchmarkSearch looks for words in 100,000 notes, by an index and without one.
func BenchmarkSearch(b *testing.B) {
	queries := []struct{ name, text string }{
		{"rare", "note MATCH 'w5000'"},
		{"frequent", "note MATCH 'w10'"},
		{"two", "note MATCH 'w300 w20'"},
		{"phrase", `note MATCH '"w40 w3"'`},
		{"prefix", "note MATCH 'w777*'"},
		{"either", "note MATCH 'w3000 OR w4000'"},
		{"ranked", "note MATCH 'w300 OR w301' ORDER BY RANK() DESC LIMIT 10"},
	}
	for _, st := range []struct {
		name    string
		indexed bool
		options kv.Options
		warm    int
	}{
		{"index+table", true, kv.Options{CacheBytes: 1 << 30}, 30},
		{"none+table", false, kv.Options{CacheBytes: 1 << 30}, 3},
		{"index+store", true, kv.Options{CacheBytes: -1}, 0},
		{"none+store", false, kv.Options{CacheBytes: -1}, 0},
	} {
		s := searched(st.indexed)
		e, err := memory.NewStore().Open(context.Background(), st.options)
		check(b, err)
		check(b, e.Register(context.Background(), s))
		m := newMaker(s)
		m.note = notes()
		for range entities {
			check(b, e.Commit(context.Background(), m.create()))
		}
		for _, q := range queries {
			b.Run(st.name+"/"+q.name, func(b *testing.B) { runSearch(b, e, planOf(b, s, q.text).Query, st.warm) })
		}
		check(b, e.Close())
	}
}

// runSearch plans a query and carries it out, as a node does.
func runSearch(b *testing.B, e storage.Engine, q *query.Checked, warm int) {
	ctx := context.Background()
	rows := 0
	ask := func() {
		v, err := e.Snapshot(ctx)
		check(b, err)
		for _, err := range v.Select(ctx, storage.Plan(ctx, v, q)) {
			check(b, err)
			rows++
		}
		v.Close()
	}
	for range warm { // until what is to be resident is
		ask()
	}
	rows = 0
	b.ReportAllocs()
	for b.Loop() {
		ask()
	}
	b.ReportMetric(float64(rows)/float64(b.N), "rows/op")
}

// BenchmarkIndexWords commits entities with notes of eight words, with an index of
// these and without, and updates that change another field or the note.
func BenchmarkIndexWords(b *testing.B) {
	for _, indexed := range []bool{false, true} {
		name := map[bool]string{false: "none", true: "index"}[indexed]
		e, m := open(b, searched(indexed), 0, kv.Options{})
		m.note = notes()
		run := func(batch func() *storage.Batch) func(b *testing.B) {
			return func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					check(b, e.Commit(context.Background(), batch()))
				}
			}
		}
		b.Run(name+"/create", run(m.create))
		b.Run(name+"/update another", run(m.update))
		b.Run(name+"/update words", run(m.rewrite))
	}
}

// rewrite changes the note of an entity.
func (m *maker) rewrite() *storage.Batch { return m.change(4, model.OfString(m.note())) }
