package model

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
)

// goodJSON and badJSON are corpora that encoding/json judges as named.
var goodJSON = []string{
	`null`, `true`, `false`, `0`, `-0`, `12`, `-12`, `0.5`, `-0.5`, `1e5`, `1E5`, `1e+5`, `1e-5`, `1.25e2`, `123456789012345678901234567890`,
	`9223372036854775807`, `9223372036854775808`, `-9223372036854775808`, `-9223372036854775809`, `18446744073709551615`, `18446744073709551616`,
	`9007199254740993`, `9007199254740993.0`, `1e308`, `5e-324`, `1e-400`, `0e99`, `-0.0`, `-0e5`, `0.000001`, `0.0000001`,
	`""`, `"a"`, `"\""`, `"\\"`, `"\/"`, `"\b\f\n\r\t"`, `"\u0041"`, `"\u00e9"`, `"\u20AC"`, `"\ud83d\uDE00"`, `"é€😀"`, `"\u007f"`, "\"\u2028\"",
	`[]`, `[1]`, `[1,2,3]`, `[[[]]]`, `[null,true,"x",{}]`, `{}`, `{"a":1}`, `{"b":1,"a":2}`, `{"a":{"d":1,"c":[{"z":1,"y":2}]}}`, `{"":1}`,
	`{"\u0062":1,"a":2}`, `{"é":1,"f":2}`, " [ 1 , 2 ] ", "\t{\n\"a\"\r:\t1 }\n", strings.Repeat("[", 64) + strings.Repeat("]", 64),
	"[" + strings.Repeat("[[]],", 100) + "{}]",
}

var badJSON = []string{
	``, ` `, `nul`, `nulll`, `True`, `tru`, `fals`, `+1`, `01`, `-01`, `00`, `1.`, `.5`, `-`, `-.5`, `1e`, `1e+`, `0x10`, `1_000`, `Infinity`, `NaN`,
	`1 2`, `"`, `"a`, `'a'`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\`, `"\u`, "\"\n\"", "\"\x01\"", "\"\x1f\"", `[`, `]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[1;2]`,
	`{`, `}`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a" 1}`, `{"a":1 "b":2}`, `{1:2}`, `{"a":1]`, `[1}`, `[]]`, `{}{}`,
	"\ufeff1", "\v1", "\u00a01", `// x`, `1 /* x */`,
}

func TestParseJSONAgreesWithTheStandardLibrary(t *testing.T) {
	for _, text := range goodJSON {
		require.True(t, json.Valid([]byte(text)), "%s", text)
		j, err := ParseJSON(text)
		require.NoError(t, err, "%s", text)
		requireSameJSON(t, text, j)
	}
	for _, text := range badJSON {
		require.False(t, json.Valid([]byte(text)), "%s", text)
		_, err := ParseJSON(text)
		var typed *JSONError
		require.ErrorAs(t, err, &typed, "%s", text)
		require.ErrorIs(t, err, ErrInvalid)
		require.LessOrEqual(t, typed.Offset, len(text))
	}
}

// requireSameJSON holds the canonical text against what encoding/json reads in
// the original.
func requireSameJSON(t *testing.T, text string, j JSON) {
	t.Helper()
	var want, got any
	require.NoError(t, json.Unmarshal([]byte(text), &want), "%s", text)
	require.NoError(t, json.Unmarshal([]byte(j.String()), &got), "%s", j)
	require.Equal(t, want, got, "%s became %s", text, j)
	again, err := ParseJSON(j.String())
	require.NoError(t, err)
	require.Equal(t, j, again, "canonical text is kept")
	var compact bytes.Buffer
	require.NoError(t, json.Compact(&compact, []byte(j.String())))
	require.Equal(t, compact.String(), j.String(), "no space")
}

// TestParseJSONRefusesMore lists what encoding/json takes and ParseJSON does not.
func TestParseJSONRefusesMore(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"a":1,"b":2,"a":3}`, `json: key "a" occurs twice, the second time at byte 13`},
		{`{"a":1,"\u0061":1}`, `json: key "a" occurs twice, the second time at byte 7`},
		{`[{"z":{"k":1,"k":1}}]`, `json: key "k" occurs twice, the second time at byte 13`},
		{`"a\u0000"`, `json: found the character U+0000, which cannot be stored, at byte 2`},
		{`{"\u0000":1}`, `json: found the character U+0000, which cannot be stored, at byte 2`},
		{`"\ud800"`, `json: the first half of a surrogate pair without the second at byte 1`},
		{`"\ud800\u0041"`, `json: the first half of a surrogate pair without the second at byte 1`},
		{`"\ud800\ue000"`, `json: the first half of a surrogate pair without the second at byte 1`},
		{`"\ud800\ud800"`, `json: the first half of a surrogate pair without the second at byte 1`},
		{`"\udc00"`, `json: the second half of a surrogate pair without the first at byte 1`},
		{"\"a\xff\"", `json: invalid UTF-8 at byte 2`},
		{"\"\ufffd\xff\"", `json: invalid UTF-8 at byte 4`},
		{`1e309`, `json: the number is beyond the range of float64 at byte 0`},
		{`[-1e999]`, `json: the number is beyond the range of float64 at byte 1`},
		{strings.Repeat("[", 65) + strings.Repeat("]", 65), `json: more than 64 arrays and objects inside each other at byte 64`},
		{`"` + strings.Repeat("x", MaxValueSize) + `"`, `json: the text is longer than 8388608 bytes at byte 8388608`},
		{`[` + strings.Repeat("1e19,", 1<<20) + `1]`, `json: the canonical text is longer than 8388608 bytes at byte 5242883`},
	} {
		_, err := ParseJSON(c.text)
		require.EqualError(t, err, c.want)
	}
}

func TestParseJSONSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, `json: the text ends where a value is needed at byte 0`},
		{`[1,]`, `json: found ']' where a value is needed at byte 3`},
		{`[1 2]`, `json: found '2' where a comma or ']' is needed at byte 3`},
		{`{"a":1]`, `json: found ']' where a comma or '}' is needed at byte 6`},
		{`{a:1}`, `json: found 'a' where a key in quotes is needed at byte 1`},
		{`{"a" 1}`, `json: found '1' where a colon is needed at byte 5`},
		{`tru`, `json: unknown word, did you mean true, at byte 0`},
		{`1 2`, `json: found '2' where the end of the text is needed at byte 2`},
		{`-x`, `json: found 'x' where a digit is needed at byte 1`},
		{`1.`, `json: the text ends where a digit is needed at byte 2`},
		{`"a`, `json: the text ends where the end of a string is needed at byte 2`},
		{`"\q"`, `json: found 'q' where one of "\/bfnrtu after a backslash is needed at byte 2`},
		{`"\u12"`, `json: \u without four hexadecimal digits at byte 1`},
		{"\"a\nb\"", `json: found control character '\n' in a string at byte 2`},
		{"\"\\\"\n\"", `json: found control character '\n' in a string at byte 3`},
		{`😀`, `json: found '😀' where a value is needed at byte 0`},
	} {
		_, err := ParseJSON(c.text)
		require.EqualError(t, err, c.want)
	}
}

func TestParseJSONOfRandomTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := drawAny(t, 4)
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatalf("encoding/json: %v", err)
		}
		j, err := ParseJSON(string(text))
		if err != nil {
			t.Fatalf("ParseJSON(%s): %v", text, err)
		}
		if !equalJSON(j.String(), string(text)) {
			t.Fatalf("%s became %s", text, j)
		}
		var tree any
		if j, err = JSONOf(value); err != nil || readJSON(j.String(), &tree) != nil || !sameTree(tree, value) {
			t.Fatalf("JSONOf(%v) = %v, %v", value, j, err)
		}
	})
}

// equalJSON compares by meaning: numbers by the value that their digits, or the
// nearest float, have.
func equalJSON(a, b string) bool {
	var v, w any
	if readJSON(a, &v) != nil || readJSON(b, &w) != nil {
		return false
	}
	return sameTree(v, w)
}

func readJSON(text string, v any) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return d.Decode(v)
}

func sameTree(a, b any) bool {
	switch a := a.(type) {
	case json.Number:
		return numberValue(a.String()).Compare(goNumber(b)) == 0
	case []any:
		list, ok := b.([]any)
		if !ok || len(a) != len(list) {
			return false
		}
		for i := range a {
			if !sameTree(a[i], list[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		object, ok := b.(map[string]any)
		if !ok || len(a) != len(object) {
			return false
		}
		for k := range a {
			if w, ok := object[k]; !ok || !sameTree(a[k], w) {
				return false
			}
		}
		return true
	}
	return a == b
}

// goNumber is a number of a tree; Null if n is none.
func goNumber(n any) Value {
	switch n := n.(type) {
	case json.Number:
		return numberValue(n.String())
	case int64:
		return OfInt(n)
	case uint64:
		return OfUint(n)
	case float64:
		return OfFloat(n)
	}
	return Null
}

// FuzzParseJSON holds ParseJSON against encoding/json: what the first accepts the
// second accepts with the same meaning, and the other way round but for what
// TestParseJSONRefusesMore lists.
func FuzzParseJSON(f *testing.F) {
	for _, text := range append(goodJSON, badJSON...) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		j, err := ParseJSON(text)
		if err == nil {
			require.True(t, json.Valid([]byte(text)))
			require.True(t, utf8.ValidString(text))
			requireCanonical(t, j)
			var want, got any
			require.NoError(t, json.Unmarshal([]byte(text), &want))
			require.NoError(t, json.Unmarshal([]byte(j.String()), &got))
			require.Equal(t, want, got)
			return
		}
		if json.Valid([]byte(text)) && utf8.ValidString(text) {
			for _, known := range []string{"occurs twice", "U+0000", "surrogate", "float64", "inside each other", "longer than"} {
				if strings.Contains(err.Error(), known) {
					return
				}
			}
			t.Fatalf("encoding/json accepts %q: %v", text, err)
		}
	})
}

func requireCanonical(t *testing.T, j JSON) {
	t.Helper()
	again, err := ParseJSON(j.String())
	require.NoError(t, err)
	require.Equal(t, j, again)
	require.NoError(t, OfJSON(j).Validate())
}

// FuzzJSONPath checks that paths into texts that are not even JSON stay harmless.
func FuzzJSONPath(f *testing.F) {
	for _, text := range append(goodJSON, badJSON...) {
		f.Add(text, "a", "0")
	}
	f.Fuzz(func(t *testing.T, text, a, b string) {
		v, ok := JSON{text}.Path(a, b)
		require.Equal(t, ok, !v.IsNull())
	})
}

func TestPathFindsWhatATreeHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		j := drawJSON(t, 4)
		var tree any
		if err := readJSON(j.String(), &tree); err != nil {
			t.Fatalf("%v", err)
		}
		var path []string
		for range rapid.IntRange(0, 4).Draw(t, "steps") {
			var step string
			step, tree = drawStep(t, tree)
			path = append(path, step)
		}
		want := Null
		if tree != missing {
			text, err := json.Marshal(tree)
			if err != nil {
				t.Fatalf("%v", err)
			}
			inner, err := ParseJSON(string(text))
			if err != nil {
				t.Fatalf("%v", err)
			}
			want = inner.Value()
		}
		got, ok := j.Path(path...)
		if got != want || ok != !want.IsNull() {
			t.Fatalf("%s at %q: %v, %v, want %v", j, path, got, ok, want)
		}
	})
}

// missing stands for what is not in a tree.
const missing = "\x00missing"

// drawStep draws a step that may or may not exist, and what it leads to.
func drawStep(t *rapid.T, tree any) (string, any) {
	switch node := tree.(type) {
	case map[string]any:
		step := drawText(t)
		if len(node) > 0 && rapid.Bool().Draw(t, "existing") {
			step = rapid.SampledFrom(sortedKeys(node)).Draw(t, "key")
		}
		if next, ok := node[step]; ok {
			return step, next
		}
		return step, missing
	case []any:
		i := rapid.IntRange(0, len(node)).Draw(t, "index")
		if i < len(node) {
			return OfInt(int64(i)).String(), node[i]
		}
		return OfInt(int64(i)).String(), missing
	}
	return "0", missing
}

// sortedKeys are in order, or a failure could not be repeated from its seed.
func sortedKeys(m map[string]any) []string {
	return slices.Sorted(maps.Keys(m))
}

func TestPath(t *testing.T) {
	j := mustJSON(t, `{"a":{"b":[10,{"c":"x\n"},null,-1.5]},"n":null,"big":18446744073709551615,"t":true,"q\"":1,"":"empty","A":["\\","\\\"","\"\\","]"]}`)
	for _, c := range []struct {
		path string
		want Value
	}{
		{"a b 0", OfInt(10)},
		{"a b 1 c", OfString("x\n")},
		{"a b 3", OfFloat(-1.5)},
		{"big", OfUint(math.MaxUint64)},
		{"t", OfBool(true)},
		{`q"`, OfInt(1)},
		{"A 0", OfString(`\`)},
		{"A 1", OfString(`\"`)},
		{"A 2", OfString(`"\`)},
		{"A 3", OfString(`]`)},
		{"a b 1", OfJSON(JSON{`{"c":"x\n"}`})},
		{"a b", OfJSON(JSON{`[10,{"c":"x\n"},null,-1.5]`})},
		{"n", Null},
		{"a b 2", Null},
		{"a b 4", Null},
		{"a b -1", Null},
		{"a b +1", Null},
		{"a b 01", Null},
		{"a b 99999999999999999999", Null},
		{"a x", Null},
		{"t x", Null},
		{"a b 1 c 0", Null},
	} {
		got, ok := j.Path(strings.Fields(c.path)...)
		require.Equal(t, c.want, got, c.path)
		require.Equal(t, !c.want.IsNull(), ok, c.path)
	}
	got, ok := j.Path("")
	require.True(t, ok)
	require.Equal(t, OfString("empty"), got)
	whole, ok := j.Path()
	require.True(t, ok)
	require.Equal(t, OfJSON(j), whole)
	_, ok = JSON{}.Path()
	require.False(t, ok)
	_, ok = JSON{}.Path("a")
	require.False(t, ok)
	_, ok = mustJSON(t, `[]`).Path("0")
	require.False(t, ok)
	for range 1000 { // the cost is that of the array, not of the index
		_, ok = j.Path("a", "b", "2147483647")
		require.False(t, ok)
	}
}

func TestPathDoesNotAllocate(t *testing.T) {
	j := mustJSON(t, `{"a":{"b":[1,2,{"c":"x"}]},"z":1.5}`)
	path := []string{"a", "b", "2", "c"}
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = j.Path(path...) }))
}

type (
	shelf  string
	rating float32
)

func TestJSONOf(t *testing.T) {
	id := mustID(t, anID)
	n := 7
	for _, c := range []struct {
		v    any
		want string
	}{
		{nil, `null`},
		{true, `true`},
		{int8(-1), `-1`},
		{uint64(math.MaxUint64), `18446744073709551615`},
		{1.5, `1.5`},
		{2.0, `2`},
		{float32(0.1), `0.1`},
		{rating(1e9), `1000000000`},
		{"a\n", `"a\n"`},
		{shelf("left"), `"left"`},
		{[]byte{1, 2}, `"AQI="`},
		{BytesOf([]byte{1, 2}), `"AQI="`},
		{mustJSON(t, `[1]`), `[1]`},
		{[]any{1, "x", nil}, `[1,"x",null]`},
		{[]string{"b", "a"}, `["b","a"]`},
		{[2]int{1, 2}, `[1,2]`},
		{[]int(nil), `null`},
		{map[string]any{"b": 1, "a": []int{}}, `{"a":[],"b":1}`},
		{map[shelf]int{"x": 1}, `{"x":1}`},
		{map[string]int(nil), `null`},
		{&n, `7`},
		{(*int)(nil), `null`},
		{id, `"` + anID + `"`},
		{RefTo[int](id), `"` + anID + `"`},
		{time.Date(1986, 3, 31, 0, 0, 0, 0, time.UTC), `"1986-03-31T00:00:00Z"`},
	} {
		got, err := JSONOf(c.v)
		require.NoError(t, err, "%v", c.v)
		require.Equal(t, c.want, got.String())
	}
	loop := []any{nil}
	loop[0] = loop
	for _, c := range []struct {
		v    any
		want string
	}{
		{struct{}{}, "a struct {} has no JSON form"},
		{map[int]int{1: 1}, "a map[int]int has no JSON form"},
		{make(chan int), "a chan int has no JSON form"},
		{func() {}, "a func() has no JSON form"},
		{1i, "a complex128 has no JSON form"},
		{math.NaN(), "NaN has no JSON form"},
		{[]float64{math.Inf(-1)}, "-Infinity has no JSON form"},
		{"\xff", "a string is not valid UTF-8; keep other bytes in a []byte field"},
		{map[string]int{"\x00": 1}, "a string contains the character U+0000, which cannot be stored"},
		{loop, "more than 64 values inside each other have no JSON form"},
		{unwritable{}, "a value does not write itself as text: EOF"},
	} {
		_, err := JSONOf(c.v)
		require.EqualError(t, err, c.want)
		require.ErrorIs(t, err, ErrInvalid)
	}
}

type unwritable struct{}

func (unwritable) MarshalText() ([]byte, error) { return nil, io.EOF }

func TestJSONInsideOtherJSON(t *testing.T) {
	type page struct {
		J JSON
		B Bytes
		R Ref[int]
	}
	in := page{J: mustJSON(t, `{"b":1,"a":2}`), B: BytesOf([]byte("hi")), R: RefTo[int](event.ID{1})}
	text, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, `{"J":{"a":2,"b":1},"B":"aGk=","R":"`+in.R.String()+`"}`, string(text))
	var out struct {
		J JSON
		R Ref[int]
	}
	require.NoError(t, json.Unmarshal(text, &out))
	require.Equal(t, in.J, out.J)
	require.Equal(t, in.R, out.R)
	require.Error(t, json.Unmarshal([]byte(`{"J":{"a":1,"a":2}}`), &out))
}

func TestJSONZeroIsNull(t *testing.T) {
	var zero JSON
	require.Equal(t, "null", zero.String())
	require.True(t, zero.IsNull())
	require.Equal(t, zero, mustJSON(t, " null "))
	require.Equal(t, Null, OfJSON(zero))
	text, err := zero.MarshalJSON()
	require.NoError(t, err)
	require.Equal(t, "null", string(text))
}
