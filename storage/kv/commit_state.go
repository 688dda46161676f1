package kv

// What a commit does to records, and to the entries of indexes that follow from them.

import (
	"bytes"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// state replaces one record and moves its index entries.
func (c *change) state(s *storage.StateChange) error {
	col := c.collection(s.Record.Collection)
	if col.unattended() {
		c.abandonIndexes(col)
	}
	old, known, err := c.old(col, s)
	if err != nil {
		return err
	}
	var found event.Stamp
	if old != nil {
		found = old.Stamp
	}
	if known && found != s.Was {
		c.conflict.States = append(c.conflict.States, storage.MovedState{
			Collection: col.name, ID: s.Record.Row.ID, Expected: s.Was, Found: found,
		})
		return nil
	}
	w := &c.writes
	w.bytes = appendStateKey(w.bytes, col.number, s.Record.Row.ID)
	w.endKey()
	w.bytes = appendRow(w.bytes, &s.Record.Row)
	w.bytes = append(w.bytes, s.Record.Merge...)
	w.endSet()
	c.written = append(c.written, written{col, s.Record})
	for i := range col.indexes {
		if x := &col.indexes[i]; !x.twin {
			c.index(col, x, old, s.Record)
		}
	}
	return nil
}

// old returns the record that is about to be replaced, and whether it was looked
// up. It is looked up if it is resident, if the driver reads quickly, or if
// indexes need it and the caller has not brought it.
func (c *change) old(col *collection, s *storage.StateChange) (old *storage.Record, known bool, err error) {
	e, id := c.engine, s.Record.Row.ID
	if e.shared != nil {
		if b := c.olds[id]; b != nil {
			old, err = newRecord(col.name, id, b)
		}
		return old, true, err
	}
	if r := e.cache.get(col.number, id, c.base.version); r != nil {
		return r, true, nil
	}
	missing := s.Before == nil && !s.Was.IsZero() && len(col.indexes) > 0
	if !missing && !e.traits.QuickReads {
		return s.Before, false, nil
	}
	c.key = appendStateKey(c.key[:0], col.number, id)
	b, ok, err := e.driver.Get(c.key, nil)
	if err != nil || !ok {
		return nil, true, err
	}
	old, err = newRecord(col.name, id, b)
	return old, true, err
}

// index moves the entry of one entity in one index. Only what changed is
// written.
func (c *change) index(col *collection, x *index, old, now *storage.Record) {
	if x.fullText {
		c.indexWords(col, x, old, now)
		return
	}
	w := &c.writes
	had := old != nil && !old.Row.Deleted
	has := !now.Row.Deleted
	if had {
		c.oldKey = x.appendKey(c.oldKey[:0], col.schema, &old.Row)
	}
	if has {
		w.bytes = x.appendKey(w.bytes, col.schema, &now.Row)
		same := had && bytes.Equal(w.pending(), c.oldKey)
		had = had && !same
		if same && !x.covering {
			w.drop()
		} else {
			w.endKey()
			w.bytes = x.appendValue(w.bytes, &now.Row)
			w.endSet()
		}
	}
	if had {
		w.Delete(c.oldKey)
	}
}

// appendKey appends the key of a row's entry.
func (x *index) appendKey(b []byte, s *model.Schema, r *model.Row) []byte {
	b = s.AppendIndexKey(append(b, x.prefix...), x.position, r)
	return append(b, r.ID[:]...)
}

// appendValue appends what an entry holds beside its key.
func (x *index) appendValue(b []byte, r *model.Row) []byte {
	if !x.covering {
		return b
	}
	return appendRow(b, r)
}
