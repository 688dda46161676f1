package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/ankgo/ank/event"
)

// workerJob is the variable of the environment that makes a process of this program a
// worker: what it is to do.
const workerJob = "ANK_BENCH_WORKER"

// job is what one of several processes over a store does: it has a node, and writers that
// update entities of their own.
type job struct {
	Location location
	Writers  int
	Entities int // of each writer
	Span     time.Duration
}

// outcome is what a worker has done, and in how much time.
type outcome struct {
	Updates int
	Took    time.Duration
}

// work is the main function of a worker: it says when it is ready, begins when it is told
// something, and says what came of it.
func work(ctx context.Context, description string, in io.Reader, out io.Writer) (err error) {
	var j job
	if err := json.Unmarshal([]byte(description), &j); err != nil {
		return err
	}
	a, err := j.Location.openNode(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	w := &ankWriter{a, plainItems, make([]event.ID, j.Writers*j.Entities)}
	if err := w.batch(ctx, 0, entities(len(w.ids), 1)); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, "ready"); err != nil {
		return err
	}
	if _, err := bufio.NewReader(in).ReadString('\n'); err != nil {
		return err
	}
	result, err := j.update(ctx, w)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(result)
}

// update has the writers work until the time is up.
func (j *job) update(ctx context.Context, w *ankWriter) (outcome, error) {
	done, failed := make([]int, j.Writers), make([]error, j.Writers)
	var group sync.WaitGroup
	began := time.Now()
	for writer := range j.Writers {
		group.Go(func() {
			for i := 0; time.Since(began) < j.Span && failed[writer] == nil; i++ {
				if failed[writer] = w.update(ctx, writer*j.Entities+i%j.Entities, i); failed[writer] == nil {
					done[writer]++
				}
			}
		})
	}
	group.Wait()
	result := outcome{Took: time.Since(began)}
	for _, n := range done {
		result.Updates += n
	}
	return result, errors.Join(failed...)
}

// worker is such a process, as seen from the one that began it.
type worker struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func startWorker(ctx context.Context, j job) (*worker, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	description, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	w := &worker{command: exec.CommandContext(ctx, program)}
	w.command.Env = append(os.Environ(), workerJob+"="+string(description))
	w.command.Stderr = os.Stderr
	if w.in, err = w.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewReader(out)
	return w, w.command.Start()
}

// ready waits until the worker can begin.
func (w *worker) ready() error {
	line, err := w.out.ReadString('\n')
	if err != nil || line != "ready\n" {
		return fmt.Errorf("a process did not get ready: %q: %w", line, errors.Join(err, w.command.Wait()))
	}
	return nil
}

// begin lets it begin.
func (w *worker) begin() error {
	_, err := fmt.Fprintln(w.in, "begin")
	return err
}

// end waits for the end, and returns the rate.
func (w *worker) end() (float64, error) {
	var result outcome
	err := json.NewDecoder(w.out).Decode(&result)
	if err := errors.Join(err, w.in.Close(), w.command.Wait()); err != nil {
		return 0, err
	}
	return float64(result.Updates) / result.Took.Seconds(), nil
}

// The processes over one store, and what each has.
var processCounts = []int{1, 2, 4}

const (
	processWriters  = 16
	processEntities = 8
)

// shelveProcesses has several processes commit to one store.
func shelveProcesses(ctx context.Context, r *run, field []shelver, _ []item) error {
	for _, who := range field {
		if who.name != "ank-postgres" && who.name != "ank-tikv" {
			continue
		}
		figure := func(processes int, what string) string {
			return fmt.Sprintf("engines/processes-%d/%s/%s", processes, what, who.name)
		}
		for range r.rounds {
			for _, n := range processCounts {
				if !r.wants(figure(n, "update"), figure(n, "of-one")) {
					continue
				}
				rate, err := r.processes(ctx, who.server, n)
				if err != nil {
					return fmt.Errorf("%s: %w", figure(n, "update"), err)
				}
				r.figures.add(figure(n, "update"), "ops/s", rate)
			}
		}
		one, _ := r.figures.value(figure(1, "update"))
		for _, n := range processCounts[1:] {
			if rate, ok := r.figures.value(figure(n, "update")); ok && one > 0 {
				r.figures.add(figure(n, "of-one"), "x", rate/one)
			}
		}
	}
	return nil
}

// processes takes one sample: the updates of all processes in a second.
func (r *run) processes(ctx context.Context, server string, n int) (total float64, err error) {
	l, remove, err := r.locate(ctx, server)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	ctx, cancel := context.WithCancel(ctx) // kills those that are left
	defer cancel()
	var workers []*worker
	for range n {
		w, err := startWorker(ctx, job{l, processWriters, processEntities, r.share()})
		if err != nil {
			return 0, err
		}
		workers = append(workers, w)
	}
	for _, step := range []func(*worker) error{(*worker).ready, (*worker).begin} {
		for _, w := range workers {
			if err := step(w); err != nil {
				return 0, err
			}
		}
	}
	for _, w := range workers {
		rate, err := w.end()
		if err != nil {
			return 0, err
		}
		total += rate
	}
	return total, nil
}
