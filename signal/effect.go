package signal

// Effect is an action that runs when a computed value changes. Safe for concurrent use.
type Effect struct {
	graph *Graph
	node  *node
	order uint64
	seen  uint64 // version last acted on or told of; like acted, the effect goroutine's own
	acted uint64 // count of values last acted on
	load  func() // fetches the value for act; holds mu
	act   func()

	closed bool // guarded by inbox
}

// NewEffect runs compute, and act with what it returned: once soon, and again whenever the value has
// changed. Both run on the graph's effect goroutine; only what compute read through its tracker counts.
// The graph holds the effect until one of them is closed. On a closed graph it never runs.
func NewEffect[T any](g *Graph, compute func(t *Tracker) T, act func(T), list ...Option[T]) *Effect {
	c := NewComputed(g, compute, list...)
	e := &Effect{graph: g, node: &c.node}
	var value T
	e.load = func() { value = c.value }
	e.act = func() { act(value) }
	c.node.effect = e

	g.inbox.Lock()
	defer g.inbox.Unlock()
	if g.inbox.closed {
		e.closed = true
		return e
	}
	g.inbox.created++
	e.order = g.inbox.created
	g.inbox.effects[e] = struct{}{}
	g.inbox.arrived = append(g.inbox.arrived, e)
	g.wakeLocked()
	return e
}

// Close ends the effect: its action does not start again after Close returned. It does not wait for
// one that is running, so the action may call it. A second call does nothing.
func (e *Effect) Close() {
	e.graph.inbox.Lock()
	defer e.graph.inbox.Unlock()
	e.closeLocked()
	e.graph.wakeLocked()
}

// closeLocked needs inbox. The graph lets go of the effect at its next drain.
func (e *Effect) closeLocked() {
	if e.closed {
		return
	}
	e.closed = true
	delete(e.graph.inbox.effects, e)
	e.graph.inbox.left = append(e.graph.inbox.left, e)
}

// start reports whether the action may run.
func (e *Effect) start() bool {
	e.graph.inbox.Lock()
	defer e.graph.inbox.Unlock()
	return !e.closed
}
