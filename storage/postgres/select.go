package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// Select yields the rows that a query asks for. The server gets the query, not the
// plan: which indexes to read it knows best. Every row it gives is held against the
// query once more, with what the record itself says, so that a column that somebody
// has changed shows as a *storage.CorruptError and not as a wrong row.
func (s *snapshot) Select(ctx context.Context, p *plan.Plan) iter.Seq2[*storage.Record, error] {
	if len(p.Query.Joined()) > 0 {
		return storage.SelectJoined(ctx, s, p)
	}
	if err := s.usable(ctx); err != nil {
		return failed[*storage.Record](err)
	}
	asked, ok := s.compile(p.Query)
	if !ok {
		return nothing(ctx, s)
	}
	return s.run(ctx, p, &asked)
}

// run asks the server.
func (s *snapshot) run(ctx context.Context, p *plan.Plan, a *asked) iter.Seq2[*storage.Record, error] {
	found := guarded(ctx, s, rows(ctx, s.reader, ofRows, a.sql, a.args, scanRecord(a.collection)))
	matching := a.matching(found)
	if a.windowed {
		return matching
	}
	return plan.Rows(&plan.Plan{Query: p.Query, Access: plan.Scan, Index: -1, Sorted: a.ordered, Residual: true}, matching, storage.RowOf)
}

// Trace yields what Select yields, and says what the server was asked.
func (s *snapshot) Trace(ctx context.Context, p *plan.Plan, work *plan.Work) iter.Seq2[*storage.Record, error] {
	return func(yield func(*storage.Record, error) bool) {
		*work = plan.Work{Plan: p}
		a, ok := s.compile(p.Query)
		if !ok {
			nothing(ctx, s)(yield)
			return
		}
		work.Asked = &plan.Asked{Statement: a.sql, Tested: a.tested, Residual: a.residual, Ordered: a.ordered}
		s.run(ctx, p, &a)(yield)
		work.Rows, work.Found = a.given, a.found
	}
}

// nothing is a sequence without items.
func nothing(ctx context.Context, s *snapshot) iter.Seq2[*storage.Record, error] {
	return guarded(ctx, s, func(func(*storage.Record, error) bool) {})
}

// asked is what the server is asked for a query.
type asked struct {
	query      *query.Checked
	collection string
	sql        string
	args       []any
	from       string // the statement from its FROM on, without order and window
	exact      bool   // the server gives matching rows only
	ordered    bool   // in the query's order
	windowed   bool   // and not those outside of its window
	tested     []query.Condition
	residual   []query.Condition
	given      int // rows that came: the statement runs once
	found      int // those that matched
}

// compile turns a query into SQL; ok is false if its collection has no table.
func (s *snapshot) compile(q *query.Checked) (a asked, ok bool) {
	col := s.reader.catalog.collections[q.Schema().Collection()]
	if col == nil {
		return a, false
	}
	p := &pushdown{query: q, collection: col, derived: col.holds(s.reader.engine.layout(q.Schema()))}
	a = asked{query: q, collection: col.name}
	a.from = " FROM " + quote(col.table) + " WHERE " + p.where()
	a.sql = "SELECT id, _row" + a.from
	a.tested = p.tested
	a.residual, a.exact = p.residual, len(p.residual) == 0
	if order := p.order(); order != "" {
		a.sql += " ORDER BY " + order
		a.ordered = true
	}
	limit, limited := q.Limit()
	if a.exact && a.ordered {
		a.windowed = true
		if limited {
			a.sql += fmt.Sprintf(" LIMIT %d", limit)
		}
		if q.Offset() > 0 {
			a.sql += fmt.Sprintf(" OFFSET %d", q.Offset())
		}
	}
	a.args = p.args
	return a, true
}

// scanRecord makes records of id and _row.
func scanRecord(collection string) func(pgx.Rows) (*storage.Record, error) {
	return func(r pgx.Rows) (*storage.Record, error) {
		var text string
		var row []byte
		if err := r.Scan(&text, &row); err != nil {
			return nil, err
		}
		id, err := parseID(text, "ID in "+collection)
		if err != nil {
			return nil, err
		}
		return decodeRecord(collection, id, row)
	}
}

var (
	errMismatch = errors.New("its columns say that it matches, and the record itself does not")
	errOrder    = errors.New("its columns give it another place than the record itself")
)

// matching passes on rows that match. One that does not although the server has
// tested all of the predicate, or that is not where it belongs, is an error.
func (a *asked) matching(found iter.Seq2[*storage.Record, error]) iter.Seq2[*storage.Record, error] {
	return func(yield func(*storage.Record, error) bool) {
		var last *storage.Record
		for r, err := range found {
			if err != nil {
				yield(nil, err)
				return
			}
			a.given++
			matches := a.query.Match(&r.Row)
			if !matches && a.exact {
				yield(nil, corruptRecord(a.collection, r.Row.ID.String(), errMismatch))
				return
			}
			if a.ordered && last != nil && a.query.Compare(&last.Row, &r.Row) >= 0 {
				yield(nil, corruptRecord(a.collection, r.Row.ID.String(), errOrder))
				return
			}
			last = r
			if !matches {
				continue
			}
			if a.found++; !yield(r, nil) {
				return
			}
		}
	}
}

// Count counts the rows of a query, on the server if that can tell which they are.
func (s *snapshot) Count(ctx context.Context, p *plan.Plan) (int, error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	a, ok := s.compile(p.Query)
	if !ok {
		return 0, nil
	}
	if a.exact {
		var n int
		err := s.reader.row(ctx, "SELECT count(*)"+a.from, a.args, &n)
		n = max(n-p.Query.Offset(), 0)
		if limit, limited := p.Query.Limit(); limited {
			n = min(n, limit)
		}
		return n, err
	}
	n := 0
	for _, err := range s.Select(ctx, p) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// Collections returns the names of the collections that have records.
func (s *snapshot) Collections(ctx context.Context) ([]string, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var names []string
	for _, col := range s.reader.catalog.sorted() {
		var some bool
		if err := s.reader.row(ctx, `SELECT EXISTS (SELECT FROM `+quote(col.table)+`)`, nil, &some); err != nil {
			return nil, err
		}
		if some {
			names = append(names, col.name)
		}
	}
	return names, nil
}

// Records yields all records of a collection.
func (s *snapshot) Records(ctx context.Context, collection string) iter.Seq2[*storage.Record, error] {
	col := s.reader.catalog.collections[collection]
	if col == nil {
		return nothing(ctx, s)
	}
	sql := `SELECT id, _row, _merge FROM ` + quote(col.table) + ` ORDER BY id`
	return guarded(ctx, s, rows(ctx, s.reader, ofRecords, sql, nil, func(r pgx.Rows) (*storage.Record, error) {
		return scanWhole(collection, r)
	}))
}

// scanWhole reads id, _row and _merge.
func scanWhole(collection string, r pgx.Rows) (*storage.Record, error) {
	var text string
	var row, merge []byte
	if err := r.Scan(&text, &row, &merge); err != nil {
		return nil, err
	}
	id, err := parseID(text, "ID in "+collection)
	if err != nil {
		return nil, err
	}
	return wholeRecord(collection, id, row, merge)
}
