package signal

import "reflect"

// Readable is a value that can be read and waited for, but not set.
type Readable[T any] interface {
	// Get reads as part of the run that t belongs to, which from then on depends on what was read.
	// With a nil, finished or foreign t it is a Peek.
	Get(t *Tracker) T
	// Peek reads without depending on what was read.
	Peek() T
	// Graph is the graph that the value lives in.
	Graph() *Graph
}

var (
	_ Readable[int] = (*Value[int])(nil)
	_ Readable[int] = (*Computed[int])(nil)
)

type options[T any] struct {
	name  string
	equal func(a, b T) bool
}

// Option changes a new Value, Computed or Effect.
type Option[T any] func(*options[T])

// Named sets the name that errors use.
func Named[T any](name string) Option[T] { return func(o *options[T]) { o.name = name } }

// Equal sets when a new value counts as no change. It may be called with the graph locked: it must be
// quick and touch no signal. By default values are compared with == where that cannot panic (no
// interfaces, no slices, maps or functions inside), and otherwise always count as changed.
func Equal[T any](f func(a, b T) bool) Option[T] { return func(o *options[T]) { o.equal = f } }

func optionsOf[T any](list []Option[T]) options[T] {
	var o options[T]
	for _, f := range list {
		f(&o)
	}
	if o.equal == nil && strict(reflect.TypeFor[T]()) {
		o.equal = func(a, b T) bool { return any(a) == any(b) }
	}
	if o.equal == nil {
		o.equal = func(T, T) bool { return false }
	}
	return o
}

// strict reports whether == on the type can never panic.
func strict(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Interface, reflect.Slice, reflect.Map, reflect.Func:
		return false
	case reflect.Array:
		return strict(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if !strict(t.Field(i).Type) {
				return false
			}
		}
	}
	return true
}

// Value is a value that is set from outside. Safe for concurrent use.
type Value[T any] struct {
	node  node
	equal func(a, b T) bool
	value T // what the graph has taken in; guarded by the graph's mu

	// Guarded by the graph's inbox.
	latest  T
	writes  uint64
	waiting bool // noted in inbox.written
}

// NewValue makes a value.
func NewValue[T any](g *Graph, v T, list ...Option[T]) *Value[T] {
	o := optionsOf(list)
	return &Value[T]{node: node{graph: g, name: o.name, state: clean}, equal: o.equal, value: v, latest: v}
}

// Graph is the graph that the value lives in.
func (v *Value[T]) Graph() *Graph { return v.node.graph }

// Set sets the value. It never waits for readers or effects; whoever reads after it returned sees it.
func (v *Value[T]) Set(x T) {
	g := v.node.graph
	g.inbox.Lock()
	defer g.inbox.Unlock()
	v.setLocked(x)
	g.wakeLocked()
}

// SetIn sets the value when the batch ends. With a batch that has ended, or one of another graph, it is
// a plain Set.
func (v *Value[T]) SetIn(b *Batch, x T) {
	if b.graph != v.node.graph {
		v.Set(x)
		return
	}
	b.writes = append(b.writes, func() { v.setLocked(x) })
}

// Update sets the value to f of the newest one, atomically. f may be called again if somebody else was
// quicker; it holds no lock.
func (v *Value[T]) Update(f func(T) T) {
	g := v.node.graph
	for {
		g.inbox.Lock()
		old, writes := v.latest, v.writes
		g.inbox.Unlock()
		x := f(old)
		g.inbox.Lock()
		if v.writes == writes {
			v.setLocked(x)
			g.wakeLocked()
			g.inbox.Unlock()
			return
		}
		g.inbox.Unlock()
	}
}

// setLocked notes a new value. Needs inbox.
func (v *Value[T]) setLocked(x T) {
	v.latest = x
	v.writes++
	if !v.waiting {
		v.waiting = true
		v.node.graph.inbox.written = append(v.node.graph.inbox.written, v)
	}
}

func (v *Value[T]) take() (*node, bool) {
	v.waiting = false
	if v.equal(v.value, v.latest) {
		v.latest = v.value
		return nil, false
	}
	v.value = v.latest
	v.node.version++
	return &v.node, true
}

// Get reads the value for a run.
func (v *Value[T]) Get(t *Tracker) T {
	if t.read(&v.node) {
		return v.value
	}
	return v.Peek()
}

// Peek reads the newest value. It never waits.
func (v *Value[T]) Peek() T {
	v.node.graph.inbox.Lock()
	defer v.node.graph.inbox.Unlock()
	return v.latest
}
