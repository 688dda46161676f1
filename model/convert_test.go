package model

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestConvert(t *testing.T) {
	year := func(y int) Value { return OfTime(time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC)) }
	for _, c := range []struct {
		v       Value
		field   Field
		want    Value
		inexact int
	}{
		{OfFloat(1985.5), Field{Type: TypeInt}, OfInt(1985), -1},
		{OfFloat(-1985.5), Field{Type: TypeInt}, OfInt(-1985), 1},
		{OfFloat(1985), Field{Type: TypeInt}, OfInt(1985), 0},
		{OfInt(300), Field{Type: TypeInt, Bits: 8}, OfInt(127), -1},
		{OfInt(-300), Field{Type: TypeInt, Bits: 8}, OfInt(-128), 1},
		{OfInt(-1), Field{Type: TypeUint}, OfUint(0), 1},
		{OfInt(300), Field{Type: TypeUint, Bits: 8}, OfUint(255), -1},
		{OfFloat(math.NaN()), Field{Type: TypeInt}, OfInt(math.MaxInt64), -1},
		{OfFloat(math.NaN()), Field{Type: TypeUint}, OfUint(math.MaxUint64), -1},
		{OfFloat(math.NaN()), Field{Type: TypeFloat, Bits: 32}, OfFloat(math.NaN()), 0},
		{OfFloat(math.Inf(-1)), Field{Type: TypeInt}, OfInt(math.MinInt64), 1},
		{OfInt(1<<53 + 1), Field{Type: TypeFloat}, OfFloat(1 << 53), -1},
		{OfUint(math.MaxUint64), Field{Type: TypeFloat}, OfFloat(0x1p64), 1},
		{OfUint(math.MaxUint64), Field{Type: TypeInt}, OfInt(math.MaxInt64), -1},
		{OfFloat(0.1), Field{Type: TypeFloat, Bits: 32}, OfFloat(float64(float32(0.1))), 1},
		{OfFloat(1e300), Field{Type: TypeFloat, Bits: 32}, OfFloat(math.Inf(1)), 1},
		{OfString("2006-01-02"), Field{Type: TypeTime}, OfTime(time.Date(2006, 1, 2, 0, 0, 0, 0, time.UTC)), 0},
		{OfString("2006-01-02 15:04"), Field{Type: TypeTime}, OfTime(time.Date(2006, 1, 2, 15, 4, 0, 0, time.UTC)), 0},
		{OfString("2006-01-02T15:04:05"), Field{Type: TypeTime}, OfTime(time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC)), 0},
		{OfString("2006-01-02T15:04:05.25Z"), Field{Type: TypeTime}, OfTime(time.Date(2006, 1, 2, 15, 4, 5, 250e6, time.UTC)), 0},
		{OfString("2006-01-02 15:04:05+01:00"), Field{Type: TypeTime}, OfTime(time.Date(2006, 1, 2, 14, 4, 5, 0, time.UTC)), 0},
		{OfString("2006-01-02T15:04-01:00"), Field{Type: TypeTime}, OfTime(time.Date(2006, 1, 2, 16, 4, 0, 0, time.UTC)), 0},
		{OfString("2006-01-02T15:04:05.0000001Z"), Field{Type: TypeTime}, OfTime(time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC)), -1},
		{OfString("0001-01-01"), Field{Type: TypeTime}, OfTime(time.Time{}), 0},
		{OfString("1h30m"), Field{Type: TypeDuration}, OfDuration(90 * time.Minute), 0},
		{OfString(anID), Field{Type: TypeID}, OfID(mustID(t, anID)), 0},
		{OfString(strings.ToLower(anID)), Field{Type: TypeID}, OfID(mustID(t, anID)), 0},
		{OfString("x"), Field{Type: TypeJSON}, OfJSON(JSON{`"x"`}), 0},
		{OfInt(5), Field{Type: TypeJSON}, OfJSON(JSON{"5"}), 0},
		{OfFloat(0.5), Field{Type: TypeJSON}, OfJSON(JSON{"0.5"}), 0},
		{OfBool(true), Field{Type: TypeJSON}, OfJSON(JSON{"true"}), 0},
		{OfJSON(JSON{"5"}), Field{Type: TypeInt}, OfInt(5), 0},
		{OfJSON(JSON{`"x"`}), Field{Type: TypeString}, OfString("x"), 0},
		{OfJSON(JSON{`"2006-01-02"`}), Field{Type: TypeTime}, OfTime(time.Date(2006, 1, 2, 0, 0, 0, 0, time.UTC)), 0},
		{OfJSON(JSON{`[1]`}), Field{Type: TypeJSON}, OfJSON(JSON{`[1]`}), 0},
		{Null, Field{Type: TypeInt}, Null, 0},
		{Null, Field{Type: TypeJSON}, Null, 0},
		{OfBool(true), Field{Type: TypeBool}, OfBool(true), 0},
		{OfBytes([]byte{1}), Field{Type: TypeBytes}, OfBytes([]byte{1}), 0},
		{year(2000), Field{Type: TypeTime}, year(2000), 0},
	} {
		got, inexact, err := Convert(c.v, &c.field)
		require.NoError(t, err, "%v to %v", c.v, c.field.Type)
		require.Equal(t, c.want, got, "%v to %v", c.v, c.field.Type)
		require.Equal(t, c.inexact, inexact, "%v to %v", c.v, c.field.Type)
	}
}

func TestConvertRefuses(t *testing.T) {
	for _, c := range []struct {
		v     Value
		field Field
		want  string
	}{
		{OfString("1985"), Field{Type: TypeInt, Bits: 16}, "f: int16 column does not compare with a string such as '1985'"},
		{OfInt(5), Field{Type: TypeString}, "f: string column does not compare with an int such as 5"},
		{OfInt(5), Field{Type: TypeTime}, "f: time column does not compare with an int such as 5"},
		{OfBool(true), Field{Type: TypeInt}, "f: int column does not compare with a bool such as true"},
		{OfString("x"), Field{Type: TypeBytes}, "f: bytes column does not compare with a string such as 'x'"},
		{OfJSON(JSON{"[1]"}), Field{Type: TypeInt}, "f: int column does not compare with json such as '[1]'"},
		{OfFloat(math.NaN()), Field{Type: TypeJSON}, "f: json column does not compare with a float such as NaN"},
		{ofMicros(0), Field{Type: TypeJSON}, "f: json column does not compare with a time such as '1970-01-01T00:00:00Z'"},
		{OfString("soon"), Field{Type: TypeTime}, "f: 'soon' is no time; write it like '2006-01-02', '2006-01-02 15:04' or '2006-01-02T15:04:05Z'"},
		{OfString("0000-01-01"), Field{Type: TypeTime}, "f: a time lies outside the years 1 to 9999"},
		{OfString("5"), Field{Type: TypeDuration}, "f: '5' is no duration; write it like '1h30m', '7d' or '250ms'"},
		{OfString("Prince"), Field{Type: TypeID}, "f: 'Prince' is no ID; an ID has 26 letters and digits"},
		{OfString(strings.Repeat("é", 100)), Field{Type: TypeID}, "f: '" + strings.Repeat("é", 20) + "...' is no ID; an ID has 26 letters and digits"},
		{OfID(mustID(t, anID)), Field{Type: TypeString}, "f: string column does not compare with an id such as '" + anID + "'"},
	} {
		c.field.Name = "f"
		_, _, err := Convert(c.v, &c.field)
		require.EqualError(t, err, c.want)
		require.ErrorIs(t, err, ErrInvalid)
	}
}

// TestConvertedNumbersAreNearest checks what bounds rely on: the result is on the
// side that inexact says, nothing of the field's type lies between, and the
// result fits the field.
func TestConvertedNumbersAreNearest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Field{Type: rapid.SampledFrom([]Type{TypeInt, TypeUint, TypeFloat}).Draw(t, "type")}
		f.Bits = rapid.SampledFrom([]uint8{0, 32, 64}).Draw(t, "bits")
		v := drawOf(t, rapid.SampledFrom([]Type{TypeInt, TypeUint, TypeFloat}).Draw(t, "from"))
		got, inexact, err := Convert(v, &f)
		if err != nil || f.Check(got) != nil {
			t.Fatalf("%v: %v, %v", v, got, err)
		}
		if got.Compare(v) != inexact {
			t.Fatalf("%v became %v, inexact %d", v, got, inexact)
		}
		next := neighbour(got, -inexact)
		if inexact != 0 && f.Check(next) == nil && next.Compare(got) == -inexact && next.Compare(v) != -inexact {
			t.Fatalf("%v became %v although %v is as near", v, got, next)
		}
	})
}

// neighbour is the next number of the same type in a direction.
func neighbour(v Value, direction int) Value {
	switch v.Type() {
	case TypeInt:
		return OfInt(v.Int() + int64(direction))
	case TypeUint:
		return OfUint(v.Uint() + uint64(direction))
	}
	return OfFloat(math.Nextafter(v.Float(), math.Inf(direction)))
}

func TestDurationsInDaysAndWeeks(t *testing.T) {
	const day = 24 * time.Hour
	f := Field{Name: "length", Type: TypeDuration}
	for text, want := range map[string]time.Duration{
		"7d": 7 * day, "2w": 14 * day, "1w1d1h30m": 8*day + 90*time.Minute, "-1d12h": -36 * time.Hour,
		"+3d": 3 * day, "0d": 0, "1h30m": 90 * time.Minute, "-250ms": -250 * time.Millisecond, "0": 0,
		"106751d": 106751 * day,
	} {
		v, inexact, err := Convert(OfString(text), &f)
		require.NoError(t, err, text)
		require.Zero(t, inexact)
		require.Equal(t, want, v.Duration(), text)
	}
	for _, text := range []string{
		"", "d", "w", "1", "1d-1h", "1h1d", "1d1w", "1.5d", "--1d", "+", "-", "1dd", "1 d", "106752d", "106751d24h",
		"99999999999999999999d", "15251w", "-106751d24h",
	} {
		_, _, err := Convert(OfString(text), &f)
		require.ErrorContains(t, err, "is no duration", text)
	}
}
