package entity_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// What the generator makes of
//
//	type Album struct {
//		Name   string
//		Artist string
//		Year   int16
//		Rating *float64
//	}
type Album struct {
	Name   string
	Artist string
	Year   int16
	Rating *float64
}

func newAlbumSchema(check func(*model.Row) error) *model.Schema {
	return model.NewSchema(model.Definition{
		Model: "Album", Collection: "albums",
		Check: func(_ *model.Schema, row *model.Row) error {
			if check == nil {
				return nil
			}
			return check(row)
		},
		Fields: []model.Field{
			{Name: "name", Go: "Name", Type: model.TypeString},
			{Name: "artist", Go: "Artist", Type: model.TypeString},
			{Name: "year", Go: "Year", Type: model.TypeInt, Bits: 16},
			{Name: "rating", Go: "Rating", Type: model.TypeFloat, Optional: true},
		},
	})
}

var albumSchema = newAlbumSchema(nil)

const (
	fieldName = iota
	fieldArtist
	fieldYear
	fieldRating
)

const (
	AlbumName query.Text[Album, string]  = "name"
	AlbumYear query.Number[Album, int16] = "year"
)

var Albums = entity.NewCollection[AlbumView, AlbumMutable](albumSchema, func(a Album) []model.Value {
	rating := model.Null
	if a.Rating != nil {
		rating = model.OfFloat(*a.Rating)
	}
	return []model.Value{model.OfString(a.Name), model.OfString(a.Artist), model.OfInt(int64(a.Year)), rating}
})

type AlbumView struct{ entity.View }

func (v AlbumView) Name() string   { return v.Field(fieldName).Text() }
func (v AlbumView) Artist() string { return v.Field(fieldArtist).Text() }
func (v AlbumView) Year() int16    { return int16(v.Field(fieldYear).Int()) }
func (v AlbumView) Rating() (float64, bool) {
	f := v.Field(fieldRating)
	return f.Float(), !f.IsNull()
}

type AlbumMutable struct{ *entity.Draft }

func (m AlbumMutable) View() AlbumView     { return AlbumView{m.Draft.View()} }
func (m AlbumMutable) SetName(v string)    { m.Set(fieldName, model.OfString(v)) }
func (m AlbumMutable) SetYear(v int16)     { m.Set(fieldYear, model.OfInt(int64(v))) }
func (m AlbumMutable) SetRating(v float64) { m.Set(fieldRating, model.OfFloat(v)) }
func (m AlbumMutable) ClearRating()        { m.Clear(fieldRating) }

// start is when the tests take place.
var start = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// newClock is a clock with its own time and randomness: it mints the same IDs in
// every run.
func newClock() *event.Clock {
	now := start
	return event.NewClock(event.ClockOptions{
		Now: func() time.Time {
			now = now.Add(time.Millisecond)
			return now
		},
		Rand: rand.NewChaCha8([32]byte{}),
	})
}

// store stands in for a node: it holds states, and folds transactions into them.
type store struct {
	clock  *event.Clock
	states map[event.ID]*entity.State
	events map[event.ID]*event.Event
}

func newStore() *store {
	return &store{clock: newClock(), states: map[event.ID]*entity.State{}, events: map[event.ID]*event.Event{}}
}

// Has implements [entity.History].
func (s *store) Has(_ context.Context, id event.ID) (bool, error) { return s.events[id] != nil, nil }

// accept checks a transaction and folds it.
func (s *store) accept(ctx context.Context, tx *event.Transaction) error {
	if err := tx.Validate(); err != nil {
		return err
	}
	for _, e := range tx.Events {
		if err := entity.CheckEvent(albumSchema, e); err != nil {
			return err
		}
		state := s.states[e.Entity]
		if state == nil {
			state = entity.NewState(e.Collection, e.Entity)
			s.states[e.Entity] = state
		}
		if _, err := state.Apply(ctx, e, s); err != nil {
			return err
		}
		s.events[e.ID] = e
	}
	return nil
}

func (s *store) row(schema *model.Schema, id event.ID) *model.Row {
	state := s.states[id]
	if state == nil || state.Collection() != schema.Collection() {
		return nil
	}
	row := state.Row(schema)
	return &row
}

// result yields what a query selects by brute force: of the committed entities,
// the overlay's in the place of those that it touched.
func (s *store) result(q *query.Checked, o *entity.Overlay) iter.Seq2[entity.View, error] {
	rows := make(map[event.ID]*model.Row)
	for id := range s.states {
		rows[id] = s.row(q.Schema(), id)
	}
	maps.Insert(rows, o.Rows(q.Schema()))
	maps.DeleteFunc(rows, func(_ event.ID, row *model.Row) bool { return row == nil || !q.Match(row) })
	sorted := slices.SortedFunc(maps.Values(rows), q.Compare)
	sorted = sorted[min(q.Offset(), len(sorted)):]
	if limit, ok := q.Limit(); ok {
		sorted = sorted[:min(limit, len(sorted))]
	}
	return func(yield func(entity.View, error) bool) {
		for _, row := range sorted {
			if !yield(entity.NewView(q.Schema(), row), nil) {
				return
			}
		}
	}
}

func (s *store) Get(_ context.Context, schema *model.Schema, id event.ID) (entity.View, error) {
	o := new(entity.Overlay)
	o.Fork(schema, id, s.row(schema, id))
	return o.Get(schema, id)
}

func (s *store) Fetch(_ context.Context, q *query.Checked) iter.Seq2[entity.View, error] {
	return s.result(q, new(entity.Overlay))
}

func (s *store) Begin() *tx { return &tx{store: s, overlay: new(entity.Overlay)} }

// tx is a transaction on a store.
type tx struct {
	store   *store
	overlay *entity.Overlay
}

var _ entity.Tx = (*tx)(nil)

func (t *tx) touch(s *model.Schema, id event.ID) {
	if !t.overlay.Touched(s, id) {
		t.overlay.Fork(s, id, t.store.row(s, id))
	}
}

func (t *tx) Create(s *model.Schema, values []model.Value) (*entity.Draft, error) {
	return t.overlay.Create(t.store.clock, s, values)
}

func (t *tx) Get(_ context.Context, s *model.Schema, id event.ID) (entity.View, error) {
	t.touch(s, id)
	return t.overlay.Get(s, id)
}

func (t *tx) Edit(_ context.Context, s *model.Schema, id event.ID) (*entity.Draft, error) {
	t.touch(s, id)
	return t.overlay.Edit(s, id)
}

func (t *tx) Delete(_ context.Context, s *model.Schema, id event.ID) error {
	t.touch(s, id)
	return t.overlay.Delete(s, id)
}

func (t *tx) Undelete(_ context.Context, s *model.Schema, id event.ID) error {
	t.touch(s, id)
	return t.overlay.Undelete(s, id)
}

func (t *tx) Fetch(_ context.Context, q *query.Checked) iter.Seq2[entity.View, error] {
	return t.store.result(q, t.overlay)
}

// Commit returns the transaction, nil when nothing changed.
func (t *tx) Commit(ctx context.Context) (*event.Transaction, error) {
	defer t.overlay.Finish()
	built, err := t.overlay.Build(t.store.clock)
	if err != nil || built == nil {
		return nil, err
	}
	return built, t.store.accept(ctx, built)
}

// created commits albums and returns their IDs.
func (s *store) created(albums ...Album) ([]event.ID, error) {
	t := s.Begin()
	var ids []event.ID
	for _, a := range albums {
		m, err := Albums.Create(t, a)
		if err != nil {
			return nil, err
		}
		ids = append(ids, m.ID())
	}
	if _, err := t.Commit(context.Background()); err != nil {
		return nil, fmt.Errorf("create albums: %w", err)
	}
	return ids, nil
}
