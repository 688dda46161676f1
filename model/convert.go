package model

import (
	"strings"
	"time"

	"github.com/ankgo/ank/event"
)

// Convert makes v, an argument or literal, a value of the field's type, to be
// compared with the field's values. Where the type cannot express v, the result
// is the nearest value that it can, and inexact says on which side of v it lies:
// -1 when it is less than v, +1 when it is greater, 0 when it is v. So
// "year > 1985.5" becomes a bound on an integer column.
//
// Numbers convert to each other, limited to the range of the field's Go type.
// Strings convert to times (RFC 3339, or without zone, seconds or time of day,
// then in UTC), durations ("1h30m", "7d") and IDs. Booleans, numbers and strings
// convert to JSON and JSON scalars to what they hold. Null stays Null. Everything
// else is a *[ValueError] that says what the field takes.
func Convert(v Value, f *Field) (converted Value, inexact int, err error) {
	if v.Type() == TypeJSON && f.Type != TypeJSON {
		v = JSON{v.s}.Value()
	}
	switch {
	case v.IsNull():
		return v, 0, nil
	case f.Type.IsNumber() && v.Type().IsNumber():
		converted = f.number(v)
		return converted, converted.Compare(v), nil
	case v.Type() == f.Type:
		return v, 0, nil
	case v.Type() == TypeString:
		return f.parse(v)
	case f.Type == TypeJSON && (v.Type() == TypeBool || v.Type().IsNumber()):
		if v.Type() != TypeFloat || isFinite(v.Float()) {
			return OfJSON(v.JSON()), 0, nil
		}
	}
	return Value{}, 0, f.mismatch(v)
}

// number is the field's number nearest to v.
func (f *Field) number(v Value) Value {
	nan := v.Type() == TypeFloat && v.Float() != v.Float()
	switch f.Type {
	case TypeInt:
		low, high := f.intRange()
		if nan { // it sorts after every number
			return OfInt(high)
		}
		return OfInt(min(max(v.Int(), low), high))
	case TypeUint:
		if nan {
			return OfUint(f.uintMax())
		}
		return OfUint(min(v.Uint(), f.uintMax()))
	}
	if f.narrow() {
		return OfFloat(float64(float32(v.Float())))
	}
	return OfFloat(v.Float())
}

// parse reads a string as a value of the field's type.
func (f *Field) parse(v Value) (Value, int, error) {
	switch f.Type {
	case TypeTime:
		return f.parseTime(v)
	case TypeDuration:
		if d, ok := parseDuration(v.s); ok {
			return OfDuration(d), 0, nil
		}
		return Value{}, 0, f.refuse(clip(v) + " is no duration; write it like '1h30m', '7d' or '250ms'")
	case TypeID:
		if id, err := event.ParseID(v.s); err == nil {
			return OfID(id), 0, nil
		}
		return Value{}, 0, f.refuse(clip(v) + " is no ID; an ID has 26 letters and digits")
	case TypeJSON:
		return OfJSON(v.JSON()), 0, nil
	}
	return Value{}, 0, f.mismatch(v)
}

// timeForms are accepted for a time, in this order. Fractions of a second are
// accepted after every second.
var timeForms = [...]string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02"}

func (f *Field) parseTime(v Value) (Value, int, error) {
	text := v.s
	if len(text) > len("2006-01-02") && text[len("2006-01-02")] == ' ' {
		text = strings.Replace(text, " ", "T", 1)
	}
	for _, form := range timeForms {
		t, err := time.Parse(form, text)
		if err != nil {
			continue
		}
		floor := OfTime(t)
		if err := floor.Validate(); err != nil {
			return Value{}, 0, f.refuse(err.Error())
		}
		if t.Nanosecond()%1000 != 0 {
			return floor, -1, nil
		}
		return floor, 0, nil
	}
	return Value{}, 0, f.refuse(clip(v) + " is no time; write it like '2006-01-02', '2006-01-02 15:04' or '2006-01-02T15:04:05Z'")
}

func (f *Field) mismatch(v Value) error {
	return f.refuse(f.describe() + " column does not compare with " + v.Type().noun() + " such as " + clip(v))
}

// clip writes v for a message, shortened.
func clip(v Value) string {
	const most = 40
	if v.textual() && len(v.s) > most {
		v.s = strings.ToValidUTF8(v.s[:most], "") + "..."
	}
	return v.String()
}
