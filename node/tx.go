package node

import (
	"context"
	"iter"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// A Tx is a transaction: changes that are committed together or not at all. Until
// then nobody else sees them, while reads through the Tx do.
//
// An entity is forked when the transaction first touches it by Get, Edit, Delete
// or Undelete: from then on the transaction sees it as it was, plus its own
// changes. Entities are forked one by one: that is not one snapshot of all of
// them. Fetch looks at what is committed at that moment, with the touched
// entities as the transaction has them; it forks nothing.
//
// That somebody else changed an entity meanwhile is no conflict: both changes
// merge. Who needs more makes the transaction [Tx.Serializable].
//
// A Tx is not safe for concurrent use, nor are the drafts that it gives out. It
// is of no use after Commit or Rollback.
type Tx struct {
	session      *Session
	work         workspace
	supersedes   event.ID // see Session.Resubmit
	serializable bool
	began        bool // it has read
	err          error

	forks   []*storage.Record // what was there at first touch
	version uint64            // as of which all forks were current
	fetched map[entity.Key]event.Stamp
	request request // of Commit
}

var _ entity.Tx = (*Tx)(nil)

// Serializable makes the transaction depend on everything that it reads: Commit
// fails with ErrConflict if any of it has changed meanwhile, an entity that was
// looked for and not found included. To be called before the first read. That
// Fetch would find other entities now, which it did not find then, is not
// noticed. It returns the transaction.
func (t *Tx) Serializable() *Tx {
	if t.began {
		t.misuse(ErrLate)
	}
	t.serializable = true
	return t
}

func (t *Tx) misuse(err error) {
	if t.err == nil {
		t.err = err
	}
}

// Create makes a new entity with the values of the schema's fields, in their
// order. Its ID is final.
func (t *Tx) Create(s *model.Schema, values []model.Value) (*entity.Draft, error) {
	if err := t.session.node.schema(s); err != nil {
		return nil, err
	}
	return t.work.Create(s, values)
}

// Get returns an entity as the transaction sees it. The errors are those of
// [Session.Get].
func (t *Tx) Get(ctx context.Context, s *model.Schema, id event.ID) (entity.View, error) {
	return t.work.Get(ctx, s, id)
}

// Fetch yields what a query selects, in its order and window: committed entities
// as they are now, touched ones as the transaction sees them.
func (t *Tx) Fetch(ctx context.Context, q *query.Checked) iter.Seq2[entity.View, error] {
	return t.work.Fetch(ctx, q)
}

// Groups returns the groups that a query with SELECT asks for, of the entities that
// Fetch would yield. It implements [entity.Grouper].
func (t *Tx) Groups(ctx context.Context, q *query.Checked) ([]entity.Group, error) {
	return t.work.Groups(ctx, q)
}

// Edit returns a draft of an entity, which records changes to it. The errors are
// those of [Session.Get].
func (t *Tx) Edit(ctx context.Context, s *model.Schema, id event.ID) (*entity.Draft, error) {
	return t.work.Edit(ctx, s, id)
}

// Delete deletes an entity. The errors are those of [Session.Get].
func (t *Tx) Delete(ctx context.Context, s *model.Schema, id event.ID) error {
	return t.work.Delete(ctx, s, id)
}

// Undelete takes a deletion back; for an entity that is not deleted it does
// nothing. For one that does not exist the error is entity.ErrNotFound.
func (t *Tx) Undelete(ctx context.Context, s *model.Schema, id event.ID) error {
	return t.work.Undelete(ctx, s, id)
}

// Rollback drops the transaction. After Commit, or a second time, it does
// nothing.
func (t *Tx) Rollback() { t.work.overlay.Finish() }

// fork implements [source].
func (t *Tx) fork(ctx context.Context, s *model.Schema, id event.ID) (*storage.Record, error) {
	if err := t.session.may(ctx, s); err != nil {
		return nil, err
	}
	record, version, err := t.session.node.role.fork(ctx, t.session, s, id)
	if err != nil {
		return nil, err
	}
	if len(t.forks) == 0 || version < t.version {
		t.version = version
	}
	t.began = true
	if record != nil {
		t.forks = append(t.forks, record)
	}
	return record, nil
}

// look implements [source].
func (t *Tx) look(ctx context.Context, s *model.Schema, id event.ID) (*storage.Record, error) {
	r, _, err := t.session.node.role.record(ctx, t.session, s, id)
	if err == nil && r != nil && t.serializable {
		t.remember(r)
	}
	return r, err
}

// rows implements [source].
func (t *Tx) rows(ctx context.Context, q *query.Checked) iter.Seq2[*storage.Record, error] {
	return func(yield func(*storage.Record, error) bool) {
		if err := t.session.mayAsk(ctx, q); err != nil {
			yield(nil, err)
			return
		}
		t.began = true
		for r, err := range t.session.node.role.rows(ctx, t.session, q) {
			if err == nil && t.serializable {
				t.remember(r)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// remember notes that a serializable transaction has seen a row.
func (t *Tx) remember(r *storage.Record) {
	if t.fetched == nil {
		t.fetched = make(map[entity.Key]event.Stamp)
	}
	key := entity.Key{Collection: r.Collection, ID: r.Row.ID}
	if _, again := t.fetched[key]; !again {
		t.fetched[key] = r.Stamp
	}
}

// Commit makes the changes durable and visible, or returns why not: the first
// misuse of a draft, what a Validate method says, ErrConflict, ErrDenied,
// ErrReadOnly, ErrClosed and others. Whatever it returns, the transaction is
// finished. With nothing to commit the receipt is Empty.
//
// On an ephemeral node the transaction goes into the outbox and is shown at once.
// The receipt is Pending, and [Node.Receipt] waits for what becomes of it. With
// ErrOutboxFull and ErrDependency nothing happened. Told [UntilAccepted], Commit
// waits itself, as it does if the transaction is serializable, which takes a
// connection: else it is ErrOffline.
//
// When ctx ends before the transaction is taken up, nothing happened and the
// error is that of ctx. Later, it is ErrPending, and the transaction is decided
// all the same: [Node.Receipt] with the receipt's Transaction tells.
func (t *Tx) Commit(ctx context.Context, options ...CommitOption) (Receipt, error) {
	overlay := &t.work.overlay
	if overlay.Finished() {
		return Receipt{}, entity.ErrFinished
	}
	defer overlay.Finish()
	switch {
	case ctx == nil:
		return Receipt{}, errNoContext
	case t.err != nil:
		return Receipt{}, t.err
	}
	tx, err := overlay.Build(t.session.node.clock)
	if err != nil {
		return Receipt{}, err
	}
	if tx == nil {
		return Receipt{}, t.verify(ctx)
	}
	r := &t.request
	r.init(t.session.principal, tx)
	if err := checkForm(t.session.principal, tx); err != nil {
		r.fail(err)
		return r.receipt, r.err
	}
	r.minted, r.version, r.forks = true, t.version, t.guess(ctx, tx, r.one[:0])
	if t.serializable {
		r.reads = t.reads()
	}
	r.supersedes = t.supersedes
	for _, option := range options {
		option(r)
	}
	return t.session.node.role.commit(ctx, r)
}

// reads lists what a serializable transaction depends on.
func (t *Tx) reads() []read {
	var list []read
	for key, stamp := range t.fetched {
		list = append(list, read{key.Collection, key.ID, stamp})
	}
	for key, head := range t.work.overlay.Reads() {
		list = append(list, read{key.Collection, key.ID, head.Stamp()})
	}
	return list
}

// verify checks a serializable transaction that changes nothing. Nothing that it
// read has changed at the time of the first look: stamps do not come again.
func (t *Tx) verify(ctx context.Context) error {
	if !t.serializable {
		return nil
	}
	for _, read := range t.reads() {
		s := t.session.node.models.of(read.collection)
		now, _, err := t.session.node.role.record(ctx, t.session, s, read.id)
		if err != nil {
			return err
		}
		if stampOf(now) != read.stamp {
			return &ConflictError{Collection: read.collection, ID: read.id}
		}
	}
	return nil
}

// guess folds the transaction's events onto the forks: here, on the goroutine of
// the author, so that the committer need not, as long as nobody else was quicker.
// What cannot be folded here is folded, or refused, in its turn. It appends to
// forks, which is empty.
func (t *Tx) guess(ctx context.Context, tx *event.Transaction, forks []fork) []fork {
	forks = slices.Grow(forks, len(tx.Events))[:len(tx.Events)]
	find := t.finder()
	for i, e := range tx.Events {
		f := &forks[i]
		if !e.IsCreation() {
			f.before = find(e)
			if f.before == nil || !f.before.Row.Head.Equal(e.Precursors) {
				continue
			}
		}
		f.after, _, _ = fold(ctx, f.before, e, t.session.node.models.of(e.Collection), nil)
	}
	return forks
}

// finder returns a function that finds the fork of an event's entity.
func (t *Tx) finder() func(e *event.Event) *storage.Record {
	const few = 16
	if len(t.forks) <= few {
		return func(e *event.Event) *storage.Record {
			for _, r := range t.forks {
				if r.Row.ID == e.Entity && r.Collection == e.Collection {
					return r
				}
			}
			return nil
		}
	}
	byKey := make(map[entity.Key]*storage.Record, len(t.forks))
	for _, r := range t.forks {
		byKey[entity.Key{Collection: r.Collection, ID: r.Row.ID}] = r
	}
	return func(e *event.Event) *storage.Record { return byKey[entity.Key{Collection: e.Collection, ID: e.Entity}] }
}
