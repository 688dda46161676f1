package main

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"

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
	{"ank-resident", pebble.Options{Relaxed: true, Resident: 1 << 30}},
}

// openAnkQueriers fills one store with all three collections, copies it, and
// opens a node over each.
func (r *run) openAnkQueriers(ctx context.Context) ([]*entrant, error) {
	if !r.wantsAnk() {
		return nil, nil
	}
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	defer remove()
	ids, err := r.fillAnk(ctx, dir)
	if err != nil {
		return nil, err
	}
	var list []*entrant
	for _, c := range caches {
		more, err := r.openCopy(ctx, dir, c.name, c.options, ids)
		list = append(list, more...)
		if err != nil {
			return list, err
		}
	}
	return list, nil
}

// wantsAnk reports whether any query of ours is asked for.
func (r *run) wantsAnk() bool {
	for _, indexes := range []string{"indexed", "unindexed", "covering"} {
		for _, what := range append([]string{"get"}, queries...) {
			for _, c := range caches {
				if r.wants("query/" + indexes + "/" + what + "/" + c.name) {
					return true
				}
			}
		}
	}
	return false
}

// filled are the IDs of the entities in each collection.
type filled struct{ indexed, plain, covered []event.ID }

func (r *run) fillAnk(ctx context.Context, dir string) (*filled, error) {
	a, err := openNode(ctx, dir, pebble.Options{Relaxed: true})
	if err != nil {
		return nil, err
	}
	var f filled
	data := r.data()
	for _, c := range []struct {
		kind kind
		ids  *[]event.ID
	}{{indexedItems, &f.indexed}, {plainItems, &f.plain}, {coveredItems, &f.covered}} {
		w := &ankWriter{a, c.kind, make([]event.ID, len(data))}
		for first := 0; first < len(data) && err == nil; first += r.batch {
			err = w.batch(ctx, first, data[first:min(first+r.batch, len(data))])
		}
		*c.ids = w.ids
	}
	return &f, errors.Join(err, a.close())
}

// openCopy opens a copy of a store for queries.
func (r *run) openCopy(ctx context.Context, from, name string, options pebble.Options, ids *filled) ([]*entrant, error) {
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
	open := 3
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
	return list, warm(ctx, options, list, len(r.data()))
}

// warm gets every entity once, so that those that may be resident are.
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
	}
	return nil
}
