package reactor

import "cmp"

// intervals maps closed intervals to buckets and finds those that contain a point, in time that grows
// with the logarithm of their number and with how many are found.
//
// It is a B+ tree ordered by (low end, high end) in which every node knows the greatest high end
// below each of its children. A search for x looks only into children whose first low end is not beyond
// x and whose greatest high end is not below it. Wide nodes keep their ends side by side: a
// search touches few cache lines, where a binary tree would touch one per comparison.
type intervals[K cmp.Ordered] struct {
	root *inode[K]
}

const fan = 32

// inode is a leaf, which has items, or an inner node, which has kids. Slot i of an inner node is about
// kids[i]: its first interval is [lo[i], first[i]] and hi[i] is its greatest high end. In a leaf
// slot i is the interval [lo[i], hi[i]].
type inode[K cmp.Ordered] struct {
	n     int
	lo    [fan]K
	hi    [fan]K
	items *[fan]bucket
	first *[fan]K
	kids  *[fan]*inode[K]
}

func (t *intervals[K]) empty() bool { return t.root == nil }

// stab has the search visit every bucket whose interval contains x.
func (t *intervals[K]) stab(x K, s *search, sides side) {
	if t.root != nil {
		t.root.stab(x, s, sides)
	}
}

func (n *inode[K]) stab(x K, s *search, sides side) {
	for i := 0; i < n.n && n.lo[i] <= x; i++ {
		if n.hi[i] < x {
			continue
		}
		if n.items != nil {
			s.bucket(&n.items[i], sides)
		} else {
			n.kids[i].stab(x, s, sides)
		}
	}
}

// at returns the bucket of an interval, nil if there is none. It is good until the next change.
func (t *intervals[K]) at(lo, hi K) *bucket {
	n := t.root
	for n != nil {
		i := n.slot(lo, hi)
		if n.items == nil {
			n = n.kids[max(i, 0)]
			continue
		}
		if i >= 0 && n.lo[i] == lo && n.hi[i] == hi {
			return &n.items[i]
		}
		return nil
	}
	return nil
}

// slot returns the last slot whose interval, or first interval, is not after the given one; -1 if there
// is none.
func (n *inode[K]) slot(lo, hi K) int {
	end := &n.hi
	if n.items == nil {
		end = n.first
	}
	from, to := 0, n.n
	for from < to {
		m := int(uint(from+to) / 2)
		if n.lo[m] < lo || n.lo[m] == lo && end[m] <= hi {
			from = m + 1
		} else {
			to = m
		}
	}
	return from - 1
}

// add returns the bucket of an interval, making it if there is none.
func (t *intervals[K]) add(lo, hi K) *bucket {
	if b := t.at(lo, hi); b != nil {
		return b
	}
	if t.root == nil {
		t.root = &inode[K]{items: new([fan]bucket)}
	}
	if t.root.n == fan {
		old := t.root
		t.root = &inode[K]{first: new([fan]K), kids: new([fan]*inode[K])}
		t.root.n = 1
		t.root.kids[0] = old
		t.root.describe(0)
		t.root.split(0)
	}
	t.root.insert(lo, hi)
	return t.at(lo, hi)
}

// insert puts a new interval into a node that has room for it.
func (n *inode[K]) insert(lo, hi K) {
	i := n.slot(lo, hi)
	if n.items != nil {
		n.open(i + 1)
		n.lo[i+1], n.hi[i+1], n.items[i+1] = lo, hi, bucket{}
		return
	}
	i = max(i, 0)
	if n.kids[i].n == fan {
		n.split(i)
		if i+1 < n.n && (n.lo[i+1] < lo || n.lo[i+1] == lo && n.first[i+1] <= hi) {
			i++
		}
	}
	n.kids[i].insert(lo, hi)
	n.describe(i)
}

// open makes room in a slot.
func (n *inode[K]) open(i int) {
	copy(n.lo[i+1:n.n+1], n.lo[i:n.n])
	copy(n.hi[i+1:n.n+1], n.hi[i:n.n])
	if n.items != nil {
		copy(n.items[i+1:n.n+1], n.items[i:n.n])
	} else {
		copy(n.first[i+1:n.n+1], n.first[i:n.n])
		copy(n.kids[i+1:n.n+1], n.kids[i:n.n])
	}
	n.n++
}

// shut takes out a slot.
func (n *inode[K]) shut(i int) {
	copy(n.lo[i:], n.lo[i+1:n.n])
	copy(n.hi[i:], n.hi[i+1:n.n])
	if n.items != nil {
		copy(n.items[i:], n.items[i+1:n.n])
	} else {
		copy(n.first[i:], n.first[i+1:n.n])
		copy(n.kids[i:], n.kids[i+1:n.n])
	}
	n.n--
	n.clear(n.n)
}

// clear lets go of what a slot beyond the end held.
func (n *inode[K]) clear(i int) {
	var none K
	n.lo[i], n.hi[i] = none, none
	if n.items != nil {
		n.items[i] = bucket{}
	} else {
		n.first[i], n.kids[i] = none, nil
	}
}

// split halves a full child.
func (n *inode[K]) split(i int) {
	left, right := n.kids[i], &inode[K]{}
	if left.items != nil {
		right.items = new([fan]bucket)
	} else {
		right.first, right.kids = new([fan]K), new([fan]*inode[K])
	}
	right.take(left, fan/2)
	n.open(i + 1)
	n.kids[i+1] = right
	n.describe(i)
	n.describe(i + 1)
}

// take appends the slots of another node from a given one on, which loses them.
func (n *inode[K]) take(from *inode[K], slot int) {
	copy(n.lo[n.n:], from.lo[slot:from.n])
	copy(n.hi[n.n:], from.hi[slot:from.n])
	if n.items != nil {
		copy(n.items[n.n:], from.items[slot:from.n])
	} else {
		copy(n.first[n.n:], from.first[slot:from.n])
		copy(n.kids[n.n:], from.kids[slot:from.n])
	}
	n.n += from.n - slot
	for i := slot; i < from.n; i++ {
		from.clear(i)
	}
	from.n = slot
}

// describe brings a slot up to date with its child.
func (n *inode[K]) describe(i int) {
	kid := n.kids[i]
	n.lo[i] = kid.lo[0]
	n.first[i] = kid.hi[0]
	if kid.items == nil {
		n.first[i] = kid.first[0]
	}
	n.hi[i] = kid.hi[0]
	for _, h := range kid.hi[1:kid.n] {
		n.hi[i] = max(n.hi[i], h)
	}
}

// remove takes out an interval with its bucket, if it is there.
func (t *intervals[K]) remove(lo, hi K) {
	if t.root == nil {
		return
	}
	t.root.remove(lo, hi)
	for t.root.items == nil && t.root.n == 1 {
		t.root = t.root.kids[0]
	}
	if t.root.n == 0 {
		t.root = nil
	}
}

func (n *inode[K]) remove(lo, hi K) {
	i := n.slot(lo, hi)
	if i < 0 {
		return
	}
	if n.items != nil {
		if n.lo[i] == lo && n.hi[i] == hi {
			n.shut(i)
		}
		return
	}
	n.kids[i].remove(lo, hi)
	if n.kids[i].n == 0 {
		n.shut(i)
		return
	}
	n.describe(i)
	n.merge(max(i-1, 0))
}

// merge joins a child with the one after it if both are small.
func (n *inode[K]) merge(i int) {
	if i+1 >= n.n || n.kids[i].n+n.kids[i+1].n > fan*3/4 {
		return
	}
	n.kids[i].take(n.kids[i+1], 0)
	n.shut(i + 1)
	n.describe(i)
}
