package event_test

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
)

// The generators below draw valid values of every shape that the encoding has:
// absent and present parts, unknown kinds and extensions, erased values.

func drawBytes(t *rapid.T, label string, n int) []byte {
	return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, label)
}

func drawID(t *rapid.T, label string) (id event.ID) {
	copy(id[:], drawBytes(t, label, len(id)))
	id[0] |= 0x10 // leaves room below for precursors and above for transactions
	id[0] &= 0x7f
	return id
}

// older draws n distinct IDs between low (inclusive) and high (exclusive).
func drawHead(t *rapid.T, label string, low, high event.ID, most int) event.Head {
	var ids []event.ID
	for range rapid.IntRange(0, most).Draw(t, label) {
		id := low
		copy(id[6:], drawBytes(t, "id", 10))
		if !id.Less(low) && id.Less(high) {
			ids = append(ids, id)
		}
	}
	return event.NewHead(ids...)
}

func drawText(t *rapid.T, label string, least int) string {
	return rapid.StringOfN(rapid.RuneFrom([]rune("aZ_é界\U0001f600")), least, 12, -1).Draw(t, label)
}

func drawExtensions(t *rapid.T) []event.Extension {
	tags := rapid.SliceOfNDistinct(rapid.Uint64(), 0, 3, rapid.ID).Draw(t, "tags")
	slices.Sort(tags)
	var ext []event.Extension
	for _, tag := range tags {
		ext = append(ext, event.Extension{Tag: tag, Value: drawValue(t)})
	}
	return ext
}

// drawValue draws nil or some bytes, but never an empty slice: they are the same
// to the encoding, and nil is how they are decoded.
func drawValue(t *rapid.T) []byte {
	if v := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "value"); len(v) > 0 {
		return v
	}
	return nil
}

func drawOps(t *rapid.T, e *event.Event) {
	for range rapid.IntRange(0, 6).Draw(t, "ops") {
		op := event.Operation{
			Field: drawText(t, "field", 0),
			Kind:  event.OpKind(rapid.IntRange(1, 1<<16-1).Draw(t, "kind")),
			Path:  drawText(t, "path", 0),
			Value: drawValue(t),
		}
		if !e.IsCreation() && rapid.Bool().Draw(t, "own head") {
			op.FieldHead = drawHead(t, "field head", e.Entity, e.Precursors.Max(), 3)
			if op.FieldHead == nil {
				op.FieldHead = event.Head{}
			}
			if op.FieldHead.Equal(e.Precursors) {
				op.FieldHead = nil
			}
		}
		e.Ops = append(e.Ops, op)
	}
	if slices.ContainsFunc(e.Ops, func(op event.Operation) bool { return len(op.Value) > 0 }) {
		copy(e.Salt[:], drawBytes(t, "salt", 16))
	}
}

func drawCreation(t *rapid.T) *event.Event {
	id := drawID(t, "creation")
	e := &event.Event{ID: id, Entity: id, Collection: drawText(t, "collection", 1), Ext: drawExtensions(t)}
	drawOps(t, e)
	return e
}

// drawUpdate draws the n-th update event of transaction tx.
func drawUpdate(t *rapid.T, tx event.ID, n int) *event.Event {
	entity := tx
	entity[5]--
	copy(entity[6:], drawBytes(t, "entity", 10))
	e := &event.Event{ID: tx.Update(n), Entity: entity, Collection: drawText(t, "collection", 1), Ext: drawExtensions(t)}
	e.Precursors = drawHead(t, "precursors", entity, tx, 4)
	if len(e.Precursors) == 0 || len(e.Precursors) > 1 && e.Precursors[0] == entity {
		e.Precursors = event.Head{entity}
	}
	drawOps(t, e)
	return e
}

func drawEvent(t *rapid.T) *event.Event {
	if rapid.Bool().Draw(t, "creates") {
		return drawCreation(t)
	}
	tx := drawID(t, "transaction").Transaction()
	tx[5] |= 1
	return drawUpdate(t, tx, rapid.IntRange(1, event.MaxTransactionEvents).Draw(t, "n"))
}

// drawTransaction draws a transaction of at least one event.
func drawTransaction(t *rapid.T) *event.Transaction {
	tx := &event.Transaction{ID: drawID(t, "transaction").Transaction(), Ext: drawExtensions(t)}
	tx.ID[5] |= 1
	creations := rapid.IntRange(0, 2).Draw(t, "creations")
	for range creations {
		e := drawCreation(t)
		if e.ID.Less(tx.ID) {
			tx.Events = append(tx.Events, e)
		}
	}
	slices.SortFunc(tx.Events, func(a, b *event.Event) int { return a.ID.Compare(b.ID) })
	tx.Events = slices.CompactFunc(tx.Events, func(a, b *event.Event) bool { return a.ID == b.ID })
	updates := rapid.IntRange(0, 3).Draw(t, "updates")
	if len(tx.Events) == 0 {
		updates++
	}
	entities := make(map[event.ID]bool)
	for n := 0; n < updates; {
		e := drawUpdate(t, tx.ID, n+1)
		if !entities[e.Entity] {
			entities[e.Entity] = true
			tx.Events = append(tx.Events, e)
			n++
		}
	}
	return tx
}

func drawEntry(t *rapid.T) *event.Entry {
	e := &event.Entry{
		Seq:    rapid.Uint64Min(1).Draw(t, "seq"),
		Author: drawText(t, "author", 0),
		Tx:     drawTransaction(t),
		Ext:    drawExtensions(t),
	}
	copy(e.Origin[:], drawBytes(t, "origin", 32))
	e.Origin[0] |= 1
	if e.Seq > 1 {
		copy(e.Prev[:], drawBytes(t, "prev", 32))
		e.Prev[0] |= 1
	}
	if rapid.Bool().Draw(t, "hooks") {
		if added := drawTransaction(t); added.ID != e.Tx.ID {
			e.Added = added.Events
		}
	}
	return e
}

// drawErased erases some of e's values.
func drawErased(t *rapid.T, e *event.Event) *event.Event {
	for i := range e.Ops {
		if rapid.Bool().Draw(t, "erase") {
			e = e.Erase(i)
		}
	}
	return e
}
