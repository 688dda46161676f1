package kv

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// mirror keeps a collection on the heap as a table, while that pays and as long as
// it fits. Queries then read neither the store nor its indexes, but for those of
// words.
//
// It pays when queries have read about as many rows from the store as making the
// table costs; until then they are counted, no more. A collection that is written
// all the time and seldom asked loses its table, and earns it anew.
//
// Commits do not touch the table: they leave the records that they wrote, and the
// next query puts those it may see into a new table, which shares all else with
// the old one. What makes it a snapshot that a reader sees are three rules:
//
//   - M1. A table shows all changes up to its version, and none after it.
//   - M2. A commit leaves its changes here before any reader can get the version
//     that it makes (Engine.publish). A table is made of a view only if no change
//     after that view was missed.
//   - M3. A reader of version v uses a table of version v or less, after every
//     change up to v was put into it. Readers of older versions read the store.
type mirror struct {
	budget  *budget               // nil: there is never a table
	table   atomic.Pointer[table] // set under mu; nil: there is none
	changed atomic.Uint64         // version of the last change, kept here or not
	read    atomic.Int64          // rows read from the store for want of a table
	wanted  atomic.Int64          // how many of them make up for a table
	dived   atomic.Int64          // keys counted in the store for want of an order of the table
	rows    atomic.Int64          // of the collection, when all of it was read for the last time; 0 if it was not

	// work is held while a table or an order is made. building says that this
	// takes long, so that others had better read the store meanwhile.
	work     sync.Mutex
	building atomic.Bool

	mu      sync.Mutex // protects what follows; held for moments only
	keeping bool       // changes are kept
	missed  uint64     // version of the last change that was not
	changes []tableChange
	held    int64    // of the budget
	columns []column // those that chunks may keep, without values
}

// tableChange is a record that a commit wrote.
type tableChange struct {
	version uint64
	record  *storage.Record
}

const (
	// earlyRows is how many rows are read before a table is thought of: to read
	// fewer takes no time.
	earlyRows = 1000
	// readPerMade is how many rows are taken into a table in the time in which
	// queries read one.
	readPerMade = 4
	// manyChanges is how many changes are kept, and put in, in any case.
	manyChanges = 1024
)

func (e *Engine) newMirror() *mirror {
	m := &mirror{budget: e.tables}
	m.wanted.Store(e.early)
	return m
}

// at returns the table as of a version, nil if there is none.
func (m *mirror) at(version uint64) *table {
	t := m.table.Load()
	if t == nil || t.version > version {
		return nil
	}
	if m.changed.Load() <= t.version {
		return t
	}
	return m.advance(version)
}

// commit takes a record that the commit which makes version has written.
func (m *mirror) commit(r *storage.Record, version uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed.Store(version)
	if !m.keeping {
		m.missed = version
		return
	}
	m.changes = append(m.changes, tableChange{version, r})
	if t := m.table.Load(); t != nil && len(m.changes) > manyChanges+t.rows/2 {
		m.dropLocked()
	}
}

// advance puts the changes up to a version into a new table.
func (m *mirror) advance(version uint64) *table {
	if m.building.Load() {
		return nil
	}
	m.work.Lock()
	defer m.work.Unlock()
	t := m.table.Load()
	if t == nil || t.version > version {
		return nil
	}
	changes := m.take(version)
	if len(changes) == 0 {
		return t
	}
	return m.install(t.with(changes))
}

// take returns the changes up to a version, which are kept no longer.
func (m *mirror) take(version uint64) []tableChange {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.changes)
	for n > 0 && m.changes[n-1].version > version {
		n--
	}
	taken := m.changes[:n:n]
	m.changes = m.changes[n:]
	return taken
}

// install makes t the mirror's table and returns it, or nil if it is not to be
// kept: it does not fit, it is not what it was read as any more, or a change was
// missed meanwhile. Callers hold work.
func (m *mirror) install(t *table) *table {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.keeping || m.missed > t.version {
		return nil
	}
	size := t.heap(len(m.columns))
	if t.changed > manyChanges+t.rows || !m.budget.replace(m.held, size) {
		m.dropLocked()
		return nil
	}
	for len(m.changes) > 0 && m.changes[0].version <= t.version {
		m.changes = m.changes[1:] // it was read with them
	}
	m.held = size
	m.table.Store(t)
	return t
}

// drop gives the table up. The next one has to be earned.
func (m *mirror) drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dropLocked()
}

func (m *mirror) dropLocked() {
	m.budget.replace(m.held, 0)
	m.table.Store(nil)
	m.changes, m.keeping, m.missed, m.held = nil, false, m.changed.Load(), 0
	m.columns = nil
	m.read.Store(0)
}

// ripe reports whether enough rows were read to make a table.
func (m *mirror) ripe() bool { return m.budget != nil && m.read.Load() >= m.wanted.Load() }

// fill makes a table of the newest view, unless somebody else is at it. When it
// does not fit, the next attempt has to wait.
func (m *mirror) fill(ctx context.Context, e *Engine, col *collection) error {
	if !m.work.TryLock() {
		return nil
	}
	defer m.work.Unlock()
	if m.table.Load() != nil {
		return nil
	}
	m.building.Store(true)
	defer m.building.Store(false)
	m.mu.Lock()
	m.keeping = true
	m.mu.Unlock()
	v, err := e.views.acquire()
	if err != nil {
		return err
	}
	defer e.views.release(v)
	read := m.read.Load()
	t, err := e.readTable(ctx, v, col, int(read*readPerMade), m.budget.left())
	if t == nil || m.install(t) == nil {
		m.drop()
		m.read.Store(read)
		m.wanted.Store(2 * read)
	}
	return err
}

// readTable reads a collection, or nil if it is larger than it may be.
func (e *Engine) readTable(ctx context.Context, v *view, col *collection, mostRows int, mostBytes int64) (*table, error) {
	r, err := e.views.reader(v)
	if err != nil {
		return nil, err
	}
	t := &table{version: v.version, orders: new(orders)}
	var rows []*storage.Record
	var row model.Row
	it := scanPrefix(r, appendStatesPrefix(nil, col.number), false)
	defer it.Close()
	for visited := 0; it.Next(); visited++ {
		if visited%checkEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		id := lastID(it.Key())
		merge, err := decodeRow(&row, id, it.Value())
		if err != nil {
			return nil, corruptRecord(col.name, id, err)
		}
		if row.Deleted {
			continue
		}
		value := it.Value()
		record, err := newRecord(col.name, id, bytes.Clone(value[:len(value)-len(merge)]))
		if err != nil {
			return nil, err
		}
		rows = append(rows, record)
		t.size += sizeOf(record)
		if visited >= mostRows || t.size > mostBytes {
			return nil, nil
		}
	}
	if err := it.Close(); err != nil {
		return nil, err
	}
	col.mirror.rows.Store(int64(len(rows)))
	t.rows, t.ids = len(rows), newOrder(nil, 0, rows, v.version)
	return t, nil
}

// order returns a table's order of an index, making it if need be; nil if others
// are at work.
func (m *mirror) order(t *table, s *model.Schema, index int) *order {
	if o := t.order(s, index); o != nil {
		return o
	}
	if !m.work.TryLock() {
		return nil
	}
	defer m.work.Unlock()
	if m.table.Load() != t {
		return nil
	}
	m.building.Store(true)
	defer m.building.Store(false)
	o := t.sorted(s, index)
	t.add(o)
	if m.install(t) == nil {
		return nil
	}
	return o
}

// keepColumn reports whether the chunks of a table may keep a column: if there is
// room for it in all of them.
func (m *mirror) keepColumn(t *table, s *model.Schema, number int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.columns {
		if x := &m.columns[i]; x.schema == s && x.number == number {
			return true
		}
	}
	size := m.held + int64(t.rows)*columnBytes
	if m.table.Load() != t || !m.budget.replace(m.held, size) {
		return false
	}
	m.held = size
	m.columns = append(m.columns, column{schema: s, number: number})
	return true
}

// budget is how much heap the tables of an engine may take, and how much they do.
// What they take, the cache of records is without.
type budget struct {
	cache *cache
	whole int64 // for both

	mu   sync.Mutex // protects used
	used int64
}

// newBudget divides bytes between tables and a cache.
func newBudget(c *cache, bytes int64) *budget {
	if c == nil {
		return nil
	}
	return &budget{cache: c, whole: bytes}
}

// most is what all tables together may take: three quarters of the whole.
func (b *budget) most() int64 { return b.whole / 4 * 3 }

// left is what a new table may take.
func (b *budget) left() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.most() - b.used
}

// replace exchanges what a table took for what it takes, and reports whether that
// is possible.
func (b *budget) replace(old, now int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	used := b.used - old + now
	if now > old && used > b.most() {
		return false
	}
	b.used = used
	b.cache.resize(b.whole - used)
	return true
}
