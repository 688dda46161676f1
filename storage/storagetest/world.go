package storagetest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// World plays the node: it makes up entities, changes them, and hands out the
// batches that a committer would. Everything comes from one source of
// randomness, so a seed repeats a world.
//
// A change counts as committed as soon as its batch was made. If the engine then
// refuses the batch, world and engine have parted.
type World struct {
	// Rng is where all randomness comes from; tests draw from it too.
	Rng *rand.Rand

	logs     []*chain
	last     event.ID
	entities map[event.ID]*entity
	ids      []event.ID // in the order of creation
}

// chain is one origin's log up to now.
type chain struct {
	origin event.Origin
	key    event.PrivateKey
	seq    uint64
	prev   event.Digest
}

// entity is what the world remembers of one.
type entity struct {
	schema *model.Schema
	values map[int]model.Value
	events []event.ID
	record *storage.Record
}

// start is when worlds begin.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// NewWorld returns an empty world in which origins logs accept transactions.
func NewWorld(seed uint64, origins int) *World {
	w := &World{
		Rng:      rand.New(rand.NewPCG(seed, 0x616E6B)),
		entities: make(map[event.ID]*entity),
	}
	w.last = w.idAt(start)
	for range origins {
		w.AddOrigin()
	}
	return w
}

// AddOrigin adds a log, and returns its number for Draft.At.
func (w *World) AddOrigin() int {
	seed := make([]byte, event.KeySize)
	for i := range seed {
		seed[i] = byte(w.Rng.Uint32())
	}
	key, err := event.KeyFromBytes(seed)
	if err != nil {
		panic("storagetest: " + err.Error()) // the length is right
	}
	w.logs = append(w.logs, &chain{key: key, origin: key.Public()})
	return len(w.logs) - 1
}

// Origin returns the origin of a log by number.
func (w *World) Origin(log int) event.Origin { return w.logs[log].origin }

// Position returns where a log is by what the world has made.
func (w *World) Position(log int) event.Position {
	c := w.logs[log]
	return event.Position{Origin: c.origin, Seq: c.seq, Short: c.prev.Short()}
}

// SignedHead signs a log where it is.
func (w *World) SignedHead(log int) event.SignedHead {
	c := w.logs[log]
	return event.SignHead(c.key, c.seq, c.prev, false)
}

// IDs returns all entities in the order of their creation, deleted ones too.
func (w *World) IDs() []event.ID { return w.ids }

// Record returns the newest record of an entity, nil if there is none.
func (w *World) Record(id event.ID) *storage.Record {
	if e := w.entities[id]; e != nil {
		return e.record
	}
	return nil
}

// idAt returns an ID of that millisecond with random low bits.
func (w *World) idAt(t time.Time) event.ID {
	var id event.ID
	binary.BigEndian.PutUint64(id[:8], uint64(t.UnixMilli())<<16|uint64(w.Rng.Uint32()&0xFFFF))
	binary.BigEndian.PutUint64(id[8:], w.Rng.Uint64())
	return id
}

// Mint returns an ID greater than all before, sometimes of the same millisecond.
func (w *World) Mint() event.ID {
	id := w.idAt(w.last.Time().Add(time.Duration(w.Rng.IntN(3)) * time.Millisecond))
	for !w.last.Less(id) {
		id = w.idAt(w.last.Time().Add(time.Millisecond))
	}
	w.last = id
	return id
}

// mintTransaction returns an ID with room below it for n update events.
func (w *World) mintTransaction(n int) event.ID {
	last := w.last
	tx := w.Mint().Transaction()
	for !last.Less(tx) {
		tx = w.Mint().Transaction()
	}
	w.last = tx.Update(n)
	return tx
}

// Draft is a batch in the making: one or several transactions, one after
// another.
type Draft struct {
	w       *World
	batch   *storage.Batch
	log     int
	changes []change // of the transaction in the making
	touched map[event.ID]*storage.Record
	order   []event.ID
}

// change is one event to come.
type change struct {
	id         event.ID // of the entity
	schema     *model.Schema
	precursors event.Head
	ops        []event.Operation
	values     map[int]model.Value
	deleted    bool
}

// Begin starts a batch whose first transaction goes to the first log.
func (w *World) Begin() *Draft {
	return &Draft{w: w, batch: new(storage.Batch), touched: make(map[event.ID]*storage.Record)}
}

// At ends the transaction in the making; the next goes to that log.
func (d *Draft) At(log int) *Draft {
	d.finish()
	d.log = log
	return d
}

// Create makes an entity with the named values, given as name and Go value in
// turn, and returns its ID.
func (d *Draft) Create(s *model.Schema, pairs ...any) event.ID {
	id := d.w.Mint()
	d.add(change{id: id, schema: s, values: values(s, pairs)})
	return id
}

// Update changes the named values of an entity; nil clears one.
func (d *Draft) Update(id event.ID, pairs ...any) {
	e := d.entity(id)
	d.add(change{id: id, schema: e.schema, precursors: e.record.Row.Head, values: values(e.schema, pairs), deleted: e.record.Row.Deleted})
}

// Concurrent changes an entity as somebody would who had seen only the event
// given, so that the head becomes wider.
func (d *Draft) Concurrent(id, seen event.ID, pairs ...any) {
	e := d.entity(id)
	d.add(change{id: id, schema: e.schema, precursors: event.Head{seen}, values: values(e.schema, pairs), deleted: e.record.Row.Deleted})
}

// Delete deletes an entity, or undeletes it.
func (d *Draft) Delete(id event.ID, deleted bool) {
	e := d.entity(id)
	kind := event.OpDelete
	if !deleted {
		kind = event.OpUndelete
	}
	ops := []event.Operation{{Kind: kind}}
	d.add(change{id: id, schema: e.schema, precursors: e.record.Row.Head, ops: ops, deleted: deleted})
}

// entity returns an entity to be changed once more. If the transaction has a
// change of it already, the next one goes into a transaction of its own.
func (d *Draft) entity(id event.ID) *entity {
	if slices.ContainsFunc(d.changes, func(c change) bool { return c.id == id }) {
		d.finish()
	}
	return d.w.entities[id]
}

func (d *Draft) add(c change) { d.changes = append(d.changes, c) }

// Batch ends the draft.
func (d *Draft) Batch() *storage.Batch {
	d.finish()
	for _, id := range d.order {
		before := d.touched[id]
		s := storage.StateChange{Record: d.w.entities[id].record, Before: before}
		if before != nil {
			s.Was = before.Stamp
		}
		d.batch.States = append(d.batch.States, s)
	}
	seen := make(map[event.Origin]bool)
	for _, e := range d.batch.Entries {
		if seen[e.Origin] {
			continue
		}
		seen[e.Origin] = true
		for i, c := range d.w.logs {
			if c.origin == e.Origin {
				d.batch.Advance = append(d.batch.Advance, d.w.Position(i))
			}
		}
	}
	return d.batch
}

// finish makes the transaction: events, entry, new states.
func (d *Draft) finish() {
	if len(d.changes) == 0 {
		return
	}
	w := d.w
	tx := &event.Transaction{ID: w.mintTransaction(len(d.changes))}
	// Events stand in the order of their IDs: first those that create.
	slices.SortStableFunc(d.changes, func(a, b change) int {
		return min(len(a.precursors), 1) - min(len(b.precursors), 1)
	})
	update := 0
	for _, c := range d.changes {
		id := c.id
		if len(c.precursors) > 0 {
			update++
			id = tx.ID.Update(update)
		}
		tx.Events = append(tx.Events, d.apply(id, c))
	}
	d.changes = nil
	c := w.logs[d.log]
	e := &event.Entry{Origin: c.origin, Seq: c.seq + 1, Prev: c.prev, Author: "tester", Tx: tx}
	c.seq, c.prev = e.Seq, e.Hash()
	d.batch.Entries = append(d.batch.Entries, e)
}

// apply folds one change into its entity and returns the event.
func (d *Draft) apply(id event.ID, c change) *event.Event {
	w := d.w
	ev := &event.Event{ID: id, Collection: c.schema.Collection(), Entity: c.id, Precursors: c.precursors, Ops: c.ops}
	for i, f := range c.schema.Fields() {
		if v, ok := c.values[i]; ok {
			ev.Ops = append(ev.Ops, event.Operation{Field: f.Name, Kind: event.OpSet, Value: v.AppendTo(nil)})
		}
	}
	if len(c.values) > 0 {
		binary.BigEndian.PutUint64(ev.Salt[:], w.Rng.Uint64())
	}
	e := w.entities[c.id]
	if e == nil {
		e = &entity{schema: c.schema, values: make(map[int]model.Value)}
		w.entities[c.id] = e
		w.ids = append(w.ids, c.id)
	}
	if _, ok := d.touched[c.id]; !ok {
		d.touched[c.id] = e.record
		d.order = append(d.order, c.id)
	}
	var head event.Head
	if e.record != nil {
		head = e.record.Row.Head
	}
	for i, v := range c.values {
		e.values[i] = v
	}
	e.events = append(e.events, id)
	e.record = w.record(e, c.id, head.With(id, c.precursors), c.deleted)
	return ev
}

// record materialises an entity.
func (w *World) record(e *entity, id event.ID, head event.Head, deleted bool) *storage.Record {
	var b model.TupleBuilder
	for i, f := range e.schema.Fields() {
		if v, ok := e.values[i]; ok && !v.IsNull() {
			b.Set(f.Name, v.AppendTo(nil))
		}
	}
	r := &storage.Record{Collection: e.schema.Collection(), Stamp: head.Stamp()}
	r.Row = model.Row{ID: id, Head: head, Deleted: deleted, Values: b.Tuple()}
	if n := w.Rng.IntN(40); n > 20 {
		r.Merge = make([]byte, n)
		for i := range r.Merge {
			r.Merge[i] = byte(w.Rng.Uint32())
		}
	}
	return r
}

// values turns names and Go values into values of the schema's fields.
func values(s *model.Schema, pairs []any) map[int]model.Value {
	all := make(map[int]model.Value, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		name := pairs[i].(string)
		n, ok := s.Field(name)
		if !ok || n < 0 {
			panic(fmt.Sprintf("storagetest: %s has no field %q", s.Model(), name))
		}
		v, _, err := model.Convert(valueOf(pairs[i+1]), &s.Fields()[n])
		if err != nil {
			panic(fmt.Sprintf("storagetest: %s.%s: %v", s.Model(), name, err))
		}
		all[n] = v
	}
	return all
}

func valueOf(v any) model.Value {
	switch v := v.(type) {
	case nil:
		return model.Value{}
	case model.Value:
		return v
	case bool:
		return model.OfBool(v)
	case int:
		return model.OfInt(int64(v))
	case float64:
		return model.OfFloat(v)
	case string:
		return model.OfString(v)
	case []byte:
		return model.OfBytes(v)
	case time.Time:
		return model.OfTime(v)
	case event.ID:
		return model.OfID(v)
	}
	panic(fmt.Sprintf("storagetest: no value for a %T", v))
}
