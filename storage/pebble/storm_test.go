package pebble_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/storagetest"
)

// songs is the model of the storms.
var songs = model.NewSchema(model.Definition{
	Model: "Song", Collection: "songs",
	Fields: []model.Field{
		{Name: "title", Go: "Title", Type: model.TypeString},
		{Name: "plays", Go: "Plays", Type: model.TypeInt, Bits: 64},
	},
	Indexes: []model.Index{{Name: "plays", Columns: []model.IndexColumn{{Field: 1}}}},
})

// history commits the batches of a seed's world, and knows what the store must
// hold after each: batch n is the n-th commit after the registration.
type history struct {
	world *storagetest.World
	// after[n] is every record after n batches.
	after []map[event.ID]*storage.Record
	// logged[n] is the position of the log after n batches.
	logged []uint64
}

func newHistory(seed uint64) *history {
	return &history{
		world:  storagetest.NewWorld(seed, 1),
		after:  []map[event.ID]*storage.Record{{}},
		logged: []uint64{0},
	}
}

// next makes the next batch: one to three transactions that create and change a
// few entities each, so that half a batch or half a transaction would show.
func (h *history) next() *storage.Batch {
	rng := h.world.Rng
	d := h.world.Begin()
	for range 1 + rng.IntN(3) {
		for range 1 + rng.IntN(3) {
			d.Create(songs, "title", fmt.Sprintf("song %d", rng.IntN(1000)), "plays", rng.IntN(50))
		}
		if ids := h.world.IDs(); len(h.after) > 1 && len(ids) > 0 {
			if id := ids[rng.IntN(len(ids))]; h.world.Record(id) != nil {
				d.Update(id, "plays", rng.IntN(50))
			}
		}
		d.At(0)
	}
	batch := d.Batch()
	records := make(map[event.ID]*storage.Record)
	for _, id := range h.world.IDs() {
		records[id] = h.world.Record(id)
	}
	h.after = append(h.after, records)
	h.logged = append(h.logged, h.world.Position(0).Seq)
	return batch
}

// check says what is wrong with a store that must hold the state after some
// number of batches from acknowledged to tried, whole. Its models are registered.
func (h *history) check(ctx context.Context, engine storage.Engine, acknowledged, tried int) error {
	snapshot, err := engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snapshot.Close()
	position, _ := snapshot.Cursor().At(h.world.Origin(0))
	n := -1
	for i, seq := range h.logged {
		if seq == position.Seq {
			n = i
		}
	}
	switch {
	case n < 0:
		return fmt.Errorf("the log ends at %d, inside a batch (batches end at %v)", position.Seq, h.logged)
	case n < acknowledged:
		return fmt.Errorf("batch %d was acknowledged, and the store holds %d", acknowledged, n)
	case n > tried:
		return fmt.Errorf("the store holds batch %d, and only %d were tried", n, tried)
	}
	return errors.Join(
		h.checkStates(ctx, snapshot, n),
		h.checkLog(ctx, snapshot, position.Seq),
		h.checkIndex(ctx, snapshot, n),
	)
}

func (h *history) checkStates(ctx context.Context, snapshot storage.Snapshot, n int) error {
	for id, want := range h.after[n] {
		got, err := snapshot.State(ctx, "songs", id)
		if err != nil {
			return fmt.Errorf("song %s: %w", id, err)
		}
		if !got.Equal(want) {
			return fmt.Errorf("song %s is not as batch %d left it", id, n)
		}
	}
	return nil
}

// checkLog reads every entry and asks for each of its events by itself.
func (h *history) checkLog(ctx context.Context, snapshot storage.Snapshot, last uint64) error {
	verifier := event.NewLogVerifier(h.world.Origin(0), event.Position{})
	for entry, err := range snapshot.Log(ctx, event.Cursor{}) {
		if err != nil {
			return err
		}
		if err := verifier.Entry(entry); err != nil {
			return err
		}
		for _, e := range entry.Events() {
			stored, err := snapshot.Event(ctx, e.Entity, e.ID)
			if err != nil {
				return fmt.Errorf("event %s of entry %d: %w", e.ID, entry.Seq, err)
			}
			if stored.Seq != entry.Seq || stored.Event.Digest() != e.Digest() {
				return fmt.Errorf("event %s is not the one of entry %d", e.ID, entry.Seq)
			}
		}
		last--
	}
	if last != 0 {
		return fmt.Errorf("the log is %d entries short", last)
	}
	return nil
}

// checkIndex counts by index and compares with the records.
func (h *history) checkIndex(ctx context.Context, snapshot storage.Snapshot, n int) error {
	for plays := range 50 {
		want := 0
		for _, r := range h.after[n] {
			if !r.Row.Deleted && songs.Value(&r.Row, 1).Int() == int64(plays) {
				want++
			}
		}
		got, err := countPlays(ctx, snapshot, plays)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("the index has %d songs with %d plays, the records have %d", got, plays, want)
		}
	}
	return nil
}

func countPlays(ctx context.Context, snapshot storage.Snapshot, plays int) (n int, err error) {
	parsed, err := query.Parse("plays = ?")
	if err != nil {
		return 0, err
	}
	bound, err := parsed.Bind(plays)
	if err != nil {
		return 0, err
	}
	checked, err := bound.Check(songs)
	if err != nil {
		return 0, err
	}
	p := plan.New(checked, songs.Indexes())
	if p.Index < 0 {
		return 0, errors.New("the plan does not use the index")
	}
	for _, err := range snapshot.Select(ctx, p) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

func TestTheCheckNoticesALostCommit(t *testing.T) {
	h := newHistory(1)
	engine := openMem(t)
	require.NoError(t, engine.Commit(t.Context(), h.next()))
	h.next()
	require.NoError(t, h.check(t.Context(), engine, 1, 2))
	require.ErrorContains(t, h.check(t.Context(), engine, 2, 2), "acknowledged")
	require.ErrorContains(t, h.check(t.Context(), engine, 0, 0), "tried")
	h.after[1][h.world.IDs()[0]] = h.after[2][h.world.IDs()[len(h.world.IDs())-1]]
	require.ErrorContains(t, h.check(t.Context(), engine, 1, 2), "not as batch")
}
