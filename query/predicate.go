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
	switch p.tok.kind {
	case keyIn:
		return p.in(left, negated)
	case keyBetween:
		return p.between(left, negated)
	case keyLike:
		return p.like(left, negated)
	}
	return nil, p.unexpected("IN, BETWEEN or LIKE")
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
	end := p.tok.at.End
	if p.tok.kind != keyNull && !negated {
		return nil, p.unexpected("NULL or NOT NULL")
	}
	return &NullExpr{X: left, Negated: negated, At: from(left, end)}, p.expect(keyNull, "NULL")
}

func (p *parser) in(left Expr, negated bool) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect(tokOpen, "( and a list"); err != nil {
		return nil, err
	}
	e := &InExpr{X: left, Negated: negated}
	for p.tok.kind != tokClose || len(e.List) > 0 {
		item, err := p.operand()
		if err != nil {
			return nil, err
		}
		if e.List = append(e.List, item); len(e.List) > MaxItems {
			return nil, newError(Limit, p.text, item.Span(), itemsLimit)
		}
		if comma, err := p.accept(tokComma); err != nil {
			return nil, err
		} else if !comma {
			break
		}
	}
	e.At = from(left, p.tok.at.End)
	return e, p.expect(tokClose, "a comma or )")
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

func (p *parser) like(left Expr, negated bool) (Expr, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	pattern, err := p.operand()
	if err != nil {
		return nil, err
	}
	e := &LikeExpr{X: left, Pattern: pattern, Negated: negated, At: from(left, pattern.Span().End)}
	if !p.isWord("ESCAPE") {
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
