package node

import (
	"context"
	"errors"
	"sync"

	"github.com/ankgo/ank/storage"
)

// To read a record of a store that is shared takes a round trip. questions gathers what is
// asked while others are under way, and has it read together. A question that was sent is
// not joined any more: who asks sees all that was committed before.
type questions struct {
	ctx     context.Context // until the node closes
	engine  storage.Engine
	running sync.WaitGroup
	free    chan struct{} // a token for each round trip that may be under way

	mu      sync.Mutex
	waiting []*question
}

// question is a record that is asked for. The answer may be read once it is there.
type question struct {
	key      storage.Key
	answered chan struct{}
	record   *storage.Record // nil if there is none
	err      error
}

const (
	mostTrips = 2   // under way
	mostAsked = 256 // at once
)

func newQuestions(ctx context.Context, e storage.Engine) *questions {
	return &questions{ctx: ctx, engine: e, free: make(chan struct{}, mostTrips)}
}

// record returns an entity's newest record, nil if there is none.
func (a *questions) record(ctx context.Context, key storage.Key) (*storage.Record, error) {
	q := &question{key: key, answered: make(chan struct{})}
	a.mu.Lock()
	a.waiting = append(a.waiting, q)
	a.mu.Unlock()
	select {
	case a.free <- struct{}{}:
		if a.takeLone(q) {
			defer a.goOn()
			records, err := storage.States(ctx, a.engine, []storage.Key{key})
			if err != nil {
				return nil, err
			}
			return records[0], nil
		}
		a.running.Go(a.ask)
	default: // whoever is under way asks once more
	}
	select {
	case <-q.answered:
		return q.record, q.err
	case <-ctx.Done():
		return nil, ended(ctx)
	}
}

// takeLone takes a question that nobody else waits beside, whose owner asks it himself: that
// spares the way to another goroutine and back.
func (a *questions) takeLone(q *question) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waiting) != 1 || a.waiting[0] != q {
		return false
	}
	a.waiting = nil
	return true
}

// goOn gives the token back, or passes it on for those who wait by now.
func (a *questions) goOn() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.waiting) > 0 {
		a.running.Go(a.ask)
	} else {
		<-a.free
	}
}

// ask asks until nobody waits. Its owner has put a token into free.
func (a *questions) ask() {
	for {
		asked := a.take()
		if asked == nil {
			return
		}
		a.answer(asked)
	}
}

// answer asks for some records together. One that is damaged is the misfortune of those
// alone who ask for it.
func (a *questions) answer(asked []*question) {
	keys := make([]storage.Key, len(asked))
	for i, q := range asked {
		keys[i] = q.key
	}
	records, err := storage.States(a.ctx, a.engine, keys)
	var corrupt *storage.CorruptError
	if errors.As(err, &corrupt) && len(asked) > 1 {
		for i := range asked {
			a.answer(asked[i : i+1])
		}
		return
	}
	for i, q := range asked {
		if q.err = err; err == nil {
			q.record = records[i]
		}
		close(q.answered)
	}
}

// take returns what waits, or takes the token back: under the lock, so that whoever comes
// next finds a token or is found.
func (a *questions) take() []*question {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := min(len(a.waiting), mostAsked)
	if n == 0 {
		<-a.free
		return nil
	}
	asked := a.waiting[:n:n]
	a.waiting = a.waiting[n:]
	return asked
}
