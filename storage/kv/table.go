package kv

import (
	"bytes"
	"iter"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// table is a whole collection on the heap, as of one version: its entities that
// are not deleted, in the order of their IDs and of every index that was asked
// for. It is immutable but for the orders, which are added; a newer version shares
// with it whatever did not change.
type table struct {
	version uint64 // of the last change in it, or of the view that it was read from
	rows    int
	size    int64 // bytes of heap, by estimate
	changed int   // rows that were replaced since the table was read from the store
	ids     *order
	orders  *orders // of indexes
}

// orders are a table's orders of indexes. Whoever holds mirror.work adds to them.
type orders struct{ list atomic.Pointer[[]*order] }

func (o *orders) all() []*order {
	if list := o.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (o *orders) set(list []*order) { o.list.Store(&list) }

// order is an order of a table's rows: chunks, none of which is empty, one after
// another. The key of a row is the columns of an index, if the order has a schema,
// and the row's ID.
type order struct {
	schema *model.Schema
	index  int // position in the schema
	chunks []*chunk
}

// chunk is a piece of an order.
type chunk struct {
	first   []byte // key of the first row
	rows    []*storage.Record
	version uint64 // of the table that it was made for, which may change it
	columns atomic.Pointer[[]column]
}

// chunkRows is how many rows a chunk has at most: few enough that replacing one is
// quick, and that the rest of a chunk which is being looked through is soon found.
const chunkRows = 128

// place is where a row stands in an order.
type place struct{ chunk, row int }

func (o *order) appendKey(b []byte, r *model.Row) []byte {
	if o.schema != nil {
		b = o.schema.AppendIndexKey(b, o.index, r)
	}
	return append(b, r.ID[:]...)
}

// search returns the place of the first row whose key is not less than key.
func (o *order) search(key []byte) place {
	at := sort.Search(len(o.chunks), func(i int) bool { return bytes.Compare(o.chunks[i].first, key) > 0 }) - 1
	if at < 0 {
		return place{}
	}
	var room [128]byte
	rows := o.chunks[at].rows
	row := sort.Search(len(rows), func(i int) bool {
		return bytes.Compare(o.appendKey(room[:0], &rows[i].Row), key) >= 0
	})
	if row == len(rows) {
		return place{at + 1, 0}
	}
	return place{at, row}
}

// end is the place behind all rows.
func (o *order) end() place { return place{len(o.chunks), 0} }

// between is how many rows there are from one place to another.
func (o *order) between(from, to place) int {
	n := to.row - from.row
	for _, c := range o.chunks[from.chunk:max(from.chunk, to.chunk)] {
		n += len(c.rows)
	}
	return max(n, 0)
}

// count is how many rows stand in ranges of keys.
func (o *order) count(ranges []plan.Range) (n int) {
	for i := range ranges {
		from, to := o.within(&ranges[i])
		n += o.between(from, to)
	}
	return n
}

// within returns the places where a range of keys begins and ends.
func (o *order) within(r *plan.Range) (from, to place) {
	from, to = o.search(r.Low), o.end()
	if r.High != nil {
		to = o.search(r.High)
	}
	return from, to
}

// piece is some of the rows of a chunk.
type piece struct {
	chunk    *chunk
	from, to int
}

func (p piece) rows() []*storage.Record { return p.chunk.rows[p.from:p.to] }

// pieces yields the rows from one place to another in reverse the last piece first.
func (o *order) pieces(from, to place, reverse bool) iter.Seq[piece] {
	return func(yield func(piece) bool) {
		if to.chunk < from.chunk || to.chunk == from.chunk && to.row <= from.row {
			return
		}
		last := to.chunk
		if to.row == 0 {
			last--
		}
		for i := from.chunk; i <= last; i++ {
			n := i
			if reverse {
				n = last - (i - from.chunk)
			}
			p := piece{chunk: o.chunks[n], to: len(o.chunks[n].rows)}
			if n == to.chunk {
				p.to = to.row
			}
			if n == from.chunk {
				p.from = from.row
			}
			if !yield(p) {
				return
			}
		}
	}
}

// find returns the row with an ID, in an order of IDs; nil if there is none.
func (o *order) find(id event.ID) *storage.Record {
	p := o.search(id[:])
	if p.chunk == len(o.chunks) || o.chunks[p.chunk].rows[p.row].Row.ID != id {
		return nil
	}
	return o.chunks[p.chunk].rows[p.row]
}

// newOrder makes an order of rows that stand in it already.
func newOrder(s *model.Schema, index int, rows []*storage.Record, version uint64) *order {
	o := &order{schema: s, index: index, chunks: make([]*chunk, 0, len(rows)/chunkRows+1)}
	for part := range slices.Chunk(rows, chunkRows) {
		o.chunks = append(o.chunks, &chunk{first: o.appendKey(nil, &part[0].Row), rows: slices.Clone(part), version: version})
	}
	return o
}

// What a row takes beside its bytes: the record, a place in every order, and a value
// in every column that is kept.
const (
	rowBytes    = 160
	orderBytes  = 16
	columnBytes = 32
)

// sizeOf is what a row takes, its places in orders aside.
func sizeOf(r *storage.Record) int64 {
	return int64(rowBytes + len(r.Row.Head)*idSize + len(r.Row.Values.Bytes()) + len(r.Merge))
}

// heap is what the table takes, by estimate, with a number of columns.
func (t *table) heap(columns int) int64 {
	return t.size + int64(t.rows*(orderBytes*(1+len(t.orders.all()))+columnBytes*columns))
}

// order returns the table's order of an index, nil if it has not been made.
func (t *table) order(s *model.Schema, index int) *order {
	for _, o := range t.orders.all() {
		if o.schema == s && o.index == index {
			return o
		}
	}
	return nil
}

// sorted returns a new order of the table's rows, by an index.
func (t *table) sorted(s *model.Schema, index int) *order {
	type keyed struct {
		key    []byte
		record *storage.Record
	}
	var keys []byte
	list := make([]keyed, 0, t.rows)
	o := &order{schema: s, index: index}
	for _, c := range t.ids.chunks {
		for _, r := range c.rows {
			if len(keys) > cap(keys)-1024 {
				keys = make([]byte, 0, slabSize)
			}
			start := len(keys)
			keys = o.appendKey(keys, &r.Row)
			list = append(list, keyed{keys[start:len(keys):len(keys)], r})
		}
	}
	slices.SortFunc(list, func(a, b keyed) int { return bytes.Compare(a.key, b.key) })
	rows := make([]*storage.Record, len(list))
	for i := range list {
		rows[i] = list[i].record
	}
	return newOrder(s, index, rows, t.version)
}

// add gives the table another order.
func (t *table) add(o *order) {
	t.orders.set(append(slices.Clone(t.orders.all()), o))
}

// with returns the table after changes, which are newer than it and in the order
// of their versions. It sorts them.
func (t *table) with(changes []tableChange) *table {
	next := &table{rows: t.rows, size: t.size, changed: t.changed, ids: t.ids.edition(), orders: new(orders)}
	next.version = changes[len(changes)-1].version
	list := slices.Clone(t.orders.all())
	for i := range list {
		list[i] = list[i].edition()
	}
	next.orders.set(list)
	next.changed += len(changes)
	// Neighbours are found together, and of each entity the newest record counts.
	slices.SortStableFunc(changes, func(a, b tableChange) int { return a.record.Row.ID.Compare(b.record.Row.ID) })
	for i, c := range changes {
		if i+1 == len(changes) || changes[i+1].record.Row.ID != c.record.Row.ID {
			next.replace(c.record)
		}
	}
	return next
}

// replace puts a record in place of what the table has of its entity.
func (t *table) replace(now *storage.Record) {
	old := t.ids.find(now.Row.ID)
	if now.Row.Deleted {
		now = nil
	}
	if old != nil {
		t.rows--
		t.size -= sizeOf(old)
	}
	if now != nil {
		t.rows++
		t.size += sizeOf(now)
	}
	t.ids.replace(old, now, t.version)
	for _, o := range t.orders.all() {
		o.replace(old, now, t.version)
	}
}

// edition returns a copy of which parts can be replaced.
func (o *order) edition() *order {
	return &order{schema: o.schema, index: o.index, chunks: slices.Clone(o.chunks)}
}

// replace takes one row out and puts another one in, or does only one of the two.
func (o *order) replace(old, now *storage.Record, version uint64) {
	var oldRoom, nowRoom [128]byte
	var oldKey, nowKey []byte
	if old != nil {
		oldKey = o.appendKey(oldRoom[:0], &old.Row)
	}
	if now != nil {
		nowKey = o.appendKey(nowRoom[:0], &now.Row)
	}
	switch {
	case old != nil && now != nil && bytes.Equal(oldKey, nowKey):
		p := o.search(nowKey)
		o.own(p.chunk, version).rows[p.row] = now
		return
	case old != nil:
		o.remove(o.search(oldKey), version)
	}
	if now != nil {
		o.insert(nowKey, now, version)
	}
}

// own returns a chunk that may be changed for the table of a version.
func (o *order) own(i int, version uint64) *chunk {
	c := o.chunks[i]
	if c.version != version {
		c = &chunk{first: c.first, rows: append(make([]*storage.Record, 0, chunkRows), c.rows...), version: version}
		o.chunks[i] = c
	}
	return c
}

func (o *order) remove(p place, version uint64) {
	c := o.own(p.chunk, version)
	c.rows = slices.Delete(c.rows, p.row, p.row+1)
	switch {
	case len(c.rows) == 0:
		o.chunks = slices.Delete(o.chunks, p.chunk, p.chunk+1)
	case p.row == 0:
		c.first = o.appendKey(nil, &c.rows[0].Row)
	}
}

func (o *order) insert(key []byte, r *storage.Record, version uint64) {
	if len(o.chunks) == 0 {
		o.chunks = append(o.chunks, &chunk{first: bytes.Clone(key), rows: []*storage.Record{r}, version: version})
		return
	}
	p := o.search(key)
	if p.row == 0 && p.chunk > 0 { // as well behind the chunk before
		p = place{p.chunk - 1, len(o.chunks[p.chunk-1].rows)}
	}
	if c := o.chunks[p.chunk]; len(c.rows) == chunkRows {
		p = o.split(p, version)
	}
	c := o.own(p.chunk, version)
	c.rows = slices.Insert(c.rows, p.row, r)
	if p.row == 0 {
		c.first = bytes.Clone(key)
	}
}

// split makes room at a place in a full chunk, and returns where that is then. A
// chunk that grows at its end is left full: IDs come in order.
func (o *order) split(p place, version uint64) place {
	c := o.own(p.chunk, version)
	half := chunkRows / 2
	if p.row == chunkRows {
		half = chunkRows - 1
	}
	rest := append(make([]*storage.Record, 0, chunkRows), c.rows[half:]...)
	clear(c.rows[half:])
	c.rows = c.rows[:half]
	next := &chunk{first: o.appendKey(nil, &rest[0].Row), rows: rest, version: version}
	o.chunks = slices.Insert(o.chunks, p.chunk+1, next)
	if p.row > half {
		return place{p.chunk + 1, p.row - half}
	}
	return p
}
