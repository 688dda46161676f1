package node

import (
	"context"
	"errors"
	"slices"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// arrival is an entry of another origin's log on its way into the store. A signed
// head vouches for it, so nothing of it is judged any more: it was accepted, once,
// by its origin. Only what it follows must be here.
type arrival struct {
	entry *event.Entry
	short uint64            // of its hash
	size  int               // of its encoding
	head  *event.SignedHead // if the log was signed there

	shares bool // it is a small part of the message that it came in, and keeps that alive

	// What became of it.
	stored  bool
	missing *entity.MissingError // what it waits for
	err     error                // why it never can be stored
}

func (a *arrival) position() event.Position {
	return event.Position{Origin: a.entry.Origin, Seq: a.entry.Seq, Short: a.short}
}

// ingest stores arrivals, as many of them as can be: of each log those before one
// that is refused or misses something. It says in them what became of them. After
// an error they must not be looked at.
func (n *Node) ingest(ctx context.Context, arrivals []*arrival, meta []storage.MetaChange) error {
	r := newRequest("", new(event.Transaction))
	r.weight = len(arrivals)
	r.ingest = func(p *preparer, b *batch) error {
		i := ingestion{preparer: p, batch: b, at: make(map[event.Origin]event.Position)}
		if err := i.all(arrivals); err != nil {
			return undecided{err}
		}
		if len(i.at) > 0 {
			b.Meta = append(b.Meta, meta...)
		}
		return nil
	}
	_, err := n.committer.submit(ctx, r)
	return err
}

// ingestion makes arrivals part of a batch.
type ingestion struct {
	*preparer
	*batch
	at map[event.Origin]event.Position // where logs are that got longer
}

// all goes over the arrivals as long as that helps: what one misses another may
// bring.
func (i *ingestion) all(arrivals []*arrival) error {
	for _, a := range arrivals {
		a.stored, a.missing, a.err = false, nil, nil
	}
	for again := true; again; {
		again = false
		blocked := make(map[event.Origin]bool)
		for _, a := range arrivals {
			if a.stored || blocked[a.entry.Origin] {
				continue
			}
			if err := i.take(a); err != nil {
				return err
			}
			if !a.stored {
				blocked[a.entry.Origin] = true
			} else if len(blocked) > 0 {
				again = true
			}
		}
	}
	i.finish()
	return nil
}

// position is where a log is, this batch included.
func (i *ingestion) position(o event.Origin) event.Position {
	if o == i.committer.origin {
		return i.batch.tip.position(o)
	}
	p, ok := i.at[o]
	if !ok {
		p, _ = i.batch.foreign.At(o)
	}
	return p
}

// take makes one arrival part of the batch, unless it was here before, and says
// in it what became of it.
func (i *ingestion) take(a *arrival) error {
	at := i.position(a.entry.Origin)
	switch seq := a.entry.Seq; {
	case seq < at.Seq && a.entry.Origin == i.committer.origin:
		return i.compare(a)
	case seq < at.Seq, seq == at.Seq && a.short == at.Short:
		a.stored = true // somebody else brought it
		return nil
	case seq == at.Seq && a.entry.Origin == i.committer.origin:
		a.err = errForked
		return nil
	case seq == at.Seq, seq == at.Seq+1 && a.entry.Prev.Short() != at.Short:
		a.err = &event.LogError{Origin: a.entry.Origin, Seq: seq, Problem: event.Forked, Verified: at.Seq}
		return nil
	case seq > at.Seq+1:
		a.err = &event.LogError{Origin: a.entry.Origin, Seq: at.Seq + 1, Problem: event.Gapped, Verified: at.Seq}
		return nil
	case a.entry.Origin == i.committer.origin:
		a.err = errAhead
		return nil
	}
	j := &i.work
	defer j.clear()
	j.preparer = i.preparer
	again, err := i.fold(j, a)
	switch {
	case errors.As(err, &a.missing):
		return nil
	case errors.Is(err, errOtherBatch):
		return nil
	case err != nil:
		return err
	}
	i.append(a, j.changes, again)
	return nil
}

// compare finds out whether an arrival is an entry of this node's own log: its key
// has signed both.
func (i *ingestion) compare(a *arrival) error {
	own, err := i.ownEntry(a.entry.Seq)
	if err != nil {
		return err
	}
	if a.stored = own.Position() == a.position(); !a.stored {
		a.err = errForked
	}
	return nil
}

// ownEntry returns an entry of this node's own log, which may be on its way into the
// store.
func (i *ingestion) ownEntry(seq uint64) (*event.Entry, error) {
	for _, b := range append(slices.Clone(i.unfinished), i.batch) {
		for _, e := range b.Entries {
			if e.Origin == i.committer.origin && e.Seq == seq {
				return e, nil
			}
		}
	}
	s, err := i.view()
	if err != nil {
		return nil, err
	}
	return readEntry(i.ctx, s, i.committer.origin, seq)
}

// errOtherBatch says that something cannot be part of a batch because of what is.
var errOtherBatch = errors.New("something else with its ID is part of the batch")

// fold works out what the events of an arrival do, and returns those that are to be
// found where they were logged before.
func (i *ingestion) fold(j *judgement, a *arrival) (again []event.ID, err error) {
	single := len(a.entry.Tx.Events)+len(a.entry.Added) == 1
	for _, e := range a.entry.Events() {
		before, err := i.record(j, e, single)
		if err != nil {
			return nil, err
		}
		known, err := i.known(before, e)
		if err != nil {
			return nil, err
		}
		var c change
		switch {
		case known == nil:
			c, err = i.foldNew(before, e)
		case i.batch.brings(e.ID):
			return nil, errOtherBatch // the engine is told of repetitions by ID alone
		case i.keeps(known, e, a.entry):
			again = append(again, e.ID)
			continue
		default:
			c, err = i.replace(before, e)
		}
		if err != nil {
			return nil, err
		}
		if j.last != nil {
			j.last[e.Entity] = len(j.changes)
		}
		j.changes = append(j.changes, c)
	}
	return again, nil
}

// record returns an entity's record as of the events of the entry so far.
func (i *ingestion) record(j *judgement, e *event.Event, single bool) (*storage.Record, error) {
	if !single {
		if r := j.changed(e.Collection, e.Entity); r != nil {
			return r, nil
		}
	}
	return i.recordFor(e)
}

// known returns the event that is here under the ID of another, nil if none is.
// Before is the record of the entity. What is greater than its head is new (C1).
func (i *ingestion) known(before *storage.Record, e *event.Event) (*event.Event, error) {
	if before == nil && i.isNew(e) || !e.IsCreation() && (before == nil || before.Row.Head.Max().Less(e.ID)) {
		return nil, nil
	}
	found, err := i.preparer.stored(e.Entity, e.ID)
	return found.Event, err
}

// foldNew applies an event that is not here. Two that were accepted apart may make
// an entity larger than an acceptor would have it; that is nothing to be refused.
func (i *ingestion) foldNew(before *storage.Record, e *event.Event) (change, error) {
	if i.batch.repeats(e.ID) {
		return change{}, errOtherBatch
	}
	after, _, err := foldIf(i.ctx, before, e, i.models.of(e.Collection), past{i.preparer, e.Entity}, func(*entity.State) error { return nil })
	return change{event: e, before: before, after: after}, err
}

// keeps decides between an event that is here and one that came under its ID, and
// reports whether nothing changes: because they are the same, or because the one
// that is here is the one that counts everywhere.
func (i *ingestion) keeps(known, e *event.Event, entry *event.Entry) bool {
	winner, loser := entity.Resolve(known, e)
	if loser != nil {
		i.committer.logger.Error("two events were logged under one ID; the one with the smaller digest counts",
			"event", e.ID.String(), "collection", e.Collection, "entity", e.Entity.String(),
			"origin", entry.Origin.String(), "seq", entry.Seq)
	}
	// An ID that two collections share is hostile; each keeps what it has.
	return winner == known || loser == nil || known.Collection != e.Collection
}

// replace folds an entity anew, with an event in the place of one that lost to it.
func (i *ingestion) replace(before *storage.Record, e *event.Event) (change, error) {
	f := entity.NewFolder(e.Collection, e.Entity)
	for known, err := range i.history(e.Entity) {
		if err != nil {
			return change{}, err
		}
		if known.Collection != e.Collection {
			continue
		}
		if _, err := f.Add(known); err != nil {
			return change{}, err
		}
	}
	if _, err := f.Add(e); err != nil {
		return change{}, err
	}
	return change{event: e, before: before, after: recordOf(f.State(), i.models.of(e.Collection))}, nil
}

// append makes an arrival part of the batch.
func (i *ingestion) append(a *arrival, changes []change, again []event.ID) {
	b := i.batch
	a.stored = true
	for k := range changes {
		i.change(b, &changes[k])
		i.claimed(b, changes[k].after)
	}
	if len(again) > 0 && b.again == nil {
		b.again = make(map[event.ID]struct{})
	}
	for _, id := range again {
		b.Again = append(b.Again, id)
		b.again[id] = struct{}{}
	}
	b.Entries = append(b.Entries, a.entry)
	if a.head != nil {
		b.Heads = append(b.Heads, *a.head)
	}
	i.at[a.entry.Origin] = a.position()
	observe(i.clock, a.entry)
	i.unmarked++
}

// claimed notes the keys of an entity, so that transactions that are judged before
// the batch is stored find them taken.
func (i *ingestion) claimed(b *batch, r *storage.Record) {
	for _, x := range i.unique[r.Collection] {
		if key, has := x.appendKey(nil, r); has {
			b.claim(map[string]event.ID{string(key): r.Row.ID})
		}
	}
}

// finish moves the cursor.
func (i *ingestion) finish() {
	b := i.batch
	for o, p := range i.at {
		b.foreign = b.foreign.With(p)
		b.moved = appendNew(b.moved, o)
	}
}

// appendNew appends an origin that is not there yet.
func appendNew(list []event.Origin, o event.Origin) []event.Origin {
	for _, other := range list {
		if other == o {
			return list
		}
	}
	return append(list, o)
}
