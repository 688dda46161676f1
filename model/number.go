package model

import (
	"cmp"
	"math"
	"strconv"
)

// The borders of the integer types, as floats.
const (
	two53 = 1 << 53 // every integer up to here is a float64
	two63 = 1 << 63
	two64 = 1 << 64
)

func isFinite(f float64) bool { return f-f == 0 }

// floatToInt truncates f towards zero, limited to the range of int64 (NaN is 0),
// and reports whether that is f exactly.
func floatToInt(f float64) (int64, bool) {
	switch {
	case f >= two63:
		return math.MaxInt64, false
	case f < -two63:
		return math.MinInt64, false
	case f != f:
		return 0, false
	}
	n := int64(f)
	return n, float64(n) == f
}

// floatToUint is floatToInt for uint64.
func floatToUint(f float64) (uint64, bool) {
	switch {
	case f >= two64:
		return math.MaxUint64, false
	case f < 0 || f != f:
		return 0, false
	}
	n := uint64(f)
	return n, float64(n) == f
}

// compareFloats orders floats with NaN last and equal to itself.
func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	case a == b:
		return 0
	case a == a:
		return -1
	case b == b:
		return 1
	}
	return 0
}

// compareIntFloat compares by exact mathematical value.
func compareIntFloat(n int64, f float64) int {
	switch {
	case f >= two63 || f != f:
		return -1
	case f < -two63:
		return 1
	}
	whole := int64(f)
	if n != whole {
		return cmp.Compare(n, whole)
	}
	return compareFloats(float64(whole), f)
}

// compareUintFloat compares by exact mathematical value.
func compareUintFloat(n uint64, f float64) int {
	switch {
	case f >= two64 || f != f:
		return -1
	case f < 0:
		return 1
	}
	whole := uint64(f)
	if n != whole {
		return cmp.Compare(n, whole)
	}
	return compareFloats(float64(whole), f)
}

// compareIntUint compares by exact mathematical value.
func compareIntUint(n int64, u uint64) int {
	if n < 0 {
		return -1
	}
	return cmp.Compare(uint64(n), u)
}

// compareNumbers compares numbers of two different types.
func compareNumbers(v, w Value) int {
	switch {
	case v.Type() == TypeInt && w.Type() == TypeUint:
		return compareIntUint(int64(v.n), w.n)
	case v.Type() == TypeInt:
		return compareIntFloat(int64(v.n), w.Float())
	case v.Type() == TypeUint && w.Type() == TypeFloat:
		return compareUintFloat(v.n, w.Float())
	}
	return -compareNumbers(w, v)
}

// floatLiteral writes f so that it reads as a float again.
func floatLiteral(f float64) string {
	switch {
	case f != f:
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == math.Trunc(f) && math.Abs(f) < 1e15:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
