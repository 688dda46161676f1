package storagetest

import (
	"context"
	"sync"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// Commons is one Naive store that several engines share, as processes share a database:
// each Open returns another engine, a [storage.Shared] one. It is for tests of those who
// share a store.
type Commons struct {
	naive *Naive

	mu       sync.Mutex
	watchers map[*commoner][]func()
}

// NewCommons returns an empty store.
func NewCommons() *Commons {
	return &Commons{naive: NewNaive(), watchers: make(map[*commoner][]func())}
}

// Open returns one more engine over the store. To close it leaves the store as it is.
func (c *Commons) Open(context.Context) (storage.Engine, error) { return &commoner{commons: c}, nil }

// commoner is one engine of several.
type commoner struct {
	commons *Commons

	mu     sync.Mutex
	closed bool
}

var (
	_ storage.Engine = (*commoner)(nil)
	_ storage.Shared = (*commoner)(nil)
)

func (e *commoner) check() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return storage.ErrClosed
	}
	return nil
}

func (e *commoner) Register(ctx context.Context, schemas ...*model.Schema) error {
	if err := e.check(); err != nil {
		return err
	}
	return e.commons.naive.Register(ctx, schemas...)
}

func (e *commoner) Build(ctx context.Context) (bool, error) {
	if err := e.check(); err != nil {
		return false, err
	}
	return e.commons.naive.Build(ctx)
}

func (e *commoner) Indexes(ctx context.Context) ([]storage.IndexStatus, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	return e.commons.naive.Indexes(ctx)
}

func (e *commoner) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	return e.commons.naive.Snapshot(ctx)
}

// Commit commits, and tells the others.
func (e *commoner) Commit(ctx context.Context, b *storage.Batch) error {
	if err := b.Validate(); err != nil {
		return err
	}
	if err := e.check(); err != nil {
		return err
	}
	if err := e.commons.naive.Commit(ctx, b); err != nil {
		return err
	}
	e.commons.mu.Lock()
	defer e.commons.mu.Unlock()
	for other, notices := range e.commons.watchers {
		if other == e {
			continue
		}
		for _, notice := range notices {
			notice()
		}
	}
	return nil
}

// Watch implements [storage.Shared].
func (e *commoner) Watch(ctx context.Context, notice func()) error {
	c := e.commons
	c.mu.Lock()
	c.watchers[e] = append(c.watchers[e], notice)
	c.mu.Unlock()
	<-ctx.Done()
	c.mu.Lock()
	delete(c.watchers, e)
	c.mu.Unlock()
	return nil
}

func (e *commoner) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	return nil
}
