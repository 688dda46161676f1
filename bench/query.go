package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
)

// querier is a store of workload W2, filled with the entities. Each method runs
// one query and shows every field of every row to seen.
type querier interface {
	get(ctx context.Context, seen *seen, i int) error
	eq(ctx context.Context, seen *seen, owner string) error              // about 100 rows
	span(ctx context.Context, seen *seen, low, high int) error           // low <= score < high, about 100 rows
	and(ctx context.Context, seen *seen, owner, status string) error     // about 10 rows
	top(ctx context.Context, seen *seen, status string, limit int) error // the greatest scores
	close() error
}

// seen is what the rows of queries held: used up, so that none need not be
// decoded, and comparable between queriers.
type seen struct {
	rows, scores int // the same for everybody, also when rows with the same score compete for a limit
	bytes        int
}

func (s *seen) row(title, owner, status string, score int, note string) {
	s.rows++
	s.scores += score
	s.bytes += len(title) + len(owner) + len(status) + len(note)
}

func (s *seen) item(it *item) { s.row(it.Title, it.Owner, it.Status, it.Score, it.Note) }

// questions are the arguments of the queries, drawn alike for everybody.
type questions struct {
	owner, status []string
	low, entity   []int
}

const asked = 4096

func newQuestions(t *table) *questions {
	rng, q := mulberry32(querySeed), &questions{}
	for range asked {
		q.owner = append(q.owner, ownerName(rng.below(t.wide*owners)))
		q.status = append(q.status, statusName(rng.below(statuses)))
		q.low = append(q.low, rng.below(t.wide*scores))
		q.entity = append(q.entity, rng.below(len(t.all)))
	}
	return q
}

// The shape of the queries.
const (
	spanWidth = 100
	topLimit  = 20
)

// ask runs the i-th query of a sort.
func (q *questions) ask(ctx context.Context, who querier, what string, seen *seen, i int) error {
	i %= asked
	switch what {
	case "get":
		return who.get(ctx, seen, q.entity[i])
	case "eq":
		return who.eq(ctx, seen, q.owner[i])
	case "range":
		return who.span(ctx, seen, q.low[i], q.low[i]+spanWidth)
	case "and":
		return who.and(ctx, seen, q.owner[i], q.status[i])
	case "top":
		return who.top(ctx, seen, q.status[i], topLimit)
	}
	return fmt.Errorf("there is no query %q", what)
}

// entrant is somebody who takes part in W2 with one kind of indexes.
type entrant struct {
	table   *table
	indexes string // indexed, unindexed or covering
	name    string
	whats   []string // queries
	querier querier
}

func (e *entrant) figure(what string) string { return e.table.figure(e.indexes, what, e.name) }

// table is what is asked of: entities, and how they are indexed.
type table struct {
	group   string
	all     []item
	wide    int      // how many times as many owners and scores there are as usual
	indexes []string // kinds of
	without string   // who takes too long to fill so many
}

func (t *table) figure(indexes, what, who string) string {
	return t.group + "/" + indexes + "/" + what + "/" + who
}

// queryGroup measures W2.
func queryGroup(ctx context.Context, r *run) error {
	return r.askAbout(ctx, &table{"query", r.data(), 1, []string{"indexed", "covering", "unindexed"}, ""})
}

// manyGroup measures W2 over ten times as many entities, with owners and scores in
// proportion: the queries find as many rows as before.
func manyGroup(ctx context.Context, r *run) error {
	wide := max(r.many/r.entities, 1)
	return r.askAbout(ctx, &table{"query-1m", entities(r.many, wide), wide, []string{"indexed", "unindexed"}, "memdb"})
}

// askAbout lets everybody fill a table first; then the queries go round, one after
// another, everybody in turn.
func (r *run) askAbout(ctx context.Context, t *table) (err error) {
	field, err := r.entrants(ctx, t)
	defer func() {
		for _, e := range field {
			err = errors.Join(err, e.querier.close())
		}
	}()
	if err != nil {
		return err
	}
	q := newQuestions(t)
	runtime.GC() // what filling left
	if err := agree(ctx, q, field); err != nil {
		return err
	}
	for _, indexes := range t.indexes {
		for _, what := range append([]string{"get"}, queries...) {
			for range r.rounds {
				if err := r.ask(ctx, q, field, indexes, what); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// ask lets everybody with these indexes answer a query for a while.
func (r *run) ask(ctx context.Context, q *questions, field []*entrant, indexes, what string) error {
	for _, e := range field {
		if e.indexes != indexes || !e.answers(what) {
			continue
		}
		var seen seen
		_, err := r.sample(ctx, measured{
			name: e.figure(what), unit: "queries/s", limit: r.short(),
			do: func(ctx context.Context, i int) error { return q.ask(ctx, e.querier, what, &seen, i) },
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *entrant) answers(what string) bool {
	for _, w := range e.whats {
		if w == what {
			return true
		}
	}
	return false
}

// agree checks that everybody finds the same.
func agree(ctx context.Context, q *questions, field []*entrant) error {
	const enough = 3
	for _, what := range append([]string{"get"}, queries...) {
		var want *seen
		for _, e := range field {
			if !e.answers(what) {
				continue
			}
			var got seen
			for i := range enough {
				if err := q.ask(ctx, e.querier, what, &got, i); err != nil {
					return fmt.Errorf("%s: %w", e.figure(what), err)
				}
			}
			got.bytes = 0
			if want == nil {
				want = &got
			}
			if got != *want {
				return fmt.Errorf("%s: found %+v, others found %+v", e.figure(what), got, *want)
			}
		}
	}
	return nil
}
