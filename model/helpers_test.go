package model

import (
	"bytes"
	"encoding/hex"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
)

// parseValue reads a value as FORMAT.md writes it: its type and then a literal.
func parseValue(t testing.TB, text string) Value {
	t.Helper()
	word, rest, _ := strings.Cut(text, " ")
	switch word {
	case "null":
		return Null
	case "false", "true":
		return OfBool(word == "true")
	case "int":
		n, err := strconv.ParseInt(rest, 10, 64)
		require.NoError(t, err)
		return OfInt(n)
	case "uint":
		n, err := strconv.ParseUint(rest, 10, 64)
		require.NoError(t, err)
		return OfUint(n)
	case "float":
		f, err := strconv.ParseFloat(rest, 64)
		require.NoError(t, err)
		return OfFloat(f)
	case "string", "bytes":
		s, err := strconv.Unquote(rest)
		require.NoError(t, err)
		if word == "bytes" {
			return OfBytes([]byte(s))
		}
		return OfString(s)
	case "time":
		m, err := time.Parse(time.RFC3339Nano, rest)
		require.NoError(t, err)
		return OfTime(m)
	case "duration":
		d, err := time.ParseDuration(rest)
		require.NoError(t, err)
		return OfDuration(d)
	case "id":
		id, err := event.ParseID(rest)
		require.NoError(t, err)
		return OfID(id)
	case "json":
		return OfJSON(mustJSON(t, rest))
	}
	t.Fatalf("no such kind of value: %q", text)
	return Value{}
}

func mustJSON(t testing.TB, text string) JSON {
	t.Helper()
	j, err := ParseJSON(text)
	require.NoError(t, err, "%s", text)
	return j
}

func mustID(t testing.TB, text string) event.ID {
	t.Helper()
	id, err := event.ParseID(text)
	require.NoError(t, err)
	return id
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	require.NoError(t, err)
	return b
}

// formatSection returns the lines of FORMAT.md after the given heading's word
// "Vector" and before the next heading.
func formatSection(t testing.TB, heading string) []string {
	t.Helper()
	page, err := os.ReadFile("FORMAT.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "\n## "+heading)
	require.True(t, found, "no section %q", heading)
	_, rest, found = strings.Cut(rest, "\nVector")
	require.True(t, found, "no vectors in %q", heading)
	rest, _, _ = strings.Cut(rest, "\n## ")
	return strings.Split(rest, "\n")
}

// formatVectors returns the rows of the table of vectors in a section.
func formatVectors(t testing.TB, heading string) [][2]string {
	t.Helper()
	var rows [][2]string
	for _, line := range formatSection(t, heading) {
		cells := strings.Split(line, "|")
		if len(cells) == 4 {
			rows = append(rows, [2]string{strings.TrimSpace(cells[1]), strings.TrimSpace(cells[2])})
		}
	}
	require.Greater(t, len(rows), 3)
	return rows[2:] // without the head and the line below it
}

// traps are values at borders, where orders and encodings tend to break.
func traps() []Value {
	values := []Value{Null, OfBool(false), OfBool(true)}
	for _, n := range []int64{
		0, 1, -1, 2, 127, 128, -128, -129, 255, 256, 1 << 31, -1 << 31, 1<<53 - 1, 1 << 53, 1<<53 + 1, 1<<53 + 2,
		-1<<53 + 1, -1 << 53, -1<<53 - 1, -1<<53 - 2, 1<<62 - 1, 1 << 62, 1<<62 + 1, 1<<62 + 511, 1<<62 + 512,
		math.MaxInt64 - 1, math.MaxInt64, math.MinInt64, math.MinInt64 + 1, math.MinInt64 + 1024,
	} {
		values = append(values, OfInt(n), OfFloat(float64(n)), OfFloat(float64(n)+0.5), OfDuration(time.Duration(n)))
		if n >= 0 {
			values = append(values, OfUint(uint64(n)))
		}
	}
	for _, n := range []uint64{1 << 63, 1<<63 - 1, 1<<63 + 1, 1<<63 + 2047, 1<<63 + 2048, math.MaxUint64 - 1, math.MaxUint64, math.MaxUint64 - 2047} {
		values = append(values, OfUint(n), OfFloat(float64(n)))
	}
	for _, f := range []float64{
		0.5, -0.5, 1.5, math.Copysign(0, -1), math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64,
		math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64, 0x1p63, 0x1p64, -0x1p63, -0x1p64,
		math.Nextafter(0x1p53, 0), math.Nextafter(0x1p53, math.Inf(1)), math.Nextafter(0x1p63, 0), math.Nextafter(0x1p64, 0),
		math.Nextafter(-0x1p63, 0), math.Nextafter(-0x1p63, math.Inf(-1)), 1e21, 1e-7,
	} {
		values = append(values, OfFloat(f))
	}
	for _, s := range []string{"", "a", "ab", "a\x01", "aa", "b", "é", "\x01", "\x7f", "\U0010ffff", "a\u00ff"} {
		values = append(values, OfString(s), OfBytes([]byte(s)))
	}
	for _, s := range []string{"\x00", "\x00\x00", "a\x00", "a\x00b", "a\x00\x01", "a\x00\xff", "\xff", "\xff\xff", "\xff\x00", "\x00\x01", "\x00\xff"} {
		values = append(values, OfBytes([]byte(s)))
	}
	for _, n := range []int64{minTime, minTime + 1, -1, 0, 1, maxTime - 1, maxTime} {
		values = append(values, ofMicros(n))
	}
	for _, b := range []byte{0, 1, 0x7f, 0x80, 0xff} {
		values = append(values, OfID(event.ID{b}), OfID(event.ID{15: b}), OfID(event.ID{8: b}), OfID(event.ID{7: b, 14: b}))
	}
	for _, text := range []string{
		"true", "false", "0", "5", "0.5", "18446744073709551615", "9007199254740993", "1e+300", `""`, `"a"`, `"\n"`, `"\""`,
		"[]", "[1]", "[1,2]", "{}", `{"a":1}`, `{"a":{"b":[]}}`,
	} {
		values = append(values, OfJSON(JSON{text}))
	}
	return values
}

// drawValue draws a value of any type, near the borders more often than not.
func drawValue(t *rapid.T, label string) Value {
	return rapid.OneOf(
		rapid.SampledFrom(traps()),
		rapid.Custom(func(t *rapid.T) Value { return drawOf(t, Type(rapid.IntRange(0, int(typeCount)-1).Draw(t, "type"))) }),
	).Draw(t, label)
}

// drawOf draws a value of one type.
func drawOf(t *rapid.T, typ Type) Value {
	switch typ {
	case TypeBool:
		return OfBool(rapid.Bool().Draw(t, "bool"))
	case TypeInt:
		return OfInt(rapid.Int64().Draw(t, "int"))
	case TypeUint:
		return OfUint(rapid.Uint64().Draw(t, "uint"))
	case TypeFloat:
		return OfFloat(math.Float64frombits(rapid.Uint64().Draw(t, "bits")))
	case TypeString:
		return OfString(drawText(t))
	case TypeBytes:
		return OfBytes(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 'a', 0xfe, 0xff}), 0, 6).Draw(t, "bytes"))
	case TypeTime:
		return ofMicros(rapid.Int64Range(minTime, maxTime).Draw(t, "micros"))
	case TypeDuration:
		return OfDuration(time.Duration(rapid.Int64().Draw(t, "nanos")))
	case TypeID:
		return OfID(event.ID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")))
	case TypeJSON:
		return OfJSON(drawJSON(t, 3))
	}
	return Null
}

func drawText(t *rapid.T) string {
	return strings.ReplaceAll(rapid.StringN(0, 8, -1).Draw(t, "text"), "\x00", "")
}

// drawJSON draws canonical JSON.
func drawJSON(t *rapid.T, depth int) JSON {
	j, err := JSONOf(drawAny(t, depth))
	if err != nil {
		t.Fatalf("JSONOf: %v", err)
	}
	return j
}

// drawAny draws a Go value that has a JSON form.
func drawAny(t *rapid.T, depth int) any {
	kind := rapid.IntRange(0, 7).Draw(t, "kind")
	if depth == 0 {
		kind %= 6
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return rapid.Int64().Draw(t, "int")
	case 3:
		return rapid.Uint64().Draw(t, "uint")
	case 4:
		return rapid.Float64().Draw(t, "float")
	case 5:
		return drawText(t)
	case 6:
		list := make([]any, rapid.IntRange(0, 3).Draw(t, "n"))
		for i := range list {
			list[i] = drawAny(t, depth-1)
		}
		return list
	}
	object := make(map[string]any)
	for range rapid.IntRange(0, 3).Draw(t, "n") {
		object[drawText(t)] = drawAny(t, depth-1)
	}
	return object
}

func sign(n int) int { return min(max(n, -1), 1) }

func key(v Value, desc bool) []byte { return v.AppendKey(nil, desc) }

func compareKeys(v, w Value, desc bool) int { return sign(bytes.Compare(key(v, desc), key(w, desc))) }
