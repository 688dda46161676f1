package query

import (
	"time"

	"github.com/ankgo/ank/model"
)

// part is a part of an expression that is computed: a constant, or what becomes
// one for each row.
type part struct {
	expr   Expr
	kind   kind
	value  model.Value
	scalar scalar // nil for a constant
}

func (p part) tree() scalar {
	if p.scalar == nil {
		return constScalar{p.value}
	}
	return p.scalar
}

// computed resolves arithmetic or a call of a function: to a value if it is
// constant, otherwise to a column that holds the results.
func (k *checker) computed(e Expr) (operand, bool) {
	if call, ok := e.(*CallExpr); ok && call.Func.aggregate() {
		return k.aggregate(call)
	}
	p, ok := k.part(e)
	if !ok {
		return operand{}, false
	}
	if p.scalar == nil {
		return operand{expr: e, typ: p.value.Type(), value: p.value}, true
	}
	c := k.extra(k.virtual(p), e.Span())
	if c == nil {
		return operand{}, false
	}
	return operand{expr: e, typ: c.field.Type, column: c}, true
}

// virtual makes a column of a part that is computed.
func (k *checker) virtual(p part) *extraColumn {
	var text printer
	text.expr(p.scalar.expr(k.space), powerNone)
	x := &extraColumn{key: columnKey{computedColumn, string(text.b)}, scalar: p.scalar}
	x.field = model.Field{Name: x.key.text, Optional: true}
	switch p.kind {
	case kindTime:
		x.field.Type = model.TypeTime
	case kindDuration:
		x.field.Type = model.TypeDuration
	default:
		x.field.Type, x.dynamic = model.TypeFloat, true
	}
	return x
}

// part resolves a part of an expression.
func (k *checker) part(e Expr) (part, bool) {
	if k.depth++; k.depth > 2*MaxDepth {
		k.fail(Limit, e.Span(), tooDeep)
		return part{}, false
	}
	defer func() { k.depth-- }()
	switch e := e.(type) {
	case *ArithExpr:
		if k.group == nil || !k.isGroupKey(e) {
			return k.arith(e)
		}
	case *CallExpr:
		switch {
		case e.Func == FuncNow:
			k.usesNow = true
			return part{expr: e, kind: kindTime, value: k.now}, true
		case e.Func == FuncRank:
			return k.rank(e)
		case e.Func == FuncLen && (k.group == nil || !k.isGroupKey(e)):
			return k.length(e)
		}
	}
	o, ok := k.operand(e)
	if !ok {
		return part{}, false
	}
	p := part{expr: e, kind: kindOf(o.typ), value: o.value}
	if o.column != nil {
		p.scalar = columnScalar{o.column.index, o.column.path}
		if x := k.space.extraAt(o.column.index); x != nil && x.scalar != nil {
			p.scalar = x.scalar
		}
	}
	return p, true
}

func (k *checker) arith(e *ArithExpr) (part, bool) {
	x, xok := k.part(e.X)
	y, yok := k.part(e.Y)
	if !xok || !yok {
		return part{}, false
	}
	x, y = k.spelled(e.Op, x, y), k.spelled(e.Op, y, x)
	p := part{expr: e}
	if x.scalar == nil && x.kind == kindNull || y.scalar == nil && y.kind == kindNull {
		return p, true // NULL
	}
	kind, ok := kindOfArith(e.Op, x.kind, y.kind)
	if !ok {
		k.fail(Mismatch, e.At, "there is no "+x.noun()+" "+e.Op.String()+" "+y.noun())
		return p, false
	}
	p.kind = kind
	if x.scalar == nil && y.scalar == nil {
		p.value = arithmetic(e.Op, x.value, y.value)
		if p.value.IsNull() {
			p.kind = kindNull
		}
		return p, true
	}
	p.scalar = arithScalar{e.Op, x.tree(), y.tree()}
	return p, true
}

// spelled reads a string beside a time or a duration as one.
func (k *checker) spelled(op Arith, p, beside part) part {
	if p.scalar != nil {
		return p
	}
	if l, ok := p.expr.(*LiteralExpr); ok && l.MaybeDuration && (beside.kind == kindTime || beside.kind == kindDuration && op != Times && op != Over) {
		p.value, p.kind = model.OfDuration(time.Duration(p.value.Int())), kindDuration
		return p
	}
	if p.kind != kindString || beside.kind != kindTime && beside.kind != kindDuration {
		return p
	}
	duration := model.Field{Type: model.TypeDuration}
	moment := model.Field{Type: model.TypeTime}
	if v, _, err := model.Convert(p.value, &duration); err == nil {
		p.value, p.kind = v, kindDuration
	} else if v, _, err := model.Convert(p.value, &moment); err == nil {
		p.value, p.kind = v, kindTime
	}
	return p
}

// noun says what a part is, for an error.
func (p part) noun() string {
	return [...]string{"NULL", "boolean", "number", "string", "bytes", "time", "duration", "ID", "JSON"}[p.kind]
}

func (k *checker) length(e *CallExpr) (part, bool) {
	x, ok := k.part(e.Arg)
	switch {
	case !ok:
		return x, false
	case x.kind != kindString && x.kind != kindJSON && x.kind != kindNull:
		k.fail(Mismatch, e.At, "LEN is of arrays, objects and strings, not of a "+x.noun())
		return x, false
	case x.scalar == nil:
		return part{expr: e, kind: kindNumber, value: lengthOf(x.value)}, true
	}
	return part{expr: e, kind: kindNumber, scalar: lenScalar{x.scalar}}, true
}

func (k *checker) rank(e *CallExpr) (part, bool) {
	if k.group != nil {
		k.fail(Mismatch, e.At, "RANK() is of entities, not of groups")
		return part{}, false
	}
	if k.ranking.nothing {
		return part{expr: e, kind: kindNumber, value: model.OfFloat(0)}, true
	}
	if !k.ranking.used {
		k.ranking.used, k.ranking.at = true, e.At
	}
	return part{expr: e, kind: kindNumber, scalar: rankScalar{k.ranking}}, true
}
