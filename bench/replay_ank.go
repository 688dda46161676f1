package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/ankgo/ank/bench/models"
	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/pebble"
)

// ankLog is a log in our own format in an engine over Pebble, every event in a
// transaction and an entry of its own. It is filled once, however often it is
// opened.
type ankLog struct {
	engine storage.Engine
	remove func()
	users  int
	events int

	key   event.PrivateKey
	clock *event.Clock
	last  *event.Entry
	hash  event.Digest
	ids   []event.ID         // of the entities
	newer []event.ID         // the last event of each
	heads []event.SignedHead // one for each batch
}

// ankFold folds the log, and verifies its hashes and signatures if asked to.
type ankFold struct {
	*ankLog
	verify bool
}

func (l *ankLog) open(ctx context.Context, r *run, list []happening, verify bool) (source, error) {
	l.users++
	if l.engine != nil {
		return &ankFold{l, verify}, nil
	}
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	l.remove = remove
	options := pebble.Options{Relaxed: true, Resident: -1}
	if l.engine, err = pebble.Open(ctx, dir, options); err != nil {
		return nil, err
	}
	if err := l.fill(ctx, r, list); err != nil {
		return nil, err
	}
	if err := l.engine.Close(); err != nil {
		return nil, err
	}
	l.engine, err = pebble.Open(ctx, dir, options)
	return &ankFold{l, verify}, err
}

// fill logs all events.
func (l *ankLog) fill(ctx context.Context, r *run, list []happening) (err error) {
	if l.key, err = event.NewKey(rand.Reader); err != nil {
		return err
	}
	l.clock = event.NewClock(event.ClockOptions{})
	l.ids, l.newer = make([]event.ID, r.entities), make([]event.ID, r.entities)
	for ; len(list) > 0; list = list[min(r.batch, len(list)):] {
		if err := l.append(ctx, list[:min(r.batch, len(list))]); err != nil {
			return err
		}
	}
	return nil
}

// append logs events, and signs for the last of them.
func (l *ankLog) append(ctx context.Context, list []happening) error {
	var b storage.Batch
	for _, h := range list {
		tx, err := l.transaction(h)
		if err != nil {
			return err
		}
		e := &event.Entry{Origin: l.key.Public(), Seq: 1, Author: "bench", Tx: tx}
		if l.last != nil {
			e.Seq, e.Prev = l.last.Seq+1, l.hash
		}
		l.last, l.hash = e, e.Hash()
		b.Entries = append(b.Entries, e)
	}
	head := event.SignHead(l.key, l.last.Seq, l.hash, false)
	l.heads = append(l.heads, head)
	b.Heads = append(b.Heads, head)
	l.events += len(list)
	return l.engine.Commit(ctx, &b)
}

// transaction makes the event, as a node would, in a transaction.
func (l *ankLog) transaction(h happening) (*event.Transaction, error) {
	e := &event.Event{
		Collection: models.Plains.Schema().Collection(), Salt: l.clock.NewSalt(),
		Ops: []event.Operation{{Kind: event.OpSet, Field: "score", Value: model.OfInt(int64(h.score)).AppendTo(nil)}},
	}
	var err error
	if l.ids[h.entity].IsZero() {
		if e.ID, err = l.clock.Mint(); err != nil {
			return nil, err
		}
		l.ids[h.entity] = e.ID
	} else {
		e.Precursors = event.Head{l.newer[h.entity]}
	}
	e.Entity = l.ids[h.entity]
	id, err := l.clock.MintTransaction(e.Precursors...)
	if !e.IsCreation() {
		e.ID = id.Update(1)
	}
	l.newer[h.entity] = e.ID
	return &event.Transaction{ID: id, Events: []*event.Event{e}}, err
}

func (f *ankFold) fold(ctx context.Context, deadline time.Time) (n, sum int, err error) {
	s, err := f.engine.Snapshot(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer s.Close()
	states := make(map[event.ID]*entity.State, len(f.ids))
	verifier := event.NewLogVerifier(f.key.Public(), event.Position{})
	heads := f.heads
	for entry, err := range s.Log(ctx, event.Cursor{}) {
		if err != nil {
			return n, 0, err
		}
		if f.verify {
			if heads, err = check(verifier, entry, heads); err != nil {
				return n, 0, err
			}
		}
		for _, e := range entry.Events() {
			if err := apply(ctx, states, e); err != nil {
				return n, 0, err
			}
			n++
		}
		if n%1024 == 0 && time.Now().After(deadline) {
			return n, 0, nil
		}
	}
	sum, err = sumOf(states)
	return n, sum, err
}

// apply folds an event into the state of its entity.
func apply(ctx context.Context, states map[event.ID]*entity.State, e *event.Event) error {
	state := states[e.Entity]
	if state == nil {
		state = entity.NewState(e.Collection, e.Entity)
		states[e.Entity] = state
	}
	if result, err := state.Apply(ctx, e, nil); err != nil || result != entity.Applied {
		return fmt.Errorf("an event was %v: %w", result, err)
	}
	return nil
}

// check verifies an entry, and the signature after it if there is one.
func check(v *event.LogVerifier, e *event.Entry, heads []event.SignedHead) ([]event.SignedHead, error) {
	if err := v.Entry(e); err != nil {
		return heads, err
	}
	if len(heads) == 0 || heads[0].Seq != e.Seq {
		return heads, nil
	}
	return heads[1:], v.Head(heads[0])
}

func sumOf(states map[event.ID]*entity.State) (int, error) {
	sum := 0
	for _, s := range states {
		value, _, ok := s.Field("score")
		if !ok {
			return 0, errors.New("a state has no score")
		}
		v, err := model.DecodeValue(value)
		if err != nil {
			return 0, err
		}
		sum += int(v.Int())
	}
	return sum, nil
}

func (l *ankLog) close() error {
	if l.users--; l.users > 0 {
		return nil
	}
	defer l.remove()
	return l.engine.Close()
}
