package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// renew makes the node go on under a new origin, because others have entries of the
// log of old that are not here: the store is an old copy, or has lost its end. Both
// are the same up to the entry common. What was appended here beyond it has forked the
// log: it is taken back and appended to the new one, as it is, in one step. Nothing is
// judged again and no state changes; what was acknowledged stays, at other addresses.
// From then on the old log is one like those of others, and what is missing of it
// comes from them, or else is lost: it is closed, as far as it is here, which everybody
// is told.
//
// The new origin is certified if the system's root key is held here. Otherwise its
// log stays here until [Node.Enrol].
func (n *Node) renew(ctx context.Context, old event.Origin, common uint64) error {
	var failed error
	var end *event.SignedHead
	err := n.committer.quiet(ctx, func() { end, failed = n.renewQuiet(ctx, old, common) })
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("going on under a new origin: %w", err)
	}
	if end != nil {
		n.spreadClosed(*end)
	}
	return nil
}

// renewQuiet is renew while nothing is on its way into the store. It returns where the
// old log was closed; nil if somebody else has done all that.
func (n *Node) renewQuiet(ctx context.Context, old event.Origin, common uint64) (*event.SignedHead, error) {
	c := n.committer
	c.publishing.take() // the publications so far are of the old origin
	defer c.publishing.give()
	if n.Origin() != old {
		return nil, nil // somebody else has found out
	}
	if err := c.failure(); err != nil {
		return nil, err
	}
	next, err := n.successor()
	if err != nil {
		return nil, err
	}
	common = min(common, c.stored.tip.seq)
	r := rewriting{ctx: ctx, node: n, old: old, next: next.key.Public(), batch: new(storage.Batch), reach: c.stored}
	if err := r.move(common); err != nil {
		return nil, err
	}
	end, err := n.farewell(ctx, next, r.reach, r.batch)
	if err != nil {
		return nil, err
	}
	if err := c.engine.Commit(ctx, r.batch); err != nil {
		return nil, c.unsettled(err)
	}
	n.identityMu.Lock()
	n.identity = next
	n.identityMu.Unlock()
	c.durable.Add(1) // addresses that are remembered are old
	c.origin, c.stored, c.marked = next.key.Public(), r.reach, r.reach
	c.prepare.key = next.key
	c.prepare.number = c.durable.Load()
	c.prepare.catchUp()
	c.prepare.reach = r.reach
	c.told(r.reach.cursor(c.origin))
	for _, e := range r.batch.Entries {
		c.queue.moved(e.Tx.ID, e.Position())
	}
	n.logger.Info("the log of this node is closed, as far as it is here: it goes on under a new origin",
		"old", old.String(), "new", c.origin.String(), "certified", next.certified(), "common", common, "moved", len(r.batch.Entries))
	return end, nil
}

// unsettled is the error of a renewal of which nobody knows whether it was stored: the
// node writes no more, and finds out when it is opened again.
func (c *committer) unsettled(err error) error {
	if errors.Is(err, storage.ErrConflict) || c.ctx.Err() != nil && !errors.Is(err, storage.ErrUnknown) {
		return err
	}
	return c.breakOff(err)
}

// successor is who the node is once it has gone on under a new origin.
func (n *Node) successor() (*identity, error) {
	seed := n.nonce()
	key, err := event.KeyFromBytes(seed[:])
	if err != nil {
		return nil, err
	}
	next := *n.identity
	next.key, next.certificate = key, event.Certificate{}
	if !next.root.IsZero() {
		next.certificate = event.Certify(next.root, key.Public())
	}
	return &next, nil
}

// rewriting moves the end of a log to another one.
type rewriting struct {
	ctx       context.Context
	node      *Node
	old, next event.Origin
	batch     *storage.Batch
	reach     reach // when all is done
}

// move takes back what lies beyond the entry common and appends it to the new log.
// After it, reach tells where both end.
func (r *rewriting) move(common uint64) error {
	end := r.reach.tip.position(r.old)
	r.batch.Expect = []event.Position{end}
	r.reach = reach{foreign: r.reach.foreign.With(end)}
	if end.Seq <= common {
		return nil
	}
	s, leave, err := r.node.open(r.ctx)
	if err != nil {
		return err
	}
	defer leave()
	cut := event.Position{Origin: r.old, Seq: common}
	for e, err := range s.Log(r.ctx, s.Cursor().With(cut)) {
		if err != nil {
			return err
		}
		if e.Seq == common+1 && common > 0 {
			cut.Short = e.Prev.Short()
		}
		if err := r.entry(s, e); err != nil {
			return err
		}
	}
	r.batch.Cut = []event.Position{cut}
	r.reach.foreign = r.reach.foreign.With(cut)
	return nil
}

// entry appends one entry to the new log. Its events are answered from there, unless
// they were logged elsewhere as well and are answered from there.
func (r *rewriting) entry(s storage.Snapshot, e *event.Entry) error {
	for _, ev := range e.Events() {
		at, err := s.Event(r.ctx, ev.Entity, ev.ID)
		if err != nil {
			return err
		}
		if at.Origin != e.Origin || at.Seq != e.Seq {
			r.batch.Again = append(r.batch.Again, ev.ID)
		}
	}
	moved := *e
	moved.Origin, moved.Seq, moved.Prev = r.next, r.reach.tip.seq+1, r.reach.tip.hash
	r.reach.tip = tip{seq: moved.Seq, hash: moved.Hash()}
	r.batch.Entries = append(r.batch.Entries, &moved)
	return nil
}

// farewell stores what there is to be stored when one origin gives way to the next: the
// new identity, and of the old one what others need to verify its log, and that it is
// closed.
func (n *Node) farewell(ctx context.Context, next *identity, r reach, b *storage.Batch) (*event.SignedHead, error) {
	m := mark{cursor: r.cursor(next.key.Public()), last: n.clock.Last(), hash: r.tip.hash}
	certificate := storage.MetaChange{Key: metaCertificate}
	if next.certified() {
		certificate.Value = next.certificate.AppendTo(nil)
	}
	b.Meta = append(b.Meta,
		storage.MetaChange{Key: metaKey, Value: next.key.Bytes()},
		storage.MetaChange{Key: metaMark, Value: m.appendTo(nil)},
		storage.MetaChange{Key: metaAhead, Value: encodeAhead(n.clock.Ahead())},
		certificate,
	)
	if n.identity.certified() {
		b.Meta = append(b.Meta, certificateMeta(n.identity.certificate))
	}
	s, leave, err := n.open(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return signAll(ctx, s, n.identity.key, r.foreign, b)
}

// signAll signs the log of a key's origin here and there, and that it is closed where it
// ends in a cursor.
func signAll(ctx context.Context, s storage.Snapshot, key event.PrivateKey, until event.Cursor, b *storage.Batch) (*event.SignedHead, error) {
	own := key.Public()
	var last tip
	bytes := 0
	end, _ := until.At(own)
	for e, err := range s.Log(ctx, s.Cursor().Without(own)) {
		if err != nil {
			return nil, err
		}
		if e.Seq > end.Seq {
			break
		}
		last = tip{seq: e.Seq, hash: e.Hash()}
		if bytes += e.Size(); e.Seq != end.Seq && e.Seq%markEvery != 0 && bytes < checkpointBytes {
			continue
		}
		bytes = 0
		head := event.SignHead(key, last.seq, last.hash, false)
		if e.Seq == end.Seq {
			b.Heads = append(b.Heads, head)
		} else {
			b.Meta = append(b.Meta, checkpoint(&head))
		}
	}
	closed := event.SignHead(key, last.seq, last.hash, true)
	b.Meta = append(b.Meta, closedMeta(closed))
	return &closed, nil
}

// key is the private key of the node's origin.
func (n *Node) key() event.PrivateKey {
	n.identityMu.RLock()
	defer n.identityMu.RUnlock()
	return n.identity.key
}
