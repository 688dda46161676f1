package reactor

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// The benchmarks publish updates of one column to standing queries whose result is one row each, and
// take every change set that comes of it: matching and delivery, without commits.

var tasks = model.NewSchema(model.Definition{Model: "Task", Collection: "tasks", Fields: []model.Field{
	{Name: "title", Type: model.TypeString},
	{Name: "owner", Type: model.TypeString},
	{Name: "status", Type: model.TypeString},
	{Name: "score", Type: model.TypeInt},
	{Name: "note", Type: model.TypeString},
}})

// task makes a record; n makes its identity, turn its version.
func task(n, turn int, owner string, score int) *storage.Record {
	var id, head event.ID
	binary.BigEndian.PutUint64(id[:8], uint64(n+1))
	binary.BigEndian.PutUint64(head[:8], uint64(n+1)<<8|uint64(turn))
	var b model.TupleBuilder
	for name, v := range map[string]model.Value{
		"title":  model.OfString(fmt.Sprintf("task number %d", n)),
		"owner":  model.OfString(owner),
		"status": model.OfString(fmt.Sprintf("s-%d", n%10)),
		"score":  model.OfInt(int64(score)),
		"note":   model.OfString("a note of some twenty-six c"),
	} {
		b.Set(name, v.AppendTo(nil))
	}
	h := event.Head{head}
	return &storage.Record{
		Collection: "tasks", Row: model.Row{ID: id, Head: h, Values: b.Tuple()}, Stamp: h.Stamp(),
	}
}

// fanOut is a reactor with n standing queries of which match hear of each update.
type fanOut struct {
	reactor *Reactor
	rows    [][2]*storage.Record // versions to go back and forth between
	turn    []int
	woken   []*Subscription
	rng     *rand.Rand
	taken   int
}

// newFanOut asks the i-th query of the k-th group, of match queries each, with one row per group.
func newFanOut(tb testing.TB, n, match int, text func(k, i int) string, scores func(k int) [2]int) *fanOut {
	f := &fanOut{reactor: New(), rng: rand.New(rand.NewPCG(7, 7))}
	groups := max(n/match, 1)
	for k := range groups {
		owner, score := fmt.Sprintf("b-%d", k), scores(k)
		f.rows = append(f.rows, [2]*storage.Record{task(k, 0, owner, score[0]), task(k, 1, owner, score[1])})
	}
	f.turn = make([]int, groups)
	f.woken = make([]*Subscription, 0, match)
	for k := range groups {
		for i := range match {
			f.register(tb, text(k, i), f.rows[k][0])
		}
	}
	return f
}

func (f *fanOut) register(tb testing.TB, text string, row *storage.Record) *Subscription {
	q, err := query.Parse(text)
	require.NoError(tb, err)
	c, err := q.Check(tasks)
	require.NoError(tb, err)
	var sub *Subscription
	sub, filling, err := f.reactor.Register(c, func() {
		if sub != nil {
			f.woken = append(f.woken, sub)
		}
	})
	require.NoError(tb, err)
	if filling != nil {
		require.NoError(tb, filling.Fill([]*storage.Record{row}, func(any) bool { return false }))
	}
	set, ok := sub.Next()
	require.True(tb, ok && len(set.Changes) == 1)
	f.woken = f.woken[:0]
	return sub
}

// update publishes one update and takes what comes of it.
func (f *fanOut) update() {
	k := f.rng.IntN(len(f.rows))
	was := f.rows[k][f.turn[k]]
	f.turn[k] ^= 1
	now := f.rows[k][f.turn[k]]
	f.reactor.Publish(Publication{Position: f, Changes: []Change{
		{Collection: "tasks", ID: now.Row.ID, Before: was, After: now},
	}})
	for _, s := range f.woken {
		if _, ok := s.Next(); ok {
			f.taken++
		}
	}
	f.woken = f.woken[:0]
}

func (f *fanOut) run(b *testing.B, match int) {
	b.ReportAllocs()
	updates := 0
	for b.Loop() {
		f.update()
		updates++
	}
	require.Equal(b, updates*match, f.taken)
	b.ReportMetric(float64(updates)/b.Elapsed().Seconds(), "updates/s")
	b.ReportMetric(float64(f.taken)/b.Elapsed().Seconds(), "deliveries/s")
}

func anyScore(int) [2]int { return [2]int{1, 2} }

func BenchmarkEquality(b *testing.B) {
	text := func(k, _ int) string { return fmt.Sprintf("owner = 'b-%d'", k) }
	for _, n := range []int{1, 1000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("standing=%d", n), func(b *testing.B) { newFanOut(b, n, 1, text, anyScore).run(b, 1) })
	}
}

// BenchmarkDistinct has a hundred matches for each update, each of another predicate.
func BenchmarkDistinct(b *testing.B) {
	text := func(k, i int) string { return fmt.Sprintf("owner = 'b-%d' AND score >= %d", k, -i) }
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("standing=%d", n), func(b *testing.B) { newFanOut(b, n, 100, text, anyScore).run(b, 100) })
	}
}

// BenchmarkShared has a hundred subscriptions to one standing query.
func BenchmarkShared(b *testing.B) {
	text := func(k, _ int) string { return fmt.Sprintf("owner = 'b-%d'", k) }
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("standing=%d", n), func(b *testing.B) { newFanOut(b, n, 100, text, anyScore).run(b, 100) })
	}
}

func BenchmarkRange(b *testing.B) {
	text := func(k, _ int) string { return fmt.Sprintf("%d <= score AND score < %d", 10*k, 10*k+10) }
	score := func(k int) [2]int { return [2]int{10*k + 3, 10*k + 4} }
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("standing=%d", n), func(b *testing.B) { newFanOut(b, n, 1, text, score).run(b, 1) })
	}
}

// BenchmarkWords is a search for a phrase, one word of which all share.
func BenchmarkWords(b *testing.B) {
	text := func(k, _ int) string { return fmt.Sprintf(`owner MATCH '"b %d"'`, k) }
	for _, n := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprintf("standing=%d", n), func(b *testing.B) { newFanOut(b, n, 1, text, anyScore).run(b, 1) })
	}
}

// BenchmarkCrowdedRange is a range within an equality that tells little.
func BenchmarkCrowdedRange(b *testing.B) {
	text := func(k, _ int) string {
		return fmt.Sprintf("status = 's-%d' AND %d <= score AND score < %d", k%10, 10*k, 10*k+10)
	}
	score := func(k int) [2]int { return [2]int{10*k + 3, 10*k + 4} }
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("standing=%d", n), func(b *testing.B) { newFanOut(b, n, 1, text, score).run(b, 1) })
	}
}

// BenchmarkWindow updates the order within LIMIT 20 of a thousand rows.
func BenchmarkWindow(b *testing.B) {
	f := &fanOut{reactor: New(), rng: rand.New(rand.NewPCG(7, 7))}
	f.turn = make([]int, 1000)
	var first []*storage.Record
	for k := range 1000 {
		f.rows = append(f.rows, [2]*storage.Record{task(k, 0, "b", k), task(k, 1, "b", 1000-k)})
		first = append(first, f.rows[k][0])
	}
	q, err := query.Parse("owner = 'b' ORDER BY score LIMIT 20")
	require.NoError(b, err)
	c, err := q.Check(tasks)
	require.NoError(b, err)
	sub, filling, err := f.reactor.Register(c, nil)
	require.NoError(b, err)
	require.NoError(b, filling.Fill(first[:filling.Rows()], func(any) bool { return false }))
	refill := func(q *query.Checked, after *storage.Record, n int) ([]*storage.Record, error) {
		var rows []*storage.Record
		for k := range f.rows {
			if r := f.rows[k][f.turn[k]]; q.Compare(&r.Row, &after.Row) > 0 {
				rows = append(rows, r)
			}
		}
		return filling.st.res.inOrder(rows)[:min(n, len(rows))], nil
	}
	b.ReportAllocs()
	for b.Loop() {
		k := f.rng.IntN(len(f.rows))
		was := f.rows[k][f.turn[k]]
		f.turn[k] ^= 1
		now := f.rows[k][f.turn[k]]
		f.reactor.Publish(Publication{Refill: refill, Changes: []Change{
			{Collection: "tasks", ID: now.Row.ID, Before: was, After: now},
		}})
		sub.Next()
	}
}

// BenchmarkMemory reports the heap that a standing query takes with its subscription and a result of one
// row, the record itself not counted: the engine has it.
func BenchmarkMemory(b *testing.B) {
	for name, text := range map[string]func(k, i int) string{
		"equality": func(k, _ int) string { return fmt.Sprintf("owner = 'b-%d'", k) },
		"range":    func(k, _ int) string { return fmt.Sprintf("%d <= score AND score < %d", 10*k, 10*k+10) },
		"distinct": func(k, _ int) string { return fmt.Sprintf("owner = 'b-%d' AND score >= %d", k/100, -k) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(bytesPerQuery(b, 100_000, text), "B/query")
			}
		})
	}
	b.Run("million", func(b *testing.B) {
		for b.Loop() {
			perQuery := bytesPerQuery(b, 1_000_000, func(k, _ int) string { return fmt.Sprintf("owner = 'b-%d'", k) })
			b.ReportMetric(perQuery, "B/query")
		}
	})
}

func bytesPerQuery(tb testing.TB, n int, text func(k, i int) string) float64 {
	row := task(0, 0, "b", 0)
	f := &fanOut{reactor: New(), rows: [][2]*storage.Record{{row, row}}}
	kept := make([]*Subscription, n)
	before := heap()
	for k := range n {
		kept[k] = f.register(tb, text(k, 0), row)
	}
	used := heap() - before
	runtime.KeepAlive(kept)
	runtime.KeepAlive(f)
	return float64(used) / float64(n)
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
