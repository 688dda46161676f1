package model

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestOrderLaws checks that Compare is a total preorder and that keys follow it.
func TestOrderLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawValue(t, "a"), drawValue(t, "b"), drawValue(t, "c")
		if got := a.Compare(a); got != 0 {
			t.Fatalf("(%v).Compare itself = %d", a, got)
		}
		checkPair(t, a, b)
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Fatalf("not transitive: %v <= %v <= %v", a, b, c)
		}
	})
}

// checkPair holds two values against what must be true of any two.
func checkPair(t interface{ Fatalf(string, ...any) }, a, b Value) {
	ab, ba := a.Compare(b), b.Compare(a)
	if ab != -ba {
		t.Fatalf("not antisymmetric: %v %v: %d, %d", a, b, ab, ba)
	}
	if (ab == 0) != a.Equal(b) {
		t.Fatalf("Equal(%v, %v) disagrees with Compare", a, b)
	}
	if ab == 0 && a.Type() == b.Type() && a != b {
		t.Fatalf("%v and %v of one type compare equal but differ", a, b)
	}
	if got := compareKeys(a, b, false); got != ab {
		t.Fatalf("keys of %v and %v: bytes.Compare = %d, Compare = %d", a, b, got, ab)
	}
	if got := compareKeys(a, b, true); got != -ab {
		t.Fatalf("descending keys of %v and %v: bytes.Compare = %d, Compare = %d", a, b, got, ab)
	}
}

// TestOrderOfTraps checks all pairs and triples of the values at borders.
func TestOrderOfTraps(t *testing.T) {
	values := traps()
	for _, a := range values {
		for _, b := range values {
			checkPair(t, a, b)
		}
	}
	sorted := slices.Clone(values)
	slices.SortFunc(sorted, Value.Compare)
	for i := range sorted {
		for j := i; j < len(sorted); j++ {
			require.LessOrEqual(t, sorted[i].Compare(sorted[j]), 0, "%v %v", sorted[i], sorted[j])
		}
	}
}

// exact is a number as math/big has it; NaN has none.
func exact(v Value) (n *big.Rat, infinite int) {
	switch v.Type() {
	case TypeInt:
		return new(big.Rat).SetInt64(v.Int()), 0
	case TypeUint:
		return new(big.Rat).SetUint64(v.Uint()), 0
	}
	switch f := v.Float(); {
	case math.IsNaN(f):
		return nil, 2
	case math.IsInf(f, 1):
		return nil, 1
	case math.IsInf(f, -1):
		return nil, -1
	default:
		return new(big.Rat).SetFloat64(f), 0
	}
}

func compareExact(v, w Value) int {
	a, x := exact(v)
	b, y := exact(w)
	if x != 0 || y != 0 {
		return cmp.Compare(x, y)
	}
	return a.Cmp(b)
}

func TestNumbersCompareExactly(t *testing.T) {
	number := rapid.Custom(func(t *rapid.T) Value {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return OfInt(rapid.Int64().Draw(t, "int"))
		case 1:
			return OfUint(rapid.Uint64().Draw(t, "uint"))
		case 2:
			return OfFloat(math.Float64frombits(rapid.Uint64().Draw(t, "bits")))
		default:
			return OfFloat(float64(rapid.Int64().Draw(t, "int")) + rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "off"))
		}
	})
	check := func(t interface{ Fatalf(string, ...any) }, a, b Value) {
		want := compareExact(a, b)
		if got := a.Compare(b); got != want {
			t.Fatalf("(%v %v).Compare(%v %v) = %d, want %d", a.Type(), a, b.Type(), b, got, want)
		}
		if got := compareKeys(a, b, false); got != want {
			t.Fatalf("keys of %v %v and %v %v compare %d, want %d", a.Type(), a, b.Type(), b, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := number.Draw(t, "a")
		check(t, a, number.Draw(t, "b"))
		// A number's nearest neighbours are where rounding would show.
		for _, typ := range []Type{TypeInt, TypeUint, TypeFloat} {
			check(t, a, (&Field{Type: typ}).number(a))
		}
	})
	for _, a := range traps() {
		for _, b := range traps() {
			if a.Type().IsNumber() && b.Type().IsNumber() {
				check(t, a, b)
			}
		}
	}
}

func TestTypesHaveOneOrder(t *testing.T) {
	want := []string{
		"null", "false", "true", "float NaN", `string "a"`, `bytes "a"`, "time 1986-03-31T00:00:00Z", "duration 1s",
		"id 01ARZ3NDEKTSV4RRFFQ69G5FAV", "json []", "json {}",
	}
	for i := 1; i < len(want); i++ {
		a, b := parseValue(t, want[i-1]), parseValue(t, want[i])
		require.Equal(t, -1, a.Compare(b), "%v sorts before %v", a, b)
	}
}

func TestJSONScalarsCompareAsWhatTheyHold(t *testing.T) {
	for _, pair := range [][2]string{
		{"json 5", "int 5"},
		{"json 5", "uint 5"},
		{"json 5.0", "float 5"},
		{"json 0.5", "float 0.5"},
		{"json true", "true"},
		{`json "a\n"`, `string "a\n"`},
		{"json null", "null"},
		{"json 18446744073709551615", "uint 18446744073709551615"},
	} {
		a, b := parseValue(t, pair[0]), parseValue(t, pair[1])
		require.Equal(t, 0, a.Compare(b), "%s = %s", pair[0], pair[1])
		require.True(t, b.Equal(a), "%s = %s", pair[0], pair[1])
		require.Equal(t, key(a, false), key(b, false), "%s = %s", pair[0], pair[1])
	}
	require.Equal(t, 1, parseValue(t, "json 10").Compare(parseValue(t, "json 9")), "numbers, not texts")
}
