package plan

import (
	"strconv"
	"strings"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// Access is a way to get at rows.
type Access uint8

// The ways to get at rows.
const (
	Scan      Access = iota // read the collection in the order of IDs
	Seek                    // read an index in the order of its keys
	Lookup                  // get rows by their IDs
	Union                   // get the rows that any part has, in the order of IDs
	Intersect               // get the rows that all parts have, in the order of IDs
	Refer                   // ask which entities a reference may lead to, and plan again
)

// String returns the name of the access, in lower case.
func (a Access) String() string {
	return [...]string{"scan", "seek", "lookup", "union", "intersect", "refer"}[a]
}

// Plan says how to find the rows of a query. What it selects is a superset of the
// rows that match; see [Plan.Residual]. A Plan is immutable and safe for
// concurrent use.
type Plan struct {
	// Query is what is asked. An engine may ignore everything else.
	Query *query.Checked

	// Access says which of the following fields count.
	Access Access

	// Index is the position of the index that is read, among those the plan was
	// made with; -1 unless Access is Seek.
	Index int

	// IDs are the rows to get, for Lookup: distinct, in the order in which to get
	// them. Some may not exist. No IDs, no rows.
	IDs []event.ID

	// Ranges are what to read: disjoint and ascending. For Seek they bound the
	// keys of the index, [model.Value.AppendKey] of every column in turn. For Scan
	// they bound the 16 bytes of the ID. A whole index or collection is one range
	// without ends; no ranges, no rows.
	Ranges []Range

	// Parts are where Union and Intersect take IDs from. Of a part the fields
	// Access, Index, IDs, Ranges, Parts and Filter count, and it has no order:
	// its IDs may come in any, and more than once. An engine that reads the IDs of
	// one part of an Intersect may leave out any of the others. The parts of an
	// Intersect come in the order in which they are worth reading.
	Parts []*Plan

	// Reference is what to ask first, for Refer. [Plan.Narrow] then says how to go on.
	Reference *Reference

	// Reverse says that the ranges are read from the last to the first, each
	// from its end. IDs are in their final order already. For Union and Intersect
	// it says that rows come by descending ID.
	Reverse bool

	// Sorted says that rows come in the query's order, the final ID included.
	Sorted bool

	// Prefix is the number of the query's order keys in whose order rows come:
	// rows that are equal in those stand together and need sorting among
	// themselves only. It means nothing when Sorted.
	Prefix int

	// Filter says that part of the predicate can be tested on an index key and
	// an ID, before the row is read: see [Plan.KeyFilter]. For Scan and Lookup the
	// key is empty.
	Filter bool

	// Residual says that rows must be tested with Query.Match. If it is false,
	// whatever the ranges and the filter let pass is part of the result. It is
	// always true unless Access is Seek: among all rows there are deleted ones.
	Residual bool

	index   *model.Index        // that is read
	columns []model.IndexColumn // of the index
	part    float64             // of all rows, that are expected to match
	bound   int                 // how many of them the ranges bound
	tests   query.Condition     // what Filter evaluates
	covers  []query.Condition   // of a part, the branches of a disjunction that it is for
	cost    float64
	// Of an index of words: the term that is looked for, whether the ranges say all
	// of it, and whether a row may stand in them more than once.
	searched       int
	whole, several bool
	keys           float64 // how many are read, by estimate
	passed         float64 // how many of them the filter lets pass
	sure           bool    // the keys were counted
}

// Range is a half-open range [Low, High) of keys. An empty Low begins at the
// first key; a nil High ends after the last one.
type Range struct{ Low, High []byte }

// String describes the plan on one line, for people who wonder what a query
// costs.
func (p *Plan) String() string {
	var b strings.Builder
	p.writeAccess(&b)
	for _, part := range []struct {
		on   bool
		name string
	}{
		{p.Reverse, "reverse"},
		{p.Filter, "filter"},
		{p.Residual, "residual"},
		{p.Sorted, "sorted"},
		{!p.Sorted && p.Prefix > 0, "sorted by " + count(p.Prefix, "key")},
	} {
		if part.on {
			b.WriteString(", " + part.name)
		}
	}
	return b.String()
}

func (p *Plan) writeAccess(b *strings.Builder) {
	b.WriteString(p.Access.String())
	switch p.Access {
	case Seek:
		b.WriteString(" index " + strconv.Itoa(p.Index) + ", " + count(len(p.Ranges), "range"))
	case Lookup:
		b.WriteString(" " + count(len(p.IDs), "id"))
	case Scan:
		if !whole(p.Ranges) {
			b.WriteString(" " + count(len(p.Ranges), "range"))
		}
	case Union:
		p.writeParts(b, " | ")
	case Intersect:
		p.writeParts(b, " & ")
	case Refer:
		b.WriteString(" by " + p.Query.Column(p.Reference.Column).Name + " to (" + p.Reference.Query.String() + ")")
	}
}

func (p *Plan) writeParts(b *strings.Builder, between string) {
	b.WriteString(" (")
	for i, part := range p.Parts {
		if i > 0 {
			b.WriteString(between)
		}
		part.writeAccess(b)
		if part.Filter {
			b.WriteString(", filter")
		}
	}
	b.WriteString(")")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func whole(ranges []Range) bool {
	return len(ranges) == 1 && len(ranges[0].Low) == 0 && ranges[0].High == nil
}
