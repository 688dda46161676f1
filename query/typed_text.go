package query

// Eq is column = v.
func (c Text[S, T]) Eq(v T) Predicate[S] { return compare[S](string(c), Eq, v) }

// Ne is column != v.
func (c Text[S, T]) Ne(v T) Predicate[S] { return compare[S](string(c), Ne, v) }

// Lt is column < v.
func (c Text[S, T]) Lt(v T) Predicate[S] { return compare[S](string(c), Lt, v) }

// Le is column <= v.
func (c Text[S, T]) Le(v T) Predicate[S] { return compare[S](string(c), Le, v) }

// Gt is column > v.
func (c Text[S, T]) Gt(v T) Predicate[S] { return compare[S](string(c), Gt, v) }

// Ge is column >= v.
func (c Text[S, T]) Ge(v T) Predicate[S] { return compare[S](string(c), Ge, v) }

// Between is column BETWEEN low AND high, both included.
func (c Text[S, T]) Between(low, high T) Predicate[S] {
	return between[S](string(c), low, high)
}

// In is column IN (values...); no value, no match.
func (c Text[S, T]) In(values ...T) Predicate[S] { return in[S](string(c), values, false) }

// NotIn is column NOT IN (values...).
func (c Text[S, T]) NotIn(values ...T) Predicate[S] { return in[S](string(c), values, true) }

// Like is column LIKE pattern, without an escape character.
func (c Text[S, T]) Like(pattern string) Predicate[S] { return like[S](string(c), pattern) }

// ILike is column ILIKE pattern: LIKE, whatever the case.
func (c Text[S, T]) ILike(pattern string) Predicate[S] {
	return likeOf[S](columnOf(string(c)), LikeFolded, pattern)
}

// StartsWith is column STARTS WITH prefix.
func (c Text[S, T]) StartsWith(prefix string) Predicate[S] {
	return likeOf[S](columnOf(string(c)), LikePrefix, prefix)
}

// Match is column MATCH words; see package text for what words may be.
func (c Text[S, T]) Match(words string) Predicate[S] { return match[S](columnOf(string(c)), words) }

// Len is the number of characters, as a value to compare.
func (c Text[S, T]) Len() Computed[S] {
	return Computed[S]{&CallExpr{Func: FuncLen, Arg: columnOf(string(c))}}
}

// IsNull holds where the column is not set.
func (c Text[S, T]) IsNull() Predicate[S] { return null[S](string(c), false) }

// IsNotNull holds where the column is set.
func (c Text[S, T]) IsNotNull() Predicate[S] { return null[S](string(c), true) }

// Asc orders by the column, ascending.
func (c Text[S, T]) Asc() Order[S] { return order[S](string(c), false) }

// Desc orders by the column, descending.
func (c Text[S, T]) Desc() Order[S] { return order[S](string(c), true) }

// Eq is column = v.
func (c Bytes[S, T]) Eq(v T) Predicate[S] { return compare[S](string(c), Eq, v) }

// Ne is column != v.
func (c Bytes[S, T]) Ne(v T) Predicate[S] { return compare[S](string(c), Ne, v) }

// In is column IN (values...); no value, no match.
func (c Bytes[S, T]) In(values ...T) Predicate[S] { return in[S](string(c), values, false) }

// NotIn is column NOT IN (values...).
func (c Bytes[S, T]) NotIn(values ...T) Predicate[S] { return in[S](string(c), values, true) }

// IsNull holds where the column is not set.
func (c Bytes[S, T]) IsNull() Predicate[S] { return null[S](string(c), false) }

// IsNotNull holds where the column is set.
func (c Bytes[S, T]) IsNotNull() Predicate[S] { return null[S](string(c), true) }

// Asc orders by the column, ascending.
func (c Bytes[S, T]) Asc() Order[S] { return order[S](string(c), false) }

// Desc orders by the column, descending.
func (c Bytes[S, T]) Desc() Order[S] { return order[S](string(c), true) }
