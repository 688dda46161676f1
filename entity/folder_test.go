package entity

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
	"github.com/ankgo/ank/model"
)

// twin returns another event with the ID of e.
func twin(e *event.Event, ops ...event.Operation) *event.Event {
	other := *e
	other.Ops = ops
	return &other
}

func TestResolve(t *testing.T) {
	h := eventtest.New(t, "A\nB => [A]")
	a := h.Event("B")
	a.Ops = []event.Operation{set("name", model.OfString("one")), set("note", model.OfString("two"))}

	t.Run("twins", func(t *testing.T) {
		b := twin(a, set("name", model.OfString("other")))
		winner, loser := Resolve(a, b)
		again, other := Resolve(b, a)
		require.Same(t, winner, again)
		require.Same(t, loser, other)
		dw, dl := winner.Digest(), loser.Digest()
		require.Negative(t, slices.Compare(dw[:], dl[:]))
	})
	t.Run("copies", func(t *testing.T) {
		copied := *a
		winner, loser := Resolve(a, &copied)
		require.Same(t, a, winner)
		require.Nil(t, loser)
	})
	t.Run("copies that lack different values", func(t *testing.T) {
		winner, loser := Resolve(a.Erase(0), a.Erase(1))
		require.Nil(t, loser)
		require.NotNil(t, winner.Ops[0].Erased)
		require.NotNil(t, winner.Ops[1].Erased)
		require.Equal(t, a.Digest(), winner.Digest())
		require.NoError(t, winner.Validate())
	})
	t.Run("a copy that lacks no more", func(t *testing.T) {
		erased := a.Erase(0)
		winner, _ := Resolve(erased, a)
		require.Same(t, erased, winner)
	})
}

func TestFolderReleasesWhatWaited(t *testing.T) {
	h := eventtest.New(t, "A\nB, C => [A]\nD => [B, C]\nE => [D]")
	f := NewFolder(eventtest.Collection, h.ID("A"))
	for _, label := range []string{"E", "D", "C", "B"} {
		r, err := f.Add(h.Event(label))
		require.NoError(t, err)
		require.Equal(t, Parked, r)
	}
	require.Len(t, f.Parked(), 4)
	require.False(t, f.State().Exists())
	r, err := f.Add(h.Event("A"))
	require.NoError(t, err)
	require.Equal(t, Applied, r)
	require.Empty(t, f.Parked())
	require.Equal(t, h.Head("E"), f.State().Head())

	r, err = f.Add(h.Event("B"))
	require.NoError(t, err)
	require.Equal(t, Duplicate, r)
	has, err := f.Has(context.Background(), h.ID("B"))
	require.NoError(t, err)
	require.True(t, has)
}

func TestFolderRefusesForeignEvents(t *testing.T) {
	h := eventtest.New(t, "A\nX")
	f := NewFolder(eventtest.Collection, h.ID("A"))
	_, err := f.Add(h.Event("X"))
	require.ErrorIs(t, err, ErrForeign)
	_, err = Replay(eventtest.Collection, h.ID("A"), slices.Values([]*event.Event{h.Event("A"), h.Event("X")}))
	require.ErrorIs(t, err, ErrForeign)
}

// TestFolderSettlesTwins: the winner may need precursors that the loser did not.
func TestFolderSettlesTwins(t *testing.T) {
	h := eventtest.New(t, "A\nB => [A]\nC => [B]\nD => [C]")
	honest := h.Event("C")
	honest.Ops = []event.Operation{set("name", model.OfString("secret"))}
	var other *event.Event
	for n := int64(0); ; n++ { // a twin of C that follows A and wins
		other = twin(honest, set("year", model.OfInt(n)))
		other.Precursors = h.Head("A")
		if winner, _ := Resolve(honest, other); winner == other {
			break
		}
	}
	f := NewFolder(eventtest.Collection, h.ID("A"))
	for _, label := range []string{"A", "C", "D"} {
		_, err := f.Add(h.Event(label))
		require.NoError(t, err)
	}
	require.Len(t, f.Parked(), 2, "C and D wait for B")

	r, err := f.Add(other)
	require.NoError(t, err)
	require.Equal(t, Applied, r)
	require.Equal(t, h.Head("D"), f.State().Head(), "with the winner nothing waits for B")
	require.Equal(t, []*event.Event{honest}, f.Quarantined())
	require.Same(t, other, f.Event(other.ID))

	_, err = f.Add(h.Event("B"))
	require.NoError(t, err)
	require.Equal(t, h.Head("B", "D"), f.State().Head())
	for _, e := range []*event.Event{honest.Erase(0), honest} {
		r, err = f.Add(e)
		require.NoError(t, err)
		require.Equal(t, Duplicate, r)
		require.Len(t, f.Quarantined(), 1)
		require.NotNil(t, f.Quarantined()[0].Ops[0].Erased, "what is erased is erased in quarantine too")
	}
}

// TestFolderTakesLongChains: a chain that comes in backwards is no recursion.
func TestFolderTakesLongChains(t *testing.T) {
	const n = 20_000
	id := numbered(0)
	events := []*event.Event{{ID: id, Entity: id, Collection: "things"}}
	for i := 1; i < n; i++ {
		events = append(events, &event.Event{ID: numbered(i), Entity: id, Collection: "things", Precursors: event.Head{numbered(i - 1)}})
	}
	slices.Reverse(events)
	f, err := Replay("things", id, slices.Values(events))
	require.NoError(t, err)
	require.Equal(t, event.Head{numbered(n - 1)}, f.State().Head())
}

func TestParkingIsBounded(t *testing.T) {
	h := eventtest.New(t, "A\nB, C => [A]\nD => [B, C]\nE => [D]")
	size := h.Event("B").Size()

	t.Run("in events", func(t *testing.T) {
		p := NewParking(ParkingOptions{Events: 1})
		require.NoError(t, p.Add(h.Event("B"), h.Head("A")))
		require.NoError(t, p.Add(h.Event("B"), h.Head("A")), "what is there needs no room")
		require.ErrorIs(t, p.Add(h.Event("C"), h.Head("A")), ErrParkingFull)
		require.Equal(t, 1, p.Len())
	})
	t.Run("in bytes", func(t *testing.T) {
		p := NewParking(ParkingOptions{Bytes: 2*size - 1})
		require.NoError(t, p.Add(h.Event("B"), h.Head("A")))
		require.ErrorIs(t, p.Add(h.Event("C"), h.Head("A")), ErrParkingFull)
		require.Equal(t, size, p.Size())
		require.Len(t, p.Release(h.ID("A")), 1)
		require.Zero(t, p.Size())
		require.NoError(t, p.Add(h.Event("C"), h.Head("A")))
	})
	t.Run("by default", func(t *testing.T) {
		p := NewParking(ParkingOptions{})
		require.Equal(t, ParkingOptions{DefaultParkedEvents, DefaultParkedBytes}, p.options)
	})
}

func TestParkingReleases(t *testing.T) {
	h := eventtest.New(t, "A\nB, C => [A]\nD => [B, C]\nE => [D]")
	p := NewParking(ParkingOptions{})
	require.NoError(t, p.Add(h.Event("E"), h.Head("D")))
	require.NoError(t, p.Add(h.Event("D"), h.Head("B", "C")))
	require.Equal(t, []event.ID{h.ID("B"), h.ID("C")}, p.Missing(), "D is parked itself")
	require.Empty(t, p.Release(h.ID("A")))
	require.Empty(t, p.Release(h.ID("C")), "D waits for B too")
	require.Equal(t, []*event.Event{h.Event("D")}, p.Release(h.ID("B")))
	require.Equal(t, []*event.Event{h.Event("E")}, p.Events())
	require.Equal(t, []*event.Event{h.Event("E")}, p.Release(h.ID("D")))
	require.Zero(t, p.Len())
	require.Empty(t, p.Missing())

	require.NoError(t, p.Add(h.Event("C"), h.Head("A")))
	require.NoError(t, p.Add(h.Event("B"), h.Head("A")))
	require.Equal(t, []*event.Event{h.Event("B"), h.Event("C")}, p.Release(h.ID("A")), "in ID order")
}

func TestParkingPrefersTheWinningTwin(t *testing.T) {
	h := eventtest.New(t, "A\nB => [A]\nC => [A, B]")
	one := h.Event("C")
	other := twin(one, set("year", model.OfInt(1)))
	winner, loser := Resolve(one, other)
	for _, order := range [][]*event.Event{{winner, loser}, {loser, winner}} {
		p := NewParking(ParkingOptions{})
		for _, e := range order {
			require.NoError(t, p.Add(e, h.Head("B")))
		}
		require.Equal(t, winner.Size(), p.Size())
		require.Equal(t, []*event.Event{winner}, p.Release(h.ID("B")))
		require.Empty(t, p.Missing())
	}
}

// TestParkingKeepsErasures: a value that any copy of a parked event lacks is gone.
func TestParkingKeepsErasures(t *testing.T) {
	h := eventtest.New(t, "A\nB => [A]\nC => [B]")
	e := h.Event("C")
	e.Ops = []event.Operation{set("name", model.OfString("Prince")), set("year", model.OfInt(1986))}
	p := NewParking(ParkingOptions{})
	require.NoError(t, p.Add(e.Erase(0), h.Head("B")))
	require.NoError(t, p.Add(e, h.Head("B")))
	require.NoError(t, p.Add(e.Erase(1), h.Head("B")))
	require.NoError(t, p.Add(e, h.Head("B")))
	released := p.Release(h.ID("B"))
	require.Len(t, released, 1)
	require.NotNil(t, released[0].Ops[0].Erased)
	require.NotNil(t, released[0].Ops[1].Erased)
	require.Zero(t, p.Size())
}

// TestFullParkingRefusesALargerTwin: what was parked stays.
func TestFullParkingRefusesALargerTwin(t *testing.T) {
	h := eventtest.New(t, "A\nB => [A]\nC => [B]")
	loser := h.Event("C")
	larger := twin(loser, set("name", model.OfString("")))
	for n := 1; ; n++ { // until it is the one that counts
		if winner, _ := Resolve(loser, larger); winner == larger {
			break
		}
		larger = twin(loser, set("name", model.OfString(strings.Repeat("x", n))))
	}
	p := NewParking(ParkingOptions{Events: 1, Bytes: loser.Size()})
	require.NoError(t, p.Add(loser, h.Head("B")))
	require.ErrorIs(t, p.Add(larger, h.Head("B")), ErrParkingFull)
	require.Equal(t, []*event.Event{loser}, p.Events())
	require.Equal(t, loser.Size(), p.Size())

	p = NewParking(ParkingOptions{Events: 1, Bytes: larger.Size()})
	require.NoError(t, p.Add(loser, h.Head("B")))
	require.NoError(t, p.Add(larger, h.Head("B")), "in the place of the other one")
	require.Equal(t, []*event.Event{larger}, p.Release(h.ID("B")))
}

func TestCheckEvent(t *testing.T) {
	schema := albumSchema(func(d *model.Definition) { d.Fields[fieldName].Was = []string{"title"} })
	tests := []struct {
		name   string
		op     event.Operation
		reason string // empty: passes
	}{
		{"a value of the type", set("year", model.OfInt(1986)), ""},
		{"null", set("year", model.Value{}), ""},
		{"an erased value", event.Operation{Kind: event.OpSet, Field: "year", Erased: new(event.Erasure)}, ""},
		{"an unknown field", set("nobody", model.OfInt(1)), ""},
		{"an unknown kind", event.Operation{Kind: 99, Field: "year", Value: []byte{0xff}}, ""},
		{"delete", event.Operation{Kind: event.OpDelete}, ""},
		{"another type", set("year", model.OfString("1986")), "year: takes an int"},
		{"out of range", set("year", model.OfInt(1<<20)), "year: 1048576 does not fit int16"},
		{"another type under a former name", set("title", model.OfInt(1)), "name: takes a string"},
		{"a string that is not UTF-8", set("nobody", model.OfString("\xff")), "not valid UTF-8"},
		{"no value", event.Operation{Kind: event.OpSet, Field: "year"}, "year: an encoded value is empty"},
		{"no field", set("", model.OfInt(1)), "without a field"},
		{"bytes that are no value", event.Operation{Kind: event.OpSet, Field: "x", Value: []byte{0xff}}, "unknown type"},
		{"delete of a field", event.Operation{Kind: event.OpDelete, Field: "year"}, "the whole entity"},
		{"undelete with a value", event.Operation{Kind: event.OpUndelete, Value: []byte{0}}, "the whole entity"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := &event.Event{ID: numbered(1), Collection: "albums", Entity: numbered(0), Ops: []event.Operation{test.op}}
			err := CheckEvent(schema, e)
			if test.reason == "" {
				require.NoError(t, err)
				require.NoError(t, CheckEvent(nil, e))
				return
			}
			require.ErrorIs(t, err, model.ErrInvalid)
			require.ErrorContains(t, err, test.reason)
			require.ErrorContains(t, err, e.ID.String())
		})
	}
	t.Run("without a schema types do not matter", func(t *testing.T) {
		e := &event.Event{Ops: []event.Operation{set("year", model.OfString("1986"))}}
		require.NoError(t, CheckEvent(nil, e))
	})
}
