package kv

import (
	"bytes"
	"context"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage"
)

// Commit stores a batch.
//
// Commits run one at a time. Each is translated into one batch of the driver's,
// with the newest view as its base; nothing of the engine's own state changes
// before the driver has accepted it.
func (e *Engine) Commit(ctx context.Context, b *storage.Batch) error {
	if err := b.Validate(); err != nil {
		return err
	}
	if err := e.begin(ctx); err != nil {
		return err
	}
	defer e.end()
	if err := e.writable(); err != nil {
		return err
	}
	c := &e.change
	if e.shared != nil {
		return e.commitShared(ctx, b)
	}
	c.reset(e.newest)
	if err := c.build(b); err != nil {
		return err
	}
	if c.writes.Len() == 0 {
		return nil
	}
	next := &view{version: e.newest.version + 1, cursor: c.cursor, catalog: c.catalog}
	return e.publish(ctx, &c.writes, next, e.sync)
}

// written is a record that a commit writes, for the cache and the mirrors.
type written struct {
	collection *collection
	record     *storage.Record
}

// change translates one batch. It is used again for the next, for its buffers.
type change struct {
	engine *Engine
	writes Writes

	base    *view
	cursor  event.Cursor
	catalog *catalog // base's own until something is added to it

	tails    []tail
	conflict storage.ConflictError
	written  []written
	olds     map[event.ID][]byte // of a shared store: the records that a batch replaces
	covered  bool                // of a shared store: a position is written
	versed   bool                // of a shared store: what is compared needs the catalog's version
	oldKey   []byte
	key      []byte
	value    []byte
}

func (c *change) reset(base *view) {
	c.writes.Reset()
	clear(c.written)
	clear(c.tails)
	c.base, c.cursor, c.catalog = base, base.cursor, base.catalog
	c.conflict = storage.ConflictError{}
	c.olds, c.covered, c.versed = nil, false, false
	c.written, c.tails = c.written[:0], c.tails[:0]
}

func (c *change) build(b *storage.Batch) error {
	c.expect(b.Expect)
	if err := c.holds(b.Holds); err != nil {
		return err
	}
	again := newIDSet(b.Again)
	if err := c.cut(b.Cut); err != nil {
		return err
	}
	// Logs first: a driver takes neighbours, one after the other, with less work.
	for _, e := range b.Entries {
		c.entry(e)
	}
	for _, e := range b.Entries {
		c.events(e, again)
	}
	c.advance(b.Advance)
	for i := range b.States {
		if err := c.state(&b.States[i]); err != nil {
			return err
		}
	}
	if len(c.conflict.Positions)+len(c.conflict.States)+len(c.conflict.Meta) > 0 {
		conflict := c.conflict
		return &conflict
	}
	c.heads(b.Heads)
	c.meta(b.Meta)
	return nil
}

// ownCatalog returns the catalog to be changed.
func (c *change) ownCatalog() *catalog {
	if c.catalog == c.base.catalog {
		c.catalog = c.catalog.clone()
	}
	return c.catalog
}

// origin returns an origin's number, giving it one if need be.
func (c *change) origin(o event.Origin) uint64 {
	if n, ok := c.catalog.numbers[o]; ok {
		return n
	}
	n := c.ownCatalog().addOrigin(o)
	c.key = appendMetaKey(c.key[:0], metaOrigin, string(o[:]))
	c.value = codec.AppendUvarint(c.value[:0], n)
	c.writes.Set(c.key, c.value)
	return n
}

// collection returns what is known of a collection, making it known if need be.
func (c *change) collection(name string) *collection {
	col, ok := c.catalog.collections[name]
	if !ok {
		col = c.ownCatalog().addCollection(name, c.engine.newMirror())
		c.key = appendMetaKey(c.key[:0], metaCollection, name)
		c.value = codec.AppendUvarint(c.value[:0], col.number)
		c.writes.Set(c.key, c.value)
	}
	return col
}

// abandonIndexes marks a collection's indexes as outdated before the first
// record is changed that they will not hear of. Register builds them anew.
func (c *change) abandonIndexes(col *collection) {
	abandoned := *col
	abandoned.stored, abandoned.strange = slices.Clone(col.stored), false
	for i := range abandoned.stored {
		x := &abandoned.stored[i]
		if col.maintains(*x) {
			continue
		}
		x.state, x.through = indexOutdated, event.ID{}
		c.setIndexDefinition(col.number, *x)
	}
	c.ownCatalog().collections[col.name] = &abandoned
}

func (c *change) setIndexDefinition(collection uint64, x storedIndex) {
	c.key = appendMetaNumber(c.key[:0], metaIndex, x.number)
	c.value = appendIndexDefinition(c.value[:0], collection, x)
	c.writes.Set(c.key, c.value)
}

func (c *change) expect(positions []event.Position) {
	for _, want := range positions {
		found, _ := c.base.cursor.At(want.Origin)
		if found.Seq != want.Seq || want.Seq > 0 && found.Short != want.Short {
			c.moved(want, found)
		}
		if c.engine.shared != nil {
			c.touchPosition(want.Origin)
		}
	}
}

// holds compares Meta values.
func (c *change) holds(values []storage.MetaValue) error {
	for _, m := range values {
		c.key = appendMetaKey(c.key[:0], metaUser, m.Key)
		found, ok, err := c.get(c.key)
		if err != nil {
			return err
		}
		if c.engine.shared != nil {
			c.touch(c.key, found, ok)
		}
		if ok != (m.Value != nil) || !bytes.Equal(found, m.Value) {
			c.conflict.Meta = append(c.conflict.Meta, m.Key)
		}
	}
	return nil
}

// touch writes a key as it is.
func (c *change) touch(key, value []byte, ok bool) {
	if ok {
		c.writes.Set(key, value)
	} else {
		c.writes.Delete(key)
	}
}

// idSet is nil when it is empty, which it nearly always is.
type idSet map[event.ID]struct{}

func newIDSet(ids []event.ID) idSet {
	if len(ids) == 0 {
		return nil
	}
	s := make(idSet, len(ids))
	for _, id := range ids {
		s[id] = struct{}{}
	}
	return s
}

func (s idSet) has(id event.ID) bool {
	_, ok := s[id]
	return ok
}

// tail is how far a log gets with this batch.
type tail struct {
	origin uint64
	last   *event.Entry
}

// entry appends one entry to its log.
func (c *change) entry(e *event.Entry) {
	t := c.tail(e)
	if t == nil {
		return
	}
	t.last = e
	w := &c.writes
	w.bytes = appendLogKey(w.bytes, t.origin, e.Seq)
	w.endKey()
	w.bytes = e.AppendTo(w.bytes)
	w.endSet()
}

// events makes the events of an entry findable that was appended to its log.
func (c *change) events(e *event.Entry, again idSet) {
	at := slices.IndexFunc(c.tails, func(t tail) bool { return t.last.Origin == e.Origin })
	if at < 0 { // the log is not where the batch takes it to be
		return
	}
	w := &c.writes
	for i, ev := range e.Events() {
		if again.has(ev.ID) {
			continue
		}
		w.bytes = appendEventKey(w.bytes, ev.Entity, ev.ID)
		w.endKey()
		w.bytes = appendAddress(w.bytes, c.tails[at].origin, e, i, ev)
		w.endSet()
	}
}

// tail returns the tail that an entry is appended to, nil if it does not follow
// on what is stored.
func (c *change) tail(e *event.Entry) *tail {
	for i := range c.tails {
		if c.tails[i].last.Origin == e.Origin {
			return &c.tails[i]
		}
	}
	found, _ := c.base.cursor.At(e.Origin)
	if found.Seq+1 != e.Seq {
		c.moved(event.Position{Origin: e.Origin, Seq: e.Seq - 1}, found)
		return nil
	}
	c.tails = append(c.tails, tail{origin: c.origin(e.Origin), last: e})
	return &c.tails[len(c.tails)-1]
}

func (c *change) moved(expected, found event.Position) {
	found.Origin = expected.Origin
	c.conflict.Positions = append(c.conflict.Positions, storage.MovedPosition{Expected: expected, Found: found})
}

// advance moves the cursor. A position that the log's last entry tells is not
// stored: Open reads it from there.
func (c *change) advance(positions []event.Position) {
	for _, t := range c.tails {
		i := slices.IndexFunc(positions, func(p event.Position) bool { return p.Origin == t.last.Origin })
		if i >= 0 {
			c.cursor = c.cursor.With(positions[i])
		} else {
			c.cursor = c.cursor.With(t.last.Position())
		}
		if c.engine.shared != nil {
			c.storePosition(t.last.Position())
		}
	}
	for _, p := range positions {
		if slices.ContainsFunc(c.tails, func(t tail) bool { return t.last.Origin == p.Origin }) {
			continue
		}
		if found, _ := c.base.cursor.At(p.Origin); p.Seq < found.Seq {
			c.moved(p, found)
			continue
		}
		c.cursor = c.cursor.With(p)
		c.storePosition(p)
	}
}

func (c *change) heads(heads []event.SignedHead) {
	for i := range heads {
		number := c.origin(heads[i].Origin)
		w := &c.writes
		w.bytes = appendMetaNumber(w.bytes, metaSignedHead, number)
		w.endKey()
		w.bytes = heads[i].AppendTo(w.bytes)
		w.endSet()
	}
}

func (c *change) meta(changes []storage.MetaChange) {
	for _, m := range changes {
		c.key = appendMetaKey(c.key[:0], metaUser, m.Key)
		if m.Value == nil {
			c.writes.Delete(c.key)
		} else {
			c.writes.Set(c.key, m.Value)
		}
	}
}
