package node

import (
	"errors"
	"fmt"

	"github.com/ankgo/ank/storage"
)

// outcome is what became of a batch.
type outcome uint8

const (
	stored  outcome = iota
	again           // nothing was stored, and another try may help
	refused         // nothing was stored; the engine goes on
	broken          // the engine writes no more
)

// maxAttempts bounds how often a request is prepared for batches that come to
// nothing.
const maxAttempts = 4

// breakOff makes the node read-only.
func (c *committer) breakOff(cause error) error {
	err := fmt.Errorf("%w: %w", ErrReadOnly, cause)
	c.failed.Store(&err)
	c.logger.Error("the node is read-only from now on", "error", err)
	return err
}

// failure is why the node is read-only, nil if it is not.
func (c *committer) failure() error {
	if err := c.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// assess tells what an engine's error means for a batch.
func (c *committer) assess(b *batch, err error) outcome {
	if err == nil {
		return stored
	}
	var malformed *storage.BatchError
	switch {
	case errors.Is(err, storage.ErrUnknown):
		return c.readBack(b, err)
	case errors.Is(err, storage.ErrConflict) && c.sharing != nil:
		return c.contend(b, err)
	case errors.Is(err, storage.ErrConflict):
		return c.resume(b, err)
	case errors.As(err, &malformed):
		return c.isolate(b)
	case errors.Is(err, storage.ErrClosed), c.ctx.Err() != nil:
		return refused
	}
	return broken
}

// readBack finds out whether a batch was stored after all.
func (c *committer) readBack(b *batch, err error) outcome {
	snapshot, snapshotErr := c.engine.Snapshot(c.ctx)
	if snapshotErr != nil {
		return broken
	}
	defer snapshot.Close()
	switch found := snapshot.Cursor(); {
	case c.sharing != nil:
		return c.sharing.find(b, found)
	case found.Equal(b.cursor(c.origin)):
		return stored
	case found.Equal(c.stored.cursor(c.origin)):
		c.logger.Info("a commit of unknown outcome was not stored", "error", err)
		return c.retry(b)
	}
	return broken
}

// resume follows a log that somebody else has appended to.
func (c *committer) resume(b *batch, err error) outcome {
	c.logger.Error(ErrForeignWrite.Error(), "error", err)
	snapshot, err := c.engine.Snapshot(c.ctx)
	if err != nil {
		return broken
	}
	defer snapshot.Close()
	found, err := readTip(c.ctx, snapshot, c.origin)
	if err != nil {
		return broken
	}
	c.stored = reach{tip: found, foreign: snapshot.Cursor().Without(c.origin)}
	c.durable.Add(1) // whatever was read before may be old
	c.reactor.lost(ErrForeignWrite)
	return c.retry(b)
}

// retry reports again while no request has been tried too often.
func (c *committer) retry(b *batch) outcome { return c.retryUpTo(b, maxAttempts) }

func (c *committer) retryUpTo(b *batch, most int) outcome {
	for _, r := range b.requests {
		if r.attempts++; r.attempts >= most {
			return refused
		}
	}
	return again
}

// isolate lets every request of a batch that the engine finds malformed try by
// itself, so that nobody suffers for another.
func (c *committer) isolate(b *batch) outcome {
	if len(b.requests) == 1 {
		return refused
	}
	for _, r := range b.requests {
		r.alone = true
	}
	return again
}
