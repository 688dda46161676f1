package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// A store that engines of several processes write is one of a SharedDriver. An engine over
// it trusts nothing that it knows by heart: what makes that right are four rules.
//
//   - H1. Every snapshot and every commit begins with a reader of the driver's, and takes
//     the cursor and the catalog from that. The catalog is read only if its version, a key,
//     is not the one that is known.
//   - H2. A commit compares with what that reader shows, and is written over it: not at all
//     if a key that it writes was written by anybody since. It then begins anew.
//   - H3. What a commit compares and does not change (positions, held values) it writes all
//     the same, as it is, so that H2 covers it. Positions of logs are always stored.
//   - H4. Whoever changes the catalog writes its version. Who declares indexes writes every
//     position too, and every commit writes one, or the version: so no commit that does not
//     know of an index goes by one that was declared.
//
// Records and tables are not kept on the heap.

// SharedDriver is a driver of a store that other engines, in other processes, may write at
// the same time. Snapshots show what any of them wrote before. Locking does not apply.
type SharedDriver interface {
	Driver

	// WriteOver is a Write, always synced, that takes place only if none of the keys that it
	// writes was written by anybody after base was opened; otherwise the error wraps
	// ErrMoved, and nothing was written. A base is written over once at the most. Deleting
	// an absent key counts as writing it. If the error wraps storage.ErrUnknown, the
	// operations may be there when the next snapshot is taken, or later, unless a key of
	// theirs is written before.
	WriteOver(ctx context.Context, base Reader, w *Writes) error
}

// ErrMoved is returned by SharedDriver.WriteOver when somebody else was quicker.
var ErrMoved = errors.New("written by another process meanwhile")

// OpenShared is Open for a driver that is shared. The engine is a storage.Shared. It keeps
// no records on the heap, whatever the options say, and syncs every commit.
func OpenShared(ctx context.Context, d SharedDriver, options Options) (storage.Engine, error) {
	options.CacheBytes, options.Relaxed = -1, false
	e, err := open(ctx, d, options)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	e.shared = &shared{driver: d, schemas: make(map[string]*model.Schema)}
	return sharedEngine{e}, nil
}

// State reads a record at a reader of its own, without looking whether the catalog is still
// the one that is known: what number a collection has does not change.
func (e sharedEngine) State(ctx context.Context, collection string, id event.ID) (*storage.Record, error) {
	e.shared.mu.Lock()
	known := e.shared.catalog
	e.shared.mu.Unlock()
	if known != nil && known.collections[collection] != nil {
		return e.stateAt(ctx, known.collections[collection], id)
	}
	s, err := e.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.State(ctx, collection, id)
}

func (e sharedEngine) stateAt(ctx context.Context, col *collection, id event.ID) (*storage.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	open, err := e.views.acquire() // keeps the driver open
	if err != nil {
		return nil, err
	}
	defer e.views.release(open)
	r, err := e.driver.Snapshot()
	if err != nil {
		return nil, err
	}
	b, ok, err := r.Get(appendStateKey(nil, col.number, id), nil)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if !ok {
		return nil, storage.ErrNotFound
	}
	return newRecord(col.name, id, b)
}

// shared is what an engine has beside if its store is shared.
type shared struct {
	driver SharedDriver

	mu      sync.Mutex // protects what follows
	schemas map[string]*model.Schema
	catalog *catalog // the newest that is known; nil if it must be read
}

// fresh returns a view of the store as it is now, with what a batch will be compared with
// unless that is nil; the caller releases it.
func (e *Engine) fresh(ctx context.Context, b *storage.Batch) (*view, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	open, err := e.views.acquire() // keeps the driver open
	if err != nil {
		return nil, err
	}
	defer e.views.release(open)
	r, err := e.driver.Snapshot()
	if err != nil {
		return nil, err
	}
	v, err := e.loadShared(r, b)
	if err == nil {
		v.opened.Store(&r)
		err = e.views.adopt(v)
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return v, nil
}

// acquire returns a view of the newest commit; the caller releases it.
func (e *Engine) acquire(ctx context.Context) (*view, error) {
	if e.shared != nil {
		return e.fresh(ctx, nil)
	}
	return e.views.acquire()
}

// loadShared makes a view of what a reader shows.
func (e *Engine) loadShared(r Reader, b *storage.Batch) (*view, error) {
	s := e.shared
	s.mu.Lock()
	cat := s.catalog
	s.mu.Unlock()
	if cat != nil {
		if v, err := viewOf(r, cat, b); v != nil || err != nil {
			return v, err
		}
	}
	stored, err := loadCatalog(r)
	if err != nil {
		return nil, err
	}
	version, _, err := r.Get(appendMetaKey(nil, metaVersion, ""), nil)
	if err != nil {
		return nil, err
	}
	stored.version = bytes.Clone(version)
	s.mu.Lock()
	for _, col := range stored.collections {
		col.mirror = e.newMirror()
		if schema := s.schemas[col.name]; schema != nil {
			stored.collections[col.name] = col.attach(schema)
		}
	}
	s.catalog = stored
	s.mu.Unlock()
	return viewOf(r, stored, b)
}

// viewOf makes a view with a catalog, or none if the reader has another version of it.
func viewOf(r Reader, cat *catalog, b *storage.Batch) (*view, error) {
	keys := [][]byte{appendMetaKey(nil, metaVersion, "")}
	for i := range cat.origins {
		keys = append(keys, appendMetaNumber(nil, metaPosition, uint64(i)+1))
	}
	fixed := len(keys)
	keys = cat.appendCompared(keys, b)
	values, err := getMany(r, keys)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(values[0], cat.version) {
		return nil, nil
	}
	v := &view{version: 1, catalog: cat}
	if len(keys) > fixed {
		v.ahead = make(map[string][]byte, len(keys)-fixed)
	}
	for i, key := range keys[fixed:] {
		v.ahead[string(key)] = values[fixed+i]
	}
	for i, o := range cat.origins {
		value := values[1+i]
		if value == nil {
			continue
		}
		var c codec.Reader
		c.Reset(value)
		p := event.Position{Origin: o, Seq: c.Uvarint(), Short: c.Uint64()}
		if err := c.Done(); err != nil {
			return nil, &storage.CorruptError{What: "position of log " + o.Short(), Key: keys[1+i], Err: err}
		}
		v.cursor = v.cursor.With(p)
	}
	return v, nil
}

// appendCompared appends the keys of what a batch is compared with: held values, and the
// records that it replaces.
func (c *catalog) appendCompared(keys [][]byte, b *storage.Batch) [][]byte {
	if b == nil {
		return keys
	}
	for _, m := range b.Holds {
		keys = append(keys, appendMetaKey(nil, metaUser, m.Key))
	}
	for i := range b.States {
		r := b.States[i].Record
		if col, ok := c.collections[r.Collection]; ok {
			keys = append(keys, appendStateKey(nil, col.number, r.Row.ID))
		}
	}
	return keys
}

// getMany gets values together if the reader can, nil for those that are not there.
func getMany(r Reader, keys [][]byte) ([][]byte, error) {
	if many, ok := r.(ManyGetter); ok {
		return many.GetMany(keys)
	}
	values := make([][]byte, len(keys))
	for i, key := range keys {
		value, ok, err := r.Get(key, nil)
		if err != nil {
			return nil, err
		}
		if ok {
			values[i] = owned(value)
		}
	}
	return values, nil
}

// attach returns the collection with what is stored of a schema's indexes. One that is not
// stored, as another process knows the schema without it, is outdated.
func (c *collection) attach(s *model.Schema) *collection {
	next := &collection{name: c.name, number: c.number, mirror: c.mirror, stored: c.stored, schema: s}
	for i, x := range s.Indexes() {
		key := indexKey(s, i)
		stored, ok := c.index(key)
		if !ok {
			stored = storedIndex{key: key, state: indexOutdated}
		}
		twin := slices.ContainsFunc(next.indexes, func(other index) bool { return other.key == key })
		next.indexes = append(next.indexes, index{
			storedIndex: stored, position: i, prefix: appendIndexPrefix(nil, stored.number),
			covering: x.Covering, fullText: x.FullText, twin: twin || stored.state == indexOutdated,
		})
	}
	next.strange = slices.ContainsFunc(c.stored, func(x storedIndex) bool {
		return x.state != indexOutdated && !next.maintains(x)
	})
	return next
}

// maintains reports whether commits keep an index in step.
func (c *collection) maintains(x storedIndex) bool {
	return slices.ContainsFunc(c.indexes, func(i index) bool { return i.number == x.number })
}

// over makes a change again over fresh views until it meets nobody else's. Callers hold the
// token. b is what it stores, nil if it is not for a batch. kept says, of a view, whether the change is in it; nil means that nobody can tell.
// It is asked whenever the change was tried before: also one that met somebody may have met
// itself, when a request was sent again.
func (e *Engine) over(ctx context.Context, b *storage.Batch, build func(c *change) error, kept func(*view) bool) error {
	uncertain := error(nil)
	for again := false; ; again = true {
		err := e.once(ctx, b, build, kept, again)
		switch {
		case errors.Is(err, ErrMoved):
			if uncertain == nil && ctx.Err() != nil {
				return ctx.Err()
			}
		case errors.Is(err, storage.ErrUnknown) && kept != nil && uncertain == nil:
			uncertain = err
		case err != nil && uncertain != nil && !errors.Is(err, storage.ErrUnknown):
			return fmt.Errorf("%w: %w", uncertain, err)
		default:
			return err
		}
	}
}

// once makes a change over one view.
func (e *Engine) once(ctx context.Context, b *storage.Batch, build func(c *change) error, kept func(*view) bool, again bool) error {
	base, err := e.fresh(ctx, b)
	if err != nil {
		return err
	}
	defer e.views.release(base)
	if again && kept != nil && kept(base) {
		return nil
	}
	c := &e.change
	c.reset(base)
	if err := build(c); err != nil {
		return err
	}
	c.cover()
	if c.writes.Len() == 0 {
		return nil
	}
	return e.shared.driver.WriteOver(ctx, *base.opened.Load(), &c.writes)
}

// commitShared is Commit over a store that is shared.
func (e *Engine) commitShared(ctx context.Context, b *storage.Batch) error {
	build := func(c *change) error {
		c.gather(b.States)
		return c.build(b)
	}
	if len(b.Entries) == 0 {
		return e.over(ctx, b, build, nil)
	}
	// An entry is there when its log is where it leads to, and not before.
	last := b.Entries[len(b.Entries)-1].Position()
	return e.over(ctx, b, build, func(v *view) bool {
		found, _ := v.cursor.At(last.Origin)
		return found == last
	})
}

// gather finds the records that a batch replaces among what was read for it.
func (c *change) gather(states []storage.StateChange) {
	c.olds = make(map[event.ID][]byte, len(states))
	for i := range states {
		r := states[i].Record
		if col, ok := c.base.catalog.collections[r.Collection]; ok {
			c.key = appendStateKey(c.key[:0], col.number, r.Row.ID)
			c.olds[r.Row.ID] = c.base.ahead[string(c.key)]
		}
	}
}

// get reads what a change is made over.
func (c *change) get(key []byte) ([]byte, bool, error) {
	if c.engine.shared != nil {
		if value, read := c.base.ahead[string(key)]; read {
			return value, value != nil, nil
		}
		return (*c.base.opened.Load()).Get(key, nil)
	}
	return c.engine.driver.Get(key, nil)
}

// storePosition writes where a log is.
func (c *change) storePosition(p event.Position) {
	c.key = appendMetaNumber(c.key[:0], metaPosition, c.origin(p.Origin))
	c.value = codec.AppendUint64(codec.AppendUvarint(c.value[:0], p.Seq), p.Short)
	c.writes.Set(c.key, c.value)
	c.covered = true
}

// touchPosition writes a log's position as it is (H3). The catalog's version stands for
// that of a log that is not known.
func (c *change) touchPosition(o event.Origin) {
	number, known := c.base.catalog.numbers[o]
	if !known {
		c.versed = true
		return
	}
	if found, ok := c.base.cursor.At(o); ok {
		c.storePosition(found)
	} else {
		c.writes.Delete(appendMetaNumber(nil, metaPosition, number))
	}
}

// touchPositions writes all of them (H4).
func (c *change) touchPositions() {
	for _, o := range c.base.catalog.origins {
		c.touchPosition(o)
	}
}

// cover writes the catalog's version: the next one if this changes the catalog, and the
// same if there are records, and no position is written (H4).
func (c *change) cover() {
	key := appendMetaKey(nil, metaVersion, "")
	version := c.base.catalog.version
	switch {
	case c.catalog != c.base.catalog:
		var r codec.Reader
		r.Reset(version)
		c.writes.Set(key, codec.AppendUvarint(nil, r.Uvarint()+1))
	case c.versed, len(c.written) > 0 && !c.covered:
		c.writes.Set(key, version)
	}
}

// never is for changes that may be made twice.
func never(*view) bool { return false }

// registerShared is register over a store that is shared.
func (e *Engine) registerShared(ctx context.Context, s *model.Schema) error {
	err := e.over(ctx, nil, func(c *change) error {
		old := c.collection(s.Collection())
		fresh, err := c.freshIndex(old)
		if err != nil {
			return err
		}
		next := c.declare(old, s, fresh)
		if c.writes.Len() > 0 {
			c.ownCatalog().collections[old.name] = next
			c.touchPositions()
		}
		return nil
	}, never)
	if err != nil {
		return err
	}
	e.shared.mu.Lock()
	defer e.shared.mu.Unlock()
	e.shared.schemas[s.Collection()] = s
	e.shared.catalog = nil
	return nil
}

// buildShared is Build over a store that is shared.
func (e *Engine) buildShared(ctx context.Context) (more bool, err error) {
	err = e.over(ctx, nil, func(c *change) error {
		col := c.base.catalog.building()
		if more = col != nil; !more {
			return nil
		}
		next, err := c.piece(col)
		if err != nil {
			return err
		}
		c.ownCatalog().collections[col.name] = next
		more = c.catalog.building() != nil
		return nil
	}, never)
	return more, err
}
