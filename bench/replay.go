package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// happening is one event of workload W6: it sets the score of an entity.
type happening = update

// happenings makes n events: the first of every entity, then updates.
func happenings(n, entities int) []happening {
	rng := mulberry32(entitySeed)
	list := make([]happening, 0, n)
	for i := range min(n, entities) {
		list = append(list, happening{i, rng.below(scores)})
	}
	return append(list, updates(n-len(list), entities)...)
}

// total is what the scores sum up to after all events.
func total(list []happening, entities int) int {
	last := make([]int, entities)
	for _, h := range list {
		last[h.entity] = h.score
	}
	sum := 0
	for _, score := range last {
		sum += score
	}
	return sum
}

// source is somebody who keeps events and folds them into states.
type source interface {
	// fold reads events until the last one or the deadline, whichever is first,
	// and returns how many, and, if it read all, the sum of all scores.
	fold(ctx context.Context, deadline time.Time) (events, sum int, err error)
	close() error
}

// replayed is somebody who takes part in W6.
type replayed struct {
	name   string
	counts bool // does not fold, so it has no sum
	events []happening
	source source
}

// replayGroup measures W6. All stores are filled first.
func replayGroup(ctx context.Context, r *run) (err error) {
	field, err := r.sources(ctx)
	defer func() {
		for _, s := range field {
			err = errors.Join(err, s.source.close())
		}
	}()
	if err != nil {
		return err
	}
	for range r.rounds {
		for _, s := range field {
			if err := r.replay(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// replay takes one sample, and checks the states if all events were read.
func (r *run) replay(ctx context.Context, s *replayed) error {
	name := "replay/fold/" + s.name
	if !r.wants(name) {
		return nil
	}
	return r.timed(name, "events/s", func() (int, error) {
		n, sum, err := s.source.fold(ctx, time.Now().Add(r.share()))
		if err == nil && n == len(s.events) && !s.counts && sum != total(s.events, r.entities) {
			err = fmt.Errorf("the states sum up to %d instead of %d", sum, total(s.events, r.entities))
		}
		return n, err
	})
}

// sources fills a store for everybody. Those that were made come with an error
// too, and are to be closed.
func (r *run) sources(ctx context.Context) ([]*replayed, error) {
	all := happenings(r.events, r.entities)
	some := all[:min(r.replayed, len(all))]
	var field []*replayed
	enter := func(name string, events []happening, open func([]happening) (source, error)) error {
		if !r.wants("replay/fold/" + name) {
			return nil
		}
		began := time.Now()
		s, err := open(events)
		if err != nil {
			return fmt.Errorf("replay: %s: %w", name, err)
		}
		r.say("replay: %s stored %d events in %.1f s", name, len(events), time.Since(began).Seconds())
		field = append(field, &replayed{name, name == "raw-pebble-scan", events, s})
		return nil
	}
	log := new(ankLog)
	err := errors.Join(
		enter("raw-pebble-scan", all, func(e []happening) (source, error) { return r.openRawLog(ctx, e, false) }),
		enter("raw-pebble-json", all, func(e []happening) (source, error) { return r.openRawLog(ctx, e, true) }),
		enter("sqlite", all, func(e []happening) (source, error) { return r.openSQLiteLog(ctx, e) }),
		enter("nats", some, func(e []happening) (source, error) { return r.openNATSLog(ctx, e) }),
		enter("ank", all, func(e []happening) (source, error) { return log.open(ctx, r, e, false) }),
		enter("ank-verified", all, func(e []happening) (source, error) { return log.open(ctx, r, e, true) }),
	)
	return field, err
}
