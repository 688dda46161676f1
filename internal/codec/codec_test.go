package codec_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/internal/codec"
)

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, v, fixed := rapid.Uint64().Draw(t, "u"), rapid.Int64().Draw(t, "v"), rapid.Uint64().Draw(t, "fixed")
		p, s := rapid.SliceOf(rapid.Byte()).Draw(t, "p"), rapid.String().Draw(t, "s")
		b := codec.AppendUvarint(nil, u)
		require.Len(t, b, codec.SizeUvarint(u))
		b = codec.AppendVarint(b, v)
		b = codec.AppendUint64(b, fixed)
		n := len(b)
		b = codec.AppendBytes(b, p)
		require.Len(t, b, n+codec.SizeBytes(len(p)))
		b = codec.AppendString(b, s)
		b = codec.AppendString(b, s)
		b = append(b, 7, 8, 9)

		r := codec.NewReader(b)
		require.Equal(t, u, r.Uvarint())
		require.Equal(t, v, r.Varint())
		require.Equal(t, fixed, r.Uint64())
		require.True(t, bytes.Equal(p, r.Bytes(len(p))))
		require.Equal(t, s, r.String(len(s)))
		require.Equal(t, s, r.Text(len(s)))
		require.Equal(t, byte(7), r.Byte())
		require.Equal(t, 2, r.Len())
		require.Equal(t, len(b)-2, r.Offset())
		require.Equal(t, []byte{8, 9}, r.Rest())
		require.NoError(t, r.Done())
	})
}

func TestPutLengthIsAppendBytes(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 16383, 16384, 1 << 21} {
		content := bytes.Repeat([]byte("content "), n/8+1)[:n]
		for _, start := range []int{0, 3} {
			before := []byte("abc")[:start]
			got := codec.PutLength(append(slices.Clone(before), content...), start)
			require.True(t, bytes.Equal(codec.AppendBytes(slices.Clone(before), content), got), "%d bytes after %d", n, start)
		}
	}
}

func TestNumbersHaveOneForm(t *testing.T) {
	for _, v := range []uint64{0, 1, 127, 128, 16383, 16384, math.MaxUint64} {
		require.Equal(t, binary.AppendUvarint(nil, v), codec.AppendUvarint(nil, v))
	}
	for v, want := range map[int64]byte{0: 0, -1: 1, 1: 2, -2: 3, 63: 126, -64: 127} {
		require.Equal(t, []byte{want}, codec.AppendVarint(nil, v), "zigzag of %d", v)
	}
	for name, b := range map[string][]byte{
		"zero in two bytes":     {0x80, 0},
		"one in three bytes":    {0x81, 0x80, 0},
		"65 bits":               {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2},
		"eleven bytes":          bytes.Repeat([]byte{0x80}, 11),
		"cut in the middle":     {0x80},
		"nothing":               nil,
		"longest of few groups": {0xff, 0xff, 0x80, 0},
	} {
		r := codec.NewReader(b)
		require.Zero(t, r.Uvarint(), name)
		require.Error(t, r.Err(), name)
	}
}

// TestErrorsStick: after the first error everything is zero, and the first
// error remains.
func TestErrorsStick(t *testing.T) {
	r := codec.NewReader([]byte{1, 2, 3, 9, 5})
	r.Fixed(3)
	r.Bytes(9)
	err := r.Err()
	require.EqualError(t, err, "the end of the input, 9 bytes wanted and 1 left at byte 4")
	require.Zero(t, r.Len())
	require.Zero(t, r.Byte())
	require.Zero(t, r.Uvarint())
	require.Zero(t, r.Uint64())
	require.Nil(t, r.Fixed(1))
	require.Nil(t, r.Bytes(1))
	require.Empty(t, r.Text(1))
	require.Zero(t, r.Count(5, 0))
	require.Empty(t, r.Rest())
	require.Equal(t, err, r.Done())
	r.Fail("later")
	require.Equal(t, err, r.Err())
	r.Reset([]byte{9})
	require.Equal(t, byte(9), r.Byte())
	require.NoError(t, r.Done())
}

func TestLimits(t *testing.T) {
	r := codec.NewReader([]byte{0xff, 3, 'a', 'b', 'c'})
	r.Byte()
	require.Nil(t, r.Bytes(2))
	require.EqualError(t, r.Err(), "a length of 3, at most 2 allowed at byte 1")
	var e *codec.Error
	require.ErrorAs(t, r.Err(), &e)
	require.Equal(t, 1, e.Offset)

	r.Reset([]byte{3, 'a', 'b', 'c'})
	require.Zero(t, r.Count(2, 1))
	require.EqualError(t, r.Err(), "a count of 3, at most 2 allowed at byte 0")

	r.Reset([]byte{3, 'a', 'b'})
	require.Zero(t, r.Count(9, 1))
	require.EqualError(t, r.Err(), "a count of 3 with 2 bytes left at byte 0")

	r.Reset([]byte{2, 'a', 'b'})
	require.Equal(t, 2, r.Count(9, 1))
	require.EqualError(t, r.Done(), "2 unexpected bytes at byte 1")

	r.Reset(codec.AppendUvarint(nil, math.MaxUint64))
	require.Zero(t, r.Count(math.MaxInt32, 1), "no overflow")
	require.Error(t, r.Err())
	r.Reset(nil)
	require.Nil(t, r.Fixed(-1))
	require.Error(t, r.Err())
}

// TestSections: errors within a section count from the start of the whole input,
// and become those of the reader around it.
func TestSections(t *testing.T) {
	b := []byte{9, 2, 'a', 'b', 3, 'x', 'y', 'z', 7}
	r := codec.NewReader(b)
	r.Byte()
	s := r.Section(2)
	require.Equal(t, []byte("ab"), s.Fixed(2))
	require.NoError(t, s.Done())
	s = r.Section(3)
	s.Byte()
	require.Error(t, s.Done())
	r.Adopt(s.Err(), "the second")
	require.EqualError(t, r.Err(), "the second: 2 unexpected bytes at byte 6")
	require.Zero(t, r.Len())

	r = codec.NewReader([]byte{5, 'a'})
	s = r.Section(9)
	require.Error(t, s.Err(), "a section that is cut fails from the start")
	require.Zero(t, s.Byte())
}

// TestResultsCannotGrowIntoTheInput: appending to what was read leaves the bytes
// behind it alone.
func TestResultsCannotGrowIntoTheInput(t *testing.T) {
	b := []byte{1, 'a', 'b', 'c'}
	r := codec.NewReader(b)
	_ = append(r.Bytes(1), 'X')
	_ = append(r.Fixed(1), 'X')
	_ = append(r.Rest(), 'X')
	require.Equal(t, []byte{1, 'a', 'b', 'c'}, b)
}

// FuzzReader reads any input by any script: no panic, and what was read without
// an error is written again byte for byte.
func FuzzReader(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5}, []byte{1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 1, 1, 'x', 9})
	f.Fuzz(func(t *testing.T, script, input []byte) {
		r := codec.NewReader(input)
		var again []byte
		for _, op := range script {
			switch op % 6 {
			case 0:
				again = codec.AppendUvarint(again, r.Uvarint())
			case 1:
				again = codec.AppendVarint(again, r.Varint())
			case 2:
				again = append(again, r.Byte())
			case 3:
				again = codec.AppendUint64(again, r.Uint64())
			case 4:
				again = codec.AppendBytes(again, r.Bytes(int(op)))
			case 5:
				s := r.Section(int(op))
				again = codec.AppendBytes(again, s.Rest())
			}
			if r.Err() != nil {
				return
			}
		}
		again = append(again, r.Rest()...)
		if !bytes.Equal(input, again) {
			t.Fatalf("read %x\nwrote %x", input, again)
		}
	})
}

func BenchmarkUvarint(b *testing.B) {
	var buf []byte
	for i := range uint64(64) {
		buf = codec.AppendUvarint(buf, 1<<i)
	}
	b.ReportAllocs()
	for b.Loop() {
		r := codec.Reader{}
		r.Reset(buf)
		for range 64 {
			r.Uvarint()
		}
		if r.Done() != nil {
			b.Fatal(r.Err())
		}
	}
}
