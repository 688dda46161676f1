package query_test

import (
	"cmp"
	"encoding/json"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// truth is a truth value of SQL's three-valued logic.
type truth int

const (
	no truth = iota - 1
	null
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// reference evaluates predicates the way a textbook says: with three truth
// values, on the tree as it was parsed, with nothing normalised. It is what the
// real evaluator is compared with.
type reference struct {
	world
	row *model.Row
}

func (r reference) matches(q *query.Query) bool {
	return q.Where == nil || r.eval(q.Where) == yes
}

func (r reference) eval(e query.Expr) truth {
	switch e := e.(type) {
	case *query.NotExpr:
		return -r.eval(e.X)
	case *query.AndExpr:
		result := yes
		for _, t := range e.Terms {
			result = min(result, r.eval(t))
		}
		return result
	case *query.OrExpr:
		result := no
		for _, t := range e.Terms {
			result = max(result, r.eval(t))
		}
		return result
	case *query.CompareExpr:
		return r.compare(e.X, e.Op, e.Y)
	case *query.BetweenExpr:
		return negate(min(r.compare(e.X, query.Ge, e.Low), r.compare(e.X, query.Le, e.High)), e.Negated)
	case *query.InExpr:
		result := no
		for _, item := range e.List {
			result = max(result, r.compare(e.X, query.Eq, item))
		}
		return negate(result, e.Negated)
	case *query.LikeExpr:
		return negate(r.like(e), e.Negated)
	case *query.ContainsExpr:
		return negate(r.contains(e), e.Negated)
	case *query.NullExpr:
		if e.Missing {
			v, path := r.start(e.X.(*query.ColumnExpr))
			_, there := v.JSON().At(path...)
			return negate(truthOf(v.IsNull() || !there), e.Negated)
		}
		return negate(truthOf(r.value(e.X).IsNull()), e.Negated)
	default:
		v := r.value(e)
		if v.Type() != model.TypeBool {
			return null
		}
		return truthOf(v.Bool())
	}
}

func negate(t truth, negated bool) truth {
	if negated {
		return -t
	}
	return t
}

func (r reference) value(e query.Expr) model.Value {
	switch e := e.(type) {
	case *query.LiteralExpr:
		return e.Value
	case *query.CallExpr:
		return length(r.value(e.Arg))
	case *query.ArithExpr:
		return compute(e.Op, r.value(e.X), r.value(e.Y))
	}
	v, path := r.start(e.(*query.ColumnExpr))
	if v.Type() != model.TypeJSON {
		return v
	}
	v, _ = v.JSON().Path(path...)
	return v
}

// start follows the references of a column, and returns its value and the path
// below it.
func (r reference) start(e *query.ColumnExpr) (model.Value, []string) {
	schema, row, path := r.schema, r.row, e.Path
	for {
		column, _ := schema.Field(path[0])
		v := schema.Value(row, column)
		if path = path[1:]; len(path) == 0 || v.Type() != model.TypeID {
			return v, path
		}
		schema = schema.Target(column)
		if row, _ = r.Row(schema, v.ID()); row == nil || row.Deleted {
			return model.Null, path
		}
	}
}

func length(v model.Value) model.Value {
	switch v.Type() {
	case model.TypeString:
		return model.OfInt(int64(len([]rune(v.Text()))))
	case model.TypeJSON:
		var list []json.RawMessage
		var object map[string]json.RawMessage
		if json.Unmarshal([]byte(v.JSON().String()), &list) == nil {
			return model.OfInt(int64(len(list)))
		} else if json.Unmarshal([]byte(v.JSON().String()), &object) == nil {
			return model.OfInt(int64(len(object)))
		}
	}
	return model.Null
}

// compute computes with exact fractions, or with floats if one of the two is one.
func compute(op query.Arith, x, y model.Value) model.Value {
	if !x.Type().IsNumber() || !y.Type().IsNumber() || (op == query.Over || op == query.Modulo) && y.Float() == 0 {
		return model.Null
	}
	if x.Type() == model.TypeFloat || y.Type() == model.TypeFloat {
		a, b := x.Float(), y.Float()
		return model.OfFloat([]float64{a + b, a - b, a * b, a / b, math.Mod(a, b)}[op])
	}
	a, b := integer(x), integer(y)
	n := new(big.Int)
	switch op {
	case query.Plus:
		n.Add(a, b)
	case query.Minus:
		n.Sub(a, b)
	case query.Times:
		n.Mul(a, b)
	case query.Over:
		n.Quo(a, b)
	default:
		n.Rem(a, b)
	}
	switch {
	case n.IsInt64():
		return model.OfInt(n.Int64())
	case n.IsUint64():
		return model.OfUint(n.Uint64())
	}
	return compute(op, model.OfFloat(x.Float()), y)
}

func integer(v model.Value) *big.Int {
	if v.Type() == model.TypeUint {
		return new(big.Int).SetUint64(v.Uint())
	}
	return big.NewInt(v.Int())
}

// contains asks for each element by itself.
func (r reference) contains(e *query.ContainsExpr) truth {
	v := r.value(e.X)
	result := no
	if e.Quantity == query.All {
		result = yes
	}
	array := v.Type() == model.TypeJSON && v.JSON().String()[0] == '['
	for _, item := range e.List {
		found := null
		if want := r.value(item); array && !want.IsNull() {
			found = no
			for i := range int(length(v).Int()) {
				if got, ok := v.JSON().Path(strconv.Itoa(i)); ok && got.Compare(want) == 0 {
					found = yes
				}
			}
		}
		if e.Quantity == query.All {
			result = min(result, found)
		} else {
			result = max(result, found)
		}
	}
	if !array {
		return null
	}
	return result
}

// isJSON reports whether an operand is something inside JSON.
func (r reference) isJSON(e query.Expr) bool {
	c, ok := e.(*query.ColumnExpr)
	return ok && columnType(r.schema, c.Path) == model.TypeJSON
}

// columnType returns the type of a column, behind the references to it.
func columnType(s *model.Schema, path []string) model.Type {
	column, _ := s.Field(path[0])
	if t := s.Column(column).Type; len(path) == 1 || t == model.TypeJSON {
		return t
	}
	return columnType(s.Target(column), path[1:])
}

func (r reference) compare(x query.Expr, op query.Op, y query.Expr) truth {
	a, b := r.value(x), r.value(y)
	if a.IsNull() || b.IsNull() {
		return null
	}
	c, ok := r.order(x, a, y, b)
	if !ok {
		switch op {
		case query.Eq:
			return no
		case query.Ne:
			return yes
		default:
			return null
		}
	}
	return truthOf([]bool{c == 0, c != 0, c < 0, c <= 0, c > 0, c >= 0}[op])
}

// order compares two values; ok is false if they have no order.
func (r reference) order(x query.Expr, a model.Value, y query.Expr, b model.Value) (c int, ok bool) {
	switch {
	case a.Type() == b.Type():
		return a.Compare(b), true
	case a.Type().IsNumber() && b.Type().IsNumber():
		return a.Compare(b), true
	case b.Type() == model.TypeString && !r.isJSON(x):
		return compareWritten(a, b.Text()), true
	case a.Type() == model.TypeString && !r.isJSON(y):
		return -compareWritten(b, a.Text()), true
	}
	return 0, false
}

// compareWritten compares a value with one that is written as a string.
func compareWritten(v model.Value, text string) int {
	switch v.Type() {
	case model.TypeTime:
		t, _ := time.Parse(time.RFC3339Nano, text)
		return v.Time().Compare(t)
	case model.TypeDuration:
		d, _ := time.ParseDuration(text)
		return cmp.Compare(v.Duration(), d)
	case model.TypeID:
		id, _ := event.ParseID(text)
		return v.ID().Compare(id)
	default:
		f := map[string]float64{"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}[text]
		return v.Compare(model.OfFloat(f))
	}
}

func (r reference) like(e *query.LikeExpr) truth {
	v, pattern := r.value(e.X), r.value(e.Pattern)
	if v.Type() != model.TypeString || pattern.Type() != model.TypeString {
		return null
	}
	if e.Kind == query.LikePrefix {
		return truthOf(strings.HasPrefix(v.Text(), pattern.Text()))
	}
	escape := rune(-1)
	if e.Escape != nil {
		escape = []rune(r.value(e.Escape).Text())[0]
	}
	if e.Kind == query.LikeFolded {
		return truthOf(likeRegexp("(?i)", pattern.Text(), escape).MatchString(v.Text()))
	}
	return truthOf(likeRegexp("", pattern.Text(), escape).MatchString(v.Text()))
}

// likeRegexp translates a pattern of LIKE to a regular expression.
func likeRegexp(flags, pattern string, escape rune) *regexp.Regexp {
	expr, escaped := flags+`(?s)\A`, false
	for _, c := range pattern {
		switch {
		case c == escape && !escaped:
			escaped = true
			continue
		case c == '%' && !escaped:
			expr += `.*`
		case c == '_' && !escaped:
			expr += `.`
		default:
			expr += regexp.QuoteMeta(string(c))
		}
		escaped = false
	}
	return regexp.MustCompile(expr + `\z`)
}

// result returns the rows of a query in their order and window, found by trying
// every row and sorting with the simplest comparison there is.
func (w world) result(q *query.Query, rows []*model.Row) []*model.Row {
	var found []*model.Row
	for _, row := range rows {
		if !row.Deleted && (reference{w, row}).matches(q) {
			found = append(found, row)
		}
	}
	slices.SortFunc(found, func(a, b *model.Row) int {
		for _, term := range q.Order {
			x, y := (reference{w, a}).value(term.X), (reference{w, b}).value(term.X)
			if c := compareKeys(x, y, term); c != 0 {
				return c
			}
		}
		return a.ID.Compare(b.ID)
	})
	if q.Offset != nil {
		n := int(q.Offset.(*query.LiteralExpr).Value.Int())
		found = found[min(n, len(found)):]
	}
	if q.Limit != nil {
		n := int(q.Limit.(*query.LiteralExpr).Value.Int())
		found = found[:min(n, len(found))]
	}
	return found
}

func compareKeys(x, y model.Value, term query.OrderTerm) int {
	nullsFirst := term.Nulls == query.NullsFirst || term.Nulls == query.NullsDefault && !term.Desc
	switch {
	case x.IsNull() && y.IsNull():
		return 0
	case x.IsNull() == nullsFirst && x.IsNull() != y.IsNull():
		return -1
	case x.IsNull() != y.IsNull():
		return 1
	case term.Desc:
		return y.Compare(x)
	}
	return x.Compare(y)
}
