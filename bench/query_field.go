package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// entrants fills a store with a table for everybody. Those that were made come
// with an error too, and are to be closed.
func (r *run) entrants(ctx context.Context, t *table) ([]*entrant, error) {
	all := append([]string{"get"}, queries...)
	var field []*entrant
	enter := func(indexes, name string, whats []string, open func() (querier, error)) error {
		e := &entrant{table: t, indexes: indexes, name: name, whats: whats}
		wanted := false
		for _, what := range whats {
			wanted = wanted || slices.Contains(t.indexes, indexes) && r.wants(e.figure(what))
		}
		if !wanted || name == t.without {
			return nil
		}
		began := time.Now()
		var err error
		if e.querier, err = open(); err != nil {
			return fmt.Errorf("%s: %s: %w", t.group, name, err)
		}
		r.say("%s: %s %s is filled after %.1f s", t.group, indexes, name, time.Since(began).Seconds())
		field = append(field, e)
		return nil
	}
	raw := func(indexed bool) func() (querier, error) {
		return func() (querier, error) { return r.openRawQuerier(ctx, t.all, indexed) }
	}
	lite := func(indexed bool) func() (querier, error) {
		return func() (querier, error) { return r.openSQLiteQuerier(ctx, t.all, indexed) }
	}
	inMap := func(indexed bool) func() (querier, error) {
		return func() (querier, error) { return newMapQuerier(t.all, indexed), nil }
	}
	err := errors.Join(
		enter("indexed", "raw-map", all, inMap(true)),
		enter("indexed", "raw-pebble", all, raw(true)),
		enter("indexed", "memdb", all, func() (querier, error) { return newMemDBQuerier(t.all) }),
		enter("indexed", "sqlite", all, lite(true)),
		enter("covering", "raw-pebble", []string{"eq"}, func() (querier, error) { return r.openCoveringQuerier(ctx, t.all) }),
		enter("unindexed", "raw-map", queries, inMap(false)),
		enter("unindexed", "raw-pebble", queries, raw(false)),
		enter("unindexed", "sqlite", queries, lite(false)),
	)
	if err != nil {
		return field, err
	}
	began := time.Now()
	nodes, err := r.openAnkQueriers(ctx, t)
	r.say("%s: ank is filled after %.1f s", t.group, time.Since(began).Seconds())
	for _, n := range nodes {
		whats := map[string][]string{"indexed": all, "unindexed": queries, "covering": {"eq"}}[n.indexes]
		err = errors.Join(err, enter(n.indexes, n.name, whats, func() (querier, error) { return n.querier, nil }))
	}
	return field, err
}
