package query

import (
	"unicode/utf8"

	"github.com/ankgo/ank/model"
)

// scalar is an expression that is computed for each row. The nodes are
// columnScalar, constScalar, arithScalar, lenScalar and rankScalar.
type scalar interface {
	// value computes it from what a reader reads.
	value(r reader) model.Value
	// columns calls yield with the columns it is computed from.
	columns(yield func(int))
	// expr is the scalar as a node of a query.
	expr(s *space) Expr
}

// reader reads the columns of a row, or of what else has some.
type reader struct {
	schema *model.Schema
	row    *model.Row
	source Source // if there is no row
}

func (r reader) column(column int) model.Value {
	if r.row != nil {
		return r.schema.Value(r.row, column)
	}
	return r.source.Value(column)
}

type columnScalar struct {
	column int
	path   []string
}

func (c columnScalar) value(r reader) model.Value { return at(r.column(c.column), c.path) }
func (c columnScalar) columns(yield func(int))    { yield(c.column) }
func (c columnScalar) expr(s *space) Expr         { return s.expr(c.column, c.path) }

// readScalar is a column as it is, which at most a pair compares.
type readScalar int

func (c readScalar) value(r reader) model.Value { return r.column(int(c)) }
func (c readScalar) columns(yield func(int))    { yield(int(c)) }
func (c readScalar) expr(s *space) Expr         { return s.expr(int(c), nil) }

type constScalar struct{ v model.Value }

func (c constScalar) value(reader) model.Value { return c.v }
func (c constScalar) columns(func(int))        {}
func (c constScalar) expr(*space) Expr         { return &LiteralExpr{Value: c.v} }

type arithScalar struct {
	op   Arith
	x, y scalar
}

func (a arithScalar) value(r reader) model.Value { return arithmetic(a.op, a.x.value(r), a.y.value(r)) }

func (a arithScalar) columns(yield func(int)) {
	a.x.columns(yield)
	a.y.columns(yield)
}

func (a arithScalar) expr(s *space) Expr {
	return &ArithExpr{Op: a.op, X: a.x.expr(s), Y: a.y.expr(s)}
}

type lenScalar struct{ x scalar }

func (l lenScalar) value(r reader) model.Value { return lengthOf(l.x.value(r)) }
func (l lenScalar) columns(yield func(int))    { l.x.columns(yield) }
func (l lenScalar) expr(s *space) Expr         { return &CallExpr{Func: FuncLen, Arg: l.x.expr(s)} }

// lengthOf is the number of characters, elements or members; NULL of what has none.
func lengthOf(v model.Value) model.Value {
	switch v.Type() {
	case model.TypeString:
		return model.OfInt(int64(utf8.RuneCountInString(v.Text())))
	case model.TypeJSON:
		if n, ok := v.JSON().Len(); ok {
			return model.OfInt(int64(n))
		}
	}
	return model.Null
}
