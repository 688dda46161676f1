package query

import (
	"cmp"
	"slices"

	"github.com/ankgo/ank/model"
)

// allOf joins conditions with AND in their canonical form.
func allOf(terms []Condition) Condition {
	terms, decided := join(terms, false, func(c Condition) []Condition {
		and, _ := c.(And)
		return and
	})
	switch {
	case decided:
		return Const(false)
	case len(terms) == 0:
		return Const(true)
	case len(terms) == 1:
		return terms[0]
	}
	return And(terms)
}

// anyOf joins conditions with OR in their canonical form.
func anyOf(terms []Condition) Condition {
	terms, decided := join(terms, true, func(c Condition) []Condition {
		or, _ := c.(Or)
		return or
	})
	switch {
	case decided:
		return Const(true)
	case len(terms) == 0:
		return Const(false)
	case len(terms) == 1:
		return terms[0]
	}
	return Or(terms)
}

// join flattens terms, sorts them and removes those that occur twice or decide
// nothing. It reports whether the constant that decides the whole is among them.
func join(terms []Condition, deciding Const, inner func(Condition) []Condition) ([]Condition, bool) {
	terms = flatten(terms, inner)
	kept := terms[:0:0]
	for _, t := range terms {
		if c, ok := t.(Const); !ok {
			kept = append(kept, t)
		} else if c == deciding {
			return nil, true
		}
	}
	slices.SortFunc(kept, compareConditions)
	return slices.CompactFunc(kept, func(a, b Condition) bool { return compareConditions(a, b) == 0 }), false
}

// compareConditions is a total order in which equal conditions are equal. Those
// that are cheap to evaluate come first.
func compareConditions(a, b Condition) int {
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch a := a.(type) {
	case Compare:
		b := b.(Compare)
		return cmp.Or(compareTargets(a.Column, a.Path, b.Column, b.Path),
			cmp.Compare(a.Op, b.Op), compareTyped(a.Value, b.Value))
	case IsNull:
		b := b.(IsNull)
		return cmp.Or(compareTargets(a.Column, a.Path, b.Column, b.Path), compareBools(a.Negated, b.Negated))
	case CompareColumns:
		b := b.(CompareColumns)
		return cmp.Or(compareTargets(a.Column, a.Path, b.Column, b.Path),
			compareTargets(a.Other, a.OtherPath, b.Other, b.OtherPath), cmp.Compare(a.Op, b.Op))
	case In:
		b := b.(In)
		return cmp.Or(compareTargets(a.Column, a.Path, b.Column, b.Path), compareBools(a.Negated, b.Negated),
			slices.CompareFunc(a.Values, b.Values, compareTyped))
	case Like:
		b := b.(Like)
		return cmp.Or(compareTargets(a.Column, a.Path, b.Column, b.Path), compareBools(a.Negated, b.Negated),
			compareBools(a.Pattern.folded, b.Pattern.folded), slices.Compare(a.Pattern.segments, b.Pattern.segments))
	case Match:
		b := b.(Match)
		return cmp.Or(compareTargets(a.Column, a.Path, b.Column, b.Path), compareBools(a.Negated, b.Negated),
			cmp.Compare(a.Words.String(), b.Words.String()))
	case Contains:
		b := b.(Contains)
		return cmp.Or(compareTargets(a.Column, a.Path, b.Column, b.Path), compareBools(a.Negated, b.Negated),
			compareBools(a.All, b.All), slices.CompareFunc(a.Values, b.Values, compareTyped))
	case IsMissing:
		b := b.(IsMissing)
		return cmp.Or(compareTargets(a.Column, a.Path, b.Column, b.Path), compareBools(a.Negated, b.Negated))
	case Or:
		return slices.CompareFunc(a, b.(Or), compareConditions)
	case And:
		return slices.CompareFunc(a, b.(And), compareConditions)
	case Const:
		return compareBools(bool(a), bool(b.(Const)))
	}
	return 0
}

func rank(c Condition) int {
	switch c.(type) {
	case Const:
		return 0
	case Compare:
		return 1
	case IsNull:
		return 2
	case IsMissing:
		return 3
	case CompareColumns:
		return 4
	case In:
		return 5
	case Like:
		return 6
	case Contains:
		return 7
	case After:
		return 8
	case Match:
		return 9
	case Or:
		return 10
	default:
		return 11
	}
}

func compareTargets(a int, aPath []string, b int, bPath []string) int {
	return cmp.Or(cmp.Compare(a, b), slices.Compare(aPath, bPath))
}

// compareTyped tells values apart that are equal but of different types.
func compareTyped(a, b model.Value) int {
	return cmp.Or(a.Compare(b), cmp.Compare(a.Type(), b.Type()))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
