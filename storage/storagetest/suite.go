package storagetest

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ankgo/ank/storage"
)

// Options say what the suite runs against.
type Options struct {
	// New returns a new, empty store for one test. It may use t.Cleanup to
	// dispose of it; the suite closes all engines before.
	New func(t testing.TB) Store

	// Steps is the length of random runs, in commits. Zero means 120.
	Steps int

	// Seed begins random runs. Zero means 1; failures name the seed.
	Seed uint64
}

func (o Options) steps() int {
	if o.Steps == 0 {
		return 120
	}
	return o.Steps
}

func (o Options) seed() uint64 {
	return max(o.Seed, 1)
}

// Store is a place for data that engines are opened over, and what its kind of
// engine can do. Undeclared abilities are not tested, and Run says so.
type Store struct {
	// Open opens the store. No two engines are open at a time, unless the suite
	// tests that the second is refused.
	Open func(ctx context.Context) (storage.Engine, error)

	// Reopens: what was committed is there again after Close and Open.
	Reopens bool

	// Locks: Open returns storage.ErrLocked while an engine is open.
	Locks bool

	// ComparesStamps: every StateChange.Was is compared, whether or not the
	// record is at hand.
	ComparesStamps bool

	// FollowsPlans: Select reads what a plan says instead of ignoring it. Wrong
	// plans then have wrong results, as mutants need.
	FollowsPlans bool

	// Builds: an index over a collection that is not empty is not ready before
	// Build was called.
	Builds bool

	// Shares: the engines are [storage.Shared], and Open may be called while others are
	// open.
	Shares bool

	// Lists: snapshots are a [storage.Lister] and a [storage.Verifier].
	Lists bool

	// Crash returns the store that a crash of the machine at this moment would
	// leave; the engine that is open stays with the old store and is closed by
	// the suite. How much of what was not durable is lost may be drawn from rng.
	// The abilities of the new store are those of the old.
	Crash func(rng *rand.Rand) Store

	// Durable: what Commit returned from survives a Crash. Otherwise a suffix of
	// the commits may be lost.
	Durable bool

	// Fail makes the next write of the engine that is open, and all later ones,
	// fail with err before anything is written.
	Fail func(err error)
}

// ability is something that a Store may declare.
type ability struct {
	name string
	has  func(Store) bool
}

var (
	always   = ability{"", func(Store) bool { return true }}
	reopens  = ability{"Reopens", func(s Store) bool { return s.Reopens }}
	locks    = ability{"Locks", func(s Store) bool { return s.Locks }}
	compares = ability{"ComparesStamps", func(s Store) bool { return s.ComparesStamps }}
	follows  = ability{"FollowsPlans", func(s Store) bool { return s.FollowsPlans }}
	builds   = ability{"Builds", func(s Store) bool { return s.Builds }}
	shares   = ability{"Shares", func(s Store) bool { return s.Shares }}
	crashes  = ability{"Crash", func(s Store) bool { return s.Crash != nil }}
	fails    = ability{"Fail", func(s Store) bool { return s.Fail != nil }}
)

// Case is one rule of the contract and its test.
type Case struct {
	// Name says in short what is tested, in the form topic/behaviour.
	Name string
	// Rule is what an engine does, in the words that its author needs when the
	// test fails.
	Rule string

	needs ability
	run   func(e *Env)
}

// Cases returns all cases in the order in which to read them.
func Cases() []Case {
	return slices.Concat(
		commitCases(), stateCases(), historyCases(), logCases(), metaCases(), selectCases(), referenceCases(),
		registerCases(), buildCases(), snapshotCases(), lifecycleCases(), failureCases(), sharedCases(), randomCases(),
	)
}

// Run tests an engine against the contract: every rule in a subtest of its own.
func Run(t *testing.T, o Options) {
	declared := o.New(t)
	var undeclared []string
	for _, c := range Cases() {
		if !c.needs.has(declared) {
			undeclared = append(undeclared, c.Name+" (needs "+c.needs.name+")")
			continue
		}
		t.Run(c.Name, func(t *testing.T) { c.Test(t, o) })
	}
	if len(undeclared) > 0 {
		t.Logf("not tested, as the store declares otherwise: %s", strings.Join(undeclared, ", "))
	}
}

// Test runs the case against a new store.
func (c Case) Test(t testing.TB, o Options) {
	e := newEnv(t, o)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the rule: %s", c.Rule)
		}
	})
	c.run(e)
}
