package kv

import (
	"context"
	"maps"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// An index over data that is there already is built piece by piece, between
// commits. What makes that simple are two invariants, which every write keeps:
//
//   - B1. No entry is wrong: each is one that a ready index would have.
//   - B2. None is missing of entities up to the ID that the build has come
//     through.
//
// Commits do not care whether an index is ready. They remove the entry of the
// record that is replaced, if there is one, and write that of the new: that keeps
// both. A piece reads the entities that follow, writes their entries, and moves
// the ID, all in one write, while it holds the writer's token: no commit comes
// between reading and writing, so what it writes is not wrong. New entities have
// the greatest IDs and are met last. A piece that finds no entity beyond its last
// has dealt with all of them, and makes the index ready in the same write.
//
// As the ID is stored with the entries, a store that was closed or crashed in the
// middle of a build is in order, and the next piece continues. Pieces are not
// synced. A crash may take the last ones, but with everything written after them.
//
// Indexes of a collection are built in one pass even if they began at different
// times: the pass goes on from the one that is the farthest behind. What others
// get a second time, they hold already.

// The size of a piece: what a commit may have to wait for. Reading is bounded in
// bytes as well because merge data can be large.
const (
	buildRows  = 128
	buildBytes = 64 << 10
)

// Build does the next piece of the work for indexes that are building.
func (e *Engine) Build(ctx context.Context) (more bool, err error) {
	if err := e.begin(ctx); err != nil {
		return false, err
	}
	defer e.end()
	if err := e.writable(); err != nil {
		return false, err
	}
	if e.shared != nil {
		return e.buildShared(ctx)
	}
	col := e.newest.catalog.building()
	if col == nil {
		return false, nil
	}
	c := &e.change
	c.reset(e.newest)
	next, err := c.piece(col)
	if err != nil {
		return false, err
	}
	c.ownCatalog().collections[col.name] = next
	v := &view{version: e.newest.version + 1, cursor: c.cursor, catalog: c.catalog}
	if err := e.publish(ctx, &c.writes, v, false); err != nil {
		return false, err
	}
	return e.newest.catalog.building() != nil, nil
}

// building returns the first collection with an index to be built.
func (c *catalog) building() *collection {
	var first *collection
	for _, col := range c.collections {
		if col.schema != nil && slices.ContainsFunc(col.stored, storedIndex.building) &&
			(first == nil || col.number < first.number) {
			first = col
		}
	}
	return first
}

// piece writes entries of the next entities, and returns the collection as it is
// then.
func (c *change) piece(col *collection) (*collection, error) {
	r, err := c.engine.views.reader(c.base)
	if err != nil {
		return nil, err
	}
	states := appendStatesPrefix(nil, col.number)
	last := col.through()
	beyond := append(append(slices.Clone(states), last[:]...), 0)
	it := r.Scan(beyond, successor(nil, states), false)
	var row model.Row
	var bad error
	rows, bytes, end := 0, 0, false
	for bad == nil && rows < buildRows && bytes < buildBytes && c.writes.Size() < buildBytes {
		if end = !it.Next(); end {
			break
		}
		last = lastID(it.Key())
		if _, bad = decodeRow(&row, last, it.Value()); bad != nil {
			bad = corruptRecord(col.name, last, bad)
			break
		}
		c.enter(col, &row)
		rows++
		bytes += len(it.Value())
	}
	if err := it.Close(); bad == nil {
		bad = err
	}
	return c.built(col, last, end), bad
}

// through is how far the index has come that is the farthest behind.
func (c *collection) through() event.ID {
	least := event.ID{}
	first := true
	for i := range c.indexes {
		if x := &c.indexes[i]; x.building() && (first || x.through.Less(least)) {
			least, first = x.through, false
		}
	}
	return least
}

// enter writes the entries of one entity in the indexes that are building.
func (c *change) enter(col *collection, row *model.Row) {
	for i := range col.indexes {
		if x := &col.indexes[i]; !x.twin && x.building() {
			c.enterInto(x, col.schema, row)
		}
	}
}

// enterInto writes the entries of one entity in one index.
func (c *change) enterInto(x *index, s *model.Schema, row *model.Row) {
	switch w := &c.writes; {
	case row.Deleted:
	case x.fullText:
		c.moveWords(x, row.ID, nil, x.words(s, row))
	default:
		w.bytes = x.appendKey(w.bytes, s, row)
		w.endKey()
		w.bytes = x.appendValue(w.bytes, row)
		w.endSet()
	}
}

// built notes how far indexes have come: to the last entity of a piece, or, if
// there is no entity beyond it, to the end.
func (c *change) built(old *collection, last event.ID, end bool) *collection {
	next := *old
	next.stored, next.indexes = slices.Clone(old.stored), slices.Clone(old.indexes)
	move := func(x *storedIndex) bool {
		switch {
		case !x.building() || !end && !x.through.Less(last):
			return false
		case end:
			x.state, x.through = indexReady, event.ID{}
		default:
			x.through = last
		}
		return true
	}
	for i := range next.stored {
		if x := &next.stored[i]; move(x) {
			c.setIndexDefinition(next.number, *x)
		}
	}
	for i := range next.indexes {
		move(&next.indexes[i].storedIndex)
	}
	return &next
}

// Indexes tells how far the indexes are.
func (e *Engine) Indexes(ctx context.Context) ([]storage.IndexStatus, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v, err := e.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer e.views.release(v)
	var list []storage.IndexStatus
	for _, name := range slices.Sorted(maps.Keys(v.catalog.collections)) {
		for _, x := range v.catalog.collections[name].indexes {
			list = append(list, storage.IndexStatus{
				Collection: name, Index: x.position, Ready: x.state == indexReady, Through: x.through,
			})
		}
	}
	return list, nil
}
