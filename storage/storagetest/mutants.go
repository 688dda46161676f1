package storagetest

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// Mutant is a defect that can be planted into any engine. The suite must fail
// with it: a rule that no test enforces is a wish.
type Mutant struct {
	// Name says in short what is wrong.
	Name string
	// Plant returns a store whose engines have the defect.
	Plant func(Store) Store
	// needs is what the store must be able to do for the defect to show.
	needs ability
}

// RunMutants plants every mutant into the engine and fails for those that the
// suite does not notice.
//
// First it wraps the engine in the same way without a defect, which no case must
// take for one.
func RunMutants(t *testing.T, o Options) {
	declared := o.New(t)
	sound := o
	sound.New = func(t testing.TB) Store { return defect{}.plant(o.New(t)) }
	if by := FoundBy(t, sound); by != "" {
		t.Fatalf("case %s fails without any defect", by)
	}
	for _, m := range Mutants() {
		if !m.needs.has(declared) {
			t.Logf("not planted, as the store does not declare %s: %s", m.needs.name, m.Name)
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			planted := o
			planted.New = func(t testing.TB) Store { return m.Plant(o.New(t)) }
			if by := FoundBy(t, planted); by != "" {
				t.Logf("found by %s", by)
			} else {
				t.Errorf("no case fails for an engine that %s", m.Name)
			}
		})
	}
}

// FoundBy returns the name of the first case that fails, "" if none does.
func FoundBy(t testing.TB, o Options) string {
	declared := o.New(t)
	for _, c := range Cases() {
		if !c.needs.has(declared) {
			continue
		}
		if failed, _ := observe(t, func(t testing.TB) { c.Test(t, o) }); failed {
			return c.Name
		}
	}
	return ""
}

// Mutants returns the defects.
func Mutants() []Mutant {
	engines := []struct {
		name string
		defect
	}{
		{"ignores Expect", defect{commit: func(b *storage.Batch) { b.Expect = nil }}},
		{"ignores the sequence of entries", defect{commit: renumber}},
		{"forgets meta values", defect{commit: func(b *storage.Batch) { b.Meta = nil }}},
		{"forgets signed heads", defect{commit: func(b *storage.Batch) { b.Heads = nil }}},
		{"forgets the last state of a batch", defect{commit: dropLastState}},
		{"forgets merge data", defect{state: func(r *storage.Record) { r.Merge = nil }}},
		{"forgets that entities are deleted", defect{state: func(r *storage.Record) { r.Row.Deleted = false }}},
		{"keeps the newest event of a head only", defect{state: narrowHead}},
		{"does not compare what is held", defect{commit: func(b *storage.Batch) { b.Holds = nil }}},
		{"forgets Again", defect{commit: func(b *storage.Batch) { b.Again = nil }}},
		{"swallows conflicts", defect{result: swallow(storage.ErrConflict)}},
		{"accepts malformed batches silently", defect{result: swallowBatchErrors}},
		{"calls every refusal a conflict", defect{result: func(err error) error {
			if err != nil {
				return &storage.ConflictError{}
			}
			return nil
		}}},
		{"commits in two halves", defect{halves: true}},
		{"ignores contexts", defect{deaf: true}},
		{"hands out an old snapshot", defect{stale: true}},
		{"has a cursor that lags", defect{lagging: true}},
		{"remembers a state that it has read", defect{stuck: true}},
		{"returns states in another order", defect{reordered: true}},
		{"forgets the residual predicate", defect{plan: func(p *plan.Plan) { p.Residual, p.Filter = false, false }}},
		{"reads the first range of a plan only", defect{plan: func(p *plan.Plan) { p.Ranges = p.Ranges[:min(1, len(p.Ranges))] }}},
		{"does not follow references", defect{plan: func(p *plan.Plan) { *p = *p.Own() }}},
		{"takes every plan to be sorted", defect{plan: func(p *plan.Plan) { p.Sorted = true }}},
		{"reads indexes in the wrong direction", defect{plan: func(p *plan.Plan) { p.Reverse = !p.Reverse }}},
		{"reverses rows", defect{rows: reversed[*storage.Record]}},
		{"puts NULL at the wrong end", defect{nulls: true}},
		{"loses the last row", defect{rows: withoutLast[*storage.Record]}},
		{"yields a row twice", defect{rows: twice[*storage.Record]}},
		{"loses the last event", defect{events: withoutLast[storage.Stored]}},
		{"reverses events", defect{events: reversed[storage.Stored]}},
		{"excepts the named events only", defect{shallow: true}},
		{"ignores the cursor given to Log", defect{all: true}},
		{"loses the last entry of a log", defect{entries: withoutLast[*event.Entry]}},
		{"yields an entry twice", defect{entries: twice[*event.Entry]}},
		{"returns one origin's log after the other's", defect{entries: byOrigin}},
		{"reverses meta keys", defect{values: reversed[storage.MetaValue]}},
		{"says too early that there is nothing more to build", defect{hasty: true}},
		{"says that indexes are ready when they are not", defect{eager: true}},
		{"does not tell of the last index", defect{status: withoutLast[storage.IndexStatus]}},
	}
	var mutants []Mutant
	for _, m := range engines {
		needs := always
		switch {
		case m.plan != nil:
			needs = follows
		case m.hasty || m.eager:
			needs = builds
		}
		mutants = append(mutants, Mutant{Name: m.name, needs: needs, Plant: m.plant})
	}
	return append(mutants,
		Mutant{Name: "builds from the beginning when it is opened", needs: reopens, Plant: defect{forgetful: true}.plant},
		Mutant{Name: "loses everything when it is closed", needs: reopens, Plant: loseOnClose},
		Mutant{Name: "loses what was not closed", needs: crashes, Plant: loseOnCrash},
		Mutant{Name: "lets a second engine in", needs: locks, Plant: unlocked},
	)
}

// defect says what goes wrong, by hooks into a good engine.
type defect struct {
	commit func(*storage.Batch) // changes a copy of the batch
	state  func(*storage.Record)
	result func(error) error // of Commit
	plan   func(*plan.Plan)  // changes a copy of the plan

	// What becomes of sequences.
	rows    func([]*storage.Record) []*storage.Record
	events  func([]storage.Stored) []storage.Stored
	entries func([]*event.Entry) []*event.Entry
	values  func([]storage.MetaValue) []storage.MetaValue

	status func([]storage.IndexStatus) []storage.IndexStatus

	halves    bool // Commit commits entries first, the rest after
	deaf      bool // contexts are not looked at
	stale     bool // Snapshot returns the one before
	stuck     bool // States of the engine are always the first
	reordered bool // States come in another order
	lagging   bool // Cursor is that of the snapshot before
	shallow   bool // Events does not follow precursors
	all       bool // Log begins at the beginning
	hasty     bool // Build reports false
	eager     bool // Indexes says that all are ready
	forgetful bool // the first Register of an engine drops the indexes of albums
	nulls     bool // rows with NULL in the first column of ORDER BY come at the other end
}

func (d defect) plant(s Store) Store {
	s.Lists = false // a mutant's snapshots pass on what every snapshot has
	open := s.Open
	s.Open = func(ctx context.Context) (storage.Engine, error) {
		e, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return &mutant{Engine: e, defect: d}, nil
	}
	if crash := s.Crash; crash != nil {
		s.Crash = func(rng *rand.Rand) Store { return d.plant(crash(rng)) }
	}
	return s
}

// mutant is an engine with a defect.
type mutant struct {
	storage.Engine
	defect

	mu         sync.Mutex
	last       storage.Snapshot // the newest one taken
	registered bool
	kept       []storage.Snapshot           // all taken, if stale
	read       map[event.ID]*storage.Record // by States, if stuck
}

func (m *mutant) ctx(ctx context.Context) context.Context {
	if m.deaf {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

func (m *mutant) Register(ctx context.Context, schemas ...*model.Schema) error {
	m.mu.Lock()
	first := !m.registered
	m.registered = true
	m.mu.Unlock()
	if first && m.forgetful {
		if err := m.Engine.Register(m.ctx(ctx), AlbumsWith()); err != nil {
			return err
		}
	}
	return m.Engine.Register(m.ctx(ctx), schemas...)
}

func (m *mutant) Build(ctx context.Context) (more bool, err error) {
	more, err = m.Engine.Build(m.ctx(ctx))
	return more && !m.hasty, err
}

func (m *mutant) Indexes(ctx context.Context) ([]storage.IndexStatus, error) {
	list, err := m.Engine.Indexes(m.ctx(ctx))
	for i := range list {
		if m.eager {
			list[i].Ready, list[i].Through = true, event.ID{}
		}
	}
	if m.status != nil {
		list = m.status(list)
	}
	return list, err
}

func (m *mutant) Commit(ctx context.Context, b *storage.Batch) error {
	ctx = m.ctx(ctx)
	changed := *b
	if m.commit != nil {
		m.commit(&changed)
	}
	if m.state != nil {
		changed.States = slices.Clone(b.States)
		for i := range changed.States {
			if changed.States[i].Record != nil {
				r := *changed.States[i].Record
				m.state(&r)
				r.Stamp = r.Row.Head.Stamp()
				changed.States[i].Record = &r
			}
		}
	}
	var err error
	if m.halves {
		first := storage.Batch{Entries: changed.Entries, Advance: changed.Advance}
		changed.Entries, changed.Advance = nil, nil
		err = m.Engine.Commit(ctx, &first)
	}
	if err == nil {
		err = m.Engine.Commit(ctx, &changed)
	}
	if m.result != nil {
		return m.result(err)
	}
	return err
}

func (m *mutant) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	s, err := m.Engine.Snapshot(m.ctx(ctx))
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.last
	m.last = s
	x := &mutantSnapshot{Snapshot: s, engine: m, defect: m.defect, cursor: s.Cursor()}
	if m.stale {
		m.kept = append(m.kept, s)
	}
	if before != nil && m.stale {
		x.Snapshot, x.cursor = before, before.Cursor()
	}
	if before != nil && m.lagging {
		x.cursor = before.Cursor()
	}
	return x, nil
}

func (m *mutant) States(ctx context.Context, keys []storage.Key) ([]*storage.Record, error) {
	records, err := storage.States(m.ctx(ctx), m.Engine, keys)
	if err != nil {
		return nil, err
	}
	if m.reordered {
		slices.Reverse(records)
	}
	if !m.stuck {
		return records, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.read == nil {
		m.read = make(map[event.ID]*storage.Record)
	}
	for i, key := range keys {
		if m.read[key.ID] == nil {
			m.read[key.ID] = records[i]
		}
		records[i] = m.read[key.ID]
	}
	return records, nil
}

func (m *mutant) Close() error {
	for _, s := range m.kept {
		s.Close()
	}
	return m.Engine.Close()
}

type mutantSnapshot struct {
	storage.Snapshot
	defect
	engine *mutant
	cursor event.Cursor
}

func (s *mutantSnapshot) Cursor() event.Cursor { return s.cursor }

func (s *mutantSnapshot) Close() {
	if !s.stale {
		s.Snapshot.Close()
	}
}

func (s *mutantSnapshot) State(ctx context.Context, collection string, id event.ID) (*storage.Record, error) {
	return s.Snapshot.State(s.engine.ctx(ctx), collection, id)
}

func (s *mutantSnapshot) Select(ctx context.Context, p *plan.Plan) iter.Seq2[*storage.Record, error] {
	ctx = s.engine.ctx(ctx)
	changed := *p
	if s.plan != nil {
		s.plan(&changed)
	}
	rows := s.rows
	if s.nulls {
		rows = func(list []*storage.Record) []*storage.Record { return nullsMoved(p.Query, list) }
	}
	return altered(ctx, s.Snapshot.Select(ctx, &changed), rows)
}

func (s *mutantSnapshot) Events(ctx context.Context, entity event.ID, except event.Head) iter.Seq2[storage.Stored, error] {
	ctx = s.engine.ctx(ctx)
	if !s.shallow {
		return altered(ctx, s.Snapshot.Events(ctx, entity, except), s.events)
	}
	return altered(ctx, s.Snapshot.Events(ctx, entity, nil), func(list []storage.Stored) []storage.Stored {
		return slices.DeleteFunc(list, func(st storage.Stored) bool { return except.Contains(st.Event.ID) })
	})
}

func (s *mutantSnapshot) Log(ctx context.Context, after event.Cursor) iter.Seq2[*event.Entry, error] {
	ctx = s.engine.ctx(ctx)
	if s.all {
		after = event.Cursor{}
	}
	return altered(ctx, s.Snapshot.Log(ctx, after), s.entries)
}

func (s *mutantSnapshot) MetaScan(ctx context.Context, prefix string) iter.Seq2[storage.MetaValue, error] {
	ctx = s.engine.ctx(ctx)
	return altered(ctx, s.Snapshot.MetaScan(ctx, prefix), s.values)
}

// altered yields a sequence after a change to all of it; without a change, the
// sequence itself.
func altered[T any](ctx context.Context, items iter.Seq2[T, error], change func([]T) []T) iter.Seq2[T, error] {
	if change == nil {
		return items
	}
	return func(yield func(T, error) bool) {
		var list []T
		var failed error
		for item, err := range items {
			if err != nil {
				failed = err
				break
			}
			list = append(list, item)
		}
		for _, item := range change(list) {
			if failed = ctx.Err(); failed != nil {
				break
			}
			if !yield(item, nil) {
				return
			}
		}
		if failed != nil {
			yield(*new(T), failed)
		}
	}
}

// renumber drops entries that do not follow, as an engine would that
// overwrites.
func renumber(b *storage.Batch) {
	b.Entries = slices.Clone(b.Entries)
	for i, e := range b.Entries {
		if e != nil && e.Seq == 2 && i == 0 {
			b.Entries = b.Entries[:0]
			b.Advance = nil
			return
		}
	}
}

func reversed[T any](list []T) []T {
	slices.Reverse(list)
	return list
}

func withoutLast[T any](list []T) []T { return list[:max(0, len(list)-1)] }

func twice[T any](list []T) []T {
	if n := len(list); n > 0 {
		list = append(list, list[n-1])
	}
	return list
}

func nullsMoved(q *query.Checked, list []*storage.Record) []*storage.Record {
	if len(q.Order()) == 0 || len(q.Order()[0].Path) > 0 {
		return list
	}
	key := q.Order()[0]
	first := func(r *storage.Record) int {
		if q.Schema().Value(&r.Row, key.Column).IsNull() != key.NullsFirst {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b *storage.Record) int { return first(a) - first(b) })
	return list
}

func byOrigin(list []*event.Entry) []*event.Entry {
	slices.SortStableFunc(list, func(a, b *event.Entry) int { return bytes.Compare(a.Origin[:], b.Origin[:]) })
	return list
}

func dropLastState(b *storage.Batch) {
	if n := len(b.States); n > 1 {
		b.States = b.States[:n-1]
	}
}

func narrowHead(r *storage.Record) {
	if len(r.Row.Head) > 1 {
		r.Row.Head = event.Head{r.Row.Head.Max()}
	}
}

func swallow(target error) func(error) error {
	return func(err error) error {
		if errors.Is(err, target) {
			return nil
		}
		return err
	}
}

func swallowBatchErrors(err error) error {
	if bad := (*storage.BatchError)(nil); errors.As(err, &bad) {
		return nil
	}
	return err
}
