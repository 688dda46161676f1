package query

import (
	"math"
	"math/bits"
	"time"

	"github.com/tidwall/btree"

	"github.com/ankgo/ank/model"
)

// Accumulator computes an aggregate from values that come one by one. One that was
// made removable also forgets values, in any order: what it says then is what it
// would say had they never come, bit for bit. It is for one goroutine.
type Accumulator struct{ accumulator }

// Add takes a value in. NULL is passed over, but by COUNT(*), which counts
// whatever it is given.
func (a Accumulator) Add(v model.Value) { a.change(v, 1) }

// Remove takes a value away that was added before. The accumulator must be
// removable.
func (a Accumulator) Remove(v model.Value) { a.change(v, -1) }

// Value returns the aggregate of the values: NULL of none, but COUNT is 0.
func (a Accumulator) Value() model.Value { return a.value() }

// Kept is the number of values that the accumulator keeps one by one: the distinct
// ones of COUNT(DISTINCT) and the like, and of a removable MIN or MAX.
func (a Accumulator) Kept() int {
	if k, ok := a.accumulator.(interface{ kept() int }); ok {
		return k.kept()
	}
	return 0
}

// accumulator adds a value sign times, 1 or -1.
type accumulator interface {
	change(v model.Value, sign int64)
	value() model.Value
}

// New returns an accumulator of no values.
func (a *Aggregate) New(removable bool) Accumulator {
	var acc accumulator
	switch a.Func {
	case FuncCount:
		acc = &counter{rows: a.Rows}
	case FuncSum, FuncAvg:
		acc = &summer{of: a}
	default:
		if removable {
			return Accumulator{newExtreme(a.Func == FuncMax)}
		}
		return Accumulator{&best{max: a.Func == FuncMax}}
	}
	if a.Distinct {
		acc = &distinct{of: acc, counts: map[model.Value]int64{}}
	}
	return Accumulator{acc}
}

// counter counts what is not NULL, or everything.
type counter struct {
	rows bool
	n    int64
}

func (c *counter) change(v model.Value, sign int64) {
	if c.rows || !v.IsNull() {
		c.n += sign
	}
}

func (c *counter) value() model.Value { return model.OfInt(c.n) }

// distinct passes values on that come for the first time, and those that go for
// the last time.
type distinct struct {
	of     accumulator
	counts map[model.Value]int64
}

func (d *distinct) change(v model.Value, sign int64) {
	if v.IsNull() {
		return
	}
	v = oneForm(v)
	n := d.counts[v]
	if n += sign; n == 0 {
		delete(d.counts, v)
	} else {
		d.counts[v] = n
	}
	if n == 0 || n == 1 && sign > 0 {
		d.of.change(v, sign)
	}
}

// oneForm gives numbers that compare equal one form.
func oneForm(v model.Value) model.Value {
	if v.Type() == model.TypeFloat || v.Type() == model.TypeUint {
		return plain(v)
	}
	return v
}

func (d *distinct) value() model.Value { return d.of.value() }

func (d *distinct) kept() int { return len(d.counts) }

// best keeps the least or greatest value.
type best struct {
	max bool
	v   model.Value
}

func (b *best) change(v model.Value, _ int64) {
	switch {
	case v.IsNull():
	case b.v.IsNull(), b.max && v.Compare(b.v) > 0, !b.max && v.Compare(b.v) < 0:
		b.v = v
	}
}

func (b *best) value() model.Value { return b.v }

// extreme keeps all values in order, so that the next one is known when the least
// or greatest goes.
type extreme struct {
	max    bool
	values *btree.BTreeG[counted]
}

type counted struct {
	v model.Value
	n int64
}

func newExtreme(isMax bool) *extreme {
	less := func(a, b counted) bool { return compareTyped(a.v, b.v) < 0 }
	return &extreme{isMax, btree.NewBTreeGOptions(less, btree.Options{NoLocks: true, Degree: 8})}
}

func (e *extreme) change(v model.Value, sign int64) {
	if v.IsNull() {
		return
	}
	c := counted{v: v}
	if old, ok := e.values.Get(c); ok {
		c.n = old.n
	}
	if c.n += sign; c.n == 0 {
		e.values.Delete(c)
	} else {
		e.values.Set(c)
	}
}

func (e *extreme) kept() int { return e.values.Len() }

func (e *extreme) value() model.Value {
	end := e.values.Min
	if e.max {
		end = e.values.Max
	}
	c, _ := end()
	return c.v
}

// summer adds up numbers or durations.
type summer struct {
	of    *Aggregate
	n     int64  // numbers that were added
	low   uint64 // of the sum of integers, in two's complement
	high  int64
	exact *exactSum // of the others; nil if there never was one
}

func (s *summer) change(v model.Value, sign int64) {
	switch v.Type() {
	case model.TypeInt:
		s.addWhole(v.Int(), sign)
	case model.TypeDuration:
		s.addWhole(int64(v.Duration()), sign)
	case model.TypeUint:
		s.addWide(v.Uint(), 0, sign)
	case model.TypeFloat:
		if s.exact == nil {
			s.exact = new(exactSum)
		}
		s.exact.addFloat(v.Float(), sign)
	default:
		return
	}
	s.n += sign
}

func (s *summer) addWhole(n, sign int64) { s.addWide(uint64(n), n>>63, sign) }

func (s *summer) addWide(low uint64, high, sign int64) {
	var carry uint64
	if sign > 0 {
		s.low, carry = bits.Add64(s.low, low, 0)
		s.high += high + int64(carry)
		return
	}
	s.low, carry = bits.Sub64(s.low, low, 0)
	s.high -= high + int64(carry)
}

// integers returns the sum of integers as its size and sign.
func (s *summer) integers() (high, low uint64, negative bool) {
	high, low = uint64(s.high), s.low
	if s.high < 0 {
		var borrow uint64
		low, borrow = bits.Sub64(0, low, 0)
		high, _ = bits.Sub64(0, high, borrow)
		return high, low, true
	}
	return high, low, false
}

// total returns the exact sum of everything.
func (s *summer) total() *exactSum {
	t := new(exactSum)
	if s.exact != nil {
		*t = *s.exact
	}
	high, low, negative := s.integers()
	sign := int64(1)
	if negative {
		sign = -1
	}
	t.addWhole(low, sign)
	t.add(unitLimb+2, high&math.MaxUint32, sign)
	t.add(unitLimb+3, high>>limbBits, sign)
	return t
}

func (s *summer) value() model.Value {
	switch {
	case s.n == 0:
		return model.Null
	case s.of.Type == model.TypeDuration:
		return s.duration()
	case s.of.Func == FuncAvg:
		return model.OfFloat(s.total().float() / float64(s.n))
	case s.of.isFloat():
		return model.OfFloat(s.total().float())
	}
	t := s.total()
	if w, ok := t.whole(); ok {
		if v, ok := w.value(); ok {
			return v
		}
	}
	return model.OfFloat(t.float())
}

// isFloat reports whether the values are float64s and nothing else.
func (a *Aggregate) isFloat() bool { return a.Type == model.TypeFloat && !a.dynamic }

// duration is the sum or the average of durations; NULL where it is none.
func (s *summer) duration() model.Value {
	high, low, negative := s.integers()
	if s.of.Func == FuncAvg {
		low, _ = bits.Div64(high, low, uint64(s.n))
		high = 0
	}
	v, ok := whole{low, negative}.value()
	if high != 0 || !ok || v.Type() != model.TypeInt {
		return model.Null
	}
	return model.OfDuration(time.Duration(v.Int()))
}
