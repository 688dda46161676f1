package plan

import "github.com/ankgo/ank/query"

// Work is what a plan made an engine read.
type Work struct {
	// Plan is what was carried out. It may be another one than was asked for, where
	// an index is still being built.
	Plan *Plan
	// Keys are those of indexes that were read, and IDs that were looked up; Rows
	// those that were looked into. Negative if nobody counted.
	Keys, Rows int
	// Found is how many rows matched, as far as they were looked for.
	Found int
	// Parts is the work for the parts of a union or an intersection, in their order;
	// for Refer first that for the entities behind the reference, and then the work
	// with these known. A part has negative Keys if it was not worth reading.
	Parts []Work
	// Asked is what was left to a server that makes plans of its own; nil if the plan was
	// carried out.
	Asked *Asked
}

// Asked is what a server was asked in place of carrying a plan out. Rows of the Work
// are those that it gave.
type Asked struct {
	Statement string
	// Tested are the parts of the predicate that the server has tested. Residual are
	// those that were tested, also, on the rows that it gave.
	Tested, Residual []query.Condition
	// Ordered says that the rows came in the query's order.
	Ordered bool
}

// total is what was read in all, and what was found at last.
func (w *Work) total() (keys, rows, found int) {
	if w.Plan == nil || w.Plan.Access != Refer || len(w.Parts) < 2 {
		return w.Keys, w.Rows, w.Found
	}
	for i := range w.Parts {
		k, r, f := w.Parts[i].total()
		keys, rows, found = keys+max(k, 0), rows+max(r, 0), f
	}
	return keys, rows, found
}
