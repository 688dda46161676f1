package node

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// judgement is how far the acceptance of one request has come: what its events
// do. Nothing of it shows anywhere before the request is logged.
type judgement struct {
	*preparer
	request *request
	changes []change
	last    map[event.ID]int // the last change of each entity, as far as known
	added   []*event.Event
	claims  map[string]event.ID // keys in unique indexes that entities would get
}

// change is what one event does to its entity's record.
type change struct {
	event         *event.Event
	before, after *storage.Record // before is nil if the event creates the entity
	added         bool            // by a hook, or to join a head
}

// accept judges a request and, unless it returns an error, appends it to the
// batch or finds that it was accepted before.
func (p *preparer) accept(b *batch, r *request) error {
	r.err, r.receipt = nil, Receipt{Transaction: r.tx.ID, Status: Pending}
	if r.ingest != nil {
		b.requests = append(b.requests, r)
		if err := p.overhear(b); err != nil {
			return undecided{err}
		}
		return r.ingest(p, b)
	}
	if !r.minted || r.attempts > 0 { // an earlier try may have been stored after all
		if repeated, err := p.repeated(b, r); repeated || err != nil {
			return err
		}
	}
	b.requests = append(b.requests, r)
	return p.judge(b, r)
}

func (p *preparer) judge(b *batch, r *request) error {
	if err := p.clock.CheckSkew(r.tx); err != nil {
		return err
	}
	if err := p.checkReads(b, r); err != nil {
		return err
	}
	j := &p.work
	defer j.clear()
	j.preparer, j.request = p, r
	for i, e := range r.tx.Events {
		if err := j.apply(e, i); err != nil {
			return err
		}
	}
	if !r.minted { // before the hooks, which mint IDs
		p.clock.Observe(r.tx.Events[len(r.tx.Events)-1].ID)
		p.clock.Observe(r.tx.ID)
	}
	if len(p.hooks) > 0 { // which may read what they like
		if err := p.rely(b); err != nil {
			return undecided{err}
		}
	}
	if err := j.consult(); err != nil {
		return err
	}
	if len(p.unique) > 0 {
		if err := j.claim(b); err != nil {
			return err
		}
		if len(j.claims) > 0 {
			if err := p.rely(b); err != nil {
				return undecided{err}
			}
		}
	}
	p.log(b, j)
	return nil
}

// clear lets go of everything but the memory for a few changes.
func (j *judgement) clear() {
	clear(j.changes)
	changes := j.changes[:0]
	if cap(changes) > 256 {
		changes = nil
	}
	*j = judgement{changes: changes}
}

// checkReads refuses a serializable transaction if something that it read has
// moved.
func (p *preparer) checkReads(b *batch, r *request) error {
	if len(r.reads) > 0 {
		if err := p.rely(b); err != nil {
			return undecided{err}
		}
	}
	for _, read := range r.reads {
		now, err := p.current(read.collection, read.id)
		if err != nil {
			return undecided{err}
		}
		if stampOf(now) != read.stamp {
			return &ConflictError{Collection: read.collection, ID: read.id}
		}
	}
	return nil
}

// apply folds one event of the transaction, number i.
func (j *judgement) apply(e *event.Event, i int) error {
	if c, ok := j.guessed(e, i); ok {
		j.changes = append(j.changes, c)
		return nil
	}
	before, err := j.recordFor(e)
	if err != nil {
		return undecided{err}
	}
	return j.fold(e, before, false)
}

// guessed uses what the transaction's author took the entity to be, and folded
// already, if the entity is still that, as far as this node has changed it. Of what
// others have done in a store that is shared the engine knows (P1).
func (j *judgement) guessed(e *event.Event, i int) (change, bool) {
	if i >= len(j.request.forks) {
		return change{}, false
	}
	f := &j.request.forks[i]
	if f.after == nil {
		return change{}, false
	}
	c := change{event: e, before: f.before, after: f.after}
	if f.before == nil {
		return c, true // created with a new ID
	}
	if now, ok := j.recent.left(e.Entity); ok {
		return c, now.record.Stamp == f.before.Stamp
	}
	return c, j.request.version >= j.recent.horizon
}

// fold folds an event onto a record and checks what comes of it.
func (j *judgement) fold(e *event.Event, before *storage.Record, added bool) error {
	s := j.models.of(e.Collection)
	after, result, err := fold(j.ctx, before, e, s, past{j.preparer, e.Entity})
	var limit *event.LimitError
	switch {
	case errors.Is(err, entity.ErrMissing), errors.As(err, &limit):
		return err
	case err != nil:
		return undecided{err}
	case result == entity.Duplicate:
		return fmt.Errorf("event %v of %s %v is here already: %w", e.ID, e.Collection, e.Entity, event.ErrEquivocation)
	}
	if err := checkRow(s, &after.Row); err != nil {
		return err
	}
	if j.last != nil {
		j.last[e.Entity] = len(j.changes)
	}
	j.changes = append(j.changes, change{event: e, before: before, after: after, added: added})
	return nil
}

// checkRow asks the model about an entity as it will be. What is deleted need not
// be valid.
func checkRow(s *model.Schema, row *model.Row) error {
	if s == nil || row.Deleted {
		return nil
	}
	if err := guarded("Validate", func() error { return s.Check(row) }); err != nil {
		return &entity.EntityError{Model: s.Model(), ID: row.ID, Reason: err}
	}
	return nil
}

// record returns an entity's record as of the changes so far.
func (j *judgement) record(collection string, id event.ID) (*storage.Record, error) {
	if r := j.changed(collection, id); r != nil {
		return r, nil
	}
	return j.current(collection, id)
}

// changed returns what the changes so far have made of an entity, nil if nothing.
func (j *judgement) changed(collection string, id event.ID) *storage.Record {
	if j.last == nil {
		j.last = make(map[event.ID]int, len(j.changes))
		for i := range j.changes {
			j.last[j.changes[i].event.Entity] = i
		}
	}
	if i, ok := j.last[id]; ok && j.changes[i].after.Collection == collection {
		return j.changes[i].after
	}
	return nil
}

// consult lets the hooks and then the policy have their say, and joins heads that
// have grown too wide for one event to follow.
func (j *judgement) consult() error {
	added, err := j.runHooks()
	if err != nil {
		return err
	}
	if added = append(added, j.joins(added)...); len(added) > 0 {
		if err := j.add(added); err != nil {
			return err
		}
	}
	if j.policy == nil {
		return nil
	}
	a := j.acceptance()
	return j.denied(guarded("the policy", func() error { return j.policy.Accept(j.ctx, a) }))
}

// denied gives a refusal by policy or hook its type.
func (j *judgement) denied(err error) error {
	if err == nil {
		return nil
	}
	return &DeniedError{Principal: j.request.principal, Transaction: j.request.tx.ID, Reason: err}
}

// acceptance shows the changes so far.
func (j *judgement) acceptance() *Acceptance {
	a := &Acceptance{Principal: j.request.principal, Transaction: j.request.tx, Changes: make([]Change, len(j.changes))}
	for i := range j.changes {
		c := &j.changes[i]
		s := j.models.of(c.event.Collection)
		a.Changes[i] = Change{Event: c.event, Schema: s, Before: viewOf(s, c.before), After: viewOf(s, c.after), Added: c.added}
	}
	return a
}

// joins returns an empty event for every entity whose head has more members than
// an event may have precursors. An event that is added to such an entity for
// another reason narrows its head as well.
func (j *judgement) joins(added []*event.Event) []*event.Event {
	var joins []*event.Event
	for i := range j.changes {
		r := j.changes[i].after
		if len(r.Row.Head) <= event.MaxPrecursors {
			continue
		}
		if slices.ContainsFunc(added, func(e *event.Event) bool { return e.Entity == r.Row.ID }) {
			continue
		}
		joins = append(joins, &event.Event{
			Collection: r.Collection, Entity: r.Row.ID, Precursors: slices.Clone(r.Row.Head[:event.MaxPrecursors]),
		})
	}
	return joins
}

// add makes events part of what is added to the transaction: a transaction of
// its own, above everything that its events follow.
func (j *judgement) add(events []*event.Event) error {
	floor := []event.ID{j.request.tx.ID}
	for _, e := range events {
		if e.IsCreation() {
			floor = append(floor, e.ID)
		} else {
			floor = append(floor, e.Precursors.Max())
		}
	}
	id, err := j.clock.MintTransaction(floor...)
	if err != nil {
		return undecided{err}
	}
	updates := 0
	for _, e := range events { // creations come first
		if !e.IsCreation() {
			updates++
			e.ID = id.Update(updates)
		}
	}
	added := event.Transaction{ID: id, Events: events}
	if err := added.Validate(); err != nil {
		return err
	}
	j.added = events
	for _, e := range events {
		before, err := j.record(e.Collection, e.Entity)
		if err != nil {
			return undecided{err}
		}
		if err := j.fold(e, before, true); err != nil {
			return err
		}
	}
	return nil
}
