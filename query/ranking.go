package query

import "github.com/ankgo/ank/model"

// ranking is what RANK() is of: everything that the checked predicate looks for with
// MATCH, outside of NOT, wherever RANK() stands. It is settled once the predicate is
// checked, so that it is the same in the canonical query, which has other terms first
// and some not at all.
type ranking struct {
	matches []Match
	sought  bool // there is a MATCH as the query is written
	used    bool // RANK() occurs, first at the span
	at      Span
	nothing bool // no row is looked for with MATCH after all, and RANK() is 0
}

// settle takes in the checked predicate.
func (r *ranking) settle(c Condition) {
	switch c := c.(type) {
	case And:
		for _, t := range c {
			r.settle(t)
		}
	case Or:
		for _, t := range c {
			r.settle(t)
		}
	case Match:
		if !c.Negated {
			r.matches = append(r.matches, c)
		}
	}
}

// checkRanking looks at how RANK() was used. It reports whether the query has to be
// checked again with RANK() being 0: nothing is left to look for, because that was
// an empty text, say.
func (k *checker) checkRanking() (again bool) {
	r := k.ranking
	switch {
	case !r.used:
	case !r.sought:
		k.fail(Mismatch, r.at, "RANK() needs a MATCH in the predicate, outside of NOT")
	case len(r.matches) > MaxRanked:
		k.fail(Limit, r.at, rankedLimit)
	case len(r.matches) == 0:
		return true
	}
	return false
}

// rankScalar is the sum of the scores of what a query looks for with MATCH.
type rankScalar struct{ *ranking }

func (k rankScalar) value(r reader) model.Value {
	score := 0.0
	for i := range k.matches {
		m := &k.matches[i]
		if v := at(r.column(m.Column), m.Path); v.Type() == model.TypeString {
			score += m.Words.Score(v.Text())
		}
	}
	return model.OfFloat(score)
}

func (k rankScalar) columns(yield func(int)) {
	for _, m := range k.matches {
		yield(m.Column)
	}
}

func (rankScalar) expr(*space) Expr { return &CallExpr{Func: FuncRank} }
