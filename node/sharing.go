package node

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node/reactor"
	"github.com/ankgo/ank/storage"
)

// A node over a store that other processes write to, too, cannot tell standing queries of
// its own batches alone: between two of them there may be others, and a batch may build on
// one that nobody here has heard of. So it tells them the way from one snapshot to the
// next instead:
//
//   - W1. What standing queries have been told is what one snapshot shows, which is kept.
//     The next is taken after a batch of the node's own, or when the engine says that
//     others have committed. The logs between the two say what was touched; the
//     snapshots, how it was and how it is. So it does not matter who committed, nor in
//     how many batches.
//   - W2. A standing query begins with what the kept snapshot shows, and not with what is
//     there by then: then nothing that it is told is half in it already.
//   - W3. Only the holder of the publishing token takes the next snapshot. Who hears that
//     its transaction was accepted finds it in standing queries.
//   - W4. While there are no standing queries, the kept snapshot is left behind by what the
//     node commits, and nothing is read for nobody. The first query that comes has a new one
//     taken before it begins. So whatever queries there are while it is behind, none of them
//     has a result yet.

// oldest is how old the kept snapshot may become when nothing is committed. Engines keep
// what snapshots show.
const oldest = 20 * time.Second

// learnBeat is how often a node looks for models that others have learnt.
const learnBeat = 5 * time.Second

// sharing is the part of a node that has its store together with others.
type sharing struct {
	node   *Node
	slot   *slot
	shared storage.Shared
	notice chan struct{}
	ctx    context.Context // until close
	stop   context.CancelFunc
	ended  sync.WaitGroup

	questions *questions
	silent    chan struct{} // closed when nobody is told of anything any more

	mu     sync.Mutex    // protects all below
	kept   *keptSnapshot // what standing queries have been told
	behind bool          // W4
}

// keptSnapshot is a snapshot that several read.
type keptSnapshot struct {
	storage.Snapshot
	readers int // guarded by sharing.mu; the node is one of them as long as it is kept
}

// startSharing takes the first snapshot. The goroutines begin with run.
func (n *Node) startSharing(ctx context.Context, s *slot, shared storage.Shared) error {
	first, err := n.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	n.sharing = &sharing{
		node: n, slot: s, shared: shared, notice: make(chan struct{}, 1), silent: make(chan struct{}),
		kept: &keptSnapshot{Snapshot: first, readers: 1},
	}
	n.sharing.ctx, n.sharing.stop = context.WithCancel(n.ctx)
	n.sharing.questions = newQuestions(n.sharing.ctx, n.engine)
	c := n.committer
	c.sharing, c.prepare.sharing = n.sharing, n.sharing
	c.prepare.recent.shared = true
	c.told(first.Cursor())
	return nil
}

// run begins to listen to the others, and to leave signs of life.
func (s *sharing) run() {
	s.ended.Go(func() { s.watch(s.ctx) })
	s.ended.Go(func() { s.listen(s.ctx) })
	s.ended.Go(func() { s.beat(s.ctx) })
	if s.node.learner != nil {
		s.ended.Go(func() { s.learn(s.ctx) })
	}
}

// close ends what run began, and lets go of the snapshot and of the slot.
func (s *sharing) close(ctx context.Context) error {
	s.stop()
	s.ended.Wait()
	s.questions.running.Wait()
	s.mu.Lock()
	kept := s.kept
	s.kept = nil
	s.mu.Unlock()
	if kept == nil {
		return nil
	}
	s.leave(kept)
	if err := s.slot.giveBack(ctx); err != nil && !errors.Is(err, ErrSlotLost) {
		s.node.logger.Info("the slot was not given back; others take it in a while", "error", err)
	}
	return nil
}

// ring makes listen look. It does not wait.
func (s *sharing) ring() {
	select {
	case s.notice <- struct{}{}:
	default:
	}
}

// watch has the engine ring, again after it gave up.
func (s *sharing) watch(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.shared.Watch(ctx, s.ring)
		if ctx.Err() != nil {
			return
		}
		s.node.logger.Error("listening to the store has ended, and begins again", "error", err)
		s.ring()
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// listen tells standing queries of what others have committed.
func (s *sharing) listen(ctx context.Context) {
	for {
		select {
		case <-s.notice:
		case <-time.After(oldest):
		case <-ctx.Done():
			return
		}
		c := s.node.committer
		if c.publishing.takeWithin(ctx) != nil {
			return
		}
		grown := s.advance(ctx, nil)
		c.publishing.give()
		if grown {
			c.grown.ring()
		}
	}
}

// beat leaves signs of life, and notices that the slot was lost.
func (s *sharing) beat(ctx context.Context) {
	for {
		select {
		case <-time.After(slotBeat):
		case <-ctx.Done():
			return
		}
		err := s.slot.beat(ctx, time.Now())
		switch {
		case err == nil, ctx.Err() != nil:
		case errors.Is(err, ErrSlotLost):
			s.node.committer.breakOff(err)
			return
		default:
			s.node.logger.Error("no sign of life could be left", "error", err)
		}
	}
}

// learn takes over what models the others learn.
func (s *sharing) learn(ctx context.Context) {
	for {
		select {
		case <-time.After(learnBeat):
		case <-ctx.Done():
			return
		}
		if err := s.node.relearn(ctx); err != nil && ctx.Err() == nil {
			s.node.logger.Error("what models others have learnt could not be taken over; it will be tried again", "error", err)
		}
	}
}

// enter returns what standing queries have been told, as a snapshot. leave is called with
// it later.
func (s *sharing) enter(ctx context.Context) (*keptSnapshot, error) {
	for {
		s.mu.Lock()
		kept, behind := s.kept, s.behind
		if kept != nil && !behind {
			kept.readers++
		}
		s.mu.Unlock()
		if kept == nil {
			return nil, ErrClosed
		}
		if !behind {
			return kept, nil
		}
		if err := s.catchUp(ctx); err != nil {
			return nil, err
		}
	}
}

// catchUp takes the next snapshot for the first standing query that comes (W4).
func (s *sharing) catchUp(ctx context.Context) error {
	publishing := s.node.committer.publishing
	select {
	case publishing <- struct{}{}:
	case <-s.silent:
		return ErrClosed
	case <-ctx.Done():
		return ended(ctx)
	}
	defer publishing.give()
	if !s.isBehind() {
		return nil
	}
	next, err := s.node.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	if _, err = s.lead(ctx, next, nil); err != nil {
		next.Close()
	}
	return err
}

func (s *sharing) isBehind() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.behind
}

// unheard reports whether there are no standing queries, and leaves the kept snapshot
// behind then. A query that is not seen here sees that it is.
func (s *sharing) unheard() bool {
	s.mu.Lock()
	was := s.behind
	s.behind = true
	s.mu.Unlock()
	if s.node.lives.isEmpty() {
		return true
	}
	s.mu.Lock()
	s.behind = was
	s.mu.Unlock()
	return false
}

func (s *sharing) leave(k *keptSnapshot) {
	s.mu.Lock()
	k.readers--
	last := k.readers == 0
	s.mu.Unlock()
	if last {
		k.Close()
	}
}

// vouchers adds what there is for the logs of the other slots. Their keys lie in the store:
// whoever reads an entry there knows that it is in its log for good, and can say so.
func (s *sharing) vouchers(ctx context.Context, snapshot storage.Snapshot, all map[event.Origin]voucher) error {
	for number := 1; ; number++ {
		if exists, err := slotExists(ctx, snapshot, number); !exists || err != nil {
			return err
		}
		if number == s.slot.number {
			continue
		}
		key, err := s.slot.keyOf(ctx, snapshot, number)
		if err != nil {
			return err
		}
		certificate, err := s.slot.certificateOf(ctx, snapshot, number)
		if err != nil {
			return err
		}
		if !key.IsZero() {
			all[key.Public()] = voucher{key, certificate}
		}
	}
}

// follow tells standing queries of a batch of the node's own. It needs the publishing
// token.
func (s *sharing) follow(ctx context.Context, b *batch) {
	if !s.unheard() {
		s.advance(ctx, b)
		return
	}
	c := s.node.committer
	c.told(c.published.Load().Merge(b.cursor(c.origin)))
}

// advance tells standing queries of all that was committed since, and reports whether
// there was anything. It needs the publishing token. b is the batch that was stored just
// now, nil if it is not for that. If the store cannot be read now, the next call makes up
// for it.
func (s *sharing) advance(ctx context.Context, b *batch) (grown bool) {
	next, err := s.node.engine.Snapshot(ctx)
	if err == nil {
		if grown, err = s.lead(ctx, next, b); err == nil {
			return grown
		}
		next.Close()
	}
	if ctx.Err() == nil {
		s.node.logger.Error("what was committed could not be read; it will be tried again", "error", err)
		time.AfterFunc(time.Second, s.ring)
	}
	return false
}

// lead tells of the way to the next snapshot, and keeps that.
func (s *sharing) lead(ctx context.Context, next storage.Snapshot, b *batch) (grown bool, err error) {
	now := s.kept // only the holder of the publishing token replaces it
	if now == nil {
		return false, ErrClosed
	}
	if grown = !next.Cursor().Equal(now.Cursor()); grown {
		if s.unheard() || s.isBehind() {
			err = s.observe(ctx, now, next)
		} else {
			err = s.publish(ctx, now, next, b)
		}
		if err != nil {
			return false, err
		}
		s.node.committer.told(next.Cursor())
	}
	s.mu.Lock()
	s.kept, s.behind = &keptSnapshot{Snapshot: next, readers: 1}, false
	s.mu.Unlock()
	s.leave(now)
	return grown, nil
}

// observe has the clock observe what others have committed, for nobody else is interested.
func (s *sharing) observe(ctx context.Context, now, next storage.Snapshot) error {
	from := now.Cursor()
	if own, ok := next.Cursor().At(s.node.committer.origin); ok {
		from = from.With(own)
	}
	if from.Equal(next.Cursor()) {
		return nil
	}
	for entry, err := range next.Log(ctx, from) {
		if err != nil {
			return err
		}
		observe(s.node.clock, entry)
	}
	return nil
}

// publish tells the reactor.
func (s *sharing) publish(ctx context.Context, now, next storage.Snapshot, b *batch) error {
	p, err := reactor.Publication{}, error(nil)
	if b != nil && s.isWay(b, now, next) {
		p = b.publication(s.node.committer.origin)
		p.Position = next.Cursor()
	} else if p, err = s.way(ctx, now, next); err != nil {
		return err
	}
	after := &afterwards{node: s.node, snapshot: next, lookup: storage.NewLookup(s.node.ctx, next)}
	p.Refill, p.Source = after.refill, after
	s.node.reactor.Publish(p)
	return nil
}

// isWay reports whether a batch of the node's own is all that lies between two snapshots.
func (s *sharing) isWay(b *batch, from, to storage.Snapshot) bool {
	own := s.node.committer.origin
	before, _ := from.Cursor().At(own)
	return len(b.moved) == 0 && before == b.before.position(own) &&
		from.Cursor().With(b.tip.position(own)).Equal(to.Cursor())
}

// way is the publication that leads from one snapshot to the next.
func (s *sharing) way(ctx context.Context, from, to storage.Snapshot) (p reactor.Publication, err error) {
	p.Position = to.Cursor()
	seen := make(map[event.ID]bool)
	for entry, err := range to.Log(ctx, from.Cursor()) {
		if err != nil {
			return p, err
		}
		observe(s.node.clock, entry)
		for _, e := range entry.Events() {
			if seen[e.Entity] {
				continue
			}
			seen[e.Entity] = true
			c := reactor.Change{Collection: e.Collection, ID: e.Entity}
			if c.Before, err = stateIn(ctx, from, e.Collection, e.Entity); err != nil {
				return p, err
			}
			if c.After, err = stateIn(ctx, to, e.Collection, e.Entity); err != nil {
				return p, err
			}
			p.Changes = append(p.Changes, c)
		}
	}
	return p, nil
}
