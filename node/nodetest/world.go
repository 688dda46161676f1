package nodetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing/synctest"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
)

// seams are where the tests of this package plant defects.
type seams struct {
	engine    func(durable bool, e storage.Engine) storage.Engine
	forgetful bool // disks sync nothing
	tamper    func(message []byte) (lost bool)
	standing  func(entity.Standing) entity.Standing
	receipt   func(node.Receipt) node.Receipt
}

// world is a schedule while it is run.
type world struct {
	app      *App
	schedule *Schedule
	seams    seams
	ctx      context.Context
	start    time.Time
	root     event.PrivateKey
	machines []*machine // the durable ones first
	links    []*link
	slots    int
	jobs     sync.WaitGroup

	mu       sync.Mutex // protects all below
	over     bool
	failures []*Failure
	receipts []noted
	lines    []traced
}

// noted is a receipt that somebody got.
type noted struct {
	by      *machine
	receipt node.Receipt
}

// A Failure is an invariant that does not hold.
type Failure struct {
	Invariant string
	Detail    string
	At        time.Duration // since the simulation began
}

// Error implements error.
func (f *Failure) Error() string { return fmt.Sprintf("after %v: %s: %s", f.At, f.Invariant, f.Detail) }

// Outcome is what became of a schedule.
type Outcome struct {
	// Failures are what went wrong, in the order in which it was found.
	Failures []*Failure
	// Trace is what happened.
	Trace Trace
}

// simulate runs a schedule, in a bubble of package testing/synctest.
func simulate(app *App, s *Schedule, planted seams) *Outcome {
	w := &world{app: app, schedule: s, seams: planted, start: time.Now()}
	var cancel context.CancelFunc
	w.ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	w.build()
	w.run()
	if w.settle() {
		w.check()
	}
	w.end()
	return &Outcome{Failures: w.failures, Trace: newTrace(w.lines)}
}

func (w *world) build() {
	s := w.schedule
	var err error
	w.root, err = event.NewKey(newBits(draw(s.Seed, forRoot)))
	if err != nil {
		w.fail("a key is made", "%v", err)
	}
	for i := range s.machines() {
		w.machines = append(w.machines, w.newMachine(i, i < s.durable))
	}
	network := new(sync.Mutex)
	for _, e := range s.edges {
		w.link(e[0], e[1], network)
	}
	for i, homes := range s.homes {
		for _, home := range homes {
			w.link(s.durable+i, home, network)
		}
	}
	w.disturb()
	for _, m := range w.machines {
		m.boot()
		w.pass(0, 0)
	}
}

// disturb makes disks slow and clocks wrong.
func (w *world) disturb() {
	s := w.schedule
	for i, m := range w.machines {
		r := draw(s.Seed, forClock, uint64(i))
		if s.Faults&Skew != 0 {
			most := 30 * time.Second
			if !m.durable {
				most = 4 * time.Minute
			}
			m.clock.offset = upTo(r, 2*most) - most
			m.clock.drift = (r.Float64() - 0.5) / 500
		}
		if r := draw(s.Seed, forDisk, uint64(i), 2); s.Faults&Slow != 0 && r.IntN(3) > 0 {
			most := []time.Duration{time.Millisecond, 30 * time.Millisecond, time.Second}[r.IntN(3)]
			var mu sync.Mutex
			m.disk.latency = func() time.Duration {
				mu.Lock()
				defer mu.Unlock()
				return w.after(upTo(r, most), m.slot) - w.now()
			}
		}
	}
}

func (w *world) link(from, to int, network *sync.Mutex) {
	i := uint64(len(w.links))
	seed := w.schedule.Seed
	l := &link{
		world: w, from: w.machines[from], to: w.machines[to], network: network,
		slots: [2]time.Duration{w.newSlot(), w.newSlot()}, turn: make(chan struct{}), rand: draw(seed, forLink, i),
		delays: [2]*rand.Rand{draw(seed, forLink, i, 0), draw(seed, forLink, i, 1)},
	}
	l.name = l.from.name + " - " + l.to.name
	l.base, l.jitter = time.Millisecond, 5*time.Millisecond
	if w.schedule.Faults&Delay != 0 {
		l.base = upTo(l.rand, 200*time.Millisecond)
		l.jitter = []time.Duration{5 * time.Millisecond, 50 * time.Millisecond, 300 * time.Millisecond, 3 * time.Second}[l.rand.IntN(4)]
	}
	w.links = append(w.links, l)
	l.from.links = append(l.from.links, l)
}

func (w *world) newSlot() time.Duration {
	w.slots++
	return time.Duration(w.slots) * slot
}

func (w *world) now() time.Duration { return time.Since(w.start) }

// after is a moment in a slot's time, at least d from now.
func (w *world) after(d, slot time.Duration) time.Duration {
	return (w.now() + d).Truncate(tick) + tick + slot
}

// pass lets at least d pass, and then everything come to rest that happens at once.
func (w *world) pass(d, slot time.Duration) {
	<-time.After(w.after(d, slot) - w.now())
	if slot == 0 {
		synctest.Wait()
	}
}

// background runs f, which the simulation waits for at its end.
func (w *world) background(f func()) { w.jobs.Go(f) }

func (w *world) fail(invariant, detail string, args ...any) {
	w.mu.Lock()
	f := &Failure{Invariant: invariant, Detail: fmt.Sprintf(detail, args...), At: w.now()}
	w.failures = append(w.failures, f)
	w.mu.Unlock()
	w.trace("kit", "FAILURE: %s: %s", f.Invariant, f.Detail)
}

func (w *world) hasFailed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.failures) > 0
}

func (w *world) isOver() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.over
}

// note keeps a receipt, to be held against what is true in the end.
func (w *world) note(by *machine, who string, r node.Receipt) {
	if w.seams.receipt != nil {
		r = w.seams.receipt(r)
	}
	w.trace(who, "%v", r)
	if r.Status != node.Accepted && r.Status != node.Pending {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.receipts = append(w.receipts, noted{by, r})
}

// run does the steps.
func (w *world) run() {
	begin := w.now()
	for i := range w.schedule.steps {
		st := &w.schedule.steps[i]
		if wait := begin + st.at - w.now(); wait > 0 {
			<-time.After(wait)
		}
		synctest.Wait()
		if w.hasFailed() {
			return
		}
		w.trace("kit", "%v", st.describe(w.schedule, w.app))
		w.do(st)
	}
	synctest.Wait()
}

// end closes everything.
func (w *world) end() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	for _, m := range w.machines {
		m.stop()
	}
	w.jobs.Wait()
}

// sum is a short name for bytes.
func sum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b))[:12] }
