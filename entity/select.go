package entity

import (
	"iter"
	"math"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// Widen returns the query whose committed result [Overlay.Select] needs in order
// to answer q: without OFFSET, and with a LIMIT that leaves room for every
// touched entity that might drop out. It is q itself when the transaction
// touched nothing in the collection.
func (o *Overlay) Widen(q *query.Checked) (*query.Checked, error) {
	touched := o.touched(q)
	if len(touched) == 0 {
		return q, nil
	}
	wide := *q.Query()
	wide.Offset = nil
	if limit, ok := q.Limit(); ok {
		room := int64(limit) + int64(q.Offset()) + int64(len(touched))
		if room < 0 {
			room = math.MaxInt64
		}
		wide.Limit = &query.LiteralExpr{Value: model.OfInt(room)}
	}
	return wide.Check(q.Schema())
}

// Select yields what the transaction sees of a query: the committed result of
// the widened query, in its order, but each touched entity as the transaction
// has it: created ones are there, deleted ones are not, changed ones are where
// they belong now. LIMIT and OFFSET count what remains. The sequence ends after
// the first error. Changes made while it is ranged over do not show in it.
func (o *Overlay) Select(q *query.Checked, committed iter.Seq2[*model.Row, error]) iter.Seq2[View, error] {
	touched := o.touched(q)
	if len(touched) == 0 {
		return viewed(q.Schema(), committed)
	}
	own := make([]*model.Row, 0, len(touched))
	replaced := make(map[event.ID]struct{}, len(touched))
	for _, d := range touched {
		replaced[d.base.ID] = struct{}{}
		if row := d.visible(); !d.absent && q.Match(row) {
			own = append(own, row)
		}
	}
	slices.SortFunc(own, q.Compare)
	rest := without(committed, replaced)
	return viewed(q.Schema(), window(merge(q, own, rest), q))
}

// touched returns the drafts of the query's collection.
func (o *Overlay) touched(q *query.Checked) []*Draft {
	var drafts []*Draft
	for _, d := range o.order {
		if d.schema.Collection() == q.Schema().Collection() {
			drafts = append(drafts, d)
		}
	}
	return drafts
}

// without leaves out what was touched. The set is that of the beginning: a
// transaction may well touch what it is ranging over.
func without(rows iter.Seq2[*model.Row, error], ids map[event.ID]struct{}) iter.Seq2[*model.Row, error] {
	return func(yield func(*model.Row, error) bool) {
		for row, err := range rows {
			if err == nil {
				if _, skip := ids[row.ID]; skip {
					continue
				}
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// merge merges two results in the query's order.
func merge(q *query.Checked, own []*model.Row, rows iter.Seq2[*model.Row, error]) iter.Seq2[*model.Row, error] {
	return func(yield func(*model.Row, error) bool) {
		rest := own
		for row, err := range rows {
			for err == nil && len(rest) > 0 && q.Compare(rest[0], row) < 0 {
				if !yield(rest[0], nil) {
					return
				}
				rest = rest[1:]
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
		for _, row := range rest {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// window applies OFFSET and LIMIT.
func window(rows iter.Seq2[*model.Row, error], q *query.Checked) iter.Seq2[*model.Row, error] {
	return func(yield func(*model.Row, error) bool) {
		skip := q.Offset()
		left, limited := q.Limit()
		if limited && left == 0 {
			return
		}
		for row, err := range rows {
			if err == nil && skip > 0 {
				skip--
				continue
			}
			if !yield(row, err) || err != nil {
				return
			}
			if left--; limited && left == 0 {
				return
			}
		}
	}
}

// viewed makes views of rows.
func viewed(s *model.Schema, rows iter.Seq2[*model.Row, error]) iter.Seq2[View, error] {
	return func(yield func(View, error) bool) {
		for row, err := range rows {
			if err != nil {
				yield(View{}, err)
				return
			}
			if !yield(NewView(s, row), nil) {
				return
			}
		}
	}
}
