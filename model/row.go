package model

import (
	"encoding/binary"
	"time"

	"github.com/ankgo/ank/event"
)

// A Row is one entity as queries see it. What it refers to is immutable; a Row
// may be copied and read concurrently.
type Row struct {
	ID      event.ID   // the entity
	Head    event.Head // its latest events
	Deleted bool
	Values  Tuple // its fields by name

	// Joined are values of other entities that a query reads through the
	// references of this one, as columns that follow the schema's own; nil in a
	// row that nobody joined. See query.Checked.Join.
	Joined *[]Value

	// Pending are the transactions that the row shows and no durable node has
	// accepted yet, the oldest first; nil in a row that shows none. It is never
	// stored.
	Pending *[]event.ID
}

// Created is the time of the entity's creation event, in UTC.
func (r *Row) Created() time.Time { return r.ID.Time() }

// Updated is the time of the latest event in the entity's head, in UTC.
func (r *Row) Updated() time.Time { return r.Head.Max().Time() }

// timeOf is the moment of an ID as a value. ULIDs reach beyond the year 9999.
func timeOf(id event.ID) Value {
	millis := binary.BigEndian.Uint64(id[:8]) >> 16
	return ofMicros(min(int64(millis)*1000, maxTime))
}
