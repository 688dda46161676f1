package node

import (
	"context"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/signal"
	"github.com/ankgo/ank/storage"
)

// remote is a live query of an ephemeral node. Its base is the result as the
// peer knows it or, as long as no peer has answered, what is held here; entities
// with pending changes are judged here, and stand in for what the base says of
// them.
type remote struct {
	owner *ephemeral
	local bool           // never asks
	query *query.Checked // what is shown
	wide  *query.Checked // what the base holds: a window's rows, those before it, and some more
	text  string         // of wide, on the wire
	feed  *reactor.Feed
	shown *reactor.Subscription // never read: it shows the result

	mu      sync.Mutex                   // protects all below; held for a few instructions
	base    map[event.ID]*storage.Record // changed by who holds the keeper's token
	astray  bool                         // base changed since the peer was asked
	state   entity.LiveState
	turns   uint64        // counts changes of the state
	turn    chan struct{} // closed when the state changes
	streams map[*reactor.Subscription]func()
	closed  bool
	err     error // why it ended

	once   sync.Once // makes signal
	signal signal.Readable[[]entity.View]
}

var _ entity.Standing = (*remote)(nil)

// spareRows is how many rows beyond a LIMIT are asked for, so that the window
// stays full when pending changes take rows out of it.
const spareRows = 8

// stand implements role.
func (e *ephemeral) stand(ctx context.Context, s *Session, q *query.Checked) (entity.Standing, error) {
	l := &remote{
		owner: e, local: s.local, query: q, wide: q, feed: reactor.NewFeed(q),
		turn: make(chan struct{}), streams: make(map[*reactor.Subscription]func()),
	}
	l.shown = l.feed.Subscribe(nil)
	if l.windowed() {
		more := q.Offset() + spareRows
		if n, _ := q.Limit(); more > math.MaxInt32-n {
			more = 0
		}
		var err error
		if l.wide, err = windowed(q, more); err != nil {
			return nil, err
		}
	}
	var err error
	if l.text, err = asText(l.wide); err != nil {
		return nil, err
	}
	if err := e.keeper.begin(ctx); err != nil {
		return nil, err
	}
	defer e.keeper.end()
	if err := l.load(ctx); err != nil {
		return nil, err
	}
	return l, e.admit(l)
}

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
	for r, err := range selectFrom(ctx, snapshot, l.wide) {
		if err != nil {
			return err
		}
		l.base[r.Row.ID] = r
	}
	return nil
}

// admit makes a live query known, and has the peer asked.
func (e *ephemeral) admit(l *remote) error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return ErrClosed
	}
	e.remotes[l] = struct{}{}
	line, dialing := e.line, e.dialing
	e.mu.Unlock()
	if !l.local && (line != nil || dialing) {
		l.become(entity.Loading, nil)
	} else {
		l.become(entity.Local, nil)
	}
	l.update(nil, nil)
	if line != nil && !l.local {
		line.ask(l)
	}
	return nil
}

// become changes the phase. It needs the keeper's token.
func (l *remote) become(phase entity.Phase, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
	case l.state.Phase == phase:
		l.state.Err = err
	default:
		l.state = entity.LiveState{Phase: phase, Since: l.owner.clock.Now(), Err: err}
		l.turnLocked()
	}
}

// turnLocked tells everybody that the state has changed.
func (l *remote) turnLocked() {
	l.turns++
	close(l.turn)
	l.turn = make(chan struct{})
	for _, wake := range l.streams {
		wake()
	}
}

// lose notes that there is no peer any more, or still none.
func (l *remote) lose(err error) {
	switch l.State().Phase {
	case entity.Loading:
		l.become(entity.Local, nil)
		l.replace(nil)
	case entity.Complete, entity.Stale:
		l.become(entity.Stale, err)
	}
}

// has reports whether the peer keeps the query current, and says that an entity
// is in its result.
func (l *remote) has(id event.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.Phase == entity.Complete && l.base[id] != nil
}

// question asks for the query, as far as it is not known yet.
func (l *remote) question(request uint64) *wire.Subscribe {
	l.mu.Lock()
	l.astray = false
	held := make([]wire.Held, 0, len(l.base))
	for id, r := range l.base {
		held = append(held, wire.Held{ID: id, Stamp: r.Stamp})
	}
	l.mu.Unlock()
	return &wire.Subscribe{
		Request: request, Collection: l.query.Schema().Collection(), Query: l.text,
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
	l.replace(nil)
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
	if l.State().Phase == entity.Complete {
		return
	}
	var changed []event.ID
	l.mu.Lock()
	for _, r := range records {
		if r.Collection != l.query.Schema().Collection() {
			continue
		}
		held := l.base[r.Row.ID]
		if l.wide.Match(&r.Row) {
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
		case shown == nil && l.base[id] != nil:
			upserts = append(upserts, l.base[id])
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
	t := l.owner.outbox.touched[entity.Key{Collection: l.query.Schema().Collection(), ID: id}]
	if t == nil {
		return nil
	}
	return t.shown
}

// rows computes the result: the base, with entities that have pending changes
// judged anew. Of a query with LIMIT there may be some more.
func (l *remote) rows() []*storage.Record {
	collection := l.query.Schema().Collection()
	rows := make([]*storage.Record, 0, len(l.base))
	for id, r := range l.base {
		if l.pending(id) == nil {
			rows = append(rows, r)
		}
	}
	edge := l.edge()
	for key, t := range l.owner.outbox.touched {
		if key.Collection != collection || t.shown == nil || !l.query.Match(&t.shown.Row) {
			continue
		}
		if edge == nil || l.query.Compare(&t.shown.Row, &edge.Row) <= 0 {
			rows = append(rows, t.shown)
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

// Changes implements [entity.Standing]. A set without changes tells of a new
// state.
func (l *remote) Changes(ctx context.Context) iter.Seq[entity.ChangeSet[entity.View]] {
	return func(yield func(entity.ChangeSet[entity.View]) bool) {
		wake := make(chan struct{}, 1)
		sub := l.subscribe(func() {
			select {
			case wake <- struct{}{}:
			default:
			}
		})
		if sub == nil {
			return
		}
		defer l.unsubscribe(sub)
		var told uint64 // the state, by its number
		for ctx.Err() == nil {
			// The state first: it is set after the rows that it speaks of.
			state, turns := l.condition()
			set, ok := sub.Next()
			switch {
			case ok && (set.Initial || len(set.Changes) > 0):
			case ok:
				continue
			case sub.Err() != nil:
				return
			case told == 0 || told == turns:
				select {
				case <-wake:
				case <-ctx.Done():
				}
				continue
			default:
				set = &reactor.ChangeSet{}
			}
			told = turns
			if !yield(changeSetOf(l.query.Schema(), set, state)) {
				return
			}
		}
	}
}

// subscribe returns a subscription to the result, nil if the query has ended.
func (l *remote) subscribe(wake func()) *reactor.Subscription {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	sub := l.feed.Subscribe(wake)
	l.streams[sub] = wake
	return sub
}

func (l *remote) unsubscribe(sub *reactor.Subscription) {
	l.mu.Lock()
	delete(l.streams, sub)
	l.mu.Unlock()
	sub.Close()
}

// Items implements [entity.Standing].
func (l *remote) Items() []entity.View { return views(l.query.Schema(), l.shown.Items()) }

// Len implements [entity.Standing].
func (l *remote) Len() int { return l.shown.Items().Len() }

// State implements [entity.Standing].
func (l *remote) State() entity.LiveState {
	state, _ := l.condition()
	return state
}

// condition is the state, and how often it has changed.
func (l *remote) condition() (entity.LiveState, uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state, l.turns
}

// Wait implements [entity.Standing].
func (l *remote) Wait(ctx context.Context) error {
	for {
		l.mu.Lock()
		state, turn, closed, err := l.state, l.turn, l.closed, l.err
		l.mu.Unlock()
		switch {
		case err != nil:
			return err
		case closed:
			return ErrClosed
		case state.Phase == entity.Complete:
			return nil
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (l *remote) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// Err implements [entity.Standing].
func (l *remote) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Signal implements [entity.Standing].
func (l *remote) Signal() signal.Readable[[]entity.View] {
	l.once.Do(func() {
		happened := signal.NewValue(l.owner.graph, uint64(0))
		var count atomic.Uint64
		sub := l.subscribe(func() { happened.Set(count.Add(1)) })
		l.signal = signal.NewComputed(l.owner.graph, func(t *signal.Tracker) []entity.View {
			happened.Get(t)
			if sub != nil {
				// What was taken once is announced again when there is more.
				for _, more := sub.Next(); more; _, more = sub.Next() {
				}
			}
			return l.Items()
		})
	})
	return l.signal
}

// Close implements [entity.Standing]. What the query brought here stays.
func (l *remote) Close() { l.end(nil) }

// end closes the query, for a reason or at its owner's wish.
func (l *remote) end(err error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.closed, l.err = true, err
	if err != nil {
		l.state = entity.LiveState{Phase: entity.Failed, Since: l.owner.clock.Now(), Err: err}
	}
	l.turnLocked()
	streams := slices.Collect(maps.Keys(l.streams))
	l.streams = nil
	l.mu.Unlock()
	for _, sub := range streams {
		sub.Close()
	}
	e := l.owner
	e.mu.Lock()
	delete(e.remotes, l)
	line := e.line
	e.mu.Unlock()
	if line != nil {
		line.leave(l)
	}
}
