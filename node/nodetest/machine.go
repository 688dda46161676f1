package nodetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// machine is a computer with a disk, a clock and a node, which comes and goes.
type machine struct {
	world   *world
	index   int
	name    string
	durable bool
	disk    *Disk
	clock   *clock
	slot    time.Duration
	links   []*link // that it dials

	mu      sync.Mutex // protects all below
	rand    *rand.Rand
	last    *life // what was booted last
	life    *life // that, nil while its node is not open
	lives   uint64
	watched []int // the queries that it has asked to be told of
}

// life is a machine's time between two crashes or closes: a process.
type life struct {
	machine *machine
	ctx     context.Context
	cancel  context.CancelFunc
	engine  storage.Engine
	node    *node.Node
	work    sync.WaitGroup // who uses the node

	mu      sync.Mutex // protects all below
	ready   bool       // its node was opened
	over    bool       // it crashed, or is being closed
	crashed bool
	watches []*watch
}

func (w *world) newMachine(index int, durable bool) *machine {
	m := &machine{world: w, index: index, durable: durable, slot: w.newSlot()}
	m.name = fmt.Sprintf("client %d", index-w.schedule.durable)
	if durable {
		m.name = fmt.Sprintf("server %d", index)
	}
	m.rand = draw(w.schedule.Seed, forDisk, uint64(index), 1)
	m.clock = &clock{start: w.start}
	m.disk = NewDisk(draw(w.schedule.Seed, forDisk, uint64(index)))
	m.disk.crashed = m.crash
	m.disk.forgetful = w.seams.forgetful
	return m
}

// principal is on whose behalf a machine's users act.
func (m *machine) principal() node.Principal { return node.Principal(m.name) }

// current is the machine's life, nil if its node is not open.
func (m *machine) current() *life {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.life
}

func (l *life) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}

// begin reports whether the life goes on now that its node is open.
func (l *life) begin() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ready = !l.over
	return l.ready
}

// end reports whether it is the caller who ends a life that had begun.
func (l *life) end(crashed bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := !l.over
	l.over, l.crashed = true, l.crashed || crashed
	return first && l.ready
}

func (l *life) hasCrashed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.crashed
}

// enter reports whether the node may be used; leave is called when that is over.
func (l *life) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over {
		return false
	}
	l.work.Add(1)
	return true
}

// serve has the node speak with who is at the other end of a connection.
func (l *life) serve(line *link, conn wire.Conn) bool {
	if !l.enter() {
		return false
	}
	go func() {
		defer l.work.Done()
		if line.from.durable {
			_ = l.node.Replicate(l.ctx, conn)
		} else {
			_ = l.node.Serve(l.ctx, conn, line.from.principal())
		}
	}()
	return true
}

// boot starts the machine. It takes as long as its disk.
func (m *machine) boot() {
	m.mu.Lock()
	m.lives++
	l := &life{machine: m}
	l.ctx, l.cancel = context.WithCancel(m.world.ctx)
	m.last = l
	random := newBits(draw(m.world.schedule.Seed, forNode, uint64(m.index), m.lives))
	m.mu.Unlock()
	m.world.trace(m.name, "boots")
	if err := m.open(l, random); err != nil {
		l.cancel()
		m.world.must(l, "a node opens", err)
		m.rebootLater()
		return
	}
	if !l.begin() {
		l.cancel()
		m.bury(l)
		m.rebootLater()
		return
	}
	m.connect(l)
	m.mu.Lock()
	m.life = l
	watched := slices.Clone(m.watched)
	m.mu.Unlock()
	for _, query := range watched {
		l.watch(query)
	}
	m.world.trace(m.name, "is up")
}

// open opens the node of a life.
func (m *machine) open(l *life, random *bits) error {
	engine, err := m.disk.Open(m.world.ctx)
	if err != nil {
		return err
	}
	l.engine = storage.Checked(engine).OnViolation(func(v *storage.Violation) {
		m.world.fail("the contract of package storage", "%s: %v", m.name, v)
	})
	engine = l.engine
	if wrap := m.world.seams.engine; wrap != nil {
		engine = wrap(m.durable, engine)
	}
	l.node, err = node.Open(m.world.ctx, engine, m.options(l, random)...)
	if err == nil {
		return nil
	}
	if e := l.engine.Close(); e != nil {
		return errors.Join(err, e)
	}
	return err
}

func (m *machine) options(l *life, random *bits) []node.Option {
	options := []node.Option{
		node.WithPolicy(node.AllowAll()), node.Now(m.clock.now), node.Rand(random),
		node.WithLogger(&log{l}), node.Models(m.world.app.Models...),
	}
	if m.durable {
		return append(append(options, m.world.app.Servers...), node.SystemRoot(m.world.root))
	}
	return append(append(options, m.world.app.Clients...), node.Ephemeral())
}

// connect has the node dial.
func (m *machine) connect(l *life) {
	if m.durable {
		for _, line := range m.links {
			_, err := l.node.Follow(func(ctx context.Context) (wire.Conn, error) { return line.dial(ctx, l) })
			m.world.must(l, "a node follows another", err)
		}
		return
	}
	turn := 0
	_, err := l.node.Connect(func(ctx context.Context) (wire.Conn, error) {
		line := m.links[turn%len(m.links)]
		turn++
		return line.dial(ctx, l)
	})
	m.world.must(l, "a client connects", err)
}

// crash ends the machine's life as a power failure does, at once. The disk calls it.
func (m *machine) crash() {
	m.mu.Lock()
	l, r := m.last, m.rand
	m.mu.Unlock()
	m.world.trace(m.name, "crashes")
	if !l.end(true) {
		return // while it was being opened or closed
	}
	m.mu.Lock()
	m.life = nil
	m.mu.Unlock()
	l.cancel()
	for _, line := range m.world.links {
		if line.from == m || line.to == m {
			line.severAll(l, r)
		}
	}
	m.world.background(func() { m.bury(l) })
	m.rebootLater()
}

// rebootLater starts the machine again after a while.
func (m *machine) rebootLater() {
	m.mu.Lock()
	pause := time.Duration(m.rand.ExpFloat64() * float64(5*time.Second))
	m.mu.Unlock()
	m.world.background(func() {
		m.world.pass(pause, m.slot)
		if !m.world.isOver() {
			m.boot()
		}
	})
}

// stop closes the node, as a process that ends properly, and opens it again.
func (m *machine) stop() {
	m.mu.Lock()
	l := m.life
	m.life = nil
	m.mu.Unlock()
	if l == nil || !l.end(false) {
		return
	}
	m.world.background(func() {
		m.bury(l)
		m.rebootLater()
	})
}

// bury ends all that is left of a life.
func (m *machine) bury(l *life) {
	l.mu.Lock()
	watches := l.watches
	l.mu.Unlock()
	for _, w := range watches {
		w.close()
	}
	err := l.node.Close(m.world.ctx)
	if err != nil && l.hasCrashed() {
		err = l.node.Close(m.world.ctx) // what is left needs no writing
	}
	m.world.must(l, "a node closes", err)
	l.cancel()
	l.work.Wait()
	err = l.engine.Close()
	m.world.must(l, "an engine closes", err)
	m.world.trace(m.name, "is down")
}

// log is what a node logs.
type log struct{ life *life }

// Info implements node.Logger.
func (g *log) Info(message string, args ...any) {
	g.life.machine.world.trace(g.life.machine.name, "logs: %s %v", message, args)
}

// Error implements node.Logger. A node has nothing to complain of as long as its disk
// works.
func (g *log) Error(message string, args ...any) {
	m := g.life.machine
	m.world.trace(m.name, "complains: %s %v", message, args)
	if !g.life.hasCrashed() {
		m.world.fail("no complaints", "%s: %s %v", m.name, message, args)
	}
}

// act does what a user does.
func (l *life) act(st *step) {
	if !l.enter() {
		return
	}
	m := l.machine
	a := &m.world.app.Actions[st.pick]
	who := fmt.Sprintf("%s step %d", m.name, st.number)
	ctx, cancel := context.WithTimeout(l.ctx, 20*time.Second)
	go func() {
		defer l.work.Done()
		defer cancel()
		receipt, err := a.Do(ctx, draw(st.seed), l.node.Session(m.principal()))
		switch {
		case err == nil:
			m.world.note(m, who, receipt)
		case l.isOver():
			m.world.trace(who, "fails, as the node is gone")
		case m.world.app.expected(err):
			m.world.trace(who, "fails: %v", err)
		default:
			m.world.fail("actions fail for reasons that are expected", "%s: %s: %v", m.name, a.Name, err)
		}
	}()
}

// look reads, and checks the invariants.
func (l *life) look() {
	if !l.enter() {
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, 20*time.Second)
	go func() {
		defer l.work.Done()
		defer cancel()
		session := l.node.Session(l.machine.principal())
		l.machine.world.checkInvariants(ctx, l, "", session)
	}()
}

// carry takes a bundle of what another machine lacks there.
func (l *life) carry(to *machine) {
	other := to.current()
	if other == nil || !l.enter() {
		return
	}
	if !other.enter() {
		l.work.Done()
		return
	}
	go func() {
		defer l.work.Done()
		defer other.work.Done()
		since, err := other.node.Cursor(other.ctx)
		var bundle bytes.Buffer
		if err == nil {
			_, err = l.node.Export(l.ctx, &bundle, since)
		}
		if err == nil {
			_, err = other.node.Import(other.ctx, &bundle)
		}
		if err != nil && !l.isOver() && !other.isOver() {
			l.machine.world.fail("bundles carry logs", "from %s to %s: %v", l.machine.name, to.name, err)
		}
	}()
}

// checked is an app's query for its schema.
func (q *Query) checked() (*query.Checked, error) {
	parsed, err := query.Parse(q.Text)
	if err != nil {
		return nil, err
	}
	if parsed, err = parsed.Bind(q.Args...); err != nil {
		return nil, err
	}
	return parsed.Check(q.Schema)
}

// must fails the simulation for an error at a life that had not ended.
func (w *world) must(l *life, what string, err error) {
	if err != nil && !l.hasCrashed() {
		w.fail(what, "%s: %v", l.machine.name, err)
	}
}

// checkInvariants asks the app's about what a reader shows.
func (w *world) checkInvariants(ctx context.Context, l *life, when string, r entity.Reader) {
	for _, i := range w.app.Invariants {
		err := i.Check(ctx, r)
		if err != nil && !w.app.expected(err) && !l.isOver() {
			w.fail(i.Name, "%s%s: %v", l.machine.name, when, err)
		}
	}
}
