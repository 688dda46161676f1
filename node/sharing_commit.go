package node

import (
	"context"
	"strconv"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// A node that shares its store prepares batches as ever, on what a snapshot shows, and
// others may commit meanwhile. The engine compares what the batch builds on:
//
//   - P1. The stamp of every state that it replaces. Two processes that change different
//     entities do not get in each other's way.
//   - P2. All logs, and that there are no others, if a decision in it was taken on grounds
//     that are not among those states: what a serializable transaction has read, that a key
//     of a unique index is free, and whatever hooks look at.
//
// After a conflict everything is judged again, on what is there then.

// maxContended bounds how often a request is prepared for batches for which others were
// quicker.
const maxContended = 100

// basis is what a batch relies on beside the states that it replaces.
type basis struct {
	expect []event.Position
	holds  []storage.MetaValue
}

// overhear lets a batch go on from the logs of others as they are, before something is
// appended to one of them.
func (p *preparer) overhear(b *batch) error {
	if p.sharing == nil {
		return nil
	}
	snapshot, err := p.view()
	if err == nil {
		b.foreign = b.foreign.Merge(snapshot.Cursor().Without(p.committer.origin))
	}
	return err
}

// rely notes that a decision was taken on grounds that any commit of others may change.
func (p *preparer) rely(b *batch) error {
	if p.sharing == nil || b.basis != nil {
		return nil // an older basis is the stricter one
	}
	snapshot, err := p.view()
	if err != nil {
		return err
	}
	b.basis, err = p.sharing.basis(p.ctx, snapshot)
	return err
}

// basis is how all logs are, those of slots that have none yet included.
func (s *sharing) basis(ctx context.Context, snapshot storage.Snapshot) (*basis, error) {
	b := new(basis)
	own := s.node.committer.origin
	cursor := snapshot.Cursor()
	for number := 1; ; number++ {
		exists, err := slotExists(ctx, snapshot, number)
		if err != nil {
			return nil, err
		}
		if !exists {
			b.holds = append(b.holds, storage.MetaValue{Key: metaSlots + strconv.Itoa(number)}) // nobody has made one more
			break
		}
		if number == s.slot.number {
			continue
		}
		if err := s.reliesOn(ctx, snapshot, b, number); err != nil {
			return nil, err
		}
	}
	for _, p := range cursor.Positions() {
		if p.Origin != own {
			b.expect = append(b.expect, p)
		}
	}
	return b, nil
}

// reliesOn has a basis rely on a slot's having the origin that it has, and on its log.
func (s *sharing) reliesOn(ctx context.Context, snapshot storage.Snapshot, b *basis, number int) error {
	place := (&slot{number: number}).place(metaKey)
	key, err := s.slot.keyOf(ctx, snapshot, number)
	if err != nil {
		return err
	}
	b.holds = append(b.holds, storage.MetaValue{Key: place, Value: key.Bytes()})
	if key.IsZero() {
		return nil
	}
	if _, logged := snapshot.Cursor().At(key.Public()); !logged {
		b.expect = append(b.expect, event.Position{Origin: key.Public()})
	}
	return nil
}

// contend follows a commit of others that a batch got in the way of.
func (c *committer) contend(b *batch, err error) outcome {
	snapshot, failed := c.engine.Snapshot(c.ctx)
	if failed != nil {
		return refused
	}
	defer snapshot.Close()
	found, failed := readTip(c.ctx, snapshot, c.origin)
	if failed != nil {
		return refused
	}
	if found != c.stored.tip {
		c.logger.Error(ErrForeignWrite.Error(), "error", err)
	}
	c.stored = reach{tip: found, foreign: snapshot.Cursor().Without(c.origin)}
	c.durable.Add(1) // whatever was read before may be old
	return c.retryUpTo(b, maxContended)
}

// find finds out whether a batch of unknown outcome was stored, by how far the logs are.
func (s *sharing) find(b *batch, found event.Cursor) outcome {
	c := s.node.committer
	for _, p := range b.Advance {
		if !found.CoversPosition(p.Origin, p.Seq) {
			return c.retryUpTo(b, maxContended)
		}
		if p.Origin == c.origin && len(b.Entries) > 0 {
			return stored // nobody else appends to it
		}
	}
	if len(b.Advance) > 0 && len(b.moved) > 0 {
		return stored
	}
	return c.retryUpTo(b, maxContended)
}

// openTold is open for what standing queries have been told.
func (n *Node) openTold(ctx context.Context) (s storage.Snapshot, leave func(), err error) {
	if n.sharing == nil {
		return n.open(ctx)
	}
	if ctx.Err() != nil {
		return nil, nil, ended(ctx)
	}
	if !n.readers.enter() {
		return nil, nil, ErrClosed
	}
	kept, err := n.sharing.enter(ctx)
	if err != nil {
		n.readers.leave()
		return nil, nil, err
	}
	return kept, func() {
		n.sharing.leave(kept)
		n.readers.leave()
	}, nil
}
