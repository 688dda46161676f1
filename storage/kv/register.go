package kv

import (
	"context"
	"fmt"
	"slices"

	"github.com/ankgo/ank/model"
)

// Register brings the stored indexes in line with the schemas': for each schema
// one write drops what is no longer declared, empties what is outdated and marks
// as building what Build has to fill.
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
	if e.shared != nil {
		return e.registerShared(ctx, s)
	}
	c := &e.change
	c.reset(e.newest)
	old := c.collection(s.Collection())
	fresh, err := c.freshIndex(old)
	if err != nil {
		return err
	}
	c.ownCatalog().collections[old.name] = c.declare(old, s, fresh)
	v := &view{version: e.newest.version + 1, cursor: c.cursor, catalog: c.catalog}
	return e.publish(ctx, &c.writes, v, e.sync)
}

// freshIndex is what an index that holds nothing is like: there is nothing to be
// built if its collection is empty.
func (c *change) freshIndex(col *collection) (storedIndex, error) {
	r, err := c.engine.views.reader(c.base)
	if err != nil {
		return storedIndex{}, err
	}
	it := scanPrefix(r, appendStatesPrefix(nil, col.number), false)
	x := storedIndex{state: indexReady}
	if it.Next() {
		x.state = indexBuilding
	}
	return x, it.Close()
}

// declare returns the collection as it is with the indexes of a schema; those
// that cannot go on from what is stored begin as fresh.
func (c *change) declare(old *collection, s *model.Schema, fresh storedIndex) *collection {
	next := &collection{name: old.name, number: old.number, mirror: old.mirror, schema: s}
	for i, x := range s.Indexes() {
		key := indexKey(s, i)
		stored, twin := next.index(key)
		if !twin {
			stored = c.adopt(old, key, fresh)
			next.stored = append(next.stored, stored)
		}
		next.indexes = append(next.indexes, index{
			storedIndex: stored, position: i, prefix: appendIndexPrefix(nil, stored.number),
			covering: x.Covering, fullText: x.FullText, twin: twin,
		})
	}
	for _, x := range old.stored {
		if _, ok := next.index(x.key); !ok {
			c.dropIndex(x)
		}
	}
	return next
}

// adopt takes an index over as it is stored, or begins it.
func (c *change) adopt(old *collection, key string, fresh storedIndex) storedIndex {
	stored, known := old.index(key)
	if known && stored.state != indexOutdated {
		return stored
	}
	fresh.number, fresh.key = stored.number, key
	if known {
		prefix := appendIndexPrefix(nil, stored.number)
		c.writes.DeleteRange(prefix, successor(nil, prefix))
	} else {
		c.ownCatalog().lastIndex++
		fresh.number = c.catalog.lastIndex
	}
	c.setIndexDefinition(old.number, fresh)
	return fresh
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
