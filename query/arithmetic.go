package query

import (
	"math"
	"math/bits"
	"time"

	"github.com/ankgo/ank/model"
)

// arithmetic computes x op y. It is NULL if a side is, if the kinds do not go
// together, which happens in JSON only, and where there is no result: beyond the
// range of times and durations, and after a division by zero.
func arithmetic(op Arith, x, y model.Value) model.Value {
	switch {
	case x.Type().IsNumber() && y.Type().IsNumber():
		return calculate(op, x, y)
	case x.Type() == model.TypeTime:
		return fromTime(op, x.Time(), y)
	case x.Type() == model.TypeDuration && y.Type() == model.TypeTime && op == Plus:
		return addTime(y.Time(), x.Duration(), 1)
	case x.Type() == model.TypeDuration:
		return fromDuration(op, x.Duration(), y)
	case y.Type() == model.TypeDuration && x.Type().IsNumber() && op == Times:
		return scale(y.Duration(), x, false)
	}
	return model.Null
}

// kindOfArith returns the kind of x op y, and whether there is such a thing.
func kindOfArith(op Arith, x, y kind) (kind, bool) {
	if x == kindJSON {
		x = kindNumber
	}
	if y == kindJSON {
		y = kindNumber
	}
	switch {
	case x == kindNumber && y == kindNumber:
		return kindNumber, true
	case x == kindTime && y == kindTime && op == Minus:
		return kindDuration, true
	case x == kindTime && y == kindDuration && (op == Plus || op == Minus), x == kindDuration && y == kindTime && op == Plus:
		return kindTime, true
	case x == kindDuration && y == kindDuration:
		switch op {
		case Plus, Minus, Modulo:
			return kindDuration, true
		case Over:
			return kindNumber, true
		}
	case x == kindDuration && y == kindNumber && (op == Times || op == Over), x == kindNumber && y == kindDuration && op == Times:
		return kindDuration, true
	}
	return 0, false
}

// calculate computes with numbers: exactly with integers, as long as the result
// is one that fits, otherwise with the nearest float64s.
func calculate(op Arith, x, y model.Value) model.Value {
	if (op == Over || op == Modulo) && y.Float() == 0 {
		return model.Null
	}
	if x.Type() != model.TypeFloat && y.Type() != model.TypeFloat {
		if v, ok := wholeOf(x).calculate(op, wholeOf(y)); ok {
			return v
		}
	}
	a, b := x.Float(), y.Float()
	switch op {
	case Plus:
		a += b
	case Minus:
		a -= b
	case Times:
		a *= b
	case Over:
		a /= b
	default:
		a = math.Mod(a, b)
	}
	return model.OfFloat(a)
}

// whole is an integer of 65 bits: its size and its sign.
type whole struct {
	size     uint64
	negative bool
}

func wholeOf(v model.Value) whole {
	if v.Type() == model.TypeUint {
		return whole{size: v.Uint()}
	}
	if n := v.Int(); n < 0 {
		return whole{-uint64(n), true}
	}
	return whole{size: uint64(v.Int())}
}

// value returns the number, if it fits.
func (a whole) value() (model.Value, bool) {
	switch {
	case a.negative && a.size > 1<<63:
		return model.Null, false
	case a.negative:
		return model.OfInt(-int64(a.size)), true
	case a.size <= math.MaxInt64:
		return model.OfInt(int64(a.size)), true
	}
	return model.OfUint(a.size), true
}

func (a whole) calculate(op Arith, b whole) (model.Value, bool) {
	switch op {
	case Minus:
		b.negative = !b.negative
		fallthrough
	case Plus:
		return a.plus(b)
	case Times:
		high, low := bits.Mul64(a.size, b.size)
		if high != 0 {
			return model.Null, false
		}
		return whole{low, a.negative != b.negative}.value()
	case Over:
		return whole{a.size / b.size, a.negative != b.negative}.value()
	default:
		return whole{a.size % b.size, a.negative}.value()
	}
}

func (a whole) plus(b whole) (model.Value, bool) {
	if a.negative == b.negative {
		sum, carry := bits.Add64(a.size, b.size, 0)
		if carry != 0 {
			return model.Null, false
		}
		return whole{sum, a.negative}.value()
	}
	if a.size < b.size {
		a, b = b, a
	}
	return whole{a.size - b.size, a.negative}.value()
}

func fromTime(op Arith, t time.Time, y model.Value) model.Value {
	switch {
	case op == Minus && y.Type() == model.TypeTime:
		d := t.Sub(y.Time())
		if d == math.MaxInt64 || d == math.MinInt64 { // where Sub stops
			return model.Null
		}
		return model.OfDuration(d)
	case op == Minus && y.Type() == model.TypeDuration:
		return addTime(t, y.Duration(), -1)
	case op == Plus && y.Type() == model.TypeDuration:
		return addTime(t, y.Duration(), 1)
	}
	return model.Null
}

func addTime(t time.Time, d time.Duration, sign int) model.Value {
	if sign < 0 {
		if d == math.MinInt64 {
			return model.Null
		}
		d = -d
	}
	v := model.OfTime(t.Add(d))
	if v.Validate() != nil {
		return model.Null
	}
	return v
}

func fromDuration(op Arith, d time.Duration, y model.Value) model.Value {
	switch {
	case y.Type().IsNumber() && op == Times:
		return scale(d, y, false)
	case y.Type().IsNumber() && op == Over:
		return scale(d, y, true)
	case y.Type() != model.TypeDuration:
		return model.Null
	case op == Over && y.Duration() != 0:
		return model.OfFloat(float64(d) / float64(y.Duration()))
	case op == Over, op == Times:
		return model.Null
	}
	return durationOf(calculate(op, model.OfInt(int64(d)), model.OfInt(int64(y.Duration()))))
}

// scale multiplies a duration by a number, or divides it.
func scale(d time.Duration, by model.Value, divide bool) model.Value {
	op := Times
	if divide {
		op = Over
	}
	return durationOf(calculate(op, model.OfInt(int64(d)), by))
}

// durationOf returns a number of nanoseconds as a duration, rounded towards
// zero; NULL if it is none.
func durationOf(n model.Value) model.Value {
	switch n.Type() {
	case model.TypeInt:
		return model.OfDuration(time.Duration(n.Int()))
	case model.TypeFloat:
		if f := math.Trunc(n.Float()); f >= -1<<63 && f < 1<<63 {
			return model.OfDuration(time.Duration(f))
		}
	}
	return model.Null
}
