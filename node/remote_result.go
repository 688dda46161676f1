package node

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
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
	l.base = make(map[event.ID]*storage.Record)
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
			l.base[g.Row.ID] = g
		}
		return nil
	}
	for r, err := range selectFrom(ctx, snapshot, l.wide) {
		if err != nil {
			return err
		}
		l.base[r.Row.ID] = r
	}
	return nil
}

// heldOf names a row that is held, as it is: with what was joined to it.
func heldOf(id event.ID, r *storage.Record) wire.Held {
	h := wire.Held{ID: id, Stamp: r.Stamp}
	if r.Row.Joined != nil {
		sum := sha256.New()
		sum.Write(h.Stamp[:])
		for _, v := range *r.Row.Joined {
			b := v.AppendTo(nil)
			sum.Write(codec.AppendUvarint(nil, uint64(len(b))))
			sum.Write(b)
		}
		copy(h.Stamp[:], sum.Sum(nil))
	}
	return h
}

// question asks for the query, as far as it is not known yet.
func (l *remote) question(request, as uint64) *wire.Subscribe {
	l.mu.Lock()
	l.astray = false
	held := make([]wire.Held, 0, len(l.base))
	for id, r := range l.base {
		held = append(held, heldOf(id, r))
	}
	text := l.text
	l.mu.Unlock()
	return &wire.Subscribe{
		Request: request, As: as, Collection: l.schema.Collection(), Query: text,
		Held: uint64(len(held)), Digest: wire.RowsDigest(held),
	}
}

// confirm notes that the base is the result. It reports false if it was when the
// peer was asked, and is not any more. It needs the keeper's token.
func (l *remote) confirm() bool {
	l.mu.Lock()
	astray := l.astray
	l.mu.Unlock()
	if astray {
		return false
	}
	if l.State().Phase == entity.Loading {
		l.replace(nil)
	}
	l.become(entity.Complete, nil)
	return true
}

// take takes in what the peer says of the result. It needs the keeper's token.
func (l *remote) take(reset bool, records []*storage.Record, departures []wire.Departure) {
	base := l.base
	if reset {
		base = make(map[event.ID]*storage.Record, len(records))
	}
	why := make(map[event.ID]reactor.Reason, len(departures))
	changed := make([]event.ID, 0, len(records)+len(departures))
	l.mu.Lock()
	for _, r := range records {
		base[r.Row.ID] = r
		changed = append(changed, r.Row.ID)
	}
	for _, d := range departures {
		delete(base, d.ID)
		why[d.ID] = reasonOf(d.Reason)
		changed = append(changed, d.ID)
	}
	l.base = base
	l.mu.Unlock()
	if reset || l.State().Phase != entity.Complete {
		l.replace(why)
	} else {
		l.update(changed, why)
	}
	l.become(entity.Complete, nil)
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
	for _, r := range records {
		if r.Collection != l.schema.Collection() {
			continue
		}
		held := l.base[r.Row.ID]
		if r := l.joined(r); l.wide.Match(&r.Row) {
			l.base[r.Row.ID] = r
		} else {
			delete(l.base, r.Row.ID)
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
func (l *remote) replace(why map[event.ID]reactor.Reason) {
	l.feed.Replace(nil, l.rows(), func(id event.ID) reactor.Reason { return l.reason(id, why) })
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

// pending is what an entity with pending changes looks like, nil for any other.
func (l *remote) pending(id event.ID) *storage.Record {
	if l.groups != nil {
		return nil
	}
	t := l.owner.outbox.touched[entity.Key{Collection: l.schema.Collection(), ID: id}]
	if t == nil || t.shown == nil {
		return nil
	}
	return l.joined(t.shown)
}

// rows computes the result: the base, with entities that have pending changes
// judged anew. Of a query with LIMIT there may be some more.
func (l *remote) rows() []*storage.Record {
	collection := l.schema.Collection()
	rows := make([]*storage.Record, 0, len(l.base))
	for id := range l.base {
		if r := l.confirmed(id); r != nil && l.pending(id) == nil {
			rows = append(rows, r)
		}
	}
	if l.groups != nil {
		return rows
	}
	edge := l.edge()
	for key := range l.owner.outbox.touched {
		if key.Collection != collection {
			continue
		}
		shown := l.pending(key.ID)
		if shown == nil || !l.query.Match(&shown.Row) {
			continue
		}
		if edge == nil || l.query.Compare(&shown.Row, &edge.Row) <= 0 {
			rows = append(rows, shown)
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
