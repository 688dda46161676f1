// Package verify derives everything in a store once more from its events, and reports the
// first difference: for somebody who edited a table by hand, whose disk has lied, or who
// wants to know that a dump arrived whole. The command "ank verify" is it.
//
//	report, err := verify.Store(ctx, snapshot, verify.Options{Schemas: music.Models()})
//
// What is checked, in this order:
//
//   - Logs. Each begins with sequence 1 and goes on without a gap, every entry names the
//     hash of the one before it and is well-formed, it ends where the cursor says, and the
//     entry that its origin signed is the one that is there. So no byte of an event can have
//     changed up to there, but with the origin's key.
//   - Events. Those that are found by entity are those of the logs, each at its address, no
//     more and no fewer.
//   - States. For every entity, folding its events from the first gives the state that is
//     stored, and every entity that was created has one.
//   - What the engine derives, such as indexes and columns, by a [storage.Verifier], for
//     schemas that were registered.
//
// Reading is all that it does. It takes the time of replaying the history, and memory for
// the events of one entity. The store may be in use: what is checked is one snapshot.
package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// ErrNoHistory: the store is one of a node that keeps no history, a client's. There is
// nothing that its states could be derived from.
var ErrNoHistory = errors.New("the store has no history to derive its states from: it is a client's")

// Report counts what was found to be right.
type Report struct {
	Logs     int
	Entries  uint64
	Events   uint64 // different ones
	Entities uint64 // deleted ones too
	Derived  int64  // index entries, or columns, that were held against their records
}

// Options are what is known of a store. The zero Options are good for one whose models have
// renamed no fields.
type Options struct {
	// Schemas are the models of the store's collections. Only they tell which fields were
	// renamed. Those that are registered with the engine, and only they, have their
	// indexes checked.
	Schemas []*model.Schema
	// Progress, if it is not nil, is called now and then with what was checked so far.
	Progress func(Report)
}

// Store checks what a snapshot shows. The error matches [storage.ErrCorrupt] if something is
// not as it should be and says what; it is nil if all is right.
func Store(ctx context.Context, s storage.Snapshot, o Options) (Report, error) {
	v := &verifier{ctx: ctx, snapshot: s, progress: o.Progress, schemas: make(map[string]*model.Schema)}
	if v.progress == nil {
		v.progress = func(Report) {}
	}
	for _, schema := range o.Schemas {
		v.schemas[schema.Collection()] = schema
	}
	err := storage.Whole(ctx, s)
	for _, part := range []func() error{v.logs, v.entities, v.derived} {
		if err == nil {
			err = part()
		}
	}
	return v.report, err
}

// verifier checks one snapshot.
type verifier struct {
	ctx      context.Context
	snapshot storage.Snapshot
	progress func(Report)
	schemas  map[string]*model.Schema
	report   Report

	logged  sum // of the events that the logs have
	founded uint64
	found   sum // of the events that entities have
	created uint64
}

// step is how many entries or entities are checked between two calls of progress.
const step = 4096

func wrong(what, format string, args ...any) error {
	return &storage.CorruptError{What: what, Err: fmt.Errorf(format, args...)}
}

// sum is a sum over a set of events and their addresses, which does not depend on their
// order. Two sets that differ have the same one by chance only.
type sum [4]uint64

func (s *sum) add(e *event.Event, origin event.Origin, seq uint64) {
	digest := e.Digest()
	h := sha256.New()
	for _, part := range [][]byte{e.Entity[:], e.ID[:], digest[:], origin[:], binary.BigEndian.AppendUint64(nil, seq)} {
		h.Write(part)
	}
	b := h.Sum(nil)
	for i := range s {
		s[i] += binary.BigEndian.Uint64(b[8*i:])
	}
}

// entities folds what every collection has.
func (v *verifier) entities() error {
	lister, ok := v.snapshot.(storage.Lister)
	if !ok {
		return errors.New("the engine cannot list its records")
	}
	names, err := lister.Collections(v.ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		for r, err := range lister.Records(v.ctx, name) {
			if err == nil {
				err = v.entity(r)
			}
			if err != nil {
				return err
			}
			if v.report.Entities++; v.report.Entities%step == 0 {
				v.progress(v.report)
			}
		}
	}
	if v.founded != v.created || v.logged != v.found {
		return v.lost()
	}
	return nil
}

// entity folds the events of one entity and compares.
func (v *verifier) entity(r *storage.Record) error {
	what := fmt.Sprintf("entity %v of %s", r.Row.ID, r.Collection)
	f := entity.NewFolder(r.Collection, r.Row.ID)
	for stored, err := range v.snapshot.Events(v.ctx, r.Row.ID, nil) {
		if err != nil {
			return err
		}
		e := stored.Event
		if result, err := f.Add(e); err != nil || result != entity.Applied {
			return wrong(what, "its event %v cannot be applied: %v %w", e.ID, result, err)
		}
		v.found.add(e, stored.Origin, stored.Seq)
		if e.IsCreation() {
			v.created++
		}
	}
	is, err := entity.DecodeState(r.Collection, r.Row.ID, r.Row.Head, r.Row.Values, r.Merge)
	if err != nil {
		return wrong(what, "its state cannot be read: %w", err)
	}
	should := f.State()
	if !should.Head().Equal(is.Head()) {
		return wrong(what, "its events lead to the head %v, and the state has %v", should.Head(), is.Head())
	}
	if should.Deleted() != is.Deleted() || r.Row.Deleted != is.Deleted() {
		return wrong(what, "by its events it is deleted: %v, and the state says %v", should.Deleted(), r.Row.Deleted)
	}
	return v.same(what, should, is)
}

// same compares two states by all that they hold.
func (v *verifier) same(what string, should, is *entity.State) error {
	schema := v.schemas[is.Collection()]
	values, merge := should.Encode(schema)
	v2, m2 := is.Encode(schema)
	if bytes.Equal(values.Bytes(), v2.Bytes()) && bytes.Equal(merge, m2) {
		return nil
	}
	for _, name := range should.Names() {
		a, by, _ := should.Field(name)
		if b, writer, _ := is.Field(name); by == writer && !bytes.Equal(a, b) {
			return wrong(what, "its field %s is not what event %v wrote", name, by)
		}
	}
	if schema == nil {
		return wrong(what, "its state is not what its events lead to, unless the model has renamed fields: verify with the model")
	}
	return wrong(what, "its state is not what its events lead to")
}

// derived has the engine check what it derives itself.
func (v *verifier) derived() (err error) {
	if engine, ok := v.snapshot.(storage.Verifier); ok {
		v.report.Derived, err = engine.Verify(v.ctx)
	}
	return err
}
