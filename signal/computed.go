package signal

// Computed is a value derived from others. It is computed when it is read and something that it read
// has changed. It needs no Close. Safe for concurrent use.
type Computed[T any] struct {
	node  node
	value T // guarded by the graph's mu
	equal func(a, b T) bool
	// settled is value as of the last run, guarded by inbox: what a compute function may peek at
	// while the graph is busy.
	settled T
}

// NewComputed makes a computed value; f runs for the first time when it is read. If f panics, so does
// the read that ran it, and the next one runs it again.
func NewComputed[T any](g *Graph, f func(t *Tracker) T, list ...Option[T]) *Computed[T] {
	o := optionsOf(list)
	c := &Computed[T]{equal: o.equal}
	ran := false
	c.node = node{graph: g, name: o.name, compute: func(t *Tracker) bool {
		x := f(t)
		if t.err != nil || ran && c.equal(c.value, x) {
			return false
		}
		ran = true
		c.value = x
		g.inbox.Lock()
		c.settled = x
		g.inbox.Unlock()
		return true
	}}
	return c
}

// Graph is the graph that the value lives in.
func (c *Computed[T]) Graph() *Graph { return c.node.graph }

// Get reads the value for a run, computing it if need be.
func (c *Computed[T]) Get(t *Tracker) T {
	if t.read(&c.node) {
		return c.value
	}
	return c.Peek()
}

// Peek computes the value if need be and returns it; it may wait for compute functions that run on
// other goroutines. From within a compute function of a busy graph it returns the value that the last
// run settled on, at first the zero value.
func (c *Computed[T]) Peek() T {
	g := c.node.graph
	if !g.enter() {
		g.inbox.Lock()
		defer g.inbox.Unlock()
		return c.settled
	}
	defer g.mu.Unlock()
	g.drain()
	g.refresh(&c.node)
	return c.value
}

// Err computes the value if need be and tells why there is none: a *CycleError for it or for something
// that it reads, or nil. While there is an error the value stays the last good one. Not for use in
// compute functions, where it is nil while the graph is busy.
func (c *Computed[T]) Err() error {
	g := c.node.graph
	if !g.enter() {
		return nil
	}
	defer g.mu.Unlock()
	g.drain()
	g.refresh(&c.node)
	return c.node.err
}
