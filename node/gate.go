package node

import (
	"context"
	"sync"

	"github.com/ankgo/ank/storage"
)

// gate counts who is inside, and can be closed: nobody comes in any more, and
// whoever closed it can wait for the last one to leave.
type gate struct {
	mu     sync.Mutex // protects all below; held for a few instructions
	inside int
	closed bool
	empty  chan struct{} // made when somebody waits
}

// enter reports false if the gate is closed.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

func (g *gate) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// close lets nobody in any more.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// wait waits until nobody is inside.
func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	if g.inside == 0 {
		g.mu.Unlock()
		return nil
	}
	if g.empty == nil {
		g.empty = make(chan struct{})
	}
	empty := g.empty
	g.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

// open returns a snapshot of the store. The caller calls leave when done with
// it; the node's Close waits for that.
func (n *Node) open(ctx context.Context) (s storage.Snapshot, leave func(), err error) {
	if ctx.Err() != nil {
		return nil, nil, ended(ctx)
	}
	if !n.readers.enter() {
		return nil, nil, ErrClosed
	}
	s, err = n.engine.Snapshot(ctx)
	if err != nil {
		n.readers.leave()
		return nil, nil, err
	}
	return s, func() {
		s.Close()
		n.readers.leave()
	}, nil
}
