package signal

import "sync"

// Graph owns a set of values that are consistent with each other, the lock that makes them so, and the
// goroutine on which their effects run. Values of one graph must not be read with the tracker of
// another; such a read is a Peek. Safe for concurrent use.
type Graph struct {
	onError func(error)

	// inbox is what writers share with the graph. It is held for a few instructions at a time, never
	// while foreign code runs, and may be taken while holding mu (never the other way round).
	inbox struct {
		sync.Mutex
		written  []source // set since the last drain, each once
		arrived  []*Effect
		left     []*Effect
		watchers map[*watcher]struct{}
		effects  map[*Effect]struct{} // open ones
		running  bool                 // the effect goroutine exists
		closed   bool
		created  uint64 // effects so far; their order
	}
	closing chan struct{} // closed by Close
	done    chan struct{} // closed when closed and not running

	mu    sync.Mutex // guards all nodes; held while compute functions run
	epoch uint64     // counts changes
	queue queue      // to be run
	path  []*node    // being brought up to date, outermost first
	stack []*node    // scratch for mark
}

// GraphOption changes a new graph.
type GraphOption func(*Graph)

// OnError sets what hears of an effect whose value is in error. It is called on the effect goroutine,
// once for each error, not again while the same one lasts. Without it such errors are only seen
// through Err.
func OnError(f func(error)) GraphOption { return func(g *Graph) { g.onError = f } }

// NewGraph makes an empty graph. It starts nothing; a graph without effects needs no Close.
func NewGraph(options ...GraphOption) *Graph {
	g := &Graph{
		onError: func(error) {},
		closing: make(chan struct{}),
		done:    make(chan struct{}),
		epoch:   1,
	}
	g.inbox.watchers = map[*watcher]struct{}{}
	g.inbox.effects = map[*Effect]struct{}{}
	for _, o := range options {
		o(g)
	}
	return g
}

// Close stops the effects: none starts after Close returned. It does not wait for an action that is
// running (see Done), so an action may call it; a second call does nothing. Those in Wait get
// ErrClosed. Values can still be read and set.
func (g *Graph) Close() {
	g.inbox.Lock()
	defer g.inbox.Unlock()
	if g.inbox.closed {
		return
	}
	g.inbox.closed = true
	for e := range g.inbox.effects {
		e.closeLocked()
	}
	close(g.closing)
	g.wakeLocked()
	if !g.inbox.running {
		close(g.done)
	}
}

// Done is closed when the graph is closed and the last action has returned.
func (g *Graph) Done() <-chan struct{} { return g.done }

// source is a Value, seen without its type.
type source interface {
	// take moves what was set into the graph and reports whether it changed. Holds mu and inbox.
	take() (*node, bool)
}

// wakeLocked starts whoever has to look at the inbox. Needs inbox.
func (g *Graph) wakeLocked() {
	for w := range g.inbox.watchers {
		select {
		case w.wake <- struct{}{}:
		default: // it is already on its way
		}
	}
	if !g.inbox.running && (len(g.inbox.effects) > 0 || len(g.inbox.left) > 0) {
		g.inbox.running = true
		go g.run()
	}
}

// drain takes in everything written so far as one change. Needs mu.
func (g *Graph) drain() {
	g.inbox.Lock()
	defer g.inbox.Unlock()
	for len(g.inbox.written) > 0 {
		last := len(g.inbox.written) - 1
		s := g.inbox.written[last]
		g.inbox.written[last] = nil
		g.inbox.written = g.inbox.written[:last] // now, because comparing values may panic
		if n, ok := s.take(); ok {
			g.epoch++
			g.mark(n)
		}
	}
	for _, e := range g.inbox.arrived {
		e.node.enter()
		g.queue.push(e)
	}
	g.inbox.arrived = nil
	for _, e := range g.inbox.left {
		e.node.leave()
	}
	g.inbox.left = nil
}

// queue is a heap of effects, the one that was created first on top. It may hold one several times.
type queue []*Effect

func (q *queue) push(e *Effect) {
	list := append(*q, e)
	i := len(list) - 1
	for i > 0 && e.order < list[(i-1)/2].order {
		list[i] = list[(i-1)/2]
		i = (i - 1) / 2
	}
	list[i] = e
	*q = list
}

func (q *queue) pop() *Effect {
	list, last := *q, len(*q)-1
	top, e := list[0], list[last]
	list[last] = nil
	list = list[:last]
	i := 0
	for kid := 1; kid < last; kid = 2*i + 1 {
		if kid+1 < last && list[kid+1].order < list[kid].order {
			kid++
		}
		if e.order <= list[kid].order {
			break
		}
		list[i] = list[kid]
		i = kid
	}
	if last > 0 {
		list[i] = e
	}
	*q = list
	return top
}

// run is the effect goroutine.
func (g *Graph) run() {
	for {
		e, err := g.next()
		switch {
		case e == nil:
			return
		case err != nil:
			g.onError(err)
		case e.start():
			e.act()
		}
	}
}

// next finds the next effect whose value changed, or ends the effect goroutine by returning nil.
func (g *Graph) next() (*Effect, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for {
		g.drain()
		if len(g.queue) == 0 {
			if g.rest() {
				return nil, nil
			}
			continue
		}
		e := g.queue.pop()
		if e.node.strong == 0 {
			continue // it left
		}
		g.refresh(e.node)
		switch n := e.node; {
		case n.err != nil && n.version != e.seen:
			e.seen = n.version
			return e, n.err
		case n.err == nil && n.values != e.acted:
			e.seen, e.acted = n.version, n.values
			e.load()
			return e, nil
		}
	}
}

// rest gives up the effect goroutine if nothing arrived meanwhile.
func (g *Graph) rest() bool {
	g.inbox.Lock()
	defer g.inbox.Unlock()
	if len(g.inbox.written)+len(g.inbox.arrived)+len(g.inbox.left) > 0 {
		return false
	}
	g.inbox.running = false
	g.queue = nil
	if g.inbox.closed {
		close(g.done)
	}
	return true
}

// Batch collects new values for several Values. It is good for the call it was made for, and for one
// goroutine at a time.
type Batch struct {
	graph  *Graph
	writes []func()
}

// Batch runs f and then sets everything that f set with SetIn at once: no reader ever sees a part of
// it. Inside f the old values are still seen. If f panics, nothing is set. A batch inside a
// batch is a batch of its own.
func (g *Graph) Batch(f func(b *Batch)) {
	b := &Batch{graph: g}
	f(b)
	b.graph = nil
	g.inbox.Lock()
	defer g.inbox.Unlock()
	for _, w := range b.writes {
		w()
	}
	g.wakeLocked()
}
