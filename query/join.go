package query

import (
	"slices"

	"github.com/ankgo/ank/model"
)

// Conjunction joins predicates with AND. A nil one matches everything, and so does
// the conjunction of none.
func Conjunction(terms ...Expr) Expr {
	known := make([]Expr, 0, len(terms))
	for _, t := range terms {
		if t != nil {
			known = append(known, t)
		}
	}
	if len(known) == 0 {
		return nil
	}
	return conjunction(known)
}

// Disjunction joins predicates with OR. A nil one matches everything, and then so
// does the disjunction; that of none matches nothing.
func Disjunction(terms ...Expr) Expr {
	switch {
	case len(terms) == 0:
		return &LiteralExpr{Value: model.OfBool(false)}
	case slices.Contains(terms, nil):
		return nil
	}
	return disjunction(slices.Clone(terms))
}

// conjunction joins at least one term, none nil, and keeps the slice.
func conjunction(terms []Expr) Expr {
	if len(terms) == 1 {
		return terms[0]
	}
	return &AndExpr{At: cover(terms), Terms: flatten(terms, func(e Expr) []Expr {
		if and, ok := e.(*AndExpr); ok {
			return and.Terms
		}
		return nil
	})}
}

// disjunction joins at least one term, none nil, and keeps the slice.
func disjunction(terms []Expr) Expr {
	if len(terms) == 1 {
		return terms[0]
	}
	return &OrExpr{At: cover(terms), Terms: flatten(terms, func(e Expr) []Expr {
		if or, ok := e.(*OrExpr); ok {
			return or.Terms
		}
		return nil
	})}
}

func cover(terms []Expr) Span { return Span{terms[0].Span().Start, terms[len(terms)-1].Span().End} }

// flatten replaces every term that has inner terms by those.
func flatten[E any](terms []E, inner func(E) []E) []E {
	n := 0
	for _, t := range terms {
		n += max(1, len(inner(t)))
	}
	if n == len(terms) {
		return terms
	}
	flat := make([]E, 0, n)
	for _, t := range terms {
		if list := inner(t); list != nil {
			flat = append(flat, list...)
		} else {
			flat = append(flat, t)
		}
	}
	return flat
}
