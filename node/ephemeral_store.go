package node

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// keeper writes an ephemeral node's store. Whoever changes what the node knows
// begins, and ends when the change shows everywhere: changes come one after
// another. Each batch moves the node's own position, which no log stands behind,
// by one, so that a snapshot says what it contains. In the place of a hash, a
// position has the beginning of the greatest ID that binds the clock.
type keeper struct {
	node    *Node
	self    event.Origin
	writing token
	closed  atomic.Bool
	failed  atomic.Pointer[error]

	at      event.Position // of the holder of the token
	ahead   []byte         // what is kept under metaAhead; likewise
	stopped bool           // the token is kept for good; of whoever closes
}

// begin takes the right to change what the node knows.
func (k *keeper) begin(ctx context.Context) error {
	if k.closed.Load() {
		return ErrClosed
	}
	if err := k.writing.takeWithin(ctx); err != nil {
		return err
	}
	if k.closed.Load() {
		k.writing.give()
		return ErrClosed
	}
	return nil
}

func (k *keeper) end() { k.writing.give() }

// resume takes the store to be where a snapshot of it is.
func (k *keeper) resume(ctx context.Context, s storage.Snapshot) (err error) {
	k.at = event.Position{Origin: k.self}
	if at, ok := s.Cursor().At(k.self); ok {
		k.at = at
		var last event.ID
		binary.BigEndian.PutUint64(last[:], at.Short)
		for i := 8; i < len(last); i++ {
			last[i] = 0xFF
		}
		k.node.clock.Observe(last)
	}
	k.ahead, err = observeAhead(ctx, s, k.node.clock)
	return err
}

// next is the position after one more batch.
func (k *keeper) next() event.Position {
	last := k.node.clock.Last()
	return event.Position{Origin: k.self, Seq: k.at.Seq + 1, Short: binary.BigEndian.Uint64(last[:])}
}

// store stores records, unless they are there already, and what else there is,
// all or nothing.
func (k *keeper) store(records []*storage.Record, meta ...storage.MetaChange) error {
	if err := k.failed.Load(); err != nil {
		return *err
	}
	b := storage.Batch{Meta: meta}
	if len(records) > 0 {
		var err error
		if b.States, err = k.changes(records); err != nil {
			return err
		}
	}
	if len(b.States) == 0 && len(b.Meta) == 0 {
		return nil
	}
	for _, r := range records {
		k.node.clock.Observe(r.Row.Head.Max())
	}
	ahead := encodeAhead(k.node.clock.Ahead())
	if !bytes.Equal(ahead, k.ahead) {
		b.Meta = append(b.Meta, storage.MetaChange{Key: metaAhead, Value: ahead})
	}
	next := k.next()
	b.Advance, b.Expect = []event.Position{next}, []event.Position{k.at}
	err := k.node.engine.Commit(k.node.ctx, &b)
	if errors.Is(err, storage.ErrUnknown) {
		err = k.settle(next, err)
	}
	if err != nil {
		return k.fail(err)
	}
	k.at, k.ahead = next, ahead
	return nil
}

// changes compares records with what is stored.
func (k *keeper) changes(records []*storage.Record) ([]storage.StateChange, error) {
	snapshot, err := k.node.engine.Snapshot(k.node.ctx)
	if err != nil {
		return nil, err
	}
	defer snapshot.Close()
	list := make([]storage.StateChange, 0, len(records))
	var at map[event.ID]int // of list; nil if nothing comes twice
	if !ascend(records) {
		at = make(map[event.ID]int, len(records))
	}
	for _, r := range records {
		if i, again := at[r.Row.ID]; again {
			list[i].Record = r
			continue
		}
		before, err := stateIn(k.node.ctx, snapshot, r.Collection, r.Row.ID)
		if err != nil {
			return nil, err
		}
		if before != nil && before.Stamp == r.Stamp {
			continue
		}
		if at != nil {
			at[r.Row.ID] = len(list)
		}
		list = append(list, storage.StateChange{Record: r, Was: stampOf(before), Before: before})
	}
	return list, nil
}

// ascend reports whether records are in the order of their IDs, each entity once.
func ascend(records []*storage.Record) bool {
	for i := 1; i < len(records); i++ {
		if !records[i-1].Row.ID.Less(records[i].Row.ID) {
			return false
		}
	}
	return true
}

// settle finds out whether a batch of unknown outcome was stored.
func (k *keeper) settle(next event.Position, cause error) error {
	snapshot, err := k.node.engine.Snapshot(k.node.ctx)
	if err != nil {
		return errors.Join(cause, err)
	}
	defer snapshot.Close()
	if found, _ := snapshot.Cursor().At(k.self); found == next {
		return nil
	}
	return cause
}

// fail decides whether the node may go on writing after an error.
func (k *keeper) fail(err error) error {
	var malformed *storage.BatchError
	switch {
	case errors.As(err, &malformed), errors.Is(err, storage.ErrClosed), k.node.ctx.Err() != nil:
		return err
	}
	err = fmt.Errorf("%w: %w", ErrReadOnly, err)
	k.failed.Store(&err)
	k.node.logger.Error("the node is read-only from now on", "error", err)
	return err
}

// close keeps everybody out for good, once the last one is done.
func (k *keeper) close(ctx context.Context) error {
	k.closed.Store(true)
	if k.stopped {
		return nil
	}
	if err := k.writing.takeWithin(ctx); err != nil {
		return err
	}
	k.stopped = true
	return nil
}
