package query

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSumsAreExact compares sums with those of arbitrary precision, rounded once.
func TestSumsAreExact(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	number := func() float64 {
		switch rng.IntN(6) {
		case 0:
			return float64(rng.IntN(100) - 50)
		case 1:
			return math.Float64frombits(rng.Uint64N(1 << 52)) // subnormal
		case 2:
			return math.MaxFloat64 * float64(rng.IntN(3)-1)
		}
		for {
			if f := math.Float64frombits(rng.Uint64()); !math.IsNaN(f) && !math.IsInf(f, 0) {
				return f
			}
		}
	}
	for range 2000 {
		var s, reverse exactSum
		want := new(big.Float).SetPrec(3000)
		var all []float64
		for range rng.IntN(12) {
			f := number()
			all = append(all, f)
			s.addFloat(f, 1)
			want.Add(want, big.NewFloat(f).SetPrec(3000))
			if rng.IntN(3) == 0 {
				n := rng.Uint64()
				s.addWhole(n, -1)
				reverse.addWhole(n, -1)
				want.Sub(want, new(big.Float).SetPrec(3000).SetUint64(n))
			}
			if rng.IntN(3) == 0 {
				gone := number()
				s.addFloat(gone, 1)
				s.addFloat(gone, -1)
			}
		}
		for i := range all {
			reverse.addFloat(all[len(all)-1-i], 1)
		}
		f, _ := want.Float64()
		require.Equal(t, f, s.float(), "seed %d: %v", seed, all)
		require.Equal(t, f, reverse.float(), "seed %d", seed)
		if w, ok := s.whole(); ok {
			require.True(t, want.IsInt(), "seed %d", seed)
			n := new(big.Int).SetUint64(w.size)
			if w.negative {
				n.Neg(n)
			}
			exact, _ := want.Int(nil)
			require.Equal(t, exact, n)
		} else if want.IsInt() {
			exact, _ := want.Int(nil)
			require.Greater(t, exact.BitLen(), 64, "seed %d: %v", seed, want)
		}
	}
}

func TestSumsOfWhatIsNotFinite(t *testing.T) {
	var s exactSum
	inf := math.Inf(1)
	s.addFloat(1, 1)
	s.addFloat(inf, 1)
	require.Equal(t, inf, s.float())
	s.addFloat(-inf, 1)
	require.True(t, math.IsNaN(s.float()))
	s.addFloat(inf, -1)
	require.Equal(t, -inf, s.float())
	s.addFloat(-inf, -1)
	require.Equal(t, 1.0, s.float())
	s.addFloat(math.NaN(), 1)
	require.True(t, math.IsNaN(s.float()))
	s.addFloat(math.NaN(), -1)
	require.Equal(t, 1.0, s.float())
	s.addFloat(math.MaxFloat64, 1)
	s.addFloat(math.MaxFloat64, 1)
	require.Equal(t, inf, s.float())
}
