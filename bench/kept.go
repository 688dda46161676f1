package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
)

// keeper keeps the result of a query current under updates, or asks again after
// each of them.
type keeper interface {
	// update makes the i-th update and returns when the result is that of after it.
	update(ctx context.Context, i int) error
	// result is the result: what is known of each group, by what it is grouped by.
	// Of a query that has no groups it is what all rows are together.
	result() map[string]totals
	close() error
}

// totals are the aggregates of a group.
type totals struct{ count, sum, max int }

// asking is a query of the kept group. Those with aggregates are about 100,000
// items, of which an update moves the score of one by half of all scores; so it
// concerns one group, and one row comes into the half or leaves it.
type asking struct {
	name string
	by   string // a column, or "" for the total of the rows in the upper half
	key  func(it *item) string
}

func askings() []asking {
	return []asking{
		{"total", "", func(*item) string { return "" }},
		{"status", "status", func(it *item) string { return it.Status }},
		{"owner", "owner", func(it *item) string { return it.Owner }},
		{"reference", "person", nil}, // see tasks
	}
}

const half = scores / 2

// counts reports whether a row is among those that the query is about.
func (a *asking) counts(score int) bool { return a.by != "" || score >= half }

// keepers are those who take part, by name.
func (a *asking) keepers(r *run) []struct {
	name string
	open func(ctx context.Context) (keeper, error)
} {
	type entry = struct {
		name string
		open func(ctx context.Context) (keeper, error)
	}
	if a.by == "person" {
		return []entry{
			{"raw-map", func(context.Context) (keeper, error) { return newMapTasks(r.entities), nil }},
			{"sqlite", r.openSQLiteTasks},
			{"ank-node", r.openNodeTasks},
		}
	}
	return []entry{
		{"raw-map", func(context.Context) (keeper, error) { return newMapKeeper(a, r.data()), nil }},
		{"sqlite", func(ctx context.Context) (keeper, error) { return r.openSQLiteKeeper(ctx, a) }},
		{"ank", func(context.Context) (keeper, error) { return newReactorKeeper(a, r.data()) }},
		{"ank-node", func(ctx context.Context) (keeper, error) { return r.openNodeKeeper(ctx, a) }},
	}
}

func (a *asking) figure(who string) string { return "kept/" + a.name + "/update/" + who }

// keptGroup measures results that are kept current under updates.
func keptGroup(ctx context.Context, r *run) error {
	for _, a := range askings() {
		var want map[string]totals
		for _, k := range a.keepers(r) {
			if !r.wants(a.figure(k.name)) {
				continue
			}
			who, err := k.open(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", a.figure(k.name), err)
			}
			got, err := r.keep(ctx, a.figure(k.name), who)
			if err = errors.Join(err, who.close()); err != nil {
				return fmt.Errorf("%s: %w", a.figure(k.name), err)
			}
			if want == nil {
				want = got
			}
			if !maps.Equal(got, want) {
				return fmt.Errorf("%s: the result is %v, others have %v", a.figure(k.name), got, want)
			}
		}
	}
	return nil
}

// keep makes updates, takes the result for comparison, and goes on under the clock.
func (r *run) keep(ctx context.Context, figure string, k keeper) (map[string]totals, error) {
	const enough = 101
	i := 0
	for ; i < enough; i++ {
		if err := k.update(ctx, i); err != nil {
			return nil, err
		}
	}
	got := k.result()
	for range r.rounds {
		_, err := r.sample(ctx, measured{
			name: figure, unit: "updates/s", limit: r.short(),
			do: func(ctx context.Context, _ int) error {
				i++
				return k.update(ctx, i-1)
			},
		})
		if err != nil {
			return nil, err
		}
	}
	return got, nil
}

// moves are the updates of the aggregates: each takes the score of a random entity
// to the other half, or back.
type moves struct {
	rng   mulberry32
	all   []item
	moved []bool
}

func newMoves(all []item) *moves { return &moves{updateSeed, all, make([]bool, len(all))} }

// next returns the entity of the next update, its score before, and after.
func (m *moves) next() (at, was, now int) {
	at = m.rng.below(len(m.all))
	was = m.score(at)
	m.moved[at] = !m.moved[at]
	return at, was, m.score(at)
}

func (m *moves) score(at int) int {
	if m.moved[at] {
		return (m.all[at].Score + half) % scores
	}
	return m.all[at].Score
}
