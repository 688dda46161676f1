package entity

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
	"github.com/ankgo/ank/model"
)

// TestMergeIsCompact: what most entities need is next to nothing.
func TestMergeIsCompact(t *testing.T) {
	s := album(t)
	_, merge := s.Encode(nil)
	require.Empty(t, merge, "created and never changed")

	_, err := s.Apply(context.Background(), yearSet(s, 1), nil)
	require.NoError(t, err)
	_, merge = s.Encode(nil)
	require.Len(t, merge, 2+6, "one field changed by the head: a byte for each field")

	e := yearSet(s, 2)
	e.Ops[0].Field = "note"
	_, err = s.Apply(context.Background(), e, nil)
	require.NoError(t, err)
	_, merge = s.Encode(nil)
	require.Len(t, merge, 2+1+16+6, "another one by an older event: its ID too")
}

// TestMergeBytes pins the format.
func TestMergeBytes(t *testing.T) {
	h := eventtest.New(t, "A\nB => [A]\nC => [B]")
	h.Event("A").Ops = []event.Operation{set("a", model.OfBool(true)), set("c", model.OfBool(true))}
	h.Event("B").Ops = []event.Operation{
		set("b", model.OfBool(true)),
		{Kind: event.OpDelete},
		{Kind: 300, Field: "f", Path: "p", FieldHead: event.Head{}, Value: []byte("v")},
		{Kind: 4},
	}
	h.Event("C").Ops = []event.Operation{set("c", model.OfBool(false))}
	s, _ := folded(t, h, "A", "B", "C")
	_, merge := s.Encode(nil)
	b := h.ID("B")
	require.Equal(t, bytes.Join([][]byte{
		{1, flagWriters | flagFields | flagDeletion | flagDeleted | flagKept},
		{1},
		b[:],      // one writer that is neither the creation event nor in the head
		{0, 2, 1}, // a: the creation event, b: the one listed, c: the head
		{2},       // deleted by the one listed
		{2},       // two operations
		{keptPath | keptFieldHead | keptValue},
		b[:],
		{2, 1, 'f', 0xac, 0x02, 1, 'p', 0, 1, 'v'},
		{keptSame, 3, 0, 4},
	}, nil), merge)
}

func TestDecodeStateRefuses(t *testing.T) {
	s := album(t)
	values, _ := s.Encode(nil)
	id := make([]byte, 16)
	tests := map[string][]byte{
		"a later version":                {2, flagFields, 0, 0, 0, 0, 0, 0},
		"nothing after the version":      {1},
		"unknown flags":                  {1, 1 << 7},
		"deleted by nobody":              {1, flagDeleted},
		"too few writers":                {1, flagFields, 0, 0},
		"a writer beyond the list":       {1, flagFields, 0, 0, 0, 0, 0, 9},
		"more than there should be":      {1, flagFields, 0, 0, 0, 0, 0, 0, 0},
		"a list that is cut":             {1, flagWriters, 2, 0, 0},
		"a list that is not sorted":      append(append([]byte{1, flagWriters, 2}, id...), id...),
		"a kept operation of no event":   {1, flagKept, 1, keptSame, 0, 0, 4},
		"unknown flags of an operation":  append([]byte{1, flagKept, 1, 0x80}, id...),
		"a place beyond any event":       append(append([]byte{1, flagKept, 1, 0}, id...), 0xff, 0xff, 0x7f, 0, 4),
		"kept operations not in order":   append(append([]byte{1, flagKept, 2, 0}, id...), 1, 0, 4, keptSame, 1, 0, 4),
		"a count of what cannot be here": {1, flagKept, 0xff, 0xff, 0xff, 0xff, 0x07},
	}
	for name, merge := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeState("albums", s.ID(), s.Head(), values, merge)
			require.ErrorIs(t, err, ErrCorrupt)
			require.Contains(t, err.Error(), "albums "+s.ID().String())
		})
	}
}

// FuzzDecodeState: no merge data makes it panic, and what it takes it gives back.
func FuzzDecodeState(f *testing.F) {
	s := album(f)
	values, _ := s.Encode(nil)
	for n := range 3 {
		e := yearSet(s, n+1)
		e.Ops = append(e.Ops, event.Operation{Kind: 77, Path: "p", Value: []byte("v")}, event.Operation{Kind: event.OpDelete})
		_, err := s.Apply(context.Background(), e, nil)
		require.NoError(f, err)
		_, merge := s.Encode(nil)
		f.Add(merge)
	}
	head := s.Head()
	f.Fuzz(func(t *testing.T, merge []byte) {
		decoded, err := DecodeState("albums", s.ID(), head, values, merge)
		if err != nil {
			require.ErrorIs(t, err, ErrCorrupt)
			return
		}
		v, m := decoded.Encode(nil)
		require.Equal(t, values.Bytes(), v.Bytes())
		again, err := DecodeState("albums", s.ID(), head, v, m)
		require.NoError(t, err)
		_, m2 := again.Encode(nil)
		require.Equal(t, m, m2)
	})
}
