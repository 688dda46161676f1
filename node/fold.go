package node

import (
	"context"
	"errors"
	"sync"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// stateOf returns the state that a record holds.
func stateOf(r *storage.Record) (*entity.State, error) {
	return entity.DecodeState(r.Collection, r.Row.ID, r.Row.Head, r.Row.Values, r.Merge)
}

// recordOf returns the record of a state. s is nil for a collection without a
// model.
func recordOf(state *entity.State, s *model.Schema) *storage.Record {
	values, merge := state.Encode(s)
	return &storage.Record{
		Collection: state.Collection(),
		Row:        model.Row{ID: state.ID(), Head: state.Head(), Deleted: state.Deleted(), Values: values},
		Stamp:      state.Head().Stamp(),
		Merge:      merge,
	}
}

// states saves every fold the same few allocations. What is in the pool has no
// meaning.
var states = sync.Pool{New: func() any { return new(entity.State) }}

// fold applies one event to a record, which is nil if there is none so far, and
// returns the new one. The result is Applied, or else the record is nil. An event
// that would make the entity larger than it may be is refused with an
// *[event.LimitError].
func fold(ctx context.Context, before *storage.Record, e *event.Event, s *model.Schema, h entity.History) (*storage.Record, entity.Result, error) {
	return foldIf(ctx, before, e, s, h, func(now *entity.State) error { return outgrown(before, now) })
}

// foldIf is fold with another judge of what comes of it.
func foldIf(
	ctx context.Context, before *storage.Record, e *event.Event, s *model.Schema, h entity.History, judge func(*entity.State) error,
) (*storage.Record, entity.Result, error) {
	state := states.Get().(*entity.State)
	defer states.Put(state)
	state.Reset(e.Collection, e.Entity)
	if before != nil {
		if err := state.Decode(before.Row.Head, before.Row.Values, before.Merge); err != nil {
			return nil, entity.Refused, err
		}
	}
	result, err := state.Apply(ctx, e, h)
	if result != entity.Applied {
		return nil, result, err
	}
	if err := judge(state); err != nil {
		return nil, entity.Refused, err
	}
	return recordOf(state, s), result, nil
}

// outgrown says what an entity has grown beyond.
func outgrown(before *storage.Record, now *entity.State) error {
	size := now.Size()
	err := size.Check(entity.Size{})
	if err == nil || before == nil {
		return err
	}
	was, err := stateOf(before)
	if err != nil {
		return err
	}
	return size.Check(was.Size())
}

// stateIn returns an entity's record in a snapshot, nil if there is none.
func stateIn(ctx context.Context, s storage.Snapshot, collection string, id event.ID) (*storage.Record, error) {
	r, err := s.State(ctx, collection, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, nil
	}
	return r, err
}

// stampOf is the stamp of a record, zero for none.
func stampOf(r *storage.Record) event.Stamp {
	if r == nil {
		return event.Stamp{}
	}
	return r.Stamp
}

// viewOf shows a record, the zero View for none.
func viewOf(s *model.Schema, r *storage.Record) entity.View {
	if r == nil {
		return entity.View{}
	}
	return entity.NewView(s, &r.Row)
}
