package plan

import (
	"iter"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// Rows turns the matching rows of a plan, in the order in which it finds them,
// into the result of its query: sorted as far as they are not, OFFSET skipped, and
// no longer than LIMIT. It reads no more than it needs: rows that come sorted are
// passed on one by one, those that come sorted by a prefix are sorted in
// groups, and of all others no more than the window are kept.
//
// row says what to compare of an item. The first error is passed on, and ends
// the result.
func Rows[T any](p *Plan, found iter.Seq2[T, error], row func(T) *model.Row) iter.Seq2[T, error] {
	w := window[T]{plan: p, row: row, offset: p.Query.Offset(), limit: -1}
	if n, ok := p.Query.Limit(); ok {
		w.limit = n
	}
	return func(yield func(T, error) bool) {
		w := w // each iteration counts for itself
		w.yield = yield
		switch {
		case w.limit == 0:
		case p.Sorted:
			w.pass(found)
		case p.Prefix > 0:
			w.groups(found)
		default:
			w.sort(found)
		}
	}
}

// window is one iteration of a result.
type window[T any] struct {
	plan   *Plan
	row    func(T) *model.Row
	yield  func(T, error) bool
	offset int // rows still to skip
	limit  int // rows still to yield; negative: no end
}

// emit yields an item unless it is skipped. It returns false at the end.
func (w *window[T]) emit(item T) bool {
	if w.offset > 0 {
		w.offset--
		return true
	}
	w.limit--
	return w.yield(item, nil) && w.limit != 0
}

func (w *window[T]) pass(found iter.Seq2[T, error]) {
	for item, err := range found {
		if err != nil {
			w.yield(item, err)
			return
		}
		if !w.emit(item) {
			return
		}
	}
}

func (w *window[T]) sort(found iter.Seq2[T, error]) {
	s := newSorting(w)
	top := NewTop(s.compare, w.offset, w.limit)
	for item, err := range found {
		if err != nil {
			w.yield(item, err)
			return
		}
		top.Add(s.item(item))
	}
	w.offset = 0
	w.emitAll(top.Take())
}

func (w *window[T]) emitAll(items []sorted[T]) bool {
	for i := range items {
		if !w.emit(items[i].item) {
			return false
		}
	}
	return true
}

// groups sorts rows that are equal in the keys they come sorted by, group by
// group. Once the window is full the rest is not read.
func (w *window[T]) groups(found iter.Seq2[T, error]) {
	keys := w.plan.Query.Order()[:w.plan.Prefix]
	schema := w.plan.Query.Schema()
	keep := -1
	if w.limit >= 0 {
		keep = w.offset + w.limit
	}
	s := newSorting(w)
	group := NewTop(s.compare, 0, keep)
	var first T
	for item, err := range found {
		if err != nil {
			w.yield(item, err)
			return
		}
		if group.Len() > 0 && !sameGroup(schema, keys, w.row(first), w.row(item)) {
			if !w.emitAll(group.Take()) {
				return
			}
		}
		if group.Len() == 0 {
			first = item
		}
		group.Add(s.item(item))
	}
	w.emitAll(group.Take())
}

// sameGroup reports whether two rows are equal in all of the keys.
func sameGroup(s *model.Schema, keys []query.OrderKey, a, b *model.Row) bool {
	for i := range keys {
		if keys[i].Compare(s, a, b) != 0 {
			return false
		}
	}
	return true
}

// sorting compares the rows of a result, those that are equal in the plan's
// prefix. Reading a value out of a row takes longer than comparing it, so the
// first key that may differ is read once for each row.
type sorting[T any] struct {
	schema *model.Schema
	row    func(T) *model.Row
	first  *query.OrderKey // nil: rows are ordered by their IDs
	rest   []query.OrderKey
}

// sorted is an item with its value in the first key.
type sorted[T any] struct {
	item T
	key  model.Value
}

func newSorting[T any](w *window[T]) *sorting[T] {
	s := &sorting[T]{schema: w.plan.Query.Schema(), row: w.row}
	if keys := w.plan.Query.Order()[w.plan.Prefix:]; len(keys) > 0 {
		s.first, s.rest = &keys[0], keys[1:]
	}
	return s
}

func (s *sorting[T]) item(item T) sorted[T] {
	if s.first == nil {
		return sorted[T]{item: item}
	}
	return sorted[T]{item, s.first.Value(s.schema, s.row(item))}
}

// compare orders rows as the query does.
func (s *sorting[T]) compare(a, b sorted[T]) int {
	if s.first != nil {
		if d := s.first.CompareValues(a.key, b.key); d != 0 {
			return d
		}
	}
	x, y := s.row(a.item), s.row(b.item)
	for i := range s.rest {
		if d := s.rest[i].Compare(s.schema, x, y); d != 0 {
			return d
		}
	}
	return x.ID.Compare(y.ID)
}
