package query

import (
	"slices"
	"strconv"

	"github.com/ankgo/ank/model"
)

// maxAll is the greatest number of elements that CONTAINS ALL asks for.
const maxAll = 64

// contains checks CONTAINS, and IN a column.
func (k *checker) contains(e *ContainsExpr, negated bool) Condition {
	x, ok := k.operand(e.X)
	switch {
	case !ok:
		return never
	case x.column == nil && x.typ == model.TypeNull:
		return never
	case x.column == nil || x.typ != model.TypeJSON:
		k.fail(Mismatch, e.X.Span(), x.describe()+" and no array")
		return never
	case len(e.List) > MaxItems:
		k.fail(Limit, e.At, itemsLimit)
		return never
	}
	values, unknown, ok := k.elements(x, e.List)
	all := e.Quantity == All
	switch {
	case !ok:
		return never
	case all && len(values) > maxAll:
		k.fail(Limit, e.At, "CONTAINS ALL has at most "+strconv.Itoa(maxAll)+" items")
		return never
	case unknown && all != negated:
		return never // NULL decides it, wherever the others do not
	case len(values) == 0 && all == negated:
		return never
	case len(values) == 0:
		return Contains{Column: x.column.index, Path: x.column.path, All: all, Negated: negated}
	}
	return Contains{Column: x.column.index, Path: x.column.path, Values: values, All: all && len(values) > 1, Negated: negated}
}

// elements returns values as they are in JSON, and whether NULL is among them.
func (k *checker) elements(array operand, list []Expr) (values []model.Value, unknown, ok bool) {
	values = make([]model.Value, 0, len(list))
	for _, item := range list {
		o, ok := k.right(item)
		if !ok {
			return nil, false, false
		}
		if o.column != nil {
			k.fail(Mismatch, item.Span(), o.describe()+"; what an array contains is asked of values, not of columns")
			return nil, false, false
		}
		if c, ok := k.compareValue(array, Eq, o).(Compare); ok {
			values = append(values, c.Value)
		} else if k.err != nil {
			return nil, false, false
		} else {
			unknown = true
		}
	}
	slices.SortFunc(values, compareTyped)
	return slices.CompactFunc(values, model.Value.Equal), unknown, true
}

// null checks IS NULL and IS MISSING.
func (k *checker) null(e *NullExpr, negated bool) Condition {
	o, ok := k.operand(e.X)
	switch {
	case !ok:
		return never
	case e.Missing && (o.column == nil || len(o.column.path) == 0):
		k.fail(Mismatch, e.At, "only a place in JSON is missing or not; what is not set IS NULL")
		return never
	case e.Missing:
		return IsMissing{Column: o.column.index, Path: o.column.path, Negated: negated}
	case o.column == nil:
		return Const((o.typ == model.TypeNull) != negated)
	}
	return o.column.null(negated)
}
