package plan

import (
	"fmt"
	"strings"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// Explanation says what a plan does, for a person who wonders what a query costs.
type Explanation struct {
	// Query is the canonical text of the query.
	Query string
	// Access is how rows are got at, and Index the name of the index that is read;
	// empty if it is none.
	Access Access
	Index  string
	// Words are those whose entries are read, if the index is one of words; that of a
	// beginning ends with an asterisk.
	Words []string
	// Reverse says that it is read backwards, Ranges in how many pieces.
	Reverse bool
	Ranges  int
	// Parts are what the parts of a union or an intersection read.
	Parts []string
	// Bounds are the parts of the predicate that bound what is read, Filter those
	// that are tested on keys and IDs, Residual those that are tested on rows.
	Bounds, Filter, Residual []string
	// Order says where the query's order comes from.
	Order string
	// Part is the part of all rows that is expected to match, from 0 to 1: a guess
	// by the operators of the predicate, never by data.
	Part float64
	// Total is how many rows the collection has and Result how many rows or groups
	// the query gave when it ran. Negative if it did not run.
	Total, Result int
}

// Explain says what [New] would do for a query.
func Explain(c *query.Checked, indexes []model.Index) *Explanation {
	rows := c
	if c.Grouping() != nil {
		rows = c.Rows()
	}
	p := New(rows, indexes)
	q := analyse(rows)
	e := &Explanation{
		Query: c.String(), Access: p.Access, Reverse: p.Reverse, Ranges: len(p.Ranges) + len(p.IDs), Part: 1,
		Total: -1, Result: -1,
	}
	if p.Access == Seek {
		x := &indexes[p.Index]
		if e.Index = x.Name; x.FullText {
			e.Words = wordsOf(p)
		}
	}
	e.Parts = partsOf(p, indexes)
	for i := range q.terms {
		t := &q.terms[i]
		e.Part *= t.part
		text := rows.Text(t.condition)
		if p.bindsAny(q, t) {
			e.Bounds = append(e.Bounds, text)
		}
		switch {
		case p.implies(t):
		case p.answers(t):
			e.Filter = append(e.Filter, text)
		default:
			e.Residual = append(e.Residual, text)
		}
	}
	if q.empty {
		e.Part = 0
	}
	e.Order = orderOf(c, p)
	return e
}

// bindsAny reports whether a term bounds what is read.
func (p *Plan) bindsAny(q *analysis, t *term) bool {
	if p.searched == t.number {
		return true
	}
	for _, column := range t.columns {
		if set, _ := Domain(q.query, t.condition, column); p.binds(column) && !set.Everything() {
			return true
		}
	}
	return false
}

func orderOf(c *query.Checked, p *Plan) string {
	_, limited := c.Limit()
	switch {
	case c.Grouping() != nil:
		return "groups are sorted"
	case p.Sorted && len(c.Order()) == 0:
		return "by ID, as they are found"
	case p.Sorted:
		return "as they are found"
	case p.Prefix > 0:
		return fmt.Sprintf("found by %s, sorted within", count(p.Prefix, "key"))
	case limited:
		return fmt.Sprintf("the first %d are kept, sorted", c.Offset()+limit(c))
	case len(c.Order()) == 0:
		return "sorted by ID"
	}
	return "sorted"
}

func limit(c *query.Checked) int {
	n, _ := c.Limit()
	return n
}

// String is the explanation on several lines, the last one ended.
func (e *Explanation) String() string {
	var b strings.Builder
	access := map[Access]string{Scan: "scan the collection", Seek: "seek in index " + e.Index, Lookup: "look up by ID", Union: "union", Intersect: "intersection", Refer: "ask for what a reference may lead to"}[e.Access]
	if e.Reverse {
		access += ", backwards"
	}
	if len(e.Words) > 0 {
		access += ", word " + strings.Join(e.Words, ", ")
	} else if e.Ranges > 0 && (e.Access != Scan || e.Ranges != 1) || e.Access == Lookup {
		access += ", " + count(e.Ranges, map[bool]string{true: "ID", false: "range"}[e.Access == Lookup])
	}
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-9s %s\n", name, text)
		}
	}
	line("query", e.Query)
	line("plan", access)
	for _, part := range e.Parts {
		line("part", part)
	}
	line("bounds", strings.Join(e.Bounds, " AND "))
	line("by key", strings.Join(e.Filter, " AND "))
	line("by row", strings.Join(e.Residual, " AND "))
	line("order", e.Order)
	if e.Total < 0 {
		line("rows", fmt.Sprintf("expected about %.3g%% of all", 100*e.Part))
		return b.String()
	}
	line("rows", fmt.Sprintf("expected about %.0f of %d to match, result %d", e.Part*float64(e.Total), e.Total, e.Result))
	return b.String()
}
