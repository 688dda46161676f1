package query

import (
	"encoding/hex"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/ankgo/ank/model"
)

// The limits of a query. Whatever lies beyond is an [Error] of kind [Limit].
const (
	MaxLength  = 1 << 20 // bytes of text
	MaxDepth   = 128     // parentheses and NOTs inside each other
	MaxItems   = 1 << 14 // items of one IN
	MaxKeys    = 64      // terms of ORDER BY, of SELECT and of GROUP BY
	MaxPath    = 64      // names of one JSON path
	MaxPattern = 1 << 12 // bytes of a pattern of LIKE
	MaxFollow  = 8       // references that one column is behind
	MaxJoined  = 64      // columns behind references in one query
	MaxCompute = 256     // different results of arithmetic and LEN in one query
	MaxSums    = 64      // different aggregates in one query, each of which every group keeps
	MaxRanked  = 64      // what is looked for with MATCH in a query with RANK()
)

// What the errors of the limits say.
var (
	itemsLimit   = "IN has at most " + strconv.Itoa(MaxItems) + " items"
	keysLimit    = "ORDER BY has at most " + strconv.Itoa(MaxKeys) + " columns"
	patternLimit = "a pattern of LIKE has at most " + strconv.Itoa(MaxPattern) + " bytes"
	pathLimit    = "a path has at most " + strconv.Itoa(MaxPath) + " names"
	followLimit  = "a column is behind at most " + strconv.Itoa(MaxFollow) + " references"
	joinedLimit  = "a query has at most " + strconv.Itoa(MaxJoined) + " columns behind references"
	computeLimit = "a query computes at most " + strconv.Itoa(MaxCompute) + " different values of a row, or of a group"
	groupedLimit = "a query has at most " + strconv.Itoa(MaxSums) + " different aggregates"
	rankedLimit  = "RANK() is of at most " + strconv.Itoa(MaxRanked) + " MATCHes"
	matchLimit   = "what MATCH looks for has at most " + strconv.Itoa(MaxPattern) + " bytes"
	selectLimit  = "SELECT has at most " + strconv.Itoa(MaxKeys) + " items"
	groupLimit   = "GROUP BY has at most " + strconv.Itoa(MaxKeys) + " columns"
	sumLimit     = "arithmetic has at most " + strconv.Itoa(MaxDepth) + " operators in a row"
)

// Parse parses the text of a query. An empty text is the query for everything.
// The error, if any, is an [*Error].
func Parse(text string) (*Query, error) {
	if len(text) > MaxLength {
		return nil, newError(Limit, text, Span{MaxLength, MaxLength},
			"a query is at most "+strconv.Itoa(MaxLength)+" bytes long")
	}
	if !utf8.ValidString(text) {
		return nil, invalidUTF8(text)
	}
	p := parser{lexer: lexer{text: text}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	q, err := p.query()
	if err != nil {
		return nil, p.statement(err)
	}
	return q, nil
}

func invalidUTF8(text string) *Error {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
				return newError(Syntax, text, Span{i, i + 1}, "the text is not valid UTF-8")
			}
		}
	}
	return newError(Syntax, text, Span{}, "the text is not valid UTF-8")
}

// The binding powers, weakest first. The operand of an operator is parsed with
// the next higher one, so that operators of one power group to the left.
const (
	powerNone = iota
	powerOr
	powerAnd
	powerNot
	powerCompare
	powerSum
	powerProduct
	powerOperand
)

// parser is a Pratt parser: an expression is one prefix and then as many infix
// operators as bind more strongly than what stands to the left of it.
type parser struct {
	lexer
	tok       token
	depth     int
	questions int // positional parameters so far
}

func (p *parser) advance() (err error) {
	p.tok, err = p.next()
	return err
}

func (p *parser) source(s Span) string { return p.text[s.Start:s.End] }

// accept takes the current token if it is of the kind.
func (p *parser) accept(kind tokenKind) (bool, error) {
	if p.tok.kind != kind {
		return false, nil
	}
	return true, p.advance()
}

func (p *parser) expect(kind tokenKind, what string) error {
	if p.tok.kind != kind {
		return p.unexpected(what)
	}
	return p.advance()
}

func (p *parser) expression(power int) (Expr, error) {
	if p.depth++; p.depth > MaxDepth {
		return nil, newError(Limit, p.text, p.tok.at,
			"parentheses and NOTs are at most "+strconv.Itoa(MaxDepth)+" deep")
	}
	defer func() { p.depth-- }()
	left, err := p.prefix()
	if err != nil {
		return nil, err
	}
	chained, sums := false, 0
	for {
		next := p.infixPower()
		if next <= power {
			return left, nil
		}
		switch next {
		case powerCompare:
			if chained {
				return nil, p.fail(p.tok.at.Start, p.tok.at.End, "comparisons cannot be chained; join them with AND")
			}
			chained = true
			left, err = p.predicate(left)
		case powerSum, powerProduct:
			if sums++; sums > MaxDepth {
				return nil, newError(Limit, p.text, p.tok.at, sumLimit)
			}
			left, err = p.arithmetic(left, next)
		default:
			left, err = p.logic(left, p.tok.kind, next)
		}
		if err != nil {
			return nil, err
		}
	}
}

// infixPower is the power of the operator that the current token begins,
// powerNone if it is no operator.
func (p *parser) infixPower() int {
	switch p.tok.kind {
	case tokName:
		if p.wordOperator() != tokEnd {
			return powerCompare
		}
	case keyOr:
		return powerOr
	case keyAnd:
		return powerAnd
	case tokEq, tokNe, tokLt, tokLe, tokGt, tokGe, keyIs, keyIn, keyBetween, keyLike, keyNot:
		return powerCompare
	case tokPlus, tokMinus:
		return powerSum
	case tokStar, tokSlash, tokPercent:
		return powerProduct
	}
	return powerNone
}

// logic parses the rest of "left AND ..." or "left OR ...", however many terms.
func (p *parser) logic(left Expr, kind tokenKind, power int) (Expr, error) {
	join := conjunction
	if kind == keyOr {
		join = disjunction
	}
	terms := make([]Expr, 1, 4)
	terms[0] = left
	for p.tok.kind == kind {
		if err := p.advance(); err != nil {
			return nil, err
		}
		term, err := p.expression(power)
		if err != nil {
			return nil, err
		}
		terms = append(terms, term)
	}
	return join(terms), nil
}

// prefix parses what an expression can begin with.
func (p *parser) prefix() (Expr, error) {
	switch p.tok.kind {
	case keyNot:
		start := p.tok.at.Start
		if err := p.advance(); err != nil {
			return nil, err
		}
		x, err := p.expression(powerNot)
		if err != nil {
			return nil, err
		}
		return &NotExpr{X: x, At: Span{start, x.Span().End}}, nil
	case tokOpen:
		if err := p.advance(); err != nil {
			return nil, err
		}
		x, err := p.expression(powerNone)
		if err != nil {
			return nil, err
		}
		return x, p.expect(tokClose, "AND, OR or )")
	case tokName, tokQuoted:
		return p.column()
	case tokQuestion, tokNamed:
		return p.param()
	case tokMinus:
		return p.minus()
	default:
		return p.literal()
	}
}

// arithmetic parses the rest of "left + ..." and the like.
func (p *parser) arithmetic(left Expr, power int) (Expr, error) {
	op := map[tokenKind]Arith{tokPlus: Plus, tokMinus: Minus, tokStar: Times, tokSlash: Over, tokPercent: Modulo}[p.tok.kind]
	if err := p.advance(); err != nil {
		return nil, err
	}
	right, err := p.expression(power)
	if err != nil {
		return nil, err
	}
	return &ArithExpr{Op: op, X: left, Y: right, At: from(left, right.Span().End)}, nil
}

// minus parses what begins with a minus: a number, or what is taken from zero.
func (p *parser) minus() (Expr, error) {
	ahead := p.lexer
	next, err := ahead.next()
	if err != nil {
		return p.literal()
	}
	switch next.kind {
	case tokName, tokQuoted, tokOpen, tokQuestion, tokNamed:
	default:
		return p.literal()
	}
	zero := &LiteralExpr{Value: model.OfInt(0), At: Span{p.tok.at.Start, p.tok.at.Start}}
	return p.arithmetic(zero, powerProduct)
}

// column parses a name and the path after it, or the call of a function.
func (p *parser) column() (Expr, error) {
	e := &ColumnExpr{At: p.tok.at}
	called := p.tok.kind == tokName
	name, err := p.name()
	for {
		if err != nil {
			return nil, err
		}
		e.Path = append(e.Path, name)
		e.At.End = p.tok.at.End
		if len(e.Path) > MaxPath {
			return nil, newError(Limit, p.text, e.At, pathLimit)
		}
		if err = p.advance(); err != nil {
			return nil, err
		}
		switch {
		case p.tok.kind == tokOpen && called && len(e.Path) == 1:
			return p.call(e)
		case p.tok.kind == tokDot:
			if err = p.advance(); err == nil {
				name, err = p.name()
			}
		case p.position():
			name = p.source(p.tok.at)[1:]
		case p.tok.kind == tokOpenIndex:
			name, err = p.index()
		default:
			return e, nil
		}
	}
}

// index reads [5], another spelling of .5, up to the closing bracket.
func (p *parser) index() (string, error) {
	if err := p.advance(); err != nil {
		return "", err
	}
	name := p.source(p.tok.at)
	if p.tok.kind != tokNumber || !allDigits(name) {
		return "", p.unexpected("a position in an array")
	}
	if err := p.advance(); err != nil {
		return "", err
	}
	if p.tok.kind != tokCloseIndex {
		return "", p.unexpected("]")
	}
	return name, nil
}

// position reports whether the current token is .5 and the like: a position in an
// array, which reads like the decimals of a number.
func (p *parser) position() bool {
	s := p.source(p.tok.at)
	return p.tok.kind == tokNumber && s[0] == '.' && allDigits(s[1:])
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// name returns the name that the current token is, without going on.
func (p *parser) name() (string, error) {
	word := p.source(p.tok.at)
	switch {
	case p.tok.kind == tokName:
		return word, nil
	case p.tok.kind == tokQuoted:
		return unquote(word, 0), nil
	case p.tok.kind >= keyAnd:
		e := p.unexpected("a name")
		e.Suggestion = `"` + word + `"`
		return "", e
	}
	return "", p.unexpected("a name")
}

func (p *parser) param() (Expr, error) {
	e := p.parameter()
	return e, p.advance()
}

// parameter returns the parameter that the current token is, without going on.
func (p *parser) parameter() *ParamExpr {
	e := &ParamExpr{At: p.tok.at}
	if p.tok.kind == tokNamed {
		e.Name = p.source(p.tok.at)[1:]
	} else {
		e.Index = p.questions
		p.questions++
	}
	return e
}

// literal parses a constant; a sign belongs to the number after it.
func (p *parser) literal() (Expr, error) {
	e := &LiteralExpr{At: p.tok.at}
	var err error
	switch p.tok.kind {
	case keyNull:
	case keyTrue, keyFalse:
		e.Value = model.OfBool(p.tok.kind == keyTrue)
	case tokString:
		e.Value = model.OfString(unquote(p.source(e.At), 0))
	case tokBytes:
		e.Value, err = p.bytes()
	case tokJSON:
		e.Value, err = p.json()
	case tokMinus, tokPlus:
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.tok.kind != tokNumber {
			return nil, p.unexpected("a number after the sign")
		}
		e.At.End = p.tok.at.End
		fallthrough
	case tokNumber:
		e.Value, err = p.number(e.At)
	default:
		return nil, p.unexpected("a column or a value")
	}
	if err != nil {
		return nil, err
	}
	return e, p.advance()
}

func (p *parser) bytes() (model.Value, error) {
	raw, err := hex.DecodeString(unquote(p.source(p.tok.at), 1))
	if err != nil {
		return model.Value{}, p.fail(p.tok.at.Start, p.tok.at.End, "bytes are written as pairs of hexadecimal digits")
	}
	return model.OfBytes(raw), nil
}

func (p *parser) json() (model.Value, error) {
	j, err := model.ParseJSON(unquote(p.source(p.tok.at), len("json")))
	if err != nil {
		return model.Value{}, p.fail(p.tok.at.Start, p.tok.at.End, "not valid JSON: "+err.Error())
	}
	return model.OfJSON(j), nil
}

// number reads the current token with the sign before it, if any. Whole
// numbers that fit are integers; all others are the nearest float64.
func (p *parser) number(at Span) (model.Value, error) {
	digits := p.source(p.tok.at)
	negative := p.text[at.Start] == '-'
	if n, err := strconv.ParseUint(digits, 10, 64); err == nil {
		switch {
		case !negative && n <= math.MaxInt64:
			return model.OfInt(int64(n)), nil
		case !negative:
			return model.OfUint(n), nil
		case n <= -math.MinInt64:
			return model.OfInt(int64(-n)), nil
		}
	}
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return model.Value{}, p.fail(at.Start, at.End, "a number is at most 1.8e308")
	}
	if negative {
		f = -f
	}
	return model.OfFloat(f), nil
}

// operand parses an operand of a comparison.
func (p *parser) operand() (Expr, error) { return p.expression(powerCompare) }
