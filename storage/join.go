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
	return selectJoined(ctx, s, p, func(p *plan.Plan) iter.Seq2[*Record, error] { return s.Select(ctx, p) }, nil)
}

// traceJoined is SelectJoined that says in work what was read.
func traceJoined(ctx context.Context, s Snapshot, p *plan.Plan, work *plan.Work) iter.Seq2[*Record, error] {
	return selectJoined(ctx, s, p, func(p *plan.Plan) iter.Seq2[*Record, error] {
		last := work
		for last.Plan != nil { // what is asked of references comes before it
			last = &last.Parts[1]
		}
		return traced(ctx, s, p, last)
	}, work)
}

// selectJoined joins the rows that own yields. What is asked first is traced unless
// work is nil.
func selectJoined(ctx context.Context, s Snapshot, p *plan.Plan, own func(*plan.Plan) iter.Seq2[*Record, error], work *plan.Work) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		p, err := narrow(ctx, s, p, work)
		if err != nil {
			yield(nil, err)
			return
		}
		for r, err := range plan.Joined(p, NewLookup(ctx, s), own(p.Own()), RowOf, WithRow) {
			if !yield(r, err) {
				return
			}
		}
	}
}

// narrow returns the plan that remains when everything is known that is asked of
// references first.
func narrow(ctx context.Context, s Snapshot, p *plan.Plan, work *plan.Work) (*plan.Plan, error) {
	for p.Access == plan.Refer {
		to, few, first, err := referred(ctx, s, p.Reference, work != nil)
		if err != nil {
			return nil, err
		}
		if work != nil {
			*work = plan.Work{Plan: p, Parts: []plan.Work{first, {}}}
			work = &work.Parts[1]
		}
		if few {
			p = p.Narrow(to, statisticsOf(ctx, s, p.Query.Schema()))
		} else {
			p = p.Reference.Otherwise
		}
	}
	return p, nil
}

// referred returns the entities that a reference may lead to; few is false if they
// are too many.
func referred(ctx context.Context, s Snapshot, r *plan.Reference, trace bool) (to []event.ID, few bool, work plan.Work, err error) {
	p := Plan(ctx, s, r.Query).AsFound()
	rows := s.Select(ctx, p)
	switch joined := len(p.Query.Joined()) > 0; {
	case trace && joined:
		rows = traceJoined(ctx, s, p, &work)
	case trace:
		rows = traced(ctx, s, p, &work)
	}
	for found, err := range rows {
		if err != nil {
			return nil, false, work, err
		}
		if len(to) == plan.MaxReferred {
			return nil, false, work, nil
		}
		to = append(to, found.Row.ID)
	}
	return to, true, work, nil
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
