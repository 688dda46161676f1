package model

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const anID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

func TestEncodingRoundTrips(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, v Value) {
		b := v.AppendTo(nil)
		got, err := DecodeValue(b)
		if err != nil || got != v {
			t.Fatalf("%v %v: %x reads as %v, %v", v.Type(), v, b, got, err)
		}
		if err := v.Validate(); err != nil {
			t.Fatalf("%v is refused: %v", v, err)
		}
		if len(b) > v.encodedSize() {
			t.Fatalf("%v takes %d bytes, more than the %d foreseen", v, len(b), v.encodedSize())
		}
	}
	for _, v := range traps() {
		check(t, v)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, drawValue(t, "v")) })
}

func TestDecodeValueRefuses(t *testing.T) {
	for _, c := range []struct{ name, hex, want string }{
		{"nothing", "", "an encoded value is empty"},
		{"an unknown tag", "0c", "an encoded value has an unknown type"},
		{"null with content", "00 00", "an encoded value has the wrong length"},
		{"true with content", "02 01", "an encoded value has the wrong length"},
		{"a leading zero byte", "03 00", "an encoded number is not in its shortest form"},
		{"a leading zero byte in uint", "04 00 01", "an encoded number is not in its shortest form"},
		{"nine bytes of int", "03 01 00 00 00 00 00 00 00 00", "an encoded value has the wrong length"},
		{"a short float", "05 00 00 00 00 00 00 00", "an encoded value has the wrong length"},
		{"-0", "05 80 00 00 00 00 00 00 00", "an encoded float is not canonical"},
		{"another NaN", "05 7f f8 00 00 00 00 00 01", "an encoded float is not canonical"},
		{"a negative NaN", "05 ff f8 00 00 00 00 00 00", "an encoded float is not canonical"},
		{"a time before year 1", "08 7f 23 40 01 00 d4 3f ff", "an encoded time lies outside the years 1 to 9999"},
		{"a time after 9999", "08 ff ff ff ff ff ff ff ff", "an encoded time lies outside the years 1 to 9999"},
		{"a long duration", "09 01 00 00 00 00 00 00 00 00", "an encoded value has the wrong length"},
		{"a short id", "0a 00", "an encoded value has the wrong length"},
		{"json without text", "0b", "encoded JSON is empty or null"},
		{"json null", "0b 6e 75 6c 6c", "encoded JSON is empty or null"},
	} {
		_, err := DecodeValue(unhex(t, c.hex))
		require.EqualError(t, err, c.want, c.name)
		require.ErrorIs(t, err, ErrEncoding, c.name)
	}
}

// FuzzDecodeValue checks that what DecodeValue accepts is what AppendTo writes,
// and that nothing that can be done with it panics.
func FuzzDecodeValue(f *testing.F) {
	for _, v := range traps() {
		f.Add(v.AppendTo(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := DecodeValue(b)
		if err != nil {
			require.ErrorIs(t, err, ErrEncoding)
			return
		}
		require.Equal(t, b, v.AppendTo(nil))
		_, _, _, _ = v.Validate(), v.String(), v.AppendJSON(nil), v.JSON()
		_, _ = v.JSON().Path("a", "0")
		require.Zero(t, v.Compare(v))
		_ = v.AppendKey(nil, true)
		for typ := TypeBool; typ < typeCount; typ++ {
			_, _, _ = Convert(v, &Field{Name: "f", Type: typ})
		}
	})
}

func TestValidateRefuses(t *testing.T) {
	for _, c := range []struct {
		v    Value
		want string
	}{
		{OfString("\xff"), "a string is not valid UTF-8; keep other bytes in a []byte field"},
		{OfString("\xed\xa0\x80"), "a string is not valid UTF-8; keep other bytes in a []byte field"},
		{OfString("a\x00b"), "a string contains the character U+0000, which cannot be stored"},
		{OfString(strings.Repeat("x", MaxValueSize+1)), "a value of 8388609 bytes is too large, at most 8388608 are allowed"},
		{OfBytes(make([]byte, MaxValueSize+1)), "a value of 8388609 bytes is too large, at most 8388608 are allowed"},
		{OfTime(time.Date(0, 12, 31, 23, 59, 59, 999_999_999, time.UTC)), "a time lies outside the years 1 to 9999"},
		{OfTime(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), "a time lies outside the years 1 to 9999"},
		{OfTime(time.Unix(math.MaxInt64, 0)), "a time lies outside the years 1 to 9999"},
		{OfTime(time.Unix(math.MinInt64, 0)), "a time lies outside the years 1 to 9999"},
		{OfJSON(JSON{`{"a": 1}`}), "json is not in its canonical form"},
		{OfJSON(JSON{`{"a":`}), "json: the text ends where a value is needed at byte 5"},
	} {
		err := c.v.Validate()
		require.EqualError(t, err, c.want)
		require.ErrorIs(t, err, ErrInvalid)
		var typed *ValueError
		require.ErrorAs(t, err, &typed)
	}
	for _, v := range []Value{
		OfString(strings.Repeat("x", MaxValueSize)), OfTime(time.Time{}),
		OfTime(time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)),
	} {
		require.NoError(t, v.Validate())
	}
}

func TestDecodedStringsShareMemory(t *testing.T) {
	b := OfString("Parade").AppendTo(nil)
	v, err := DecodeValue(b)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() { v, _ = DecodeValue(b) }))
	b[1] = 'p'
	require.Equal(t, "parade", v.Text())
}
