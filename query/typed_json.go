package query

import "github.com/ankgo/ank/model"

// Eq is column = v: equal as JSON values.
func (c JSON[S, T]) Eq(v T) Predicate[S] { return compare[S](string(c), Eq, v) }

// Ne is column != v.
func (c JSON[S, T]) Ne(v T) Predicate[S] { return compare[S](string(c), Ne, v) }

// IsNull holds where the column is not set, or JSON null.
func (c JSON[S, T]) IsNull() Predicate[S] { return null[S](string(c), false) }

// IsNotNull holds where the column is set to something other than JSON null.
func (c JSON[S, T]) IsNotNull() Predicate[S] { return null[S](string(c), true) }

// Path goes down into the column: by keys of objects, and by positions in arrays. With
// no key it is the whole column.
func (c JSON[S, T]) Path(keys ...string) JSONPath[S] {
	return JSONPath[S]{append([]string{string(c)}, keys...)}
}

// JSONPath is a place inside a column of JSON. What it holds is known only when
// the query runs, so it is compared with values of any type that [Query.Bind]
// takes; one that cannot be in JSON is an error of [Query.Check].
type JSONPath[S any] struct{ path []string }

// Eq is path = v.
func (j JSONPath[S]) Eq(v any) Predicate[S] { return j.compare(Eq, v) }

// Ne is path != v.
func (j JSONPath[S]) Ne(v any) Predicate[S] { return j.compare(Ne, v) }

// Lt is path < v.
func (j JSONPath[S]) Lt(v any) Predicate[S] { return j.compare(Lt, v) }

// Le is path <= v.
func (j JSONPath[S]) Le(v any) Predicate[S] { return j.compare(Le, v) }

// Gt is path > v.
func (j JSONPath[S]) Gt(v any) Predicate[S] { return j.compare(Gt, v) }

// Ge is path >= v.
func (j JSONPath[S]) Ge(v any) Predicate[S] { return j.compare(Ge, v) }

// Between is path BETWEEN low AND high, both included.
func (j JSONPath[S]) Between(low, high any) Predicate[S] {
	return Predicate[S]{&BetweenExpr{X: j.column(nil), Low: literalOf(low), High: literalOf(high)}}
}

// In is path IN (values...).
func (j JSONPath[S]) In(values ...any) Predicate[S] {
	return Predicate[S]{&InExpr{X: j.column(nil), List: literalsOf(values)}}
}

// NotIn is path NOT IN (values...).
func (j JSONPath[S]) NotIn(values ...any) Predicate[S] {
	return Predicate[S]{&InExpr{X: j.column(nil), List: literalsOf(values), Negated: true}}
}

// Like is path LIKE pattern, without an escape character.
func (j JSONPath[S]) Like(pattern string) Predicate[S] {
	return Predicate[S]{&LikeExpr{X: j.column(nil), Pattern: &LiteralExpr{Value: model.OfString(pattern)}}}
}

// ILike is path ILIKE pattern: LIKE, whatever the case.
func (j JSONPath[S]) ILike(pattern string) Predicate[S] {
	return likeOf[S](j.column(nil), LikeFolded, pattern)
}

// StartsWith is path STARTS WITH prefix.
func (j JSONPath[S]) StartsWith(prefix string) Predicate[S] {
	return likeOf[S](j.column(nil), LikePrefix, prefix)
}

// Match is path MATCH words; see package text for what words may be.
func (j JSONPath[S]) Match(words string) Predicate[S] { return match[S](j.column(nil), words) }

// Contains is path CONTAINS v: the array there has that element.
func (j JSONPath[S]) Contains(v any) Predicate[S] { return contains[S](j, One, []any{v}) }

// ContainsAny is path CONTAINS ANY (values...).
func (j JSONPath[S]) ContainsAny(values ...any) Predicate[S] { return contains[S](j, Any, values) }

// ContainsAll is path CONTAINS ALL (values...).
func (j JSONPath[S]) ContainsAll(values ...any) Predicate[S] { return contains[S](j, All, values) }

func contains[S any](j JSONPath[S], n Quantity, values []any) Predicate[S] {
	return Predicate[S]{&ContainsExpr{X: j.column(nil), Quantity: n, List: literalsOf(values)}}
}

// Len is the number of elements, members or characters at the path, as a value to
// compare.
func (j JSONPath[S]) Len() Computed[S] {
	return Computed[S]{&CallExpr{Func: FuncLen, Arg: j.column(nil)}}
}

// IsMissing holds where there is nothing at the path, not even JSON null.
func (j JSONPath[S]) IsMissing() Predicate[S] {
	return Predicate[S]{&NullExpr{X: j.column(nil), Missing: true}}
}

// IsNull holds where there is nothing at the path, or JSON null.
func (j JSONPath[S]) IsNull() Predicate[S] { return Predicate[S]{&NullExpr{X: j.column(nil)}} }

// IsNotNull holds where there is something other than JSON null.
func (j JSONPath[S]) IsNotNull() Predicate[S] {
	return Predicate[S]{&NullExpr{X: j.column(nil), Negated: true}}
}

// Asc orders by what is at the path, ascending.
func (j JSONPath[S]) Asc() Order[S] { return Order[S]{OrderTerm{X: j.column(nil)}} }

// Desc orders by what is at the path, descending.
func (j JSONPath[S]) Desc() Order[S] { return Order[S]{OrderTerm{X: j.column(nil), Desc: true}} }

func (j JSONPath[S]) compare(op Op, v any) Predicate[S] {
	return Predicate[S]{&CompareExpr{Op: op, X: j.column(nil), Y: literalOf(v)}}
}
