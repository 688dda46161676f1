package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// Resubmit returns a transaction that holds what a rejected one of the same principal
// was to change, on entities as they are now. It can be changed further, and is
// committed like any other: then the rejected one is superseded by it, in one step,
// and the ledger keeps no more of it than that. As long as it is not committed, nothing has
// happened. If nothing is left to change, its receipt is Empty, and the rejected one
// stays.
//
// An entity that was to be created keeps its ID, so what refers to it, and other
// rejected transactions that changed it, can be resubmitted after it. If it exists by
// now, it is changed. The transaction is not serializable, even if the rejected one
// was, unless the caller makes it so.
//
// For a transaction that is not in the ledger as a rejected one of this principal the
// error is ErrUnknownTransaction, of Commit likewise if it has been superseded or
// dismissed meanwhile. With entity.ErrNotFound, which names the entity, one that was
// to be changed is not there. ErrOffline says that it is not held here and there is nobody to
// ask; on a durable node it is ErrDurable.
func (s *Session) Resubmit(ctx context.Context, tx event.ID) (*Tx, error) {
	e, err := s.client(ctx)
	if err != nil {
		return nil, err
	}
	entry, err := e.rejected(ctx, tx)
	if err != nil {
		return nil, err
	}
	if entry.Principal != s.principal {
		return nil, ErrUnknownTransaction
	}
	t := s.Begin()
	t.supersedes = tx
	for _, ev := range entry.Content.Events {
		if err := t.repeat(ctx, ev); err != nil {
			t.Rollback()
			return nil, fmt.Errorf("resubmitting transaction %v: %w", tx, err)
		}
	}
	return t, nil
}

// Retry commits what [Session.Resubmit] returns, as it is: the changes of a rejected
// transaction become a new one, on entities as they are now. The receipt and the
// errors are those of Resubmit and [Tx.Commit].
func (s *Session) Retry(ctx context.Context, tx event.ID, options ...CommitOption) (Receipt, error) {
	t, err := s.Resubmit(ctx, tx)
	if err != nil {
		return Receipt{}, err
	}
	return t.Commit(ctx, options...)
}

// repeat records in a new transaction what an event of an old one was to change.
func (t *Tx) repeat(ctx context.Context, ev *event.Event) error {
	s := t.session.node.models.of(ev.Collection)
	if s == nil {
		return fmt.Errorf("collection %s: %w", ev.Collection, ErrUnknownModel)
	}
	record, err := t.fork(ctx, s, ev.Entity)
	if ev.IsCreation() && errors.Is(err, ErrOffline) {
		err = nil
	}
	switch {
	case err != nil:
		return err
	case record != nil:
		t.work.overlay.Fork(s, ev.Entity, &record.Row)
	case ev.IsCreation():
		if _, err := t.work.overlay.Recreate(s, ev.Entity); err != nil {
			return err
		}
	}
	// An entity that is deleted takes no values.
	for _, undelete := range []bool{true, false} {
		for i := range ev.Ops {
			if op := &ev.Ops[i]; undelete == (op.Kind == event.OpUndelete) {
				if err := t.repeatOne(ctx, s, ev.Entity, op); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// repeatOne records what an operation was to change.
func (t *Tx) repeatOne(ctx context.Context, s *model.Schema, id event.ID, op *event.Operation) error {
	switch op.Kind {
	case event.OpDelete:
		return t.Delete(ctx, s, id)
	case event.OpUndelete:
		return t.Undelete(ctx, s, id)
	case event.OpSet:
	default:
		return fmt.Errorf("%s %v: operation %d on %s cannot be repeated", s.Model(), id, op.Kind, op.Field)
	}
	column, ok := s.Field(s.Current(op.Field))
	if !ok {
		return fmt.Errorf("%s %v: the model has no field %s any more", s.Model(), id, op.Field)
	}
	v, err := model.DecodeValue(op.Value)
	if err != nil {
		return err
	}
	draft, err := t.Edit(ctx, s, id)
	if err != nil {
		return err
	}
	if v.IsNull() {
		draft.Clear(column)
	} else {
		draft.Set(column, v)
	}
	return t.work.overlay.Err()
}

// supersede is what is to be stored when another transaction takes a rejected one's
// place.
func (e *ephemeral) supersede(old LedgerEntry, by event.ID) []storage.MetaChange {
	return e.keep(LedgerEntry{
		Transaction: old.Transaction, Status: Superseded, Principal: old.Principal, Time: e.clock.Now(), By: by,
	}, nil)
}

// Discard takes a pending transaction back that no durable node has been given: it
// is as if it had never been committed, here and after a restart, and live queries
// follow at once. What builds on it, directly or not, goes with it, whoever
// committed it; Discard returns the IDs of all, the one discarded first. Who waits
// for one of them finds it rejected, with ErrDiscarded; later they are unknown.
//
// Of one that is being delivered, or may have been without an answer, the verdict
// decides, which [Node.Receipt] waits for: the error is ErrDelivered. After a
// restart that is assumed of all that were committed before the last connection
// ended. For one that is not pending it is ErrUnknownTransaction; a rejected one is
// for [Node.Dismiss].
func (n *Node) Discard(ctx context.Context, tx event.ID) ([]event.ID, error) {
	if ctx == nil {
		return nil, errNoContext
	}
	e, ok := n.role.(*ephemeral)
	if !ok {
		return nil, ErrDurable
	}
	if err := e.keeper.begin(ctx); err != nil {
		return nil, err
	}
	defer e.keeper.end()
	list, err := e.withhold(tx)
	if err != nil {
		return nil, err
	}
	ids := make([]event.ID, len(list))
	meta := make([]storage.MetaChange, len(list))
	for i, p := range list {
		ids[i], meta[i] = p.tx.ID, storage.MetaChange{Key: p.key()}
	}
	if err := e.keeper.store(nil, meta...); err != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		if len(list[0].after) == 0 {
			e.outbox.offer(list[0])
		}
		return nil, err
	}
	for _, p := range list {
		p.receipt = Receipt{Transaction: p.tx.ID, Status: Rejected, Reason: ErrDiscarded}
	}
	return ids, e.conclude(list, nil)
}

// withhold keeps a transaction from being delivered, if it is not too late for that.
// It returns it with those that build on it.
func (e *ephemeral) withhold(tx event.ID) ([]*pending, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.outbox.byTx[tx]
	switch {
	case p == nil:
		return nil, ErrUnknownTransaction
	case p.sealed:
		return nil, ErrSealed
	case p.underWay || p.doubt:
		return nil, fmt.Errorf("transaction %v: %w", tx, ErrDelivered)
	}
	e.outbox.ready = without(e.outbox.ready, p)
	return append([]*pending{p}, e.outbox.dependants(p)...), nil
}
