package event_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
)

func TestHeadWith(t *testing.T) {
	h := eventtest.New(t, `
		A
		B, C, D => [A]
		E => [B, C]
		F => [A]
	`)
	for _, tc := range []struct{ before, applied, after string }{
		{"", "A", "A"},
		{"A", "B", "B"},
		{"B", "C", "B C"},
		{"C", "B", "B C"},
		{"B C", "E", "E"},
		{"B C D", "E", "D E"},
		{"B", "F", "B F"},
		{"F", "C", "C F"},
		{"B F", "F", "B F"},   // applied before
		{"D F", "E", "D E F"}, // E's precursors are not here: no matter to With
	} {
		before := h.Head(split(tc.before)...)
		e := h.Event(tc.applied)
		got := before.With(e.ID, e.Precursors)
		require.Equal(t, tc.after, h.Labels(got...), "%s with %s", tc.before, tc.applied)
		require.Equal(t, tc.before, h.Labels(before...), "a head never changes")
	}
}

// TestHeadWithInAnyOrder applies random histories in random causal orders: the
// head is always that of what was applied.
func TestHeadWithInAnyOrder(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(eventtest.Bytes(seed))
		h := eventtest.Random(t, rng, 30, 3)
		var head event.Head
		applied := map[event.ID]bool{}
		var ids []event.ID
		for len(ids) < 30 {
			e := h.Events()[rng.IntN(30)]
			ready := !applied[e.ID]
			for _, p := range e.Precursors {
				ready = ready && applied[p]
			}
			if !ready {
				continue
			}
			head = head.With(e.ID, e.Precursors)
			applied[e.ID] = true
			ids = append(ids, e.ID)
			require.Equal(t, h.Labels(h.HeadOf(ids...)...), h.Labels(head...), "seed %d, order %s in\n%s", seed, h.Labels(ids...), h)
		}
	}
}

func TestHeadBasics(t *testing.T) {
	a, b, c := event.ID{1}, event.ID{2}, event.ID{3}
	h := event.NewHead(c, a, c, b)
	require.Equal(t, event.Head{a, b, c}, h)
	require.True(t, h.Equal(event.NewHead(a, b, c)))
	require.False(t, h.Equal(event.NewHead(a, b)))
	for _, id := range h {
		require.True(t, h.Contains(id))
	}
	require.False(t, h.Contains(event.ID{9}))
	require.False(t, event.Head{a}.Contains(b))
	require.Equal(t, c, h.Max())
	require.True(t, event.Head{}.Max().IsZero())
	require.Equal(t, "["+a.String()+" "+b.String()+"]", event.NewHead(a, b).String())
}

func TestStampsTellHeadsApart(t *testing.T) {
	a, b, c := event.ID{1}, event.ID{2}, event.ID{3}
	require.True(t, event.Head{}.Stamp().IsZero())
	require.Equal(t, event.Stamp(a), event.Head{a}.Stamp())
	seen := map[event.Stamp]event.Head{}
	for _, h := range []event.Head{{}, {a}, {b}, {a, b}, {a, c}, {b, c}, {a, b, c}} {
		require.NotContains(t, seen, h.Stamp(), "%v", h)
		seen[h.Stamp()] = h
	}
}

func TestHeadCodec(t *testing.T) {
	for _, h := range []event.Head{nil, {{1}}, {{1}, {2}, {3}}} {
		got, err := event.DecodeHead(h.AppendTo(nil))
		require.NoError(t, err)
		require.Equal(t, h, got)
	}
	for name, h := range map[string]event.Head{"unsorted": {{2}, {1}}, "twice": {{1}, {1}}} {
		_, err := event.DecodeHead(h.AppendTo(nil))
		require.ErrorIs(t, err, event.ErrMalformed, name)
	}
}
