package mergetest

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ankgo/ank/event"
)

// A Fold folds the events of one entity. It takes them in any order.
type Fold interface {
	// Add gives the fold a valid event of its entity. Missing precursors are no
	// error: the event waits for them.
	Add(e *event.Event) error
	// Facts tells what the events amount to.
	Facts() Facts
	// Snapshot returns the folded state, all of it, as bytes that depend on the
	// state only. Events that wait are not part of it.
	Snapshot() []byte
}

// A Subject makes folds that the laws are tried on.
type Subject struct {
	// New returns a fold of an entity that has no events yet.
	New func(collection string, entity event.ID) Fold
	// Restore returns a fold that goes on from a snapshot. past holds all events
	// that the fold had been given: it is what a store remembers.
	Restore func(collection string, entity event.ID, snapshot []byte, past []*event.Event) (Fold, error)
	// Honest subjects are not given twins and erased copies.
	Honest bool
}

// A law is a promise of every fold.
type law struct {
	name, why string
	check     func(*trial) error
}

var laws = []law{
	{"definition", "a fold is what the whole set of its events amounts to by definition, however they came in", definition},
	{"order", "two folds that were given the same events in different orders are equal, byte for byte", order},
	{"duplicates", "an event that is given again, even long after its descendants, changes nothing", duplicates},
	{"snapshot", "a snapshot plus the rest of the events is the same as all events from the start", snapshot},
	{"roundtrip", "a fold restored from its own snapshot has the same facts and the same snapshot", roundtrip},
	{"convergence", "whenever two replicas have been given the same events they are equal, byte for byte", convergence},
	{"equivocation", "of two events with one ID every replica folds the same one, whichever came first", equivocation},
	{"erasure", "an erased value is gone, whether its event or the erased copy came first; the write still wins", erasure},
}

// trial is one history in front of one subject.
type trial struct {
	chooser
	subject Subject
	h       *History
	events  []*event.Event // all that is delivered
}

func newTrial(s Subject, c chooser) *trial {
	t := &trial{chooser: c, subject: s, h: generate(c)}
	if s.Honest {
		t.h.Twins, t.h.Erased = nil, nil
	}
	t.events = t.h.All()
	return t
}

func (t *trial) fold(events []*event.Event) (Fold, error) {
	f := t.subject.New(t.h.Collection, t.h.Entity)
	return f, t.give(f, events)
}

func (t *trial) give(f Fold, events []*event.Event) error {
	for _, e := range events {
		if err := f.Add(e); err != nil {
			return fmt.Errorf("event %s is refused: %w", t.h.Label(e.ID), err)
		}
	}
	return nil
}

// shuffled returns the events in one of the ways that they may come in.
func (t *trial) shuffled(events []*event.Event) []*event.Event {
	events = slices.Clone(events)
	switch t.pick(4) {
	case 0: // ID order
		slices.SortStableFunc(events, func(a, b *event.Event) int { return a.ID.Compare(b.ID) })
	case 1: // descendants first
		slices.SortStableFunc(events, func(a, b *event.Event) int { return b.ID.Compare(a.ID) })
	default:
		for i := len(events) - 1; i > 0; i-- {
			j := t.pick(i + 1)
			events[i], events[j] = events[j], events[i]
		}
	}
	return events
}

func definition(t *trial) error {
	events := t.shuffled(t.events)
	n := t.pick(len(events) + 1)
	f, err := t.fold(events[:n])
	if err != nil {
		return err
	}
	if err := t.compare(events[:n], f); err != nil {
		return err
	}
	if err := t.give(f, events[n:]); err != nil {
		return err
	}
	return t.compare(events, f)
}

// compare compares a fold with the definition.
func (t *trial) compare(events []*event.Event, f Fold) error {
	return t.differ("definition", Reference(events), "fold", f.Facts())
}

func (t *trial) differ(a string, x Facts, b string, y Facts) error {
	labels := cmp.Transformer("label", func(id event.ID) string { return t.h.Label(id) })
	if diff := cmp.Diff(x, y, labels, cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("%s (-) and %s (+) differ:\n%s", a, b, diff)
	}
	return nil
}

// same compares two folds byte for byte.
func (t *trial) same(a string, x Fold, b string, y Fold) error {
	if err := t.differ(a, x.Facts(), b, y.Facts()); err != nil {
		return err
	}
	if p, q := x.Snapshot(), y.Snapshot(); !bytes.Equal(p, q) {
		return fmt.Errorf("the facts agree, the snapshots do not:\n%s %x\n%s %x", a, p, b, q)
	}
	return nil
}

func order(t *trial) error {
	one, err := t.fold(t.shuffled(t.events))
	if err != nil {
		return err
	}
	other, err := t.fold(t.shuffled(t.events))
	if err != nil {
		return err
	}
	return t.same("one order", one, "the other", other)
}

func duplicates(t *trial) error {
	events := t.shuffled(t.events)
	once, err := t.fold(events)
	if err != nil {
		return err
	}
	again := t.subject.New(t.h.Collection, t.h.Entity)
	for i := range events {
		repeated := events[t.pick(i+1)]
		if err := t.give(again, []*event.Event{events[i], repeated, events[i]}); err != nil {
			return err
		}
	}
	if err := t.same("once", once, "with duplicates", again); err != nil {
		return err
	}
	if err := t.give(again, t.shuffled(events)); err != nil {
		return err
	}
	return t.same("once", once, "all of it again", again)
}

// restored returns a fold that goes on from a snapshot of f.
func (t *trial) restored(f Fold, past []*event.Event) (Fold, error) {
	r, err := t.subject.Restore(t.h.Collection, t.h.Entity, f.Snapshot(), past)
	if err != nil {
		return nil, fmt.Errorf("a snapshot cannot be restored: %w", err)
	}
	return r, nil
}

func snapshot(t *trial) error {
	events := t.shuffled(t.events)
	whole, err := t.fold(events)
	if err != nil {
		return err
	}
	part := t.subject.New(t.h.Collection, t.h.Entity)
	for i, e := range events {
		if t.pick(3) == 0 {
			if part, err = t.restored(part, events[:i]); err != nil {
				return err
			}
		}
		if err := t.give(part, []*event.Event{e}); err != nil {
			return err
		}
	}
	return t.same("the whole", whole, "snapshots plus the rest", part)
}

func roundtrip(t *trial) error {
	events := t.shuffled(t.events)
	f := t.subject.New(t.h.Collection, t.h.Entity)
	for i, e := range events {
		if err := t.give(f, []*event.Event{e}); err != nil {
			return err
		}
		r, err := t.restored(f, events[:i+1])
		if err != nil {
			return err
		}
		if err := t.same("a fold", f, "its restored snapshot", r); err != nil {
			return err
		}
	}
	return nil
}

// convergence lets replicas take events from each other at random, and compares
// any two that have the same.
func convergence(t *trial) error {
	const replicas = 3
	var folds [replicas]Fold
	var have [replicas][]bool
	for i := range folds {
		folds[i] = t.subject.New(t.h.Collection, t.h.Entity)
		have[i] = make([]bool, len(t.events))
	}
	take := func(r, i int) error {
		have[r][i] = true
		return t.give(folds[r], t.events[i:i+1])
	}
	for range 2 * len(t.events) {
		a, b := t.pick(replicas), t.pick(replicas)
		if err := take(a, t.pick(len(t.events))); err != nil {
			return err
		}
		if t.pick(4) > 0 {
			continue
		}
		for i := range t.events { // a learns all that b has
			if have[b][i] && !have[a][i] {
				if err := take(a, i); err != nil {
					return err
				}
			}
		}
		if slices.Equal(have[a], have[b]) {
			if err := t.same("one replica", folds[a], "another one", folds[b]); err != nil {
				return err
			}
		}
	}
	for r := range folds {
		if err := t.give(folds[r], t.shuffled(t.events)); err != nil {
			return err
		}
	}
	if err := t.same("replica 0", folds[0], "replica 1", folds[1]); err != nil {
		return err
	}
	return t.same("replica 0", folds[0], "replica 2", folds[2])
}

func equivocation(t *trial) error {
	if len(t.h.Twins) == 0 {
		return nil
	}
	before, err := t.fold(slices.Concat(t.h.Twins, t.h.Events))
	if err != nil {
		return err
	}
	after, err := t.fold(slices.Concat(t.h.Events, t.h.Twins))
	if err != nil {
		return err
	}
	if err := t.same("twins first", before, "twins last", after); err != nil {
		return err
	}
	return t.compare(slices.Concat(t.h.Events, t.h.Twins), after)
}

func erasure(t *trial) error {
	if len(t.h.Erased) == 0 {
		return nil
	}
	honest := slices.Concat(t.h.Events, t.h.Twins)
	before, err := t.fold(slices.Concat(t.h.Erased, honest))
	if err != nil {
		return err
	}
	after, err := t.fold(slices.Concat(honest, t.h.Erased))
	if err != nil {
		return err
	}
	if err := t.same("erased first", before, "erased last", after); err != nil {
		return err
	}
	return t.compare(t.events, after)
}
