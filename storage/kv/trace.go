package kv

import (
	"context"
	"iter"

	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

var _ storage.Tracer = (*snapshot)(nil)

// Trace implements [storage.Tracer].
func (s *snapshot) Trace(ctx context.Context, p *plan.Plan, work *plan.Work) iter.Seq2[*storage.Record, error] {
	return s.rows(ctx, p, work)
}

// work is what was read so far. In a table keys are not read: each row stands for one.
func (x *selector) work() plan.Work {
	w := plan.Work{Plan: x.plan, Keys: x.visited, Rows: x.tested, Found: x.matched}
	switch {
	case x.partitioned():
		w.Parts = x.workOf(x.plan.Parts)
		w.Keys = 0
		for _, part := range x.ran {
			w.Keys += part.keysRead()
			if x.table != nil {
				w.Rows, w.Found = w.Rows+part.tested, w.Found+part.matched
			}
		}
	case x.plan.Access == plan.Scan:
		w.Keys = 0
	case x.order != nil:
		w.Keys = x.tested
	}
	return w
}

// keysRead is how many keys of a part were read.
func (x *selector) keysRead() int {
	if x.order != nil {
		return x.tested
	}
	return x.visited
}

// workOf is what was read of parts.
func (x *selector) workOf(parts []*plan.Plan) []plan.Work {
	all := make([]plan.Work, len(parts))
	for i, p := range parts {
		all[i] = plan.Work{Plan: p, Keys: -1, Rows: -1, Parts: x.workOf(p.Parts)}
		for _, part := range x.ran {
			if part.of == p {
				all[i].Keys, all[i].Rows, all[i].Found = part.keysRead(), part.keysRead(), part.matched
			}
		}
	}
	return all
}
