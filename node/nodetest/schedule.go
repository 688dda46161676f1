package nodetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// A Fault is something that goes wrong in a simulation; several are added with |.
type Fault uint

// The faults.
const (
	Crash   Fault = 1 << iota // machines crash, at any write, and lose what was not synced
	Restart                   // nodes are closed and opened again
	Drop                      // connections break, with some of what is under way, heard of or not
	Cut                       // lines are cut, so that dialling fails, one by one and by partitions
	Silence                   // nothing arrives, in one direction or both, and nobody is told
	Delay                     // messages take up to seconds
	Slow                      // disks take their time
	Skew                      // clocks are wrong, gain, and jump

	NoFaults  Fault = 1 << 30 // nothing goes wrong
	AllFaults       = Skew<<1 - 1
)

// A Topology is who replicates with whom.
type Topology string

// The topologies.
const (
	Single Topology = "single" // one durable node
	Pair   Topology = "pair"
	Chain  Topology = "chain" // of three or four
	Star   Topology = "star"  // of three to five
	Ring   Topology = "ring"  // of three or four
)

// Options narrow down what a seed may stand for. The zero value means everything.
type Options struct {
	// Topologies are those of which a seed chooses one; all of them if there are none.
	Topologies []Topology
	// Clients is the greatest number of clients; 3 if it is zero, none if it is negative.
	Clients int
	// Homes is the greatest number of servers that a client dials in turns; 1 if it is
	// zero. A client that comes to a server which lags behind the one before may be refused
	// what builds on what that one has.
	Homes int
	// Steps is the greatest number of steps; 120 if it is zero.
	Steps int
	// Faults are those of which a seed chooses about three of four; all of them if it is
	// zero.
	Faults Fault
}

// Schedule is a simulation that was not run yet: what happens when, all of it made from
// the seed.
type Schedule struct {
	Seed     uint64
	Topology Topology
	Faults   Fault

	durable int
	edges   [][2]int // the first one dials
	homes   [][]int  // of each client: the servers that it dials, in turns
	steps   []step
	length  time.Duration
}

// deed is what a step does.
type deed int

const (
	doAct deed = iota
	doWatch
	doRequery
	doLook
	doCarry
	doCrash
	doStop
	doDrop
	doCut
	doMend
	doPartition
	doSilence
	doSpeak
	doJump
)

// step is one thing that happens. It depends on no other one.
type step struct {
	at     time.Duration
	number int
	deed   deed
	who    int // a machine, or a line
	pick   int // an action, a query, a direction, a number of writes
	by     time.Duration
	seed   uint64
}

// Plan makes the schedule of a seed.
func Plan(app *App, o Options, seed uint64) *Schedule {
	r := draw(seed, forShape)
	all := []Topology{Single, Pair, Chain, Star, Ring}
	if len(o.Topologies) > 0 {
		all = o.Topologies
	}
	s := &Schedule{Seed: seed, Topology: all[r.IntN(len(all))]}
	s.join(r)
	clients := o.Clients
	if clients == 0 {
		clients = 3
	}
	if clients > 0 {
		for range r.IntN(clients + 1) {
			s.homes = append(s.homes, r.Perm(s.durable)[:min(s.durable, 1+r.IntN(max(o.Homes, 1)))])
		}
	}
	s.Faults = o.Faults
	if s.Faults == 0 {
		s.Faults = AllFaults
	}
	for i := range faultNames {
		if r.IntN(4) == 0 {
			s.Faults &^= 1 << i
		}
	}
	s.Faults &= AllFaults
	s.plan(app, o, draw(seed, forSteps))
	return s
}

// join draws the lines between the durable nodes.
func (s *Schedule) join(r *rand.Rand) {
	switch s.Topology {
	case Single:
		s.durable = 1
	case Pair:
		s.durable, s.edges = 2, [][2]int{{0, 1}}
	case Chain, Ring:
		s.durable = 3 + r.IntN(2)
		for i := range s.durable - 1 {
			s.edges = append(s.edges, [2]int{i, i + 1})
		}
		if s.Topology == Ring {
			s.edges = append(s.edges, [2]int{s.durable - 1, 0})
		}
	case Star:
		s.durable = 3 + r.IntN(3)
		for i := range s.durable - 1 {
			s.edges = append(s.edges, [2]int{0, i + 1})
		}
	}
	for i, e := range s.edges {
		if r.IntN(2) == 0 {
			s.edges[i] = [2]int{e[1], e[0]}
		}
	}
}

func (s *Schedule) machines() int { return s.durable + len(s.homes) }

func (s *Schedule) lines() int {
	n := len(s.edges)
	for _, h := range s.homes {
		n += len(h)
	}
	return n
}

// deeds are what a schedule is made of, and how often.
var deeds = []struct {
	deed   deed
	weight int
	fault  Fault
}{
	{doAct, 45, 0},
	{doWatch, 5, 0},
	{doRequery, 4, 0},
	{doLook, 6, 0},
	{doCarry, 2, 0},
	{doCrash, 5, Crash},
	{doStop, 3, Restart},
	{doDrop, 6, Drop},
	{doCut, 4, Cut},
	{doMend, 6, Cut},
	{doPartition, 2, Cut | Silence},
	{doSilence, 4, Silence},
	{doSpeak, 5, Silence},
	{doJump, 3, Skew},
}

func (s *Schedule) plan(app *App, o Options, r *rand.Rand) {
	most := o.Steps
	if most == 0 {
		most = 120
	}
	sum, weights := 0, make([]int, len(deeds))
	for i, d := range deeds {
		if d.fault&^s.Faults == 0 && s.can(d.deed, app) {
			weights[i] = d.weight
			sum += d.weight
		}
	}
	pace := []time.Duration{2 * time.Millisecond, 50 * time.Millisecond, time.Second, 5 * time.Second}[r.IntN(4)]
	at := time.Duration(0)
	for n := range most/3 + r.IntN(most*2/3+1) {
		if r.IntN(4) > 0 { // otherwise at the same time as the one before
			at += time.Duration(r.ExpFloat64() * float64(pace))
		}
		at = at.Truncate(tick) + tick
		roll, i := r.IntN(sum), 0
		for roll >= weights[i] {
			roll -= weights[i]
			i++
		}
		s.steps = append(s.steps, s.step(app, r, deeds[i].deed, at, n))
	}
	s.length = at
}

// can reports whether there is what a deed takes.
func (s *Schedule) can(d deed, app *App) bool {
	switch d {
	case doWatch, doRequery:
		return len(app.Queries) > 0
	case doCarry:
		return s.durable > 1
	case doDrop, doCut, doMend, doPartition, doSilence, doSpeak:
		return s.lines() > 0
	}
	return true
}

func (s *Schedule) step(app *App, r *rand.Rand, d deed, at time.Duration, n int) step {
	st := step{at: at, number: n, deed: d, seed: r.Uint64(), who: r.IntN(s.machines())}
	switch d {
	case doAct:
		st.pick = pickAction(app, r)
	case doWatch, doRequery:
		st.pick = r.IntN(len(app.Queries))
	case doCrash:
		st.pick = max(0, r.IntN(8)-2)
	case doCarry:
		st.who = r.IntN(s.durable)
		st.pick = (st.who + 1 + r.IntN(s.durable-1)) % s.durable
	case doJump:
		st.by = upTo(r, 2*time.Minute) - time.Minute
	case doDrop, doCut, doMend, doSilence, doSpeak:
		st.who, st.pick = r.IntN(s.lines()), r.IntN(3)
	case doPartition:
		st.pick = r.IntN(1 << s.machines())
	}
	return st
}

func pickAction(app *App, r *rand.Rand) int {
	sum := 0
	for _, a := range app.Actions {
		sum += max(a.Weight, 1)
	}
	roll := r.IntN(sum)
	for i, a := range app.Actions {
		if roll -= max(a.Weight, 1); roll < 0 {
			return i
		}
	}
	return 0
}

var faultNames = []string{"crash", "restart", "drop", "cut", "silence", "delay", "slow", "skew"}

// String lists faults.
func (f Fault) String() string {
	var names []string
	for i, name := range faultNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "no faults"
	}
	return strings.Join(names, "|")
}

// String describes the schedule's shape in a line.
func (s *Schedule) String() string {
	return fmt.Sprintf("seed %d: %s of %d, %d clients, %d steps in %v, %v",
		s.Seed, s.Topology, s.durable, len(s.homes), len(s.steps), s.length, s.Faults)
}
