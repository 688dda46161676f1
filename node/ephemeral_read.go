package node

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// record implements role: what the peer says, and pending events on top.
func (e *ephemeral) record(ctx context.Context, s *Session, m *model.Schema, id event.ID) (*storage.Record, uint64, error) {
	if s.local {
		r, err := e.held(ctx, m, id)
		return r, 0, err
	}
	// Before the answer: what is accepted meanwhile may not be in it.
	key := entity.Key{Collection: m.Collection(), ID: id}
	by := e.writers(key)
	confirmed, err := e.ask(ctx, s, m, id)
	if err != nil {
		return nil, 0, err
	}
	r, err := putOn(ctx, confirmed, eventsOf(key, by), m)
	if errors.Is(err, entity.ErrMissing) { // the peer lags behind what was changed
		r, err = e.held(ctx, m, id)
		return r, 0, err
	}
	if err != nil || r == nil || len(by) == 0 {
		return r, 0, err
	}
	return marked(r, e.undecided(by)), 0, nil
}

// writers returns the pending transactions that write an entity.
func (e *ephemeral) writers(key entity.Key) []*pending {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.outbox.touched[key]; t != nil {
		return slices.Clone(t.by)
	}
	return nil
}

// allWriters returns the writers of several entities of a collection, and takes those out
// that have none any more.
func (e *ephemeral) allWriters(m *model.Schema, of map[event.ID]*storage.Record) map[event.ID][]*pending {
	by := make(map[event.ID][]*pending, len(of))
	for id := range of {
		if by[id] = e.writers(entity.Key{Collection: m.Collection(), ID: id}); len(by[id]) == 0 {
			delete(of, id)
		}
	}
	return by
}

// undecided returns the IDs of those of some transactions that are still in the outbox.
func (e *ephemeral) undecided(list []*pending) []event.ID {
	e.mu.Lock()
	defer e.mu.Unlock()
	var ids []event.ID
	for _, p := range list {
		if e.outbox.byTx[p.tx.ID] == p {
			ids = append(ids, p.tx.ID)
		}
	}
	return ids
}

// ask asks the peer for an entity.
func (e *ephemeral) ask(ctx context.Context, s *Session, m *model.Schema, id event.ID) (*storage.Record, error) {
	answer, err := e.call(ctx, s.principal, func(request, as uint64) wire.Message {
		return &wire.Get{Request: request, As: as, Collection: m.Collection(), Entity: id}
	})
	if err != nil {
		return nil, err
	}
	for i := range answer.rows {
		if row := &answer.rows[i]; row.Row.ID == id {
			return e.seen(m.Collection(), row), nil
		}
	}
	return nil, nil
}

// call asks the peer something on behalf of a principal, if there is one.
func (e *ephemeral) call(ctx context.Context, p Principal, question func(request, as uint64) wire.Message) (*call, error) {
	l := e.online()
	switch {
	case l != nil:
		return l.call(ctx, p, question)
	case e.ending.Err() != nil:
		return nil, ErrClosed
	}
	return nil, ErrOffline
}

// callLong is call for what may have a long answer.
func (e *ephemeral) callLong(ctx context.Context, p Principal, question func(request, as uint64) wire.Message) (*call, error) {
	if l := e.online(); l != nil {
		select {
		case l.long <- struct{}{}:
			defer func() { <-l.long }()
		case <-l.ctx.Done():
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return e.call(ctx, p, question)
}

// held returns what this node holds of an entity, nil if nothing.
func (e *ephemeral) held(ctx context.Context, m *model.Schema, id event.ID) (*storage.Record, error) {
	if shown := e.pending(m, id); shown != nil {
		return shown, nil
	}
	snapshot, leave, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return heldIn(ctx, snapshot, m.Collection(), id)
}

// pending returns what an entity with pending changes looks like, nil for any
// other.
func (e *ephemeral) pending(m *model.Schema, id event.ID) *storage.Record {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.outbox.touched[entity.Key{Collection: m.Collection(), ID: id}]; t != nil {
		return t.shown
	}
	return nil
}

// fork implements role. What is held here and known to be current needs no
// asking. Nor does, while there is nobody to ask, what is held at all: the change
// is made to what the user sees.
func (e *ephemeral) fork(ctx context.Context, s *Session, m *model.Schema, id event.ID) (*storage.Record, uint64, error) {
	if !s.local && e.online() != nil && !e.current(m, id) {
		return e.record(ctx, s, m, id)
	}
	r, err := e.held(ctx, m, id)
	if r == nil && err == nil && !s.local && e.online() == nil {
		err = ErrOffline
	}
	return r, 0, err
}

// current reports whether an entity is part of some complete result, or was
// written here and is not confirmed yet.
func (e *ephemeral) current(m *model.Schema, id event.ID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t := e.outbox.touched[entity.Key{Collection: m.Collection(), ID: id}]; t != nil {
		return t.shown != nil
	}
	for l := range e.remotes {
		if l.schema == m && l.has(id) {
			return true
		}
	}
	return false
}

// rows implements role: what the peer selects, with the pending events put on.
func (e *ephemeral) rows(ctx context.Context, s *Session, q *query.Checked) iter.Seq2[*storage.Record, error] {
	return e.selected(ctx, s, q, false)
}

// joined implements role.
func (e *ephemeral) joined(ctx context.Context, s *Session, q *query.Checked) iter.Seq2[*storage.Record, error] {
	return e.selected(ctx, s, q, true)
}

// selected yields what a query selects. The peer follows references, unless
// pending changes matter to where they lead; what it sends is not joined.
func (e *ephemeral) selected(ctx context.Context, s *Session, q *query.Checked, joined bool) iter.Seq2[*storage.Record, error] {
	return func(yield func(*storage.Record, error) bool) {
		changed, others := e.shown(q)
		by := e.allWriters(q.Schema(), changed) // before the answer, as in record
		base := func(q *query.Checked) iter.Seq2[*storage.Record, error] {
			return e.fetchUnder(ctx, s, q, changed, by)
		}
		if _, past := q.AsOf(); past {
			if s.local {
				yield(nil, ErrEphemeral)
				return
			}
			changed, others = nil, false
		}
		if s.local {
			snapshot, leave, err := e.open(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			defer leave()
			base = func(q *query.Checked) iter.Seq2[*storage.Record, error] { return selectFrom(ctx, snapshot, q) }
		}
		found := over(q, changed, base)
		if len(q.Joined()) > 0 && (joined || others || len(changed) > 0) {
			found = joinedOver(q, changed, e.lookup(ctx, s), base)
		}
		for r, err := range found {
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// shown returns what the entities of a query's collection look like that have
// pending changes, and whether entities that it follows references to have some
// too.
func (e *ephemeral) shown(q *query.Checked) (changed map[event.ID]*storage.Record, others bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, m := range involved(q) {
		shown := e.outbox.shown(m.Collection())
		if i == 0 {
			changed = shown
		} else {
			others = others || len(shown) > 0
		}
	}
	return changed, others
}

// lookup finds what references lead to, with pending changes.
func (e *ephemeral) lookup(ctx context.Context, s *Session) query.Lookup {
	return storage.Remember(func(m *model.Schema, id event.ID) (*storage.Record, error) {
		r, _, err := e.record(ctx, s, m, id)
		return r, err
	})
}

// fetch yields what the peer selects.
func (e *ephemeral) fetch(ctx context.Context, s *Session, q *query.Checked) iter.Seq2[*storage.Record, error] {
	return func(yield func(*storage.Record, error) bool) {
		text, err := asText(q)
		if err != nil {
			yield(nil, err)
			return
		}
		answer, err := e.callLong(ctx, s.principal, func(request, as uint64) wire.Message {
			return &wire.Fetch{Request: request, As: as, Collection: q.Schema().Collection(), Query: text}
		})
		if err != nil {
			yield(nil, err)
			return
		}
		for i := range answer.rows {
			if !yield(e.seen(q.Schema().Collection(), &answer.rows[i]), nil) {
				return
			}
		}
	}
}

// fetchUnder yields what the peer selects, and makes the rows in changed that are part of
// it what they are on top of what the peer says: the rest of the answer may tell of
// changes that were committed together with one that they do not show yet.
func (e *ephemeral) fetchUnder(ctx context.Context, s *Session, q *query.Checked, changed map[event.ID]*storage.Record, by map[event.ID][]*pending) iter.Seq2[*storage.Record, error] {
	if len(changed) == 0 {
		return e.fetch(ctx, s, q)
	}
	var list []*storage.Record
	var failed error
	for r, err := range e.fetch(ctx, s, q) {
		if failed = err; err != nil {
			break
		}
		list = append(list, r)
		id := r.Row.ID
		if changed[id] == nil {
			continue
		}
		events := eventsOf(entity.Key{Collection: r.Collection, ID: id}, by[id])
		shown, err := putOn(ctx, r, events, q.Schema())
		if errors.Is(err, entity.ErrMissing) {
			continue // the peer lags behind what was changed: it stays what it is here
		}
		if failed = err; err != nil {
			break
		}
		changed[id] = marked(shown, e.undecided(by[id]))
	}
	return func(yield func(*storage.Record, error) bool) {
		if failed != nil {
			yield(nil, failed)
			return
		}
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// asText is a query as it goes over the wire.
func asText(q *query.Checked) (string, error) {
	text := q.Query().String()
	if len(text) > wire.MaxQuery {
		return "", &event.LimitError{What: "bytes in a query", Limit: wire.MaxQuery, Got: len(text)}
	}
	return text, nil
}

// count implements role.
func (e *ephemeral) count(ctx context.Context, s *Session, q *query.Checked) (int, error) {
	n := 0
	for _, err := range e.rows(ctx, s, q) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}

// events implements role: the peer's events, and the pending ones.
func (e *ephemeral) events(ctx context.Context, s *Session, m *model.Schema, id event.ID) iter.Seq2[authored, error] {
	return func(yield func(authored, error) bool) {
		list, err := e.history(ctx, s, m, id)
		if err != nil {
			yield(authored{}, err)
			return
		}
		for _, item := range list {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func (e *ephemeral) history(ctx context.Context, s *Session, m *model.Schema, id event.ID) ([]authored, error) {
	if s.local {
		return nil, ErrEphemeral
	}
	undelivered := e.undelivered(m, id) // before the answer, as in record
	answer, err := e.callLong(ctx, s.principal, func(request, as uint64) wire.Message {
		return &wire.History{Request: request, As: as, Collection: m.Collection(), Entity: id}
	})
	if err != nil {
		return nil, err
	}
	known := make(map[event.ID]struct{}, len(answer.events))
	list := make([]authored, 0, len(answer.events))
	for _, item := range answer.events {
		known[item.Event.ID] = struct{}{}
		e.clock.Observe(item.Event.ID)
		list = append(list, authored{
			Stored: storage.Stored{Event: item.Event, Tx: item.Tx, Origin: item.Origin, Seq: item.Seq}, author: item.Author,
		})
	}
	for _, item := range undelivered {
		if _, again := known[item.Event.ID]; !again {
			list = append(list, item)
		}
	}
	slices.SortStableFunc(list, func(a, b authored) int { return a.Event.ID.Compare(b.Event.ID) })
	return list, nil
}

// undelivered returns the pending events of an entity.
func (e *ephemeral) undelivered(m *model.Schema, id event.ID) []authored {
	e.mu.Lock()
	defer e.mu.Unlock()
	t := e.outbox.touched[entity.Key{Collection: m.Collection(), ID: id}]
	if t == nil {
		return nil
	}
	var list []authored
	for _, p := range t.by {
		for _, ev := range p.tx.Events {
			if ev.Entity == id && ev.Collection == m.Collection() {
				list = append(list, authored{Stored: storage.Stored{Event: ev, Tx: p.tx.ID}, author: string(p.principal)})
			}
		}
	}
	return list
}

// past implements role: there is none here.
func (e *ephemeral) past(*Session, moment) entity.Reader { return noPast{} }

type noPast struct{}

// Get implements entity.Reader.
func (noPast) Get(context.Context, *model.Schema, event.ID) (entity.View, error) {
	return entity.View{}, ErrEphemeral
}

// Fetch implements entity.Reader.
func (noPast) Fetch(context.Context, *query.Checked) iter.Seq2[entity.View, error] {
	return func(yield func(entity.View, error) bool) { yield(entity.View{}, ErrEphemeral) }
}

// seen makes a record of a row that is shown and not kept. What is written here
// from now on sorts after it (C1).
func (e *ephemeral) seen(collection string, row *wire.Row) *storage.Record {
	r := received(collection, row)
	e.clock.Observe(r.Row.Head.Max())
	return r
}

// received makes a record of a row that came over the wire. What the peer joined to it is
// for the live query that it came for: see [remote.admitJoined].
func received(collection string, row *wire.Row) *storage.Record {
	r := &storage.Record{Collection: collection, Row: row.Row, Stamp: row.Row.Head.Stamp(), Merge: row.Merge}
	r.Row.Joined = nil
	return r
}
