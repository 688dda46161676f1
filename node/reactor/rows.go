package reactor

import (
	"iter"
	"slices"

	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// rows is an ordered list of records, addressed by index. Most standing queries have no row or one:
// those cost a pointer. Longer lists are B+ trees that know how many records hang below each node, so
// that every operation on an index is logarithmic. A snapshot costs nothing: what it shares with the
// list is copied when the list changes.
type rows struct {
	one  *storage.Record
	tree *tree
}

type tree struct {
	root *rnode
	edit uint64 // nodes of this edit belong to nobody else
}

// rnode is a leaf, which has records, or an inner node, which has kids, all of one height.
type rnode struct {
	edit    uint64
	size    int // records below
	records []*storage.Record
	kids    []*rnode
}

const wide = 64

func (r *rows) len() int {
	switch {
	case r.tree != nil:
		return r.tree.root.size
	case r.one != nil:
		return 1
	}
	return 0
}

func (r *rows) at(i int) *storage.Record {
	if r.tree == nil {
		return r.one
	}
	n := r.tree.root
	for n.kids != nil {
		k := 0
		for i >= n.kids[k].size {
			i -= n.kids[k].size
			k++
		}
		n = n.kids[k]
	}
	return n.records[i]
}

// find returns the index of the record that stands where the given one does in the order, or where it would stand.
func (r *rows) find(x *storage.Record, order *query.Checked) (int, bool) {
	if r.tree == nil {
		if r.one == nil {
			return 0, false
		}
		c := compare(order, r.one, x)
		if c < 0 {
			return 1, false
		}
		return 0, c == 0
	}
	i, n := 0, r.tree.root
	for n.kids != nil {
		// The last kid whose first record is not after x; only what is after the first can be skipped.
		from, to := 1, len(n.kids)
		for from < to {
			m := (from + to) / 2
			if compare(order, n.kids[m].first(), x) <= 0 {
				from = m + 1
			} else {
				to = m
			}
		}
		for _, k := range n.kids[:from-1] {
			i += k.size
		}
		n = n.kids[from-1]
	}
	from, to := 0, len(n.records)
	for from < to {
		m := (from + to) / 2
		c := compare(order, n.records[m], x)
		if c == 0 {
			return i + m, true
		}
		if c < 0 {
			from = m + 1
		} else {
			to = m
		}
	}
	return i + from, false
}

func (n *rnode) first() *storage.Record {
	for n.kids != nil {
		n = n.kids[0]
	}
	return n.records[0]
}

// set replaces the record at an index.
func (r *rows) set(i int, x *storage.Record) {
	if r.tree == nil {
		r.one = x
		return
	}
	n := r.tree.own(&r.tree.root)
	for n.kids != nil {
		k := 0
		for i >= n.kids[k].size {
			i -= n.kids[k].size
			k++
		}
		n = r.tree.own(&n.kids[k])
	}
	n.records[i] = x
}

// insert puts a record at an index, before the one that is there.
func (r *rows) insert(i int, x *storage.Record) {
	if r.tree == nil {
		if r.one == nil {
			r.one = x
			return
		}
		r.tree = &tree{edit: 1, root: &rnode{edit: 1, size: 1, records: []*storage.Record{r.one}}}
		r.one = nil
	}
	t := r.tree
	n := t.own(&t.root)
	if right := n.insert(t, i, x); right != nil {
		t.root = &rnode{edit: t.edit, size: n.size + right.size, kids: []*rnode{n, right}}
	}
}

// own makes a node safe to change, copying it if a snapshot shares it.
func (t *tree) own(slot **rnode) *rnode {
	n := *slot
	if n.edit == t.edit {
		return n
	}
	c := &rnode{edit: t.edit, size: n.size}
	c.records = append(c.records, n.records...)
	c.kids = append(c.kids, n.kids...)
	*slot = c
	return c
}

// insert returns a new right neighbour if the node, which is owned, had to be split.
func (n *rnode) insert(t *tree, i int, x *storage.Record) *rnode {
	n.size++
	if n.kids == nil {
		n.records = slices.Insert(n.records, i, x)
	} else {
		k := 0
		for i > n.kids[k].size {
			i -= n.kids[k].size
			k++
		}
		if right := t.own(&n.kids[k]).insert(t, i, x); right != nil {
			n.kids = slices.Insert(n.kids, k+1, right)
		}
	}
	if len(n.records) <= wide && len(n.kids) <= wide {
		return nil
	}
	right := &rnode{edit: t.edit}
	if n.kids == nil {
		right.records = append(make([]*storage.Record, 0, wide+1), n.records[wide/2:]...)
		clear(n.records[wide/2:])
		n.records = n.records[:wide/2]
	} else {
		right.kids = append(make([]*rnode, 0, wide+1), n.kids[wide/2:]...)
		clear(n.kids[wide/2:])
		n.kids = n.kids[:wide/2]
	}
	right.count()
	n.count()
	return right
}

func (n *rnode) count() {
	n.size = len(n.records)
	for _, k := range n.kids {
		n.size += k.size
	}
}

// remove takes out the record at an index.
func (r *rows) remove(i int) {
	if r.tree == nil {
		r.one = nil
		return
	}
	t := r.tree
	t.own(&t.root).remove(t, i)
	for len(t.root.kids) == 1 {
		t.root = t.root.kids[0]
	}
	switch t.root.size {
	case 0:
		r.tree = nil
	case 1:
		r.one, r.tree = t.root.first(), nil
	}
}

func (n *rnode) remove(t *tree, i int) {
	n.size--
	if n.kids == nil {
		n.records = slices.Delete(n.records, i, i+1)
		return
	}
	k := 0
	for i >= n.kids[k].size {
		i -= n.kids[k].size
		k++
	}
	kid := t.own(&n.kids[k])
	kid.remove(t, i)
	switch {
	case kid.size == 0:
		n.kids = slices.Delete(n.kids, k, k+1)
	case kid.width() < wide/4 && len(n.kids) > 1:
		n.merge(t, max(k-1, 0))
	}
}

func (n *rnode) width() int { return len(n.records) + len(n.kids) }

// merge joins two neighbours if they fit into one node.
func (n *rnode) merge(t *tree, k int) {
	if n.kids[k].width()+n.kids[k+1].width() > wide*3/4 {
		return
	}
	left, right := t.own(&n.kids[k]), n.kids[k+1]
	left.records = append(left.records, right.records...)
	left.kids = append(left.kids, right.kids...)
	left.size += right.size
	n.kids = slices.Delete(n.kids, k+1, k+2)
}

// truncate keeps the first n records.
func (r *rows) truncate(n int) {
	for i := r.len() - 1; i >= n; i-- {
		r.remove(i)
	}
}

// fill replaces everything by records that are in order.
func (r *rows) fill(list []*storage.Record) {
	*r = rows{}
	if len(list) < 2 {
		for _, x := range list {
			r.one = x
		}
		return
	}
	var level []*rnode
	for part := range slices.Chunk(list, wide*3/4) {
		n := &rnode{edit: 1, records: slices.Clone(part)}
		n.count()
		level = append(level, n)
	}
	for len(level) > 1 {
		var above []*rnode
		for part := range slices.Chunk(level, wide*3/4) {
			n := &rnode{edit: 1, kids: slices.Clone(part)}
			n.count()
			above = append(above, n)
		}
		level = above
	}
	r.tree = &tree{edit: 1, root: level[0]}
}

// snapshot returns the list as it is, for good.
func (r *rows) snapshot() rows {
	if r.tree == nil {
		return *r
	}
	r.tree.edit++
	return rows{tree: &tree{root: r.tree.root}}
}

// from yields the records from an index on.
func (r *rows) from(i int) iter.Seq[*storage.Record] {
	return func(yield func(*storage.Record) bool) {
		switch {
		case r.tree != nil:
			r.tree.root.from(i, yield)
		case r.one != nil && i == 0:
			yield(r.one)
		}
	}
}

func (n *rnode) from(i int, yield func(*storage.Record) bool) bool {
	if n.kids == nil {
		for _, x := range n.records[min(i, len(n.records)):] {
			if !yield(x) {
				return false
			}
		}
		return true
	}
	for _, k := range n.kids {
		if i >= k.size {
			i -= k.size
			continue
		}
		if !k.from(i, yield) {
			return false
		}
		i = 0
	}
	return true
}
