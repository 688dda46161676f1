package plan

import (
	"iter"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// Own returns a plan for [query.Checked.Own] that reads what p reads: for an engine
// whose rows are joined by somebody else. [Joined] makes the result of p from its
// rows.
func (p *Plan) Own() *Plan {
	own := *p
	own.Query = p.Query.Own()
	own.Residual = true
	if !p.Query.OwnOrder() { // rows are sorted later, and may come as they are found
		own.Sorted = true
	}
	return &own
}

// Joined turns the rows of p.Own() into the result of p: joined through the
// lookup, judged, and in order. with returns the item with another row.
func Joined[T any](p *Plan, l query.Lookup, found iter.Seq2[T, error], row func(T) *model.Row, with func(T, *model.Row) T) iter.Seq2[T, error] {
	q := p.Query
	matching := func(yield func(T, error) bool) {
		for item, err := range found {
			var r *model.Row
			if err == nil {
				r, err = q.Join(l, row(item))
			}
			if err != nil {
				yield(item, err)
				return
			}
			if q.Match(r) && !yield(with(item, r), nil) {
				return
			}
		}
	}
	sorted := *p
	sorted.Sorted, sorted.Prefix = q.OwnOrder(), 0
	return Rows(&sorted, matching, row)
}
