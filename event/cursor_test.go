package event_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
)

// drawCursor draws a cursor in few logs, so that two of them often meet. The
// hash of an entry is a function of its address: no log is forked.
func drawCursor(t *rapid.T, label string) event.Cursor {
	var c event.Cursor
	for range rapid.IntRange(0, 4).Draw(t, label) {
		p := event.Position{
			Origin: event.Origin{byte(rapid.IntRange(1, 3).Draw(t, "origin"))},
			Seq:    uint64(rapid.IntRange(0, 3).Draw(t, "seq")),
		}
		p.Short = p.Seq * 1000
		c = c.With(p)
	}
	return c
}

// TestCursorLaws: covering is a partial order, and merging is its least upper
// bound.
func TestCursorLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawCursor(t, "a"), drawCursor(t, "b"), drawCursor(t, "c")
		require.True(t, a.Covers(a))
		require.True(t, a.Covers(event.Cursor{}))
		if a.Covers(b) && b.Covers(a) {
			require.True(t, a.Equal(b))
		}
		if a.Covers(b) && b.Covers(c) {
			require.True(t, a.Covers(c))
		}
		both := a.Merge(b)
		require.True(t, both.Equal(b.Merge(a)))
		require.True(t, both.Covers(a) && both.Covers(b))
		require.Equal(t, c.Covers(a) && c.Covers(b), c.Covers(both))

		got, err := event.DecodeCursor(a.AppendTo(nil))
		require.NoError(t, err)
		require.True(t, a.Equal(got))
		require.Equal(t, a, got)
		require.True(t, a.Equal(event.NewCursor(a.Positions()...)))
		require.Equal(t, a.IsZero(), a.Len() == 0)
		for _, p := range a.Positions() {
			require.True(t, a.CoversPosition(p.Origin, p.Seq))
			require.False(t, a.CoversPosition(p.Origin, p.Seq+1))
		}
	})
}

func TestCursorIsAValue(t *testing.T) {
	one, two := event.Origin{1}, event.Origin{2}
	var c event.Cursor
	require.True(t, c.IsZero())
	c1 := c.With(event.Position{Origin: two, Seq: 5, Short: 1})
	c2 := c1.With(event.Position{Origin: one, Seq: 1, Short: 2})
	c3 := c2.With(event.Position{Origin: two, Seq: 3, Short: 3}) // back is allowed
	p, ok := c2.At(two)
	require.True(t, ok)
	require.Equal(t, event.Position{Origin: two, Seq: 5, Short: 1}, p)
	_, ok = c1.At(one)
	require.False(t, ok)
	require.Equal(t, "{01000000:1 02000000:3}", c3.String())
	require.Equal(t, "{02000000:5}", c2.Without(one).String())
	require.Equal(t, "{01000000:1}", c2.With(event.Position{Origin: two}).String())
	require.True(t, c2.Equal(c2.Without(event.Origin{9})))
	require.Equal(t, "{}", c.String())
	c2.Positions()[0].Seq = 99
	require.True(t, c2.CoversPosition(one, 0) && !c2.CoversPosition(one, 99), "Positions returns a copy")
	require.True(t, c.CoversPosition(one, 0))
}

// TestForkedPositions: two hashes at one seq are never mistaken for each other.
func TestForkedPositions(t *testing.T) {
	a := event.NewCursor(event.Position{Origin: event.Origin{1}, Seq: 5, Short: 1})
	b := event.NewCursor(event.Position{Origin: event.Origin{1}, Seq: 5, Short: 2})
	require.False(t, a.Covers(b) || b.Covers(a) || a.Equal(b))
}

func TestCursorDecodingRefuses(t *testing.T) {
	p := event.Position{Origin: event.Origin{1}, Seq: 1}
	good := event.NewCursor(p, event.Position{Origin: event.Origin{2}, Seq: 1}).AppendTo(nil)
	swapped := append([]byte{1, 2}, append(good[2+41:2+82:2+82], good[2:2+41]...)...)
	twice := append(append([]byte(nil), good[:2+41]...), good[2:2+41]...)
	zero := append([]byte(nil), good...)
	zero[2+32] = 0
	for name, b := range map[string][]byte{
		"unsorted": swapped, "twice": twice, "seq 0": zero, "cut": good[:50], "longer": append(good, 0),
		"count beyond the input": {1, 100},
	} {
		_, err := event.DecodeCursor(b)
		require.ErrorIs(t, err, event.ErrMalformed, name)
	}
	_, err := event.DecodeCursor([]byte{9})
	var version *event.VersionError
	require.ErrorAs(t, err, &version)
}
