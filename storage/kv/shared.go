package kv

import (
	"bytes"
	"context"
	"errors"
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

// States reads records at a reader of its own, without looking whether the catalog is still
// the one that is known: what number a collection has does not change.
func (e sharedEngine) States(ctx context.Context, keys []storage.Key) ([]*storage.Record, error) {
	e.shared.mu.Lock()
	known := e.shared.catalog
	e.shared.mu.Unlock()
	physical := make([][]byte, len(keys))
	for i, key := range keys {
		if known == nil || known.collections[key.Collection] == nil {
			return storage.SnapshotStates(ctx, e.Engine, keys) // another engine may have made it
		}
		physical[i] = appendStateKey(nil, known.collections[key.Collection].number, key.ID)
	}
	values, err := e.newest(ctx, physical)
	if err != nil {
		return nil, err
	}
	records := make([]*storage.Record, len(keys))
	for i, value := range values {
		if value == nil {
			continue
		}
		if records[i], err = newRecord(keys[i].Collection, keys[i].ID, value); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// newest reads the newest values of keys.
func (e sharedEngine) newest(ctx context.Context, keys [][]byte) ([][]byte, error) {
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
	values, err := getMany(r, keys)
	return values, errors.Join(err, r.Close())
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
