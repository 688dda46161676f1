package main

import (
	"context"
	"errors"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/pebble"
)

// ank is a node over Pebble.
type ank struct {
	engine  storage.Engine
	node    *node.Node
	session *node.Session
}

func openNode(ctx context.Context, dir string, options pebble.Options, more ...node.Option) (*ank, error) {
	engine, err := pebble.Open(ctx, dir, options)
	if err != nil {
		return nil, err
	}
	return nodeOver(ctx, engine, more...)
}

// nodeOver opens a node over an engine, which it closes if that fails.
func nodeOver(ctx context.Context, engine storage.Engine, more ...node.Option) (*ank, error) {
	n, err := node.Open(ctx, engine, append(more, node.Models(models.Models()...), node.WithPolicy(node.AllowAll()))...)
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return &ank{engine, n, n.Session("bench")}, nil
}

func (a *ank) close() error {
	return errors.Join(a.node.Close(context.Background()), a.engine.Close())
}

// kind is one of the three collections, which differ in their indexes.
type kind struct {
	create func(tx entity.Tx, it models.Item) (event.ID, error)
	update func(ctx context.Context, tx entity.Tx, id event.ID, score int) error
}

var (
	indexedItems = kind{
		create: func(tx entity.Tx, it models.Item) (event.ID, error) {
			m, err := models.Items.Create(tx, it)
			return m.ID(), err
		},
		update: func(ctx context.Context, tx entity.Tx, id event.ID, score int) error {
			m, err := models.Items.Edit(ctx, tx, id)
			if err == nil {
				m.SetScore(score)
			}
			return err
		},
	}
	plainItems = kind{
		create: func(tx entity.Tx, it models.Item) (event.ID, error) {
			m, err := models.Plains.Create(tx, models.Plain(it))
			return m.ID(), err
		},
		update: func(ctx context.Context, tx entity.Tx, id event.ID, score int) error {
			m, err := models.Plains.Edit(ctx, tx, id)
			if err == nil {
				m.SetScore(score)
			}
			return err
		},
	}
	coveredItems = kind{
		create: func(tx entity.Tx, it models.Item) (event.ID, error) {
			m, err := models.Covereds.Create(tx, models.Covered(it))
			return m.ID(), err
		},
	}
)

// ankWriter writes through the typed collections, as a program would.
type ankWriter struct {
	*ank
	kind kind
	ids  []event.ID // of the entities
}

func openAnk(k kind) func(ctx context.Context, r *run, dir string, durable bool) (writer, error) {
	return func(ctx context.Context, r *run, dir string, durable bool) (writer, error) {
		a, err := openNode(ctx, dir, pebble.Options{Relaxed: !durable})
		if err != nil {
			return nil, err
		}
		return &ankWriter{a, k, make([]event.ID, r.entities)}, nil
	}
}

func (w *ankWriter) create(ctx context.Context, i int, e *item) error {
	tx := w.session.Begin()
	id, err := w.kind.create(tx, e.Item)
	if err != nil {
		return err
	}
	w.ids[i] = id
	_, err = tx.Commit(ctx)
	return err
}

func (w *ankWriter) update(ctx context.Context, i, score int) error {
	tx := w.session.Begin()
	if err := w.kind.update(ctx, tx, w.ids[i], score); err != nil {
		return err
	}
	_, err := tx.Commit(ctx)
	return err
}

func (w *ankWriter) batch(ctx context.Context, first int, list []item) error {
	tx := w.session.Begin()
	for i := range list {
		id, err := w.kind.create(tx, list[i].Item)
		if err != nil {
			return err
		}
		w.ids[first+i] = id
	}
	_, err := tx.Commit(ctx)
	return err
}
