package query

import (
	"strings"

	"github.com/ankgo/ank/model"
)

// functions are the functions by their names.
var functions = []string{"COUNT", "SUM", "MIN", "MAX", "AVG", "LEN", "NOW", "RANK"}

// call parses what is in the parentheses after a function's name, the first of
// which is the current token.
func (p *parser) call(name *ColumnExpr) (Expr, error) {
	e := &CallExpr{At: name.At}
	upper := strings.ToUpper(name.Path[0])
	for i, f := range functions {
		if f == upper {
			e.Func = Func(i + 1)
		}
	}
	if e.Func == 0 {
		err := newError(Syntax, p.text, name.At, "there is no function "+describe(name.Path[0]))
		err.Suggestion = model.Nearest(upper, functions)
		return nil, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	var err error
	switch e.Func {
	case FuncNow, FuncRank:
	case FuncCount:
		var star bool
		if star, err = p.accept(tokStar); err == nil && !star {
			err = p.argument(e)
		}
	default:
		err = p.argument(e)
	}
	if err != nil {
		return nil, err
	}
	e.At.End = p.tok.at.End
	return e, p.expect(tokClose, ")")
}

// argument parses the argument of a function.
func (p *parser) argument(e *CallExpr) (err error) {
	if e.Func.aggregate() {
		if e.Distinct, err = p.accept(keyDistinct); err != nil {
			return err
		}
	}
	e.Arg, err = p.operand()
	return err
}
