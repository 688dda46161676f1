package entity

import (
	"fmt"
	"iter"
)

// Views is a result as a node has it: the views of one moment, in the query's
// order. It is immutable and safe for concurrent use.
type Views interface {
	// Len is the number of views.
	Len() int
	// At returns the view at a place from 0 to Len()-1.
	At(i int) View
	// All yields the views with their places.
	All() iter.Seq2[int, View]
}

// Items is the result of a live query as it was at one moment, in the query's
// order. It is a small value: to take one copies nothing, and whoever holds one
// has that moment's result, whatever happens since. It is immutable and safe for
// concurrent use. The zero Items is empty.
type Items[V any] struct {
	views Views // nil if empty
	of    func(View) V
}

// Len is the number of items.
func (s Items[V]) Len() int {
	if s.views == nil {
		return 0
	}
	return s.views.Len()
}

// At returns the item at a place from 0 to Len()-1, in time logarithmic in Len.
// Like an index of a slice, another one panics.
func (s Items[V]) At(i int) V {
	if i < 0 || i >= s.Len() {
		panic(fmt.Sprintf("entity: item %d of a result of %d", i, s.Len()))
	}
	return s.of(s.views.At(i))
}

// All yields the items with their places.
func (s Items[V]) All() iter.Seq2[int, V] {
	return func(yield func(int, V) bool) {
		if s.views == nil {
			return
		}
		for i, v := range s.views.All() {
			if !yield(i, s.of(v)) {
				return
			}
		}
	}
}

// Slice returns the items as a new slice, which is the caller's.
func (s Items[V]) Slice() []V {
	list := make([]V, 0, s.Len())
	for _, v := range s.All() {
		list = append(list, v)
	}
	return list
}
