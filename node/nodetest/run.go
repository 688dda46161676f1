package nodetest

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Run runs the schedules of the seeds 0 to seeds-1, as many at a time as there are
// processors. The first failure is shrunk, and reported with the commands that replay it.
//
// The environment overrules: ANK_SIM_SEED is a seed to be run alone, ANK_SIM_STEPS the
// numbers of the steps to be done of it ("3,7-9"), ANK_SIM_TRACE=1 prints what happened.
// ANK_SIM_FROM and ANK_SIM_SEEDS are the first seed and how many; with ANK_SIM_SEEDS,
// progress is printed now and then.
func Run(t *testing.T, app *App, o Options, seeds int) {
	t.Helper()
	if text := os.Getenv("ANK_SIM_SEED"); text != "" {
		replay(t, app, o, number(t, text))
		return
	}
	c := &campaign{T: t, app: app, options: o, seeds: uint64(seeds)}
	if text := os.Getenv("ANK_SIM_FROM"); text != "" {
		c.from = number(t, text)
	}
	if text := os.Getenv("ANK_SIM_SEEDS"); text != "" {
		c.seeds, c.loud = number(t, text), true
	}
	c.run()
}

func number(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%q is not a number: %v", text, err)
	}
	return n
}

// campaign is many seeds.
type campaign struct {
	*testing.T
	app         *App
	options     Options
	planted     seams
	from, seeds uint64
	loud        bool

	next, done atomic.Uint64
	began      time.Time

	mu     sync.Mutex // protects all below
	failed *Schedule
	why    *Outcome
	told   time.Time
}

func (c *campaign) run() {
	c.began, c.told = time.Now(), time.Now()
	c.Run("seeds", func(t *testing.T) {
		for i := range runtime.GOMAXPROCS(0) {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				c.work(t)
			})
		}
	})
	if c.loud {
		c.progress()
	}
	if c.failed != nil {
		c.report()
	}
}

// work runs seeds until there are none left, or one has failed.
func (c *campaign) work(t *testing.T) {
	for {
		n := c.next.Add(1) - 1
		c.mu.Lock()
		over := c.failed != nil
		c.mu.Unlock()
		if over || n >= c.seeds {
			return
		}
		s := Plan(c.app, c.options, c.from+n)
		o := s.run(t, c.app, c.planted)
		c.done.Add(1)
		c.mu.Lock()
		if len(o.Failures) > 0 && (c.failed == nil || s.Seed < c.failed.Seed) {
			c.failed, c.why = s, o
		}
		if c.loud && time.Since(c.told) > 10*time.Second {
			c.told = time.Now()
			c.progress()
		}
		c.mu.Unlock()
	}
}

func (c *campaign) progress() {
	n, took := c.done.Load(), time.Since(c.began)
	fmt.Printf("%d of %d seeds from %d on, %.0f a second, %v\n",
		n, c.seeds, c.from, float64(n)/took.Seconds(), took.Round(time.Second))
}

func (c *campaign) report() {
	c.Helper()
	small, why, runs := shrink(c.T, c.app, c.failed, c.planted)
	if why == nil {
		c.Errorf("%v\n%s\nIt did not fail again: run it several times.\nreplay: ANK_SIM_SEED=%d go test -run '%s'\n\n%v",
			c.failed, c.why.list(), c.failed.Seed, c.pattern(), c.why.Trace)
		return
	}
	c.Errorf("%v\n%s\nshrunk in %d runs to %d steps, which fail so:\n%s\n%s\nreplay: ANK_SIM_SEED=%d ANK_SIM_STEPS=%s ANK_SIM_TRACE=1 go test -run '%s'\nwhole:  ANK_SIM_SEED=%d go test -run '%s'",
		c.failed, c.why.list(), runs, len(small.steps), why.list(), small.list(c.app),
		small.Seed, small.numbers(), c.pattern(), small.Seed, c.pattern())
}

// pattern is what -run takes to run this test alone.
func (c *campaign) pattern() string {
	return "^" + strings.ReplaceAll(c.Name(), "/", "$/^") + "$"
}

// run runs a schedule.
func (s *Schedule) run(t *testing.T, app *App, planted seams) (o *Outcome) {
	defer func() {
		if p := recover(); p != nil {
			panic(fmt.Sprintf("seed %d: %v", s.Seed, p))
		}
	}()
	synctest.Test(t, func(*testing.T) { o = simulate(app, s, planted) })
	return o
}

// Run runs the schedule and returns what became of it. It does not fail the test, which
// is needed for package testing/synctest.
func (s *Schedule) Run(t *testing.T, app *App) *Outcome { return s.run(t, app, seams{}) }

// replay runs one seed, or some steps of it.
func replay(t *testing.T, app *App, o Options, seed uint64) {
	t.Helper()
	s := Plan(app, o, seed)
	if text := os.Getenv("ANK_SIM_STEPS"); text != "" {
		only, err := parseNumbers(text)
		if err != nil {
			t.Fatal(err)
		}
		s = s.only(func(n int) bool { return only[n] })
	}
	out := s.Run(t, app)
	if os.Getenv("ANK_SIM_TRACE") != "" {
		fmt.Print(out.Trace)
	}
	t.Logf("%v, trace %.12s", s, out.Trace.Digest())
	if len(out.Failures) > 0 {
		t.Errorf("%s\n%s", out.list(), s.list(app))
	}
}

// list names what went wrong: mostly the first says it all.
func (o *Outcome) list() string {
	var b strings.Builder
	for i, f := range o.Failures {
		if i == 5 {
			fmt.Fprintf(&b, "and %d more\n", len(o.Failures)-i)
			break
		}
		fmt.Fprintln(&b, f.Error())
	}
	return b.String()
}
