package reactor

import "sort"

// A list changes by taking elements out and putting others in. Those that stay keep their order, so
// where one of them goes follows from two sorted lists of indices: out, in the list before, and in,
// in the list after.
type shift struct{ out, in []int }

// forward returns the index after of the element that is at i before and stays.
func (s *shift) forward(i int) int { return nth(i-sort.SearchInts(s.out, i), s.in) }

// back returns the index before of the element that is at i after and stayed.
func (s *shift) back(i int) int { return nth(i-sort.SearchInts(s.in, i), s.out) }

// gone reports whether the element at i before is taken out, new whether the one at i after is put in.
func (s *shift) gone(i int) bool { return contains(s.out, i) }
func (s *shift) new(i int) bool  { return contains(s.in, i) }

func contains(sorted []int, x int) bool {
	i := sort.SearchInts(sorted, x)
	return i < len(sorted) && sorted[i] == x
}

// nth returns the k-th index, from 0, that is not taken.
func nth(k int, taken []int) int {
	return k + sort.Search(len(taken), func(i int) bool { return taken[i]-i > k })
}

// sorted brings the indices into order, once all are there.
func (s *shift) sort() {
	sort.Ints(s.out)
	sort.Ints(s.in)
}
