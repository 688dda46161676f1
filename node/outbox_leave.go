package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/ankgo/ank/storage"
)

// Who has sealed its work is kept in the engine's Meta map, a principal under each key.
const metaSealed = "node/sealed/"

func sealedKey(p Principal) string {
	sum := sha256.Sum256([]byte(p))
	return metaSealed + hex.EncodeToString(sum[:])
}

// Flush waits until nothing is pending any more of what the session's principal has
// committed on this node, or ctx is done. It returns how many transactions are
// pending then, and ErrPending with the error of ctx if there are any. What was
// refused is decided, and not pending: see [Node.Ledger]. On a durable node there is
// nothing to wait for.
func (s *Session) Flush(ctx context.Context) (undelivered int, err error) {
	if ctx == nil {
		return 0, errNoContext
	}
	e, ok := s.node.role.(*ephemeral)
	if !ok {
		return 0, nil
	}
	for {
		list := e.pendingOf(s.principal)
		if len(list) == 0 {
			return 0, nil
		}
		for _, p := range list {
			if _, err := e.await(ctx, p); err != nil {
				return len(e.pendingOf(s.principal)), stillPending(err)
			}
		}
	}
}

// pendingOf returns what a principal has in the outbox, the oldest first.
func (e *ephemeral) pendingOf(p Principal) []*pending {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []*pending
	for _, item := range e.outbox.list {
		if item.principal == p {
			list = append(list, item)
		}
	}
	return list
}

// Seal is for a user who leaves, and comes back: it puts away what the session's
// principal has committed and was not delivered. Until [Session.Unseal] it stays in
// the store, and is neither delivered nor shown to anybody, also after a restart;
// nor does the ledger list what this principal has in it. The principal's live
// queries end, and its sessions can neither read nor commit: the error is ErrSealed.
// Seal returns how many transactions are undelivered. What is being delivered at
// this moment may still be decided.
//
// What others have committed on top of that waits with it.
//
// Sealing hides, and does not encrypt: whoever can read the store can read what is
// in it. And it is about what was committed here: what this node holds of its
// server's data is not any principal's, and other sessions read of it what the
// node's [Policy] lets them. See [Session.Wipe].
//
// On a durable node the error is ErrDurable.
func (s *Session) Seal(ctx context.Context) (undelivered int, err error) {
	e, err := s.client(ctx)
	if err != nil {
		return 0, err
	}
	if err := e.keeper.begin(ctx); err != nil {
		return 0, err
	}
	defer e.keeper.end()
	list := e.pendingOf(s.principal)
	if e.isSealed(s.principal) {
		return len(list), nil
	}
	if err := s.principal.check(); err != nil {
		return 0, err
	}
	if err := e.keeper.store(nil, storage.MetaChange{Key: sealedKey(s.principal), Value: []byte(s.principal)}); err != nil {
		return 0, err
	}
	e.mu.Lock()
	e.sealed[s.principal] = struct{}{}
	for _, p := range list {
		e.outbox.hide(p)
		e.outbox.doubt(p.tx)
	}
	close(e.left)
	e.left = make(chan struct{})
	e.mu.Unlock()
	for _, l := range e.all() {
		if l.session.principal == s.principal {
			l.deny(ErrSealed)
		}
	}
	if line := e.online(); line != nil {
		line.forgo(s.principal)
	}
	return len(list), e.show(e.ctx, keysOfAll(list))
}

// Unseal takes back what [Session.Seal] did: the principal is there again, which
// whoever calls it has made sure of. What it had committed is shown, and delivered. It
// returns how many transactions that are. For a principal that has sealed nothing it
// does nothing. On a durable node the error is ErrDurable.
func (s *Session) Unseal(ctx context.Context) (undelivered int, err error) {
	e, err := s.client(ctx)
	if err != nil {
		return 0, err
	}
	if err := e.keeper.begin(ctx); err != nil {
		return 0, err
	}
	defer e.keeper.end()
	list := e.pendingOf(s.principal)
	if !e.isSealed(s.principal) {
		return len(list), nil
	}
	if err := e.keeper.store(nil, storage.MetaChange{Key: sealedKey(s.principal)}); err != nil {
		return 0, err
	}
	e.mu.Lock()
	delete(e.sealed, s.principal)
	for _, p := range list {
		e.outbox.reveal(p)
		e.outbox.doubt(p.tx)
		if len(p.after) == 0 && !p.underWay {
			e.outbox.offer(p)
		}
	}
	line := e.line
	e.mu.Unlock()
	if line != nil {
		line.nudge()
	}
	return len(list), e.show(e.ctx, keysOfAll(list))
}

// client is the session's node, if it is an ephemeral one.
func (s *Session) client(ctx context.Context) (*ephemeral, error) {
	if ctx == nil {
		return nil, errNoContext
	}
	if e, ok := s.node.role.(*ephemeral); ok {
		return e, nil
	}
	return nil, ErrDurable
}

// isSealed reports whether a principal has left.
func (e *ephemeral) isSealed(p Principal) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, sealed := e.sealed[p]
	return sealed
}

func (e *ephemeral) readSealed(ctx context.Context, s storage.Snapshot) error {
	for m, err := range s.MetaScan(ctx, metaSealed) {
		if err != nil {
			return err
		}
		e.sealed[Principal(m.Value)] = struct{}{}
	}
	return nil
}
