package query

import (
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/text"
)

// like checks LIKE and its relatives.
func (k *checker) like(e *LikeExpr, negated bool) Condition {
	name := [...]string{"LIKE", "ILIKE", "STARTS WITH"}[e.Kind]
	x, pattern, ok := k.textual(e.X, e.Pattern, name)
	escape, eok := rune(0), true
	if e.Escape != nil {
		escape, eok = k.escape(e.Escape)
	}
	if !ok || !eok {
		return never
	}
	p, err := parseLike(e.Kind, pattern.value.Text(), escape)
	if err != nil {
		k.fail(Mismatch, e.Pattern.Span(), err.Error())
		return never
	}
	if canonical, _ := p.String(); len(canonical) > MaxPattern {
		k.fail(Limit, e.Pattern.Span(), patternLimit)
		return never
	}
	if x.column == nil {
		return Const(p.Match(x.value.Text()) != negated)
	}
	return x.column.like(p, negated)
}

func parseLike(kind LikeKind, pattern string, escape rune) (Pattern, error) {
	if kind == LikePrefix {
		return Pattern{segments: []string{pattern, ""}}, nil
	}
	p, err := ParsePattern(pattern, escape)
	if kind == LikeFolded {
		p = p.fold()
	}
	return p, err
}

// textual resolves the sides of an operator that takes a string on its left and a
// constant string on its right. It is not ok if there is an error, or NULL.
func (k *checker) textual(left, right Expr, name string) (x, pattern operand, ok bool) {
	x, xok := k.operand(left)
	pattern, pok := k.right(right)
	switch {
	case !xok || !pok:
		return x, pattern, false
	case x.typ != model.TypeString && x.typ != model.TypeNull && (x.column == nil || x.typ != model.TypeJSON):
		k.fail(Mismatch, left.Span(), x.describe()+"; "+name+" needs a string")
		return x, pattern, false
	case pattern.typ == model.TypeNull && pattern.column == nil, x.typ == model.TypeNull:
		return x, pattern, false
	case pattern.column != nil || pattern.typ != model.TypeString:
		k.fail(Mismatch, right.Span(), "what is to the right of "+name+" is a string, and no column")
		return x, pattern, false
	}
	return x, pattern, true
}

func (k *checker) escape(e Expr) (rune, bool) {
	o, ok := k.operand(e)
	if !ok {
		return 0, false
	}
	if o.column == nil && o.typ == model.TypeString {
		if runes := []rune(o.value.Text()); len(runes) == 1 {
			return runes[0], true
		}
	}
	k.fail(Mismatch, e.Span(), "ESCAPE is a string of one character")
	return 0, false
}

// match checks MATCH.
func (k *checker) match(e *MatchExpr, negated bool) Condition {
	x, words, ok := k.textual(e.X, e.Words, "MATCH")
	if !ok {
		return never
	}
	if len(words.value.Text()) > MaxPattern {
		k.fail(Limit, e.Words.Span(), matchLimit)
		return never
	}
	q := text.Parse(words.value.Text())
	switch {
	case x.column == nil:
		return Const(q.Match(x.value.Text()) != negated)
	}
	k.ranking.sought = k.ranking.sought || !negated
	switch {
	case q.Empty() && !negated:
		return never
	case q.Empty():
		// What is no string, in JSON, has no words to match; NULL is no string.
		return Like{Column: x.column.index, Path: x.column.path, Pattern: Pattern{segments: []string{"", ""}}}.orNotNull(x.column)
	}
	return Match{Column: x.column.index, Path: x.column.path, Words: q, Negated: negated}
}

// orNotNull returns the condition that holds for every string, in a column that
// may hold something else too.
func (l Like) orNotNull(c *column) Condition {
	if c.field.Type == model.TypeJSON {
		return l
	}
	return c.null(true)
}
