package node

import (
	"context"
	"maps"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// windowed reports whether the query has a LIMIT or an OFFSET.
func (l *remote) windowed() bool {
	_, limited := l.query.Limit()
	return limited || l.query.Offset() > 0
}

// load fills the base with what is held here.
func (l *remote) load(ctx context.Context) error {
	snapshot, err := l.owner.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snapshot.Close()
	base := make(map[event.ID]*storage.Record)
	defer func() { l.hold(base) }()
	if l.groups != nil {
		var rows []*storage.Record
		for r, err := range selectFrom(ctx, snapshot, l.groups.Rows()) {
			if err != nil {
				return err
			}
			rows = append(rows, r)
		}
		groups := reactor.Groups(l.groups, rows)
		slices.SortFunc(groups, func(a, b *storage.Record) int { return l.query.Compare(&a.Row, &b.Row) })
		for _, g := range groups[min(l.query.Offset(), len(groups)):] {
			base[g.Row.ID] = g
		}
		return nil
	}
	for r, err := range selectFrom(ctx, snapshot, l.wide) {
		if err != nil {
			return err
		}
		base[r.Row.ID] = r
	}
	return nil
}

// take takes in what the peer says of the result: the whole of it, an answer to what
// was asked about the base and fits it, or a change. It needs the keeper's token.
func (l *remote) take(m *wire.Rows, records []*storage.Record, gone []event.ID) {
	why := make(map[event.ID]reactor.Reason, len(m.Departures))
	changed := make([]event.ID, 0, len(records)+len(m.Departures)+len(gone))
	l.mu.Lock()
	if m.Reset {
		l.hold(make(map[event.ID]*storage.Record, len(records)))
	}
	for _, r := range records {
		l.put(r)
		changed = append(changed, r.Row.ID)
	}
	for _, d := range m.Departures {
		l.drop(d.ID)
		why[d.ID] = reasonOf(d.Reason)
		changed = append(changed, d.ID)
	}
	for _, id := range gone {
		l.drop(id)
		changed = append(changed, id)
	}
	whole := m.Reset || m.Answer != 0 || !l.comparing
	if whole {
		l.cursor, l.comparing, l.distrusted = m.Cursor, false, false
	}
	changed = append(changed, l.reach(m.Cursor)...)
	l.mu.Unlock()
	switch phase := l.State().Phase; {
	case m.Reset:
		l.feedAll(l.rowsAmong(records), why)
	case phase == entity.Loading && whole:
		l.replace(why)
	case phase == entity.Loading: // what there is is not known yet
	default:
		l.update(changed, why)
	}
	if whole {
		l.become(entity.Complete, nil)
	}
}

func reasonOf(r wire.Reason) reactor.Reason {
	switch r {
	case wire.Deleted:
		return reactor.Deleted
	case wire.Denied:
		return reactor.Denied
	case wire.Limit:
		return reactor.Limit
	}
	return reactor.NoMatch
}

// overhear takes in what the peer said of entities on another occasion. As long
// as the peer keeps the result it says itself what that means for it. It needs
// the keeper's token.
func (l *remote) overhear(records []*storage.Record) {
	if l.State().Phase == entity.Complete || l.groups != nil {
		return
	}
	var changed []event.ID
	l.mu.Lock()
	edge := l.edge()
	for _, r := range records {
		if r.Collection != l.schema.Collection() {
			continue
		}
		held := l.base[r.Row.ID]
		switch r := l.joined(r); {
		case !l.wide.Match(&r.Row):
			l.drop(r.Row.ID)
		case held == nil && edge != nil && l.query.Compare(&r.Row, &edge.Row) > 0: // it has no known place
		default:
			l.put(r)
		}
		if held != nil || l.base[r.Row.ID] != nil {
			l.astray = true
			changed = append(changed, r.Row.ID)
		}
	}
	l.mu.Unlock()
	if len(changed) > 0 {
		l.update(changed, nil)
	}
}

// update shows what became of some entities. It needs the keeper's token.
func (l *remote) update(ids []event.ID, why map[event.ID]reactor.Reason) {
	phase := l.State().Phase
	switch {
	case phase == entity.Failed:
	case phase == entity.Loading && len(l.rows()) == 0:
	case phase == entity.Loading:
		l.become(entity.Local, nil)
		l.replace(why)
	case l.windowed(), len(ids) == 0:
		l.replace(why)
	default:
		l.patch(ids, why)
	}
}

// patch feeds some entities.
func (l *remote) patch(ids []event.ID, why map[event.ID]reactor.Reason) {
	var (
		upserts  []*storage.Record
		removals []reactor.Removal
	)
	for _, id := range ids {
		shown := l.pending(id)
		switch {
		case shown == nil && l.confirmed(id) != nil:
			upserts = append(upserts, l.confirmed(id))
		case shown != nil && l.query.Match(&shown.Row):
			upserts = append(upserts, shown)
		default:
			removals = append(removals, reactor.Removal{ID: id, Reason: l.reason(id, why), Last: shown})
		}
	}
	l.feed.Apply(nil, upserts, removals)
}

// replace feeds the whole result.
func (l *remote) replace(why map[event.ID]reactor.Reason) { l.feedAll(l.rows(), why) }

func (l *remote) feedAll(rows []*storage.Record, why map[event.ID]reactor.Reason) {
	l.feed.Replace(nil, rows, func(id event.ID) reactor.Reason { return l.reason(id, why) })
}

// reason is why an entity is not in the result any more.
func (l *remote) reason(id event.ID, why map[event.ID]reactor.Reason) reactor.Reason {
	shown := l.pending(id)
	switch known, ok := why[id]; {
	case shown != nil && shown.Row.Deleted:
		return reactor.Deleted
	case ok:
		return known
	case shown != nil && !l.query.Match(&shown.Row), shown == nil && l.base[id] == nil:
		return reactor.NoMatch
	}
	return reactor.Limit
}

// pending is what an entity looks like that has pending changes, or some whose receipt came before
// this query was told of them; nil for any other.
func (l *remote) pending(id event.ID) *storage.Record {
	if l.groups != nil {
		return nil
	}
	key := entity.Key{Collection: l.schema.Collection(), ID: id}
	t, base := l.owner.outbox.touched[key], l.base[id]
	a, told := l.ahead[id]
	if told {
		base = a.record
	}
	switch {
	case t != nil && t.shown != nil:
	case told:
		return l.joined(a.record)
	default:
		return nil
	}
	if base == nil || base.Stamp == t.on || t.wrong {
		return l.joined(t.shown)
	}
	// The peer has told this query and others of the entity at different times. The rest of
	// the result is of the time of its own base.
	shown, err := putOn(l.owner.ctx, base, eventsOf(key, t.by), l.schema)
	if err != nil {
		return l.joined(t.shown)
	}
	return l.joined(marked(shown, t.pending()))
}

// rows computes the result: the base, with entities that have pending changes
// judged anew. Of a query with LIMIT there may be some more.
func (l *remote) rows() []*storage.Record { return l.rowsAmong(slices.Collect(maps.Values(l.base))) }

// rowsAmong is rows for the records that are the base, which leaves them in their order. They may
// have others among them, which are passed by.
func (l *remote) rowsAmong(base []*storage.Record) []*storage.Record {
	collection := l.schema.Collection()
	rows := make([]*storage.Record, 0, len(base))
	for _, held := range base {
		id := held.Row.ID
		if l.base[id] != held {
			continue // another one came later
		}
		if r := l.confirmed(id); r != nil && l.pending(id) == nil {
			rows = append(rows, r)
		}
	}
	if l.groups != nil {
		return rows
	}
	edge := l.edge()
	put := func(id event.ID) {
		shown := l.pending(id)
		if shown == nil || !l.query.Match(&shown.Row) {
			return
		}
		if edge == nil || l.query.Compare(&shown.Row, &edge.Row) <= 0 {
			rows = append(rows, shown)
		}
	}
	for key := range l.owner.outbox.touched {
		if key.Collection == collection {
			put(key.ID)
		}
	}
	for id := range l.ahead {
		if t := l.owner.outbox.touched[entity.Key{Collection: collection, ID: id}]; t == nil {
			put(id)
		}
	}
	if offset := l.query.Offset(); offset > 0 {
		slices.SortFunc(rows, func(a, b *storage.Record) int { return l.query.Compare(&a.Row, &b.Row) })
		rows = rows[min(offset, len(rows)):]
	}
	return rows
}

// edge is the last row of the base, in the query's order, if there may be more
// that are not known: what comes after it has no known place. Otherwise it is
// nil.
func (l *remote) edge() *storage.Record {
	if n, limited := l.wide.Limit(); !limited || len(l.base) < n {
		return nil
	}
	var last *storage.Record
	for _, r := range l.base {
		if last == nil || l.query.Compare(&r.Row, &last.Row) > 0 {
			last = r
		}
	}
	return last
}
