package node

import (
	"context"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
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
	// Unique says that no two entities may have the same key. A durable node
	// enforces that once the index is ready.
	Unique bool
	// Err is a *[CollisionError] if entities have the same key all the same, nil
	// otherwise.
	Err error
}

// Indexes tells how far the indexes of all models are. An index that was not there
// before, over data that was, is built in the background from Open on. Indexes
// counts the entities of every collection of which that is not finished, and
// reads through every unique index of a durable node that is ready: it is for
// people, not for loops.
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
		schema := n.models.of(x.Collection)
		if schema == nil { // registered by somebody else, with whom the engine was shared
			continue
		}
		status := IndexStatus{Collection: x.Collection, Name: schema.Indexes()[x.Index].Name, Ready: x.Ready, Fraction: 1}
		status.Unique = schema.Indexes()[x.Index].Unique
		if err := n.inspect(ctx, s, &status, schema, x); err != nil {
			return nil, err
		}
		list = append(list, status)
	}
	return list, nil
}

// inspect finds out about an index what takes reading.
func (n *Node) inspect(ctx context.Context, s storage.Snapshot, status *IndexStatus, m *model.Schema, x storage.IndexStatus) (err error) {
	switch {
	case !x.Ready:
		status.Fraction, err = share(ctx, s, m, x.Through)
	case status.Unique && n.committer != nil:
		var found *CollisionError
		if found, err = newUniqueIndex(m, x.Index).collisions(ctx, s); found != nil {
			status.Err = found
		}
	}
	return err
}

// share is how much of a collection has an ID up to through.
func share(ctx context.Context, s storage.Snapshot, m *model.Schema, through event.ID) (float64, error) {
	var counts [2]int
	for i, text := range [...]string{"id <= ?", "id > ?"} {
		q, err := ask(m, text, through)
		if err != nil {
			return 0, err
		}
		if counts[i], err = storage.Count(ctx, s, storage.Plan(ctx, s, q)); err != nil {
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

// WaitIndexes waits until every index is ready, and returns nil, or what collides
// in unique indexes that were built since the node was opened, as one or several
// joined *[CollisionError]s. Or it returns why they will not be ready before the
// node is opened again: an error of the storage, or ErrClosed.
func (n *Node) WaitIndexes(ctx context.Context) error {
	return n.builds.wait(ctx)
}
