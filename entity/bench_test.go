package entity

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// numbered returns the n-th ID of a sequence that ascends.
func numbered(n int) event.ID {
	var id event.ID
	binary.BigEndian.PutUint64(id[:], uint64(1_800_000_000_000+n)<<16)
	return id.Update(1)
}

// album makes an entity with six fields by its creation event.
func album(tb testing.TB) *State {
	s := NewState("albums", numbered(0))
	e := &event.Event{ID: numbered(0), Entity: numbered(0), Collection: "albums"}
	for i, v := range []model.Value{
		model.OfString("Parade"), model.OfString("Prince"), model.OfInt(1986),
		model.OfBool(true), model.OfFloat(4.5), model.OfString("a note of some length"),
	} {
		name := []string{"name", "artist", "year", "owned", "rating", "note"}[i]
		e.Ops = append(e.Ops, event.Operation{Field: name, Kind: event.OpSet, Value: v.AppendTo(nil)})
	}
	_, err := s.Apply(context.Background(), e, nil)
	require.NoError(tb, err)
	return s
}

// yearSet is the n-th event after the creation, on the head before it.
func yearSet(s *State, n int) *event.Event {
	return &event.Event{
		ID: numbered(n), Entity: s.ID(), Collection: s.Collection(), Precursors: s.Head(),
		Ops: []event.Operation{{Field: "year", Kind: event.OpSet, Value: model.OfInt(int64(n)).AppendTo(nil)}},
	}
}

// BenchmarkApply sets one field of six, on the head.
func BenchmarkApply(b *testing.B) {
	ctx := context.Background()
	s := album(b)
	e := yearSet(s, 1)
	b.ReportAllocs()
	for b.Loop() {
		s.head = e.Precursors
		if r, err := s.Apply(ctx, e, nil); r != Applied {
			b.Fatal(r, err)
		}
	}
}

// BenchmarkUpdate is what a committer does for a change: decode the record's
// state, apply the event, encode it again.
func BenchmarkUpdate(b *testing.B) {
	for _, schema := range []*model.Schema{nil, albumSchema(nil)} {
		b.Run(fmt.Sprintf("schema=%v", schema != nil), func(b *testing.B) {
			ctx := context.Background()
			s := album(b)
			values, merge := s.Encode(schema)
			e := yearSet(s, 1)
			b.ReportAllocs()
			for b.Loop() {
				s, err := DecodeState("albums", s.id, s.head, values, merge)
				if err != nil {
					b.Fatal(err)
				}
				if r, err := s.Apply(ctx, e, nil); r != Applied {
					b.Fatal(r, err)
				}
				s.Encode(schema)
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	s := album(b)
	_, err := s.Apply(context.Background(), yearSet(s, 1), nil)
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		s.Encode(nil)
	}
}

func BenchmarkDecode(b *testing.B) {
	s := album(b)
	_, err := s.Apply(context.Background(), yearSet(s, 1), nil)
	require.NoError(b, err)
	values, merge := s.Encode(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeState("albums", s.id, s.head, values, merge); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkClone(b *testing.B) {
	s := album(b)
	b.ReportAllocs()
	for b.Loop() {
		s.Clone()
	}
}

// BenchmarkTransaction creates or changes one entity and builds the transaction.
func BenchmarkTransaction(b *testing.B) {
	clock := event.NewClock(event.ClockOptions{})
	schema := albumSchema(nil)
	s := album(b)
	row := s.Row(schema)
	b.Run("create", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			o := new(Overlay)
			_, err := o.Create(clock, schema, []model.Value{model.OfString("Parade"), model.OfString("Prince"), model.OfInt(1986)})
			if err != nil {
				b.Fatal(err)
			}
			if tx, err := o.Build(clock); err != nil || tx == nil {
				b.Fatal(tx, err)
			}
		}
	})
	b.Run("update", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			o := new(Overlay)
			o.Fork(schema, s.id, &row)
			d, err := o.Edit(schema, s.id)
			if err != nil {
				b.Fatal(err)
			}
			d.Set(2, model.OfInt(2000))
			if tx, err := o.Build(clock); err != nil || tx == nil {
				b.Fatal(tx, err)
			}
		}
	})
}

// BenchmarkReplay folds a history of 1000 events from scratch.
func BenchmarkReplay(b *testing.B) {
	s := album(b)
	events := []*event.Event{{ID: s.id, Entity: s.id, Collection: "albums"}}
	for n := range 1000 {
		e := yearSet(s, n+1)
		e.Precursors = event.Head{events[n].ID}
		events = append(events, e)
	}
	b.ReportAllocs()
	for b.Loop() {
		f := NewFolder("albums", s.id)
		for _, e := range events {
			if _, err := f.Add(e); err != nil {
				b.Fatal(err)
			}
		}
	}
}
