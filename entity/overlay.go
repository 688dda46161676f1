package entity

import (
	"fmt"
	"iter"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// An Overlay is what a transaction has touched: entities as they were when it
// first read or changed them, so that reads repeat, and its changes to them. The
// node reads rows, the Overlay remembers them. The zero Overlay has touched
// nothing. It is not safe for concurrent use, and must not be copied.
type Overlay struct {
	order    []*Draft       // by first touch
	drafts   map[Key]*Draft // the first of order, as far as they were looked for
	err      error          // the first misuse
	finished bool
	room     [1]*Draft // for order
}

// few is how many drafts are looked for one by one.
const few = 8

// A Key names an entity as a transaction touched it.
type Key struct {
	Collection string
	ID         event.ID
}

// Touched reports whether the transaction touched the entity: if so, the other
// methods may be called for it, and if not, [Overlay.Fork] comes first.
func (o *Overlay) Touched(s *model.Schema, id event.ID) bool {
	return o.find(s, id) != nil
}

// Fork remembers an entity at its first touch; row is nil if there is none. The
// row must not change afterwards. For an entity touched before it does nothing.
func (o *Overlay) Fork(s *model.Schema, id event.ID, row *model.Row) {
	if o.Touched(s, id) {
		return
	}
	d := &Draft{overlay: o, schema: s, absent: row == nil, base: model.Row{ID: id}}
	if row != nil {
		d.base, d.deleted = *row, row.Deleted
	}
	o.add(d)
}

func (o *Overlay) add(d *Draft) {
	if o.order == nil {
		o.order = o.room[:0]
	}
	o.order = append(o.order, d)
}

// find returns the draft of a touched entity, nil if it was not touched.
func (o *Overlay) find(s *model.Schema, id event.ID) *Draft {
	key := Key{s.Collection(), id}
	if len(o.order) > few {
		return o.lookUp(key)
	}
	for _, d := range o.order {
		if d.key() == key {
			return d
		}
	}
	return nil
}

// lookUp is find by the map. Entities that are created, perhaps very many, come
// into it when something is looked for, which for them hardly ever happens.
func (o *Overlay) lookUp(key Key) *Draft {
	if o.drafts == nil {
		o.drafts = make(map[Key]*Draft, 2*len(o.order))
	}
	for _, d := range o.order[len(o.drafts):] { // all keys are different
		o.drafts[d.key()] = d
	}
	return o.drafts[key]
}

func (d *Draft) key() Key { return Key{d.schema.Collection(), d.base.ID} }

// Create makes a new entity, whose ID is minted here, with the values of the
// schema's fields in their order. The error is that of [model.Schema.Encode] or
// [event.Clock.Mint], or ErrFinished.
func (o *Overlay) Create(clock *event.Clock, s *model.Schema, values []model.Value) (*Draft, error) {
	if o.finished {
		return nil, ErrFinished
	}
	encoded, err := s.Encode(values)
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", s.Model(), err)
	}
	id, err := clock.Mint()
	if err != nil {
		return nil, fmt.Errorf("create %s: %w", s.Model(), err)
	}
	d := &Draft{overlay: o, schema: s, created: true, base: model.Row{ID: id, Head: event.Head{id}}, changes: encoded}
	o.add(d)
	return d, nil
}

// Recreate is Create for an entity that has its ID already, because a transaction
// that was to create it was refused. It has no values so far. It must not have been
// touched.
func (o *Overlay) Recreate(s *model.Schema, id event.ID) (*Draft, error) {
	if o.finished {
		return nil, ErrFinished
	}
	d := &Draft{overlay: o, schema: s, created: true, base: model.Row{ID: id, Head: event.Head{id}}}
	o.add(d)
	return d, nil
}

// Get returns the view of a touched entity. The errors are those of
// [Reader.Get].
func (o *Overlay) Get(s *model.Schema, id event.ID) (View, error) {
	d, err := o.existing(s, id)
	if err != nil {
		return View{}, err
	}
	if d.deleted {
		err = &EntityError{Model: s.Model(), ID: id, Reason: ErrDeleted}
	}
	return d.View(), err
}

// Edit returns the draft of a touched entity. The errors are those of Get.
func (o *Overlay) Edit(s *model.Schema, id event.ID) (*Draft, error) {
	if o.finished {
		return nil, ErrFinished
	}
	d, err := o.existing(s, id)
	if err != nil {
		return nil, err
	}
	if d.deleted {
		return nil, &EntityError{Model: s.Model(), ID: id, Reason: ErrDeleted}
	}
	return d, nil
}

// Delete deletes a touched entity. The errors are those of Get.
func (o *Overlay) Delete(s *model.Schema, id event.ID) error {
	d, err := o.Edit(s, id)
	if err != nil {
		return err
	}
	d.setDeleted(true)
	return nil
}

// Undelete takes the deletion of a touched entity back; for one that is not
// deleted it does nothing.
func (o *Overlay) Undelete(s *model.Schema, id event.ID) error {
	if o.finished {
		return ErrFinished
	}
	d, err := o.existing(s, id)
	if err != nil {
		return err
	}
	d.setDeleted(false)
	return nil
}

func (o *Overlay) existing(s *model.Schema, id event.ID) (*Draft, error) {
	d := o.find(s, id)
	if d == nil || d.absent {
		return nil, &EntityError{Model: s.Model(), ID: id, Reason: ErrNotFound}
	}
	return d, nil
}

// Reads yields every entity that was touched and not created here, in the order
// of first touch, with the head it had: empty if there was none. It is what a
// serializable transaction depends on.
func (o *Overlay) Reads() iter.Seq2[Key, event.Head] {
	return func(yield func(Key, event.Head) bool) {
		for _, d := range o.order {
			if !d.created && !yield(d.key(), d.base.Head) {
				return
			}
		}
	}
}

// Rows yields every touched entity of the schema's collection, in the order of
// first touch, with its row as the transaction sees it: nil if there is none, as
// of its first touch. They take the place of the committed rows of a query: ask
// for as many more as there are touched entities, because those may drop out,
// and for none of the offset; leave out the touched ones, add the rows that
// match, sort, and apply LIMIT and OFFSET to the whole.
func (o *Overlay) Rows(s *model.Schema) iter.Seq2[event.ID, *model.Row] {
	return func(yield func(event.ID, *model.Row) bool) {
		for _, d := range o.order {
			if d.schema.Collection() != s.Collection() {
				continue
			}
			var row *model.Row
			if !d.absent {
				row = d.visible()
			}
			if !yield(d.base.ID, row) {
				return
			}
		}
	}
}

// Changed reports whether there is anything to commit.
func (o *Overlay) Changed() bool {
	for _, d := range o.order {
		if d.changed() {
			return true
		}
	}
	return false
}

// Err is the first misuse of a draft; nil if there was none.
func (o *Overlay) Err() error { return o.err }

// Finish ends the transaction: from now on drafts only show what they are, and
// changing them is a misuse.
func (o *Overlay) Finish() { o.finished = true }

// Finished reports whether Finish was called.
func (o *Overlay) Finished() bool { return o.finished }

func (o *Overlay) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}
