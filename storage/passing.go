package storage

import (
	"context"
	"iter"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
)

// Passing is a Snapshot that passes on all capabilities of the one that it holds, with
// their fallbacks: for whoever puts a snapshot into another and changes a few methods.
// What has no fallback is an error, or, of Verify, nothing.
type Passing struct{ Snapshot }

var (
	_ Counter   = Passing{}
	_ Estimator = Passing{}
	_ Tracer    = Passing{}
	_ Locator   = Passing{}
	_ Lister    = Passing{}
	_ Verifier  = Passing{}
)

// Count implements [Counter].
func (p Passing) Count(ctx context.Context, x *plan.Plan) (int, error) {
	return Count(ctx, p.Snapshot, x)
}

// Statistics implements [Estimator].
func (p Passing) Statistics(ctx context.Context, s *model.Schema) plan.Statistics {
	if known := statisticsOf(ctx, p.Snapshot, s); known != nil {
		return known
	}
	return ignorant{}
}

// Trace implements [Tracer].
func (p Passing) Trace(ctx context.Context, x *plan.Plan, work *plan.Work) iter.Seq2[*Record, error] {
	return traced(ctx, p.Snapshot, x, work)
}

// Locate implements [Locator].
func (p Passing) Locate(ctx context.Context, entity, id event.ID) (event.Origin, uint64, error) {
	return Locate(ctx, p.Snapshot, entity, id)
}

// Collections implements [Lister].
func (p Passing) Collections(ctx context.Context) ([]string, error) {
	if l, ok := p.Snapshot.(Lister); ok {
		return l.Collections(ctx)
	}
	return nil, errNoList
}

// Records implements [Lister].
func (p Passing) Records(ctx context.Context, collection string) iter.Seq2[*Record, error] {
	if l, ok := p.Snapshot.(Lister); ok {
		return l.Records(ctx, collection)
	}
	return func(yield func(*Record, error) bool) { yield(nil, errNoList) }
}

// Verify implements [Verifier].
func (p Passing) Verify(ctx context.Context) (int64, error) {
	if v, ok := p.Snapshot.(Verifier); ok {
		return v.Verify(ctx)
	}
	return 0, nil
}
