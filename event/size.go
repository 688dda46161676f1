package event

import "github.com/ankgo/ank/internal/codec"

// Size is the number of bytes that [Event.AppendTo] appends.
func (e *Event) Size() int { return 1 + e.bodySize() }

// Size is the number of bytes that [Transaction.AppendTo] appends.
func (t *Transaction) Size() int { return 1 + t.bodySize(sizeEvents(t.Events)) }

// Size is the number of bytes that [Entry.AppendTo] appends.
func (e *Entry) Size() int {
	return 1 + len(e.Origin) + codec.SizeUvarint(e.Seq) + len(e.Prev) +
		codec.SizeBytes(len(e.Author)) + codec.SizeBytes(e.Tx.Size()-1) +
		sizeCount(e.Added) + sizeEvents(e.Added) + sizeExtensions(e.Ext)
}

// bodySize is the size with events of the given size.
func (t *Transaction) bodySize(events int) int {
	return idSize + sizeCount(t.Events) + events + sizeExtensions(t.Ext)
}

func (e *Event) bodySize() int {
	n := 2*idSize + codec.SizeBytes(len(e.Collection)) + e.Precursors.size() +
		codec.SizeUvarint(uint64(len(e.Ops))) + sizeExtensions(e.Ext)
	carrying, erased := 0, false
	for i := range e.Ops {
		op := &e.Ops[i]
		n += op.prefixSize(e.Precursors)
		switch {
		case op.Erased != nil:
			erased = true
			n += len(Digest{})
		case len(op.Value) > 0:
			carrying++
			n += codec.SizeBytes(len(op.Value))
		}
	}
	if !erased && carrying > 0 {
		carrying = 1
	}
	return n + carrying*len(Salt{})
}

func (o *Operation) prefixSize(precursors Head) int {
	n := codec.SizeBytes(len(o.Field)) + codec.SizeUvarint(uint64(o.Kind)) + 1
	if o.Path != "" {
		n += codec.SizeBytes(len(o.Path))
	}
	if o.explicitFieldHead(precursors) {
		n += o.FieldHead.size()
	}
	return n
}

func sizeCount(events []*Event) int { return codec.SizeUvarint(uint64(len(events))) }

// sizeEvents is the size of events without their number.
func sizeEvents(events []*Event) (n int) {
	for _, ev := range events {
		n += codec.SizeBytes(ev.bodySize())
	}
	return n
}

func sizeExtensions(ext []Extension) int {
	n := codec.SizeUvarint(uint64(len(ext)))
	for i := range ext {
		n += codec.SizeUvarint(ext[i].Tag) + codec.SizeBytes(len(ext[i].Value))
	}
	return n
}
