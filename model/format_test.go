package model

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tests of this file hold the code against the vectors in FORMAT.md. If one
// fails the code is wrong: the format is settled.

func TestFormatOfValues(t *testing.T) {
	for _, row := range formatVectors(t, "2. Values") {
		v, want := parseValue(t, row[0]), unhex(t, row[1])
		require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(v.AppendTo(nil)), row[0])
		got, err := DecodeValue(want)
		require.NoError(t, err, row[0])
		require.Equal(t, v, got, row[0])
	}
}

func TestFormatOfJSON(t *testing.T) {
	for _, row := range formatVectors(t, "3. Canonical JSON") {
		text, want := strings.Trim(row[0], "`"), strings.Trim(row[1], "`")
		j, err := ParseJSON(text)
		if want == "" {
			require.ErrorIs(t, err, ErrInvalid, text)
			continue
		}
		require.NoError(t, err, text)
		require.Equal(t, want, j.String(), text)
		require.Equal(t, j, mustJSON(t, want), "canonical text is kept")
	}
}

func TestFormatOfKeys(t *testing.T) {
	rows := formatVectors(t, "4. Order and keys")
	for i, row := range rows {
		v, want := parseValue(t, row[0]), unhex(t, row[1])
		require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(key(v, false)), row[0])
		for j := range want {
			want[j] = ^want[j]
		}
		require.Equal(t, want, key(v, true), row[0])
		if i > 0 && !strings.HasPrefix(row[0], "json") {
			require.Equal(t, -1, parseValue(t, rows[i-1][0]).Compare(v), "%s sorts before %s", rows[i-1][0], row[0])
		}
	}
}

func TestFormatOfTuples(t *testing.T) {
	var text strings.Builder
	for _, line := range formatSection(t, "5. Tuples") {
		if strings.HasPrefix(line, "    ") {
			text.WriteString(line)
		}
	}
	want := unhex(t, text.String())
	var b TupleBuilder
	b.Set("year", OfInt(1986).AppendTo(nil))
	b.Set("name", OfString("Parade").AppendTo(nil))
	b.Set("artist", OfString("Prince").AppendTo(nil))
	require.Equal(t, hex.EncodeToString(want), hex.EncodeToString(b.Tuple().Bytes()))
	tuple, err := TupleOf(want)
	require.NoError(t, err)
	year, ok := tuple.Lookup("year")
	require.True(t, ok)
	require.Equal(t, OfInt(1986), year)
}
