package node

import (
	"context"
	"errors"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/signal"
)

// live is a standing query of a durable node: some subscriptions to what the
// reactor keeps, one for each stream of changes, and one that keeps the result
// alive in between and is never read. It has no goroutine: commits wake up those
// who wait. There may be very many of them: of the query it keeps the text.
type live struct {
	session *Session // on whose behalf
	schema  *model.Schema
	reads   []string // collections of which a change may make it read the store; guarded by lives.mu

	since time.Time
	woken atomic.Int64 // when the base was last woken, as Unix microseconds

	waiting atomic.Pointer[chan struct{}] // for somebody who waits for the base

	mu      sync.Mutex            // protects all below; held for a few instructions
	text    string                // of the query
	asked   uint32                // calls of Requery
	applied uint32                // of these, the latest that has made it another query
	base    *reactor.Subscription // does not change once the result is loaded
	streams map[*reactor.Subscription]struct{}
	closed  bool
	err     error // why the node ended it

	once   sync.Once // makes signal
	signal signal.Readable[entity.Views]
}

var (
	_ entity.Standing  = (*live)(nil)
	_ entity.Requerier = (*live)(nil)
)

// Changes implements [entity.Standing].
func (l *live) Changes(ctx context.Context) iter.Seq[entity.ChangeSet[entity.View]] {
	return func(yield func(entity.ChangeSet[entity.View]) bool) {
		news, wake := newBell()
		sub := l.subscribe(wake)
		if sub == nil {
			return
		}
		defer l.unsubscribe(sub)
		for ctx.Err() == nil && !l.isClosed() {
			set, ok := sub.Next()
			switch {
			case ok && (set.Initial || len(set.Changes) > 0):
				if !yield(changeSetOf(l.schema, set, l.State())) {
					return
				}
			case ok:
			case sub.Err() != nil:
				return
			default:
				select {
				case <-news:
				case <-ctx.Done():
				}
			}
		}
	}
}

// newBell returns a channel, and a function that does not wait and after which there
// is something to receive from it.
func newBell() (news <-chan struct{}, ring func()) {
	bell := make(chan struct{}, 1)
	return bell, func() {
		select {
		case bell <- struct{}{}:
		default:
		}
	}
}

// subscribe returns a subscription to the result, nil if the query has ended.
func (l *live) subscribe(wake func()) *reactor.Subscription {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.base.Err() != nil {
		return nil
	}
	q, err := checked(l.text, l.schema)
	if err != nil {
		l.err = err
		return nil
	}
	// Under the lock: the query does not become another one meanwhile.
	sub, filling, err := l.session.node.reactor.Register(q, wake)
	if err != nil {
		l.err = err
		return nil
	}
	if filling != nil { // the result that the base kept has failed
		filling.Fail(errAbandoned)
		sub.Close()
		return nil
	}
	if l.streams == nil {
		l.streams = make(map[*reactor.Subscription]struct{})
	}
	l.streams[sub] = struct{}{}
	return sub
}

// checked returns the query of a canonical text.
func checked(text string, s *model.Schema) (*query.Checked, error) {
	q, err := query.Parse(text)
	if err != nil {
		return nil, err
	}
	return q.Check(s)
}

func (l *live) unsubscribe(sub *reactor.Subscription) {
	l.mu.Lock()
	delete(l.streams, sub)
	l.mu.Unlock()
	sub.Close()
}

func (l *live) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}

// changeSetOf translates what the reactor says.
func changeSetOf(s *model.Schema, set *reactor.ChangeSet, state entity.LiveState) entity.ChangeSet[entity.View] {
	changes := make([]entity.Change[entity.View], len(set.Changes))
	for i := range set.Changes {
		c := &set.Changes[i]
		changes[i] = entity.Change[entity.View]{
			Kind: kinds[c.Kind], Reason: reasons[c.Reason],
			Item: viewOf(s, c.Record), Before: viewOf(s, c.Before), Fields: c.Fields,
			Index: c.Index, OldIndex: c.OldIndex,
		}
	}
	return entity.ChangeSet[entity.View]{Changes: changes, State: state}
}

var kinds = [...]entity.ChangeKind{
	reactor.Initial: entity.Initial, reactor.Added: entity.Added, reactor.Updated: entity.Updated,
	reactor.Moved: entity.Moved, reactor.Removed: entity.Removed,
}

var reasons = [...]entity.Reason{
	reactor.Stayed: 0, reactor.Deleted: entity.Deleted, reactor.NoMatch: entity.NoMatch,
	reactor.Limit: entity.Limit, reactor.Denied: entity.Denied,
}

// Items implements [entity.Standing].
func (l *live) Items() entity.Views { return views{l.schema, l.base.Items()} }

// views is a result of the reactor as views. It implements [entity.Views].
type views struct {
	schema *model.Schema
	items  reactor.Items
}

// Len implements [entity.Views].
func (v views) Len() int { return v.items.Len() }

// At implements [entity.Views].
func (v views) At(i int) entity.View { return viewOf(v.schema, v.items.At(i)) }

// All implements [entity.Views].
func (v views) All() iter.Seq2[int, entity.View] {
	return func(yield func(int, entity.View) bool) {
		for i, r := range v.items.All() {
			if !yield(i, viewOf(v.schema, r)) {
				return
			}
		}
	}
}

// State implements [entity.Standing].
func (l *live) State() entity.LiveState {
	if err := l.Err(); err != nil {
		return entity.LiveState{Phase: entity.Failed, Since: time.UnixMicro(l.woken.Load()).UTC(), Err: err}
	}
	return entity.LiveState{Phase: entity.Complete, Since: l.since}
}

// Wait implements [entity.Standing]. The result of a durable node is complete
// from the beginning.
func (l *live) Wait(ctx context.Context) error {
	if err := l.Err(); err != nil {
		return err
	}
	if l.isClosed() {
		return errLiveClosed
	}
	if ctx.Err() != nil {
		return ended(ctx)
	}
	return nil
}

// Err implements [entity.Standing].
func (l *live) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	if err := l.base.Err(); err != nil && !errors.Is(err, reactor.ErrClosed) {
		return err
	}
	return nil
}

// Signal implements [entity.Standing].
func (l *live) Signal() signal.Readable[entity.Views] {
	l.once.Do(func() { l.signal = signalOf(l.session.node.graph, l.subscribe, l.Items) })
	return l.signal
}

// signalOf makes a signal that counts what happened, and on top of it one that
// looks at the result when somebody wants to know.
func signalOf(g *signal.Graph, subscribe func(wake func()) *reactor.Subscription, items func() entity.Views) signal.Readable[entity.Views] {
	happened := signal.NewValue(g, uint64(0))
	var count atomic.Uint64
	sub := subscribe(func() { happened.Set(count.Add(1)) })
	return signal.NewComputed(g, func(t *signal.Tracker) entity.Views {
		happened.Get(t)
		if sub != nil {
			// What was taken once is announced again when there is more.
			for _, more := sub.Next(); more; _, more = sub.Next() {
			}
		}
		return items()
	})
}

// Close implements [entity.Standing].
func (l *live) Close() { l.end(nil) }

// end closes the query, for a reason or at its owner's wish.
func (l *live) end(err error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.closed, l.err = true, err
	streams, base := l.streams, l.base
	l.streams = nil
	l.mu.Unlock()
	l.woken.Store(l.session.node.clock.Now().UnixMicro())
	for sub := range streams {
		sub.Close()
	}
	if base != nil {
		base.Close()
	}
	l.session.node.lives.remove(l)
}
