package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/examples/albums/music"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// summary is what a store holds, in three numbers and a digest over every
// entity's head and values.
type summary struct {
	transactions, events, entities int
	digest                         [sha256.Size]byte
}

func (s summary) String() string {
	return fmt.Sprintf("%d transactions, %d events, %d entities, digest %x",
		s.transactions, s.events, s.entities, s.digest[:6])
}

// replay folds every event of the log again, from the first, by itself, and
// checks the log's chain on the way. It returns what came out, and what the
// engine holds for the same entities; the two must be equal.
func replay(ctx context.Context, engine storage.Engine) (folded, stored summary, err error) {
	snapshot, err := engine.Snapshot(ctx)
	if err != nil {
		return summary{}, summary{}, err
	}
	defer snapshot.Close()

	f := &folder{states: make(map[event.ID]*entity.State), seen: make(map[event.ID]bool)}
	for entry, err := range snapshot.Log(ctx, event.Cursor{}) {
		if err != nil {
			return summary{}, summary{}, err
		}
		if err := f.fold(ctx, entry); err != nil {
			return summary{}, summary{}, err
		}
	}
	folded, stored = f.summary, f.summary
	folded.digest, err = f.digest(func(s *entity.State) (model.Row, error) { return s.Row(schemas[s.Collection()]), nil })
	if err != nil {
		return summary{}, summary{}, err
	}
	stored.digest, err = f.digest(func(s *entity.State) (model.Row, error) {
		record, err := snapshot.State(ctx, s.Collection(), s.ID())
		if err != nil {
			return model.Row{}, err
		}
		return record.Row, nil
	})
	return folded, stored, err
}

// schemas are the models by collection.
var schemas = func() map[string]*model.Schema {
	known := make(map[string]*model.Schema)
	for _, s := range music.Models() {
		known[s.Collection()] = s
	}
	return known
}()

// folder is a fold of its own: nothing in it comes from the node.
type folder struct {
	summary
	verifier *event.LogVerifier
	states   map[event.ID]*entity.State
	seen     map[event.ID]bool
}

// Has implements entity.History.
func (f *folder) Has(_ context.Context, id event.ID) (bool, error) { return f.seen[id], nil }

func (f *folder) fold(ctx context.Context, entry *event.Entry) error {
	if f.verifier == nil {
		f.verifier = event.NewLogVerifier(entry.Origin, event.Position{})
	}
	if err := f.verifier.Entry(entry); err != nil {
		return err
	}
	f.transactions++
	for _, e := range entry.Events() {
		state := f.states[e.Entity]
		if state == nil {
			state = entity.NewState(e.Collection, e.Entity)
			f.states[e.Entity] = state
			f.entities++
		}
		if _, err := state.Apply(ctx, e, f); err != nil {
			return err
		}
		f.seen[e.ID] = true
		f.events++
	}
	return nil
}

// digest hashes the rows of all entities in ID order.
func (f *folder) digest(row func(*entity.State) (model.Row, error)) (digest [sha256.Size]byte, err error) {
	ids := make([]event.ID, 0, len(f.states))
	for id := range f.states {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, event.ID.Compare)
	h := sha256.New()
	for _, id := range ids {
		r, err := row(f.states[id])
		if err != nil {
			return digest, err
		}
		fmt.Fprintln(h, r.ID, r.Head, r.Deleted, len(r.Values.Bytes()))
		h.Write(r.Values.Bytes())
	}
	h.Sum(digest[:0])
	return digest, nil
}
