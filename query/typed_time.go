package query

import "time"

// Eq is column = v.
func (c Time[S, T]) Eq(v T) Predicate[S] { return compare[S](string(c), Eq, v) }

// Ne is column != v.
func (c Time[S, T]) Ne(v T) Predicate[S] { return compare[S](string(c), Ne, v) }

// Lt is column < v.
func (c Time[S, T]) Lt(v T) Predicate[S] { return compare[S](string(c), Lt, v) }

// Le is column <= v.
func (c Time[S, T]) Le(v T) Predicate[S] { return compare[S](string(c), Le, v) }

// Gt is column > v.
func (c Time[S, T]) Gt(v T) Predicate[S] { return compare[S](string(c), Gt, v) }

// Ge is column >= v.
func (c Time[S, T]) Ge(v T) Predicate[S] { return compare[S](string(c), Ge, v) }

// Between is column BETWEEN low AND high, both included.
func (c Time[S, T]) Between(low, high T) Predicate[S] {
	return between[S](string(c), low, high)
}

// In is column IN (values...); no value, no match.
func (c Time[S, T]) In(values ...T) Predicate[S] { return in[S](string(c), values, false) }

// NotIn is column NOT IN (values...).
func (c Time[S, T]) NotIn(values ...T) Predicate[S] { return in[S](string(c), values, true) }

// IsNull holds where the column is not set.
func (c Time[S, T]) IsNull() Predicate[S] { return null[S](string(c), false) }

// IsNotNull holds where the column is set.
func (c Time[S, T]) IsNotNull() Predicate[S] { return null[S](string(c), true) }

// Asc orders by the column, ascending.
func (c Time[S, T]) Asc() Order[S] { return order[S](string(c), false) }

// Desc orders by the column, descending.
func (c Time[S, T]) Desc() Order[S] { return order[S](string(c), true) }

// Eq is column = v.
func (c Duration[S, T]) Eq(v T) Predicate[S] { return compare[S](string(c), Eq, time.Duration(v)) }

// Ne is column != v.
func (c Duration[S, T]) Ne(v T) Predicate[S] { return compare[S](string(c), Ne, time.Duration(v)) }

// Lt is column < v.
func (c Duration[S, T]) Lt(v T) Predicate[S] { return compare[S](string(c), Lt, time.Duration(v)) }

// Le is column <= v.
func (c Duration[S, T]) Le(v T) Predicate[S] { return compare[S](string(c), Le, time.Duration(v)) }

// Gt is column > v.
func (c Duration[S, T]) Gt(v T) Predicate[S] { return compare[S](string(c), Gt, time.Duration(v)) }

// Ge is column >= v.
func (c Duration[S, T]) Ge(v T) Predicate[S] { return compare[S](string(c), Ge, time.Duration(v)) }

// Between is column BETWEEN low AND high, both included.
func (c Duration[S, T]) Between(low, high T) Predicate[S] {
	return between[S](string(c), time.Duration(low), time.Duration(high))
}

// In is column IN (values...); no value, no match.
func (c Duration[S, T]) In(values ...T) Predicate[S] { return in[S](string(c), values, false) }

// NotIn is column NOT IN (values...).
func (c Duration[S, T]) NotIn(values ...T) Predicate[S] { return in[S](string(c), values, true) }

// IsNull holds where the column is not set.
func (c Duration[S, T]) IsNull() Predicate[S] { return null[S](string(c), false) }

// IsNotNull holds where the column is set.
func (c Duration[S, T]) IsNotNull() Predicate[S] { return null[S](string(c), true) }

// Asc orders by the column, ascending.
func (c Duration[S, T]) Asc() Order[S] { return order[S](string(c), false) }

// Desc orders by the column, descending.
func (c Duration[S, T]) Desc() Order[S] { return order[S](string(c), true) }

// Eq is column = v.
func (c ID[S, T]) Eq(v T) Predicate[S] { return compare[S](string(c), Eq, v) }

// Ne is column != v.
func (c ID[S, T]) Ne(v T) Predicate[S] { return compare[S](string(c), Ne, v) }

// Lt is column < v.
func (c ID[S, T]) Lt(v T) Predicate[S] { return compare[S](string(c), Lt, v) }

// Le is column <= v.
func (c ID[S, T]) Le(v T) Predicate[S] { return compare[S](string(c), Le, v) }

// Gt is column > v.
func (c ID[S, T]) Gt(v T) Predicate[S] { return compare[S](string(c), Gt, v) }

// Ge is column >= v.
func (c ID[S, T]) Ge(v T) Predicate[S] { return compare[S](string(c), Ge, v) }

// Between is column BETWEEN low AND high, both included.
func (c ID[S, T]) Between(low, high T) Predicate[S] {
	return between[S](string(c), low, high)
}

// In is column IN (values...); no value, no match.
func (c ID[S, T]) In(values ...T) Predicate[S] { return in[S](string(c), values, false) }

// NotIn is column NOT IN (values...).
func (c ID[S, T]) NotIn(values ...T) Predicate[S] { return in[S](string(c), values, true) }

// IsNull holds where the column is not set.
func (c ID[S, T]) IsNull() Predicate[S] { return null[S](string(c), false) }

// IsNotNull holds where the column is set.
func (c ID[S, T]) IsNotNull() Predicate[S] { return null[S](string(c), true) }

// Asc orders by the column, ascending.
func (c ID[S, T]) Asc() Order[S] { return order[S](string(c), false) }

// Desc orders by the column, descending.
func (c ID[S, T]) Desc() Order[S] { return order[S](string(c), true) }
