package model

// OfPointer returns what p points to as a value, and Null if it points to
// nothing. of makes a value of a T.
func OfPointer[T any](p *T, of func(T) Value) Value {
	if p == nil {
		return Value{}
	}
	return of(*p)
}

// PointerTo points to what get makes of v, and to nothing if v is Null.
func PointerTo[T any](v Value, get func(Value) T) *T {
	if v.IsNull() {
		return nil
	}
	return new(get(v))
}
