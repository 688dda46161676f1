package memory_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/memory"
)

// tasks are the entities of the benchmarks: six fields, and three indexes.
func tasks(indexed, covering bool) *model.Schema {
	d := model.Definition{Model: "Task", Collection: "tasks", Fields: []model.Field{
		{Name: "title", Type: model.TypeString},
		{Name: "owner", Type: model.TypeString},
		{Name: "status", Type: model.TypeString},
		{Name: "score", Type: model.TypeInt},
		{Name: "note", Type: model.TypeString},
		{Name: "done", Type: model.TypeBool},
	}}
	if indexed {
		d.Indexes = []model.Index{
			{Name: "by_owner", Columns: []model.IndexColumn{{Field: 1}, {Field: 2}}, Covering: covering},
			{Name: "by_score", Columns: []model.IndexColumn{{Field: 3}}},
			{Name: "by_status", Columns: []model.IndexColumn{{Field: 2}, {Field: 3}}},
		}
	}
	return model.NewSchema(d)
}

// maker makes batches as cheaply as it can, for entities in creation order.
type maker struct {
	rng    *rand.Rand
	schema *model.Schema
	n      uint64
	seq    uint64
	all    []*storage.Record
	note   func() string // nil: all notes are the same
}

func newMaker(s *model.Schema) *maker {
	return &maker{rng: rand.New(rand.NewPCG(42, 0)), schema: s}
}

func (m *maker) id() event.ID {
	m.n++
	var id event.ID
	binary.BigEndian.PutUint64(id[:8], (1_700_000_000_000+m.n/4)<<16|m.n&0x3)
	binary.BigEndian.PutUint64(id[8:], m.rng.Uint64()&^0xFFFFF)
	return id
}

func (m *maker) values() []model.Value {
	note := "a note of some twenty-six c"
	if m.note != nil {
		note = m.note()
	}
	return []model.Value{
		model.OfString(fmt.Sprintf("task %08d", m.n)),
		model.OfString(fmt.Sprintf("u-%d", m.rng.IntN(1000))),
		model.OfString(fmt.Sprintf("s-%d", m.rng.IntN(10))),
		model.OfInt(int64(m.rng.IntN(100_000))),
		model.OfString(note),
		model.OfBool(m.n%2 == 0),
	}
}

func (m *maker) record(id event.ID, head event.Head, values []model.Value) (*storage.Record, []event.Operation) {
	named, err := m.schema.Encode(values)
	if err != nil {
		panic(err)
	}
	var b model.TupleBuilder
	var ops []event.Operation
	for _, v := range named {
		b.Set(v.Name, v.Value)
		ops = append(ops, event.Operation{Field: v.Name, Kind: event.OpSet, Value: v.Value})
	}
	r := &storage.Record{Collection: "tasks", Stamp: head.Stamp(), Merge: []byte{1}}
	r.Row = model.Row{ID: id, Head: head, Values: b.Tuple()}
	return r, ops
}

func (m *maker) batch(tx event.ID, ev *event.Event, c storage.StateChange) *storage.Batch {
	m.seq++
	origin := event.Origin{1}
	entry := &event.Entry{Origin: origin, Seq: m.seq, Author: "bench", Tx: &event.Transaction{ID: tx, Events: []*event.Event{ev}}}
	return &storage.Batch{
		Entries: []*event.Entry{entry},
		States:  []storage.StateChange{c},
		Advance: []event.Position{{Origin: origin, Seq: m.seq, Short: m.seq}},
		Expect:  []event.Position{{Origin: origin, Seq: m.seq - 1, Short: m.seq - 1}},
	}
}

func (m *maker) create() *storage.Batch {
	id := m.id()
	r, ops := m.record(id, event.Head{id}, m.values())
	ev := &event.Event{ID: id, Entity: id, Collection: "tasks", Ops: ops}
	m.all = append(m.all, r)
	return m.batch(m.id(), ev, storage.StateChange{Record: r})
}

func (m *maker) update() *storage.Batch { return m.change(3, model.OfInt(int64(m.rng.IntN(100_000)))) }

// change gives one field of an entity a value.
func (m *maker) change(field int, v model.Value) *storage.Batch {
	i := m.rng.IntN(len(m.all))
	old := m.all[i]
	values := make([]model.Value, 6)
	for f := range values {
		values[f] = m.schema.Value(&old.Row, f)
	}
	values[field] = v
	tx := m.id()
	ev := &event.Event{ID: tx.Update(1), Entity: old.Row.ID, Collection: "tasks", Precursors: old.Row.Head}
	r, ops := m.record(old.Row.ID, event.Head{ev.ID}, values)
	ev.Ops = ops[field : field+1]
	m.all[i] = r
	return m.batch(tx, ev, storage.StateChange{Record: r, Was: old.Stamp, Before: old})
}

// open returns an engine with n entities.
func open(b *testing.B, s *model.Schema, n int, options kv.Options) (storage.Engine, *maker) {
	b.Helper()
	e, err := memory.NewStore().Open(context.Background(), options)
	check(b, err)
	check(b, e.Register(context.Background(), s))
	m := newMaker(s)
	for range n {
		check(b, e.Commit(context.Background(), m.create()))
	}
	b.Cleanup(func() { check(b, e.Close()) })
	return e, m
}

func check(b *testing.B, err error) {
	if err != nil {
		b.Helper()
		b.Fatal(err)
	}
}

const entities = 100_000

func BenchmarkCommit(b *testing.B) {
	ctx := context.Background()
	for _, indexed := range []bool{true, false} {
		for _, kind := range []string{"create", "update", "update after a read"} {
			b.Run(fmt.Sprintf("%s/indexed=%v", kind, indexed), func(b *testing.B) {
				e, m := open(b, tasks(indexed, false), entities, kv.Options{})
				var ready []*storage.Batch
				b.ReportAllocs()
				for b.Loop() {
					if len(ready) == 0 {
						b.StopTimer()
						for range 20_000 {
							if kind == "create" {
								ready = append(ready, m.create())
							} else {
								ready = append(ready, m.update())
							}
						}
						b.StartTimer()
					}
					if kind == "update after a read" {
						v, err := e.Snapshot(ctx)
						check(b, err)
						_, err = v.State(ctx, "tasks", ready[0].States[0].Record.Row.ID)
						check(b, err)
						v.Close()
					}
					check(b, e.Commit(ctx, ready[0]))
					ready = ready[1:]
				}
			})
		}
	}
}

func BenchmarkGet(b *testing.B) {
	ctx := context.Background()
	for name, options := range map[string]kv.Options{"resident": {}, "store": {CacheBytes: -1}} {
		b.Run(name, func(b *testing.B) {
			e, m := open(b, tasks(true, false), entities, options)
			v, err := e.Snapshot(ctx)
			check(b, err)
			defer v.Close()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				_, err := v.State(ctx, "tasks", m.all[i*7919%len(m.all)].Row.ID)
				check(b, err)
			}
		})
	}
}

// BenchmarkSelect runs the queries of the comparison with other stores: some
// hundred rows of 100,000 by an index, resident or not, covering, and without.
func BenchmarkSelect(b *testing.B) {
	queries := []struct {
		name, text string
		args       func(i int) []any
	}{
		{"eq", "owner = ?", func(i int) []any { return []any{fmt.Sprintf("u-%d", i%1000)} }},
		{"and", "owner = ? AND status = 's-3'", func(i int) []any { return []any{fmt.Sprintf("u-%d", i%1000)} }},
		{"range", "score >= ? AND score < ?", func(i int) []any { return []any{i * 97 % 99_000, i*97%99_000 + 100} }},
		{"order+limit", "status = ? ORDER BY score DESC LIMIT 20", func(i int) []any { return []any{fmt.Sprintf("s-%d", i%10)} }},
	}
	stores := []struct {
		name              string
		indexed, covering bool
		options           kv.Options
		warm              int // queries before those that count
	}{
		{"table", true, false, kv.Options{CacheBytes: 1 << 30}, 300},
		{"resident", true, false, kv.Options{}, 300},
		{"store", true, false, kv.Options{CacheBytes: -1}, 0},
		{"covering", true, true, kv.Options{CacheBytes: -1}, 0},
		{"scan", false, false, kv.Options{CacheBytes: -1}, 0},
		{"table scan", false, false, kv.Options{CacheBytes: 1 << 30}, 2},
	}
	for _, st := range stores {
		s := tasks(st.indexed, st.covering)
		e, _ := open(b, s, entities, st.options)
		for _, q := range queries {
			b.Run(st.name+"/"+q.name, func(b *testing.B) { runSelect(b, e, s, st.warm, q.text, q.args) })
		}
	}
}

func runSelect(b *testing.B, e storage.Engine, s *model.Schema, warm int, text string, args func(int) []any) {
	ctx := context.Background()
	var plans []*plan.Plan
	for i := range 100 {
		plans = append(plans, planOf(b, s, text, args(i*31)...))
	}
	rows := 0
	ask := func(i int) {
		v, err := e.Snapshot(ctx)
		check(b, err)
		for _, err := range v.Select(ctx, plans[i%len(plans)]) {
			check(b, err)
			rows++
		}
		v.Close()
	}
	for i := range warm { // until what is to be resident is
		ask(i)
	}
	rows = 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ask(i)
	}
	b.ReportMetric(float64(rows)/float64(b.N), "rows/op")
}

func planOf(b *testing.B, s *model.Schema, text string, args ...any) *plan.Plan {
	q, err := query.Parse(text)
	check(b, err)
	q, err = q.Bind(args...)
	check(b, err)
	c, err := q.Check(s)
	check(b, err)
	return plan.New(c, s.Indexes())
}

func BenchmarkLog(b *testing.B) {
	ctx := context.Background()
	e, m := open(b, tasks(false, false), 1000, kv.Options{})
	for range entities {
		check(b, e.Commit(ctx, m.update()))
	}
	v, err := e.Snapshot(ctx)
	check(b, err)
	defer v.Close()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		for _, err := range v.Log(ctx, event.Cursor{}) {
			check(b, err)
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/entry")
}
