package node_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// contents is all that nodes with equal cursors agree on.
type contents struct {
	cursor event.Cursor
	states map[event.ID]storage.Record
	events map[event.ID][]event.Digest
}

// contentsOf reads a node's store: every entity that a log names, and its history.
func contentsOf(f *fixture) contents {
	f.Helper()
	s, err := f.stage.Snapshot(f.ctx)
	require.NoError(f, err)
	defer s.Close()
	c := contents{cursor: s.Cursor(), states: make(map[event.ID]storage.Record), events: make(map[event.ID][]event.Digest)}
	for entry, err := range s.Log(f.ctx, event.Cursor{}) {
		require.NoError(f, err)
		for _, e := range entry.Events() {
			if _, seen := c.states[e.Entity]; seen {
				continue
			}
			r, err := s.State(f.ctx, e.Collection, e.Entity)
			require.NoError(f, err)
			c.states[e.Entity] = *r
			for stored, err := range s.Events(f.ctx, e.Entity, nil) {
				require.NoError(f, err)
				c.events[e.Entity] = append(c.events[e.Entity], stored.Event.Digest())
			}
		}
	}
	return c
}

// requireSame checks that all nodes are the same: cursors, states byte by byte, and
// histories.
func requireSame(t testing.TB, first *fixture, others ...*fixture) {
	t.Helper()
	want := contentsOf(first)
	for _, f := range others {
		got := contentsOf(f)
		require.Equal(t, want.cursor.String(), got.cursor.String())
		require.True(t, want.cursor.Equal(got.cursor))
		require.Equal(t, want.states, got.states)
		require.Equal(t, want.events, got.events)
	}
}
