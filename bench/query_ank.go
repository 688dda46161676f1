package main

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage/pebble"
)

// fields are the getters that the views of all three models have.
type fields interface {
	~struct{ entity.View }
	Title() string
	Owner() string
	Status() string
	Score() int
	Note() string
}

// ankQuerier asks through a typed collection, with the query as text, which is
// parsed each time.
type ankQuerier[V fields, M ~struct{ *entity.Draft }, S any] struct {
	*ank
	collection *entity.Collection[V, M, S]
	ids        []event.ID
	done       func() error
}

func (q *ankQuerier[V, M, S]) get(ctx context.Context, seen *seen, i int) error {
	v, err := q.collection.Get(ctx, q.session, q.ids[i])
	if err == nil {
		seen.row(v.Title(), v.Owner(), v.Status(), v.Score(), v.Note())
	}
	return err
}

func (q *ankQuerier[V, M, S]) eq(ctx context.Context, seen *seen, owner string) error {
	return showAll(seen, q.collection.Fetch(ctx, q.session, "owner = ?", owner))
}

func (q *ankQuerier[V, M, S]) span(ctx context.Context, seen *seen, low, high int) error {
	return showAll(seen, q.collection.Fetch(ctx, q.session, "score >= ? AND score < ?", low, high))
}

func (q *ankQuerier[V, M, S]) and(ctx context.Context, seen *seen, owner, status string) error {
	return showAll(seen, q.collection.Fetch(ctx, q.session, "owner = ? AND status = ?", owner, status))
}

func (q *ankQuerier[V, M, S]) top(ctx context.Context, seen *seen, status string, limit int) error {
	return showAll(seen, q.collection.Fetch(ctx, q.session, "status = ? ORDER BY score DESC LIMIT ?", status, limit))
}

// lister shows all entities.
type lister interface {
	list(ctx context.Context, seen *seen) error
}

func (q *ankQuerier[V, M, S]) list(ctx context.Context, seen *seen) error {
	return showAll(seen, q.collection.Fetch(ctx, q.session, ""))
}

func (q *ankQuerier[V, M, S]) close() error { return q.done() }

func showAll[V fields](seen *seen, rows iter.Seq2[V, error]) error {
	for v, err := range rows {
		if err != nil {
			return err
		}
		seen.row(v.Title(), v.Owner(), v.Status(), v.Score(), v.Note())
	}
	return nil
}

// How a node is opened for queries: with all entities in memory, or with none.
var caches = []struct {
	name    string
	options pebble.Options
}{
	{"ank-disk", pebble.Options{Relaxed: true, Resident: -1}},
	{"ank-resident", pebble.Options{Relaxed: true, Resident: 4 << 30}},
}

// openAnkQueriers fills one store with a collection for each kind of indexes,
// copies it, and opens a node over each.
func (r *run) openAnkQueriers(ctx context.Context, t *table) ([]*entrant, error) {
	if !r.wantsAnk(t) {
		return nil, nil
	}
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	ids, err := r.fillAnk(ctx, dir, t)
	if err != nil {
		return nil, err
	}
	var list []*entrant
	for _, c := range caches {
		more, err := r.openCopy(ctx, dir, t, c.name, c.options, ids)
		list = append(list, more...)
		if err != nil {
			return list, err
		}
	}
	return list, nil
}

// wantsAnk reports whether any query of ours is asked for.
func (r *run) wantsAnk(t *table) bool {
	for _, indexes := range t.indexes {
		for _, what := range append([]string{"get"}, queries...) {
			for _, c := range caches {
				if r.wants(t.figure(indexes, what, c.name)) {
					return true
				}
			}
		}
	}
	return false
}

// filled are the IDs of the entities in each collection.
type filled struct{ indexed, plain, covered []event.ID }

func (r *run) fillAnk(ctx context.Context, dir string, t *table) (*filled, error) {
	a, err := openNode(ctx, dir, pebble.Options{Relaxed: true})
	if err != nil {
		return nil, err
	}
	var f filled
	data := t.all
	for _, c := range []struct {
		indexes string
		kind    kind
		ids     *[]event.ID
	}{{"indexed", indexedItems, &f.indexed}, {"unindexed", plainItems, &f.plain}, {"covering", coveredItems, &f.covered}} {
		if !slices.Contains(t.indexes, c.indexes) {
			continue
		}
		w := &ankWriter{a, c.kind, make([]event.ID, len(data))}
		for first := 0; first < len(data) && err == nil; first += r.batch {
			err = w.batch(ctx, first, data[first:min(first+r.batch, len(data))])
		}
		*c.ids = w.ids
	}
	return &f, errors.Join(err, a.close())
}

// openCopy opens a copy of a store for queries.
func (r *run) openCopy(ctx context.Context, from string, t *table, name string, options pebble.Options, ids *filled) ([]*entrant, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	to := filepath.Join(dir, "copy")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		return nil, err
	}
	a, err := openNode(ctx, to, options)
	if err != nil {
		return nil, err
	}
	open := len(t.indexes)
	done := func() error {
		if open--; open > 0 {
			return nil
		}
		defer remove()
		return a.close()
	}
	list := []*entrant{
		{indexes: "indexed", name: name, querier: &ankQuerier[models.ItemView, models.ItemMutable, models.Item]{a, models.Items, ids.indexed, done}},
		{indexes: "unindexed", name: name, querier: &ankQuerier[models.PlainView, models.PlainMutable, models.Plain]{a, models.Plains, ids.plain, done}},
		{indexes: "covering", name: name, querier: &ankQuerier[models.CoveredView, models.CoveredMutable, models.Covered]{a, models.Covereds, ids.covered, done}},
	}
	list = slices.DeleteFunc(list, func(e *entrant) bool { return !slices.Contains(t.indexes, e.indexes) })
	return list, warm(ctx, options, list, len(t.all))
}

// warm reads everything as often as it takes for what may be resident to be so:
// every entity by its ID, and all of them by a query. What the queries of the
// workload need beyond that is made when they are first asked, before the clock
// runs.
func warm(ctx context.Context, options pebble.Options, list []*entrant, n int) error {
	if options.Resident < 0 {
		return nil
	}
	var seen seen
	for _, e := range list {
		for i := range n {
			if err := e.querier.get(ctx, &seen, i); err != nil {
				return err
			}
		}
		if err := e.querier.(lister).list(ctx, &seen); err != nil {
			return err
		}
	}
	return nil
}
