package reactor

import (
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// window is the order of a result and the part of it that LIMIT and OFFSET leave. Behind it stand the
// first rows of the whole result: those before the window, those in it, and some more, so that most rows
// that leave can be replaced without reading. What comes after bound is unknown, unless complete.
//
// A nil window is one without bounds, in the order of IDs.
type window struct {
	query    *query.Checked
	groups   *groups // that the rows are, if the query has SELECT
	joins    *joins  // of the rows, if the query follows references
	offset   int
	limit    int             // unlimited if there is none
	complete bool            // the rows are the whole result
	whole    bool            // and always stay so: somebody else keeps them few
	bound    *storage.Record // rows up to its position are known, if not complete
	held     *Items          // what to show while the window is being filled
	told     int             // how much was kept when subscriptions last heard of that
}

// unlimited is more rows than a result can have. Twice as much still fits an int everywhere; a query's
// LIMIT and OFFSET are below it.
const unlimited = 1 << 30

// newWindow returns the window of a query, nil if it asks for no order and no part.
func newWindow(c *query.Checked) *window {
	limit, limited := c.Limit()
	if !limited && c.Offset() == 0 && len(c.Order()) == 0 {
		return nil
	}
	w := &window{query: c, offset: c.Offset(), limit: unlimited}
	if limited {
		w.limit = limit
	}
	return w
}

// bounded reports whether there is a LIMIT or an OFFSET, limited whether there may be rows that are not
// read.
func (w *window) bounded() bool { return w != nil && (w.offset > 0 || w.limit < unlimited) }
func (w *window) limited() bool { return w != nil && w.need() < unlimited }

// need is the number of rows that must be known, slack how many more are kept for bad days.
func (w *window) need() int  { return w.offset + w.limit }
func (w *window) slack() int { return min(max(w.limit/2, 8), 128) }

// wanted is the number of rows to read at first, -1 for all.
func (w *window) wanted() int {
	switch {
	case !w.limited():
		return -1
	case w.limit == 0:
		return 0
	}
	return w.need() + w.slack()
}

// start notes what is known once the first rows were read.
func (w *window) start(rows *rows) {
	if w == nil {
		return
	}
	n := rows.len()
	w.complete = w.whole || w.limit == 0 || !w.limited() || n < w.wanted()
	if !w.complete {
		w.bound = rows.at(n - 1)
	}
}

// index turns an index of the rows into one of the window, -1 if it is outside.
func (w *window) index(i int) int {
	switch {
	case w == nil:
		return i
	case i < w.offset || i-w.offset >= w.limit:
		return -1
	}
	return i - w.offset
}

// knows reports whether a row's position is in the part that is known.
func (w *window) knows(x *storage.Record) bool {
	return w == nil || w.complete || compare(w.query, x, w.bound) <= 0
}

// hold keeps what is shown now if that many rows leaving may make the window short.
func (w *window) hold(rows *rows, leaving int) {
	if w == nil || w.complete || rows.len()-leaving >= w.need() {
		return
	}
	items := w.shown(rows)
	w.held = &items
}

// short returns how many rows to read, 0 if there are enough.
func (w *window) short(have int) int {
	if w == nil || w.complete || have >= w.need() {
		return 0
	}
	return w.need() + w.slack() - have
}

// extend takes in rows that were read after the bound; it returns those that are of use.
func (w *window) extend(r *result, filled []*storage.Record) []*storage.Record {
	if w == nil {
		return nil
	}
	w.held = nil
	n := w.short(r.rows.len())
	if n == 0 {
		return nil
	}
	for len(filled) > 0 && w.bound != nil && compare(w.query, filled[0], w.bound) <= 0 {
		filled = filled[1:]
	}
	filled = filled[:min(n, len(filled))]
	for _, x := range filled {
		r.rows.insert(r.rows.len(), x)
	}
	if w.complete = len(filled) < n; !w.complete {
		w.bound = filled[len(filled)-1]
	}
	return filled
}

// trim lets go of rows far behind the window.
func (w *window) trim(rows *rows) {
	if !w.limited() || w.whole || rows.len() <= w.need()+2*w.slack() {
		return
	}
	rows.truncate(w.need() + w.slack())
	w.complete = false
	w.bound = rows.at(rows.len() - 1)
}

// crossed adds the rows that did not change themselves, but that others pushed over an end of the window.
// Those that stay keep their order, so they are found from both ends, each way until one is found
// that was inside before as well.
func (w *window) crossed(changes []RowChange, rows *rows, s *shift, size int) []RowChange {
	enter := func(i int) bool {
		if s.new(i) {
			return true
		}
		if w.index(s.back(i)) >= 0 {
			return false
		}
		changes = append(changes, RowChange{Kind: Added, OldIndex: -1, Index: w.index(i), Record: rows.at(i)})
		return true
	}
	leave := func(i int) bool {
		if s.gone(i) {
			return true
		}
		now := s.forward(i)
		if w.index(now) >= 0 {
			return false
		}
		x := rows.at(now)
		changes = append(changes, RowChange{
			Kind: Removed, Reason: Limit, OldIndex: w.index(i), Index: -1, Record: x, Before: x,
		})
		return true
	}
	w.ends(rows.len(), enter)
	w.ends(size, leave)
	return changes
}

// ends calls f for the indices inside the window, from each end until f says stop or they have met.
func (w *window) ends(size int, f func(i int) bool) {
	from, to := w.offset, min(size, w.offset+w.limit)
	for ; from < to && f(from); from++ {
	}
	for to--; to > from && f(to); to-- {
	}
}

// shown is what subscribers see.
func (w *window) shown(rows *rows) Items {
	if w.held != nil {
		return *w.held
	}
	n := rows.len()
	return Items{rows: rows.snapshot(), from: min(w.offset, n), to: min(w.offset+w.limit, n)}
}
