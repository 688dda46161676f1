package signal_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/signal"
)

// world is a random graph beside a reference that recomputes everything every time.
type world struct {
	t      *testing.T
	rng    *rand.Rand
	graph  *signal.Graph
	inputs []*signal.Value[int]
	model  []int // what the inputs are
	nodes  []*derived
	was    []tally // as of the last check
}

// tally is what a node had done.
type tally struct {
	runs int
	last []int
}

// derived is a computed value over earlier ones. It reads its first source, and by that value decides
// which of the others it reads too: its dependencies change.
type derived struct {
	sources  []int // below len(inputs): an input, else a node
	modulus  int   // small: equal values are frequent
	computed *signal.Computed[int]
	runs     int
	last     []int // what the last run read, in order
	acted    []int
	effect   *signal.Effect
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), graph: signal.NewGraph()}
	for range 1 + w.rng.IntN(6) {
		w.inputs = append(w.inputs, signal.NewValue(w.graph, 0))
		w.model = append(w.model, 0)
	}
	for range w.rng.IntN(20) {
		w.grow()
	}
	return w
}

func (w *world) grow() {
	d := &derived{modulus: 2 + w.rng.IntN(5)}
	for range 1 + w.rng.IntN(5) {
		d.sources = append(d.sources, w.rng.IntN(len(w.inputs)+len(w.nodes)))
	}
	d.computed = signal.NewComputed(w.graph, func(t *signal.Tracker) int {
		d.runs++
		d.last = d.last[:0]
		return d.formula(func(i int) int {
			v := 0
			if i < len(w.inputs) {
				v = w.inputs[i].Get(t)
			} else {
				v = w.nodes[i-len(w.inputs)].computed.Get(t)
			}
			d.last = append(d.last, i, v)
			return v
		})
	})
	w.nodes = append(w.nodes, d)
}

func (d *derived) formula(read func(i int) int) int {
	first := read(d.sources[0])
	sum := first
	for i, s := range d.sources[1:] {
		if (first+i)%2 == 0 {
			sum += read(s) * (i + 2)
		}
	}
	return sum % d.modulus
}

// expect is the reference.
func (w *world) expect(i int) int {
	if i < len(w.inputs) {
		return w.model[i]
	}
	return w.nodes[i-len(w.inputs)].formula(w.expect)
}

func (w *world) step() {
	switch k := w.rng.IntN(10); {
	case k < 4:
		i, v := w.rng.IntN(len(w.inputs)), w.rng.IntN(4)
		w.model[i] = v
		w.inputs[i].Set(v)
	case k < 6:
		w.graph.Batch(func(b *signal.Batch) {
			for range 1 + w.rng.IntN(5) {
				i, v := w.rng.IntN(len(w.inputs)), w.rng.IntN(4)
				w.model[i] = v
				w.inputs[i].SetIn(b, v)
			}
		})
	case len(w.nodes) == 0 || k == 6:
		w.grow()
	case k == 7:
		d := w.nodes[w.rng.IntN(len(w.nodes))]
		if d.effect != nil {
			d.effect.Close()
			d.effect, d.acted = nil, nil
			return
		}
		d.effect = signal.NewEffect(w.graph, d.computed.Get, func(v int) { d.acted = append(d.acted, v) })
	default:
		i := w.rng.IntN(len(w.nodes))
		require.Equal(w.t, w.expect(i+len(w.inputs)), w.nodes[i].computed.Peek())
	}
}

// check settles the graph and compares all of it with the reference.
func (w *world) check() {
	synctest.Wait()
	for i, d := range w.nodes {
		if d.effect == nil {
			continue
		}
		want := w.expect(i + len(w.inputs))
		require.NotEmpty(w.t, d.acted, "node %d: lost its first run", i)
		require.Equal(w.t, want, d.acted[len(d.acted)-1], "node %d: lost a run", i)
		if n := len(d.acted); n > 1 {
			require.NotEqual(w.t, d.acted[n-2], d.acted[n-1], "node %d: ran without a change", i)
		}
	}
	for i, d := range w.nodes {
		require.Equal(w.t, w.expect(i+len(w.inputs)), d.computed.Peek(), "node %d", i)
	}
	for i, d := range w.nodes[:len(w.was)] {
		was := w.was[i]
		require.LessOrEqual(w.t, d.runs, was.runs+1, "node %d: ran twice for one state", i)
		same := true
		for j := 0; j < len(was.last); j += 2 {
			same = same && w.expect(was.last[j]) == was.last[j+1]
		}
		require.Equal(w.t, same, d.runs == was.runs, "node %d: ran, or not, against what it had read", i)
	}
	w.was = w.was[:0]
	for _, d := range w.nodes {
		w.was = append(w.was, tally{d.runs, slices.Clone(d.last)})
	}
}

// TestRandomGraphs compares with recomputing everything. To repeat a failure:
// go test ./signal -run 'TestRandomGraphs/seed=<n>$'
func TestRandomGraphs(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed)
				defer w.graph.Close()
				for range 40 {
					w.check() // one state at a time, so that runs can be counted
					w.step()
				}
				w.check()
			})
		})
	}
}

// TestRandomGraphsHurried does not let the effects settle in between.
func TestRandomGraphsHurried(t *testing.T) {
	for seed := range uint64(300) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed)
				defer w.graph.Close()
				for range 40 {
					synctest.Wait()
					for range w.rng.IntN(4) {
						i, v := w.rng.IntN(len(w.inputs)), w.rng.IntN(4)
						w.model[i] = v
						w.inputs[i].Set(v)
					}
					synctest.Wait()
					w.step()
					synctest.Wait()
					for i, d := range w.nodes {
						if d.effect != nil {
							require.Equal(t, w.expect(i+len(w.inputs)), d.acted[len(d.acted)-1])
						}
					}
				}
			})
		})
	}
}
