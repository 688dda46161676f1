package signal_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ankgo/ank/signal"
)

// hosts is a goroutine that the runtime keeps under js/wasm, for the events of
// its host.
var hosts = goleak.IgnoreAnyFunction("runtime.handleEvent")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, hosts) }

func TestBatchIsNeverSeenInParts(t *testing.T) {
	g := signal.NewGraph()
	a, b := signal.NewValue(g, 0), signal.NewValue(g, 0)
	sum := signal.NewComputed(g, func(t *signal.Tracker) int { return a.Get(t) + b.Get(t) })
	bad := make(chan int, 1)
	signal.NewEffect(g, sum.Get, func(n int) {
		if n != 0 {
			select {
			case bad <- n:
			default:
			}
		}
	})
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for i := range 500 {
				g.Batch(func(batch *signal.Batch) { a.SetIn(batch, i); b.SetIn(batch, -i) })
				if n := sum.Peek(); n != 0 {
					select {
					case bad <- n:
					default:
					}
				}
			}
		})
	}
	writers.Wait()
	g.Close()
	<-g.Done()
	require.Empty(t, bad)
}

func TestBatchThatPanicsSetsNothing(t *testing.T) {
	g := signal.NewGraph()
	a := signal.NewValue(g, 1)
	require.Panics(t, func() {
		g.Batch(func(b *signal.Batch) {
			a.SetIn(b, 2)
			panic("no")
		})
	})
	require.Equal(t, 1, a.Peek())
}

func TestSetNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := signal.NewGraph()
		a := signal.NewValue(g, 0)
		release := make(chan struct{})
		var seen []int
		signal.NewEffect(g, a.Get, func(n int) { seen = append(seen, n); <-release })
		slow := signal.NewComputed(g, func(t *signal.Tracker) int { <-release; return a.Get(t) })
		synctest.Wait() // the action is stuck
		go slow.Peek()
		synctest.Wait() // and so is a compute function, holding the graph
		a.Set(1)
		a.Update(func(n int) int { return n + 1 })
		g.Batch(func(b *signal.Batch) { a.SetIn(b, 7) })
		require.Equal(t, 7, a.Peek())
		close(release)
		synctest.Wait()
		require.Equal(t, []int{0, 7}, seen, "what was set meanwhile is one change")
		require.Equal(t, 7, slow.Peek())
		g.Close()
	})
}

// TestNoRunIsLostAtRest sets again and again just when the effect goroutine is about to end.
func TestNoRunIsLostAtRest(t *testing.T) {
	g := signal.NewGraph()
	a := signal.NewValue(g, 0)
	var acted atomic.Int64 // a channel would hand over to the reader and never meet the moment
	signal.NewEffect(g, a.Get, func(n int) { acted.Store(int64(n)) })
	for i := range 100_000 {
		deadline := time.Now().Add(10 * time.Second)
		a.Set(i)
		for acted.Load() != int64(i) {
			runtime.Gosched()
			if time.Now().After(deadline) {
				t.Fatalf("the effect never saw %d", i)
			}
		}
	}
	g.Close()
	<-g.Done()
}

func TestActionsMaySetAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := signal.NewGraph()
		a := signal.NewValue(g, 0)
		var seen []int
		var e *signal.Effect
		ready := make(chan struct{})
		e = signal.NewEffect(g, a.Get, func(n int) {
			<-ready
			seen = append(seen, n)
			if n < 5 {
				a.Set(n + 1)
			}
			if n == 4 {
				e.Close()
				e.Close()
			}
		})
		close(ready)
		synctest.Wait()
		require.Equal(t, []int{0, 1, 2, 3, 4}, seen)
		require.Equal(t, 5, a.Peek())
		signal.NewEffect(g, a.Get, func(int) { g.Close() })
		<-g.Done()
		g.Close()
		a.Set(9)
		require.Equal(t, 9, a.Peek(), "values outlive the graph's effects")
		signal.NewEffect(g, a.Get, func(int) { t.Error("ran on a closed graph") }).Close()
	})
}

func TestActionMayWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := signal.NewGraph()
		a := signal.NewValue(g, 0)
		got := 0
		signal.NewEffect(g, func(*signal.Tracker) int { return 0 }, func(int) {
			got, _ = signal.Wait(t.Context(), a, func(n int) bool { return n > 2 })
		})
		synctest.Wait()
		a.Set(3)
		synctest.Wait()
		require.Equal(t, 3, got)
		g.Close()
	})
}

func TestComputeMaySetAndPeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := signal.NewGraph()
		a, runs := signal.NewValue(g, 1), signal.NewValue(g, 0)
		double := signal.NewComputed(g, func(t *signal.Tracker) int { return 2 * a.Get(t) })
		sum := signal.NewComputed(g, func(t *signal.Tracker) int {
			runs.Update(func(n int) int { return n + 1 })
			return a.Get(t) + double.Peek()
		})
		require.Equal(t, 1, sum.Peek(), "double has not settled on anything yet")
		require.Equal(t, 2, double.Peek())
		a.Set(2)
		require.Equal(t, 4, sum.Peek(), "double last settled on 2")
		require.Equal(t, 2, runs.Peek())
		require.NoError(t, sum.Err())
	})
}

func TestTrackerOutlivesItsRunHarmlessly(t *testing.T) {
	g, other := signal.NewGraph(), signal.NewGraph()
	a, foreign := signal.NewValue(g, 1), signal.NewValue(other, 10)
	var kept *signal.Tracker
	runs := 0
	c := signal.NewComputed(g, func(t *signal.Tracker) int {
		kept = t
		runs++
		return a.Get(t) + foreign.Get(t)
	})
	require.Equal(t, 11, c.Peek())
	require.Equal(t, 1, a.Get(kept))
	require.Equal(t, 1, a.Get(nil))
	require.Equal(t, 11, c.Get(kept))
	foreign.Set(20)
	require.Equal(t, 11, c.Peek(), "another graph's value is no dependency")
	require.Equal(t, 1, runs)
}

func TestCycles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heard []error
		g := signal.NewGraph(signal.OnError(func(err error) { heard = append(heard, err) }))
		defer g.Close()
		loop, b := signal.NewValue(g, false), signal.NewValue(g, 1)
		var first, second *signal.Computed[int]
		first = signal.NewComputed(g, func(t *signal.Tracker) int {
			if loop.Get(t) {
				return second.Get(t)
			}
			return 100
		}, signal.Named[int]("first"))
		second = signal.NewComputed(g, func(t *signal.Tracker) int { return first.Get(t) + b.Get(t) },
			signal.Named[int]("second"))
		var seen []int
		e := signal.NewEffect(g, second.Get, func(n int) { seen = append(seen, n) })
		synctest.Wait()
		loop.Set(true)
		var cycle *signal.CycleError
		require.ErrorAs(t, second.Err(), &cycle)
		require.ErrorContains(t, first.Err(), "second reads first reads second")
		require.Equal(t, 101, second.Peek(), "the last good value")
		synctest.Wait()
		b.Set(2)
		synctest.Wait()
		require.Equal(t, []int{101}, seen)
		require.NotEmpty(t, heard)
		loop.Set(false)
		synctest.Wait()
		require.Equal(t, []int{101, 102}, seen, "the cycle is gone")
		require.NoError(t, first.Err())
		require.NoError(t, second.Err())
		loop.Set(true)
		synctest.Wait()
		e.Close()
		loop.Set(false)
		require.Equal(t, 102, second.Peek())

		var self *signal.Computed[int]
		self = signal.NewComputed(g, func(t *signal.Tracker) int { return self.Get(t) + 1 })
		require.EqualError(t, self.Err(), "signal: computed reads computed")
		require.Zero(t, self.Peek())
	})
}

func TestPanicInComputeReachesTheReader(t *testing.T) {
	g := signal.NewGraph()
	a := signal.NewValue(g, 0)
	c := signal.NewComputed(g, func(t *signal.Tracker) int { return 10 / a.Get(t) })
	require.Panics(t, func() { c.Peek() })
	require.Panics(t, func() { c.Peek() })
	a.Set(5)
	require.Equal(t, 2, c.Peek())
}

func TestEquality(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := signal.NewGraph()
		defer g.Close()
		type pair struct{ a, b any }
		odd := signal.NewValue(g, pair{[]int{1}, nil}) // == would panic
		list := signal.NewValue(g, []int{1})
		near := signal.NewValue(g, 1.0, signal.Equal(func(a, b float64) bool { return a-b < 1 && b-a < 1 }))
		runs := map[string]int{}
		signal.NewEffect(g, odd.Get, func(pair) { runs["odd"]++ })
		signal.NewEffect(g, list.Get, func([]int) { runs["list"]++ })
		signal.NewEffect(g, near.Get, func(float64) { runs["near"]++ })
		synctest.Wait()
		odd.Set(odd.Peek())
		list.Set(list.Peek())
		near.Set(1.5)
		synctest.Wait()
		require.Equal(t, map[string]int{"odd": 2, "list": 2, "near": 1}, runs)
		near.Set(2.2)
		synctest.Wait()
		require.Equal(t, 2, runs["near"])
	})
}

func TestUnobservedComputedIsCollected(t *testing.T) {
	g := signal.NewGraph()
	a := signal.NewValue(g, 1)
	collected := make(chan struct{})
	func() {
		big := new([1 << 16]byte)
		runtime.AddCleanup(big, func(struct{}) { close(collected) }, struct{}{})
		c := signal.NewComputed(g, func(t *signal.Tracker) int { return a.Get(t) + len(big) })
		e := signal.NewEffect(g, c.Get, func(int) {})
		_, err := signal.Wait(t.Context(), c, func(n int) bool { return n > 0 })
		require.NoError(t, err)
		e.Close()
	}()
	a.Set(2)
	for {
		runtime.GC()
		select {
		case <-collected:
			require.Equal(t, 2, a.Peek())
			return
		case <-t.Context().Done():
			t.Fatal("still held by its input")
		default:
			runtime.Gosched()
		}
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := signal.NewGraph()
		a := signal.NewValue(g, 1)
		c := signal.NewComputed(g, func(t *signal.Tracker) int { return a.Get(t) * 10 })
		go func() {
			for range 3 {
				<-time.After(time.Second) // virtual
				a.Update(func(n int) int { return n + 1 })
			}
		}()
		v, err := signal.Wait(t.Context(), c, func(n int) bool { return n >= 30 })
		require.NoError(t, err)
		require.Equal(t, 30, v)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		v, err = signal.Wait(ctx, c, func(n int) bool { return n < 0 })
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 40, v)
		time.AfterFunc(time.Second, g.Close)
		_, err = signal.Wait(t.Context(), c, func(n int) bool { return n < 0 })
		require.ErrorIs(t, err, signal.ErrClosed)
	})
}

func TestWaitLooksOnceMoreAtTheEnd(t *testing.T) {
	for range 200 { // the graph's end and the value come at the same time
		g := signal.NewGraph()
		a := signal.NewValue(g, 1)
		looks := 0
		v, err := signal.Wait(t.Context(), a, func(n int) bool {
			if looks++; looks == 1 {
				a.Set(2)
				g.Close()
			}
			return n == 2
		})
		require.NoError(t, err)
		require.Equal(t, 2, v)
		_, err = signal.Wait(t.Context(), a, func(int) bool { return false })
		require.ErrorIs(t, err, signal.ErrClosed)
	}
}

func TestSetInAfterTheBatch(t *testing.T) {
	g := signal.NewGraph()
	a := signal.NewValue(g, 1)
	var kept *signal.Batch
	g.Batch(func(b *signal.Batch) { kept = b })
	a.SetIn(kept, 2)
	require.Equal(t, 2, a.Peek())
}

func TestErrorsAreToldOnceAndValuesActedOnOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		heard := 0
		g := signal.NewGraph(signal.OnError(func(error) { heard++ }))
		defer g.Close()
		loop, b := signal.NewValue(g, false), signal.NewValue(g, 1)
		var c *signal.Computed[int]
		c = signal.NewComputed(g, func(t *signal.Tracker) int {
			if n := b.Get(t); !loop.Get(t) {
				return n
			}
			return c.Get(t)
		})
		var acted []int
		signal.NewEffect(g, c.Get, func(n int) { acted = append(acted, n) })
		synctest.Wait()
		for i := range 3 {
			loop.Set(true)
			for n := range 4 {
				b.Set(10 * n)
				synctest.Wait()
			}
			b.Set(1)
			loop.Set(false)
			synctest.Wait()
			require.Equal(t, i+1, heard, "the error lasted")
		}
		require.Equal(t, []int{1}, acted, "the value was the same before and after")
		loop.Set(true)
		synctest.Wait()
		loop.Set(false)
		b.Set(2)
		synctest.Wait()
		require.Equal(t, []int{1, 2}, acted)
	})
}

func TestPanicInEqualLeavesTheGraphWhole(t *testing.T) {
	g := signal.NewGraph()
	first, last := signal.NewValue(g, 1), signal.NewValue(g, 1)
	angry := true
	odd := signal.NewValue(g, 1, signal.Equal(func(a, b int) bool {
		if angry {
			panic("no")
		}
		return a == b
	}))
	sum := signal.NewComputed(g, func(t *signal.Tracker) int { return first.Get(t) + odd.Get(t) + last.Get(t) })
	require.Equal(t, 3, sum.Peek())
	g.Batch(func(b *signal.Batch) { first.SetIn(b, 10); odd.SetIn(b, 10); last.SetIn(b, 10) })
	require.Panics(t, func() { sum.Peek() })
	require.Equal(t, 21, sum.Peek(), "the others were taken in")
	angry = false
	odd.Set(10)
	require.Equal(t, 30, sum.Peek())
}

// TestActionsRunInOrderOfCreation closes some effects, so that others are told in another order.
func TestActionsRunInOrderOfCreation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := signal.NewGraph()
		defer g.Close()
		a := signal.NewValue(g, 0)
		var ran []int
		var effects []*signal.Effect
		for i := range 300 {
			effects = append(effects, signal.NewEffect(g, a.Get, func(int) { ran = append(ran, i) }))
		}
		synctest.Wait()
		for i := 0; i < 300; i += 3 {
			effects[i].Close()
		}
		synctest.Wait()
		ran = nil
		a.Set(1)
		synctest.Wait()
		require.Len(t, ran, 200)
		require.IsIncreasing(t, ran)
	})
}

// TestManyEffectsThatSet has thousands of effects waiting while each of their actions adds one.
func TestManyEffectsThatSet(t *testing.T) {
	g := signal.NewGraph()
	start := signal.NewValue(g, 0)
	const n = 20_000 // a queue that was sorted for each would take ten seconds
	var acted atomic.Int64
	for range n {
		v := signal.NewValue(g, 0)
		signal.NewEffect(g, start.Get, v.Set)
		signal.NewEffect(g, v.Get, func(int) { acted.Add(1) })
	}
	began := time.Now()
	start.Set(1)
	settled := signal.NewValue(g, false)
	last := signal.NewEffect(g, start.Get, func(int) { settled.Set(true) })
	_, err := signal.Wait(t.Context(), settled, func(is bool) bool { return is })
	require.NoError(t, err)
	last.Close()
	require.Less(t, time.Since(began), 5*time.Second)
	g.Close()
	<-g.Done()
	require.LessOrEqual(t, acted.Load(), int64(2*n))
}

func TestIdleGraphHasNoGoroutine(t *testing.T) {
	g := signal.NewGraph()
	a := signal.NewValue(g, 1)
	acted := make(chan int, 1)
	signal.NewEffect(g, a.Get, func(n int) { acted <- n })
	require.Equal(t, 1, <-acted)
	goleak.VerifyNone(t, hosts) // although nobody closed it
	a.Set(2)
	require.Equal(t, 2, <-acted)
}

func TestConcurrentUse(t *testing.T) {
	g := signal.NewGraph()
	a := signal.NewValue(g, 0)
	c := signal.NewComputed(g, func(t *signal.Tracker) int { return a.Get(t) % 7 })
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 300 {
				a.Update(func(n int) int { return n + 1 })
				e := signal.NewEffect(g, c.Get, func(int) {})
				c.Peek()
				e.Close()
			}
		})
	}
	all.Wait()
	require.Equal(t, 1200, a.Peek())
	require.Equal(t, 1200%7, c.Peek())
	g.Close()
	<-g.Done()
}
