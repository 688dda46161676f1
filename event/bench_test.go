package event_test

import (
	"crypto/rand"
	"strconv"
	"testing"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/event/eventtest"
)

// updateOf makes an update event with n operations on short fields.
func updateOf(n int) *event.Event {
	t := event.ID{0x01, 0x93, 15: 0}
	creation := event.ID{0x01, 0x92, 15: 7}
	e := &event.Event{
		ID: t.Update(1), Collection: "album", Entity: creation,
		Precursors: event.Head{creation}, Salt: event.Salt{1, 2, 3},
	}
	for i := range n {
		e.Ops = append(e.Ops, event.Operation{
			Field: "field" + strconv.Itoa(i), Kind: event.OpSet, Value: []byte("a value of some bytes"),
		})
	}
	return e
}

func benchmarkOps(b *testing.B, f func(b *testing.B, e *event.Event)) {
	for _, n := range []int{1, 6} {
		b.Run(strconv.Itoa(n)+"ops", func(b *testing.B) { f(b, updateOf(n)) })
	}
}

func BenchmarkEncodeEvent(b *testing.B) {
	benchmarkOps(b, func(b *testing.B, e *event.Event) {
		buf := e.AppendTo(nil)
		b.ReportAllocs()
		for b.Loop() {
			buf = e.AppendTo(buf[:0])
		}
	})
}

func BenchmarkDecodeEvent(b *testing.B) {
	benchmarkOps(b, func(b *testing.B, e *event.Event) {
		buf := e.AppendTo(nil)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := event.DecodeEvent(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkEventDigest(b *testing.B) {
	benchmarkOps(b, func(b *testing.B, e *event.Event) {
		b.ReportAllocs()
		for b.Loop() {
			e.Digest()
		}
	})
}

func BenchmarkEventSize(b *testing.B) {
	benchmarkOps(b, func(b *testing.B, e *event.Event) {
		b.ReportAllocs()
		for b.Loop() {
			e.Size()
		}
	})
}

func BenchmarkEventValidate(b *testing.B) {
	benchmarkOps(b, func(b *testing.B, e *event.Event) {
		b.ReportAllocs()
		for b.Loop() {
			if err := e.Validate(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkMint(b *testing.B) {
	c := event.NewClock(event.ClockOptions{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Mint(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMintTransaction(b *testing.B) {
	c := event.NewClock(event.ClockOptions{})
	precursor, err := c.Mint()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.MintTransaction(precursor); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewSalt(b *testing.B) {
	c := event.NewClock(event.ClockOptions{})
	b.ReportAllocs()
	for b.Loop() {
		c.NewSalt()
	}
}

func BenchmarkHeadWith(b *testing.B) {
	p, id := event.ID{1}, event.ID{2}
	h := event.Head{p}
	b.ReportAllocs()
	for b.Loop() {
		h.With(id, event.Head{p})
	}
}

func BenchmarkSignHead(b *testing.B) {
	key, err := event.NewKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		event.SignHead(key, 7, event.Digest{1}, false)
	}
}

// entryOf makes an entry whose transaction has n update events of 6 operations.
func entryOf(n int) *event.Entry {
	tx := &event.Transaction{ID: updateOf(0).ID.Transaction()}
	for i := range n {
		e := updateOf(6)
		e.ID = tx.ID.Update(i + 1)
		tx.Events = append(tx.Events, e)
	}
	return &event.Entry{Origin: event.Origin{1}, Seq: 2, Prev: event.Digest{1}, Author: "somebody", Tx: tx}
}

func BenchmarkEncodeEntry(b *testing.B) {
	e := entryOf(10)
	buf := e.AppendTo(nil)
	b.ReportAllocs()
	for b.Loop() {
		buf = e.AppendTo(buf[:0])
	}
}

func BenchmarkDecodeEntry(b *testing.B) {
	buf := entryOf(10).AppendTo(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := event.DecodeEntry(buf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeEntryEvent(b *testing.B) {
	buf := entryOf(1000).AppendTo(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := event.DecodeEntryEvent(buf, 999); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEntryHash(b *testing.B) {
	e := entryOf(1)
	b.ReportAllocs()
	for b.Loop() {
		e.Hash()
	}
}

// BenchmarkCompare walks histories of three shapes.
func BenchmarkCompare(b *testing.B) {
	line := eventtest.New(b, "0")
	diamonds := eventtest.New(b, "0")
	for i := range 100 {
		line.Add(strconv.Itoa(i+1), strconv.Itoa(i))
		left, right := "l"+strconv.Itoa(i), "r"+strconv.Itoa(i)
		diamonds.Add(left, strconv.Itoa(i))
		diamonds.Add(right, strconv.Itoa(i))
		diamonds.Add(strconv.Itoa(i+1), left, right)
	}
	for name, bench := range map[string]struct {
		graph *eventtest.History
		a, b  event.Head
	}{
		"next":        {line, line.Head("100"), line.Head("99")},
		"100-back":    {line, line.Head("100"), line.Head("0")},
		"concurrent":  {diamonds, diamonds.Head("l99"), diamonds.Head("r99")},
		"300-between": {diamonds, diamonds.Head("100"), diamonds.Head("0")},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := event.Compare(b.Context(), bench.graph, bench.a, bench.b, 1000); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
