package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// size is how large the workloads are.
type size struct {
	entities  int           // of W1 and W2
	many      int           // of query-1m
	batch     int           // entities of one transaction in the batch cases
	standing  int           // standing queries of live at most; the middle number is a hundredth
	multitude int           // and of live-1m
	events    int           // of W6
	replayed  int           // events that NATS, the slowest, is given
	missed    int           // changes that clients of W4 miss
	listeners int           // connections that fanout has
	shelved   int           // entities of engines
	rounds    int           // samples of a figure; the figure is their median
	limit     time.Duration // of one case: its samples together
}

// full is the size that the targets are about.
var full = size{
	entities: 100_000, many: 1_000_000, batch: 1000, standing: 100_000, multitude: 1_000_000, events: 1_000_000, replayed: 300_000,
	missed: 10_000, listeners: 10_000, shelved: 20_000,
	rounds: 3, limit: 4 * time.Second,
}

// run is one run of the program: what it is to measure, and what it has.
type run struct {
	size
	figures  *figures
	dir      string         // for stores; gone afterwards
	only     *regexp.Regexp // figures to measure; nil for all
	profiles string         // a folder for CPU profiles; "" for none
	cpu      bool           // tell the CPU time of an operation, for each sample
	log      io.Writer      // what goes on
	options  string         // of Ank's store, as Pebble writes them; see storeOptions
	servers                 // for engines
	weights  weights        // of a transaction; see transactionWeights

	entitiesOnce sync.Once
	all          []item
}

// data returns the entities, which nobody changes.
func (r *run) data() []item {
	r.entitiesOnce.Do(func() { r.all = entities(r.entities, 1) })
	return r.all
}

// wants reports whether any of the figures of a contender is asked for.
func (r *run) wants(names ...string) bool {
	if r.only == nil {
		return true
	}
	for _, name := range names {
		if r.only.MatchString(name) {
			return true
		}
	}
	return false
}

// folder makes an empty folder. The function that comes with it removes it.
func (r *run) folder() (string, func(), error) {
	dir, err := os.MkdirTemp(r.dir, "store-")
	return dir, func() { _ = os.RemoveAll(dir) }, err
}

// share is the time that one sample of a case has.
func (r *run) share() time.Duration { return r.limit / time.Duration(r.rounds) }

// short is the time of one sample of a case that does the same again and again.
func (r *run) short() time.Duration { return r.share() / 4 }

// A measured is one sample of one case: an operation that is repeated until
// there is nothing left to do or the time is up.
type measured struct {
	name    string        // of the figure
	unit    string        // what is counted, per second
	writers int           // goroutines that do it; 0 is 1
	most    int           // operations to do at most; 0 is no bound
	scale   int           // what one operation counts for; 0 is 1
	limit   time.Duration // of this sample; 0 is its share of a case's time
	do      func(ctx context.Context, i int) error
	settle  func() error // what belongs to it but need not follow every operation; may be nil
}

// sample measures, and notes the rate. It returns the number of operations. A
// figure that nobody asked for is left out, unless others build on what is done.
func (r *run) sample(ctx context.Context, m measured) (int, error) {
	if !r.wants(m.name) && m.most == 0 {
		return 0, nil
	}
	if m.limit == 0 {
		m.limit = r.share()
	}
	var done int
	err := r.timed(m.name, m.unit, func() (int, error) {
		var err error
		end := time.Now().Add(m.limit)
		if m.writers > 1 {
			done, err = together(ctx, m, end)
		} else {
			done, err = alone(ctx, m, end)
		}
		if err == nil && m.settle != nil {
			err = m.settle()
		}
		return done * max(m.scale, 1), err
	})
	return done, err
}

// timed measures a function that says how much it did, and notes the rate.
func (r *run) timed(name, unit string, do func() (int, error)) error {
	stop, err := r.profile(name)
	if err != nil {
		return err
	}
	start, spent := time.Now(), cpuTime()
	done, err := do()
	took := time.Since(start)
	spent = cpuTime() - spent
	stop()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r.figures.add(name, unit, float64(done)/took.Seconds())
	if r.cpu && done > 0 {
		r.say("cpu %s %s us", name, significant(float64(spent.Nanoseconds())/1000/float64(done)))
	}
	return nil
}

// alone does the operation on this goroutine. It looks at the clock ever more
// rarely while operations are quick.
func alone(ctx context.Context, m measured, end time.Time) (int, error) {
	const often = time.Millisecond
	i, stride := 0, 1
	for m.most == 0 || i < m.most {
		began := time.Now()
		for range stride {
			if m.most > 0 && i >= m.most {
				break
			}
			if err := m.do(ctx, i); err != nil {
				return i, err
			}
			i++
		}
		now := time.Now()
		if now.After(end) {
			break
		}
		if now.Sub(began) < often/2 {
			stride *= 2
		}
	}
	return i, nil
}

// together does the operation on several goroutines.
func together(ctx context.Context, m measured, end time.Time) (int, error) {
	var next, done atomic.Int64
	failed := make(chan error, m.writers)
	for range m.writers {
		go func() {
			for {
				i := next.Add(1) - 1
				if m.most > 0 && i >= int64(m.most) || time.Now().After(end) {
					failed <- nil
					return
				}
				if err := m.do(ctx, int(i)); err != nil {
					failed <- err
					return
				}
				done.Add(1)
			}
		}()
	}
	var first error
	for range m.writers {
		if err := <-failed; err != nil && first == nil {
			first = err
		}
	}
	return int(done.Load()), first
}

// profile begins the CPU profile of a figure, if profiles are asked for: of its
// last sample, which replaces those before.
func (r *run) profile(name string) (stop func(), err error) {
	if r.profiles == "" || !r.wants(name) {
		return func() {}, nil
	}
	f, err := os.Create(filepath.Join(r.profiles, strings.ReplaceAll(name, "/", "_")+".prof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}, nil
}

// heap returns the bytes that are in use after collecting garbage, stacks of
// goroutines included.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// say tells what goes on.
func (r *run) say(format string, args ...any) { fmt.Fprintf(r.log, "# "+format+"\n", args...) }
