package query

import (
	"strconv"
	"strings"

	"github.com/ankgo/ank/model"
)

// isWord reports whether the current token is one of the words that mean something
// only in their place, and may name a column elsewhere.
func (p *parser) isWord(upper string) bool {
	return p.tok.kind == tokName && strings.EqualFold(p.source(p.tok.at), upper)
}

func (p *parser) orderBy() ([]OrderTerm, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect(keyBy, "BY"); err != nil {
		return nil, err
	}
	var terms []OrderTerm
	for {
		term, err := p.orderTerm()
		if err != nil {
			return nil, err
		}
		if terms = append(terms, term); len(terms) > MaxKeys {
			return nil, newError(Limit, p.text, term.Column.At, keysLimit)
		}
		if comma, err := p.accept(tokComma); err != nil || !comma {
			return terms, err
		}
	}
}

func (p *parser) orderTerm() (term OrderTerm, err error) {
	if p.tok.kind != tokName && p.tok.kind != tokQuoted {
		return term, p.unexpected("a column to order by")
	}
	column, err := p.column()
	if err != nil {
		return term, err
	}
	term.Column = column.(*ColumnExpr)
	if p.tok.kind == keyAsc || p.tok.kind == keyDesc {
		term.Desc = p.tok.kind == keyDesc
		if err := p.advance(); err != nil {
			return term, err
		}
	}
	if !p.isWord("NULLS") {
		return term, nil
	}
	if err := p.advance(); err != nil {
		return term, err
	}
	switch {
	case p.isWord("FIRST"):
		term.Nulls = NullsFirst
	case p.isWord("LAST"):
		term.Nulls = NullsLast
	default:
		return term, p.unexpected("FIRST or LAST")
	}
	return term, p.advance()
}

// count parses LIMIT or OFFSET, whose keyword is the current token.
func (p *parser) count() (Expr, error) {
	clause := strings.ToUpper(p.source(p.tok.at))
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch p.tok.kind {
	case tokQuestion, tokNamed:
		return p.param()
	case tokNumber, tokMinus, tokPlus:
	default:
		return nil, p.unexpected("a number of rows")
	}
	e, err := p.literal()
	if err != nil {
		return nil, err
	}
	if _, bad := countOf(e.(*LiteralExpr).Value); bad != "" {
		return nil, newError(Mismatch, p.text, e.Span(), clause+" "+bad)
	}
	return e, nil
}

// countOf returns the number of rows that a value is, or says why it is none.
func countOf(v model.Value) (n int, bad string) {
	isInt, isUint := v.Type() == model.TypeInt, v.Type() == model.TypeUint
	switch {
	case isInt && v.Int() > maxCount, isUint && v.Uint() > maxCount:
		return 0, "is at most " + strconv.Itoa(maxCount)
	case isInt && v.Int() >= 0:
		return int(v.Int()), ""
	case isUint:
		return int(v.Uint()), ""
	}
	return 0, "is a whole number from 0"
}

// maxCount bounds LIMIT and OFFSET, so that their sum fits an int everywhere.
const maxCount = 1<<30 - 1

// unexpected reports that the current token is not what the grammar wants here.
func (p *parser) unexpected(expected string) *Error {
	e := newError(Syntax, p.text, p.tok.at, "expected "+expected+", found "+describe(p.source(p.tok.at)))
	if p.tok.kind == tokEnd {
		e.Reason = "expected " + expected + ", found the end"
	}
	switch p.tok.kind {
	case tokName:
		e.Suggestion = nearestWord(strings.ToUpper(e.Token), expected)
	case tokOpen:
		if p.tok.at.Start > 0 && isNameByte(p.text[p.tok.at.Start-1]) {
			e.Reason += "; there are no functions"
		}
	case tokPlus, tokMinus:
		if strings.Contains(expected, "AND") || strings.Contains(expected, "comma") {
			e.Reason += "; there is no arithmetic"
		}
	case tokQuestion, tokNamed:
		if strings.HasPrefix(expected, "(") {
			e.Suggestion = "(" + e.Token + ")"
		}
	case keyNull:
		if strings.HasPrefix(expected, "IN,") {
			e.Suggestion = "IS NOT NULL"
		}
	}
	return e
}

// nearestWord returns what may have been meant by a word that is none.
func nearestWord(word, expected string) string {
	switch word {
	case "ISNULL":
		return "IS NULL"
	case "NOTNULL":
		return "IS NOT NULL"
	}
	return model.Nearest(word, expectedWords(expected))
}

// misplaced reports what stands after the end of a query.
func (p *parser) misplaced(q *Query) *Error {
	e := p.unexpected(q.expectedNext())
	switch {
	case p.tok.kind == keyOrder && q.Order == nil:
		e.Reason = "ORDER BY comes before LIMIT and OFFSET"
	case p.tok.kind == keyLimit && q.Limit == nil:
		e.Reason = "LIMIT comes before OFFSET"
	}
	return e
}

// statement explains an error in a text that begins like a statement of SQL.
func (p *parser) statement(err error) error {
	start := lexer{text: p.text}
	first, _ := start.next()
	second, _ := start.next()
	if second.kind == tokDot || infixPower(second.kind) != powerNone {
		return err // a column of that name
	}
	switch word := strings.ToUpper(p.source(first.at)); word {
	case "SELECT", "WHERE", "FROM":
		return newError(Syntax, p.text, first.at, "a query is its predicate alone, without "+word)
	}
	return err
}

// expectedWords returns the keywords that an expectation names.
func expectedWords(expected string) []string {
	if strings.Contains(expected, "a comparison") {
		expected += " IN BETWEEN LIKE IS NOT"
	}
	words := strings.FieldsFunc(expected, func(r rune) bool { return r < 'A' || r > 'Z' })
	if strings.Contains(expected, "a column or a value") {
		words = append(words, "NOT", "NULL", "TRUE", "FALSE")
	}
	return words
}
