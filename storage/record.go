package storage

import (
	"bytes"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// Record is what an engine stores of one entity's state: what queries see of it,
// and the rest as bytes that engines never look into.
//
// Records are immutable once they were handed to an engine or returned by one,
// and may be shared between goroutines. Their bytes lie on the heap and belong to
// nobody else; whoever builds a record over part of a large buffer keeps the
// whole buffer alive.
type Record struct {
	// Collection names the entity's collection.
	Collection string
	// Row is the entity as queries see it: ID, head, deleted or not, and the
	// value of every field that has one.
	Row model.Row
	// Stamp identifies the head: Row.Head.Stamp().
	Stamp event.Stamp
	// Merge is what folding further events needs. Select may leave it out.
	Merge []byte
}

// Equal reports whether two records hold the same, Merge included. A nil Merge
// equals an empty one.
func (r *Record) Equal(o *Record) bool {
	if r == nil || o == nil {
		return r == o
	}
	return r.Collection == o.Collection && r.Stamp == o.Stamp && r.Row.ID == o.Row.ID &&
		r.Row.Deleted == o.Row.Deleted && r.Row.Head.Equal(o.Row.Head) &&
		bytes.Equal(r.Row.Values.Bytes(), o.Row.Values.Bytes()) && bytes.Equal(r.Merge, o.Merge)
}

// recordOverhead estimates the heap taken by a record beside its bytes: the
// structure, slice headers and what a map entry for it costs.
const recordOverhead = 256

// Size estimates the heap that a record takes, in bytes; caches count with it.
func (r *Record) Size() int {
	return recordOverhead + len(r.Row.Head)*len(event.ID{}) + len(r.Row.Values.Bytes()) + len(r.Merge)
}
