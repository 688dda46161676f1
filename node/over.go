package node

import (
	"context"
	"iter"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// selectFrom runs a query on a snapshot.
func selectFrom(ctx context.Context, s storage.Snapshot, q *query.Checked) iter.Seq2[*storage.Record, error] {
	return s.Select(ctx, storage.Plan(ctx, s, q))
}

// over yields what a query selects when some entities are other than base has
// them: a base that knows nothing of them, with changed on top. A row in changed
// that does not match takes its entity out of the result.
//
// base is asked for as many rows more as there are changed ones, which is as many
// as they can displace, so the window comes out right. Until it has returned it may
// replace rows in changed.
func over(q *query.Checked, changed map[event.ID]*storage.Record, base func(*query.Checked) iter.Seq2[*storage.Record, error]) iter.Seq2[*storage.Record, error] {
	if len(changed) == 0 {
		return base(q)
	}
	return func(yield func(*storage.Record, error) bool) {
		wide, err := windowed(q, q.Offset()+len(changed))
		if err != nil {
			yield(nil, err)
			return
		}
		rows := base(wide)
		w := merging{query: q, mine: matching(q, changed), skip: q.Offset(), left: -1, yield: yield}
		if n, ok := q.Limit(); ok {
			w.left = n
		}
		w.run(rows, changed)
	}
}

// joinedOver is over for a query that follows references to entities that may be
// changed too, which is why base is not asked to follow them: the lookup does.
func joinedOver(q *query.Checked, changed map[event.ID]*storage.Record, l query.Lookup, base func(*query.Checked) iter.Seq2[*storage.Record, error]) iter.Seq2[*storage.Record, error] {
	found := over(q.Own(), changed, base)
	return plan.Joined(&plan.Plan{Query: q}, l, found, storage.RowOf, storage.WithRow)
}

// involved returns the schemas of all entities that a query reads.
func involved(q *query.Checked) []*model.Schema {
	all := []*model.Schema{q.Schema()}
	for _, f := range q.Follows() {
		if !slices.Contains(all, f.Schema) {
			all = append(all, f.Schema)
		}
	}
	return all
}

// windowed returns the query without its offset, and with a limit that is higher
// by more, if it has one.
func windowed(q *query.Checked, more int) (*query.Checked, error) {
	wide := *q.Query()
	wide.Offset = nil
	if n, ok := q.Limit(); ok {
		wide.Limit = &query.LiteralExpr{Value: model.OfInt(int64(n) + int64(more))}
	}
	return wide.Check(q.Schema())
}

// matching returns the rows that the query selects, in its order.
func matching(q *query.Checked, rows map[event.ID]*storage.Record) []*storage.Record {
	var list []*storage.Record
	for _, r := range rows {
		if q.Match(&r.Row) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *storage.Record) int { return q.Compare(&a.Row, &b.Row) })
	return list
}

// merging merges two ordered streams of rows and cuts the query's window out of
// them.
type merging struct {
	query *query.Checked
	mine  []*storage.Record
	skip  int
	left  int // negative: no limit
	yield func(*storage.Record, error) bool
}

func (m *merging) run(base iter.Seq2[*storage.Record, error], changed map[event.ID]*storage.Record) {
	if m.left == 0 {
		return
	}
	for r, err := range base {
		if err != nil {
			m.yield(nil, err)
			return
		}
		if changed[r.Row.ID] != nil {
			continue
		}
		for len(m.mine) > 0 && m.query.Compare(&m.mine[0].Row, &r.Row) < 0 {
			if !m.emit(m.mine[0]) {
				return
			}
			m.mine = m.mine[1:]
		}
		if !m.emit(r) {
			return
		}
	}
	for _, r := range m.mine {
		if !m.emit(r) {
			return
		}
	}
}

// emit passes a row on if it lies in the window, and reports false at its end.
func (m *merging) emit(r *storage.Record) bool {
	if m.skip > 0 {
		m.skip--
		return true
	}
	m.left--
	return m.yield(r, nil) && m.left != 0
}
