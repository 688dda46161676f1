package signal_test

import (
	"testing"

	"github.com/ankgo/ank/signal"
)

// BenchmarkSetPeek is a write and a read through ten computed values in a row, nobody observing.
func BenchmarkSetPeek(b *testing.B) {
	g := signal.NewGraph()
	a := signal.NewValue(g, 0)
	var last signal.Readable[int] = a
	for range 10 {
		from := last
		last = signal.NewComputed(g, func(t *signal.Tracker) int { return from.Get(t) + 1 })
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a.Set(i)
		last.Peek()
	}
}

// BenchmarkSetComputedEffect is the whole way: set, computed, and the action on its goroutine.
func BenchmarkSetComputedEffect(b *testing.B) {
	g := signal.NewGraph()
	a := signal.NewValue(g, -1)
	c := signal.NewComputed(g, func(t *signal.Tracker) int { return a.Get(t) + 1 })
	acted := make(chan int)
	signal.NewEffect(g, c.Get, func(n int) { acted <- n })
	<-acted
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a.Set(i)
		<-acted
	}
	g.Close()
	<-g.Done()
}

// BenchmarkFanOut is one write that a thousand effects hear of.
func BenchmarkFanOut(b *testing.B) {
	g := signal.NewGraph()
	a := signal.NewValue(g, -1)
	const fan = 1000
	acted := make(chan struct{})
	left := fan
	for range fan {
		signal.NewEffect(g, a.Get, func(int) {
			if left--; left == 0 {
				left = fan
				acted <- struct{}{}
			}
		})
	}
	<-acted
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		a.Set(i)
		<-acted
	}
	g.Close()
	<-g.Done()
}
