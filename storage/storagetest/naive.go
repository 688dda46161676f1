package storagetest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// Naive is the Engine contract as a program: maps, sorting, and nothing clever.
// Random runs compare engines with it, and in doubt it says what is right.
//
// Every commit copies the maps, so that a snapshot is a pointer. Plans are
// ignored: Select looks at every record and sorts what matches.
type Naive struct {
	mu      sync.Mutex
	now     *naiveState
	schemas map[string]*model.Schema
	closed  bool
}

var _ storage.Engine = (*Naive)(nil)

// naiveState is everything that one commit left behind. Immutable.
type naiveState struct {
	cursor  event.Cursor
	entries map[event.Origin][]*event.Entry
	events  map[event.ID]map[event.ID]storage.Stored // by entity
	records map[string]map[event.ID]*storage.Record  // by collection
	heads   map[event.Origin]event.SignedHead
	meta    map[string][]byte
}

// NewNaive returns an empty engine.
func NewNaive() *Naive {
	return &Naive{schemas: make(map[string]*model.Schema), now: &naiveState{
		entries: make(map[event.Origin][]*event.Entry),
		events:  make(map[event.ID]map[event.ID]storage.Stored),
		records: make(map[string]map[event.ID]*storage.Record),
		heads:   make(map[event.Origin]event.SignedHead),
		meta:    make(map[string][]byte),
	}}
}

// clone copies the maps whose entries a batch may replace.
func (s *naiveState) clone() *naiveState {
	c := &naiveState{
		cursor:  s.cursor,
		entries: maps.Clone(s.entries),
		events:  maps.Clone(s.events),
		records: maps.Clone(s.records),
		heads:   maps.Clone(s.heads),
		meta:    maps.Clone(s.meta),
	}
	for entity, events := range c.events {
		c.events[entity] = maps.Clone(events)
	}
	for name, records := range c.records {
		c.records[name] = maps.Clone(records)
	}
	return c
}

// Register has nothing to prepare: nothing is read by an index, so every index
// is ready.
func (n *Naive) Register(ctx context.Context, schemas ...*model.Schema) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return storage.ErrClosed
	}
	seen := make(map[string]bool)
	for _, s := range schemas {
		if err := s.Err(); err != nil {
			return err
		}
		if seen[s.Collection()] {
			return fmt.Errorf("two schemas for collection %q", s.Collection())
		}
		seen[s.Collection()] = true
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, s := range schemas {
		n.schemas[s.Collection()] = s
	}
	return nil
}

// Build has nothing to do.
func (n *Naive) Build(ctx context.Context) (more bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return false, storage.ErrClosed
	}
	return false, ctx.Err()
}

// Indexes says that all are ready.
func (n *Naive) Indexes(ctx context.Context) ([]storage.IndexStatus, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, storage.ErrClosed
	}
	var list []storage.IndexStatus
	for _, name := range slices.Sorted(maps.Keys(n.schemas)) {
		for i := range n.schemas[name].Indexes() {
			list = append(list, storage.IndexStatus{Collection: name, Index: i, Ready: true})
		}
	}
	return list, ctx.Err()
}

// Commit applies a batch to a copy of everything.
func (n *Naive) Commit(ctx context.Context, b *storage.Batch) error {
	if err := b.Validate(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return storage.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	next := n.now.clone()
	if conflict := next.apply(b); len(conflict.Positions)+len(conflict.States)+len(conflict.Meta) > 0 {
		return conflict
	}
	n.now = next
	return nil
}

func (s *naiveState) apply(b *storage.Batch) *storage.ConflictError {
	conflict := new(storage.ConflictError)
	moved := func(expected, found event.Position) {
		found.Origin = expected.Origin
		conflict.Positions = append(conflict.Positions, storage.MovedPosition{Expected: expected, Found: found})
	}
	for _, want := range b.Expect {
		found, _ := s.cursor.At(want.Origin)
		if found.Seq != want.Seq || want.Seq > 0 && found != want {
			moved(want, found)
		}
	}
	for _, m := range b.Holds {
		if found, ok := s.meta[m.Key]; ok != (m.Value != nil) || !bytes.Equal(found, m.Value) {
			conflict.Meta = append(conflict.Meta, m.Key)
		}
	}
	for _, p := range b.Cut {
		if found, _ := s.cursor.At(p.Origin); found.Seq < p.Seq {
			moved(p, found)
			continue
		}
		s.cut(p)
	}
	for _, e := range b.Entries {
		found, _ := s.cursor.At(e.Origin)
		if found.Seq+1 != e.Seq {
			moved(event.Position{Origin: e.Origin, Seq: e.Seq - 1}, found)
			continue
		}
		s.cursor = s.cursor.With(e.Position())
		s.entries[e.Origin] = append(slices.Clip(s.entries[e.Origin]), e)
		s.file(e, b.Again)
	}
	for _, p := range b.Advance {
		if found, _ := s.cursor.At(p.Origin); p.Seq < found.Seq {
			moved(p, found)
		}
		s.cursor = s.cursor.With(p)
	}
	for _, c := range b.States {
		s.replace(c, conflict)
	}
	for _, h := range b.Heads {
		s.heads[h.Origin] = h
	}
	for _, m := range b.Meta {
		if m.Value == nil {
			delete(s.meta, m.Key)
		} else {
			s.meta[m.Key] = slices.Clone(m.Value)
		}
	}
	return conflict
}

// cut takes back the end of a log.
func (s *naiveState) cut(p event.Position) {
	s.entries[p.Origin] = slices.DeleteFunc(slices.Clone(s.entries[p.Origin]), func(e *event.Entry) bool { return e.Seq > p.Seq })
	if s.cursor = s.cursor.Without(p.Origin); p.Seq > 0 {
		s.cursor = s.cursor.With(p)
	}
	if s.heads[p.Origin].Seq > p.Seq {
		delete(s.heads, p.Origin)
	}
}

// file makes the events of an entry findable.
func (s *naiveState) file(e *event.Entry, again []event.ID) {
	for i, ev := range e.Events() {
		if slices.Contains(again, ev.ID) {
			continue
		}
		tx := e.Tx.ID
		if i >= len(e.Tx.Events) {
			tx = e.AddedID()
		}
		if s.events[ev.Entity] == nil {
			s.events[ev.Entity] = make(map[event.ID]storage.Stored)
		}
		s.events[ev.Entity][ev.ID] = storage.Stored{Event: ev, Tx: tx, Origin: e.Origin, Seq: e.Seq}
	}
}

func (s *naiveState) replace(c storage.StateChange, conflict *storage.ConflictError) {
	r := c.Record
	records := s.records[r.Collection]
	if records == nil {
		records = make(map[event.ID]*storage.Record)
		s.records[r.Collection] = records
	}
	var found event.Stamp
	if old := records[r.Row.ID]; old != nil {
		found = old.Stamp
	}
	if found != c.Was {
		conflict.States = append(conflict.States, storage.MovedState{
			Collection: r.Collection, ID: r.Row.ID, Expected: c.Was, Found: found,
		})
	}
	records[r.Row.ID] = r
}

// Snapshot returns what is there now.
func (n *Naive) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil, storage.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &naiveSnapshot{naiveState: n.now}, nil
}

// Close forgets nothing but refuses everything.
func (n *Naive) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	return nil
}

type naiveSnapshot struct {
	*naiveState
	closed bool
}

func (s *naiveSnapshot) Close()               { s.closed = true }
func (s *naiveSnapshot) Cursor() event.Cursor { return s.cursor }

func (s *naiveSnapshot) check(ctx context.Context) error {
	if s.closed {
		return storage.ErrClosed
	}
	return ctx.Err()
}

func (s *naiveSnapshot) State(ctx context.Context, collection string, id event.ID) (*storage.Record, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	r := s.records[collection][id]
	if r == nil {
		return nil, storage.ErrNotFound
	}
	return r, nil
}

func (s *naiveSnapshot) Event(ctx context.Context, entity, id event.ID) (storage.Stored, error) {
	if err := s.check(ctx); err != nil {
		return storage.Stored{}, err
	}
	st, ok := s.events[entity][id]
	if !ok {
		return storage.Stored{}, storage.ErrNotFound
	}
	return st, nil
}

func (s *naiveSnapshot) Events(ctx context.Context, entity event.ID, except event.Head) iter.Seq2[storage.Stored, error] {
	events := s.events[entity]
	past := make(map[event.ID]bool)
	var exclude func(id event.ID)
	exclude = func(id event.ID) {
		st, ok := events[id]
		if !ok || past[id] {
			return
		}
		past[id] = true
		for _, p := range st.Event.Precursors {
			exclude(p)
		}
	}
	for _, id := range except {
		exclude(id)
	}
	var list []storage.Stored
	for id, st := range events {
		if !past[id] {
			list = append(list, st)
		}
	}
	slices.SortFunc(list, func(a, b storage.Stored) int { return a.Event.ID.Compare(b.Event.ID) })
	return sequence(ctx, s, list)
}

func (s *naiveSnapshot) Select(ctx context.Context, p *plan.Plan) iter.Seq2[*storage.Record, error] {
	if len(p.Query.Joined()) > 0 {
		return storage.SelectJoined(ctx, s, p)
	}
	q := p.Query
	var list []*storage.Record
	for _, r := range s.records[q.Schema().Collection()] {
		if q.Match(&r.Row) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *storage.Record) int { return q.Compare(&a.Row, &b.Row) })
	list = list[min(q.Offset(), len(list)):]
	if limit, ok := q.Limit(); ok {
		list = list[:min(limit, len(list))]
	}
	return sequence(ctx, s, list)
}

func (s *naiveSnapshot) Log(ctx context.Context, after event.Cursor) iter.Seq2[*event.Entry, error] {
	var list []*event.Entry
	rest := make(map[event.Origin][]*event.Entry)
	for o, entries := range s.entries {
		for _, e := range entries {
			if !after.CoversPosition(o, e.Seq) {
				rest[o] = append(rest[o], e)
			}
		}
	}
	for len(rest) > 0 {
		first := slices.MinFunc(slices.Collect(maps.Keys(rest)), func(a, b event.Origin) int {
			return cmp.Or(rest[a][0].Tx.ID.Compare(rest[b][0].Tx.ID), strings.Compare(string(a[:]), string(b[:])))
		})
		list = append(list, rest[first][0])
		rest[first] = rest[first][1:]
		if len(rest[first]) == 0 {
			delete(rest, first)
		}
	}
	return sequence(ctx, s, list)
}

func (s *naiveSnapshot) SignedHead(ctx context.Context, origin event.Origin) (event.SignedHead, error) {
	if err := s.check(ctx); err != nil {
		return event.SignedHead{}, err
	}
	h, ok := s.heads[origin]
	if !ok {
		return event.SignedHead{}, storage.ErrNotFound
	}
	return h, nil
}

func (s *naiveSnapshot) Meta(ctx context.Context, key string) ([]byte, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	value, ok := s.meta[key]
	if !ok {
		return nil, storage.ErrNotFound
	}
	return append([]byte{}, value...), nil
}

func (s *naiveSnapshot) MetaScan(ctx context.Context, prefix string) iter.Seq2[storage.MetaValue, error] {
	var list []storage.MetaValue
	for key, value := range s.meta {
		if strings.HasPrefix(key, prefix) {
			list = append(list, storage.MetaValue{Key: key, Value: append([]byte{}, value...)})
		}
	}
	slices.SortFunc(list, func(a, b storage.MetaValue) int { return strings.Compare(a.Key, b.Key) })
	return sequence(ctx, s, list)
}

// sequence yields a list, or why it cannot be had.
func sequence[T any](ctx context.Context, s *naiveSnapshot, list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range list {
			if err := s.check(ctx); err != nil {
				yield(*new(T), err)
				return
			}
			if !yield(item, nil) {
				return
			}
		}
		if err := s.check(ctx); err != nil {
			yield(*new(T), err)
		}
	}
}
