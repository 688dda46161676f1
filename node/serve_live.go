package node

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// subscription is a standing query of a peer. What the reactor has to say to it
// waits there, joined into one change set if it becomes much, until the line is
// free: commits never wait for a peer.
type subscription struct {
	server   *server
	session  *Session
	question *wire.Subscribe

	// Set before the subscription is first woken, and constant.
	live   *live
	sub    *reactor.Subscription
	cursor event.Cursor // what is told of the result shows all that this covers; the writer's, once woken
	begun  bool         // the question was answered, or is being; the writer's
	plain  bool         // how much is held is how many rows there are
	held   int          // rows, groups and values, when they were last counted; guarded by the server's mu

	late  *news // a set that is not sent to its end yet; the writer's
	flow  *flow // guarded by the server's mu
	woken bool  // guarded by the server's mu

	compared *wire.Compare // that is not answered yet; guarded by the server's mu

	checked event.Cursor // where the peer was last told the sum by itself; the writer's
	read    event.Cursor // what it was told of is no newer than this; likewise
}

// positionSize is what a position of a cursor takes in memory.
const positionSize = 32 + 8 + 8

// subscribe begins to follow a query.
func (s *server) subscribe(m *wire.Subscribe) error {
	size := positionSize * (m.Cursor.Len() + m.Seen.Len())
	return s.startSized(m.Request, m.As, size, func(ctx context.Context, a asker) error {
		sub := &subscription{server: s, session: a.session, question: m}
		err := sub.open(ctx)
		if err == nil {
			err = s.admit(ctx, sub)
		}
		if err != nil {
			sub.close()
		}
		var old *reactor.SchemaError
		if errors.As(err, &old) { // what ends with the connections is still there
			s.cancel(errRemodelled)
			return nil
		}
		if err != nil {
			return err
		}
		sub.wake()
		return nil
	})
}

// open makes the query a standing one.
func (sub *subscription) open(ctx context.Context) error {
	s := sub.server
	if err := s.catchUp(ctx, sub.question.Seen); err != nil {
		return err
	}
	q, err := asker{s, sub.session}.checked(ctx, sub.question.Collection, sub.question.Query)
	if err == nil {
		err = mayStand(q)
	}
	if err != nil {
		return err
	}
	_, limited := q.Limit()
	sub.plain = !limited && q.Offset() == 0 && q.Grouping() == nil
	sub.cursor = *s.committer.published.Load()
	// The question is kept, and a peer may name as many logs as it likes.
	sub.question.Seen = event.Cursor{}
	if sub.question.Cursor.Len() > sub.cursor.Len() {
		sub.question.Cursor = event.Cursor{} // it covers what is not here, and is of no use
	}
	standing, err := s.stand(ctx, sub.session, q)
	if err != nil {
		return err
	}
	sub.live = standing.(*live)
	if sub.sub = sub.live.subscribe(sub.wake); sub.sub == nil {
		return cmp.Or(sub.live.Err(), ErrClosed)
	}
	sub.held = sub.sub.Held()
	return nil
}

// admit adds a subscription, unless the peer has given it up meanwhile.
func (s *server) admit(ctx context.Context, sub *subscription) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case s.grants[sub.question.As] == nil: // it has ended while the query was read
		return errLapsed
	case len(s.subscriptions) >= maxSubscriptions:
		return &RefusedError{Code: wire.CodeTooMany, Text: fmt.Sprintf("%d live queries at a time", maxSubscriptions)}
	case s.held+sub.held > s.limits.StandingRows:
		return s.tooMuch()
	}
	s.subscriptions[sub.question.Request] = sub
	sub.flow = &s.working[sub.question.Request].flow
	s.held += sub.held
	return nil
}

func (s *server) tooMuch() error {
	return &RefusedError{Code: wire.CodeTooMany, Text: fmt.Sprintf(
		"%d rows, groups and values kept for them, in all live queries", s.limits.StandingRows)}
}

// weigh counts again what is held for a subscription.
func (s *server) weigh(sub *subscription) error {
	held := sub.sub.Held()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subscriptions[sub.question.Request] != sub {
		return nil
	}
	more := held - sub.held
	sub.held, s.held = held, s.held+more
	if more > 0 && s.held > s.limits.StandingRows {
		return s.tooMuch()
	}
	return nil
}

// wake notes that there is something to tell, if there is still somebody to tell.
// It is called with the reactor locked.
func (sub *subscription) wake() {
	s := sub.server
	s.mu.Lock()
	if !sub.woken && s.subscriptions[sub.question.Request] == sub {
		sub.woken = true
		s.woken = append(s.woken, sub)
	}
	s.mu.Unlock()
	s.nudge()
}

// close gives the query up.
func (sub *subscription) close() {
	if sub.live != nil {
		sub.live.Close()
	}
}

// unsubscribe ends a subscription at the peer's wish, be it not open yet.
func (s *server) unsubscribe(request uint64) {
	s.mu.Lock()
	sub := s.subscriptions[request]
	if j := s.working[request]; j != nil {
		j.cancel()
	}
	s.mu.Unlock()
	if sub != nil {
		s.drop(sub)
	}
}

// drop forgets a subscription, and what it had to tell.
func (s *server) drop(sub *subscription) {
	s.mu.Lock()
	if s.subscriptions[sub.question.Request] == sub {
		delete(s.subscriptions, sub.question.Request)
		s.held -= sub.held
	}
	if sub.woken {
		s.woken = slices.DeleteFunc(s.woken, func(other *subscription) bool { return other == sub })
	}
	s.mu.Unlock()
	sub.close()
}

// flush tells the peer everything that subscriptions have to say. The writer
// pulls it.
func (s *server) flush() error {
	for {
		s.mu.Lock()
		if len(s.woken) == 0 {
			s.mu.Unlock()
			return s.check()
		}
		sub := s.woken[0]
		s.woken = slices.Delete(s.woken, 0, 1)
		sub.woken = false
		s.mu.Unlock()
		if err := sub.tell(); err != nil {
			return err
		}
	}
}

// tell sends what has happened since the last time, as one change, as far as there is
// credit.
func (sub *subscription) tell() error {
	for first := true; ; first = false {
		n, err := sub.next()
		if err != nil {
			return err
		}
		if n == nil && first || n != nil && (n.resize || !sub.plain) {
			if err := sub.server.weigh(sub); err != nil {
				sub.server.drop(sub)
				return sub.server.send(sub.server.failure(sub.question.Request, err))
			}
		}
		if n == nil {
			break
		}
		done, err := n.send()
		if errors.Is(err, wire.ErrTooLarge) {
			sub.server.drop(sub)
			return sub.server.send(sub.server.failure(sub.question.Request, err))
		}
		if err != nil || !done {
			return err
		}
		sub.late = nil
	}
	if sub.sub.Err() == nil {
		return nil
	}
	sub.server.drop(sub)
	if err := sub.live.Err(); err != nil { // else it was closed at the peer's wish
		return sub.server.send(sub.server.failure(sub.question.Request, err))
	}
	return nil
}

// next returns what is to be sent next: what answers the question or leads on from there,
// or the answer to what was asked meanwhile; nil if there is nothing.
func (sub *subscription) next() (*news, error) {
	if !sub.begun {
		sub.begun = true
		if err := sub.begin(); err != nil {
			return nil, err
		}
	}
	if n := sub.gather(); n != nil {
		return n, nil
	}
	if m := sub.takeCompare(); m != nil {
		if err := sub.answerCompare(m); err != nil {
			return nil, err
		}
	}
	return sub.gather(), nil
}

// news is the difference between what a peer knows of a result and what it is.
type news struct {
	sub    *subscription
	reset  bool
	items  []item           // in the order in which they are sent; no entity is twice among those that are not sent
	sent   int              // items
	places map[event.ID]int // of entities in items, of which the latest counts; nil as long as nobody needs it
	begun  bool             // a part has been sent
	limit  int              // of items sent, before no more is added
	resize bool             // it may have changed how much is held for the subscription

	amends *amendment // what it is beside, if it is no change; else nil
}

// item is what became of an entity: a row of the result, new or changed, or how it left.
type item struct {
	row  *storage.Record
	gone *reactor.RowChange // if there is no row
}

func (i *item) id() event.ID {
	if i.row != nil {
		return i.row.Row.ID
	}
	return i.gone.ID()
}

// gather takes everything from the reactor, and adds it to what is not sent yet. It returns
// nil if there is nothing to be sent.
func (sub *subscription) gather() *news {
	n := sub.late
	if n != nil && n.full() {
		return n
	}
	for set, more := sub.sub.Next(); more; set, more = sub.sub.Next() {
		sub.reach(set.Position)
		if !set.Initial && len(set.Changes) == 0 {
			continue
		}
		if n == nil {
			n = &news{sub: sub}
		}
		n.reset, n.resize = n.reset || set.Initial, n.resize || set.Initial
		n.take(set.Changes)
	}
	return n
}

// take adds changes, each of another entity.
func (n *news) take(changes []reactor.RowChange) {
	if n.sent < len(n.items) && n.places == nil {
		n.places = make(map[event.ID]int, len(n.items)-n.sent+len(changes))
		for i := n.sent; i < len(n.items); i++ {
			n.places[n.items[i].id()] = i
		}
	}
	n.items = slices.Grow(n.items, len(changes))
	for i := range changes {
		c := &changes[i]
		n.amends.follow(c)
		n.resize = n.resize || c.Kind == reactor.Added || c.Kind == reactor.Removed
		if c.Kind == reactor.Removed {
			n.put(item{gone: c})
		} else {
			n.put(item{row: c.Record})
		}
	}
}

// put adds an item, in the place of one of the same entity that is not sent yet.
func (n *news) put(i item) {
	if n.places != nil {
		id := i.id()
		if at, ok := n.places[id]; ok && at >= n.sent {
			n.items[at] = i
			return
		}
		n.places[id] = len(n.items)
	}
	n.items = append(n.items, i)
}

// send sends it.
func (n *news) send() (done bool, err error) {
	s, question := n.sub.server, n.sub.question
	reader := lateReader{server: s, denied: errors.Is(n.sub.sub.Err(), ErrDenied), afresh: n.full()}
	defer reader.close()
	parts := newParts(&wire.Rows{Request: question.Request, Reset: n.reset, Cursor: n.sub.cursor, Expected: n.expected()}, n.sendPart)
	for ; n.sent < len(n.items); n.sent++ {
		added, err := n.write(parts, &reader, &n.items[n.sent])
		if err != nil {
			return false, err
		}
		if !added {
			n.sub.saw(&reader)
			return false, n.stall(parts)
		}
		n.items[n.sent] = item{}
	}
	n.sub.saw(&reader)
	n.amends.sign(parts.next)
	return true, parts.end()
}

// saw notes how new what was read for the peer may be.
func (sub *subscription) saw(reader *lateReader) {
	if reader.snapshot != nil {
		sub.read = reader.snapshot.Cursor()
	}
}

// write adds what became of an entity to what is being sent. It reports false if there is
// no credit for it.
func (n *news) write(parts *parts, reader *lateReader, i *item) (bool, error) {
	if shown := i.row; shown != nil {
		r, err := reader.whole(shown)
		if err != nil {
			return false, err
		}
		if ok, err := n.room(parts, r.Size()); !ok {
			return false, err
		}
		n.amends.hasten(shown, r)
		return true, parts.row(r)
	}
	if n.reset && !n.begun {
		return true, nil
	}
	d, err := reader.departure(i.gone)
	if err != nil {
		return false, err
	}
	if ok, err := n.room(parts, departureSize(&d)); !ok {
		return false, err
	}
	return true, parts.departure(d)
}

var wireReasons = [...]wire.Reason{
	reactor.Stayed: wire.NoMatch, reactor.Deleted: wire.Deleted, reactor.NoMatch: wire.NoMatch,
	reactor.Limit: wire.Limit, reactor.Denied: wire.Denied,
}

// isWhole reports whether a record has its merge data. Only one that nothing but
// its creation wrote needs none; reading a result may leave it out.
func isWhole(r *storage.Record) bool {
	return len(r.Merge) > 0 || len(r.Row.Head) == 1 && r.Row.Head[0] == r.Row.ID
}

// lateReader reads records from the store as it is when the first one is needed.
// What is sent later is no older.
type lateReader struct {
	server   *server
	denied   bool // the peer may not know what entities are now
	afresh   bool // what the reactor said of them is too old
	snapshot storage.Snapshot
	leave    func()
}

// whole returns a record with its merge data.
func (l *lateReader) whole(r *storage.Record) (*storage.Record, error) {
	if isWhole(r) && !l.afresh {
		return r, nil
	}
	whole, err := l.read(r.Collection, r.Row.ID)
	if err != nil || r.Row.Joined == nil {
		return whole, err
	}
	joined := *whole
	joined.Row.Joined = r.Row.Joined
	return &joined, nil
}

// departure translates a removal. The state comes with it if it is what made the
// entity leave: not the one of then, since later ones would not be told.
func (l *lateReader) departure(c *reactor.RowChange) (wire.Departure, error) {
	d := wire.Departure{ID: c.ID(), Reason: wireReasons[c.Reason]}
	isGroup := c.Record.Collection == ""
	if isGroup || l.denied || d.Reason != wire.Deleted && d.Reason != wire.NoMatch {
		return d, nil
	}
	r, err := l.read(c.Record.Collection, c.ID())
	if err != nil {
		return d, err
	}
	if r.Size() <= maxRow {
		row := rowOf(r)
		d.Last = &row
	}
	return d, nil
}

func (l *lateReader) read(collection string, id event.ID) (*storage.Record, error) {
	s, err := l.open()
	if err != nil {
		return nil, err
	}
	return s.State(l.server.ctx, collection, id)
}

// open returns the snapshot that is read.
func (l *lateReader) open() (storage.Snapshot, error) {
	if l.snapshot != nil {
		return l.snapshot, nil
	}
	s, leave, err := l.server.open(l.server.ctx)
	if err != nil {
		return nil, err
	}
	l.snapshot, l.leave = s, leave
	return s, nil
}

func (l *lateReader) close() {
	if l.snapshot != nil {
		l.leave()
	}
}
