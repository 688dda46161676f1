package reactor

import (
	"bytes"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// result is what a standing query has found, and who wants to know of changes.
type result struct {
	rows   rows
	window *window       // nil: all rows in the order of IDs
	subs   *Subscription // the first of a list
	tally  *tally        // nil until somebody asks for it
}

// pair is what a commit does to a result: a row that leaves, comes, or changes.
type pair struct {
	before *storage.Record // nil if the entity did not match before
	after  *storage.Record // nil if it does not match any more
	last   *storage.Record // the entity's row after the commit, if it has one but does not match
	reason Reason          // why there is no after
	fields []string        // what changed, if there are both
	hidden bool            // nothing that is shown did
}

// compare compares by the order of a query; nil is the order of IDs.
func compare(order *query.Checked, a, b *storage.Record) int {
	if order == nil {
		return a.Row.ID.Compare(b.Row.ID)
	}
	return order.Compare(&a.Row, &b.Row)
}

// order is the query whose order the rows are in.
func (r *result) order() *query.Checked {
	if r.window == nil {
		return nil
	}
	return r.window.query
}

func (r *result) find(x *storage.Record) (int, bool) { return r.rows.find(x, r.order()) }

// apply does a single pair to a result without a window, and says in c, which is empty, what that
// amounts to.
func (r *result) apply(p *pair, c *RowChange) bool {
	c.OldIndex, c.Index, c.Record, c.Fields = -1, -1, p.after, p.fields
	if p.before != nil {
		if i, ok := r.find(p.before); ok {
			c.OldIndex, c.Before = i, r.rows.at(i)
		}
	}
	switch {
	case p.after == nil && c.OldIndex < 0:
		return false
	case p.after == nil:
		r.rows.remove(c.OldIndex)
		p.removed(c)
	case c.OldIndex < 0:
		c.Kind, c.Fields = Added, nil
		c.Index, _ = r.find(p.after)
		r.rows.insert(c.Index, p.after)
	case compare(r.order(), c.Before, p.after) == 0:
		r.rows.set(c.OldIndex, p.after)
		c.Kind, c.Index = Updated, c.OldIndex
	default:
		r.rows.remove(c.OldIndex)
		c.Index, _ = r.find(p.after)
		r.rows.insert(c.Index, p.after)
		c.Kind = Updated
		if c.Index != c.OldIndex {
			c.Kind = Moved
		}
	}
	return true
}

// same reports whether two records of an entity show the same.
func same(a, b *storage.Record) bool {
	return a == b || a.Stamp == b.Stamp && a.Row.Deleted == b.Row.Deleted &&
		bytes.Equal(a.Row.Values.Bytes(), b.Row.Values.Bytes()) && slices.Equal(joinedValues(&a.Row), joinedValues(&b.Row)) &&
		samePending(a.Row.Pending, b.Row.Pending)
}

// samePending reports whether two rows show the same transactions that are pending.
func samePending(a, b *[]event.ID) bool {
	return a == b || a != nil && b != nil && slices.Equal(*a, *b)
}

// joinedValues are the values of a row that are not its entity's own.
func joinedValues(r *model.Row) []model.Value {
	if r.Joined == nil {
		return nil
	}
	return *r.Joined
}

// removed completes the change of a row that left.
func (p *pair) removed(c *RowChange) {
	c.Kind, c.Reason, c.Fields = Removed, p.reason, nil
	c.Record = p.last
	if c.Record == nil {
		c.Record = c.Before
	}
}

// edit applies several pairs, or pairs to a window, in two steps, because a window may have to be
// filled up from outside in between.
type edit struct {
	*result
	pairs []pair
	was   []spot
	size  int  // rows before
	shift bool // rows were put in or taken out, so that others may have another index
}

// spot is where a pair's row was.
type spot struct {
	index  int // -1 if nowhere
	record *storage.Record
	moved  bool
}

// begin takes the pairs into the rows and returns how many rows have to be read to fill the window.
func (r *result) begin(pairs []pair) (*edit, int) {
	e := &edit{result: r, pairs: pairs, was: make([]spot, len(pairs)), size: r.rows.len()}
	leaving := 0
	for i := range pairs {
		e.was[i].index = -1
		if p := &pairs[i]; p.before != nil {
			if at, ok := r.find(p.before); ok {
				e.was[i] = spot{index: at, record: r.rows.at(at)}
				leaving++
			}
		}
	}
	r.window.hold(&r.rows, leaving)
	for i := range pairs {
		e.take(&pairs[i], &e.was[i])
	}
	return e, r.window.short(r.rows.len())
}

// take does one pair to the rows.
func (e *edit) take(p *pair, w *spot) {
	at := -1
	if w.index >= 0 {
		if at = w.index; e.shift {
			at, _ = e.find(w.record)
		}
		if p.after != nil && compare(e.order(), w.record, p.after) == 0 {
			e.rows.set(at, p.after)
			return
		}
		e.rows.remove(at)
		e.shift = true
	}
	w.moved = true
	if p.after == nil || !e.window.knows(p.after) {
		return
	}
	i, _ := e.find(p.after)
	e.rows.insert(i, p.after)
	e.shift = true
	w.moved = i != at
}

// finish completes the window with the rows read and says what the whole edit amounts to.
func (e *edit) finish(filled []*storage.Record) []RowChange {
	filled = e.window.extend(e.result, filled)
	changes := make([]RowChange, 0, len(e.pairs)+len(filled))
	var s shift
	for i := range e.pairs {
		p, w := &e.pairs[i], &e.was[i]
		now := e.now(p, w)
		if w.index >= 0 {
			s.out = append(s.out, w.index)
		}
		if now >= 0 {
			s.in = append(s.in, now)
		}
		if c, ok := e.change(p, w, now); ok {
			changes = append(changes, c)
		}
	}
	if e.window != nil {
		for _, x := range e.strangers(filled) {
			at, _ := e.find(x)
			s.in = append(s.in, at)
			if i := e.window.index(at); i >= 0 {
				changes = append(changes, RowChange{Kind: Added, OldIndex: -1, Index: i, Record: x})
			}
		}
		s.sort()
		changes = e.window.crossed(changes, &e.rows, &s, e.size)
		e.window.trim(&e.rows)
	}
	sortChanges(changes)
	return changes
}

// now is the index of a pair's row among the rows, -1 if it is not there.
func (e *edit) now(p *pair, w *spot) int {
	if p.after == nil {
		return -1
	}
	if w.index >= 0 && !e.shift {
		return w.index
	}
	if at, ok := e.find(p.after); ok {
		return at
	}
	return -1
}

// change says what became of a pair's row, which is at an index of the rows now.
func (e *edit) change(p *pair, w *spot, now int) (RowChange, bool) {
	c := RowChange{OldIndex: e.window.index(w.index), Index: e.window.index(now), Record: p.after}
	if c.OldIndex >= 0 {
		c.Before = w.record
	}
	switch {
	case c.OldIndex < 0 && c.Index < 0:
		return c, false
	case c.OldIndex < 0:
		c.Kind = Added
	case c.Index >= 0:
		if c.Kind = Updated; w.moved {
			c.Kind = Moved
		}
		c.Fields = p.fields
		return c, w.moved || !p.hidden
	case p.after != nil:
		c.Kind, c.Reason = Removed, Limit
	default:
		p.removed(&c)
	}
	return c, true
}

// strangers are the records that no pair is about.
func (e *edit) strangers(records []*storage.Record) []*storage.Record {
	if len(records) == 0 {
		return nil
	}
	known := make(map[event.ID]struct{}, len(e.pairs))
	for i := range e.pairs {
		if p := &e.pairs[i]; p.after != nil {
			known[p.after.Row.ID] = struct{}{}
		}
	}
	return slices.DeleteFunc(slices.Clone(records), func(x *storage.Record) bool {
		_, ok := known[x.Row.ID]
		return ok
	})
}

// held is how much is kept, see [Subscription.Held].
func (r *result) held() int {
	if r.window != nil && r.window.groups != nil {
		return r.window.groups.of.Size()
	}
	return r.rows.len()
}

// minGrowth is how much more has to be kept at least to be worth a word.
const minGrowth = 64

// grown reports whether much more is kept than when it last did, which nobody need have seen.
func (r *result) grown() bool {
	if !r.window.bounded() && (r.window == nil || r.window.groups == nil) || r.held() <= 2*r.window.told+minGrowth {
		return false
	}
	r.window.told = r.held()
	return true
}

// shown is what subscribers see of the rows.
func (r *result) shown() Items {
	if r.window == nil {
		return Items{rows: r.rows.snapshot(), to: r.rows.len()}
	}
	items := r.window.shown(&r.rows)
	items.order = r.order()
	return items
}
