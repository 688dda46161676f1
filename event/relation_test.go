package event_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
)

// counted counts the events that are read from a graph.
type counted struct {
	event.Graph
	reads int
}

func (c *counted) Precursors(ctx context.Context, id event.ID) (event.Head, error) {
	c.reads++
	return c.Graph.Precursors(ctx, id)
}

func TestCompare(t *testing.T) {
	h := eventtest.New(t, `
		A
		B, C => [A]
		D => [B, C]
		E => [B]
		F => [D]
		Z
	`)
	for _, tc := range []struct {
		a, b  event.Head
		want  event.Relation
		reads int
	}{
		{h.Head("A"), h.Head("A"), event.Equal, 0},
		{h.Head(), h.Head(), event.Equal, 0},
		{h.Head("A"), h.Head(), event.Descends, 0},
		{h.Head("B"), h.Head("A"), event.Descends, 1},
		{h.Head("B"), h.Head("C"), event.Concurrent, 1},
		{h.Head("B", "C"), h.Head("C"), event.Descends, 0},
		{h.Head("D"), h.Head("B", "C"), event.Descends, 1},
		{h.Head("D"), h.Head("B"), event.Descends, 2},
		{h.Head("D"), h.Head("E"), event.Concurrent, 2},
		{h.Head("D", "E"), h.Head("E", "C"), event.Descends, 1},
		{h.Head("D", "E"), h.Head("F"), event.Concurrent, 1},
		{h.Head("F", "E"), h.Head("D"), event.Descends, 2},
		{h.Head("F"), h.Head("A"), event.Descends, 4},
		{h.Head("F"), h.Head("Z"), event.Concurrent, 1},
	} {
		g := &counted{Graph: h}
		got, err := event.Compare(t.Context(), g, tc.a, tc.b, 100)
		require.NoError(t, err)
		require.Equal(t, tc.want, got, "Compare(%s, %s)", h.Labels(tc.a...), h.Labels(tc.b...))
		require.LessOrEqual(t, g.reads, tc.reads, "reads of Compare(%s, %s)", h.Labels(tc.a...), h.Labels(tc.b...))

		back, err := event.Compare(t.Context(), h, tc.b, tc.a, 100)
		require.NoError(t, err)
		opposite := map[event.Relation]event.Relation{event.Descends: event.Ascends, event.Ascends: event.Descends}
		if want, ok := opposite[tc.want]; ok {
			require.Equal(t, want, back)
		} else {
			require.Equal(t, tc.want, back)
		}
	}
}

func TestMissing(t *testing.T) {
	h := eventtest.New(t, `
		A
		B, C => [A]
		D => [B, C]
		E => [B]
		F => [D, E]
	`)
	for _, tc := range []struct {
		have, want event.Head
		missing    string
	}{
		{h.Head(), h.Head("A"), "A"},
		{h.Head("A"), h.Head(), ""},
		{h.Head("A"), h.Head("A"), ""},
		{h.Head(), h.Head("F"), "A B C D E F"},
		{h.Head("A"), h.Head("D"), "B C D"},
		{h.Head("C"), h.Head("D"), "B D"},
		{h.Head("E"), h.Head("D"), "C D"},
		{h.Head("D"), h.Head("E"), "E"},
		{h.Head("B", "C"), h.Head("F"), "D E F"},
		{h.Head("F"), h.Head("A", "B"), ""},
	} {
		got, err := event.Missing(t.Context(), h, tc.have, tc.want, 100)
		require.NoError(t, err)
		require.Equal(t, tc.missing, h.Labels(got...), "Missing(%s, %s)", h.Labels(tc.have...), h.Labels(tc.want...))
	}
}

// TestRelationsAgreeWithAncestorSets compares the walks with brute force on
// random histories. The seed of a failure makes the same history again.
func TestRelationsAgreeWithAncestorSets(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(eventtest.Bytes(seed))
		h := eventtest.Random(t, rng, 2+rng.IntN(40), 1+rng.IntN(4))
		for range 40 {
			a, b := drawnHead(h, rng), drawnHead(h, rng)
			relation, err := event.Compare(t.Context(), h, a, b, 1000)
			require.NoError(t, err)
			require.Equal(t, h.Compare(a, b), relation, "seed %d: Compare(%s, %s) in\n%s", seed, h.Labels(a...), h.Labels(b...), h)
			missing, err := event.Missing(t.Context(), h, a, b, 1000)
			require.NoError(t, err)
			require.Equal(t, h.Labels(h.Missing(a, b)...), h.Labels(missing...), "seed %d: Missing(%s, %s) in\n%s", seed, h.Labels(a...), h.Labels(b...), h)
		}
	}
}

// drawnHead is the head of up to three random events.
func drawnHead(h *eventtest.History, rng *rand.Rand) event.Head {
	all := h.Events()
	var ids []event.ID
	for range rng.IntN(4) {
		ids = append(ids, all[rng.IntN(len(all))].ID)
	}
	return h.HeadOf(ids...)
}

func TestWalksAreBounded(t *testing.T) {
	h := eventtest.New(t, "0")
	for i := range 50 {
		h.Add(strconv.Itoa(i+1), strconv.Itoa(i))
	}
	for limit, ok := range map[int]bool{49: false, 50: true} {
		relation, err := event.Compare(t.Context(), h, h.Head("50"), h.Head("0"), limit)
		missing, err2 := event.Missing(t.Context(), h, h.Head("0"), h.Head("50"), limit)
		if ok {
			require.NoError(t, errors.Join(err, err2))
			require.Equal(t, event.Descends, relation)
			require.Len(t, missing, 50)
			continue
		}
		for _, err := range []error{err, err2} {
			var limited *event.LimitError
			require.ErrorAs(t, err, &limited)
			require.Equal(t, limit, limited.Limit)
		}
	}
}

func TestWalksPassErrorsOn(t *testing.T) {
	h := eventtest.New(t, "A\nB => [A]")
	_, err := event.Compare(t.Context(), h, event.Head{h.ID("B"), {0xff}}, h.Head("A"), 9)
	require.ErrorContains(t, err, "no event")
	_, err = event.Missing(t.Context(), h, nil, event.Head{{0xff}}, 9)
	require.ErrorContains(t, err, "no event")

	h.Event("B").Precursors = event.Head{h.ID("B")}
	_, err = event.Missing(t.Context(), h, nil, h.Head("B"), 9)
	require.ErrorIs(t, err, event.ErrInvalid, "a circle must not be walked for ever")
}
