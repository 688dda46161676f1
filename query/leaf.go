package query

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ankgo/ank/model"
)

// never is the condition of a comparison that no value of a column satisfies.
const never = Const(false)

// null returns the condition that the column is, or with negated is not, NULL.
func (c *column) null(negated bool) Condition {
	if !c.nullable {
		return Const(negated)
	}
	return IsNull{Column: c.index, Path: c.path, Negated: negated}
}

func (c *column) compare(op Op, v model.Value) Condition {
	if c.field.Type == model.TypeBool {
		return c.compareBool(op, v)
	}
	return Compare{Column: c.index, Path: c.path, Op: op, Value: v}
}

// compareBool knows that there are two values only: every comparison is an
// equality, or none at all.
func (c *column) compareBool(op Op, v model.Value) Condition {
	isFalse := op.holds(model.OfBool(false).Compare(v))
	isTrue := op.holds(model.OfBool(true).Compare(v))
	switch {
	case isFalse && isTrue:
		return c.null(true)
	case !isFalse && !isTrue:
		return never
	}
	return Compare{Column: c.index, Op: Eq, Value: model.OfBool(isTrue)}
}

// in returns the condition that the column has one of the values, which are of
// its type and not NULL.
func (c *column) in(values []model.Value, negated bool) Condition {
	slices.SortFunc(values, compareTyped)
	values = slices.CompactFunc(values, model.Value.Equal)
	if c.field.Type == model.TypeBool && len(values) == 2 {
		values, negated = nil, !negated
	}
	switch {
	case len(values) == 0 && negated:
		return c.null(true)
	case len(values) == 0:
		return never
	case len(values) == 1:
		return c.compare(Eq.negate(negated), values[0])
	}
	return In{Column: c.index, Path: c.path, Values: values, Negated: negated}
}

// like returns the condition that the column matches the pattern, in a simpler
// form if there is one. In JSON there is none: LIKE is NULL for what is no string.
func (c *column) like(p Pattern, negated bool) Condition {
	if c.field.Type != model.TypeJSON {
		if s, ok := p.Literal(); ok {
			return c.compare(Eq.negate(negated), model.OfString(s))
		}
		if prefix, whole := p.Prefix(); whole && prefix == "" {
			if negated {
				return never
			}
			return c.null(true)
		}
	}
	return Like{Column: c.index, Path: c.path, Pattern: p, Negated: negated}
}

// compareValue checks a comparison of a column with a value.
func (k *checker) compareValue(o operand, op Op, v operand) Condition {
	c := o.column
	if v.typ == model.TypeNull {
		return never
	}
	if c.field.Type == model.TypeJSON {
		return k.compareJSON(o, op, v)
	}
	if e, ok := v.expr.(*LiteralExpr); ok && e.MaybeDuration && c.field.Type == model.TypeDuration {
		v.typ, v.value = model.TypeDuration, model.OfDuration(time.Duration(v.value.Int()))
	}
	if want := kindOf(c.field.Type); want != kindOf(v.typ) && !written(want, v.value) {
		k.fail(Mismatch, v.expr.Span(), o.describe()+" and cannot be compared with "+v.short()+", "+article(v.typ)).
			Suggestion = respelled(v.value, want)
		return never
	}
	if f, ok := notFinite(v.value.Text()); ok && c.field.Type.IsNumber() {
		v.value = model.OfFloat(f)
	}
	if c.dynamic {
		return c.compare(op, plain(v.value))
	}
	near, inexact, err := model.Convert(v.value, c.field)
	if err != nil {
		k.fail(Mismatch, v.expr.Span(), "column "+err.Error())
		return never
	}
	switch {
	case inexact == 0:
		return c.compare(op, near)
	case op == Eq:
		return never
	case op == Ne:
		return c.null(true)
	}
	return c.beside(op, near, inexact < 0)
}

// plain returns a number in the form that it has where numbers may be of any type.
func plain(v model.Value) model.Value {
	if j := v.JSON(); !j.IsNull() {
		return j.Value()
	}
	return v // not finite
}

// respelled returns how a value of one kind may have been meant as another,
// empty if it can hardly have been.
func respelled(v model.Value, want kind) string {
	switch is := kindOf(v.Type()); {
	case want == kindBool && is == kindString:
		if t := strings.ToUpper(v.Text()); t == "TRUE" || t == "FALSE" {
			return t
		}
	case want == kindBool && v.Equal(model.OfInt(1)):
		return "TRUE"
	case want == kindBool && v.Equal(model.OfInt(0)):
		return "FALSE"
	case want == kindNumber && is == kindString:
		l := lexer{text: v.Text()}
		if tok, err := l.next(); err == nil && tok.kind == tokNumber && tok.at == (Span{0, len(l.text)}) {
			return l.text
		}
	case want == kindString && is == kindNumber:
		var p printer
		p.value(v)
		return "'" + string(p.b) + "'"
	}
	return ""
}

// written reports whether a value of the kind may be written as the string v.
func written(k kind, v model.Value) bool {
	if v.Type() != model.TypeString {
		return false
	}
	switch k {
	case kindTime, kindDuration, kindID:
		return true
	case kindNumber:
		_, ok := notFinite(v.Text())
		return ok
	}
	return false
}

// notFinite reads the numbers that have no digits.
func notFinite(s string) (float64, bool) {
	switch s {
	case "NaN":
		return math.NaN(), true
	case "Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	return 0, false
}

// beside returns the condition for a value that lies between two neighbours of
// the column's type, or beyond all of them: right after near, or right before it.
func (c *column) beside(op Op, near model.Value, after bool) Condition {
	below := op == Lt || op == Le
	switch {
	case c.outermost(near, after) && after == below:
		return c.null(true)
	case c.outermost(near, after):
		return never
	case after && below:
		return c.compare(Le, near)
	case after:
		return c.compare(Gt, near)
	case below:
		return c.compare(Lt, near)
	default:
		return c.compare(Ge, near)
	}
}

// outermost reports whether an integer column has no value above v, or below it.
func (c *column) outermost(v model.Value, above bool) bool {
	if c.field.Type != model.TypeInt && c.field.Type != model.TypeUint {
		return false
	}
	beyond := math.Inf(-1)
	if above {
		beyond = math.Inf(1)
	}
	last, _, err := model.Convert(model.OfFloat(beyond), c.field)
	return err == nil && last == v
}

// compareJSON checks a comparison of a value inside a JSON column.
func (k *checker) compareJSON(o operand, op Op, v operand) Condition {
	value := v.value
	switch kindOf(v.typ) {
	case kindID:
		value = model.OfString(value.ID().String())
	case kindJSON:
		value = at(value, nil)
		if value.IsNull() {
			return never
		}
	}
	switch kindOf(value.Type()) {
	case kindNumber:
		// JSON has one kind of number, and one spelling for each.
		j := value.JSON()
		if j.IsNull() {
			k.fail(Mismatch, v.expr.Span(), "numbers in JSON are finite")
			return never
		}
		value = j.Value()
	case kindBool, kindString:
	case kindJSON:
		if op != Eq && op != Ne {
			k.fail(Mismatch, v.expr.Span(), "objects and arrays have no order")
			return never
		}
	default:
		k.fail(Mismatch, v.expr.Span(), o.describe()+" and cannot be compared with "+v.short()+", "+article(v.typ))
		return never
	}
	return o.column.compare(op, value)
}

// compareColumns checks a comparison of two columns. The one that is earlier in
// the schema goes to the left.
func (k *checker) compareColumns(a operand, op Op, b operand, at Span) Condition {
	if ka, kb := kindOf(a.typ), kindOf(b.typ); ka != kb &&
		!(ka == kindJSON && kb.inJSON()) && !(kb == kindJSON && ka.inJSON()) {
		k.fail(Mismatch, at, a.describe()+" and cannot be compared with "+b.short()+", "+article(b.typ))
		return never
	}
	x, y := a.column, b.column
	if compareTargets(x.index, x.path, y.index, y.path) > 0 {
		x, y, op = y, x, op.Flip()
	}
	return CompareColumns{Column: x.index, Path: x.path, Op: op, Other: y.index, OtherPath: y.path}
}
