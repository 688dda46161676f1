package node

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// A Session is a node together with the principal on whose behalf it acts. It
// costs nothing to make, needs no closing, and is safe for concurrent use.
// Collections read from it and query it; see package entity.
type Session struct {
	node      *Node
	principal Principal
	local     bool
}

var (
	_ entity.Session   = (*Session)(nil)
	_ entity.Counter   = (*Session)(nil)
	_ entity.Grouper   = (*Session)(nil)
	_ entity.Historian = (*Session)(nil)
)

// Node is the session's node.
func (s *Session) Node() *Node { return s.node }

// Principal is on whose behalf the session acts.
func (s *Session) Principal() Principal { return s.principal }

// Local returns a session that is content with what this node holds: on an
// ephemeral node, it reads without asking its peer. On a durable node it is like
// the session itself.
func (s *Session) Local() *Session {
	local := *s
	local.local = true
	return &local
}

// Get returns an entity as last committed. One that does not exist is
// entity.ErrNotFound; one that is deleted is entity.ErrDeleted, which comes with
// its last view.
func (s *Session) Get(ctx context.Context, m *model.Schema, id event.ID) (entity.View, error) {
	if err := s.may(ctx, m); err != nil {
		return entity.View{}, err
	}
	r, _, err := s.node.role.record(ctx, s, m, id)
	switch {
	case err != nil:
		return entity.View{}, err
	case r == nil:
		return entity.View{}, &entity.EntityError{Model: m.Model(), ID: id, Reason: entity.ErrNotFound}
	case r.Row.Deleted:
		err = &entity.EntityError{Model: m.Model(), ID: id, Reason: entity.ErrDeleted}
	}
	return viewOf(m, r), err
}

// Fetch yields what a query selects, all of it as of one commit. It neither
// waits for transactions that are being committed nor holds them up. A sequence
// that is not ranged over to its end keeps the store from letting go of what was
// overwritten since, and holds up the node's Close.
func (s *Session) Fetch(ctx context.Context, q *query.Checked) iter.Seq2[entity.View, error] {
	return func(yield func(entity.View, error) bool) {
		if err := s.mayAsk(ctx, q); err != nil {
			yield(entity.View{}, err)
			return
		}
		q := q.At(s.node.clock.Now())
		for r, err := range s.node.role.rows(ctx, s, q) {
			if !yield(viewOf(q.Schema(), r), err) || err != nil {
				return
			}
		}
	}
}

// Count returns how many entities Fetch would yield.
func (s *Session) Count(ctx context.Context, q *query.Checked) (int, error) {
	if err := s.mayAsk(ctx, q); err != nil {
		return 0, err
	}
	return s.node.role.count(ctx, s, q.At(s.node.clock.Now()))
}

// Groups returns the groups that a query with SELECT asks for, in its order. It
// implements [entity.Grouper].
func (s *Session) Groups(ctx context.Context, q *query.Checked) ([]entity.Group, error) {
	if err := s.mayAsk(ctx, q); err != nil {
		return nil, err
	}
	q = q.At(s.node.clock.Now())
	return entity.MakeGroups(q, func(yield func(*model.Row, error) bool) {
		for r, err := range s.node.role.joined(ctx, s, q.Rows()) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&r.Row, nil) {
				return
			}
		}
	})
}

// Query makes a query a standing one. On a durable node its result is complete
// when Query returns; on an ephemeral one it is what is held here, until the peer
// has answered. ctx is for that only; the caller closes the query, and the
// node's Close ends it too.
func (s *Session) Query(ctx context.Context, q *query.Checked) (entity.Standing, error) {
	q, err := s.standable(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.node.role.stand(ctx, s, q)
}

// standable returns a query as it can stand, if the session's principal may ask it.
func (s *Session) standable(ctx context.Context, q *query.Checked) (*query.Checked, error) {
	if err := s.mayAsk(ctx, q); err != nil {
		return nil, err
	}
	if err := mayStand(q); err != nil {
		return nil, err
	}
	return q.At(s.node.clock.Now()), nil
}

// mayStand says whether a query can be a live one.
func mayStand(q *query.Checked) error {
	if _, past := q.AsOf(); past {
		return ErrPast
	}
	return nil
}

// mayAsk says whether the session's principal may read all that a query reads.
func (s *Session) mayAsk(ctx context.Context, q *query.Checked) error {
	if q == nil {
		return ErrUnknownModel
	}
	for _, m := range involved(q) {
		if err := s.may(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// may says whether the session's principal may read a collection, which the node
// must know.
func (s *Session) may(ctx context.Context, m *model.Schema) error {
	if ctx == nil {
		return errNoContext
	}
	if err := s.node.schema(m); err != nil {
		return err
	}
	if e, ok := s.node.role.(*ephemeral); ok && e.isSealed(s.principal) {
		return ErrSealed
	}
	policy := s.node.policy
	if _, everybody := policy.(allowAll); everybody {
		return nil
	}
	err := guarded("the policy", func() error { return policy.Read(ctx, s.principal, m.Collection()) })
	if err != nil {
		return &DeniedError{Principal: s.principal, Collection: m.Collection(), Reason: err}
	}
	return nil
}

// Begin begins a transaction. It holds no resources: a transaction that is
// neither committed nor rolled back is garbage.
func (s *Session) Begin() *Tx {
	tx := &Tx{session: s}
	tx.work.init(s.node.clock, tx)
	return tx
}

// Update runs f with a transaction, and commits it if f returns nil; else, and if
// f panics, it is rolled back. When f made it serializable and it met a
// conflict, f is run again with a new one, up to [Limits].Retries times in all; f
// should have no other effects, therefore. The options are those of [Tx.Commit].
func (s *Session) Update(ctx context.Context, f func(tx *Tx) error, options ...CommitOption) error {
	for try := 1; ; try++ {
		err := s.update(ctx, f, options)
		if err == nil || !errors.Is(err, ErrConflict) {
			return err
		}
		if try >= s.node.limits.Retries {
			return fmt.Errorf("giving up after %d tries: %w", try, err)
		}
	}
}

func (s *Session) update(ctx context.Context, f func(tx *Tx) error, options []CommitOption) error {
	tx := s.Begin()
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	_, err := tx.Commit(ctx, options...)
	return err
}
