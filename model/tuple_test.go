package model

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func tupleOf(values map[string]Value) Tuple {
	var b TupleBuilder
	for name, v := range values {
		b.Set(name, v.AppendTo(nil))
	}
	return b.Tuple()
}

// contents are a tuple's names and decoded values.
func contents(t testing.TB, tuple Tuple) map[string]Value {
	t.Helper()
	got := make(map[string]Value)
	for name, encoded := range tuple.All() {
		v, err := DecodeValue(encoded)
		require.NoError(t, err)
		got[strings.Clone(name)] = v
	}
	return got
}

func drawName(t *rapid.T) string {
	return rapid.OneOf(
		rapid.StringMatching(`[a-d]{1,3}`),
		rapid.SampledFrom([]string{"Ünknown name", strings.Repeat("x", 127), strings.Repeat("x", 128), strings.Repeat("x", MaxTupleName), "\x00"}),
	).Draw(t, "name")
}

func TestTuplesHoldWhatWasSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := make(map[string]Value)
		var b TupleBuilder
		if rapid.Bool().Draw(t, "reused") {
			b.Set("left over", Null.AppendTo(nil))
			b.Reset()
		}
		for range rapid.IntRange(0, 12).Draw(t, "n") {
			name, v := drawName(t), drawValue(t, "v")
			want[name] = v
			b.Set(name, v.AppendTo(nil))
		}
		made := b.Tuple()
		if made.Len() != len(want) || b.Len() != len(want) {
			t.Fatalf("Len = %d, %d, want %d", made.Len(), b.Len(), len(want))
		}
		tuple, err := TupleOf(made.Bytes())
		if err != nil {
			t.Fatalf("TupleOf: %v", err)
		}
		var names []string
		for name, encoded := range tuple.All() {
			names = append(names, name)
			if v, err := DecodeValue(encoded); err != nil || v != want[name] {
				t.Fatalf("%q = %v, %v, want %v", name, v, err, want[name])
			}
			if v, ok := tuple.Lookup(name); !ok || v != want[name] {
				t.Fatalf("Lookup(%q) = %v, %v, want %v", name, v, ok, want[name])
			}
		}
		if !slices.Equal(names, slices.Sorted(maps.Keys(want))) {
			t.Fatalf("names %q", names)
		}
		if _, ok := tuple.Lookup("no such name"); ok {
			t.Fatalf("found what is not there")
		}
		if err := tuple.Validate(); err != nil {
			t.Fatalf("Validate: %v", err)
		}
	})
}

func TestTuplesAreCanonical(t *testing.T) {
	a, b := OfInt(1).AppendTo(nil), OfString("x").AppendTo(nil)
	var first, second TupleBuilder
	first.Set("a", a)
	first.Set("b", b)
	second.Set("b", a)
	second.Set("b", b)
	second.Set("a", a)
	require.Equal(t, first.Tuple().Bytes(), second.Tuple().Bytes())
}

func TestTupleWidths(t *testing.T) {
	for _, size := range []int{0, 253, 254, 255, 256, 65533, 65534, 65535, 1 << 16, 1 << 20} {
		want := map[string]Value{"a": OfString(strings.Repeat("x", size)), "b": OfBool(true)}
		tuple, err := TupleOf(tupleOf(want).Bytes())
		require.NoError(t, err, "%d", size)
		require.Empty(t, cmp.Diff(want, contents(t, tuple)), "%d", size)
	}
}

func TestZeroTuple(t *testing.T) {
	var zero Tuple
	require.Zero(t, zero.Len())
	require.Empty(t, zero.Bytes())
	require.Empty(t, contents(t, zero))
	_, ok := zero.Lookup("a")
	require.False(t, ok)
	require.NoError(t, zero.Validate())
	got, err := TupleOf(nil)
	require.NoError(t, err)
	require.Equal(t, zero, got)
	require.Equal(t, zero, new(TupleBuilder).Tuple())
}

func TestTupleOfRefuses(t *testing.T) {
	for _, c := range []struct{ name, hex, want string }{
		{"a names block beyond the end", "05 01 01 61", "a tuple ends early"},
		{"no names", "01 00 01", "a tuple's names are not well-formed, sorted and distinct"},
		{"an empty names block", "00", "a tuple ends early"},
		{"more names than there are", "03 02 01 61 01 01 01 00", "a tuple's names are not well-formed, sorted and distinct"},
		{"a countless number of names", "04 ff ff ff 7f 01", "a tuple ends early"},
		{"an empty name", "02 01 00 01 01 00", "a tuple's names are not well-formed, sorted and distinct"},
		{"names out of order", "05 02 01 62 01 61 01 01 02 00 00", "a tuple's names are not well-formed, sorted and distinct"},
		{"a name twice", "05 02 01 61 01 61 01 01 02 00 00", "a tuple's names are not well-formed, sorted and distinct"},
		{"something behind the names", "04 01 01 61 00 01 01 00", "a tuple's names are not well-formed, sorted and distinct"},
		{"a length not in its shortest form", "83 00 01 01 61 01 01 00", "a tuple ends early"},
		{"no width", "03 01 01 61", "a tuple ends early"},
		{"width 3", "03 01 01 61 03 00 00 01 00", "a tuple ends early"},
		{"width 2 where 1 will do", "03 01 01 61 02 00 01 00", "a tuple's value positions are not in order and canonical"},
		{"no ends", "03 01 01 61 01", "a tuple ends early"},
		{"an end beyond the values", "03 01 01 61 01 02 00", "a tuple's value positions are not in order and canonical"},
		{"ends backwards", "05 02 01 61 01 62 01 01 00 00", "a tuple's value positions are not in order and canonical"},
		{"values left over", "03 01 01 61 01 01 00 00", "a tuple's length is not what its value positions say"},
		{"an empty value", "03 01 01 61 01 00", "an encoded value is empty"},
		{"a broken value", "03 01 01 61 01 02 03 00", "an encoded number is not in its shortest form"},
		{"a huge end in width 8", "03 01 01 61 08 ff ff ff ff ff ff ff ff 00", "a tuple's value positions are not in order and canonical"},
	} {
		_, err := TupleOf(unhex(t, c.hex))
		require.EqualError(t, err, c.want, c.name)
		require.ErrorIs(t, err, ErrEncoding, c.name)
	}
	var b TupleBuilder
	b.Set(strings.Repeat("x", MaxTupleName+1), Null.AppendTo(nil))
	_, err := TupleOf(b.Tuple().Bytes())
	require.ErrorIs(t, err, ErrEncoding)
}

func TestTupleValidateNamesTheField(t *testing.T) {
	err := tupleOf(map[string]Value{"a": OfString("x"), "b": OfString("\xff")}).Validate()
	require.EqualError(t, err, "b: a string is not valid UTF-8; keep other bytes in a []byte field")
	require.ErrorIs(t, err, ErrInvalid)
	require.ErrorIs(t, TrustedTuple(unhex(t, "03 01 01 61 01 01 ff")).Validate(), ErrEncoding)
}

// FuzzTuple checks that TupleOf accepts only what a builder makes, and that
// reading any bytes, checked or not, never panics.
func FuzzTuple(f *testing.F) {
	f.Add([]byte{})
	f.Add(tupleOf(map[string]Value{"name": OfString("Parade"), "year": OfInt(1986)}).Bytes())
	f.Add(tupleOf(map[string]Value{"name": OfString(strings.Repeat("x", 300)), "tags": OfJSON(JSON{"[1]"})}).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		readUnchecked(b)
		_ = albumSchema().AppendJSON(nil, &Row{Values: TrustedTuple(b)})
		_ = TrustedTuple(b).Validate()

		tuple, err := TupleOf(b)
		if err != nil {
			require.ErrorIs(t, err, ErrEncoding)
			return
		}
		var again TupleBuilder
		for name, encoded := range tuple.All() {
			again.Set(name, encoded)
		}
		require.Equal(t, tuple.Len(), again.Len())
		require.Equal(t, string(b), string(again.Tuple().Bytes()))
	})
}

// TestBrokenTuplesStayHarmless reads every truncation and many corruptions of
// tuples, checked and unchecked.
func TestBrokenTuplesStayHarmless(t *testing.T) {
	for _, size := range []int{1, 300, 1 << 16} {
		good := tupleOf(map[string]Value{"name": OfString(strings.Repeat("x", size)), "year": OfInt(1986), "rating": OfFloat(4.5)}).Bytes()
		good = good[:len(good):len(good)]
		header := len(good) - size
		for n := range good {
			if n == header {
				break
			}
			_, err := TupleOf(good[:n:n])
			require.Equal(t, n == 0, err == nil, "%d bytes", n)
			readUnchecked(good[:n:n])
			for _, c := range []byte{0, 1, 2, 4, 8, 0x7f, 0x80, 0xff} {
				b := slices.Clone(good)
				b[n] = c
				_, _ = TupleOf(b)
				readUnchecked(b)
			}
		}
	}
	for _, text := range []string{
		"05 02 01 61 01 62 08 ff ff ff ff ff ff ff ff 00 00 00 00 00 00 00 01 00",
		"05 02 01 61 01 62 08 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 01 00 00",
		"05 02 01 61 01 62 02 00 02 00 01 00 00",
		"05 02 01 61 01 62 04 00 00 00 02 00 00 00 01 00 00",
	} {
		tuple := TrustedTuple(unhex(t, text))
		readUnchecked(tuple.Bytes())
		_, ok := tuple.Lookup("b")
		require.False(t, ok)
	}
}

// readUnchecked does with a tuple's bytes all that reads them.
func readUnchecked(b []byte) {
	row := &Row{Values: TrustedTuple(b)}
	// A schema of its own each time: none has met the names before.
	for schema, i := albumSchema(), 0; i < len(schema.Fields()); i++ {
		_ = schema.Value(row, i)
		_ = schema.slots[i].search(row.Values)
	}
	for range row.Values.All() {
	}
}

func TestBuilderAllocatesTheTupleOnly(t *testing.T) {
	var b TupleBuilder
	names := []string{"a", "b", "c", "d"}
	v := OfInt(1).AppendTo(nil)
	require.Equal(t, 1.0, testing.AllocsPerRun(100, func() {
		b.Reset()
		for _, name := range names {
			b.Set(name, v)
		}
		_ = b.Tuple()
	}))
}

func TestTuplesOfManyNames(t *testing.T) {
	want := make(map[string]Value)
	for i := range 1000 {
		want[fmt.Sprintf("name%d", i)] = OfInt(int64(i))
	}
	tuple, err := TupleOf(tupleOf(want).Bytes())
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, contents(t, tuple)))
}
