package node

import (
	"context"
	"iter"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// runHooks asks the hooks in turn and returns the events that they want added,
// creations first. Their IDs are not final.
func (j *judgement) runHooks() ([]*event.Event, error) {
	if len(j.hooks) == 0 {
		return nil, nil
	}
	a := j.acceptance()
	a.tx = new(workspace)
	a.tx.init(j.clock, j)
	for _, hook := range j.hooks {
		if err := j.denied(guarded("a hook", func() error { return hook(j.ctx, a) })); err != nil {
			return nil, err
		}
	}
	tx, err := a.tx.overlay.Build(j.clock)
	a.tx.overlay.Finish()
	if err != nil || tx == nil {
		return nil, err
	}
	return tx.Events, nil
}

var _ source = (*judgement)(nil)

// fork implements [source]: entities are as the transaction would leave them.
func (j *judgement) fork(_ context.Context, s *model.Schema, id event.ID) (*storage.Record, error) {
	return j.record(s.Collection(), id)
}

// look implements [source].
func (j *judgement) look(_ context.Context, s *model.Schema, id event.ID) (*storage.Record, error) {
	return j.record(s.Collection(), id)
}

// rows implements [source]: what is stored, and on top what is not durable yet
// and what the transaction changes.
func (j *judgement) rows(ctx context.Context, q *query.Checked) iter.Seq2[*storage.Record, error] {
	return func(yield func(*storage.Record, error) bool) {
		s, err := j.view()
		if _, past := q.AsOf(); past {
			err = ErrPast
		}
		if err != nil {
			yield(nil, err)
			return
		}
		collection := q.Schema().Collection()
		changed := make(map[event.ID]*storage.Record)
		for id, r := range j.recent.records {
			if r.record.Collection == collection {
				changed[id] = r.record
			}
		}
		for i := range j.changes {
			if r := j.changes[i].after; r.Collection == collection {
				changed[r.Row.ID] = r
			}
		}
		base := func(q *query.Checked) iter.Seq2[*storage.Record, error] { return selectFrom(ctx, s, q) }
		for r, err := range over(q, changed, base) {
			if !yield(r, err) {
				return
			}
		}
	}
}
