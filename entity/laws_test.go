package entity

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity/mergetest"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// TestLawsOfFolder: what folds an entity's events from any pile of them.
func TestLawsOfFolder(t *testing.T) { mergetest.Run(t, folderSubject()) }

// TestLawsOfState: what a node does: a record is decoded, one event applied, and
// the record encoded again; what misses precursors is parked.
func TestLawsOfState(t *testing.T) { mergetest.Run(t, pipelineSubject(flaws{})) }

// TestLawsNotice plants one flaw at a time and expects the laws to notice. The
// laws named are those that no run may miss it with.
func TestLawsNotice(t *testing.T) {
	const seed, histories = 7, 40
	for name, m := range mutants() {
		t.Run(name, func(t *testing.T) {
			broken := mergetest.Violations(m.subject, seed, histories)
			for _, law := range m.noticed {
				require.Contains(t, broken, law, "the law does not notice; broken are %d others", len(broken))
			}
			require.NotEmpty(t, m.noticed)
		})
	}
	for name, s := range map[string]mergetest.Subject{"folder": folderSubject(), "state": pipelineSubject(flaws{})} {
		t.Run("no flaw in "+name, func(t *testing.T) {
			require.Empty(t, mergetest.Violations(s, seed, histories))
		})
	}
}

type mutant struct {
	subject mergetest.Subject
	noticed []string
}

func mutants() map[string]mutant {
	state := func(f flaws, noticed ...string) mutant { return mutant{pipelineSubject(f), noticed} }
	folder := func(f func(*Folder) mergetest.Fold, noticed ...string) mutant {
		s := folderSubject()
		s.New = func(collection string, id event.ID) mergetest.Fold { return f(NewFolder(collection, id)) }
		return mutant{s, noticed}
	}
	return map[string]mutant{
		"the writer is not compared":        state(flaws{blind: true}, "definition", "order", "convergence"),
		"an ancestor is applied twice":      state(flaws{forgetful: true}, "convergence", "duplicates"),
		"the first operation wins":          state(flaws{backwards: true}, "definition"),
		"unknown operations are dropped":    state(flaws{drops: true}, "definition"),
		"deletion follows arrival":          state(flaws{lastDeletion: true}, "definition", "order"),
		"an edit undeletes":                 state(flaws{revives: true}, "definition"),
		"the head keeps precursors":         state(flaws{stickyHead: true}, "definition"),
		"a snapshot forgets the writers":    state(flaws{noWriters: true}, "convergence", "definition"),
		"what misses precursors is dropped": state(flaws{noParking: true}, "definition", "order"),
		"the first twin stays":              folder(firstTwin, "equivocation", "order", "definition"),
		"a twin is not refolded":            folder(lazyTwin, "equivocation"),
		"an erased copy is a duplicate":     folder(noErasure, "erasure", "definition"),
	}
}

// folderSubject is the real Folder.
func folderSubject() mergetest.Subject {
	return mergetest.Subject{
		New: func(collection string, id event.ID) mergetest.Fold { return folderFold{NewFolder(collection, id)} },
		Restore: func(collection string, id event.ID, snapshot []byte, past []*event.Event) (mergetest.Fold, error) {
			f, err := Replay(collection, id, slices.Values(past))
			if err != nil {
				return nil, err
			}
			f.state, err = restore(collection, id, snapshot)
			return folderFold{f}, err
		},
	}
}

type folderFold struct{ *Folder }

func (f folderFold) Add(e *event.Event) error {
	_, err := f.Folder.Add(e)
	return err
}

func (f folderFold) Snapshot() []byte { return encoded(f.state) }

func (f folderFold) Facts() mergetest.Facts {
	facts := factsOf(f.state)
	for _, e := range f.Parked() {
		facts.Parked = append(facts.Parked, e.ID)
	}
	for _, e := range f.Quarantined() {
		facts.Quarantined = append(facts.Quarantined, e.Digest())
	}
	return facts
}

// firstTwin is a Folder to which what came first is the event.
func firstTwin(f *Folder) mergetest.Fold {
	return filtered{folderFold{f}, func(e *event.Event) bool {
		known := f.Event(e.ID)
		return known == nil || known.Digest() == e.Digest()
	}}
}

// noErasure is a Folder that takes erased copies for duplicates.
func noErasure(f *Folder) mergetest.Fold {
	return filtered{folderFold{f}, func(e *event.Event) bool {
		known := f.Event(e.ID)
		return known == nil || known.Digest() != e.Digest()
	}}
}

type filtered struct {
	folderFold
	pass func(e *event.Event) bool
}

func (f filtered) Add(e *event.Event) error {
	if !f.pass(e) {
		return nil
	}
	return f.folderFold.Add(e)
}

// lazyTwin is a Folder that applies a winning twin on top of the loser.
func lazyTwin(f *Folder) mergetest.Fold { return lazy{folderFold{f}} }

type lazy struct{ folderFold }

func (l lazy) Add(e *event.Event) error {
	if known := l.Event(e.ID); known != nil {
		winner, loser := Resolve(known, e)
		if loser != nil {
			l.quarantined[loser.Digest()] = loser
		}
		if winner == e {
			l.events[e.ID] = e
			l.state.fold(e)
		}
		return nil
	}
	return l.folderFold.Add(e)
}

// flaws are what can be wrong with a pipeline.
type flaws struct {
	blind        bool
	forgetful    bool
	backwards    bool
	drops        bool
	lastDeletion bool
	revives      bool
	stickyHead   bool
	noWriters    bool
	noParking    bool
}

// pipelineSubject applies events to encoded states, the way a node does.
func pipelineSubject(f flaws) mergetest.Subject {
	start := func(collection string, id event.ID) *pipeline {
		return &pipeline{
			flaws: f, collection: collection, id: id,
			history: make(applied), parking: NewParking(ParkingOptions{}),
		}
	}
	return mergetest.Subject{
		Honest: true,
		New:    func(collection string, id event.ID) mergetest.Fold { return start(collection, id) },
		Restore: func(collection string, id event.ID, snapshot []byte, past []*event.Event) (mergetest.Fold, error) {
			p := start(collection, id)
			for _, e := range past {
				if err := p.Add(e); err != nil {
					return nil, err
				}
			}
			s, err := restore(collection, id, snapshot)
			if err != nil {
				return nil, err
			}
			p.store(s)
			return p, nil
		},
	}
}

// pipeline holds an encoded state and applies events to it.
type pipeline struct {
	flaws
	collection string
	id         event.ID
	head       event.Head
	values     model.Tuple
	merge      []byte
	history    applied
	parking    *Parking
}

func (p *pipeline) load() (*State, error) {
	return DecodeState(p.collection, p.id, p.head, p.values, p.merge)
}

func (p *pipeline) store(s *State) {
	p.head = s.Head()
	p.values, p.merge = s.Encode(nil)
	if p.noWriters && len(s.kept) == 0 && s.deletion.by.IsZero() {
		p.merge = nil
	}
}

func (p *pipeline) Add(e *event.Event) error {
	s, err := p.load()
	if err != nil {
		return err
	}
	result, err := p.apply(s, e)
	switch result {
	case Applied:
		p.history[e.ID] = struct{}{}
		p.store(s)
		for _, waiting := range p.parking.Release(e.ID) {
			if err := p.Add(waiting); err != nil {
				return err
			}
		}
		return nil
	case Parked:
		if p.noParking {
			return nil
		}
		return p.parking.Add(e, err.(*MissingError).Missing)
	}
	return err
}

// apply is State.Apply, with the flaw if there is one.
func (p *pipeline) apply(s *State, e *event.Event) (Result, error) {
	ctx := context.Background()
	if p.forgetful {
		return s.Apply(ctx, e, forgetful{p.history, e.ID})
	}
	mutated := *e
	if p.backwards {
		mutated.Ops = slices.Clone(e.Ops)
		slices.Reverse(mutated.Ops)
	}
	if p.drops {
		mutated.Ops = slices.DeleteFunc(slices.Clone(e.Ops), func(op event.Operation) bool { return meaningOf(&op) == unknown })
	}
	before := s.Clone()
	result, err := s.Apply(ctx, &mutated, p.history)
	if result == Applied {
		p.spoil(before, s, e)
	}
	return result, err
}

// spoil changes what applying an event came to.
func (p *pipeline) spoil(before, s *State, e *event.Event) {
	for i := range e.Ops {
		switch op := &e.Ops[i]; {
		case p.blind && meaningOf(op) == assign:
			at, _ := s.find(op.Field)
			s.fields[at] = register{name: op.Field, value: op.Value, by: e.ID}
		case p.lastDeletion && meaningOf(op) == remove, p.lastDeletion && meaningOf(op) == reinsert:
			s.deletion = deletion{by: e.ID, deleted: meaningOf(op) == remove}
		case p.revives && meaningOf(op) == assign && s.deletion.deleted:
			s.deletion = deletion{by: e.ID}
		}
	}
	if p.stickyHead && before.Exists() {
		s.head = before.head.With(e.ID, nil)
	}
}

func (p *pipeline) Snapshot() []byte {
	s, err := p.load()
	if err != nil {
		return []byte(err.Error())
	}
	return encoded(s)
}

func (p *pipeline) Facts() mergetest.Facts {
	s, err := p.load()
	if err != nil {
		return mergetest.Facts{}
	}
	facts := factsOf(s)
	for _, e := range p.parking.Events() {
		facts.Parked = append(facts.Parked, e.ID)
	}
	return facts
}

// forgetful is a history without one event.
type forgetful struct {
	applied
	forgotten event.ID
}

func (f forgetful) Has(ctx context.Context, id event.ID) (bool, error) {
	if id == f.forgotten {
		return false, nil
	}
	return f.applied.Has(ctx, id)
}

func factsOf(s *State) mergetest.Facts {
	facts := mergetest.Facts{Head: s.Head(), Deleted: s.Deleted(), Fields: map[string]mergetest.Field{}}
	for _, name := range s.Names() {
		value, by, _ := s.Field(name)
		facts.Fields[name] = mergetest.Field{Value: value, Writer: by}
	}
	for _, k := range s.Kept() {
		facts.Kept = append(facts.Kept, mergetest.Kept(k))
	}
	return facts
}

// encoded is all of a state in bytes, restore the way back.
func encoded(s *State) []byte {
	values, merge := s.Encode(nil)
	b := s.Head().AppendTo(nil)
	b = append([]byte{byte(len(b) >> 8), byte(len(b))}, b...)
	n := len(values.Bytes())
	b = append(b, byte(n>>8), byte(n))
	return slices.Concat(b, values.Bytes(), merge)
}

func restore(collection string, id event.ID, b []byte) (*State, error) {
	b = slices.Clone(b)
	cut := func() (part []byte) {
		n := int(b[0])<<8 | int(b[1])
		part, b = b[2:2+n], b[2+n:]
		return part
	}
	head, err := event.DecodeHead(cut())
	if err != nil {
		return nil, err
	}
	values, err := model.TupleOf(cut())
	if err != nil {
		return nil, err
	}
	return DecodeState(collection, id, head, values, b)
}
