package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// writer is a store of workload W1. Create and update make one transaction each
// and return when it is acknowledged; several goroutines may call them.
type writer interface {
	// create stores the i-th entity.
	create(ctx context.Context, i int, e *item) error
	// update writes the score of the i-th entity, which was created.
	update(ctx context.Context, i, score int) error
	close() error
}

// batchWriter is a writer that can create several entities in one transaction.
type batchWriter interface {
	batch(ctx context.Context, first int, list []item) error
}

// contender is somebody who takes part in W1.
type contender struct {
	name string
	open func(ctx context.Context, r *run, dir string, durable bool) (writer, error)
}

func committers() []contender {
	return []contender{
		{"ank", openAnk(plainItems)},
		{"ank-indexed", openAnk(indexedItems)},
		{"raw-event+state", openRawWriter(true)},
		{"raw-1put", openRawWriter(false)},
		{"sqlite", openSQLiteWriter},
		{"nats", openNATSWriter},
	}
}

// commitCase is a case of W1: who takes part, and how.
type commitCase struct {
	name    string
	durable bool
	writers int
	batch   bool
	who     []string
}

func commitCases() []commitCase {
	return []commitCase{
		{"durable-1w", true, 1, false, []string{"ank", "raw-event+state", "sqlite", "nats"}},
		{"durable-64w", true, 64, false, []string{"ank", "raw-event+state", "sqlite", "nats"}},
		{"relaxed-1w", false, 1, false, []string{"ank", "ank-indexed", "raw-event+state", "raw-1put", "sqlite", "nats"}},
		{"relaxed-batch", false, 1, true, []string{"ank", "ank-indexed", "raw-1put", "sqlite"}},
	}
}

// commitGroup measures W1. In every round everybody takes a turn over a store of
// its own that is empty, the other way round in every other round.
func commitGroup(ctx context.Context, r *run) error {
	all := map[string]contender{}
	for _, c := range committers() {
		all[c.name] = c
	}
	for _, c := range commitCases() {
		for round := range r.rounds {
			for i := range c.who {
				if round%2 == 1 {
					i = len(c.who) - 1 - i
				}
				if err := c.turn(ctx, r, all[c.who[i]]); err != nil {
					return fmt.Errorf("%s: %s: %w", c.name, c.who[i], err)
				}
			}
		}
	}
	return nil
}

// figure is the name of what a contender did.
func (c *commitCase) figure(what string, who contender) string {
	return "commit/" + c.name + "/" + what + "/" + who.name
}

// turn lets one contender create as many entities as the time allows, and then
// update some of them.
func (c *commitCase) turn(ctx context.Context, r *run, who contender) (err error) {
	create, change := c.figure("create", who), c.figure("update", who)
	if !r.wants(create, change) {
		return nil
	}
	dir, remove, err := r.folder()
	if err != nil {
		return err
	}
	defer remove()
	w, err := who.open(ctx, r, dir, c.durable)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	data := r.data()
	runtime.GC() // what the one before left
	if c.batch {
		return c.batches(ctx, r, create, w.(batchWriter), data)
	}
	created, err := r.sample(ctx, measured{
		name: create, unit: "ops/s", writers: c.writers, most: len(data),
		do: func(ctx context.Context, i int) error { return w.create(ctx, i, &data[i]) },
	})
	if err != nil || created == 0 || !r.wants(change) {
		return err
	}
	list := updates(len(data), created)
	_, err = r.sample(ctx, measured{
		name: change, unit: "ops/s", writers: c.writers, most: len(list),
		do: func(ctx context.Context, i int) error { return w.update(ctx, list[i].entity, list[i].score) },
	})
	return err
}

// batches creates the entities, many in a transaction.
func (c *commitCase) batches(ctx context.Context, r *run, name string, w batchWriter, data []item) error {
	_, err := r.sample(ctx, measured{
		name: name, unit: "entities/s", most: len(data) / r.batch, scale: r.batch,
		do: func(ctx context.Context, i int) error {
			return w.batch(ctx, i*r.batch, data[i*r.batch:(i+1)*r.batch])
		},
	})
	return err
}
