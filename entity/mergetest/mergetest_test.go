package mergetest_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity/mergetest"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
)

// TestHistoriesAreReal: what is drawn could have been made by real writers, and
// every feature that the laws are about occurs.
func TestHistoriesAreReal(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, 0))
	var joins, twins, erased, unknown, deletions, concurrent int
	for range 200 {
		h := mergetest.Random(rng)
		require.Equal(t, h.Entity, h.Events[0].ID)
		known := map[event.ID]bool{}
		for i, e := range h.Events {
			require.NoError(t, e.Validate(), "seed %d", seed)
			require.False(t, known[e.ID], "an ID is used twice")
			known[e.ID] = true
			for _, p := range e.Precursors {
				require.True(t, known[p], "a precursor is younger than its event, or does not exist")
			}
			if len(e.Precursors) > 1 {
				joins++
			}
			if i > 0 && !e.Precursors.Contains(h.Events[i-1].ID) {
				concurrent++
			}
			for _, op := range e.Ops {
				switch op.Kind {
				case event.OpSet:
				case event.OpDelete, event.OpUndelete:
					deletions++
				default:
					unknown++
				}
			}
		}
		for _, e := range slices.Concat(h.Twins, h.Erased) {
			require.NoError(t, e.Validate(), "seed %d", seed)
			require.True(t, known[e.ID])
		}
		twins += len(h.Twins)
		erased += len(h.Erased)
	}
	for what, n := range map[string]int{
		"joins": joins, "concurrent events": concurrent, "twins": twins,
		"erased copies": erased, "unknown operations": unknown, "deletions": deletions,
	} {
		require.Greater(t, n, 100, what)
	}
}

func TestRandomRepeats(t *testing.T) {
	one := mergetest.Random(rand.New(rand.NewPCG(5, 0)))
	other := mergetest.Random(rand.New(rand.NewPCG(5, 0)))
	require.Equal(t, one, other)
	require.Equal(t, one.String(), other.String())
}

// TestReference checks the definition itself by hand.
func TestReference(t *testing.T) {
	h := eventtest.New(t, "A\nB, C => [A]\nD => [B]\nE => [D, C]")
	null := []byte{0}
	yes, no := []byte{2}, []byte{1}
	write := func(field string, value []byte) event.Operation {
		return event.Operation{Kind: event.OpSet, Field: field, Value: value}
	}
	a, b, c, d := h.Event("A"), h.Event("B"), h.Event("C"), h.Event("D")
	a.Ops = []event.Operation{write("x", yes), write("y", yes)}
	b.Ops = []event.Operation{write("x", no), {Kind: event.OpDelete}}
	c.Ops = []event.Operation{write("x", yes), write("x", no), {Kind: 50}}
	d.Ops = []event.Operation{write("y", nil), {Kind: event.OpUndelete}, {Kind: event.OpDelete}}

	got := mergetest.Reference([]*event.Event{d, a, c, a})
	require.Equal(t, mergetest.Facts{
		Head:   h.Head("C"),
		Fields: map[string]mergetest.Field{"x": {Value: no, Writer: c.ID}, "y": {Value: yes, Writer: a.ID}},
		Kept:   []mergetest.Kept{{Event: c.ID, Index: 2, Op: event.Operation{Kind: 50}}},
		Parked: []event.ID{d.ID},
	}, got)

	got = mergetest.Reference([]*event.Event{d, b, a, c, b})
	require.Equal(t, h.Head("C", "D"), got.Head)
	require.True(t, got.Deleted)
	require.Equal(t, map[string]mergetest.Field{"x": {Value: no, Writer: c.ID}, "y": {Value: null, Writer: d.ID}}, got.Fields)

	got = mergetest.Reference([]*event.Event{a, c, c.Erase(1)})
	require.Equal(t, mergetest.Field{Value: null, Writer: c.ID}, got.Fields["x"])

	twin := *c
	twin.Ops = []event.Operation{write("z", yes)}
	dc, dt := c.Digest(), twin.Digest()
	winner, loser := dc, dt
	if slices.Compare(dt[:], dc[:]) < 0 {
		winner, loser = dt, dc
	}
	got = mergetest.Reference([]*event.Event{a, c, &twin})
	require.Equal(t, []event.Digest{loser}, got.Quarantined)
	_, twinCounts := got.Fields["z"]
	require.Equal(t, winner == dt, twinCounts)
}
