package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/memory"
	"github.com/ankgo/ank/storage/pebble"
	"github.com/ankgo/ank/storage/postgres"
	"github.com/ankgo/ank/storage/tikv"
)

// What a store of group engines needs. Pebble needs no server.
const (
	onPebble   = "pebble"
	onPostgres = "postgres"
	onTiKV     = "tikv"
)

// servers are those that the group may use, and how many stores it has made there.
type servers struct {
	postgres string // a DSN, "" if there is none
	tikv     string // the address of a placement driver, "" if there is none
	id       int64  // tells stores of several runs apart
	located  int
}

// findServers finds those that scripts/postgres and scripts/tikv have started.
func findServers() servers {
	return servers{postgres: os.Getenv("ANK_TEST_POSTGRES"), tikv: os.Getenv("ANK_TEST_TIKV"), id: time.Now().UnixNano()}
}

// serves reports whether there is a server of a kind.
func (s *servers) serves(server string) bool {
	return server == onPebble || server == onPostgres && s.postgres != "" || server == onTiKV && s.tikv != ""
}

// name names a store that is new.
func (s *servers) name() string {
	s.located++
	return fmt.Sprintf("bench_%d_%d", s.id, s.located)
}

// location says where a store of an engine is, also to other processes.
type location struct {
	Server string // one of those above
	Where  string // a folder, a DSN, or the address of a placement driver
	System string // of a TiKV cluster
}

// locate names a store that is not there yet. The function that comes with it removes
// the store, once it is closed; those of TiKV go with the server.
func (r *run) locate(ctx context.Context, server string) (location, func() error, error) {
	name := r.name()
	switch server {
	case onPostgres:
		remove := func() error { return dropSchema(ctx, r.postgres, name) }
		return location{Server: server, Where: r.postgres + " ank_schema=" + name}, remove, nil
	case onTiKV:
		return location{Server: server, Where: r.tikv, System: name}, func() error { return nil }, nil
	}
	dir, remove, err := r.folder()
	return location{Server: server, Where: dir}, func() error { remove(); return nil }, err
}

func (l location) open(ctx context.Context) (storage.Engine, error) {
	switch l.Server {
	case onPostgres:
		return postgres.Open(ctx, l.Where, postgres.Options{})
	case onTiKV:
		tikv.Quiet()
		return tikv.Open(ctx, tikv.Options{PD: []string{l.Where}, System: l.System})
	}
	return pebble.Open(ctx, l.Where, pebble.Options{})
}

// openNode opens a node over the store.
func (l location) openNode(ctx context.Context) (*ank, error) {
	engine, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	return nodeOver(ctx, engine)
}

// engineShelf is a node over an engine, used through the typed collections.
type engineShelf struct {
	ankWriter
	remove func() error
}

func openEngineShelf(server string) func(context.Context, *run, int, bool) (shelf, error) {
	return func(ctx context.Context, r *run, _ int, indexed bool) (shelf, error) {
		l, remove, err := r.locate(ctx, server)
		if err != nil {
			return nil, err
		}
		a, err := l.openNode(ctx)
		if err != nil {
			return nil, errors.Join(err, remove())
		}
		k := plainItems
		if indexed {
			k = indexedItems
		}
		return &engineShelf{ankWriter{a, k, make([]event.ID, r.entities)}, remove}, nil
	}
}

// get and eq are asked of items, the collection that has indexes.

func (s *engineShelf) get(ctx context.Context, seen *seen, i int) error {
	v, err := models.Items.Get(ctx, s.session, s.ids[i])
	if err == nil {
		seen.row(v.Title(), v.Owner(), v.Status(), v.Score(), v.Note())
	}
	return err
}

func (s *engineShelf) eq(ctx context.Context, seen *seen, owner string) error {
	return showAll(seen, models.Items.Fetch(ctx, s.session, "owner = ?", owner))
}

func (s *engineShelf) close() error { return errors.Join(s.ank.close(), s.remove()) }

// openEngineLog fills a log in an engine, without a node.
func openEngineLog(server string) func(context.Context, *run, []happening) (source, error) {
	return func(ctx context.Context, r *run, list []happening) (source, error) {
		l, remove, err := r.locate(ctx, server)
		if err != nil {
			return nil, err
		}
		log := &ankLog{users: 1, remove: func() { err = remove() }}
		if log.engine, err = l.open(ctx); err != nil {
			return nil, errors.Join(err, remove())
		}
		return &ankFold{log, false}, log.fill(ctx, r, list)
	}
}

// weight is how many bytes of keys and values an engine over keys and values stores for
// a transaction of one event.
type weight struct{ entry, address, state int }

// weights are those of a creation and of an update. Raw clients write as many bytes as
// that, in as many rows.
type weights struct{ create, update weight }

// transactionWeights measures them, in memory.
func (r *run) transactionWeights(ctx context.Context) (weights, error) {
	if r.weights != (weights{}) {
		return r.weights, nil
	}
	engine, err := memory.Open()
	if err != nil {
		return weights{}, err
	}
	a, err := nodeOver(ctx, engine)
	if err != nil {
		return weights{}, err
	}
	const n = 100
	w := ankWriter{a, plainItems, make([]event.ID, n)}
	all := entities(n, 1)
	measure := func(do func(i int) error) (s storage.Sizes, err error) {
		for i := 0; i < n && err == nil; i++ {
			err = do(i)
		}
		if err == nil {
			s, err = engine.(storage.Sizer).Sizes(ctx)
		}
		return s, err
	}
	created, err := measure(func(i int) error { return w.create(ctx, i, &all[i]) })
	if err != nil {
		return weights{}, errors.Join(err, a.close())
	}
	changed, err := measure(func(i int) error { return w.update(ctx, i, all[n-1-i].Score) })
	r.weights = weights{
		create: weight{int(created.Log / n), int(created.Events / n), int(created.States / n)},
		update: weight{int((changed.Log - created.Log) / n), int((changed.Events - created.Events) / n), int(changed.States / n)},
	}
	return r.weights, errors.Join(err, a.close())
}
