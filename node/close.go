package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/ankgo/ank/storage"
)

// Close shuts the node down: nothing new is begun, transactions that wait are
// still decided, live queries end with ErrClosed, and reads that go on are waited
// for. When it has returned nil, the node writes nothing more and has no
// goroutine, and the engine may be closed. If ctx ends first, the node is closed for
// everybody else, and Close may be called again to wait on. Closing a closed
// node does nothing.
//
// Close must not be called from a hook, a policy or an effect of the node's
// signals, nor while ranging over a sequence of the node's: it would wait for
// itself.
func (n *Node) Close(ctx context.Context) error {
	if err := n.closing.takeWithin(ctx); err != nil {
		return err
	}
	defer n.closing.give()
	if n.closed.Load() {
		return nil
	}
	if err := n.shut(ctx); err != nil {
		return fmt.Errorf("closing the node: %w", err)
	}
	n.closed.Store(true)
	return nil
}

func (n *Node) shut(ctx context.Context) error {
	if err := n.builds.close(ctx); err != nil {
		return err
	}
	roleErr := n.role.close(ctx)
	if roleErr != nil && ctx.Err() != nil {
		return roleErr
	}
	n.lives.close()
	n.readers.close()
	if err := n.readers.wait(ctx); err != nil {
		return err
	}
	if n.sharing != nil {
		if err := n.sharing.close(ctx); err != nil {
			return err
		}
	}
	n.graph.Close()
	select {
	case <-n.graph.Done():
	case <-ctx.Done():
		return ended(ctx)
	}
	n.cancel()
	return roleErr
}

func (d durable) close(ctx context.Context) error {
	if err := d.visits.close(ctx); err != nil {
		return err
	}
	return d.committer.close(ctx)
}

// close lets what waits be decided, keeps everything else out, and leaves a
// signed head and a mark behind. The tokens are never given back.
func (c *committer) close(ctx context.Context) error {
	c.queue.close()
	if c.stopped {
		return nil
	}
	for {
		if err := c.preparing.takeWithin(ctx); err != nil {
			return err
		}
		if c.queue.empty() {
			break
		}
		c.lead()
	}
	// Whoever is further on needs nothing from anybody, and gets through.
	c.committing.take()
	c.publishing.take()
	c.stopped = true
	if c.sharing != nil {
		close(c.sharing.silent)
	}
	if c.failure() != nil || c.stored.tip == c.marked.tip && c.stored.foreign.Equal(c.marked.foreign) {
		return nil
	}
	heads, meta := c.prepare.mark(c.stored)
	err := c.engine.Commit(c.ctx, &storage.Batch{Heads: heads, Meta: meta})
	if err != nil && !errors.Is(err, storage.ErrReadOnly) {
		return fmt.Errorf("marking the end of the log: %w", err)
	}
	return nil
}
