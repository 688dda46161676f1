package signal

import (
	"runtime"
	"slices"
	"strings"
)

// The algorithm. A changed Value marks what hangs below it: its direct readers as dirty, those
// further down as suspect (push). A read brings a node up to date (pull): a suspect node first brings
// its sources up to date and compares their versions with those it saw; only if one differs does it
// run. A run that yields an equal value leaves the version alone, which ends the wave.
//
// Marks travel along observers, and a node is in its sources' lists of observers only while it is
// observed itself. An unobserved node is not marked; it asks its sources once per epoch instead.

type state uint8

const (
	dirty   state = iota // must run; the state of a node that never ran
	suspect              // something further up changed
	clean
)

// node is one place in the graph. All fields are guarded by the graph's mu.
type node struct {
	graph     *Graph
	name      string
	compute   func(*Tracker) bool // runs and reports a change; nil for a Value
	effect    *Effect             // set if the node belongs to an effect
	version   uint64              // counts changes of the value or error
	values    uint64              // counts changes of the value
	err       error
	state     state
	busy      bool   // being brought up to date right now: reading it is a cycle
	checked   uint64 // epoch at which an unobserved node was last up to date
	sources   []*edge
	observers []*edge
	strong    int // observers that are not weak; > 0 means observed
}

// edge says that sink read source.
type edge struct {
	source, sink *node
	seen         uint64 // source's version then
	at           int    // index in source.observers, or -1
	weak         bool   // read round a cycle: carries marks but does not keep the source observed
}

// subscribe puts the edge into its source's observers.
func (e *edge) subscribe() {
	if e.at >= 0 {
		return
	}
	e.at = len(e.source.observers)
	e.source.observers = append(e.source.observers, e)
	if !e.weak {
		e.source.enter()
	}
}

func (e *edge) unsubscribe() {
	if e.at < 0 {
		return
	}
	list := e.source.observers
	last := list[len(list)-1]
	list[e.at], last.at = last, e.at
	list[len(list)-1] = nil
	e.source.observers, e.at = list[:len(list)-1], -1
	if !e.weak {
		e.source.leave()
	}
}

// enter counts a new observer; the first one makes the node listen to its sources. The observer has
// just read the node, so node and sources are up to date, or else the node is a new effect's.
func (n *node) enter() {
	n.strong++
	if n.strong > 1 || n.compute == nil {
		return
	}
	for _, e := range n.sources {
		e.subscribe()
	}
}

// leave takes an observer away; without any the node lets go of its sources.
func (n *node) leave() {
	n.strong--
	if n.strong > 0 || n.compute == nil {
		return
	}
	n.checked = 0
	if n.state == clean {
		n.checked = n.graph.epoch
	}
	for _, e := range n.sources {
		e.unsubscribe()
	}
}

// mark tells everything below a changed node.
func (g *Graph) mark(n *node) {
	push := func(from *node, s state) {
		for _, e := range from.observers {
			sink := e.sink
			if sink.state == clean {
				g.stack = append(g.stack, sink)
				if sink.effect != nil {
					g.queue.push(sink.effect)
				}
			}
			sink.state = min(sink.state, s)
		}
	}
	push(n, dirty)
	for len(g.stack) > 0 {
		next := g.stack[len(g.stack)-1]
		g.stack = g.stack[:len(g.stack)-1]
		push(next, suspect)
	}
}

// refresh brings a node up to date. Needs mu; the node is not busy.
func (g *Graph) refresh(n *node) {
	if n.compute == nil {
		return
	}
	observed := n.strong > 0
	if observed && n.state == clean || !observed && n.state != dirty && n.checked == g.epoch {
		return
	}
	n.busy = true
	g.path = append(g.path, n)
	defer func() {
		n.busy = false
		g.path = g.path[:len(g.path)-1]
	}()
	if n.state == dirty || g.stale(n) {
		n.state = dirty // stays so if compute panics
		g.evaluate(n)
	}
	n.state, n.checked = clean, g.epoch
}

// stale brings the sources up to date and reports whether one differs from what n saw. A source
// further down the list may only have been read because of an earlier one, so the first difference
// ends the search.
func (g *Graph) stale(n *node) bool {
	for _, e := range n.sources {
		if e.source.busy {
			return true
		}
		g.refresh(e.source)
		if e.source.version != e.seen {
			return true
		}
	}
	return false
}

// evaluate runs the compute function and exchanges the edges.
func (g *Graph) evaluate(n *node) {
	t := &Tracker{node: n, old: n.sources}
	defer t.end()
	changed := n.compute(t)
	if changed {
		n.values++
	}
	if t.err != n.err && (t.err == nil || n.err == nil || t.err.Error() != n.err.Error()) {
		changed = true
	}
	n.err = t.err
	if changed {
		n.version++
	}
}

// enter locks the graph. It reports false, having locked nothing, if this goroutine is inside a compute
// function of a busy graph, where waiting would be for ever.
func (g *Graph) enter() bool {
	if !g.mu.TryLock() {
		if computing() {
			return false
		}
		g.mu.Lock()
	}
	return true
}

// computing reports whether the caller was called by a compute function. It walks the stack, which is
// slow, but is asked only when the graph is busy.
func computing() bool {
	var pcs [64]uintptr
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		if n == 0 {
			return false
		}
		frames := runtime.CallersFrames(pcs[:n])
		for {
			f, more := frames.Next()
			if strings.HasSuffix(f.Function, "signal.(*Graph).evaluate") {
				return true
			}
			if !more {
				break
			}
		}
	}
}

// Tracker is the run of a compute function; Get notes in it what was read.
type Tracker struct {
	node  *node // nil once the run has ended
	old   []*edge
	edges []*edge
	index map[*node]*edge // of edges, once there are many
	err   error
}

const manyEdges = 16

// read brings a source up to date for the run and notes that it was read. It reports false if the
// tracker is of no use for that source.
func (t *Tracker) read(source *node) bool {
	if t == nil || t.node == nil || t.node.graph != source.graph {
		return false
	}
	if source.busy {
		t.fail(source.graph.cycle(source))
		t.note(source, true)
		return true
	}
	source.graph.refresh(source)
	if source.err != nil {
		t.fail(source.err)
	}
	t.note(source, false)
	return true
}

func (t *Tracker) fail(err error) {
	if t.err == nil {
		t.err = err
	}
}

// note adds an edge, reusing the one that the last run had in the same place.
func (t *Tracker) note(source *node, weak bool) {
	if t.find(source) {
		return
	}
	var e *edge
	if i := len(t.edges); i < len(t.old) && t.old[i] != nil && t.old[i].source == source && t.old[i].weak == weak {
		e, t.old[i] = t.old[i], nil
	} else {
		e = &edge{source: source, sink: t.node, at: -1, weak: weak}
	}
	e.seen = source.version
	t.edges = append(t.edges, e)
	if t.index != nil {
		t.index[source] = e
	} else if len(t.edges) > manyEdges {
		t.index = map[*node]*edge{}
		for _, e := range t.edges {
			t.index[e.source] = e
		}
	}
}

func (t *Tracker) find(source *node) bool {
	if t.index != nil {
		return t.index[source] != nil
	}
	return slices.ContainsFunc(t.edges, func(e *edge) bool { return e.source == source })
}

// end makes what was read the node's sources. New edges are subscribed before old ones are dropped, so
// that a source in both does not let go of its own sources in between.
func (t *Tracker) end() {
	n := t.node
	t.node = nil
	n.sources = t.edges
	if n.strong > 0 {
		for _, e := range t.edges {
			e.subscribe()
		}
	}
	for _, e := range t.old {
		if e != nil {
			e.unsubscribe()
		}
	}
}
