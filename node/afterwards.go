package node

import (
	"context"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// afterwards reads the store as it is right after a batch, for standing queries
// that need more than the batch itself. It is asked while the engine holds still,
// see [publisher.reads], and opens a snapshot when it is first asked.
type afterwards struct {
	node     *Node
	snapshot storage.Snapshot
	lookup   query.Lookup
}

var _ reactor.Source = (*afterwards)(nil)

func (a *afterwards) open() error {
	if a.snapshot != nil {
		return nil
	}
	s, err := a.node.engine.Snapshot(a.node.ctx)
	if err != nil {
		return err
	}
	a.snapshot, a.lookup = s, storage.NewLookup(a.node.ctx, s)
	return nil
}

func (a *afterwards) close() {
	if a.snapshot != nil {
		a.snapshot.Close()
	}
}

// refill implements [reactor.Refill].
func (a *afterwards) refill(q *query.Checked, after *storage.Record, n int) ([]*storage.Record, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	return firstRows(a.node.ctx, a.snapshot, q, after, n)
}

// Row implements [reactor.Source].
func (a *afterwards) Row(s *model.Schema, id event.ID) (*model.Row, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	return a.lookup.Row(s, id)
}

// Referrers implements [reactor.Source]. Without an index on the reference it
// reads the whole collection.
func (a *afterwards) Referrers(s *model.Schema, column int, to event.ID) ([]*storage.Record, error) {
	if err := a.open(); err != nil {
		return nil, err
	}
	return referrers(a.node.ctx, a.snapshot, s, column, to)
}

// referrers returns the entities whose reference in a column leads to another.
func referrers(ctx context.Context, s storage.Snapshot, m *model.Schema, column int, to event.ID) ([]*storage.Record, error) {
	q := &query.Query{Where: &query.CompareExpr{
		Op: query.Eq, X: &query.ColumnExpr{Path: []string{m.Column(column).Name}}, Y: &query.LiteralExpr{Value: model.OfID(to)},
	}}
	checked, err := q.Check(m)
	if err != nil {
		return nil, err
	}
	var all []*storage.Record
	for r, err := range s.Select(ctx, storage.Plan(ctx, s, checked)) {
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// sourcesOf returns the collections of which a change may make a standing query
// read the store: its own, if it has a window that may run short, and with
// references all that it looks at.
func sourcesOf(q *query.Checked) []string {
	if len(q.Joined()) > 0 {
		var all []string
		for _, m := range involved(q) {
			all = append(all, m.Collection())
		}
		return all
	}
	if _, limited := q.Limit(); limited && q.Grouping() == nil {
		return []string{q.Schema().Collection()}
	}
	return nil
}
