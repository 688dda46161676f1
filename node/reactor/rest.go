package reactor

import (
	"slices"

	"github.com/ankgo/ank/query"
)

// rest is what of a predicate is left to evaluate on a row that the match index came by. The way there
// implies the first term of the branch, if there is only one branch, and so all conjuncts that
// say no more. With many standing queries a filter lies in memory that nobody has looked at for long, and every
// test that it does not make is worth more than the test.
func rest(q *query.Checked, c query.Condition) query.Condition {
	and, ok := c.(query.And)
	if !ok {
		return c
	}
	branches := branchesOf(q, c)
	if len(branches) != 1 || len(branches[0].terms) == 0 {
		return c
	}
	first := &branches[0].terms[0]
	left := make(query.And, 0, len(and))
	for _, part := range and {
		if t, exact, ok := leafTerm(q, part); !ok || !exact || !first.implies(&t) {
			left = append(left, part)
		}
	}
	switch len(left) {
	case 0:
		return c
	case 1:
		return left[0]
	}
	return left
}

// implies reports whether a term, with which others may have been intersected, implies one of those.
func (t *term) implies(o *term) bool {
	if t.column != o.column || !slices.Equal(t.path, o.path) {
		return false
	}
	if t.isInterval() {
		return o.isInterval() && t.isText() == o.isText()
	}
	return t.kind == o.kind && t.point == o.point
}
