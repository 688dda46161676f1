package plan

import "slices"

// Top collects items and keeps those that a window of an order needs: the first
// offset+limit of them, whatever the number added. It takes time in proportion
// to the logarithm of that number per item, and none for most items that come
// too late. The zero Top is not usable. It is for one goroutine.
type Top[T any] struct {
	compare func(a, b T) int
	list    []T
	keep    int // negative: all
	offset  int
	heap    bool // list is a heap
}

// NewTop returns an empty Top. compare orders items; a negative limit is none.
func NewTop[T any](compare func(a, b T) int, offset, limit int) *Top[T] {
	keep := -1
	if limit >= 0 {
		keep = offset + limit
	}
	return &Top[T]{compare: compare, keep: keep, offset: offset}
}

// Add adds an item.
func (t *Top[T]) Add(item T) {
	if t.keep < 0 || len(t.list) < t.keep {
		t.list = append(t.list, item)
		return
	}
	if t.keep == 0 {
		return
	}
	if !t.heap {
		for i := len(t.list)/2 - 1; i >= 0; i-- {
			t.down(i)
		}
		t.heap = true
	}
	// The worst item is on top: it goes when a better one comes.
	if t.compare(item, t.list[0]) < 0 {
		t.list[0] = item
		t.down(0)
	}
}

// Len returns the number of items kept, those before the offset included.
func (t *Top[T]) Len() int { return len(t.list) }

// Take returns the window in order, and empties the Top.
func (t *Top[T]) Take() []T {
	list := t.list
	t.list, t.heap = nil, false
	slices.SortFunc(list, t.compare)
	return list[min(t.offset, len(list)):]
}

// down moves the item at i to its place in the heap, whose top is the last item
// of the order.
func (t *Top[T]) down(i int) {
	for {
		child := 2*i + 1
		if child >= len(t.list) {
			return
		}
		if right := child + 1; right < len(t.list) && t.compare(t.list[right], t.list[child]) > 0 {
			child = right
		}
		if t.compare(t.list[child], t.list[i]) <= 0 {
			return
		}
		t.list[i], t.list[child] = t.list[child], t.list[i]
		i = child
	}
}
