package node

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
)

// errAbandoned ends the loading of a result when the one who read the rows gave
// up; others who wait for the same result begin again.
var errAbandoned = errors.New("loading was abandoned")

func (d durable) stand(ctx context.Context, s *Session, q *query.Checked) (entity.Standing, error) {
	l, err := d.standBy(ctx, s, q)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// standBy makes a live query, whose result is there.
func (d durable) standBy(ctx context.Context, s *Session, q *query.Checked) (*live, error) {
	l := &live{session: s, schema: q.Schema(), text: q.String(), reads: sourcesOf(q)}
	if err := d.lives.add(l); err != nil {
		return nil, err
	}
	if err := s.mayStill(ctx, q); err != nil {
		d.lives.remove(l)
		return nil, err
	}
	err := errAbandoned
	for errors.Is(err, errAbandoned) {
		err = l.load(ctx, q)
	}
	if ended := l.ended(); ended != nil { // by the node, meanwhile
		err = ended
	}
	if err != nil {
		d.lives.remove(l)
		return nil, err
	}
	l.since = d.clock.Now()
	return l, nil
}

// ended is why the query has ended before its result was there; nil if it has not.
func (l *live) ended() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return l.err
	}
	if l.base != nil && errors.Is(l.base.Err(), ErrDenied) {
		return l.base.Err()
	}
	return nil
}

// load gets the result: from the reactor if somebody else has asked for it
// before, or else from the store. Registering comes first and reading later, so
// no commit falls between.
func (l *live) load(ctx context.Context, q *query.Checked) error {
	base, filling, err := l.session.node.reactor.Register(q, l.wake)
	if err != nil {
		return err
	}
	if !l.keep(base) {
		if filling != nil {
			filling.Fail(errAbandoned)
		}
		base.Close()
		return ErrClosed
	}
	if filling != nil {
		err = l.fill(ctx, q, filling)
	} else {
		err = l.await(ctx)
	}
	if err != nil {
		base.Close()
	}
	return err
}

// keep makes a subscription the one that keeps the result alive, unless the
// query has ended.
func (l *live) keep(base *reactor.Subscription) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.base = base
	return true
}

// wake is called by the reactor when the base has news: that the result is
// there, or that it has ended.
func (l *live) wake() {
	l.woken.Store(l.session.node.clock.Now().UnixMicro())
	if waiting := l.waiting.Load(); waiting != nil {
		select {
		case *waiting <- struct{}{}:
		default:
		}
	}
}

// await waits until somebody else has filled the result.
func (l *live) await(ctx context.Context) error {
	news := make(chan struct{}, 1)
	l.waiting.Store(&news)
	defer l.waiting.Store(nil)
	for {
		if err := l.base.Err(); err != nil {
			return err
		}
		if l.base.Ready() {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ended(ctx)
		}
	}
}

// fill reads the result.
func (l *live) fill(ctx context.Context, q *query.Checked, f *reactor.Filling) error {
	for {
		err := l.read(ctx, q, f)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, reactor.ErrReread):
			continue
		case ctx.Err() != nil:
			f.Fail(errAbandoned)
			return ended(ctx)
		}
		f.Fail(err)
		return err
	}
}

func (l *live) read(ctx context.Context, q *query.Checked, f *reactor.Filling) error {
	s, leave, err := l.session.node.openTold(ctx)
	if err != nil {
		return err
	}
	defer leave()
	rows, err := firstRows(ctx, s, q.Rows(), nil, f.Rows())
	if err != nil {
		return err
	}
	cursor := s.Cursor()
	return f.Fill(rows, func(position any) bool { return cursor.Covers(position.(event.Cursor)) })
}

// firstRows reads up to n rows of a query in its order, its window left aside:
// those after a position, or the first ones if that is nil. All of them if n is
// negative.
func firstRows(ctx context.Context, s storage.Snapshot, q *query.Checked, after *storage.Record, n int) ([]*storage.Record, error) {
	if n == 0 {
		return nil, nil
	}
	p := storage.Plan(ctx, s, q.Whole())
	top := plan.NewTop(func(a, b *storage.Record) int { return q.Compare(&a.Row, &b.Row) }, 0, n)
	if n > 0 && !p.Sorted {
		// What has to be read whole need not be sorted whole.
		p = storage.Plan(ctx, s, q.Unordered())
	}
	for r, err := range s.Select(ctx, p) {
		if err != nil {
			return nil, err
		}
		if after != nil && q.Compare(&r.Row, &after.Row) <= 0 {
			continue
		}
		top.Add(r)
		if p.Sorted && top.Len() == n && len(p.Query.Order()) == len(q.Order()) {
			break
		}
	}
	return top.Take(), nil
}

// lives is all standing queries of a node. It tells the reactor of commits.
type lives struct {
	node *Node

	mu     sync.Mutex // protects all below; held for a few instructions
	open   map[*live]struct{}
	read   map[string]int // by collection, how many of them a change may make read the store
	closed bool
}

var _ publisher = (*lives)(nil)

func newLives(n *Node) *lives {
	return &lives{node: n, open: make(map[*live]struct{}), read: make(map[string]int)}
}

// add takes a query in before it is registered.
func (a *lives) add(l *live) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return ErrClosed
	}
	a.open[l] = struct{}{}
	a.count(l.reads, 1)
	return nil
}

func (a *lives) remove(l *live) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.open[l]; !ok {
		return
	}
	delete(a.open, l)
	a.count(l.reads, -1)
}

// exchange notes that a query reads other collections.
func (a *lives) exchange(l *live, reads []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.open[l]; !ok {
		return
	}
	a.count(reads, 1)
	a.count(l.reads, -1)
	l.reads = reads
}

// count counts the collections that queries read. It needs mu.
func (a *lives) count(reads []string, by int) {
	for _, collection := range reads {
		if a.read[collection] += by; a.read[collection] == 0 {
			delete(a.read, collection)
		}
	}
}

// publish implements [publisher]. A query that is not in open yet will read the
// batch from the store.
func (a *lives) publish(b *batch) {
	if a.isEmpty() {
		return
	}
	now := &afterwards{node: a.node}
	defer now.close()
	p := b.publication(a.node.Origin())
	p.Refill, p.Source = now.refill, now
	a.node.reactor.Publish(p)
}

// isEmpty reports whether there is no standing query.
func (a *lives) isEmpty() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.open) == 0
}

// reads implements [publisher].
func (a *lives) reads(b *batch) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.read) == 0 {
		return false
	}
	for i := range b.States {
		if a.read[b.States[i].Record.Collection] > 0 {
			return true
		}
	}
	return false
}

// close ends all queries and lets no more in.
func (a *lives) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.lost(ErrClosed)
}

// lost implements [publisher].
func (a *lives) lost(err error) {
	for _, l := range a.all() {
		l.end(err)
	}
}

func (a *lives) all() []*live {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Keys(a.open))
}
