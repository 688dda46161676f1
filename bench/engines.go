package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// shelf is a store of group engines: an engine with a node over it, or the raw
// client of the same server.
type shelf interface {
	writer
	batchWriter
	get(ctx context.Context, seen *seen, i int) error
	eq(ctx context.Context, seen *seen, owner string) error // by an index; about a thousandth of the entities
}

// shelver is somebody who takes part in group engines.
type shelver struct {
	name   string
	server string // that it needs
	// open opens an empty store, in which entities are found by their owners if it is
	// indexed. With so many writers it is used at a time.
	open func(ctx context.Context, r *run, writers int, indexed bool) (shelf, error)
	// log stores events, each an entry of its own; nil if it takes no part in the replay.
	log func(ctx context.Context, r *run, list []happening) (source, error)
}

func shelvers() []shelver {
	return []shelver{
		{"ank-pebble", onPebble, openEngineShelf(onPebble), openEngineLog(onPebble)},
		{"ank-postgres", onPostgres, openEngineShelf(onPostgres), openEngineLog(onPostgres)},
		{"raw-pgx", onPostgres, openPgx, openPgxLog},
		{"raw-pgx-row", onPostgres, openPgxRows, nil},
		{"ank-tikv", onTiKV, openEngineShelf(onTiKV), openEngineLog(onTiKV)},
		{"raw-txnkv", onTiKV, openTxnkv, openTxnkvLog},
		{"raw-txnkv-row", onTiKV, openTxnkvRows, nil},
	}
}

// enginesGroup measures the path of a commit, reads and the replay for each engine
// that has a server here.
func enginesGroup(ctx context.Context, r *run) error {
	if err := r.describeServers(ctx); err != nil {
		return err
	}
	field := slices.DeleteFunc(shelvers(), func(s shelver) bool { return !r.serves(s.server) })
	data := r.data()[:min(r.shelved, r.entities)]
	for _, step := range []func(context.Context, *run, []shelver, []item) error{
		shelveCommits, shelveReads, shelveReplays, shelveProcesses,
	} {
		if err := step(ctx, r, field, data); err != nil {
			return err
		}
	}
	return nil
}

// shelfCase is one of the ways to commit.
type shelfCase struct {
	name    string
	writers int
	batch   bool
}

func shelfCases() []shelfCase {
	return []shelfCase{{"commit-1w", 1, false}, {"commit-64w", 64, false}, {"commit-batch", 1, true}}
}

// shelveCommits is W1: create, then update, everybody in turn over an empty store.
func shelveCommits(ctx context.Context, r *run, field []shelver, data []item) error {
	for _, c := range shelfCases() {
		for round := range r.rounds {
			for i := range field {
				if round%2 == 1 {
					i = len(field) - 1 - i
				}
				if c.batch && field[i].log == nil {
					continue // it has no rows beside states
				}
				if err := c.turn(ctx, r, &field[i], data); err != nil {
					return fmt.Errorf("%s: %s: %w", c.name, field[i].name, err)
				}
			}
		}
	}
	return nil
}

func (c *shelfCase) turn(ctx context.Context, r *run, who *shelver, data []item) (err error) {
	figure := func(what string) string { return "engines/" + c.name + "/" + what + "/" + who.name }
	if !r.wants(figure("create"), figure("update")) {
		return nil
	}
	s, err := who.open(ctx, r, c.writers, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	runtime.GC() // what the one before left
	if c.batch {
		return r.shelveBatches(ctx, figure("create"), s, data)
	}
	created, err := r.sample(ctx, measured{
		name: figure("create"), unit: "ops/s", writers: c.writers, most: len(data),
		do: func(ctx context.Context, i int) error { return s.create(ctx, i, &data[i]) },
	})
	if err != nil || created == 0 {
		return err
	}
	list := updates(len(data), created)
	_, err = r.sample(ctx, measured{
		name: figure("update"), unit: "ops/s", writers: c.writers, most: len(list),
		do: func(ctx context.Context, i int) error { return s.update(ctx, list[i].entity, list[i].score) },
	})
	return err
}

// shelveBatches creates entities, many in a transaction.
func (r *run) shelveBatches(ctx context.Context, name string, s shelf, data []item) error {
	_, err := r.sample(ctx, measured{
		name: name, unit: "entities/s", most: len(data) / r.batch, scale: r.batch,
		do: func(ctx context.Context, i int) error {
			return s.batch(ctx, i*r.batch, data[i*r.batch:(i+1)*r.batch])
		},
	})
	return err
}

// shelveReads is W2 in short: by ID, and by an index.
func shelveReads(ctx context.Context, r *run, field []shelver, data []item) (err error) {
	stores := map[string]shelf{}
	defer func() {
		for _, s := range stores {
			err = errors.Join(err, s.close())
		}
	}()
	figure := func(what string, who *shelver) string { return "engines/read/" + what + "/" + who.name }
	field = slices.DeleteFunc(slices.Clone(field), func(s shelver) bool {
		return s.log == nil || !r.wants(figure("get", &s), figure("eq", &s))
	})
	for i := range field {
		who := &field[i]
		s, err := who.open(ctx, r, 1, true)
		if err != nil {
			return fmt.Errorf("%s: %w", who.name, err)
		}
		stores[who.name] = s
		for first := 0; first < len(data); first += r.batch {
			if err := s.batch(ctx, first, data[first:min(first+r.batch, len(data))]); err != nil {
				return fmt.Errorf("%s: %w", who.name, err)
			}
		}
	}
	q := newQuestions(&table{all: data, wide: 1})
	for _, what := range []string{"get", "eq"} {
		if err := agreeShelves(ctx, q, what, data, stores); err != nil {
			return err
		}
		for range r.rounds {
			for i := range field {
				var seen seen
				s := stores[field[i].name]
				_, err := r.sample(ctx, measured{
					name: figure(what, &field[i]), unit: "queries/s", limit: r.short(),
					do: func(ctx context.Context, i int) error { return q.read(ctx, s, what, &seen, i) },
				})
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// read runs the i-th query of a sort.
func (q *questions) read(ctx context.Context, s shelf, what string, seen *seen, i int) error {
	if i %= asked; what == "get" {
		return s.get(ctx, seen, q.entity[i])
	}
	return s.eq(ctx, seen, q.owner[i])
}

// agreeShelves checks that everybody finds what is there.
func agreeShelves(ctx context.Context, q *questions, what string, data []item, stores map[string]shelf) error {
	const enough = 3
	var want seen
	for i := range enough {
		for j := range data {
			if what == "get" && j == q.entity[i] || what == "eq" && data[j].Owner == q.owner[i] {
				want.item(&data[j])
			}
		}
	}
	for name, s := range stores {
		var got seen
		for i := range enough {
			if err := q.read(ctx, s, what, &got, i); err != nil {
				return fmt.Errorf("%s: %s: %w", what, name, err)
			}
		}
		if got != want {
			return fmt.Errorf("%s: %s found %+v instead of %+v", what, name, got, want)
		}
	}
	return nil
}

// shelveReplays is W6 in short: everybody reads a log from its beginning.
func shelveReplays(ctx context.Context, r *run, field []shelver, data []item) (err error) {
	list := happenings(len(data), len(data)/2)
	logs := map[string]source{}
	defer func() {
		for _, s := range logs {
			err = errors.Join(err, s.close())
		}
	}()
	figure := func(s *shelver) string { return "engines/replay/fold/" + s.name }
	for i := range field {
		if who := &field[i]; who.log != nil && r.wants(figure(who)) {
			s, err := who.log(ctx, r, list)
			if err != nil {
				return fmt.Errorf("replay: %s: %w", who.name, err)
			}
			logs[who.name] = s
		}
	}
	for range r.rounds {
		for i := range field {
			s := logs[field[i].name]
			if s == nil {
				continue
			}
			err := r.timed(figure(&field[i]), "events/s", func() (int, error) {
				n, _, err := s.fold(ctx, time.Now().Add(r.share()))
				return n, err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
