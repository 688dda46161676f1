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
