package node

import (
	"context"
	"iter"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/signal"
	"github.com/ankgo/ank/storage"
)

// remote is a live query of an ephemeral node. Its base is the result as the
// peer knows it or, as long as no peer has answered, what is held here; entities
// with pending changes are judged here, and stand in for what the base says of
// them.
type remote struct {
	owner     *ephemeral
	session   *Session
	schema    *model.Schema
	candidate bool                  // what another live query is to become
	shown     *reactor.Subscription // never read: it shows the result
	failures  int                   // of the peer to keep it, in a row; of who holds the keeper's token

	mu      sync.Mutex // protects all below; held for a few instructions
	subject            // changed by who holds the keeper's token
	heir    *remote    // the live query that has become what this candidate was; else nil
	awaited bool       // the peer is expected to answer, and has not
	calls   uint32     // of Requery
	applied uint32     // of these, the latest that has made it another query
	state   entity.LiveState
	turns   uint64        // counts changes of the state
	told    time.Time     // when progress was told
	turn    chan struct{} // closed when the state changes
	streams map[*reactor.Subscription]func()
	closed  bool
	err     error // why it ended

	once   sync.Once // makes signal
	signal signal.Readable[entity.Views]
}

// subject is what a live query of an ephemeral node asks, and what is known of it.
type subject struct {
	query  *query.Checked // what is shown; of groups see query.Checked.OfGroups
	groups *query.Checked // the query with SELECT, whose groups the peer makes; else nil
	wide   *query.Checked // what the base holds: a window's rows, those before it, and some more
	text   string         // of wide, on the wire
	feed   *reactor.Feed
	base   map[event.ID]*storage.Record
	sum    event.Sum          // over the base
	cursor event.Cursor       // where the base was the result, and what is known besides came later; zero: it never was
	ahead  map[event.ID]ahead // what the peer has told with receipts, and not of the result yet

	astray      bool         // base changed since the peer was asked
	guessed     bool         // the cursor that the peer was told may not be that of the base
	unexplained *unexplained // the answer that is kept back; changed by who holds the keeper's token and mu
	comparing   bool         // the peer was asked in what the base differs from the result
	buckets     int          // into how many the base was put then
	distrusted  bool         // the peer is to be asked as if there was nothing in the base
}

var (
	_ entity.Standing  = (*remote)(nil)
	_ entity.Requerier = (*remote)(nil)
)

// spareRows is how many rows beyond a LIMIT are asked for, so that the window
// stays full when pending changes take rows out of it.
const spareRows = 8

// stand implements role.
func (e *ephemeral) stand(ctx context.Context, s *Session, q *query.Checked) (entity.Standing, error) {
	l, err := e.standBy(ctx, s, q, false)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// standBy makes a live query that shows what is held here, and has the peer asked.
func (e *ephemeral) standBy(ctx context.Context, s *Session, q *query.Checked, candidate bool) (*remote, error) {
	groups, asked := (*query.Checked)(nil), q
	if q.Grouping() != nil {
		groups, q = q, q.OfGroups()
	}
	l := &remote{
		owner: e, session: s, schema: q.Schema(), candidate: candidate,
		subject: subject{query: q, groups: groups, wide: asked, feed: reactor.NewFeed(q)},
		turn:    make(chan struct{}), streams: make(map[*reactor.Subscription]func()),
	}
	l.shown = l.feed.Subscribe(nil)
	if l.windowed() && groups == nil {
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
	if err := s.mayStill(ctx, asked); err != nil {
		return nil, err
	}
	if err := l.load(ctx); err != nil {
		return nil, err
	}
	if err := e.admit(l); err != nil {
		return nil, err
	}
	return l, nil
}

// admit makes a live query known, and has the peer asked.
func (e *ephemeral) admit(l *remote) error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return ErrClosed
	}
	e.made++
	e.remotes[l] = e.made
	line, dialing := e.line, e.dialing
	e.mu.Unlock()
	if !l.session.local && (line != nil || dialing) {
		l.mu.Lock()
		l.awaited = true
		l.mu.Unlock()
		l.become(entity.Loading, nil)
	} else {
		l.become(entity.Local, nil)
	}
	l.update(nil, nil)
	if line != nil && !l.session.local {
		line.ask(l)
	}
	return nil
}

// become changes the phase. It needs the keeper's token.
func (l *remote) become(phase entity.Phase, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if phase == entity.Complete {
		l.awaited, l.failures = false, 0
	}
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
		l.overhear(l.outrun())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state.Loaded, l.state.Expected = 0, 0
	if l.awaited = false; l.candidate {
		l.turnLocked() // somebody waits for it
	}
}

// has reports whether the peer keeps the query current, and says that an entity
// is in its result.
func (l *remote) has(id event.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.Phase == entity.Complete && l.base[id] != nil
}

// Changes implements [entity.Standing]. A set without changes tells of a new
// state.
func (l *remote) Changes(ctx context.Context) iter.Seq[entity.ChangeSet[entity.View]] {
	return func(yield func(entity.ChangeSet[entity.View]) bool) {
		news, wake := newBell()
		sub := l.subscribe(wake)
		if sub == nil {
			return
		}
		defer l.unsubscribe(sub)
		var last entity.LiveState
		var told uint64 // that, by its number
		for ctx.Err() == nil {
			// The state first: it is set after the rows that it speaks of.
			state, turns := l.condition()
			set, ok := sub.Next()
			if ok && !set.Initial && sub.More() {
				state, turns = last, told // it may speak of rows that are still to come
			}
			switch {
			case ok && (set.Initial || len(set.Changes) > 0):
			case ok:
				continue
			case sub.Err() != nil:
				return
			case told == turns, told == 0 && state.Expected == 0:
				select {
				case <-news:
				case <-ctx.Done():
				}
				continue
			default:
				set = &reactor.ChangeSet{}
			}
			last, told = state, turns
			if !yield(changeSetOf(l.schema, set, state)) {
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
func (l *remote) Items() entity.Views { return views{l.schema, l.shown.Items()} }

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
			return errLiveClosed
		case state.Phase == entity.Complete:
			return nil
		}
		select {
		case <-turn:
		case <-ctx.Done():
			return ended(ctx)
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
func (l *remote) Signal() signal.Readable[entity.Views] {
	l.once.Do(func() { l.signal = signalOf(l.owner.graph, l.subscribe, l.Items) })
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
