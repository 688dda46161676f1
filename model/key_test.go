package model

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestKeysEndThemselves checks that no key is a prefix of the key of another
// value: what follows a key can never be taken for a part of it.
func TestKeysEndThemselves(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, a, b Value, desc bool) {
		ka, kb := key(a, desc), key(b, desc)
		if a.Compare(b) != 0 && bytes.HasPrefix(kb, ka) {
			t.Fatalf("the key %x of %v begins the key %x of %v", ka, a, kb, b)
		}
	}
	for _, a := range traps() {
		for _, b := range traps() {
			check(t, a, b, false)
			check(t, a, b, true)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		check(t, drawValue(t, "a"), drawValue(t, "b"), rapid.Bool().Draw(t, "desc"))
	})
}

// TestKeysOfSeveralColumns compares concatenated keys with a comparison column by
// column, and takes them apart again, whatever follows.
func TestKeysOfSeveralColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "columns")
		var a, b []byte
		var values []Value
		desc := make([]bool, n)
		want := 0
		for i := range n {
			desc[i] = rapid.Bool().Draw(t, "desc")
			typ := Type(rapid.IntRange(0, int(typeCount)-1).Draw(t, "type"))
			v, w := drawOf(t, typ), drawOf(t, typ)
			if rapid.IntRange(0, 3).Draw(t, "same") == 0 {
				w = v
			}
			if want == 0 {
				want = v.Compare(w)
				if desc[i] {
					want = -want
				}
			}
			a, b = v.AppendKey(a, desc[i]), w.AppendKey(b, desc[i])
			values = append(values, v)
		}
		if got := sign(bytes.Compare(a, b)); got != want {
			t.Fatalf("bytes.Compare = %d, want %d\n%x\n%x", got, want, a, b)
		}
		rest := append(a, rapid.SliceOf(rapid.Byte()).Draw(t, "after")...)
		after := len(rest) - len(a)
		for i, v := range values {
			typ := v.Type()
			if v.IsNull() {
				typ = TypeString
			}
			got, r, err := DecodeKey(rest, typ, desc[i])
			if err != nil || got != v {
				t.Fatalf("DecodeKey = %v, %v, want %v", got, err, v)
			}
			rest = r
		}
		if len(rest) != after {
			t.Fatalf("%d bytes left, want %d", len(rest), after)
		}
	})
}

func TestDecodeKeyGivesBackEveryTrap(t *testing.T) {
	for _, v := range traps() {
		for _, desc := range []bool{false, true} {
			k := append(key(v, desc), 0x00, 0xff, 0x01)
			got, rest, err := DecodeKey(k, v.Type(), desc)
			require.NoError(t, err, "%v", v)
			require.Equal(t, v, got)
			require.Equal(t, []byte{0x00, 0xff, 0x01}, rest)
		}
	}
}

func TestDecodeKeyRefusesOtherTypes(t *testing.T) {
	for _, v := range traps() {
		if v.IsNull() {
			continue
		}
		for typ := TypeBool; typ < typeCount; typ++ {
			got, _, err := DecodeKey(key(v, false), typ, false)
			if err != nil {
				require.ErrorIs(t, err, ErrEncoding)
				continue
			}
			require.Equal(t, typ, got.Type(), "key of %v as %v", v, typ)
			require.Equal(t, 0, got.Compare(v), "key of %v as %v", v, typ)
		}
	}
}

func TestDecodeKeyRefuses(t *testing.T) {
	for _, c := range []struct {
		name, hex string
		t         Type
		want      string
	}{
		{"nothing", "", TypeInt, "a key ends early"},
		{"an unknown rank", "09", TypeInt, "a key holds another type than its column's"},
		{"an unknown rank of JSON", "30", TypeJSON, "a key holds another type than its column's"},
		{"an unknown type", "18 bf f0 00 00 00 00 00 00", typeCount, "a key holds another type than its column's"},
		{"true as a string", "11", TypeString, "a key holds another type than its column's"},
		{"half a number", "18 bf f0", TypeInt, "a key ends early"},
		{"a large number without rest", "18 c3 40 00 00 00 00 00 00 00", TypeInt, "a key ends early"},
		{"a fraction as an int", "18 bf e0 00 00 00 00 00 00", TypeInt, "a key holds no canonical value"},
		{"-1 as a uint", "18 40 0f ff ff ff ff ff ff", TypeUint, "a key holds no canonical value"},
		{"-0", "18 7f ff ff ff ff ff ff ff", TypeFloat, "a key holds no canonical value"},
		{"another NaN", "18 ff f8 00 00 00 00 00 01", TypeFloat, "a key holds no canonical value"},
		{"a rest that another float covers", "18 c3 40 00 00 00 00 00 00 00 02", TypeInt, "a key holds no canonical value"},
		{"a rest of a float", "18 c3 40 00 00 00 00 00 00 00 01", TypeFloat, "a key holds no canonical value"},
		{"a uint beyond its type", "18 c3 f0 00 00 00 00 00 00 00 00", TypeUint, "a key holds no canonical value"},
		{"NaN in JSON", "18 ff f8 00 00 00 00 00 00", TypeJSON, "a key holds no canonical value"},
		{"a rest in JSON", "18 c4 40 00 00 00 00 00 00 ff ff", TypeJSON, "a key holds no canonical value"},
		{"half a number in JSON", "18 c4", TypeJSON, "a key ends early"},
		{"a string without end", "20 61 62", TypeString, "a key ends early"},
		{"a string that ends in half an end", "20 61 00", TypeString, "a key ends early"},
		{"a string with a third mark", "20 61 00 02 00 01", TypeString, "a key holds no canonical value"},
		{"a string without end in JSON", "20 61", TypeJSON, "a key ends early"},
		{"an array without end", "48 5b", TypeJSON, "a key ends early"},
		{"no array", "48 61 00 01", TypeJSON, "a key holds no canonical value"},
		{"half a time", "30 80", TypeTime, "a key ends early"},
		{"a time after 9999", "30 ff ff ff ff ff ff ff ff", TypeTime, "a key holds no canonical value"},
		{"half a duration", "38 80", TypeDuration, "a key ends early"},
		{"half an ID", "40 01 56 3e 3a b5 d3 d6 76 4c", TypeID, "a key ends early"},
	} {
		k := unhex(t, c.hex)
		_, _, err := DecodeKey(k, c.t, false)
		require.EqualError(t, err, c.want, c.name)
		require.ErrorIs(t, err, ErrEncoding, c.name)
		invert(k)
		_, _, err = DecodeKey(k, c.t, true)
		require.EqualError(t, err, c.want, "%s, descending", c.name)
	}
}

// FuzzDecodeKey checks that what DecodeKey accepts is what AppendKey writes.
func FuzzDecodeKey(f *testing.F) {
	for _, v := range traps() {
		f.Add(key(v, false), uint8(v.Type()), false)
		f.Add(key(v, true), uint8(v.Type()), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, typ uint8, desc bool) {
		v, rest, err := DecodeKey(b, Type(typ), desc)
		if err != nil {
			require.ErrorIs(t, err, ErrEncoding)
			return
		}
		require.Equal(t, b[:len(b)-len(rest)], key(v, desc))
	})
}

func TestKeyPrefixBoundsStrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix, desc := drawText(t), rapid.Bool().Draw(t, "desc")
		v := drawValue(t, "v")
		if rapid.Bool().Draw(t, "extend") {
			v = OfString(prefix + drawText(t))
		}
		want := v.Type() == TypeString && strings.HasPrefix(v.Text(), prefix)
		if v.Type() == TypeJSON {
			inner := v.JSON().Value()
			want = inner.Type() == TypeString && strings.HasPrefix(inner.Text(), prefix)
		}
		if got := bytes.HasPrefix(key(v, desc), AppendKeyPrefix(nil, prefix, desc)); got != want {
			t.Fatalf("the key of %v begins with that of prefix %q: %v, want %v", v, prefix, got, want)
		}
	})
}

func TestAppendKeyAppends(t *testing.T) {
	b := append(make([]byte, 0, 64), "before"...)
	for _, desc := range []bool{false, true} {
		got := OfInt(7).AppendKey(b, desc)
		require.Equal(t, "before", string(got[:6]))
		require.Equal(t, key(OfInt(7), desc), got[6:])
	}
}

func TestKeysDoNotAllocate(t *testing.T) {
	b := make([]byte, 0, 256)
	for _, v := range []Value{
		OfInt(1), OfUint(1 << 63), OfFloat(1.5), OfString("Parade"), OfBytes([]byte{0, 1}), OfBool(true), ofMicros(1), OfID(mustID(t, anID)),
	} {
		require.Zero(t, testing.AllocsPerRun(100, func() { b = v.AppendKey(b[:0], true) }), "%v", v)
	}
}
