package node

import (
	"context"
	"errors"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// touch is an entity that pending transactions write.
type touch struct {
	by    []*pending      // the oldest first
	ids   []event.ID      // theirs, if that is known: see pending; the keeper's alone
	shown *storage.Record // nil if it is not known what the entity is
	on    event.Stamp     // of what was confirmed below shown; zero if nothing was
	wrong bool            // shown has events that are not pending any more, or lacks some
}

// show takes a record to be what the entity looks like with all that is pending.
func (t *touch) show(r *storage.Record) {
	if t.shown = r; r != nil {
		t.shown = marked(r, t.pending())
	}
}

// pending returns the IDs of the transactions. Rows keep parts of the list, which is
// only added to at its end, so that a thousand edits of an entity do not make a thousand lists.
func (t *touch) pending() []event.ID {
	if t.ids == nil {
		t.ids = idsOf(t.by)
	}
	return t.ids
}

// add puts a transaction among those that write the entity.
func (t *touch) add(p *pending) {
	at, _ := slices.BinarySearchFunc(t.by, p, byNumber)
	t.by = slices.Insert(t.by, at, p)
	if t.ids != nil && at == len(t.ids) {
		t.ids = append(t.ids, p.tx.ID)
	} else {
		t.ids = nil
	}
}

// remove takes a transaction out. Most often it is the oldest.
func (t *touch) remove(p *pending) {
	oldest := len(t.by) > 0 && t.by[0] == p
	if t.by = without(t.by, p); oldest && t.ids != nil {
		t.ids = t.ids[1:]
	} else {
		t.ids = nil
	}
}

func idsOf(list []*pending) []event.ID {
	ids := make([]event.ID, len(list))
	for i, p := range list {
		ids[i] = p.tx.ID
	}
	return ids
}

// marked is a record that says which transactions it shows that are pending.
func marked(r *storage.Record, by []event.ID) *storage.Record {
	row := r.Row
	if row.Pending = nil; len(by) > 0 {
		row.Pending = &by
	}
	return storage.WithRow(r, &row)
}

// putOn puts pending events on top of a record, which is nil if there is none.
// It returns nil if not even the entity's creation is known.
func putOn(ctx context.Context, confirmed *storage.Record, events []*event.Event, m *model.Schema) (*storage.Record, error) {
	if len(events) == 0 || confirmed == nil && !events[0].IsCreation() {
		return confirmed, nil
	}
	state := entity.NewState(events[0].Collection, events[0].Entity)
	if confirmed != nil {
		var err error
		if state, err = stateOf(confirmed); err != nil {
			return nil, err
		}
	}
	h := make(unseen, len(events))
	for _, e := range events {
		h[e.ID] = struct{}{}
	}
	for _, e := range events {
		_, err := state.Apply(ctx, e, h)
		if errors.Is(err, entity.ErrMissing) && state.Exists() {
			// A server that is behind, or has lost something, does not have what it builds
			// on. It is to be seen all the same.
			placed := *e
			placed.Precursors = state.Head()
			_, err = state.Apply(ctx, &placed, h)
		}
		if err != nil {
			return nil, err
		}
		delete(h, e.ID)
	}
	return recordOf(state, m), nil
}

// unseen is the history of an entity as a node without history takes it to be:
// everything that an event written here builds on was in what the server
// confirmed, and still is, except for what is pending and not put on yet. If one
// of those was accepted already and the confirmed state descends from it, it is
// put on twice, which changes no value.
type unseen map[event.ID]struct{}

var _ entity.History = unseen(nil)

// Has implements [entity.History].
func (u unseen) Has(_ context.Context, id event.ID) (bool, error) {
	_, missing := u[id]
	return !missing, nil
}
