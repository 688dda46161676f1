package storage

import (
	"context"
	"errors"
	"iter"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
)

// SelectJoined carries out a plan whose query follows references, for an engine
// that does not: it asks what the plan asks of references first, and joins what
// the engine finds for [plan.Plan.Own]. The records it yields are copies whose rows
// are joined.
func SelectJoined(ctx context.Context, s Snapshot, p *plan.Plan) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		p, err := narrow(ctx, s, p)
		if err != nil {
			yield(nil, err)
			return
		}
		for r, err := range plan.Joined(p, NewLookup(ctx, s), s.Select(ctx, p.Own()), RowOf, WithRow) {
			if !yield(r, err) {
				return
			}
		}
	}
}

// narrow returns the plan that remains when everything is known that is asked of
// references first.
func narrow(ctx context.Context, s Snapshot, p *plan.Plan) (*plan.Plan, error) {
	for p.Access == plan.Refer {
		to, few, err := referred(ctx, s, p.Reference)
		switch {
		case err != nil:
			return nil, err
		case few:
			p = p.Narrow(to, statisticsOf(ctx, s, p.Query.Schema()))
		default:
			p = p.Reference.Otherwise
		}
	}
	return p, nil
}

// referred returns the entities that a reference may lead to; few is false if they
// are too many.
func referred(ctx context.Context, s Snapshot, r *plan.Reference) (to []event.ID, few bool, err error) {
	for found, err := range s.Select(ctx, Plan(ctx, s, r.Query).AsFound()) {
		if err != nil {
			return nil, false, err
		}
		if len(to) == plan.MaxReferred {
			return nil, false, nil
		}
		to = append(to, found.Row.ID)
	}
	return to, true, nil
}

// RowOf returns the row of a record, for [plan.Joined].
func RowOf(r *Record) *model.Row { return &r.Row }

// WithRow returns a copy of a record with another row, for [plan.Joined].
func WithRow(r *Record, row *model.Row) *Record {
	joined := *r
	joined.Row = *row
	return &joined
}

// NewLookup returns a lookup in a snapshot. It is for one goroutine, and for as long
// as the snapshot is.
func NewLookup(ctx context.Context, s Snapshot) query.Lookup {
	return Remember(func(schema *model.Schema, id event.ID) (*Record, error) {
		r, err := s.State(ctx, schema.Collection(), id)
		if errors.Is(err, ErrNotFound) {
			return nil, nil
		}
		return r, err
	})
}

// maxLooked is how many entities a lookup remembers.
const maxLooked = 1 << 14

// lookup gets entities, each once: many rows refer to few.
type lookup struct {
	get   func(*model.Schema, event.ID) (*Record, error)
	known map[looked]*model.Row
}

type looked struct {
	schema *model.Schema
	id     event.ID
}

// Remember returns a lookup that asks get for each entity once, as a rule. get
// returns nil for one that does not exist.
func Remember(get func(*model.Schema, event.ID) (*Record, error)) query.Lookup {
	return &lookup{get: get, known: make(map[looked]*model.Row)}
}

// Row implements [query.Lookup].
func (l *lookup) Row(s *model.Schema, id event.ID) (*model.Row, error) {
	key := looked{s, id}
	if row, ok := l.known[key]; ok {
		return row, nil
	}
	r, err := l.get(s, id)
	if err != nil {
		return nil, err
	}
	var row *model.Row
	if r != nil {
		row = &r.Row
	}
	if len(l.known) == maxLooked {
		clear(l.known)
	}
	l.known[key] = row
	return row, nil
}
