package query

// Eq is column = v.
func (c Number[S, T]) Eq(v T) Predicate[S] { return compare[S](string(c), Eq, v) }

// Ne is column != v.
func (c Number[S, T]) Ne(v T) Predicate[S] { return compare[S](string(c), Ne, v) }

// Lt is column < v.
func (c Number[S, T]) Lt(v T) Predicate[S] { return compare[S](string(c), Lt, v) }

// Le is column <= v.
func (c Number[S, T]) Le(v T) Predicate[S] { return compare[S](string(c), Le, v) }

// Gt is column > v.
func (c Number[S, T]) Gt(v T) Predicate[S] { return compare[S](string(c), Gt, v) }

// Ge is column >= v.
func (c Number[S, T]) Ge(v T) Predicate[S] { return compare[S](string(c), Ge, v) }

// Between is column BETWEEN low AND high, both included.
func (c Number[S, T]) Between(low, high T) Predicate[S] {
	return between[S](string(c), low, high)
}

// In is column IN (values...); no value, no match.
func (c Number[S, T]) In(values ...T) Predicate[S] { return in[S](string(c), values, false) }

// NotIn is column NOT IN (values...).
func (c Number[S, T]) NotIn(values ...T) Predicate[S] { return in[S](string(c), values, true) }

// IsNull holds where the column is not set.
func (c Number[S, T]) IsNull() Predicate[S] { return null[S](string(c), false) }

// IsNotNull holds where the column is set.
func (c Number[S, T]) IsNotNull() Predicate[S] { return null[S](string(c), true) }

// Asc orders by the column, ascending.
func (c Number[S, T]) Asc() Order[S] { return order[S](string(c), false) }

// Desc orders by the column, descending.
func (c Number[S, T]) Desc() Order[S] { return order[S](string(c), true) }

// Eq is column = v.
func (c Bool[S, T]) Eq(v T) Predicate[S] { return compare[S](string(c), Eq, v) }

// Ne is column != v.
func (c Bool[S, T]) Ne(v T) Predicate[S] { return compare[S](string(c), Ne, v) }

// IsNull holds where the column is not set.
func (c Bool[S, T]) IsNull() Predicate[S] { return null[S](string(c), false) }

// IsNotNull holds where the column is set.
func (c Bool[S, T]) IsNotNull() Predicate[S] { return null[S](string(c), true) }

// Asc orders by the column, ascending.
func (c Bool[S, T]) Asc() Order[S] { return order[S](string(c), false) }

// Desc orders by the column, descending.
func (c Bool[S, T]) Desc() Order[S] { return order[S](string(c), true) }
