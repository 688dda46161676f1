package query

import (
	"math"
	"math/bits"
)

// exactSum adds numbers without rounding, so that a sum depends on what was added
// and taken away again but not on the order: it is a fixed point number wide
// enough for every float64, and for 2^63 of the greatest. The zero exactSum is
// zero.
//
// Limb n counts units of 2^(32n-1088). Limbs are signed and have room beyond 32
// bits; carries are settled when that might not do, and before the sum is read.
type exactSum struct {
	limbs     [limbs]int64
	unsettled int // additions since carries were settled

	// How many numbers were added that are not finite.
	nans, plusInf, minusInf int
}

const (
	limbs    = 68
	limbBits = 32
	lowest   = -1088 // the exponent of the least bit; that of float64 is -1074
	unitLimb = -lowest / limbBits
	room     = 1 << 29 // additions that limbs have room for
)

// addFloat adds a number sign times, which is 1 or -1.
func (s *exactSum) addFloat(f float64, sign int64) {
	switch {
	case math.IsNaN(f):
		s.nans += int(sign)
		return
	case math.IsInf(f, 1):
		s.plusInf += int(sign)
		return
	case math.IsInf(f, -1):
		s.minusInf += int(sign)
		return
	}
	if math.Signbit(f) {
		sign = -sign
	}
	raw := math.Float64bits(f)
	mantissa, exponent := raw&(1<<52-1), int(raw>>52&(1<<11-1))
	if exponent > 0 {
		mantissa |= 1 << 52
		exponent--
	}
	at := exponent - 1074 - lowest
	s.add(at/limbBits, mantissa<<(at%limbBits)&math.MaxUint32, sign)
	// The shift drops what lies above 64 bits, which is taken from the number itself.
	s.add(at/limbBits+1, mantissa>>(limbBits-at%limbBits)&math.MaxUint32, sign)
	s.add(at/limbBits+2, mantissa>>(2*limbBits-at%limbBits), sign)
	s.added()
}

// addWhole adds an integer of a sign.
func (s *exactSum) addWhole(size uint64, sign int64) {
	s.add(unitLimb, size&math.MaxUint32, sign)
	s.add(unitLimb+1, size>>limbBits, sign)
	s.added()
}

func (s *exactSum) add(limb int, n uint64, sign int64) {
	if n != 0 {
		s.limbs[limb] += sign * int64(n)
	}
}

func (s *exactSum) added() {
	if s.unsettled++; s.unsettled >= room {
		s.settle()
	}
}

// settle carries what does not fit 32 bits, so that all limbs but the last are
// from 0 to 2^32-1. The last one has the sign.
func (s *exactSum) settle() {
	carry := int64(0)
	for i := range s.limbs[:limbs-1] {
		n := s.limbs[i] + carry
		carry = n >> limbBits
		s.limbs[i] = n & math.MaxUint32
	}
	s.limbs[limbs-1] += carry
	s.unsettled = 0
}

// magnitude returns the size of the sum as settled limbs, and its sign.
func (s *exactSum) magnitude() (size [limbs]int64, negative bool) {
	s.settle()
	if s.limbs[limbs-1] >= 0 {
		return s.limbs, false
	}
	minus := *s
	for i := range minus.limbs {
		minus.limbs[i] = -minus.limbs[i]
	}
	minus.settle()
	return minus.limbs, true
}

// whole returns the sum if it is an integer of at most 64 bits and a sign.
func (s *exactSum) whole() (w whole, ok bool) {
	if s.nans != 0 || s.plusInf != 0 || s.minusInf != 0 {
		return w, false
	}
	size, negative := s.magnitude()
	for i, n := range size {
		if n != 0 && i != unitLimb && i != unitLimb+1 {
			return w, false
		}
	}
	return whole{uint64(size[unitLimb]) | uint64(size[unitLimb+1])<<limbBits, negative}, true
}

// float returns the float64 nearest to the sum, of two the even one.
func (s *exactSum) float() float64 {
	switch {
	case s.nans != 0 || s.plusInf != 0 && s.minusInf != 0:
		return math.NaN()
	case s.plusInf != 0:
		return math.Inf(1)
	case s.minusInf != 0:
		return math.Inf(-1)
	}
	size, negative := s.magnitude()
	f := nearest(&size)
	if negative {
		f = -f
	}
	return f
}

// nearest rounds settled limbs.
func nearest(size *[limbs]int64) float64 {
	top := limbs - 1
	for top > 0 && size[top] == 0 {
		top--
	}
	// The last limb may hold more than 32 bits, but then all is beyond float64.
	if top == 0 && size[0] == 0 {
		return 0
	}
	bit := top*limbBits + bits.Len64(uint64(size[top])) - 1 // the greatest one
	low := max(bit-52, -1074-lowest)                        // the least that a float64 has
	mantissa := uint64(0)
	for i := max(low, 0); i <= bit; i++ {
		mantissa |= bitAt(size, i) << (i - low)
	}
	if half := low - 1; half >= 0 && bitAt(size, half) == 1 && (mantissa&1 == 1 || anyBelow(size, half)) {
		mantissa++
	}
	return math.Ldexp(float64(mantissa), low+lowest)
}

func bitAt(size *[limbs]int64, bit int) uint64 {
	i := min(bit/limbBits, limbs-1)
	return uint64(size[i]) >> (bit - i*limbBits) & 1
}

// anyBelow reports whether one of the bits below one is set.
func anyBelow(size *[limbs]int64, bit int) bool {
	i := min(bit/limbBits, limbs-1)
	for _, n := range size[:i] {
		if n != 0 {
			return true
		}
	}
	return uint64(size[i])&(1<<(bit-i*limbBits)-1) != 0
}
