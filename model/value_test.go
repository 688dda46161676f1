package model

import (
	"math"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
)

func TestValueIsSmall(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(Value{}), uintptr(32))
}

func TestConstructorsMakeValuesCanonical(t *testing.T) {
	negativeZero := math.Copysign(0, -1)
	require.Equal(t, OfFloat(0), OfFloat(negativeZero))
	require.False(t, math.Signbit(OfFloat(negativeZero).Float()))
	require.Equal(t, OfFloat(math.NaN()), OfFloat(-math.NaN()))
	require.Equal(t, OfFloat(math.NaN()), OfFloat(math.Float64frombits(0x7ff0_0000_0000_0001)))
	require.Equal(t, OfBytes([]byte{}), OfBytes(nil))
	require.False(t, OfBytes(nil).IsNull())
	require.Equal(t, Value{}, Null)

	zone := time.FixedZone("", -3600)
	require.Equal(t, OfTime(time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC)), OfTime(time.Date(2000, 1, 1, 0, 0, 0, 0, zone)))
	floored := OfTime(time.Date(1950, 1, 1, 0, 0, 0, 1999, time.UTC)).Time()
	require.Equal(t, time.Date(1950, 1, 1, 0, 0, 0, 1000, time.UTC), floored, "before 1970 too")
}

func TestValuesGiveBackWhatTheyWereMadeOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := event.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		if got := OfID(id).ID(); got != id {
			t.Fatalf("ID %v came back as %v", id, got)
		}
		micros := rapid.Int64Range(minTime, maxTime).Draw(t, "micros")
		if got := OfTime(time.UnixMicro(micros)).Time(); got.UnixMicro() != micros || got.Location() != time.UTC {
			t.Fatalf("time %d came back as %v", micros, got)
		}
	})
	require.True(t, OfBool(true).Bool())
	require.Equal(t, int64(-5), OfInt(-5).Int())
	require.Equal(t, uint64(5), OfUint(5).Uint())
	require.Equal(t, -0.5, OfFloat(-0.5).Float())
	require.Equal(t, "a", OfString("a").Text())
	require.Equal(t, BytesOf([]byte{1}), OfBytes([]byte{1}).Bytes())
	require.Equal(t, -time.Second, OfDuration(-time.Second).Duration())
	require.Equal(t, time.Time{}, OfTime(time.Time{}).Time(), "the zero time is a value")
}

func TestBytesAreCopied(t *testing.T) {
	b := []byte("abc")
	v, c := OfBytes(b), BytesOf(b)
	b[0] = 'x'
	require.Equal(t, "abc", v.Bytes().String())
	require.Equal(t, "abc", c.String())
	clone := c.Clone()
	clone[0] = 'x'
	require.Equal(t, "abc", c.String())
	require.Equal(t, byte('b'), c.At(1))
	require.Equal(t, 3, c.Len())
	require.Equal(t, "xxabc", string(c.AppendTo([]byte("xx"))))
	require.True(t, c.Equal(v.Bytes()))
	require.False(t, c.Equal(Bytes{}))
}

func TestAccessorsOfOtherTypes(t *testing.T) {
	for _, v := range traps() {
		if v.Type() != TypeBool {
			require.False(t, v.Bool(), "%v", v)
		}
		if v.Type() != TypeString {
			require.Empty(t, v.Text(), "%v", v)
		}
		if v.Type() != TypeBytes {
			require.Zero(t, v.Bytes(), "%v", v)
		}
		if v.Type() != TypeTime {
			require.Zero(t, v.Time(), "%v", v)
		}
		if v.Type() != TypeDuration {
			require.Zero(t, v.Duration(), "%v", v)
		}
		if v.Type() != TypeID {
			require.Zero(t, v.ID(), "%v", v)
		}
		if !v.Type().IsNumber() {
			require.Zero(t, v.Int(), "%v", v)
			require.Zero(t, v.Uint(), "%v", v)
			require.Zero(t, v.Float(), "%v", v)
		}
	}
}

func TestNumbersConvertInAccessors(t *testing.T) {
	for _, c := range []struct {
		v Value
		i int64
		u uint64
		f float64
	}{
		{OfInt(-1), -1, 0, -1},
		{OfInt(7), 7, 7, 7},
		{OfUint(math.MaxUint64), math.MaxInt64, math.MaxUint64, 0x1p64},
		{OfFloat(1.9), 1, 1, 1.9},
		{OfFloat(-1.9), -1, 0, -1.9},
		{OfFloat(1e300), math.MaxInt64, math.MaxUint64, 1e300},
		{OfFloat(-1e300), math.MinInt64, 0, -1e300},
		{OfFloat(0x1p63), math.MaxInt64, 1 << 63, 0x1p63},
	} {
		require.Equal(t, c.i, c.v.Int(), "%v", c.v)
		require.Equal(t, c.u, c.v.Uint(), "%v", c.v)
		require.Equal(t, c.f, c.v.Float(), "%v", c.v)
	}
	nan := OfFloat(math.NaN())
	require.Zero(t, nan.Int())
	require.Zero(t, nan.Uint())
}

func TestValueString(t *testing.T) {
	for _, c := range []struct{ value, want, json string }{
		{"null", "null", "null"},
		{"true", "true", "true"},
		{"int -5", "-5", "-5"},
		{"uint 18446744073709551615", "18446744073709551615", "18446744073709551615"},
		{"float 2", "2.0", "2"},
		{"float 1.5", "1.5", "1.5"},
		{"float 1e21", "1e+21", "1e+21"},
		{"float 1e-7", "1e-07", "1e-7"},
		{"float 1e-100", "1e-100", "1e-100"},
		{"float NaN", "NaN", "null"},
		{"float Inf", "Infinity", "null"},
		{"float -Inf", "-Infinity", "null"},
		{`string "it's \"so\"\n"`, "'it''s \"so\"\n'", `"it's \"so\"\n"`},
		{`string "\x01"`, "'\x01'", `"\u0001"`},
		{`bytes "\x00\xff"`, "x'00ff'", `"AP8="`},
		{"time 1986-03-31T12:00:00.5Z", "'1986-03-31T12:00:00.5Z'", `"1986-03-31T12:00:00.5Z"`},
		{"time 0001-01-01T00:00:00Z", "'0001-01-01T00:00:00Z'", `"0001-01-01T00:00:00Z"`},
		{"duration 90s", "'1m30s'", `"1m30s"`},
		{"id " + anID, "'" + anID + "'", `"` + anID + `"`},
		{`json {"a":"it's"}`, `'{"a":"it''s"}'`, `{"a":"it's"}`},
	} {
		v := parseValue(t, c.value)
		require.Equal(t, c.want, v.String())
		require.Equal(t, c.json, string(v.AppendJSON(nil)))
	}
}

func TestJSONOfValues(t *testing.T) {
	require.Equal(t, mustJSON(t, "5"), OfInt(5).JSON())
	require.Equal(t, mustJSON(t, `"a"`), OfString("a").JSON())
	require.Equal(t, mustJSON(t, "true"), OfBool(true).JSON())
	require.Equal(t, mustJSON(t, "0.5"), OfFloat(0.5).JSON())
	require.Equal(t, mustJSON(t, "[]"), OfJSON(JSON{"[]"}).JSON())
	for _, v := range []Value{Null, OfFloat(math.NaN()), OfFloat(math.Inf(1)), ofMicros(0), OfDuration(1), OfBytes(nil)} {
		require.True(t, v.JSON().IsNull(), "%v", v)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := drawOf(t, rapid.SampledFrom([]Type{TypeInt, TypeUint, TypeFloat, TypeString, TypeBool, TypeJSON}).Draw(t, "type"))
		if v.Type() == TypeFloat && !isFinite(v.Float()) {
			v = Null
		}
		if got := v.JSON().Value(); got.Compare(v) != 0 {
			t.Fatalf("%v became %v as JSON", v, got)
		}
		if err := OfJSON(v.JSON()).Validate(); err != nil {
			t.Fatalf("the JSON of %v: %v", v, err)
		}
	})
}

func TestTypeNames(t *testing.T) {
	require.Equal(t, "null", TypeNull.String())
	require.Equal(t, "json", TypeJSON.String())
	require.Equal(t, "unknown type", Type(200).String())
}

func TestRef(t *testing.T) {
	type artist struct{}
	id := mustID(t, anID)
	r := RefTo[artist](id)
	require.Equal(t, id, r.ID())
	require.Equal(t, anID, r.String())
	require.False(t, r.IsZero())
	require.True(t, r == RefTo[artist](id))
	text, err := r.MarshalText()
	require.NoError(t, err)
	var back Ref[artist]
	require.NoError(t, back.UnmarshalText(text))
	require.Equal(t, r, back)
	require.Error(t, back.UnmarshalText([]byte("nonsense")))
	require.NoError(t, back.UnmarshalText(nil))
	require.True(t, back.IsZero())
	require.Empty(t, back.String())
	text, err = back.MarshalText()
	require.NoError(t, err)
	require.Empty(t, text)
}

func TestPointers(t *testing.T) {
	text := "Parade"
	require.Equal(t, OfString(text), OfPointer(&text, OfString))
	require.Equal(t, Null, OfPointer(nil, OfString))
	require.Equal(t, &text, PointerTo(OfString(text), Value.Text))
	require.Nil(t, PointerTo(Null, Value.Text))
}
