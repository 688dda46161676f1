package entity

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity/mergetest"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
	"github.com/ankgo/ank/model"
)

// asked is a History that counts how often it is asked.
type asked struct {
	events event.Head
	count  int
	err    error
}

func (a *asked) Has(_ context.Context, id event.ID) (bool, error) {
	a.count++
	return a.events.Contains(id), a.err
}

// folded applies the labelled events in order.
func folded(t *testing.T, h *eventtest.History, labels ...string) (*State, *asked) {
	t.Helper()
	s := NewState(eventtest.Collection, h.ID(labels[0]))
	past := &asked{}
	for _, label := range labels {
		r, err := s.Apply(context.Background(), h.Event(label), past)
		require.NoError(t, err)
		require.Equal(t, Applied, r, "event %s", label)
		past.events = event.NewHead(append(past.events, h.ID(label))...)
	}
	past.count = 0
	return s, past
}

func set(field string, v model.Value) event.Operation {
	return event.Operation{Kind: event.OpSet, Field: field, Value: v.AppendTo(nil)}
}

// diamond is a history with two branches that are joined, and a stray one.
const diamond = `
	A
	B, C => [A]
	D => [B, C]
	X => [B]
	Y => [X]
	Z => [C]
`

func TestApplyDecides(t *testing.T) {
	tests := []struct {
		name    string
		applied []string
		event   string
		want    Result
		missing []string
		asked   int // look-ups in the history
		head    []string
	}{
		{"the creation event", nil, "A", Applied, nil, 0, []string{"A"}},
		{"the creation event again", []string{"A"}, "A", Duplicate, nil, 0, []string{"A"}},
		{"the creation event, long after", []string{"A", "B", "C", "D"}, "A", Duplicate, nil, 0, []string{"D"}},
		{"what follows the head", []string{"A"}, "B", Applied, nil, 0, []string{"B"}},
		{"what is concurrent with the head", []string{"A", "B"}, "C", Applied, nil, 0, []string{"B", "C"}},
		{"an older one that is concurrent", []string{"A", "C"}, "B", Applied, nil, 1, []string{"B", "C"}},
		{"what joins the head", []string{"A", "B", "C"}, "D", Applied, nil, 0, []string{"D"}},
		{"the head again", []string{"A", "B", "C", "D"}, "D", Duplicate, nil, 0, []string{"D"}},
		{"a part of the head again", []string{"A", "B", "C"}, "B", Duplicate, nil, 0, []string{"B", "C"}},
		{"an ancestor again", []string{"A", "B", "C", "D"}, "B", Duplicate, nil, 1, []string{"D"}},
		{"what follows a part of the head", []string{"A", "B", "C"}, "X", Applied, nil, 0, []string{"C", "X"}},
		{"what follows an ancestor", []string{"A", "B", "C", "D"}, "X", Applied, nil, 1, []string{"D", "X"}},
		{"an older one that follows a part of the head", []string{"A", "B", "C", "Z"}, "X", Applied, nil, 0, []string{"X", "Z"}},
		{"anything before the creation event", nil, "D", Parked, []string{"B", "C"}, 0, nil},
		{"what misses everything", []string{"A"}, "D", Parked, []string{"B", "C"}, 0, []string{"A"}},
		{"what misses a part", []string{"A", "B"}, "D", Parked, []string{"C"}, 0, []string{"B"}},
		{"what misses an older one", []string{"A", "C"}, "D", Parked, []string{"B"}, 1, []string{"C"}},
		{"what misses a younger one", []string{"A", "B"}, "Y", Parked, []string{"X"}, 0, []string{"B"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := eventtest.New(t, diamond)
			s, past := NewState(eventtest.Collection, h.ID("A")), &asked{}
			if test.applied != nil {
				s, past = folded(t, h, test.applied...)
			}
			got, err := s.Apply(context.Background(), h.Event(test.event), past)
			require.Equal(t, test.want, got)
			require.Equal(t, h.Head(test.head...), s.Head())
			require.Equal(t, test.asked, past.count, "look-ups in the history")
			if test.want != Parked {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrMissing)
			var missing *MissingError
			require.ErrorAs(t, err, &missing)
			require.Equal(t, h.Head(test.missing...), missing.Missing)
			require.Contains(t, err.Error(), h.ID(test.missing[0]).String())
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	h := eventtest.New(t, "A\nB, C => [A]\nE")
	s, past := folded(t, h, "A", "C")

	t.Run("events of another entity", func(t *testing.T) {
		r, err := s.Apply(context.Background(), h.Event("E"), past)
		require.Equal(t, Refused, r)
		require.ErrorIs(t, err, ErrForeign)
	})
	t.Run("events of another collection", func(t *testing.T) {
		e := *h.Event("B")
		e.Collection = "others"
		_, err := s.Apply(context.Background(), &e, past)
		require.ErrorIs(t, err, ErrForeign)
	})
	t.Run("when the history fails", func(t *testing.T) {
		past.err = errors.New("disk on fire")
		r, err := s.Apply(context.Background(), h.Event("B"), past)
		require.Equal(t, Refused, r)
		require.ErrorIs(t, err, past.err)
		require.Equal(t, h.Head("C"), s.Head())
	})
}

func TestRegistersFollowIDs(t *testing.T) {
	h := eventtest.New(t, "A\nB, C => [A]\nD => [B]")
	h.Event("A").Ops = []event.Operation{set("name", model.OfString("first")), set("year", model.OfInt(1))}
	h.Event("B").Ops = []event.Operation{set("name", model.OfString("older"))}
	h.Event("C").Ops = []event.Operation{set("name", model.OfString("younger")), set("name", model.OfString("youngest"))}
	s, past := folded(t, h, "A", "C", "B")

	value, by, ok := s.Field("name")
	require.True(t, ok)
	require.Equal(t, model.OfString("youngest").AppendTo(nil), value, "a concurrent write with a greater ID wins, the last operation in it")
	require.Equal(t, h.ID("C"), by)
	require.Equal(t, h.ID("A"), s.Writer("year"))
	require.Equal(t, []string{"name", "year"}, s.Names())
	require.Zero(t, s.Writer("nobody"))

	h.Event("D").Ops = []event.Operation{set("name", model.OfString("latest"))}
	_, err := s.Apply(context.Background(), h.Event("D"), past)
	require.NoError(t, err)
	require.Equal(t, h.ID("D"), s.Writer("name"), "a later write wins over everything before it")
}

func TestDeletionIsARegisterOfItsOwn(t *testing.T) {
	h := eventtest.New(t, "A\nB, C => [A]\nD => [B, C]")
	h.Event("B").Ops = []event.Operation{{Kind: event.OpDelete}}
	h.Event("C").Ops = []event.Operation{set("name", model.OfString("edited meanwhile"))}
	h.Event("D").Ops = []event.Operation{{Kind: event.OpUndelete}}
	s, past := folded(t, h, "A", "B", "C")
	require.True(t, s.Deleted(), "an edit does not undelete")
	require.Equal(t, h.ID("B"), s.Deletion())
	require.True(t, s.Row(nil).Deleted)

	_, err := s.Apply(context.Background(), h.Event("D"), past)
	require.NoError(t, err)
	require.False(t, s.Deleted())
	require.Equal(t, h.ID("C"), s.Writer("name"), "the concurrent edit was kept")
}

func TestErasedWriteWinsAsNull(t *testing.T) {
	h := eventtest.New(t, "A\nB => [A]")
	h.Event("A").Ops = []event.Operation{set("name", model.OfString("kept"))}
	h.Event("B").Ops = []event.Operation{set("name", model.OfString("secret"))}
	erased := h.Event("B").Erase(0)
	s, past := folded(t, h, "A")
	_, err := s.Apply(context.Background(), erased, past)
	require.NoError(t, err)
	value, by, _ := s.Field("name")
	require.Equal(t, null, value)
	require.Equal(t, h.ID("B"), by)
	schema := albumSchema(nil)
	row := s.Row(schema)
	require.Equal(t, "", schema.Value(&row, fieldName).Text(), "null reads as the zero value")
}

func TestCloneIsIndependent(t *testing.T) {
	h := eventtest.New(t, "A\nB, C => [A]")
	h.Event("A").Ops = []event.Operation{set("name", model.OfString("a")), {Kind: 99}, {Kind: 99}, {Kind: 99}}
	h.Event("B").Ops = []event.Operation{set("name", model.OfString("b")), {Kind: 99}, {Kind: event.OpDelete}}
	h.Event("C").Ops = []event.Operation{set("other", model.OfString("c")), {Kind: 98}}
	original, past := folded(t, h, "A")
	before := encoded(original)

	clone := original.Clone()
	_, err := clone.Apply(context.Background(), h.Event("B"), past)
	require.NoError(t, err)
	require.Equal(t, before, encoded(original), "applying to the clone changed the original")

	changed := encoded(clone)
	_, err = original.Apply(context.Background(), h.Event("C"), past)
	require.NoError(t, err)
	require.Equal(t, changed, encoded(clone), "applying to the original changed the clone")
}

func TestStateSharesNothingWithItsRow(t *testing.T) {
	h := eventtest.New(t, "A")
	h.Event("A").Ops = []event.Operation{set("name", model.OfString("Parade")), {Kind: 99, Value: []byte("kept")}}
	s, _ := folded(t, h, "A")
	values, merge := s.Encode(nil)
	copy(h.Event("A").Ops[0].Value, "xxxxxxx")
	copy(h.Event("A").Ops[1].Value, "xxxx")
	v, ok := values.Lookup("name")
	require.True(t, ok)
	require.Equal(t, "Parade", v.Text())
	require.Contains(t, string(merge), "kept")
}

func TestRenamedFields(t *testing.T) {
	schema := albumSchema(func(d *model.Definition) {
		d.Fields[fieldName].Was = []string{"title", "label"}
		d.Fields[fieldNote].Was = []string{"remark"}
	})
	h := eventtest.New(t, "A\nB, C, D => [A]")
	h.Event("A").Ops = []event.Operation{set("label", model.OfString("oldest")), set("name", model.OfString("old")), set("note", model.OfString("n"))}
	h.Event("B").Ops = []event.Operation{set("name", model.OfString("by a new client"))}
	h.Event("C").Ops = []event.Operation{set("title", model.OfString("by an old client")), set("remark", model.OfString("r"))}
	h.Event("D").Ops = []event.Operation{set("name", model.OfString("by a new client again"))}

	s, past := folded(t, h, "A", "B", "C")
	row := s.Row(schema)
	require.Equal(t, "by an old client", schema.Value(&row, fieldName).Text(), "the greatest write under any name")
	require.Equal(t, "r", schema.Value(&row, fieldNote).Text())
	plain := s.Row(nil)
	name, _ := plain.Values.Lookup("name")
	require.Equal(t, "by a new client", name.Text(), "without a schema names are just names")
	require.Equal(t, h.ID("B"), s.Writer("name"), "looking does not change the state")

	values, merge := s.Encode(schema)
	decoded, err := DecodeState(s.Collection(), s.ID(), s.Head(), values, merge)
	require.NoError(t, err)
	require.Equal(t, h.ID("C"), decoded.Writer("name"))
	require.Equal(t, h.ID("C"), decoded.Writer("title"), "those who know no other name find the value")
	_, err = decoded.Apply(context.Background(), h.Event("D"), past)
	require.NoError(t, err)
	row = decoded.Row(schema)
	require.Equal(t, "by a new client again", schema.Value(&row, fieldName).Text())
}

// TestRenamedFieldsSurviveRecords: bringing renamed fields up to date in every
// record along the way comes to the same as doing it at the end.
func TestRenamedFieldsSurviveRecords(t *testing.T) {
	schema := model.NewSchema(model.Definition{
		Model: "Thing", Collection: "things",
		Fields: []model.Field{
			{Name: "title", Type: model.TypeString, Optional: true, Was: []string{"former", "z"}},
			{Name: "year", Type: model.TypeInt, Was: []string{"nobody_knows"}},
		},
	})
	require.NoError(t, schema.Err())
	const seed = 11
	rng := rand.New(rand.NewPCG(seed, 0))
	for n := range 100 {
		h := mergetest.Random(rng)
		whole, err := Replay(h.Collection, h.Entity, slices.Values(h.Events))
		require.NoError(t, err)
		want := whole.State().Row(schema)

		s := NewState(h.Collection, h.Entity)
		past := make(applied)
		for _, e := range h.Events {
			_, err := s.Apply(context.Background(), e, past)
			require.NoError(t, err)
			past[e.ID] = struct{}{}
			values, merge := s.Encode(schema)
			s, err = DecodeState(h.Collection, h.Entity, s.Head(), values, merge)
			require.NoError(t, err)
		}
		got := s.Row(schema)
		require.Equal(t, want.Head, got.Head)
		for i := range schema.Fields() {
			require.Equal(t, schema.Value(&want, i), schema.Value(&got, i), "seed %d, history %d, field %d:\n%s", seed, n, i, h)
		}
	}
}

// TestStateIsReadConcurrently: everything but Apply, Clone included.
func TestStateIsReadConcurrently(t *testing.T) {
	s := album(t)
	var group sync.WaitGroup
	for n := range 4 {
		group.Go(func() {
			clone := s.Clone()
			if _, err := clone.Apply(context.Background(), yearSet(s, n+1), nil); err != nil {
				t.Error(err)
			}
			s.Encode(nil)
			s.Field("year")
		})
	}
	group.Wait()
	require.Equal(t, s.ID(), s.Writer("year"))
}

// TestStatesThatOutgrowLimits: an acceptor refuses growth, and nothing else.
func TestStatesThatOutgrowLimits(t *testing.T) {
	s := NewState("things", numbered(0))
	require.Zero(t, s.Size())
	s.fields = []register{{name: "f", value: make([]byte, 100)}, {name: "gg", value: make([]byte, 50)}}
	s.kept = []Kept{{Op: event.Operation{Field: "h", Path: "a.b", Value: make([]byte, 30)}}}
	size := s.Size()
	require.Equal(t, 2, size.Fields)
	require.Equal(t, 1, size.Kept)
	values, merge := s.Encode(nil)
	require.InDelta(t, len(values.Bytes())+len(merge), size.Bytes, 40)

	full := Size{Fields: MaxFields, Kept: MaxKept, Bytes: MaxBytes}
	require.NoError(t, full.Check(Size{}))
	for _, grown := range []Size{
		{Fields: MaxFields + 1, Kept: MaxKept, Bytes: MaxBytes},
		{Fields: MaxFields, Kept: MaxKept + 1, Bytes: MaxBytes},
		{Fields: MaxFields, Kept: MaxKept, Bytes: MaxBytes + 1},
	} {
		var limit *event.LimitError
		require.ErrorAs(t, grown.Check(full), &limit)
		require.Equal(t, limit.Limit+1, limit.Got)
		require.NoError(t, grown.Check(grown), "what is too large already may change, or be deleted")
	}
}

// TestEventsOfManyOperations compares states with the definition, where events
// write hundreds of fields, old and new, some of them twice, and come in any order.
func TestEventsOfManyOperations(t *testing.T) {
	const seed = 11
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 50 {
		clock := event.NewClock(event.ClockOptions{})
		id, err := clock.Mint()
		require.NoError(t, err)
		events := []*event.Event{{ID: id, Entity: id, Collection: "things"}}
		for range 3 {
			e := &event.Event{Entity: id, Collection: "things", Precursors: event.Head{id}}
			e.ID, err = clock.Mint(id)
			require.NoError(t, err)
			for range 1 + rng.IntN(300) {
				op := event.Operation{
					Kind: event.OpSet, Field: strconv.Itoa(rng.IntN(400)), Value: model.OfInt(rng.Int64()).AppendTo(nil),
				}
				switch rng.IntN(20) {
				case 0:
					op.Kind = 77
				case 1:
					op.Value = nil
				case 2:
					op = event.Operation{Kind: event.OpDelete}
				}
				e.Ops = append(e.Ops, op)
			}
			events = append(events, e)
		}
		want := mergetest.Reference(events)
		rng.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		f, err := Replay("things", id, slices.Values(events))
		require.NoError(t, err)
		require.Equal(t, want, folderFold{f}.Facts(), "seed %d", seed)
	}
}

func TestResultString(t *testing.T) {
	require.Equal(t, "refused applied duplicate parked",
		Refused.String()+" "+Applied.String()+" "+Duplicate.String()+" "+Parked.String())
}
