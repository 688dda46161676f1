package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The clients that propagation has beside the one that writes and the one that
// follows all, and the rate of their changes together when there is a load.
const (
	otherWriters = 4
	otherRate    = 1000 // changes per second
	rowsOfWriter = 250
)

// conduit takes changes from a client over a server to a client that follows all
// entities.
type conduit interface {
	// change makes the i-th change of the first entity, and returns how long it took
	// to the other client.
	change(ctx context.Context, i int) (time.Duration, error)
	// disturb has the k-th other client make its i-th change. It waits for nobody.
	disturb(ctx context.Context, k, i int) error
	close() error
}

// course is somebody who takes part in propagation.
type course struct {
	name string
	open func(ctx context.Context, r *run, durable bool) (conduit, error)
}

func courses() []course {
	return []course{{"raw-ws", openRawConduit}, {"nats", openNATSConduit}, {"ank", openAnkConduit}}
}

// writersRow is the i-th row that the k-th client changes; the first client's is the
// 0th of the 0th.
func writersRow(k, i int) *item {
	it := crowdRow(k*rowsOfWriter+i, 0)
	it.Owner = crowdOwner(k)
	return it
}

// propagation measures the way of one change, idle and under load.
func (r *run) propagation(ctx context.Context) error {
	for _, durable := range []bool{false, true} {
		for _, load := range []bool{false, true} {
			what := propagationName(durable, load)
			for _, c := range courses() {
				if !r.wants(syncFigure(what, "p50", c.name), syncFigure(what, "p99", c.name)) {
					continue
				}
				if err := r.propagate(ctx, what, &c, durable, load); err != nil {
					return fmt.Errorf("%s of %s: %w", what, c.name, err)
				}
			}
		}
	}
	r.allow()
	return nil
}

func propagationName(durable, load bool) string {
	name := "one"
	if durable {
		name += "-durable"
	}
	if load {
		return name + "-load"
	}
	return name + "-idle"
}

// allow notes what G15 allows a durable server: a relay's time threefold, as it
// allows a relaxed one, and one sync. The raw relay that syncs has one of the three.
func (r *run) allow() {
	relay, ok := r.figures.value(syncFigure("one-idle", "p50", "raw-ws"))
	if synced, both := r.figures.value(syncFigure("one-durable-idle", "p50", "raw-ws")); ok && both {
		r.figures.add(syncFigure("one-durable-idle", "p50", "raw-allowed"), "us", 2*relay+synced)
	}
}

func (r *run) propagate(ctx context.Context, what string, c *course, durable, load bool) (err error) {
	x, err := c.open(ctx, r, durable)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.close()) }()
	i := 0
	for ; i < 100; i++ { // until all have their buffers, and the first entity is held
		if _, err := x.change(ctx, i); err != nil {
			return err
		}
	}
	if load {
		stop := disturb(ctx, x)
		defer func() { err = errors.Join(err, stop()) }()
	}
	for range r.rounds {
		end := time.Now().Add(r.share())
		var took []time.Duration
		stop, err := r.profile(syncFigure(what, "p50", c.name))
		if err != nil {
			return err
		}
		for ; len(took) < 5000 && time.Now().Before(end); i++ {
			d, err := x.change(ctx, i)
			if err != nil {
				return err
			}
			took = append(took, d)
		}
		stop()
		slices.Sort(took)
		for _, p := range []int{50, 99} {
			d := took[(len(took)-1)*p/100]
			r.figures.add(syncFigure(what, fmt.Sprint("p", p), c.name), "us", float64(d.Nanoseconds())/1000)
		}
	}
	return nil
}

// disturb has the other clients make changes, at a rate that is the same for all, until
// stop is called.
func disturb(ctx context.Context, x conduit) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	failed := make(chan error, otherWriters)
	for k := 1; k <= otherWriters; k++ {
		wait.Go(func() {
			tick := time.NewTicker(time.Second * otherWriters / otherRate)
			defer tick.Stop()
			for i := 0; ; i++ {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				if err := x.disturb(ctx, k, i); err != nil && ctx.Err() == nil {
					failed <- err
					return
				}
			}
		})
	}
	return func() error {
		cancel()
		wait.Wait()
		close(failed)
		return <-failed
	}
}
