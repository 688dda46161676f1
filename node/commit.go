package node

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// committer makes transactions durable, in batches, and has no goroutine of its
// own: whoever comes first leads.
//
// A commit pushes its request to the queue and then waits for one of two things:
// that the request is decided, or that it gets the preparing token itself. Who
// gets the token takes everything that waits through three stages:
//
//	prepare   judge the requests, fold their events, build one storage.Batch
//	commit    hand it to the engine
//	publish   tell the reactor, and then those who wait
//
// A token stands for each stage. The next stage's token is taken before this
// stage's is given back, so batches stay in order, while each stage works on
// another batch: the next one is prepared while the engine waits for its device.
// Requests that come meanwhile gather for the one after, which is the group
// commit. A lone writer goes through all stages on its own goroutine.
//
// What is prepared builds on batches that are not durable yet (see recent). When
// one of those fails, an epoch ends: whatever was prepared in it is discarded,
// and its requests are put back into the queue, at their old places. The leader
// notices when it gets the committing token.
//
// A leader works for others too, so it heeds the node's context, not its own.
//
// A goroutine per stage with channels in between would do the same at the cost
// of three switches for each commit, several times what a commit over a store
// that does not sync takes.
type committer struct {
	ctx     context.Context // the node's
	engine  storage.Engine
	limits  *Limits
	logger  Logger
	origin  event.Origin
	queue   *queue
	prepare *preparer
	reactor publisher
	grown   bell // rung when entries became durable

	preparing, committing, publishing token

	drained []*request // extend's, for its memory

	epoch   atomic.Uint64 // counts batches that failed
	durable atomic.Uint64 // number of the last batch that became durable
	failed  atomic.Pointer[error]

	published atomic.Pointer[event.Cursor] // all that it covers has been told to standing queries
	sharing   *sharing                     // nil: nobody else writes to the store

	stored  reach // what is durable; belongs to the holder of committing
	marked  reach // what the last mark tells
	stopped bool  // the tokens are kept for good; belongs to whoever closes
}

// publisher is who is told of every batch that became durable, in order. It must
// not wait for anybody.
type publisher interface {
	// publish tells of a batch.
	publish(b *batch)
	// reads reports whether publish may want to read the store as it is right
	// after the batch. The engine gets the next batch only once publish returned,
	// then.
	reads(b *batch) bool
	// lost tells that the store has changed in a way that publish knows nothing of.
	lost(err error)
}

func newCommitter(n *Node, o *options, end, marked reach) *committer {
	c := &committer{
		ctx: n.ctx, engine: n.engine, limits: &n.limits, logger: n.logger,
		origin: n.Origin(), queue: newQueue(), reactor: n.lives,
		preparing: newToken(), committing: newToken(), publishing: newToken(),
		stored: end, marked: marked,
	}
	c.prepare = &preparer{
		committer: c, ctx: n.ctx, engine: n.engine, clock: n.clock, key: n.key(),
		models: n.models, policy: n.policy, hooks: o.hooks,
		recent: newRecent(0), reach: end, newest: n.clock.Last(),
	}
	for _, id := range n.clock.Ahead() {
		if c.prepare.newest.Less(id) {
			c.prepare.newest = id
		}
	}
	if _, everybody := n.policy.(allowAll); everybody {
		c.prepare.policy = nil
	}
	c.told(end.cursor(c.origin))
	return c
}

// submit takes a request through. After ErrPending the request will be decided
// all the same; after any other error of ctx nothing happened.
func (c *committer) submit(ctx context.Context, r *request) (Receipt, error) {
	if ctx.Err() != nil {
		return r.receipt, ended(ctx)
	}
	if err := c.failure(); err != nil {
		return r.receipt, err
	}
	if err := c.queue.push(r); err != nil {
		return r.receipt, err
	}
	for {
		decided, waits := c.queue.look(r)
		if decided {
			return r.receipt, r.err
		}
		if waits && c.preparing.tryTake() {
			c.lead()
			continue
		}
		if left, err := c.wait(ctx, r); left {
			return Receipt{Transaction: r.tx.ID, Status: Pending}, err
		}
	}
}

// wait waits for a request to be decided or put back, or for the chance to lead.
// It reports whether the caller has given up, and the request is not to be looked
// at any more.
func (c *committer) wait(ctx context.Context, r *request) (left bool, err error) {
	waits, done, returned := c.queue.watch(r)
	preparing := c.preparing
	if !waits {
		// Somebody has taken the request up, and leads it to its end.
		preparing = nil
	}
	select {
	case <-done:
	case <-returned:
	case preparing <- struct{}{}:
		if _, waits := c.queue.look(r); waits {
			c.lead()
		} else {
			c.preparing.give() // somebody was quicker, and so will be others
		}
	case <-ctx.Done():
		return true, c.abandon(ctx, r)
	}
	return false, nil
}

// abandon gives up waiting for a request.
func (c *committer) abandon(ctx context.Context, r *request) error {
	if c.queue.withdraw(r) {
		return ended(ctx)
	}
	return fmt.Errorf("%w: %w", ErrPending, ended(ctx))
}

// lead takes a batch through all stages, and more as long as requests wait that
// were put back and whose owners are gone: nobody else would lead those. The
// caller has taken the preparing token, which lead gives back.
func (c *committer) lead() {
	c.leadOne()
	for c.queue.hasOrphans() {
		c.preparing.take()
		c.leadOne()
	}
}

func (c *committer) leadOne() {
	b := c.prepare.begin()
	if !c.extend(b) {
		c.prepare.spare = b
		c.preparing.give()
		return
	}
	c.proceed(b)
	if b.epoch != c.epoch.Load() {
		c.queue.putBack(b.requests)
		c.committing.give()
		c.preparing.give()
		return
	}
	c.preparing.give()
	result, err := c.store(b)
	if result == again {
		c.queue.putBack(b.requests)
		c.committing.give()
		return
	}
	c.finish(b, result, err)
}

// extend prepares what waits, as far as it fits into the batch, and reports
// whether there was any. It needs the preparing token.
func (c *committer) extend(b *batch) bool {
	c.drained = c.queue.drain(c.limits, b, c.drained)
	if len(c.drained) == 0 {
		return false
	}
	c.prepare.extend(b, c.drained)
	clear(c.drained)
	return true
}

// proceed takes the committing token. As long as it has to wait for it, the batch
// grows by what is pushed meanwhile: with many writers, one half of them is in
// the engine while the other half gathers.
func (c *committer) proceed(b *batch) {
	for {
		if c.committing.tryTake() {
			return
		}
		if c.extend(b) {
			continue
		}
		if !c.queue.listen() { // what waits does not fit in
			c.committing.take()
			return
		}
		select {
		case c.committing <- struct{}{}:
			c.queue.unlisten()
			return
		case <-c.queue.arrived:
		}
	}
}

// store hands a batch to the engine and finds out what became of it. It needs
// the committing token.
func (c *committer) store(b *batch) (outcome, error) {
	if b.isEmpty() {
		return stored, nil
	}
	result, err := refused, c.failure()
	if err == nil {
		err = c.engine.Commit(c.ctx, &b.Batch)
		result = c.assess(b, err)
	}
	if result == stored {
		c.stored = b.reach
		if b.marked {
			c.marked = b.reach
		}
		c.durable.Store(b.number)
		return stored, nil
	}
	if result == broken {
		err = c.breakOff(err)
	}
	c.epoch.Add(1)
	return result, err
}

// finish makes a batch's outcome known. Standing queries come first: who hears
// that its transaction was accepted finds it in them. It needs the committing
// token, and gives it back as soon as the next batch may come.
func (c *committer) finish(b *batch, result outcome, err error) {
	c.publishing.take()
	defer c.publishing.give()
	if c.sharing != nil {
		c.committing.give()
		if result == stored {
			c.sharing.follow(c.ctx, b)
		}
	} else if result != stored || len(b.States) == 0 {
		c.committing.give()
	} else if c.reactor.reads(b) {
		c.reactor.publish(b)
		c.committing.give()
	} else {
		c.committing.give()
		c.reactor.publish(b)
	}
	if result == stored {
		if c.sharing == nil {
			c.told(b.cursor(c.origin))
		}
		b.succeed()
	} else {
		b.fail(err)
	}
	c.queue.decide(b.requests)
	if result == stored && len(b.Entries) > 0 {
		c.grown.ring()
	}
	b.finished.Store(true)
}

// told notes how far standing queries have been told.
func (c *committer) told(cursor event.Cursor) { c.published.Store(&cursor) }

// quiet runs f while nothing is prepared that is not stored. f may change what
// belongs to the holders of the tokens.
func (c *committer) quiet(ctx context.Context, f func()) error {
	if err := c.preparing.takeWithin(ctx); err != nil {
		return err
	}
	defer c.preparing.give()
	if err := c.committing.takeWithin(ctx); err != nil {
		return err
	}
	defer c.committing.give()
	f()
	return nil
}

// note stores small changes of the node's own, beside the batches.
func (c *committer) note(ctx context.Context, meta ...storage.MetaChange) error {
	if c.queue.isClosed() {
		return ErrClosed
	}
	select {
	case c.committing <- struct{}{}:
	case <-c.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return ended(ctx)
	}
	defer c.committing.give()
	return c.noteHeld(ctx, &storage.Batch{Meta: meta})
}

// noteHeld is note for the holder of the committing token.
func (c *committer) noteHeld(ctx context.Context, b *storage.Batch) error {
	if c.queue.isClosed() {
		return ErrClosed
	}
	if err := c.failure(); err != nil {
		return err
	}
	return c.engine.Commit(ctx, b)
}
