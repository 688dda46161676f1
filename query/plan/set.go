package plan

import (
	"slices"

	"github.com/ankgo/ank/model"
)

// Set is a set of values of one column: NULL or not, and intervals of values that
// are disjoint and ascending. The zero Set is empty. A Set is immutable.
type Set struct {
	Null      bool
	Intervals []Interval
}

// Interval is what lies between two values of one type. A NULL end stands for
// none: the interval has no bound there. An open end is not part of it.
type Interval struct {
	Low, High         model.Value
	LowOpen, HighOpen bool
}

// everything returns the set of all values and NULL.
func everything() Set { return Set{Null: true, Intervals: []Interval{{}}} }

// notNull returns the set of all values.
func notNull() Set { return Set{Intervals: []Interval{{}}} }

// point returns the set of one value.
func point(v model.Value) Set { return Set{Intervals: []Interval{{Low: v, High: v}}} }

// Empty reports whether nothing is in the set.
func (s Set) Empty() bool { return !s.Null && len(s.Intervals) == 0 }

// Everything reports whether all values and NULL are in the set.
func (s Set) Everything() bool {
	return s.Null && len(s.Intervals) == 1 && s.Intervals[0].unbounded()
}

// Values returns the members if there are finitely many, ascending, NULL first.
func (s Set) Values() ([]model.Value, bool) {
	for i := range s.Intervals {
		if !s.Intervals[i].point() {
			return nil, false
		}
	}
	all := make([]model.Value, 0, s.size())
	if s.Null {
		all = append(all, model.Null)
	}
	for i := range s.Intervals {
		all = append(all, s.Intervals[i].Low)
	}
	return all, true
}

// size is the number of the set's intervals, NULL being one.
func (s Set) size() int {
	if s.Null {
		return len(s.Intervals) + 1
	}
	return len(s.Intervals)
}

// Contains reports whether a value is in the set.
func (s Set) Contains(v model.Value) bool {
	if v.IsNull() {
		return s.Null
	}
	for _, i := range s.Intervals {
		if i.Contains(v) {
			return true
		}
	}
	return false
}

// Contains reports whether a value that is not NULL is in the interval.
func (i Interval) Contains(v model.Value) bool {
	return !i.above(v) && !i.below(v)
}

// above reports whether the interval begins after v.
func (i Interval) above(v model.Value) bool {
	if i.Low.IsNull() {
		return false
	}
	c := i.Low.Compare(v)
	return c > 0 || c == 0 && i.LowOpen
}

// below reports whether the interval ends before v.
func (i Interval) below(v model.Value) bool {
	if i.High.IsNull() {
		return false
	}
	c := i.High.Compare(v)
	return c < 0 || c == 0 && i.HighOpen
}

func (i Interval) unbounded() bool { return i.Low.IsNull() && i.High.IsNull() }

func (i Interval) point() bool {
	return !i.Low.IsNull() && !i.LowOpen && !i.HighOpen && !i.High.IsNull() && i.Low.Compare(i.High) == 0
}

// empty reports whether no value can be in the interval.
func (i Interval) empty() bool {
	if i.Low.IsNull() || i.High.IsNull() {
		return false
	}
	c := i.Low.Compare(i.High)
	return c > 0 || c == 0 && (i.LowOpen || i.HighOpen)
}

// compareLow orders intervals by where they begin.
func compareLow(a, b Interval) int {
	switch {
	case a.Low.IsNull() && b.Low.IsNull():
		return 0
	case a.Low.IsNull():
		return -1
	case b.Low.IsNull():
		return 1
	}
	if c := a.Low.Compare(b.Low); c != 0 {
		return c
	}
	return order(a.LowOpen, b.LowOpen)
}

// compareHigh orders intervals by where they end.
func compareHigh(a, b Interval) int {
	switch {
	case a.High.IsNull() && b.High.IsNull():
		return 0
	case a.High.IsNull():
		return 1
	case b.High.IsNull():
		return -1
	}
	if c := a.High.Compare(b.High); c != 0 {
		return c
	}
	return order(b.HighOpen, a.HighOpen)
}

// order sorts false before true.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// intersect returns what is in both sets.
func intersect(a, b Set) Set {
	switch {
	case a.Everything():
		return b
	case b.Everything():
		return a
	}
	out := Set{Null: a.Null && b.Null}
	for x, y := 0, 0; x < len(a.Intervals) && y < len(b.Intervals); {
		i, j := a.Intervals[x], b.Intervals[y]
		both := i
		if compareLow(i, j) < 0 {
			both.Low, both.LowOpen = j.Low, j.LowOpen
		}
		if compareHigh(i, j) > 0 {
			both.High, both.HighOpen = j.High, j.HighOpen
			y++
		} else {
			x++
		}
		if !both.empty() {
			out.Intervals = append(out.Intervals, both)
		}
	}
	return out
}

// intersection returns what is in all of the sets. It joins halves, because
// taking set after set would pass over the intervals of all before each time: a
// query may exclude tens of thousands of values, one by one.
func intersection(sets []Set) Set {
	switch len(sets) {
	case 0:
		return everything()
	case 1:
		return sets[0]
	}
	half := len(sets) / 2
	return intersect(intersection(sets[:half]), intersection(sets[half:]))
}

// union returns what is in at least one of the sets.
func union(sets []Set) Set {
	var out Set
	var all []Interval
	for _, s := range sets {
		out.Null = out.Null || s.Null
		all = append(all, s.Intervals...)
	}
	slices.SortFunc(all, compareLow)
	for _, i := range all {
		n := len(out.Intervals)
		if n == 0 || !touches(out.Intervals[n-1], i) {
			out.Intervals = append(out.Intervals, i)
			continue
		}
		last := &out.Intervals[n-1]
		if compareHigh(*last, i) < 0 {
			last.High, last.HighOpen = i.High, i.HighOpen
		}
	}
	return out
}

// touches reports whether no value lies between a and b, which begins no earlier.
func touches(a, b Interval) bool {
	if a.High.IsNull() || b.Low.IsNull() {
		return true
	}
	c := a.High.Compare(b.Low)
	return c > 0 || c == 0 && !(a.HighOpen && b.LowOpen)
}
