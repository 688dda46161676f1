package node

import (
	"context"
	"runtime"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// IndexStatus tells how far an index of the node's models is.
type IndexStatus struct {
	Collection string
	Name       string // as in the schema
	// Ready says that queries use the index. Until then they are answered without
	// it.
	Ready bool
	// Fraction is how much of the collection is in the index: 1 once it is ready.
	Fraction float64
}

// Indexes tells how far the indexes of all models are. An index that was not there
// before, over data that was, is built in the background from Open on. For each
// collection of which that is not finished, Indexes counts its entities: it is for
// people who wait, not for loops.
func (n *Node) Indexes(ctx context.Context) ([]IndexStatus, error) {
	s, leave, err := n.open(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	found, err := n.engine.Indexes(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]IndexStatus, 0, len(found))
	for _, x := range found {
		schema := n.models[x.Collection]
		if schema == nil { // registered by somebody else, with whom the engine was shared
			continue
		}
		status := IndexStatus{Collection: x.Collection, Name: schema.Indexes()[x.Index].Name, Ready: x.Ready, Fraction: 1}
		if !x.Ready {
			if status.Fraction, err = share(ctx, s, schema, x.Through); err != nil {
				return nil, err
			}
		}
		list = append(list, status)
	}
	return list, nil
}

// share is how much of a collection has an ID up to through.
func share(ctx context.Context, s storage.Snapshot, m *model.Schema, through event.ID) (float64, error) {
	var counts [2]int
	for i, text := range [...]string{"id <= ?", "id > ?"} {
		q, err := ask(m, text, through)
		if err != nil {
			return 0, err
		}
		if counts[i], err = storage.Count(ctx, s, plan.New(q, m.Indexes())); err != nil {
			return 0, err
		}
	}
	return float64(counts[0]) / float64(max(1, counts[0]+counts[1])), nil
}

// ask makes a query of the node's own.
func ask(m *model.Schema, text string, args ...any) (*query.Checked, error) {
	q, err := query.Parse(text)
	if err != nil {
		return nil, err
	}
	if q, err = q.Bind(args...); err != nil {
		return nil, err
	}
	return q.Check(m)
}

// WaitIndexes waits until every index is ready, and returns nil; or it returns
// why that will not be before the node is opened again: an error of the storage,
// or ErrClosed.
func (n *Node) WaitIndexes(ctx context.Context) error {
	select {
	case <-n.building.done:
		return n.building.err
	case <-ctx.Done():
		return ended(ctx)
	}
}

// building is the work of getting the indexes ready. What is quickly done is done
// when the node is opened; a goroutine does the rest, and ends with it.
type building struct {
	node *Node
	stop context.CancelFunc
	done chan struct{}
	err  error // good once done is closed
}

// quickPieces is how many pieces of building Open does itself: a few thousand
// entities.
const quickPieces = 8

// startBuilding begins the work. It fails if ctx ends meanwhile; every other
// error is one of building, without which the node works.
func (n *Node) startBuilding(ctx context.Context) error {
	b := &building{node: n, done: make(chan struct{})}
	n.building = b
	for range quickPieces {
		more, err := n.engine.Build(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || !more {
			b.finish(err)
			return nil
		}
	}
	n.logger.Info("indexes are being built")
	ctx, b.stop = context.WithCancel(n.ctx)
	go b.run(ctx)
	return nil
}

func (b *building) run(ctx context.Context) {
	for {
		runtime.Gosched() // under js/wasm nobody else does
		more, err := b.node.engine.Build(ctx)
		if ctx.Err() != nil {
			err = ErrClosed
		}
		if err != nil || !more {
			b.finish(err)
			return
		}
	}
}

// finish makes the outcome known.
func (b *building) finish(err error) {
	switch {
	case err == nil && b.stop != nil:
		b.node.logger.Info("indexes are built")
	case err != nil && err != ErrClosed:
		b.node.logger.Error("building indexes has stopped", "error", err)
	}
	b.err = err
	close(b.done)
}

// close ends the work, and waits for that.
func (b *building) close(ctx context.Context) error {
	if b.stop != nil {
		b.stop()
	}
	select {
	case <-b.done:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}
