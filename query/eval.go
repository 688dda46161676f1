package query

import (
	"slices"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/text"
)

// Source gives the values of one entity's columns, where they are known without
// its row: from the key of an index, for instance.
type Source interface {
	// Value returns the value of a column: a position in the schema, or
	// model.ColumnID and the like.
	Value(column int) model.Value
}

// Filter evaluates a condition on a [Source]. It is immutable and safe for
// concurrent use.
type Filter struct{ m matcher }

// NewFilter returns a filter for a condition that is, or was made of, the predicate
// of a query.
func NewFilter(c *Checked, cond Condition) Filter { return Filter{compile(&c.space, cond)} }

// Match reports whether the condition is TRUE. It asks the source for columns of
// the schema and joined ones only.
func (f Filter) Match(src Source) bool { return f.m == nil || f.m.source(src) }

// matcher is a condition made ready to evaluate. There are two ways to get at
// values because the common one, a row, must not go through an interface.
type matcher interface {
	row(*model.Schema, *model.Row) bool
	source(Source) bool
}

// compile returns the matcher of a condition, nil if it is always TRUE.
func compile(s *space, c Condition) matcher {
	switch c := c.(type) {
	case Const:
		if c {
			return nil
		}
		return nothing{}
	case And:
		return newAll(compileAll(s, c))
	case Or:
		return some(compileAll(s, c))
	case CompareColumns:
		return newPair(s, c)
	case After:
		return place{c}
	}
	column, path, t := testOf(s, c)
	if x := s.extraAt(column); x != nil && x.scalar != nil {
		return &computedLeaf{x.scalar, t}
	}
	if _, whole := t.(wholeTester); !whole && s.field(column).Type == model.TypeJSON {
		t = jsonTest{path, t}
	}
	return &leaf{column, t}
}

// testOf returns the column that a leaf looks at and the test it makes.
func testOf(s *space, c Condition) (column int, path []string, t tester) {
	switch c := c.(type) {
	case Compare:
		return c.Column, c.Path, compareTest(s, c)
	case In:
		return c.Column, c.Path, newInTest(c)
	case Like:
		return c.Column, c.Path, likeTest{c.Pattern, c.Negated}
	case Match:
		return c.Column, c.Path, matchTest{c.Words, c.Negated}
	case Contains:
		return c.Column, c.Path, containsTest{c.Values, c.All, c.Negated}
	case IsMissing:
		return c.Column, nil, missingTest{c.Path, c.Negated}
	}
	null := c.(IsNull)
	return null.Column, null.Path, nullTest{null.Negated}
}

func compileAll(s *space, conditions []Condition) []matcher {
	matchers := make([]matcher, len(conditions))
	for i, c := range conditions {
		matchers[i] = compile(s, c)
	}
	return matchers
}

type nothing struct{}

func (nothing) row(*model.Schema, *model.Row) bool { return false }
func (nothing) source(Source) bool                 { return false }

type all []matcher

// newAll puts the tests of one column together, which is where the time goes:
// reading the value.
func newAll(matchers []matcher) matcher {
	var merged all
	for _, m := range matchers {
		l, ok := m.(*leaf)
		if n := len(merged); ok && n > 0 {
			if last, ok := merged[n-1].(*leaf); ok && last.column == l.column {
				merged[n-1] = &leaf{l.column, bothTests(last.tester, l.tester)}
				continue
			}
		}
		merged = append(merged, m)
	}
	if len(merged) == 1 {
		return merged[0]
	}
	return merged
}

func (a all) row(s *model.Schema, r *model.Row) bool {
	for _, m := range a {
		if !m.row(s, r) {
			return false
		}
	}
	return true
}

func (a all) source(src Source) bool {
	for _, m := range a {
		if !m.source(src) {
			return false
		}
	}
	return true
}

type some []matcher

func (o some) row(s *model.Schema, r *model.Row) bool {
	for _, m := range o {
		if m.row(s, r) {
			return true
		}
	}
	return false
}

func (o some) source(src Source) bool {
	for _, m := range o {
		if m.source(src) {
			return true
		}
	}
	return false
}

// pair compares two columns.
type pair struct{ CompareColumns }

func newPair(s *space, c CompareColumns) matcher {
	x, y := s.extraAt(c.Column), s.extraAt(c.Other)
	if (x == nil || x.scalar == nil) && (y == nil || y.scalar == nil) {
		return pair{c}
	}
	return computedPair{pair{c}, scalarOf(x, c.Column), scalarOf(y, c.Other)}
}

// scalarOf returns how a column is computed, if only by reading it.
func scalarOf(x *extraColumn, column int) scalar {
	if x == nil || x.scalar == nil {
		return readScalar(column)
	}
	return x.scalar
}

// computedPair compares two columns of which one is computed at least.
type computedPair struct {
	pair
	x, y scalar
}

func (p computedPair) row(s *model.Schema, r *model.Row) bool {
	from := reader{schema: s, row: r}
	return p.test(p.x.value(from), p.y.value(from))
}

func (p computedPair) source(src Source) bool {
	from := reader{source: src}
	return p.test(p.x.value(from), p.y.value(from))
}

func (p pair) row(s *model.Schema, r *model.Row) bool {
	return p.test(s.Value(r, p.Column), s.Value(r, p.Other))
}

func (p pair) source(src Source) bool {
	return p.test(src.Value(p.Column), src.Value(p.Other))
}

func (p pair) test(x, y model.Value) bool {
	x, y = at(x, p.Path), at(y, p.OtherPath)
	return !x.IsNull() && !y.IsNull() && related(x, p.Op, y)
}

// related compares two values that are not NULL. In JSON they may be of
// different kinds: those are not equal, and have no order. Neither have
// objects and arrays.
func related(x model.Value, op Op, y model.Value) bool {
	if op != Eq && op != Ne {
		if k := kindOf(x.Type()); k != kindOf(y.Type()) || k == kindJSON {
			return false
		}
	}
	return op.holds(x.Compare(y))
}

// tester is the part of a leaf that looks at one value.
type tester interface{ test(v model.Value) bool }

// leaf tests one column.
type leaf struct {
	column int
	tester
}

func (l *leaf) row(s *model.Schema, r *model.Row) bool { return l.test(s.Value(r, l.column)) }
func (l *leaf) source(src Source) bool                 { return l.test(src.Value(l.column)) }

// computedLeaf tests a column that is computed.
type computedLeaf struct {
	scalar scalar
	tester
}

func (l *computedLeaf) row(s *model.Schema, r *model.Row) bool {
	return l.test(l.scalar.value(reader{schema: s, row: r}))
}

func (l *computedLeaf) source(src Source) bool { return l.test(l.scalar.value(reader{source: src})) }

// bothTest makes two tests on one value.
type bothTest struct{ first, second tester }

func (t bothTest) test(v model.Value) bool { return t.first.test(v) && t.second.test(v) }

// allTests makes any number of tests on one value, which nested pairs would take
// as deep a stack for.
type allTests []tester

func (t allTests) test(v model.Value) bool {
	for _, one := range t {
		if !one.test(v) {
			return false
		}
	}
	return true
}

// bothTests adds a test to those of a column.
func bothTests(first, second tester) tester {
	switch f := first.(type) {
	case allTests:
		return append(f, second)
	case bothTest:
		return allTests{f.first, f.second, second}
	}
	return bothTest{first, second}
}

// jsonTest tests a value inside JSON.
type jsonTest struct {
	path []string
	tester
}

func (t jsonTest) test(v model.Value) bool { return t.tester.test(at(v, t.path)) }

type nullTest struct{ negated bool }

func (t nullTest) test(v model.Value) bool { return v.IsNull() != t.negated }

type likeTest struct {
	pattern Pattern
	negated bool
}

func (t likeTest) test(v model.Value) bool {
	return v.Type() == model.TypeString && t.pattern.Match(v.Text()) != t.negated
}

type matchTest struct {
	words   *text.Query
	negated bool
}

func (t matchTest) test(v model.Value) bool {
	return v.Type() == model.TypeString && t.words.Match(v.Text()) != t.negated
}

// containsTest looks values up among the elements of an array.
type containsTest struct {
	values  []model.Value // sorted
	all     bool
	negated bool
}

func (t containsTest) test(v model.Value) bool {
	array := v.JSON()
	return v.Type() == model.TypeJSON && array.IsArray() && t.contains(array) != t.negated
}

func (t containsTest) contains(array model.JSON) bool {
	missing := uint64(1)<<len(t.values) - 1 // one bit for each value, if all are wanted
	if t.all && missing == 0 && len(t.values) == 0 {
		return true
	}
	for element := range array.Elements() {
		at, found := slices.BinarySearchFunc(t.values, element.Value(), model.Value.Compare)
		switch {
		case !found:
		case !t.all:
			return true
		default:
			if missing &^= 1 << at; missing == 0 {
				return true
			}
		}
	}
	return false
}

// wholeTester is a tester that follows its path itself.
type wholeTester interface{ whole() }

// missingTest tells what is not there from null.
type missingTest struct {
	path    []string
	negated bool
}

func (missingTest) whole() {}

func (t missingTest) test(v model.Value) bool {
	_, there := v.JSON().At(t.path...)
	return (v.IsNull() || !there) != t.negated
}

// inTest looks a value up among sorted ones.
type inTest struct {
	values  []model.Value
	negated bool
}

func newInTest(c In) tester { return inTest{c.Values, c.Negated} }

func (t inTest) test(v model.Value) bool {
	if v.IsNull() {
		return false
	}
	_, found := slices.BinarySearchFunc(t.values, v, model.Value.Compare)
	return found != t.negated
}

// compareTest returns the quickest test for a comparison.
func compareTest(s *space, c Compare) tester {
	typ := s.field(c.Column).Type
	x := s.extraAt(c.Column)
	switch {
	case x != nil && x.dynamic:
		return valueTest{c.Op, c.Value}
	case typ == model.TypeJSON:
		return jsonCompare{c.Op, c.Value}
	case typ == model.TypeInt:
		return intTest{c.Op, c.Value.Int()}
	case typ == model.TypeString:
		return stringTest{c.Op, c.Value.Text()}
	case c.Op == Eq:
		return sameTest{c.Value}
	}
	return valueTest{c.Op, c.Value}
}

type jsonCompare struct {
	op   Op
	want model.Value
}

func (t jsonCompare) test(v model.Value) bool { return !v.IsNull() && related(v, t.op, t.want) }

type intTest struct {
	op   Op
	want int64
}

func (t intTest) test(v model.Value) bool {
	if v.IsNull() {
		return false
	}
	n := v.Int()
	switch t.op {
	case Eq:
		return n == t.want
	case Ne:
		return n != t.want
	case Lt:
		return n < t.want
	case Le:
		return n <= t.want
	case Gt:
		return n > t.want
	default:
		return n >= t.want
	}
}

type stringTest struct {
	op   Op
	want string
}

func (t stringTest) test(v model.Value) bool {
	if v.IsNull() {
		return false
	}
	s := v.Text()
	switch t.op {
	case Eq:
		return s == t.want
	case Ne:
		return s != t.want
	case Lt:
		return s < t.want
	case Le:
		return s <= t.want
	case Gt:
		return s > t.want
	default:
		return s >= t.want
	}
}

// sameTest relies on values of one type being canonical.
type sameTest struct{ want model.Value }

func (t sameTest) test(v model.Value) bool { return v == t.want }

type valueTest struct {
	op   Op
	want model.Value
}

func (t valueTest) test(v model.Value) bool { return !v.IsNull() && t.op.holds(v.Compare(t.want)) }
