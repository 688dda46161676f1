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
	// Server is what a server was asked that makes plans of its own, in its language; empty
	// if none was. Then Tested are the parts of the predicate that it tested, and nothing
	// is said of indexes, bounds and keys.
	Server string
	Tested []string
	// Words are those whose entries are read, if the index is one of words; that of a
	// beginning ends with an asterisk.
	Words []string
	// Reverse says that it is read backwards, Ranges in how many pieces.
	Reverse bool
	Ranges  int
	// Parts are what the parts of a union or an intersection read, or what is asked
	// behind a reference and what then.
	Parts []Part
	// Bounds are the parts of the predicate that bound what is read, Filter those
	// that are tested on keys and IDs, Residual those that are tested on rows.
	Bounds, Filter, Residual []string
	// Order says where the query's order comes from.
	Order string
	// Part is the part of all rows that is expected to match, from 0 to 1: by the
	// operators of the predicate, and by keys where some were counted.
	Part float64
	// Expected is how many keys or rows are expected to be read. Keys and Rows are
	// how many were, and Found is how many of them matched; negative if the plan did
	// not run.
	Expected          float64
	Keys, Rows, Found int
	// Total is how many rows the collection has and Result how many rows or groups
	// the query gave when it ran. Negative if it did not run.
	Total, Result int
}

// Explain says what [New] would do for a query.
func Explain(c *query.Checked, indexes []model.Index) *Explanation {
	return New(c.Rows(), indexes).Explain(c, nil)
}

// Explain says what the plan does for a query, which is its own or the one for
// groups of its rows. work is what it has read, nil if it did not run.
func (p *Plan) Explain(c *query.Checked, work *Work) *Explanation {
	e := &Explanation{
		Query: c.String(), Access: p.Access, Reverse: p.Reverse, Ranges: len(p.Ranges) + len(p.IDs),
		Parts: partsOf(p, work), Order: orderOf(c, p), Part: p.part, Expected: p.keys,
		Keys: -1, Rows: -1, Found: -1, Total: -1, Result: -1,
	}
	if work != nil {
		e.Keys, e.Rows, e.Found = work.total()
		if work.Asked != nil {
			e.asked(c, p, work.Asked)
			return e
		}
	}
	if p.Access == Seek {
		if e.Index = p.index.Name; p.index.FullText {
			e.Words = wordsOf(p)
		}
	}
	e.terms(p)
	return e
}

// asked says what a server did.
func (e *Explanation) asked(c *query.Checked, p *Plan, a *Asked) {
	e.Access, e.Reverse, e.Ranges, e.Parts = Scan, false, 1, nil
	e.Server = a.Statement
	for _, t := range a.Tested {
		e.Tested = append(e.Tested, p.Query.Text(t))
	}
	for _, t := range a.Residual {
		e.Residual = append(e.Residual, p.Query.Text(t))
	}
	switch {
	case c.Grouping() != nil:
	case a.Ordered:
		e.Order = "by the server"
	default:
		e.Order = orderOf(c, &Plan{})
	}
}

// terms sorts the parts of the predicate by where they are tested.
func (e *Explanation) terms(p *Plan) {
	q := analyse(p.Query)
	for i := range q.terms {
		t := &q.terms[i]
		text := p.Query.Text(t.condition)
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
	access := "nothing is read, as no row can match"
	if e.Access != Lookup || e.Ranges > 0 {
		access = e.access()
	}
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-9s %s\n", name, text)
		}
	}
	line("query", e.Query)
	if e.Server != "" {
		access = "the server's own, for " + e.Server
	}
	line("plan", access)
	for i := range e.Parts {
		e.Parts[i].write(&b, "part", "", e.Rows >= 0)
	}
	line("bounds", strings.Join(e.Bounds, " AND "))
	line("by server", strings.Join(e.Tested, " AND "))
	line("by key", strings.Join(e.Filter, " AND "))
	line("by row", strings.Join(e.Residual, " AND "))
	line("order", e.Order)
	if e.Total < 0 {
		line("rows", fmt.Sprintf("expected about %.3g%% of all", 100*e.Part))
		return b.String()
	}
	if e.Rows >= 0 {
		line("read", e.read())
	}
	line("rows", fmt.Sprintf("expected about %.0f of %d to match, result %d", e.Part*float64(e.Total), e.Total, e.Result))
	return b.String()
}

// access says how rows are got at.
func (e *Explanation) access() string {
	access := map[Access]string{Scan: "scan the collection", Seek: "seek in index " + e.Index, Lookup: "look up by ID", Union: "union", Intersect: "intersection", Refer: "look behind a reference"}[e.Access]
	if e.Reverse {
		access += ", backwards"
	}
	if len(e.Words) > 0 {
		access += ", word " + strings.Join(e.Words, ", ")
	} else if e.Ranges > 0 && (e.Access != Scan || e.Ranges != 1) || e.Access == Lookup {
		access += ", " + count(e.Ranges, map[bool]string{true: "ID", false: "range"}[e.Access == Lookup])
	}
	return access
}

// read says how much was read, and how much was expected to be.
func (e *Explanation) read() string {
	if e.Server != "" {
		return fmt.Sprintf("%s from the server, of which %d matched", count(e.Rows, "row"), e.Found)
	}
	text := fmt.Sprintf("%s and %s, of which %d matched", count(e.Keys, "key"), count(e.Rows, "row"), e.Found)
	switch e.Access {
	case Scan:
		text = fmt.Sprintf("%s, of which %d matched", count(e.Rows, "row"), e.Found)
	case Seek, Union, Intersect:
		expected := e.Expected
		if e.Access == Seek && len(e.Words) == 0 { // an entity has one key
			expected = min(expected, float64(e.Total))
		}
		text += fmt.Sprintf("; expected about %.0f keys", expected)
	}
	return text
}
