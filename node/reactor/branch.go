package reactor

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// A predicate is indexed by its branches: it can only hold for a row of which one branch holds. A
// branch is a conjunction of terms, each about one column; a predicate without OR and IN has one branch.

// branch is what the index can do with one alternative of a predicate.
type branch struct {
	terms []term // the most selective first; none: nothing can be said
	// whole says that the predicate is TRUE wherever all terms hold, so that nothing is left to
	// evaluate.
	whole bool
}

// term says that a column has a value, is NULL, or lies in a closed interval. The interval of a text
// column is one of strings, that of all others one of numbers that keep the order of values. Or it says
// that a text has a word (from), or one that begins with from.
type term struct {
	column   int
	path     []string
	json     bool // the column is
	kind     termKind
	point    model.Value
	low, top uint64
	from, to string
}

type termKind uint8

// The kinds of terms, in the order in which the index prefers them.
const (
	pointTerm termKind = iota
	wordTerm
	beginTerm
	closedTerm // a numeric interval with two ends
	closedTextTerm
	halfTerm // a numeric interval with one end
	halfTextTerm
	nullTerm
)

// The ends of intervals without an end. Texts are valid UTF-8, in which no byte is 0xff.
const (
	leastText    = ""
	greatestText = "\xff"
)

// maxBranches bounds how often one predicate is entered in the index. One with more alternatives is
// evaluated on every change of its collection.
const maxBranches = 4096

// maxTargets bounds how many columns, or places in JSON, the branches of one predicate are entered under:
// every change of the collection looks at each that there is.
const maxTargets = 32

// branchesOf takes a predicate apart. None means that it never holds.
func branchesOf(q *query.Checked, c query.Condition) []branch {
	all := alternatives(q, c)
	if len(all) > maxBranches || manyTargets(all) {
		return []branch{{}}
	}
	return all
}

// manyTargets reports whether the first terms of branches are about more than maxTargets columns.
func manyTargets(all []branch) bool {
	if len(all) <= maxTargets {
		return false
	}
	known := make([]*term, 0, maxTargets)
	for i := range all {
		if len(all[i].terms) == 0 {
			continue
		}
		t := &all[i].terms[0]
		if slices.ContainsFunc(known, func(o *term) bool { return o.column == t.column && slices.Equal(o.path, t.path) }) {
			continue
		}
		if len(known) == maxTargets {
			return true
		}
		known = append(known, t)
	}
	return false
}

func alternatives(q *query.Checked, c query.Condition) []branch {
	switch c := c.(type) {
	case query.Const:
		if c {
			return []branch{{whole: true}}
		}
		return nil
	case query.In:
		if !c.Negated && stored(q, c.Column) {
			return values(q, c)
		}
	case query.Match:
		if !c.Negated && stored(q, c.Column) {
			return wordBranches(q, c)
		}
	case query.Or:
		return union(q, c)
	case query.And:
		return conjunction(q, c)
	default:
		if t, whole, ok := leafTerm(q, c); ok {
			if t.never() {
				return nil
			}
			return []branch{{[]term{t}, whole}}
		}
	}
	return []branch{{}}
}

// values are the branches of IN.
func values(q *query.Checked, c query.In) []branch {
	all := make([]branch, 0, len(c.Values))
	for _, v := range c.Values {
		t := pointOf(q, c.Column, c.Path, v)
		all = append(all, branch{[]term{t}, true})
	}
	return all
}

// union are the branches of OR: of all its terms, or a single one without terms if
// nothing can be said about one of them.
func union(q *query.Checked, c query.Or) []branch {
	var all []branch
	for _, alternative := range c {
		for _, b := range alternatives(q, alternative) {
			if len(b.terms) == 0 {
				return []branch{{}}
			}
			all = append(all, b)
		}
	}
	return all
}

// conjunction are the branches of AND. Terms about one column become one. If they alone are not
// selective, they are joined with each branch of the AND's best alternatives.
func conjunction(q *query.Checked, c query.And) []branch {
	var terms []term
	var best []branch // the alternatives worth expanding
	whole := true
	for _, part := range c {
		t, exact, ok := leafTerm(q, part)
		if ok {
			terms = intersect(terms, t)
			whole = whole && exact
			continue
		}
		inner := alternatives(q, part)
		if len(inner) == 0 {
			return nil // a part that never holds
		}
		if len(inner[0].terms) > 0 && (best == nil || len(inner) < len(best)) {
			whole = whole && best == nil // the one that was best before is left to be evaluated
			best = inner
		} else {
			whole = false
		}
	}
	if slices.ContainsFunc(terms, term.never) {
		return nil
	}
	sortTerms(terms)
	if best == nil || len(terms) > 0 && terms[0].kind == pointTerm {
		return []branch{{terms, whole && best == nil}}
	}
	all := make([]branch, 0, len(best))
	for _, b := range best {
		joined := slices.Clone(terms)
		for _, t := range b.terms {
			joined = intersect(joined, t)
		}
		if slices.ContainsFunc(joined, term.never) {
			continue
		}
		sortTerms(joined)
		all = append(all, branch{joined, whole && b.whole})
	}
	return all
}

func sortTerms(terms []term) {
	slices.SortStableFunc(terms, func(a, b term) int {
		if a.isWord() && a.kind == b.kind {
			return len(b.from) - len(a.from)
		}
		return int(a.kind) - int(b.kind)
	})
}

// leafTerm returns the term of a leaf; whole reports that the leaf is TRUE wherever the term holds.
func leafTerm(q *query.Checked, c query.Condition) (t term, whole, ok bool) {
	switch c := c.(type) {
	case query.IsNull:
		return term{column: c.Column, path: c.Path, json: isJSON(q, c.Column), kind: nullTerm}, true, !c.Negated && stored(q, c.Column)
	case query.Like:
		prefix, all := c.Pattern.Prefix()
		if c.Negated || prefix == "" || !stored(q, c.Column) {
			return term{}, false, false
		}
		t = term{column: c.Column, path: c.Path, json: isJSON(q, c.Column), kind: closedTextTerm, from: prefix, to: prefix + greatestText}
		return t, all, true
	case query.Compare:
		if !stored(q, c.Column) {
			return term{}, false, false
		}
		if c.Op == query.Eq {
			return pointOf(q, c.Column, c.Path, c.Value), true, true
		}
		if c.Op != query.Ne {
			t, whole = rangeOf(q, c)
			return t, whole, true
		}
	}
	return term{}, false, false
}

func pointOf(q *query.Checked, column int, path []string, v model.Value) term {
	return term{column: column, path: path, json: isJSON(q, column), kind: pointTerm, point: v}
}

// rangeOf returns the term of <, <=, > or >=.
func rangeOf(q *query.Checked, c query.Compare) (t term, whole bool) {
	t = term{column: c.Column, path: c.Path, json: isJSON(q, c.Column)}
	below := c.Op == query.Lt || c.Op == query.Le
	if c.Value.Type() == model.TypeString {
		t.kind, t.from, t.to = halfTextTerm, leastText, greatestText
		if below {
			t.to = c.Value.Text()
		} else {
			t.from = c.Value.Text()
		}
		return t, c.Op == query.Le || c.Op == query.Ge
	}
	dynamic := isJSON(q, c.Column)
	n, exact := number(c.Value, dynamic)
	t.kind, t.low, t.top = halfTerm, 0, math.MaxUint64
	if below {
		t.top = n
	} else {
		t.low = n
	}
	if !exact {
		return t, false
	}
	// The neighbour of an end that is not included; at the last number there is none, and the
	// interval becomes empty.
	switch {
	case c.Op == query.Lt && n == 0, c.Op == query.Gt && n == math.MaxUint64:
		t.low, t.top = 1, 0
	case c.Op == query.Lt:
		t.top--
	case c.Op == query.Gt:
		t.low++
	}
	return t, true
}

// never reports an interval that contains nothing.
func (t term) never() bool { return t.low > t.top || t.from > t.to }

func (t *term) isInterval() bool {
	return t.kind == closedTerm || t.kind == halfTerm || t.isText()
}

func (t *term) isWord() bool { return t.kind == wordTerm || t.kind == beginTerm }

func (t *term) isText() bool { return t.kind == closedTextTerm || t.kind == halfTextTerm }

// intersect adds a term to others, narrowing the interval of the same column if there is one.
func intersect(terms []term, t term) []term {
	for i := range terms {
		o := &terms[i]
		if o.column != t.column || !slices.Equal(o.path, t.path) || !o.isInterval() || !t.isInterval() ||
			o.isText() != t.isText() {
			continue
		}
		o.low, o.top = max(o.low, t.low), min(o.top, t.top)
		o.from, o.to = max(o.from, t.from), min(o.to, t.to)
		switch {
		case o.isText() && o.from != leastText && o.to != greatestText:
			o.kind = closedTextTerm
		case !o.isText() && o.low != 0 && o.top != math.MaxUint64:
			o.kind = closedTerm
		}
		return terms
	}
	return append(terms, t)
}

// stored reports whether a column is an entity's own, or joined: what a query computes is not indexed.
func stored(q *query.Checked, column int) bool {
	return column < len(q.Schema().Fields())+len(q.Joined())
}

func isJSON(q *query.Checked, column int) bool {
	return column >= 0 && q.Column(column).Type == model.TypeJSON
}

// number maps a value, other than a string, to a number so that the order is kept. exact is false if
// different values may share a number. In JSON all numbers are mapped as floats, because there
// a column holds integers and floats.
func number(v model.Value, dynamic bool) (n uint64, exact bool) {
	const sign = 1 << 63
	switch v.Type() {
	case model.TypeInt, model.TypeUint, model.TypeFloat:
		switch {
		case dynamic || v.Type() == model.TypeFloat:
			n = math.Float64bits(v.Float())
			if n&sign != 0 {
				return ^n, !dynamic
			}
			return n | sign, !dynamic
		case v.Type() == model.TypeInt:
			return uint64(v.Int()) ^ sign, true
		}
		return v.Uint(), true
	case model.TypeTime:
		return uint64(v.Time().UnixMicro()) ^ sign, true
	case model.TypeDuration:
		return uint64(v.Duration()) ^ sign, true
	case model.TypeBool:
		if v.Bool() {
			return 1, !dynamic
		}
		return 0, !dynamic
	case model.TypeID:
		id := v.ID()
		return binary.BigEndian.Uint64(id[:8]), false
	case model.TypeBytes:
		b := v.Bytes()
		for i := range 8 {
			n <<= 8
			if i < b.Len() {
				n |= uint64(b.At(i))
			}
		}
		return n, false
	}
	return 0, false
}

// within follows a path into a JSON value, as the query language does.
func within(v model.Value, path []string) model.Value {
	inner, ok := v.JSON().Path(path...)
	if !ok {
		return model.Null
	}
	return inner
}
