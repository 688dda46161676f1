package entity

import (
	"context"
	"iter"
	"sync"

	"github.com/ankgo/ank/signal"
)

// A Standing is a live query as a node implements it; [Live] is its typed face.
// All methods are safe for concurrent use.
type Standing interface {
	// Changes yields change sets from the current result on: first one that
	// lists it as Initial, before which others without changes may tell how far
	// its loading is, then one for every change, several coalesced into one
	// without loss for a consumer that is slow. It ends when ctx is done, when
	// the query is closed, or when it failed: see Err.
	Changes(ctx context.Context) iter.Seq[ChangeSet[View]]
	// Items returns the current result, without copying it.
	Items() Views
	// State is the query's condition.
	State() LiveState
	// Signal is the current result as a reactive value. It is made when it is
	// first asked for.
	Signal() signal.Readable[Views]
	// Wait waits until the result is complete. It returns the error of ctx or of
	// the query, or one that says that the query was closed.
	Wait(ctx context.Context) error
	// Err is why the query ended; nil while it runs, and after Close.
	Err() error
	// Close ends the query and its streams of changes. Closing again does
	// nothing.
	Close()
}

// Live is a result that is kept current: of views, or of groups. Range over
// Changes to follow it, or look at Items at any time. Requery makes it another
// query, After another page of the same. It is safe for concurrent use. Close it.
type Live[V any] struct {
	standing Standing
	of       func(View) V
	view     func(V) View // nil for groups
	check    checker

	once   sync.Once
	signal signal.Readable[Items[V]]
}

// NewLive returns the typed face of a standing query for entities.
func NewLive[V ~struct{ View }](s Standing) *Live[V] {
	return &Live[V]{standing: s, of: typed[V], view: untyped[V], check: check}
}

// Changes yields change sets: first one that lists the current result as
// Initial, then what changes. A set without changes tells of the state: before the
// first one, how far the loading is. Every call begins anew. A slow consumer finds
// changes coalesced, none lost. The sequence ends when ctx is done or the query
// was closed or failed; then ask Err.
func (l *Live[V]) Changes(ctx context.Context) iter.Seq[ChangeSet[V]] {
	return func(yield func(ChangeSet[V]) bool) {
		for set := range l.standing.Changes(ctx) {
			if !yield(l.set(set)) {
				return
			}
		}
	}
}

// Items returns the current result. It is one moment's, and copies nothing.
func (l *Live[V]) Items() Items[V] { return Items[V]{l.standing.Items(), l.of} }

// Watch calls f with every change set, on a goroutine that it starts, one at a
// time: what a range over Changes does, for code that has callbacks. It ends when
// ctx is done, when the query ends, or with stop, which waits for a call of f that
// is under way and therefore must not be called by f.
func (l *Live[V]) Watch(ctx context.Context, f func(ChangeSet[V])) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		for set := range l.Changes(ctx) {
			f(set)
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// State is the query's condition.
func (l *Live[V]) State() LiveState { return l.standing.State() }

// Signal is the current result as a reactive value.
func (l *Live[V]) Signal() signal.Readable[Items[V]] {
	l.once.Do(func() {
		source := l.standing.Signal()
		l.signal = signal.NewComputed(source.Graph(), func(t *signal.Tracker) Items[V] {
			return Items[V]{source.Get(t), l.of}
		})
	})
	return l.signal
}

// Wait waits until the result is complete. It returns the error of ctx or of the
// query.
func (l *Live[V]) Wait(ctx context.Context) error { return l.standing.Wait(ctx) }

// Err is why the query ended; nil while it runs, and after Close.
func (l *Live[V]) Err() error { return l.standing.Err() }

// Close ends the query. Closing again does nothing.
func (l *Live[V]) Close() { l.standing.Close() }

// typed gives a view the type of its model.
func typed[V ~struct{ View }](v View) V { return V(struct{ View }{v}) }

// untyped takes the type of a model away.
func untyped[V ~struct{ View }](v V) View { return struct{ View }(v).View }

func (l *Live[V]) set(set ChangeSet[View]) ChangeSet[V] {
	changes := make([]Change[V], len(set.Changes))
	for i, c := range set.Changes {
		changes[i] = Change[V]{
			Kind: c.Kind, Reason: c.Reason, Item: l.of(c.Item), Before: l.of(c.Before), Fields: c.Fields,
			Index: c.Index, OldIndex: c.OldIndex,
		}
	}
	return ChangeSet[V]{Changes: changes, State: set.State}
}
