package event_test

import (
	"crypto/rand"
	"strconv"
	"testing"

	"github.com/ankgo/ank/event"
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
