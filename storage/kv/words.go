package kv

import (
	"strconv"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/text"
	"github.com/ankgo/ank/storage"
)

// A full-text index has an entry for each distinct word of an entity. As a commit
// moves the entries of all words that came and went, and a piece of a build writes
// those of all words, the invariants of build.go hold for it as for the others.

// indexKey is what the store keeps beside index i of a schema, to know whether it is
// still what it was. What is in an index of words depends on how texts are cut too.
func indexKey(s *model.Schema, i int) string {
	key := s.IndexKey(i)
	if i < len(s.Indexes()) && s.Indexes()[i].FullText {
		key += " " + strconv.Itoa(text.Version)
	}
	return key
}

// value is what a row has in the column of an index of words.
func (x *index) value(s *model.Schema, r *model.Row) model.Value {
	return s.Value(r, s.Indexes()[x.position].Columns[0].Field)
}

// words are those under which a row stands, in order.
func (x *index) words(s *model.Schema, r *model.Row) []string { return query.Words(x.value(s, r)) }

// indexWords moves the entries of one entity in an index of words. A text that
// stayed the same is not cut.
func (c *change) indexWords(col *collection, x *index, old, now *storage.Record) {
	had := old != nil && !old.Row.Deleted
	has := !now.Row.Deleted
	if had && has && x.value(col.schema, &old.Row) == x.value(col.schema, &now.Row) {
		return
	}
	var before, after []string
	if had {
		before = x.words(col.schema, &old.Row)
	}
	if has {
		after = x.words(col.schema, &now.Row)
	}
	c.moveWords(x, now.Row.ID, before, after)
}

// moveWords removes the entries of words that an entity does not have any more, and
// writes those of words that it had not. Both lists are in order.
func (c *change) moveWords(x *index, id event.ID, before, after []string) {
	for len(before)+len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0] < after[0]:
			c.oldKey = x.appendWord(c.oldKey[:0], before[0], id)
			c.writes.Delete(c.oldKey)
			before = before[1:]
		case len(before) == 0 || after[0] < before[0]:
			w := &c.writes
			w.bytes = x.appendWord(w.bytes, after[0], id)
			w.endKey()
			w.endSet()
			after = after[1:]
		default:
			before, after = before[1:], after[1:]
		}
	}
}

// appendWord appends the key of a word's entry.
func (x *index) appendWord(b []byte, word string, id event.ID) []byte {
	b = model.OfString(word).AppendKey(append(b, x.prefix...), false)
	return append(b, id[:]...)
}
