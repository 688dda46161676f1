package node

import (
	"context"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// renew makes the node go on under a new origin, because others have entries of the
// log of old that are not here: the store is an old copy, or has lost its end. Whatever
// was appended now would fork that log. From then on it is a log like those of others,
// and what is missing of it comes from them.
//
// The new origin is certified if the system's root key is held here. Otherwise its
// log stays here until [Node.Enrol].
func (n *Node) renew(ctx context.Context, old event.Origin) error {
	var failed error
	err := n.committer.quiet(ctx, func() { failed = n.renewQuiet(ctx, old) })
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("going on under a new origin: %w", err)
	}
	return nil
}

// renewQuiet is renew while nothing is on its way into the store.
func (n *Node) renewQuiet(ctx context.Context, old event.Origin) error {
	c := n.committer
	c.publishing.take() // the publications so far are of the old origin
	defer c.publishing.give()
	if n.Origin() != old {
		return nil // somebody else has found out
	}
	if err := c.failure(); err != nil {
		return err
	}
	seed := n.nonce()
	key, err := event.KeyFromBytes(seed[:])
	if err != nil {
		return err
	}
	next := *n.identity
	next.key, next.certificate = key, event.Certificate{}
	if !next.root.IsZero() {
		next.certificate = event.Certify(next.root, key.Public())
	}
	reach := reach{foreign: c.stored.cursor(old)}
	b, err := n.farewell(ctx, &next, reach)
	if err != nil {
		return err
	}
	if err := c.engine.Commit(ctx, b); err != nil {
		return err
	}
	n.identityMu.Lock()
	n.identity = &next
	n.identityMu.Unlock()
	c.origin, c.stored, c.marked = key.Public(), reach, reach
	c.prepare.key, c.prepare.reach = key, reach
	n.logger.Error("others have more of the log of this node than its store, which must be an old copy: it goes on under a new origin",
		"old", old.String(), "new", key.Public().String(), "certified", next.certified())
	return nil
}

// farewell is what is stored when one origin gives way to the next: the new identity,
// and of the old one what others need to verify its log.
func (n *Node) farewell(ctx context.Context, next *identity, r reach) (*storage.Batch, error) {
	m := mark{cursor: r.foreign, last: n.clock.Last()}
	b := &storage.Batch{Meta: []storage.MetaChange{
		{Key: metaKey, Value: next.key.Bytes()},
		{Key: metaMark, Value: m.appendTo(nil)},
		{Key: metaAhead, Value: encodeAhead(n.clock.Ahead())},
		{Key: metaCertificate},
	}}
	if next.certified() {
		b.Meta[3].Value = next.certificate.AppendTo(nil)
	}
	if n.identity.certified() {
		b.Meta = append(b.Meta, certificateMeta(n.identity.certificate))
	}
	return b, n.signAll(ctx, b, r)
}

// signAll signs the node's log here and there, and at its end.
func (n *Node) signAll(ctx context.Context, b *storage.Batch, r reach) error {
	own := n.identity.key.Public()
	s, leave, err := n.open(ctx)
	if err != nil {
		return err
	}
	defer leave()
	bytes := 0
	for e, err := range s.Log(ctx, r.foreign.Without(own)) {
		if err != nil {
			return err
		}
		end, _ := r.foreign.At(own)
		if bytes += e.Size(); e.Seq != end.Seq && e.Seq%markEvery != 0 && bytes < checkpointBytes {
			continue
		}
		bytes = 0
		head := event.SignHead(n.identity.key, e.Seq, e.Hash(), false)
		if e.Seq == end.Seq {
			b.Heads = append(b.Heads, head)
		} else {
			b.Meta = append(b.Meta, checkpoint(&head))
		}
	}
	return nil
}

// key is the private key of the node's origin.
func (n *Node) key() event.PrivateKey {
	n.identityMu.RLock()
	defer n.identityMu.RUnlock()
	return n.identity.key
}
