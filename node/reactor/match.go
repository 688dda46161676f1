package reactor

import (
	"cmp"
	"slices"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// The match index of a collection finds the standing queries that a row may match without looking at
// the others. It is a tree of cells. A cell holds entries, one per branch of a predicate; once it is
// crowded it sorts those that have a term left by that term into columns: by value, by interval, by word,
// or under NULL. What shares a term shares a bucket, and a bucket with more than one entry is a cell
// again, which looks at the next term. So a row is compared with few predicates that it does not match,
// also if one column alone tells little: status = 's-1' AND score BETWEEN 10 AND 20.

// entry is one branch of a standing query's predicate in the index.
type entry struct {
	owner  *standing
	pos    int32  // in its cell's list
	branch uint16 // in branchesOf its predicate
	exact  bool   // the way to the entry implies the predicate: there is nothing left to evaluate
}

// bucket holds the entries that share a term: none, one, or a cell of them.
type bucket struct {
	one  *entry
	more *cell
}

// crowd is the number of entries from which on sorting a cell by terms is quicker than evaluating
// what is in it.
const crowd = 16

// cell is a node of the index.
type cell struct {
	depth   int // terms that led here
	sorted  bool
	list    []*entry // all entries; once sorted, those without a term left
	columns []*column
}

// column sorts entries by a term about one column.
type column struct {
	column  int
	path    []string
	json    bool
	named   map[string]bucket // by text: most equalities are about one, and it takes less room and time
	points  map[model.Value]bucket
	nulls   bucket
	numbers intervals[uint64]
	texts   intervals[string]
	words   *wordColumn // nil until a term is about a word
}

// place is what add and remove need to know of an entry.
type place struct {
	*entry
	branch
}

// indexing is one change of the index. It knows the branches of the predicates that it came across: many
// branches of one may move with it.
type indexing struct {
	known map[*standing][]branch
}

// place looks an entry's branch up again.
func (x *indexing) place(e *entry) place {
	branches, ok := x.known[e.owner]
	if !ok {
		branches = e.owner.branches()
		if x.known == nil {
			x.known = map[*standing][]branch{}
		}
		x.known[e.owner] = branches
	}
	return place{e, branches[e.branch]}
}

// exactAt reports whether the terms up to a depth imply the predicate.
func (p place) exactAt(depth int) bool { return p.whole && depth >= len(p.terms) }

func (c *cell) add(x *indexing, p place) {
	if !c.sorted && len(c.list) >= crowd {
		c.sort(x)
	}
	if !c.sorted || c.depth >= len(p.terms) {
		p.pos = int32(len(c.list))
		p.exact = p.exactAt(c.depth)
		c.list = append(c.list, p.entry)
		return
	}
	t := &p.terms[c.depth]
	c.column(t).change(t, func(b *bucket) { b.add(x, p, c.depth+1) })
}

// sort moves entries that have a term left from the list into columns.
func (c *cell) sort(x *indexing) {
	old := c.list
	c.list, c.sorted = nil, true
	for _, e := range old {
		c.add(x, x.place(e))
	}
}

func (b *bucket) add(x *indexing, p place, depth int) {
	switch {
	case b.more != nil:
		b.more.add(x, p)
	case b.one == nil:
		b.one = p.entry
		p.exact = p.exactAt(depth)
	default:
		b.one.pos = 0
		b.more = &cell{depth: depth, list: []*entry{b.one}}
		b.more.add(x, p)
		b.one = nil
	}
}

func (c *cell) remove(x *indexing, p place) {
	if !c.sorted || c.depth >= len(p.terms) {
		last := c.list[len(c.list)-1]
		c.list[p.pos], last.pos = last, p.pos
		c.list[len(c.list)-1] = nil
		c.list = c.list[:len(c.list)-1]
		return
	}
	t := &p.terms[c.depth]
	col := c.column(t)
	col.change(t, func(b *bucket) { b.remove(x, p) })
	if col.empty() {
		c.columns = slices.DeleteFunc(c.columns, func(o *column) bool { return o == col })
	}
}

func (b *bucket) remove(x *indexing, p place) {
	if b.one == p.entry {
		b.one = nil
		return
	}
	b.more.remove(x, p)
	if len(b.more.list)+len(b.more.columns) == 0 {
		b.more = nil
	}
}

func (b *bucket) empty() bool { return b.one == nil && b.more == nil }

// column returns the cell's column for a term.
func (c *cell) column(t *term) *column {
	for _, col := range c.columns {
		if col.column == t.column && slices.Equal(col.path, t.path) {
			return col
		}
	}
	col := &column{column: t.column, path: t.path, json: t.json}
	c.columns = append(c.columns, col)
	return col
}

func (c *column) empty() bool {
	return len(c.named)+len(c.points) == 0 && c.nulls.empty() && c.numbers.empty() && c.texts.empty() && c.words == nil
}

// change lets f change the bucket of a term, which is made before and dropped afterwards if it is empty.
func (c *column) change(t *term, f func(*bucket)) {
	switch {
	case t.kind == pointTerm && t.point.Type() == model.TypeString:
		changeAt(&c.named, t.point.Text(), f)
	case t.kind == pointTerm:
		changeAt(&c.points, t.point, f)
	case t.kind == nullTerm:
		f(&c.nulls)
	case t.isWord():
		if c.words == nil {
			c.words = &wordColumn{}
		}
		if c.words.change(t, f); c.words.empty() {
			c.words = nil
		}
	case t.isText():
		changeIn(&c.texts, t.from, t.to, f)
	default:
		changeIn(&c.numbers, t.low, t.top, f)
	}
}

// changeIn lets f change the bucket of an interval, which is made before and dropped afterwards if it is
// empty.
func changeIn[K cmp.Ordered](t *intervals[K], low, top K, f func(*bucket)) {
	b := t.add(low, top)
	f(b)
	if b.empty() {
		t.remove(low, top)
	}
}

// changeAt does the same in a map.
func changeAt[K comparable](m *map[K]bucket, key K, f func(*bucket)) {
	b := (*m)[key]
	f(&b)
	if b.empty() {
		delete(*m, key)
		return
	}
	if *m == nil {
		*m = map[K]bucket{}
	}
	(*m)[key] = b
}

// side says for which of the two rows of a change something holds.
type side uint8

const (
	beforeSide side = 1 << iota
	afterSide
	bothSides = beforeSide | afterSide
)

// search collects the standing queries that one change may concern.
type search struct {
	before, after view
	round         uint64 // of standing.round, so that one found twice is noted once
	found         []*standing
	texts         []cutText // of the change
	matched       matched
}

// start turns to a change and returns the sides on which it has a row.
func (s *search) start(ch *Change) (sides side) {
	s.round++
	clear(s.found)
	s.found = s.found[:0]
	clear(s.texts)
	s.texts = s.texts[:0]
	if ch.Before != nil && !ch.Before.Row.Deleted {
		sides |= beforeSide
		s.before.show(&ch.Before.Row)
	}
	if ch.After != nil && !ch.After.Row.Deleted {
		sides |= afterSide
		s.after.show(&ch.After.Row)
	}
	return sides
}

func (s *search) cell(c *cell, sides side) {
	for _, e := range c.list {
		s.hit(e, sides)
	}
	for _, col := range c.columns {
		s.column(col, sides)
	}
}

func (s *search) hit(e *entry, sides side) {
	st := e.owner
	if st.round != s.round {
		st.round = s.round
		st.near, st.sure = 0, 0
		s.found = append(s.found, st)
	}
	st.near |= sides
	if e.exact {
		st.sure |= sides
	}
}

func (s *search) column(c *column, sides side) {
	if sides == bothSides {
		before, after := c.value(&s.before), c.value(&s.after)
		if before == after {
			s.value(c, before, bothSides)
			return
		}
		s.value(c, before, beforeSide)
		s.value(c, after, afterSide)
		return
	}
	v := &s.before
	if sides == afterSide {
		v = &s.after
	}
	s.value(c, c.value(v), sides)
}

func (c *column) value(v *view) model.Value {
	x := v.Value(c.column)
	if c.json {
		return within(x, c.path)
	}
	return x
}

func (s *search) value(c *column, v model.Value, sides side) {
	if v.IsNull() {
		s.bucket(&c.nulls, sides)
		return
	}
	if v.Type() == model.TypeString {
		if b, ok := c.named[v.Text()]; ok {
			s.bucket(&b, sides)
		}
		c.texts.stab(v.Text(), s, sides)
		if c.words != nil {
			s.words(c.words, v, sides)
		}
		return
	}
	if b, ok := c.points[v]; ok {
		s.bucket(&b, sides)
	}
	if !c.numbers.empty() {
		n, _ := number(v, c.json)
		c.numbers.stab(n, s, sides)
	}
}

func (s *search) bucket(b *bucket, sides side) {
	if b.one != nil {
		s.hit(b.one, sides)
	} else if b.more != nil {
		s.cell(b.more, sides)
	}
}

// view is a row whose columns are decoded once, however many predicates look at them. It is a
// query.Source.
type view struct {
	schema *model.Schema
	row    *model.Row
	known  []bool // by column + builtin
	values []model.Value
}

// builtin is the number of columns that every collection has; their positions are negative.
const builtin = -model.ColumnUpdated

var _ query.Source = (*view)(nil)

func newView(s *model.Schema) view {
	n := builtin + len(s.Fields())
	return view{schema: s, known: make([]bool, n), values: make([]model.Value, n)}
}

// show turns the view to another row.
func (v *view) show(r *model.Row) {
	v.row = r
	clear(v.known)
	if more := builtin + len(v.schema.Fields()) + len(joinedValues(r)) - len(v.known); more > 0 {
		v.known, v.values = append(v.known, make([]bool, more)...), append(v.values, make([]model.Value, more)...)
	}
}

// Value returns a column of the row.
func (v *view) Value(column int) model.Value {
	i := column + builtin
	if i >= len(v.known) {
		return model.Null // joined by a query that came later than the row
	}
	if !v.known[i] {
		v.known[i] = true
		v.values[i] = v.schema.Value(v.row, column)
	}
	return v.values[i]
}
