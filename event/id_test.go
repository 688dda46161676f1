package event_test

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
)

func TestIDText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := event.ID(drawBytes(t, "id", 16))
		got, err := event.ParseID(id.String())
		require.NoError(t, err)
		require.Equal(t, id, got)
		lower, err := event.ParseID(strings.ToLower(id.String()))
		require.NoError(t, err)
		require.Equal(t, id, lower)

		text, err := id.MarshalText()
		require.NoError(t, err)
		require.Equal(t, id.String(), string(text))
		var back event.ID
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, id, back)
		appended, err := id.AppendText([]byte("x"))
		require.NoError(t, err)
		require.Equal(t, "x"+id.String(), string(appended))
	})
}

func TestIDOrderIsThatOfBytesAndTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := event.ID(drawBytes(t, "a", 16)), event.ID(drawBytes(t, "b", 16))
		if same := rapid.IntRange(0, 16).Draw(t, "common"); same > 0 {
			copy(b[:same], a[:same])
		}
		want := bytes.Compare(a[:], b[:])
		require.Equal(t, want, a.Compare(b))
		require.Equal(t, want < 0, a.Less(b))
		require.Equal(t, want, cmp.Compare(a.String(), b.String()))
	})
}

func TestParseIDRefuses(t *testing.T) {
	for _, s := range []string{"", "01JGFJJZ00ABCDEFGHJKMNPQR", "01JGFJJZ00ABCDEFGHJKMNPQRU", "81JGFJJZ00ABCDEFGHJKMNPQRS", strings.Repeat("x", 500)} {
		_, err := event.ParseID(s)
		require.ErrorContains(t, err, "is not an ID")
		require.Less(t, len(err.Error()), 200, "a message stays short")
		id := event.ID{1}
		require.Error(t, id.UnmarshalText([]byte(s)))
		require.Equal(t, event.ID{1}, id, "a failure changes nothing")
	}
}

func TestIDTime(t *testing.T) {
	id, err := event.ParseID("01JGFJJZ00ABCDEFGHJKMNPQRS")
	require.NoError(t, err)
	require.Equal(t, time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), id.Time())
	require.True(t, event.ID{}.IsZero())
	require.False(t, id.IsZero())
}

func TestTransactionOfAnUpdate(t *testing.T) {
	tx := event.ID(slices.Repeat([]byte{0xff}, 16)).Transaction()
	require.Equal(t, []byte{0xf0, 0, 0}, tx[13:])
	require.Equal(t, tx, tx.Transaction())
	for _, n := range []int{1, 2, event.MaxTransactionEvents} {
		require.True(t, tx.Less(tx.Update(n)))
		require.Equal(t, tx, tx.Update(n).Transaction())
	}
	require.Equal(t, []byte{0xf1, 0, 0}, sliceOf(tx.Update(event.MaxTransactionEvents))[13:])
}

func sliceOf(id event.ID) []byte { return id[:] }

func split(list string) []string { return strings.Fields(list) }
