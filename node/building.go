package node

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// building is the work of getting indexes ready, and of enforcing those that are
// unique. What is quickly done is done when the node is opened; a goroutine does
// the rest, and ends with it.
type building struct {
	node *Node
	stop context.CancelFunc // nil: there is no goroutine
	done chan struct{}
	err  error // good once done is closed

	wanted []*uniqueIndex // not enforced yet
	built  []*uniqueIndex // enforced, and they may have collisions
}

// quickPieces is how many pieces of building Open does itself: a few thousand
// entities.
const quickPieces = 32

// startBuilding begins the work. It fails if ctx ends meanwhile; every other
// error is one of building, without which the node works.
func (n *Node) startBuilding(ctx context.Context) error {
	var unique []*uniqueIndex
	if n.committer != nil { // a client accepts nothing
		for _, s := range n.models.all() {
			unique = append(unique, uniqueOf(s)...)
		}
	}
	b := newBuilding(n, unique)
	n.builds.list = append(n.builds.list, b)
	err := b.enforce(ctx)
	b.built = nil // they were ready before
	more := err == nil
	for pieces := 0; more && pieces < quickPieces; pieces++ {
		more, err = b.piece(ctx)
	}
	if !more {
		b.finish(ctx, err)
		return ctx.Err()
	}
	n.logger.Info("indexes are being built")
	b.start()
	return nil
}

func newBuilding(n *Node, unique []*uniqueIndex) *building {
	return &building{node: n, done: make(chan struct{}), wanted: unique}
}

// uniqueOf returns the unique indexes of a schema.
func uniqueOf(s *model.Schema) (list []*uniqueIndex) {
	for i, x := range s.Indexes() {
		if x.Unique {
			list = append(list, newUniqueIndex(s, i))
		}
	}
	return list
}

// start has a goroutine do the work.
func (b *building) start() {
	var ctx context.Context
	ctx, b.stop = context.WithCancel(b.node.ctx)
	go b.run(ctx)
}

func (b *building) run(ctx context.Context) {
	for more := true; more; {
		var err error
		if more, err = b.piece(ctx); !more {
			b.finish(ctx, err)
		}
		runtime.Gosched() // under js/wasm nobody else does
	}
}

// piece builds a piece, and enforces what is ready with it.
func (b *building) piece(ctx context.Context) (more bool, err error) {
	if more, err = b.node.engine.Build(ctx); err != nil {
		return false, err
	}
	if err = b.enforce(ctx); err != nil {
		return false, err
	}
	return more, nil
}

// enforce has the unique indexes enforced that are ready (U3).
func (b *building) enforce(ctx context.Context) error {
	if len(b.wanted) == 0 {
		return nil
	}
	list, err := b.node.engine.Indexes(ctx)
	if err != nil {
		return err
	}
	isReady := func(x *uniqueIndex) bool {
		return slices.ContainsFunc(list, func(s storage.IndexStatus) bool {
			return s.Ready && s.Collection == x.schema.Collection() && s.Index == x.position
		})
	}
	var ready, wanted []*uniqueIndex
	for _, x := range b.wanted {
		if isReady(x) {
			ready = append(ready, x)
		} else {
			wanted = append(wanted, x)
		}
	}
	if len(ready) == 0 {
		return nil
	}
	b.wanted, b.built = wanted, append(b.built, ready...)
	c := b.node.committer
	return c.quiet(ctx, func() {
		c.prepare.unique = c.prepare.unique.with(slices.DeleteFunc(ready, func(x *uniqueIndex) bool {
			return b.node.models.of(x.schema.Collection()) != x.schema // another one has taken its place meanwhile
		}))
	})
}

// finish makes the outcome known.
func (b *building) finish(ctx context.Context, err error) {
	if err == nil {
		err = b.check(ctx)
	}
	if ctx.Err() != nil {
		err = ErrClosed
	}
	switch logger := b.node.logger; {
	case errors.Is(err, ErrDuplicate):
		logger.Error("entities have the same key in a unique index", "error", err)
	case err != nil && !errors.Is(err, ErrClosed):
		logger.Error("building indexes has stopped", "error", err)
	case err == nil && b.stop != nil:
		logger.Info("indexes are built")
	}
	b.err = err
	close(b.done)
}

// check looks for what collides in indexes that were built.
func (b *building) check(ctx context.Context) error {
	if len(b.built) == 0 {
		return nil
	}
	s, err := b.node.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	var found []error
	for _, x := range b.built {
		switch collision, err := x.collisions(ctx, s); {
		case err != nil:
			return err
		case collision != nil:
			found = append(found, collision)
		}
	}
	return errors.Join(found...)
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

// builds is all building of a node: what Open began, and what models did that it learnt.
type builds struct {
	mu     sync.Mutex
	list   []*building // not done, or with an error
	closed bool
}

// start has a goroutine build, unless the node is being closed.
func (l *builds) start(b *building) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.list = append(slices.DeleteFunc(l.list, (*building).isOver), b)
	b.start()
}

// isOver reports whether nothing is left to be said of building.
func (b *building) isOver() bool {
	select {
	case <-b.done:
		return b.err == nil
	default:
		return false
	}
}

// wait waits for the building that there is, and returns its errors.
func (l *builds) wait(ctx context.Context) error {
	l.mu.Lock()
	list := slices.Clone(l.list)
	l.mu.Unlock()
	var found []error
	for _, b := range list {
		select {
		case <-b.done:
			found = append(found, b.err)
		case <-ctx.Done():
			return ended(ctx)
		}
	}
	return errors.Join(found...)
}

// close ends all building, and waits for that.
func (l *builds) close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	list := slices.Clone(l.list)
	l.mu.Unlock()
	for _, b := range list {
		if err := b.close(ctx); err != nil {
			return err
		}
	}
	return nil
}
