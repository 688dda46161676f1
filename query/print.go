package query

import (
	"math"
	"strconv"
	"strings"

	"github.com/ankgo/ank/model"
)

// String returns the query as text in its one canonical spelling. The text
// parses back to an equal tree, but for values of arguments that have no
// literal of their own (times, durations, IDs and infinite numbers), which
// become strings that [Query.Check] turns into the same values again.
func (q *Query) String() string {
	var p printer
	p.selection(q)
	if q.Where != nil {
		p.clause("WHERE ", q.Select != nil)
		p.expr(q.Where, powerNone)
	}
	p.clauseList("GROUP BY ", q.GroupBy)
	if q.Having != nil {
		p.clause("HAVING ", true)
		p.expr(q.Having, powerNone)
	}
	for i := range q.Order {
		if i == 0 {
			p.clause("ORDER BY ", true)
		} else {
			p.text(", ")
		}
		p.term(&q.Order[i])
	}
	for _, c := range []struct {
		word string
		x    Expr
	}{{"AFTER ", q.After}, {"LIMIT ", q.Limit}, {"OFFSET ", q.Offset}, {"AS OF ", q.AsOf}} {
		if c.x != nil {
			p.clause(c.word, true)
			p.expr(c.x, powerCompare)
		}
	}
	return string(p.b)
}

// Equal reports whether both have the same canonical spelling, and so ask the same
// of every model. It knows no schema: queries that are written differently and ask
// the same, such as "NOT a = 1" and "a != 1", are equal once they are checked (see
// [Checked.Equal]).
func (q *Query) Equal(other *Query) bool {
	return q == other || q != nil && other != nil && q.String() == other.String()
}

// clause begins a clause; its word is left out unless it is needed.
func (p *printer) clause(word string, needed bool) {
	if len(p.b) > 0 {
		p.text(" ")
	}
	if needed {
		p.text(word)
	}
}

func (p *printer) clauseList(word string, items []Expr) {
	if len(items) > 0 {
		p.clause(word, true)
		p.list(items, ", ", powerCompare)
	}
}

func (p *printer) selection(q *Query) {
	if q.Select == nil {
		return
	}
	p.text("SELECT ")
	if q.Distinct {
		p.text("DISTINCT ")
	}
	for i := range q.Select {
		if i > 0 {
			p.text(", ")
		}
		item := &q.Select[i]
		p.expr(item.X, powerCompare)
		if item.As != "" {
			p.text(" AS ")
			p.alias(item.As)
		}
	}
}

// alias prints the name that AS gives; OF stands in quotes, for AS OF is a clause.
func (p *printer) alias(name string) {
	if strings.EqualFold(name, "OF") {
		p.quote(name, '"')
		return
	}
	p.name(name)
}

func (p *printer) term(t *OrderTerm) {
	start := len(p.b)
	p.expr(t.X, powerCompare)
	if _, isColumn := t.X.(*ColumnExpr); !isColumn && !isNameByte(p.b[start]) && p.b[start] != '"' && p.b[start] != '(' {
		// A term begins with a name or a parenthesis.
		p.b = append(p.b[:start], "("+string(p.b[start:])+")"...)
	}
	if t.Desc {
		p.text(" DESC")
	}
	switch t.Nulls {
	case NullsFirst:
		p.text(" NULLS FIRST")
	case NullsLast:
		p.text(" NULLS LAST")
	}
}

// printer appends the canonical text of nodes.
type printer struct{ b []byte }

func (p *printer) text(s string) { p.b = append(p.b, s...) }

// expr prints a node that stands to the right of an operator of the power, in
// parentheses if it binds less strongly itself.
func (p *printer) expr(e Expr, power int) {
	own := powerOf(e)
	if own <= power {
		p.text("(")
		defer p.text(")")
	}
	switch e := e.(type) {
	case *ColumnExpr:
		p.column(e.Path)
	case *LiteralExpr:
		p.value(e.Value)
	case *ParamExpr:
		p.param(e)
	case *invalidExpr:
		p.text("?")
	case *NotExpr:
		p.text("NOT ")
		p.expr(e.X, powerNot-1)
	case *AndExpr:
		p.list(e.Terms, " AND ", powerAnd)
	case *OrExpr:
		p.list(e.Terms, " OR ", powerOr)
	case *ArithExpr:
		p.expr(e.X, own-1)
		p.text(" " + e.Op.String() + " ")
		p.expr(e.Y, own)
	case *CallExpr:
		p.call(e)
	default:
		p.predicate(e)
	}
}

func (p *printer) predicate(e Expr) {
	switch e := e.(type) {
	case *CompareExpr:
		p.expr(e.X, powerCompare)
		p.text(" " + e.Op.String() + " ")
		p.expr(e.Y, powerCompare)
	case *InExpr:
		p.expr(e.X, powerCompare)
		p.not(e.Negated, " IN (")
		p.list(e.List, ", ", powerCompare)
		p.text(")")
	case *BetweenExpr:
		p.expr(e.X, powerCompare)
		p.not(e.Negated, " BETWEEN ")
		p.expr(e.Low, powerCompare)
		p.text(" AND ")
		p.expr(e.High, powerCompare)
	case *MatchExpr:
		p.expr(e.X, powerCompare)
		p.not(e.Negated, " MATCH ")
		p.expr(e.Words, powerCompare)
	case *ContainsExpr:
		p.contains(e)
	case *LikeExpr:
		p.expr(e.X, powerCompare)
		p.not(e.Negated, [...]string{" LIKE ", " ILIKE ", " STARTS WITH "}[e.Kind])
		p.expr(e.Pattern, powerCompare)
		if e.Escape != nil {
			p.text(" ESCAPE ")
			p.expr(e.Escape, powerCompare)
		}
	case *NullExpr:
		p.expr(e.X, powerCompare)
		p.text(" IS ")
		if e.Negated {
			p.text("NOT ")
		}
		if e.Missing {
			p.text("MISSING")
		} else {
			p.text("NULL")
		}
	}
}

func (p *printer) contains(e *ContainsExpr) {
	p.expr(e.X, powerCompare)
	p.not(e.Negated, " CONTAINS ")
	if e.Quantity == One && len(e.List) == 1 {
		start := len(p.b)
		p.expr(e.List[0], powerCompare)
		if word := strings.ToUpper(string(p.b[start:])); word == "ANY" || word == "ALL" {
			p.b = p.b[:start]
			p.quote(e.List[0].(*ColumnExpr).Path[0], '"')
		}
		return
	}
	if e.Quantity == All {
		p.text("ALL (")
	} else {
		p.text("ANY (")
	}
	p.list(e.List, ", ", powerCompare)
	p.text(")")
}

func (p *printer) call(e *CallExpr) {
	p.text(e.Func.String() + "(")
	switch {
	case e.Distinct:
		p.text("DISTINCT ")
		fallthrough
	case e.Arg != nil:
		p.expr(e.Arg, powerCompare)
	case e.Func == FuncCount:
		p.text("*")
	}
	p.text(")")
}

func powerOf(e Expr) int {
	switch e := e.(type) {
	case *OrExpr:
		return powerOr
	case *AndExpr:
		return powerAnd
	case *NotExpr:
		return powerNot
	case *CompareExpr, *InExpr, *BetweenExpr, *LikeExpr, *MatchExpr, *ContainsExpr, *NullExpr:
		return powerCompare
	case *ArithExpr:
		if e.Op == Plus || e.Op == Minus {
			return powerSum
		}
		return powerProduct
	default:
		return powerOperand
	}
}

func (p *printer) list(items []Expr, comma string, power int) {
	for i, item := range items {
		if i > 0 {
			p.text(comma)
		}
		p.expr(item, power)
	}
}

func (p *printer) not(negated bool, operator string) {
	if negated {
		p.text(" NOT")
	}
	p.text(operator)
}

func (p *printer) column(path []string) {
	for i, name := range path {
		switch {
		case i == 0:
			p.name(name)
		case allDigits(name):
			p.text("." + name)
		default:
			p.text(".")
			p.name(name)
		}
	}
}

// name prints a name, in double quotes if it would not be read as one otherwise.
func (p *printer) name(name string) {
	l := lexer{text: name}
	if tok, err := l.next(); err == nil && tok.kind == tokName && tok.at == (Span{0, len(name)}) {
		p.text(name)
		return
	}
	p.quote(name, '"')
}

func (p *printer) quote(s string, quote byte) {
	p.b = append(p.b, quote)
	for i := range len(s) {
		if s[i] == quote {
			p.b = append(p.b, quote)
		}
		p.b = append(p.b, s[i])
	}
	p.b = append(p.b, quote)
}

func (p *printer) param(e *ParamExpr) {
	if e.Name == "" {
		p.text("?")
		return
	}
	p.text(":" + e.Name)
}

// value prints a literal.
func (p *printer) value(v model.Value) {
	switch v.Type() {
	case model.TypeNull:
		p.text("NULL")
	case model.TypeBool:
		p.text(strings.ToUpper(strconv.FormatBool(v.Bool())))
	case model.TypeInt:
		p.b = strconv.AppendInt(p.b, v.Int(), 10)
	case model.TypeUint:
		p.b = strconv.AppendUint(p.b, v.Uint(), 10)
	case model.TypeFloat:
		p.float(v.Float())
	case model.TypeBytes:
		p.text("x'")
		p.hex(v.Bytes())
		p.text("'")
	case model.TypeJSON:
		p.text("json")
		p.quote(v.JSON().String(), '\'')
	default:
		p.quote(literalText(v), '\'')
	}
}

// float prints a number so that it is read as a float64 again, and the same one.
func (p *printer) float(f float64) {
	switch {
	case math.IsNaN(f):
		p.text("'NaN'")
		return
	case math.IsInf(f, 0):
		p.quote(infinity(f), '\'')
		return
	}
	start := len(p.b)
	p.b = strconv.AppendFloat(p.b, f, 'g', -1, 64)
	if !strings.ContainsAny(string(p.b[start:]), ".e") {
		p.text(".0")
	}
}

func infinity(f float64) string {
	if f < 0 {
		return "-Infinity"
	}
	return "Infinity"
}

func (p *printer) hex(b model.Bytes) {
	const digits = "0123456789abcdef"
	for i := range b.Len() {
		c := b.At(i)
		p.b = append(p.b, digits[c>>4], digits[c&15])
	}
}

// literalText returns the text inside the quotes of a value that is written as a string.
func literalText(v model.Value) string {
	switch v.Type() {
	case model.TypeTime:
		return v.Time().Format(timeFormat)
	case model.TypeDuration:
		return v.Duration().String()
	case model.TypeID:
		return v.ID().String()
	default:
		return v.Text()
	}
}

// timeFormat is RFC 3339 with as many decimals as are needed.
const timeFormat = "2006-01-02T15:04:05.999999999Z07:00"
