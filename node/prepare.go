package node

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// preparer turns requests into batches. What it knows includes batches that are
// prepared and not durable yet. All of it belongs to the holder of the preparing
// token.
type preparer struct {
	committer *committer
	ctx       context.Context
	engine    storage.Engine
	clock     *event.Clock
	key       event.PrivateKey
	models    *catalog
	policy    Policy // nil: everything is allowed
	hooks     []Hook
	unique    uniqueIndexes

	recent     *recent
	newest     event.ID // no event that is stored, or in a batch, has a greater ID
	reach               // of the last prepared batch
	number     uint64   // of the last prepared batch
	basis      uint64   // the epoch all this belongs to
	unfinished []*batch // prepared, and not known to be durable
	open       *batch   // being prepared; nil in between
	unmarked   int      // entries of other origins since the last mark
	sharing    *sharing // nil: nobody else writes to the store

	spare *batch    // to be used again
	work  judgement // of the request at hand; used again for its memory

	snapshot storage.Snapshot // opened by the first request of a batch that needs it
}

// begin makes an empty batch, after it took in what became of earlier ones.
func (p *preparer) begin() *batch {
	p.catchUp()
	b := p.spare
	if p.spare = nil; b == nil {
		b = new(batch)
	}
	b.number, b.epoch, b.before, b.reach = p.number+1, p.basis, p.tip, p.reach
	return b
}

// extend judges requests and makes them part of a batch. Those that are refused
// are part of it too, with their reason: they must not be answered before the
// batches on whose grounds they were refused are durable.
func (p *preparer) extend(b *batch, requests []*request) {
	p.open = b
	defer p.end()
	if p.sharing != nil {
		b.foreign = b.foreign.Merge(p.committer.published.Load().Without(p.committer.origin))
	}
	b.requests = slices.Grow(b.requests, len(requests))
	b.accepted = slices.Grow(b.accepted, len(requests))
	b.Entries = slices.Grow(b.Entries, len(requests))
	b.States = slices.Grow(b.States, len(requests))
	for _, r := range requests {
		if err := p.accept(b, r); err != nil {
			r.fail(err)
		}
	}
	if !b.isEmpty() {
		p.seal(b)
	}
}

// catchUp takes in what became of earlier batches.
func (p *preparer) catchUp() {
	durable := p.committer.durable.Load()
	if epoch := p.committer.epoch.Load(); epoch != p.basis {
		// Nothing of the ended epoch is under way any more: whoever has a batch of
		// it holds the preparing token. So stored does not change now.
		p.basis, p.number, p.reach = epoch, durable, p.committer.stored
		p.recent.reset(durable)
		clear(p.unfinished)
		p.unfinished = p.unfinished[:0]
	}
	p.unfinished = slices.DeleteFunc(p.unfinished, func(b *batch) bool {
		if b.number > durable {
			return false
		}
		if b.finished.Load() {
			b.reset()
			p.spare = b
		}
		return true
	})
	p.recent.forget(durable)
}

func (p *preparer) end() {
	p.open = nil
	if p.snapshot != nil {
		p.snapshot.Close()
		p.snapshot = nil
	}
}

// view returns the snapshot for this batch. It is younger than what recent has
// forgotten.
func (p *preparer) view() (storage.Snapshot, error) {
	if p.snapshot == nil {
		var err error
		if p.snapshot, err = p.engine.Snapshot(p.ctx); err != nil {
			p.snapshot = nil
			return nil, err
		}
	}
	return p.snapshot, nil
}

// current returns an entity's record as of the last request that was accepted,
// nil if there is none.
func (p *preparer) current(collection string, id event.ID) (*storage.Record, error) {
	if found, ok := p.recent.get(id); ok {
		if found.record.Collection != collection {
			return nil, nil
		}
		return found.record, nil
	}
	s, err := p.view()
	if err != nil {
		return nil, err
	}
	return stateIn(p.ctx, s, collection, id)
}

// recordFor returns the record of an event's entity as of the last request that was
// accepted, nil if there is none. An entity that is created with a greater ID than
// everything here need not be looked up.
func (p *preparer) recordFor(e *event.Event) (*storage.Record, error) {
	if p.isNew(e) {
		return nil, nil
	}
	return p.current(e.Collection, e.Entity)
}

// isNew reports whether an event creates an entity of which nothing can be here.
func (p *preparer) isNew(e *event.Event) bool {
	return e.IsCreation() && p.newest.Less(e.ID) && p.sharing == nil // others create entities, too
}

// stored looks for an event of an entity, in the batches too that are not durable
// yet. The Event is nil if there is none.
func (p *preparer) stored(entityID, id event.ID) (storage.Stored, error) {
	if p.open != nil {
		if found, ok := p.open.event(entityID, id); ok {
			return found, nil
		}
	}
	for _, b := range p.unfinished {
		if found, ok := b.event(entityID, id); ok {
			return found, nil
		}
	}
	s, err := p.view()
	if err != nil {
		return storage.Stored{}, err
	}
	found, err := s.Event(p.ctx, entityID, id)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Stored{}, nil
	}
	return found, err
}

// history yields all events of an entity, in no order; the same one may come
// twice.
func (p *preparer) history(id event.ID) iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		for _, b := range append(slices.Clone(p.unfinished), p.open) {
			for _, entry := range b.Entries {
				for _, e := range entry.Events() {
					if e.Entity == id && !yield(e, nil) {
						return
					}
				}
			}
		}
		s, err := p.view()
		if err != nil {
			yield(nil, err)
			return
		}
		for e, err := range s.Events(p.ctx, id, nil) {
			if !yield(e.Event, err) || err != nil {
				return
			}
		}
	}
}

// past is the history of one entity, as [entity.State.Apply] asks for it.
type past struct {
	p  *preparer
	id event.ID
}

var _ entity.History = past{}

// Has implements [entity.History].
func (h past) Has(_ context.Context, id event.ID) (bool, error) {
	e, err := h.p.stored(h.id, id)
	return e.Event != nil, err
}

// log appends an accepted request to the batch.
func (p *preparer) log(b *batch, j *judgement) {
	entry := &event.Entry{
		Origin: p.committer.origin, Seq: b.tip.seq + 1, Prev: b.tip.hash,
		Author: string(j.request.principal), Tx: j.request.tx, Added: j.added,
	}
	b.tip = tip{seq: entry.Seq, hash: entry.Hash()}
	b.Entries = append(b.Entries, entry)
	for i := range j.changes {
		p.change(b, &j.changes[i])
	}
	if len(j.claims) > 0 {
		b.claim(j.claims)
	}
	b.accepted = append(b.accepted, accepted{request: j.request, position: b.tip.position(entry.Origin)})
}

// change makes a new record part of the batch. An entity that the batch changes
// twice has one place in it.
func (p *preparer) change(b *batch, c *change) {
	index := len(b.States)
	if earlier, ok := p.recent.get(c.after.Row.ID); ok && earlier.batch == b.number {
		index = earlier.index
		b.States[index].Record = c.after
	} else {
		b.States = append(b.States, storage.StateChange{Record: c.after, Was: stampOf(c.before), Before: c.before})
	}
	p.recent.put(c.after, b.number, index)
	if p.newest.Less(c.event.ID) {
		p.newest = c.event.ID
	}
}

// seal completes the batch as it is now and makes it the base of what follows.
func (p *preparer) seal(b *batch) {
	b.Expect = append(b.Expect[:0], b.before.position(p.committer.origin))
	if b.Advance = b.Advance[:0]; b.tip.seq > 0 {
		b.Advance = append(b.Advance, b.tip.position(p.committer.origin))
	}
	if b.basis != nil {
		b.Expect, b.Holds = append(b.Expect, b.basis.expect...), b.basis.holds
	}
	for _, o := range b.moved {
		position, _ := b.foreign.At(o)
		b.Advance = append(b.Advance, position)
	}
	p.reach = b.reach
	if b.tip.seq/markEvery > b.before.seq/markEvery || p.unmarked >= markEvery {
		p.unmarked, b.marked = 0, true
		heads, meta := p.mark(b.reach)
		b.Heads, b.Meta = append(b.Heads, heads...), append(b.Meta, meta...)
	}
	if p.number != b.number {
		p.number = b.number
		p.unfinished = append(p.unfinished, b)
	}
}

// mark vouches for the log so far, and notes what spares the next opening from
// reading the logs.
func (p *preparer) mark(r reach) (heads []event.SignedHead, meta []storage.MetaChange) {
	m := mark{cursor: r.cursor(p.committer.origin), last: p.clock.Last(), hash: r.tip.hash}
	if r.tip.seq > 0 {
		heads = append(heads, event.SignHead(p.key, r.tip.seq, r.tip.hash, false))
	}
	return heads, []storage.MetaChange{{Key: metaMark, Value: m.appendTo(nil)}, {Key: metaAhead, Value: encodeAhead(p.clock.Ahead())}}
}
