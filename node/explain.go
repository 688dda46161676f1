package node

import (
	"context"

	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// Explain says how this node answers a query, and runs it to tell how many rows
// came. It implements [entity.Explainer]. A client does not answer queries itself:
// it says ErrEphemeral. A query with AS OF folds the log, whatever its plan: it says
// ErrPast.
func (s *Session) Explain(ctx context.Context, q *query.Checked) (*plan.Explanation, error) {
	if err := s.mayAsk(ctx, q); err != nil {
		return nil, err
	}
	if _, past := q.AsOf(); past {
		return nil, ErrPast
	}
	if s.node.committer == nil {
		return nil, ErrEphemeral
	}
	q = q.At(s.node.clock.Now())
	snapshot, leave, err := s.node.open(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	all, err := ask(q.Schema(), "")
	if err != nil {
		return nil, err
	}
	// First of all, so that the plan knows it too.
	total, err := storage.Count(ctx, snapshot, storage.Plan(ctx, snapshot, all))
	if err != nil {
		return nil, err
	}
	p := storage.Plan(ctx, snapshot, q.Rows())
	work, n, err := storage.Trace(ctx, snapshot, p)
	if err != nil {
		return nil, err
	}
	e := p.Explain(q, &work)
	e.Total, e.Result = total, n
	if q.Grouping() != nil {
		groups, err := s.Groups(ctx, q)
		e.Result = len(groups)
		return e, err
	}
	return e, nil
}
