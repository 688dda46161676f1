package node

import (
	"context"
	"iter"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// source is what a workspace lies on.
type source interface {
	// fork returns the record of an entity that the workspace touches for the
	// first time, nil if there is none.
	fork(ctx context.Context, s *model.Schema, id event.ID) (*storage.Record, error)
	// rows yields what a query selects, without the workspace's changes.
	rows(ctx context.Context, q *query.Checked) iter.Seq2[*storage.Record, error]
	// look returns the record of an entity that a reference leads to, nil if there
	// is none, without the workspace's changes.
	look(ctx context.Context, s *model.Schema, id event.ID) (*storage.Record, error)
}

// workspace is an overlay over a source: the common half of [Tx] and of what
// hooks get.
type workspace struct {
	clock   *event.Clock
	overlay entity.Overlay
	source  source
}

var _ entity.Tx = (*workspace)(nil)

func (w *workspace) init(c *event.Clock, s source) { w.clock, w.source = c, s }

// touch makes sure that the overlay knows an entity.
func (w *workspace) touch(ctx context.Context, s *model.Schema, id event.ID) error {
	switch {
	case w.overlay.Finished():
		return entity.ErrFinished
	case s == nil:
		return ErrUnknownModel
	}
	if w.overlay.Touched(s, id) {
		return nil
	}
	record, err := w.source.fork(ctx, s, id)
	if err != nil {
		return err
	}
	var row *model.Row
	if record != nil {
		row = &record.Row
	}
	w.overlay.Fork(s, id, row)
	return nil
}

// Create implements [entity.Tx].
func (w *workspace) Create(s *model.Schema, values []model.Value) (*entity.Draft, error) {
	if s == nil {
		return nil, ErrUnknownModel
	}
	return w.overlay.Create(w.clock, s, values)
}

// Get implements [entity.Reader].
func (w *workspace) Get(ctx context.Context, s *model.Schema, id event.ID) (entity.View, error) {
	if err := w.touch(ctx, s, id); err != nil {
		return entity.View{}, err
	}
	return w.overlay.Get(s, id)
}

// Edit implements [entity.Tx].
func (w *workspace) Edit(ctx context.Context, s *model.Schema, id event.ID) (*entity.Draft, error) {
	if err := w.touch(ctx, s, id); err != nil {
		return nil, err
	}
	return w.overlay.Edit(s, id)
}

// Delete implements [entity.Tx].
func (w *workspace) Delete(ctx context.Context, s *model.Schema, id event.ID) error {
	if err := w.touch(ctx, s, id); err != nil {
		return err
	}
	return w.overlay.Delete(s, id)
}

// Undelete implements [entity.Tx].
func (w *workspace) Undelete(ctx context.Context, s *model.Schema, id event.ID) error {
	if err := w.touch(ctx, s, id); err != nil {
		return err
	}
	return w.overlay.Undelete(s, id)
}

// Fetch implements [entity.Reader]: what the source selects, with the touched
// entities judged again.
func (w *workspace) Fetch(ctx context.Context, q *query.Checked) iter.Seq2[entity.View, error] {
	return func(yield func(entity.View, error) bool) {
		switch {
		case w.overlay.Finished():
			yield(entity.View{}, entity.ErrFinished)
			return
		case q == nil:
			yield(entity.View{}, ErrUnknownModel)
			return
		}
		q = q.At(w.clock.Now())
		for r, err := range w.selected(ctx, q) {
			if !yield(viewOf(q.Schema(), r), err) || err != nil {
				return
			}
		}
	}
}

// Groups implements [entity.Grouper].
func (w *workspace) Groups(ctx context.Context, q *query.Checked) ([]entity.Group, error) {
	return entity.GroupsOf(ctx, w, q.At(w.clock.Now()))
}

// selected yields what a query selects. Of the past there are no changes.
func (w *workspace) selected(ctx context.Context, q *query.Checked) iter.Seq2[*storage.Record, error] {
	base := func(q *query.Checked) iter.Seq2[*storage.Record, error] { return w.source.rows(ctx, q) }
	if _, past := q.AsOf(); past {
		return base(q)
	}
	changed := w.changed(q.Schema())
	if len(q.Joined()) == 0 {
		return over(q, changed, base)
	}
	return joinedOver(q, changed, storage.Remember(func(s *model.Schema, id event.ID) (*storage.Record, error) {
		if r := w.changed(s)[id]; r != nil {
			return r, nil
		}
		return w.source.look(ctx, s, id)
	}), base)
}

// changed returns the touched entities of a collection as the transaction sees
// them, those included that it has deleted.
func (w *workspace) changed(s *model.Schema) map[event.ID]*storage.Record {
	var rows map[event.ID]*storage.Record
	for id, row := range w.overlay.Rows(s) {
		if row == nil {
			continue
		}
		if rows == nil {
			rows = make(map[event.ID]*storage.Record)
		}
		rows[id] = &storage.Record{Collection: s.Collection(), Row: *row}
	}
	return rows
}
