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

// query parses a query: its clauses, one after the other, each of which may be
// missing.
func (p *parser) query() (*Query, error) {
	q := &Query{text: p.text}
	for _, clause := range []func(*Query) error{
		p.selectClause, p.whereClause, p.groupClause, p.havingClause, p.orderClause, p.afterClause,
		p.limitClause, p.offsetClause, p.asOfClause,
	} {
		if err := clause(q); err != nil {
			return nil, err
		}
	}
	if p.tok.kind != tokEnd {
		return nil, p.misplaced(q)
	}
	return q, nil
}

// atClause reports whether the current token begins a clause after the predicate,
// where a predicate may stand too.
func (p *parser) atClause() bool {
	switch p.tok.kind {
	case tokEnd, keyOrder, keyLimit, keyOffset:
		return true
	case tokName:
		next := p.ahead()
		switch {
		case p.isWord("GROUP"):
			return next.kind == keyBy
		case p.isWord("AFTER"):
			return next.kind == tokString || next.kind == tokQuestion || next.kind == tokNamed
		case p.isWord("AS"):
			return strings.EqualFold(p.source(next.at), "OF")
		}
	}
	return false
}

// isPair reports whether the current token is a word and the next one of a kind.
// The words of clauses may name columns too.
func (p *parser) isPair(upper string, next tokenKind) bool {
	return p.isWord(upper) && p.ahead().kind == next
}

// ahead returns the token after the current one, tokEnd if there is none.
func (p *parser) ahead() token {
	next := p.lexer
	t, _ := next.next()
	return t
}

func (p *parser) selectClause(q *Query) (err error) {
	if p.tok.kind != keySelect {
		return nil
	}
	if err := p.advance(); err != nil {
		return err
	}
	if q.Distinct, err = p.accept(keyDistinct); err != nil {
		return err
	}
	if p.tok.kind == tokStar {
		return p.fail(p.tok.at.Start, p.tok.at.End, "SELECT asks for groups; a query for whole entities is its predicate alone")
	}
	for {
		item, err := p.selectItem()
		if err != nil {
			return err
		}
		if q.Select = append(q.Select, item); len(q.Select) > MaxKeys {
			return newError(Limit, p.text, item.At, selectLimit)
		}
		if comma, err := p.accept(tokComma); err != nil || !comma {
			return err
		}
	}
}

func (p *parser) selectItem() (item SelectItem, err error) {
	if item.X, err = p.operand(); err != nil {
		return item, err
	}
	item.At = item.X.Span()
	if !p.isWord("AS") || strings.EqualFold(p.source(p.ahead().at), "OF") {
		return item, nil
	}
	if err := p.advance(); err != nil {
		return item, err
	}
	if item.As, err = p.name(); err != nil {
		return item, err
	}
	item.At.End = p.tok.at.End
	return item, p.advance()
}

func (p *parser) whereClause(q *Query) (err error) {
	if q.Select != nil {
		if !p.isWord("WHERE") {
			return nil
		}
		if err := p.advance(); err != nil {
			return err
		}
	} else if p.atClause() {
		return nil
	}
	q.Where, err = p.expression(powerNone)
	return err
}

func (p *parser) groupClause(q *Query) error {
	if !p.isPair("GROUP", keyBy) {
		return nil
	}
	if q.Select == nil {
		return p.fail(p.tok.at.Start, p.tok.at.End, "GROUP BY needs a SELECT that says what to tell of each group")
	}
	for range 2 {
		if err := p.advance(); err != nil {
			return err
		}
	}
	for {
		e, err := p.operand()
		if err != nil {
			return err
		}
		if q.GroupBy = append(q.GroupBy, e); len(q.GroupBy) > MaxKeys {
			return newError(Limit, p.text, e.Span(), groupLimit)
		}
		if comma, err := p.accept(tokComma); err != nil || !comma {
			return err
		}
	}
}

func (p *parser) havingClause(q *Query) (err error) {
	if !p.isWord("HAVING") {
		return nil
	}
	if q.Select == nil {
		return p.fail(p.tok.at.Start, p.tok.at.End, "HAVING is a predicate about groups and needs a SELECT")
	}
	if err := p.advance(); err != nil {
		return err
	}
	q.Having, err = p.expression(powerNone)
	return err
}

func (p *parser) orderClause(q *Query) error {
	if p.tok.kind != keyOrder {
		return nil
	}
	if err := p.advance(); err != nil {
		return err
	}
	if err := p.expect(keyBy, "BY"); err != nil {
		return err
	}
	for {
		term, err := p.orderTerm()
		if err != nil {
			return err
		}
		if q.Order = append(q.Order, term); len(q.Order) > MaxKeys {
			return newError(Limit, p.text, term.X.Span(), keysLimit)
		}
		if comma, err := p.accept(tokComma); err != nil || !comma {
			return err
		}
	}
}

func (p *parser) orderTerm() (term OrderTerm, err error) {
	begin := *p
	if term.X, err = p.operand(); err != nil && p.tok != begin.tok {
		return term, err
	}
	switch term.X.(type) {
	case nil, *LiteralExpr, *ParamExpr:
		return term, begin.unexpected("a column to order by")
	}
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

func (p *parser) afterClause(q *Query) (err error) {
	if !p.isWord("AFTER") {
		return nil
	}
	if err := p.advance(); err != nil {
		return err
	}
	switch p.tok.kind {
	case tokQuestion, tokNamed:
		q.After, err = p.param()
	case tokString:
		q.After, err = p.literal()
	default:
		return p.unexpected("a cursor")
	}
	return err
}

func (p *parser) limitClause(q *Query) (err error) {
	if p.tok.kind == keyLimit {
		q.Limit, err = p.count()
	}
	return err
}

func (p *parser) offsetClause(q *Query) (err error) {
	if p.tok.kind == keyOffset {
		q.Offset, err = p.count()
	}
	return err
}

func (p *parser) asOfClause(q *Query) (err error) {
	if !p.isWord("AS") {
		return nil
	}
	if err := p.advance(); err != nil {
		return err
	}
	if !p.isWord("OF") {
		return p.unexpected("OF")
	}
	if err := p.advance(); err != nil {
		return err
	}
	q.AsOf, err = p.operand()
	return err
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
	case tokPercent:
		e.Suggestion = "?"
	case tokQuestion, tokNamed:
		if strings.HasPrefix(expected, "(") {
			e.Suggestion = "(" + e.Token + ")"
		}
	case tokOpenIndex:
		if strings.HasPrefix(expected, "(") {
			e.Suggestion = "("
		}
	case keyNull:
		if strings.HasPrefix(expected, "IN,") {
			e.Suggestion = "IS NOT NULL"
		}
	}
	if strings.HasPrefix(expected, "a column") && Reserved(e.Token) {
		e.Reason += "; a column of this name stands in double quotes"
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

// expectedNext says what could follow the clauses that were read.
func (q *Query) expectedNext() string {
	switch {
	case q.AsOf != nil:
		return "the end"
	case q.Offset != nil:
		return "AS OF or the end"
	case q.Limit != nil:
		return "OFFSET, AS OF or the end"
	case q.After != nil:
		return "LIMIT, OFFSET, AS OF or the end"
	case q.Order != nil:
		return "a comma, AFTER, LIMIT, OFFSET, AS OF or the end"
	case q.Having != nil:
		return "AND, OR, ORDER BY, LIMIT or the end"
	case q.GroupBy != nil:
		return "a comma, HAVING, ORDER BY, LIMIT or the end"
	case q.Select != nil && q.Where != nil:
		return "AND, OR, GROUP BY, HAVING, ORDER BY, LIMIT or the end"
	case q.Select != nil:
		return "a comma, AS, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT or the end"
	}
	switch q.Where.(type) {
	case *ColumnExpr, *LiteralExpr, *ParamExpr, *ArithExpr, *CallExpr:
		return "a comparison, AND, OR, ORDER BY, LIMIT or the end"
	default:
		return "AND, OR, ORDER BY, LIMIT or the end"
	}
}

// clauses are the clauses in their sequence.
var clauses = []string{"SELECT", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "AFTER", "LIMIT", "OFFSET", "AS OF"}

// misplaced reports what stands after the end of a query.
func (p *parser) misplaced(q *Query) *Error {
	e := p.unexpected(q.expectedNext())
	given := []bool{
		q.Select != nil, q.Where != nil, q.GroupBy != nil, q.Having != nil, q.Order != nil, q.After != nil,
		q.Limit != nil, q.Offset != nil, q.AsOf != nil,
	}
	word := strings.ToUpper(p.source(p.tok.at))
	for i, clause := range clauses {
		first, _, _ := strings.Cut(clause, " ")
		if word != first || given[i] {
			continue
		}
		for j := i + 1; j < len(clauses); j++ {
			if given[j] {
				e.Reason, e.Suggestion = clause+" comes before "+clauses[j], ""
				return e
			}
		}
	}
	if word == "FROM" {
		e.Reason, e.Suggestion = "a query is asked of a collection and names none, without FROM", ""
	}
	return e
}

// statement explains an error in a text that begins like a statement of SQL.
func (p *parser) statement(err error) error {
	start := lexer{text: p.text}
	first, _ := start.next()
	second, _ := start.next()
	if second.kind == tokDot || second.kind >= tokEq && second.kind <= tokGe {
		return err // a column of that name
	}
	switch word := strings.ToUpper(p.source(first.at)); word {
	case "WHERE", "FROM":
		return newError(Syntax, p.text, first.at, "a query is its predicate alone, without "+word)
	case "HAVING":
		return newError(Syntax, p.text, first.at, "HAVING is a predicate about groups and needs a SELECT")
	}
	return err
}

// expectedWords returns the keywords that an expectation names.
func expectedWords(expected string) []string {
	if strings.Contains(expected, "a comparison") {
		expected += " IN BETWEEN LIKE ILIKE IS NOT STARTS MATCH CONTAINS"
	}
	words := strings.FieldsFunc(expected, func(r rune) bool { return r < 'A' || r > 'Z' })
	if strings.Contains(expected, "a column or a value") {
		words = append(words, "NOT", "NULL", "TRUE", "FALSE")
	}
	return words
}
