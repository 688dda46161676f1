package node

import (
	"context"
	"errors"
	"iter"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// role is what durable and ephemeral nodes do differently. Sessions have checked
// the schema and asked the policy before they call; all methods are safe for
// concurrent use.
type role interface {
	// record returns an entity's record, nil if there is none, and the number of a
	// commit as of which it is the newest.
	record(ctx context.Context, s *Session, m *model.Schema, id event.ID) (r *storage.Record, version uint64, err error)
	// fork is record for an entity that a transaction is to change.
	fork(ctx context.Context, s *Session, m *model.Schema, id event.ID) (r *storage.Record, version uint64, err error)
	// rows yields what a query selects, in its order.
	rows(ctx context.Context, s *Session, q *query.Checked) iter.Seq2[*storage.Record, error]
	// joined is rows, each of them joined if the query joins.
	joined(ctx context.Context, s *Session, q *query.Checked) iter.Seq2[*storage.Record, error]
	// count counts what rows would yield.
	count(ctx context.Context, s *Session, q *query.Checked) (int, error)
	// stand makes a query a standing one.
	stand(ctx context.Context, s *Session, q *query.Checked) (entity.Standing, error)
	// review asks the policy again about all live queries; see [Node.Review].
	review(ctx context.Context) error
	// events yields an entity's events in ID order, and who wrote them.
	events(ctx context.Context, s *Session, m *model.Schema, id event.ID) iter.Seq2[authored, error]
	// past returns a reader of what was at a moment.
	past(s *Session, m moment) entity.Reader
	// commit takes a transaction to where it is decided.
	commit(ctx context.Context, r *request) (Receipt, error)
	// receipt says what became of a transaction; see [Node.Receipt].
	receipt(ctx context.Context, tx event.ID) (Receipt, error)
	// failure is why nothing is committed any more, nil as long as it is.
	failure() error
	// close stops whatever writes. Nothing is written once it has returned nil.
	close(ctx context.Context) error
}

// durable is the role of a node that keeps history and a log of its own.
type durable struct{ *Node }

var _ role = durable{}

func (d durable) record(ctx context.Context, _ *Session, m *model.Schema, id event.ID) (*storage.Record, uint64, error) {
	version := d.committer.durable.Load() // before the record, which may be younger
	if ctx.Err() != nil {
		return nil, 0, ended(ctx)
	}
	if !d.readers.enter() {
		return nil, 0, ErrClosed
	}
	defer d.readers.leave()
	if d.sharing != nil {
		r, err := d.sharing.questions.record(ctx, storage.Key{Collection: m.Collection(), ID: id})
		return r, version, err
	}
	r, err := storage.State(ctx, d.engine, m.Collection(), id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil, version, nil
	}
	return r, version, err
}

func (d durable) fork(ctx context.Context, s *Session, m *model.Schema, id event.ID) (*storage.Record, uint64, error) {
	return d.record(ctx, s, m, id)
}

func (d durable) rows(ctx context.Context, s *Session, q *query.Checked) iter.Seq2[*storage.Record, error] {
	if past, ok := q.AsOf(); ok {
		return d.pastRows(ctx, s, past, q.Present())
	}
	return func(yield func(*storage.Record, error) bool) {
		snapshot, leave, err := d.open(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer leave()
		for r, err := range selectFrom(ctx, snapshot, q) {
			if !yield(r, err) || err != nil {
				return
			}
			if d.readers.isClosed() {
				yield(nil, ErrClosed)
				return
			}
		}
	}
}

func (d durable) joined(ctx context.Context, s *Session, q *query.Checked) iter.Seq2[*storage.Record, error] {
	return d.rows(ctx, s, q)
}

// pastRows yields what a query selected at some time.
func (d durable) pastRows(ctx context.Context, s *Session, past query.AsOf, q *query.Checked) iter.Seq2[*storage.Record, error] {
	return func(yield func(*storage.Record, error) bool) {
		rows, err := (&pastReader{d.Node, s, momentAsked(past)}).fetch(ctx, q)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (d durable) count(ctx context.Context, s *Session, q *query.Checked) (int, error) {
	if past, ok := q.AsOf(); ok {
		rows, err := (&pastReader{d.Node, s, momentAsked(past)}).fetch(ctx, q.Present())
		return len(rows), err
	}
	snapshot, leave, err := d.open(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	return storage.Count(ctx, snapshot, storage.Plan(ctx, snapshot, q))
}

func (d durable) commit(ctx context.Context, r *request) (Receipt, error) {
	return d.committer.submit(ctx, r)
}

func (d durable) receipt(ctx context.Context, tx event.ID) (Receipt, error) {
	r, done, decided, ok := d.committer.queue.find(tx)
	switch {
	case r != nil:
		select {
		case <-done:
			if r.receipt.Status == Pending {
				return r.receipt, r.err
			}
			return r.receipt, nil
		case <-ctx.Done():
			return Receipt{Transaction: tx, Status: Pending}, ended(ctx)
		}
	case ok:
		return decided, nil
	}
	return d.search(ctx, tx)
}

// search looks for a transaction in the logs.
func (d durable) search(ctx context.Context, tx event.ID) (Receipt, error) {
	snapshot, leave, err := d.open(ctx)
	if err != nil {
		return Receipt{}, err
	}
	defer leave()
	for entry, err := range snapshot.Log(ctx, event.Cursor{}) {
		if err != nil {
			return Receipt{}, err
		}
		if entry.Tx.ID == tx {
			return Receipt{Transaction: tx, Status: Accepted, Position: entry.Position()}, nil
		}
	}
	return Receipt{}, ErrUnknownTransaction
}
