package query

// predicate parses the operator after left and its operands.
func (p *parser) predicate(left Expr) (Expr, error) {
	if op, ok := compareOp(p.tok.kind); ok {
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.operand()
		if err != nil {
			return nil, err
		}
		return &CompareExpr{Op: op, X: left, Y: right, At: from(left, right.Span().End)}, nil
	}
	if p.tok.kind == keyIs {
		return p.null(left)
	}
	negated, err := p.accept(keyNot)
	if err != nil {
		return nil, err
	}
	switch operator := p.wordOperator(); {
	case p.tok.kind == keyIn:
		return p.in(left, negated)
	case p.tok.kind == keyBetween:
		return p.between(left, negated)
	case p.tok.kind == keyLike:
		return p.like(left, LikePattern, negated)
	case operator == wordILike:
		return p.like(left, LikeFolded, negated)
	case operator == wordStarts:
		return p.starts(left, negated)
	case operator == wordMatch:
		return p.match(left, negated)
	case operator == wordContains:
		return p.contains(left, negated)
	}
	return nil, p.unexpected("IN, BETWEEN, LIKE, ILIKE, STARTS WITH, MATCH or CONTAINS")
}

// The operators that are words, but not reserved: after an operand there is
// nothing else that they could be.
const (
	wordILike tokenKind = iota + 1
	wordStarts
	wordMatch
	wordContains
)

// wordOperator returns which of these operators the current token is; tokEnd if
// none.
func (p *parser) wordOperator() tokenKind {
	if p.tok.kind != tokName {
		return tokEnd
	}
	switch {
	case p.isWord("ILIKE"):
		return wordILike
	case p.isWord("STARTS"):
		return wordStarts
	case p.isWord("MATCH"):
		return wordMatch
	case p.isWord("CONTAINS"):
		return wordContains
	}
	return tokEnd
}

func compareOp(kind tokenKind) (Op, bool) {
	if kind < tokEq || kind > tokGe {
		return 0, false
	}
	return Op(kind - tokEq), true
}

// from returns the span that begins where left does.
func from(left Expr, end int) Span { return Span{left.Span().Start, end} }

func (p *parser) null(left Expr) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	negated, err := p.accept(keyNot)
	if err != nil {
		return nil, err
	}
	e := &NullExpr{X: left, Negated: negated, Missing: p.isWord("MISSING"), At: from(left, p.tok.at.End)}
	if !e.Missing && p.tok.kind != keyNull {
		if negated {
			return nil, p.unexpected("NULL or MISSING")
		}
		return nil, p.unexpected("NULL, NOT NULL or MISSING")
	}
	return e, p.advance()
}

// in parses IN and a list, or a column that holds an array.
func (p *parser) in(left Expr, negated bool) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.tok.kind == tokName || p.tok.kind == tokQuoted {
		array, err := p.operand()
		if err != nil {
			return nil, err
		}
		return &ContainsExpr{X: array, List: []Expr{left}, Negated: negated, At: from(left, array.Span().End)}, nil
	}
	list, end, err := p.values("( and a list")
	if err != nil {
		return nil, err
	}
	return &InExpr{X: left, List: list, Negated: negated, At: from(left, end)}, nil
}

// values parses a list in parentheses, and returns where it ends.
func (p *parser) values(expected string) (list []Expr, end int, err error) {
	if err := p.expect(tokOpen, expected); err != nil {
		return nil, 0, err
	}
	for p.tok.kind != tokClose || len(list) > 0 {
		item, err := p.operand()
		if err != nil {
			return nil, 0, err
		}
		if list = append(list, item); len(list) > MaxItems {
			return nil, 0, newError(Limit, p.text, item.Span(), itemsLimit)
		}
		if comma, err := p.accept(tokComma); err != nil {
			return nil, 0, err
		} else if !comma {
			break
		}
	}
	end = p.tok.at.End
	return list, end, p.expect(tokClose, "a comma or )")
}

// contains parses CONTAINS and a value, or ANY or ALL and a list.
func (p *parser) contains(left Expr, negated bool) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	e := &ContainsExpr{X: left, Negated: negated}
	switch {
	case p.isWord("ANY"):
		e.Quantity = Any
	case p.isWord("ALL"):
		e.Quantity = All
	}
	if e.Quantity == One {
		item, err := p.operand()
		if err != nil {
			return nil, err
		}
		e.List, e.At = []Expr{item}, from(left, item.Span().End)
		return e, nil
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	list, end, err := p.values("( and a list")
	if err != nil {
		return nil, err
	}
	e.List, e.At = list, from(left, end)
	return e, nil
}

func (p *parser) between(left Expr, negated bool) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	low, err := p.operand()
	if err != nil {
		return nil, err
	}
	if err := p.expect(keyAnd, "AND and the upper end of BETWEEN"); err != nil {
		return nil, err
	}
	high, err := p.operand()
	if err != nil {
		return nil, err
	}
	return &BetweenExpr{X: left, Low: low, High: high, Negated: negated, At: from(left, high.Span().End)}, nil
}

func (p *parser) like(left Expr, kind LikeKind, negated bool) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	pattern, err := p.operand()
	if err != nil {
		return nil, err
	}
	e := &LikeExpr{Kind: kind, X: left, Pattern: pattern, Negated: negated, At: from(left, pattern.Span().End)}
	if kind == LikePrefix || !p.isWord("ESCAPE") {
		return e, nil
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	if e.Escape, err = p.operand(); err != nil {
		return nil, err
	}
	e.At.End = e.Escape.Span().End
	return e, nil
}

// starts parses STARTS WITH and the prefix.
func (p *parser) starts(left Expr, negated bool) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if !p.isWord("WITH") {
		return nil, p.unexpected("WITH")
	}
	return p.like(left, LikePrefix, negated)
}

func (p *parser) match(left Expr, negated bool) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	words, err := p.operand()
	if err != nil {
		return nil, err
	}
	return &MatchExpr{X: left, Words: words, Negated: negated, At: from(left, words.Span().End)}, nil
}
