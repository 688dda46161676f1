// Package signal holds reactive values: a [Value] is set, a [Computed] is derived from others, an
// [Effect] acts on what changed. They live in a [Graph], which is what makes them consistent.
//
//	g := signal.NewGraph()
//	defer g.Close()
//	price := signal.NewValue(g, 20)
//	count := signal.NewValue(g, 2)
//	total := signal.NewComputed(g, func(t *signal.Tracker) int { return price.Get(t) * count.Get(t) })
//	signal.NewEffect(g, total.Get, func(n int) { fmt.Println("total:", n) })
//	g.Batch(func(b *signal.Batch) { price.SetIn(b, 30); count.SetIn(b, 3) })
//
// It knows nothing of entities, queries or nodes, and imports the standard library only.
//
// # Tracking
//
// Go has no goroutine-local observer, so the observer is passed: a compute function receives a
// [Tracker] and reads with Get(t). What it read that way is what it depends on, found anew in every
// run, so dependencies may change from run to run. Peek reads without depending; it is also the way
// to read outside of compute functions. A Tracker is good for its own run on its own goroutine;
// after the run, Get with it is a Peek.
//
// # What is promised
//
//   - Glitch-free. A compute function sees one state of the graph: all of a batch or none of it, and
//     never a Computed that lags behind its inputs.
//   - No lost runs. After the last Set, every effect that depends on it, directly or not, settles on
//     the value computed from it.
//   - No duplicate runs. A compute function runs once per state at most, and only when something that
//     it read changed; an action runs only when its value changed. Equality ends a wave: a new value
//     that equals the old one changes nothing (see [Equal]).
//   - States, not events. Sets that follow one another faster than effects run are seen as one change;
//     whoever needs every step needs a queue.
//   - Lazy. A Computed that nobody reads does not run, and one that no effect observes is not held by
//     its inputs: it needs no Close and can be collected.
//
// # Who runs what, where
//
// Set, Batch and Close never wait for a compute function or an action: they note the new value and
// return. Compute functions run on the goroutine of whoever reads (Peek, [Wait]) or, for effects, on
// the graph's effect goroutine, one at a time per graph; they should be pure and quick. Actions run on
// the effect goroutine too, one after the other in order of creation, holding no lock: a slow action
// delays other effects and nobody else. The effect goroutine exists only while there is work; an idle
// graph has none. [Graph.Close] stops it, [Graph.Done] tells when it has ended.
//
// An effect has two halves, compute and act, because only then can the first be glitch-free
// and the second be allowed to take its time: what ran under a lock would block writers, what ran
// without one would see half a batch.
//
// # Re-entrancy
//
// An action may do everything: set, batch, peek, create, close any effect including its own. What it
// sets is seen by a later run; an action that changes what it observes runs again until its value
// settles. A compute function may set too (seen by later runs, never by its own), though it rarely
// should. If a compute function peeks at a Computed, it gets the value that one last settled on: to
// have it computed, read it with Get.
//
// A Computed that depends on itself is an error, not a deadlock: [Computed.Err] is a [CycleError] that
// names the way round, for it and for whatever reads it, until an input breaks the cycle. Its value is
// meanwhile the last good one. Effects do not act on a value in error; [OnError] hears of it.
package signal
