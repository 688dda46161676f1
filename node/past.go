package node

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// moment is a point in one of the two orders of history: it says whether the
// transaction at an address lies before it.
type moment func(tx event.ID, origin event.Origin, seq uint64) bool

// momentAt is that of a time.
func momentAt(t time.Time) moment {
	millis := t.UnixMilli()
	return func(tx event.ID, _ event.Origin, _ uint64) bool { return tx.Time().UnixMilli() <= millis }
}

// momentOf is that of a transaction.
func momentOf(id event.ID) moment {
	return func(tx event.ID, _ event.Origin, _ uint64) bool { return !id.Less(tx) }
}

// momentAsked is that of a query with AS OF.
func momentAsked(past query.AsOf) moment {
	if past.Tx.IsZero() {
		return momentAt(past.Time)
	}
	return momentOf(past.Tx)
}

// AsOf returns a reader of the past as it is known now: of all transactions that
// were made, by their authors' clocks, at t or before. One that arrives later and
// was made before t changes it. Transactions are seen whole or not at all. Their
// times have milliseconds: one that was made within that of t is seen.
//
// The reader folds events, so a Get costs the entity's history, and a Fetch a
// pass over the logs. It is safe for concurrent use.
func (s *Session) AsOf(t time.Time) entity.Reader {
	return s.node.role.past(s, momentAt(t))
}

// AsOfTransaction is like [Session.AsOf], with a transaction in the place of a
// time: it sees that transaction and all that have a smaller ID.
func (s *Session) AsOfTransaction(id event.ID) entity.Reader {
	return s.node.role.past(s, momentOf(id))
}

// AsKnown returns a reader of what a node knew when its logs were at the cursor,
// see [Node.Cursor]. It never changes, whatever arrives later, which makes it the
// one for audits. It costs what the reader of [Session.AsOf] costs. What the
// cursor covers beyond this node's own logs is missing.
func (s *Session) AsKnown(c event.Cursor) entity.Reader {
	return s.node.role.past(s, func(_ event.ID, o event.Origin, seq uint64) bool { return c.CoversPosition(o, seq) })
}

func (d durable) past(s *Session, m moment) entity.Reader {
	return &pastReader{node: d.Node, session: s, moment: m}
}

// pastReader reads by folding events.
type pastReader struct {
	node    *Node
	session *Session
	moment  moment
}

// Get implements [entity.Reader].
func (p *pastReader) Get(ctx context.Context, m *model.Schema, id event.ID) (entity.View, error) {
	if err := p.session.may(ctx, m); err != nil {
		return entity.View{}, err
	}
	snapshot, leave, err := p.node.open(ctx)
	if err != nil {
		return entity.View{}, err
	}
	defer leave()
	f := entity.NewFolder(m.Collection(), id)
	for e, err := range snapshot.Events(ctx, id, nil) {
		if err != nil {
			return entity.View{}, err
		}
		if e.Event.Collection != m.Collection() || !p.moment(e.Tx, e.Origin, e.Seq) {
			continue
		}
		if _, err := f.Add(e.Event); err != nil {
			return entity.View{}, err
		}
	}
	state := f.State()
	switch {
	case !state.Exists():
		return entity.View{}, &entity.EntityError{Model: m.Model(), ID: id, Reason: entity.ErrNotFound}
	case state.Deleted():
		err = &entity.EntityError{Model: m.Model(), ID: id, Reason: entity.ErrDeleted}
	}
	return viewOf(m, recordOf(state, m)), err
}

// Fetch implements [entity.Reader].
func (p *pastReader) Fetch(ctx context.Context, q *query.Checked) iter.Seq2[entity.View, error] {
	return func(yield func(entity.View, error) bool) {
		rows, err := p.fetch(ctx, q)
		if err != nil {
			yield(entity.View{}, err)
			return
		}
		for _, r := range rows {
			if !yield(viewOf(asked(q), r), nil) {
				return
			}
		}
	}
}

func (p *pastReader) fetch(ctx context.Context, q *query.Checked) ([]*storage.Record, error) {
	if err := p.session.mayAsk(ctx, q); err != nil {
		return nil, err
	}
	if past, ok := q.AsOf(); ok { // within the past: what both have seen
		outer, inner := p.moment, momentAsked(past)
		p = &pastReader{p.node, p.session, func(tx event.ID, o event.Origin, seq uint64) bool {
			return outer(tx, o, seq) && inner(tx, o, seq)
		}}
	}
	q = q.At(p.node.clock.Now())
	snapshot, leave, err := p.node.open(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	folded, err := p.replay(ctx, snapshot, involved(q))
	if err != nil {
		return nil, err
	}
	limit := -1
	if n, ok := q.Limit(); ok {
		limit = n
	}
	top := plan.NewTop(func(a, b *storage.Record) int { return q.Compare(&a.Row, &b.Row) }, q.Offset(), limit)
	for id := range folded[q.Schema().Collection()] {
		r := folded.record(q.Schema(), id)
		if r == nil {
			continue
		}
		row, err := q.Join(folded, &r.Row)
		if err != nil {
			return nil, err
		}
		if q.Match(row) {
			top.Add(storage.WithRow(r, row))
		}
	}
	return top.Take(), nil
}

// foldings are entities as they were, by collection and ID.
type foldings map[string]map[event.ID]*entity.Folder

var _ query.Lookup = foldings{}

// record returns the record of an entity, nil if it did not exist.
func (f foldings) record(m *model.Schema, id event.ID) *storage.Record {
	folder := f[m.Collection()][id]
	if folder == nil || !folder.State().Exists() {
		return nil
	}
	return recordOf(folder.State(), m)
}

// Row implements [query.Lookup].
func (f foldings) Row(m *model.Schema, id event.ID) (*model.Row, error) {
	if r := f.record(m, id); r != nil {
		return &r.Row, nil
	}
	return nil, nil
}

// replay folds all events of some collections that lie before the moment.
func (p *pastReader) replay(ctx context.Context, s storage.Snapshot, of []*model.Schema) (foldings, error) {
	folded := make(foldings, len(of))
	for _, m := range of {
		folded[m.Collection()] = make(map[event.ID]*entity.Folder)
	}
	for entry, err := range s.Log(ctx, event.Cursor{}) {
		if err != nil {
			return nil, err
		}
		for e := range p.seen(entry) {
			folders := folded[e.Collection]
			if folders == nil {
				continue
			}
			f := folders[e.Entity]
			if f == nil {
				f = entity.NewFolder(e.Collection, e.Entity)
				folders[e.Entity] = f
			}
			if _, err := f.Add(e); err != nil {
				return nil, err
			}
		}
	}
	return folded, nil
}

// seen yields the events of an entry that lie before the moment. What hooks
// added is a transaction of its own.
func (p *pastReader) seen(entry *event.Entry) iter.Seq[*event.Event] {
	var events []*event.Event
	if p.moment(entry.Tx.ID, entry.Origin, entry.Seq) {
		events = entry.Tx.Events
	}
	if len(entry.Added) > 0 && p.moment(entry.AddedID(), entry.Origin, entry.Seq) {
		events = slices.Concat(events, entry.Added)
	}
	return slices.Values(events)
}
