package kv

import (
	"context"
	"fmt"
	"slices"

	"github.com/ankgo/ank/model"
)

// Register brings the stored indexes in line with the schemas'.
//
// For each schema there are two writes with a pass over the collection between
// them. The first drops what is no longer declared, empties what is outdated
// and marks as building what is missing; the last marks it ready. Whatever
// happens in between, the mark says that the work has to begin again. Commits
// wait until all is done: an index is either maintained or not used.
func (e *Engine) Register(ctx context.Context, schemas ...*model.Schema) error {
	if err := checkSchemas(schemas); err != nil {
		return err
	}
	if err := e.begin(ctx); err != nil {
		return err
	}
	defer e.end()
	for _, s := range schemas {
		if err := e.register(ctx, s); err != nil {
			return fmt.Errorf("register %s: %w", s.Model(), err)
		}
	}
	return nil
}

func checkSchemas(schemas []*model.Schema) error {
	models := make(map[string]string, len(schemas))
	for _, s := range schemas {
		if s == nil {
			return fmt.Errorf("register: a schema is nil")
		}
		if err := s.Err(); err != nil {
			return err
		}
		if other, ok := models[s.Collection()]; ok {
			return fmt.Errorf("register: models %s and %s both use collection %q", other, s.Model(), s.Collection())
		}
		models[s.Collection()] = s.Model()
	}
	return nil
}

func (e *Engine) register(ctx context.Context, s *model.Schema) error {
	col, building, err := e.prepareIndexes(ctx, s)
	if err != nil {
		return err
	}
	if len(building) > 0 {
		if err := e.buildIndexes(ctx, col, building); err != nil {
			return err
		}
	}
	return e.readyIndexes(ctx, col)
}

// prepareIndexes does the first write. It returns the collection as it will be
// when all indexes are ready, and those that must be built.
func (e *Engine) prepareIndexes(ctx context.Context, s *model.Schema) (*collection, []index, error) {
	c := &e.change
	c.reset(e.newest)
	old := c.collection(s.Collection())
	next := &collection{name: old.name, number: old.number, mirror: old.mirror, schema: s}
	var building []index
	for i, x := range s.Indexes() {
		key := s.IndexKey(i)
		if twin, ok := next.index(key); ok {
			ix := newIndex(i, twin, x)
			ix.twin = true
			next.indexes = append(next.indexes, ix)
			continue
		}
		stored, known := old.index(key)
		if !known {
			c.ownCatalog().lastIndex++
			stored = storedIndex{number: c.catalog.lastIndex, key: key}
		}
		ix := newIndex(i, stored, x)
		if stored.state != indexReady {
			building = append(building, ix)
			c.writes.DeleteRange(ix.prefix, successor(nil, ix.prefix))
			c.setIndexDefinition(next.number, stored)
		}
		next.indexes = append(next.indexes, ix)
		next.stored = append(next.stored, stored)
	}
	for _, x := range old.stored {
		if _, ok := next.index(x.key); !ok {
			c.dropIndex(x)
		}
	}
	// Until the indexes are ready, queries go without any, and nothing is committed.
	c.ownCatalog().collections[next.name] = &collection{
		name: next.name, number: next.number, mirror: next.mirror, stored: slices.Clone(next.stored),
	}
	v := &view{version: e.newest.version + 1, cursor: c.cursor, catalog: c.catalog}
	return next, building, e.publish(ctx, &c.writes, v)
}

func newIndex(position int, stored storedIndex, x model.Index) index {
	return index{
		position: position,
		key:      stored.key,
		prefix:   appendIndexPrefix(nil, stored.number),
		covering: x.Covering,
	}
}

// index finds an index of the collection by what it is over.
func (c *collection) index(key string) (storedIndex, bool) {
	i := slices.IndexFunc(c.stored, func(x storedIndex) bool { return x.key == key })
	if i < 0 {
		return storedIndex{}, false
	}
	return c.stored[i], true
}

func (c *change) dropIndex(x storedIndex) {
	prefix := appendIndexPrefix(nil, x.number)
	c.writes.DeleteRange(prefix, successor(nil, prefix))
	c.key = appendMetaNumber(c.key[:0], metaIndex, x.number)
	c.writes.Delete(c.key)
}

// buildBytes bounds one write of an index being built.
const buildBytes = 1 << 20

// buildIndexes makes one pass over the collection and writes the entries of all
// indexes that are building. They are not synced: readyIndexes is, after them.
func (e *Engine) buildIndexes(ctx context.Context, col *collection, building []index) error {
	r, err := e.views.reader(e.newest)
	if err != nil {
		return err
	}
	var w Writes
	var row model.Row
	it := scanPrefix(r, appendStatesPrefix(nil, col.number), false)
	defer it.Close()
	for it.Next() {
		id := lastID(it.Key())
		if _, err := decodeRow(&row, id, it.Value()); err != nil {
			return corruptRecord(col.name, id, err)
		}
		if row.Deleted {
			continue
		}
		for i := range building {
			w.bytes = building[i].appendKey(w.bytes, col.schema, &row)
			w.endKey()
			w.bytes = building[i].appendValue(w.bytes, &row)
			w.endSet()
		}
		if w.Size() > buildBytes {
			if err := e.write(ctx, &w, false); err != nil {
				return err
			}
			w.Reset()
		}
	}
	if err := it.Close(); err != nil || w.Len() == 0 {
		return err
	}
	return e.write(ctx, &w, false)
}

// readyIndexes does the last write: from now on the indexes are used.
func (e *Engine) readyIndexes(ctx context.Context, col *collection) error {
	c := &e.change
	c.reset(e.newest)
	for i := range col.stored {
		if col.stored[i].state != indexReady {
			col.stored[i].state = indexReady
			c.setIndexDefinition(col.number, col.stored[i])
		}
	}
	c.ownCatalog().collections[col.name] = col
	v := &view{version: e.newest.version + 1, cursor: c.cursor, catalog: c.catalog}
	return e.publish(ctx, &c.writes, v)
}
