package event

import (
	"github.com/ankgo/ank/internal/codec"
)

// formatVersion is the first byte of every encoding that stands alone.
const formatVersion = 1

// The flags of an encoded operation.
const (
	flagPath      = 1 << iota // a path follows
	flagFieldHead             // a field head follows
	flagValue                 // a value follows
	flagErased                // the commitment of an erased value follows
	flagsKnown    = 1<<iota - 1
)

// AppendTo appends the event's encoding, as FORMAT.md describes it, to b. It
// needs no more than that the limits hold; [Event.Validate] tells.
func (e *Event) AppendTo(b []byte) []byte {
	return e.appendBody(append(b, formatVersion))
}

// AppendTo appends the transaction's encoding to b.
func (t *Transaction) AppendTo(b []byte) []byte {
	return t.appendBody(append(b, formatVersion))
}

// AppendTo appends the entry's encoding to b.
func (e *Entry) AppendTo(b []byte) []byte {
	b = append(b, formatVersion)
	b = append(b, e.Origin[:]...)
	b = codec.AppendUvarint(b, e.Seq)
	b = append(b, e.Prev[:]...)
	b = codec.AppendString(b, e.Author)
	start := len(b)
	b = codec.PutLength(e.Tx.appendBody(b), start)
	b = appendEvents(b, e.Added)
	return appendExtensions(b, e.Ext)
}

func (t *Transaction) appendBody(b []byte) []byte {
	b = append(b, t.ID[:]...)
	b = appendEvents(b, t.Events)
	return appendExtensions(b, t.Ext)
}

func appendEvents(b []byte, events []*Event) []byte {
	b = codec.AppendUvarint(b, uint64(len(events)))
	for _, ev := range events {
		start := len(b)
		b = codec.PutLength(ev.appendBody(b), start)
	}
	return b
}

func (e *Event) appendBody(b []byte) []byte {
	b = e.appendPreamble(b)
	carrying, erased := 0, false
	for i := range e.Ops {
		op := &e.Ops[i]
		if !op.carries() {
			erased = erased || op.Erased != nil
			b = op.appendWithout(b, e.Precursors)
			continue
		}
		carrying++
		b = op.appendPrefix(b, flagValue, e.Precursors)
		b = codec.AppendBytes(b, op.Value)
	}
	b = e.appendSalts(b, carrying, erased)
	return appendExtensions(b, e.Ext)
}

// appendErased appends the body as it would be with all values erased: what an
// event's digest covers.
func (e *Event) appendErased(b []byte) []byte {
	b = e.appendPreamble(b)
	explicit := len(e.OpSalts) == len(e.Ops)
	var salts [2]Salt
	derived := -1 // the pair that salts holds
	for i := range e.Ops {
		op := &e.Ops[i]
		if !op.carries() {
			b = op.appendWithout(b, e.Precursors)
			continue
		}
		if n := i / 2; !explicit && n != derived {
			salts, derived = e.saltPair(n), n
		}
		salt := salts[i%2]
		if explicit {
			salt = e.OpSalts[i]
		}
		c := commit(salt, op.Value)
		b = op.appendPrefix(b, flagErased, e.Precursors)
		b = append(b, c[:]...)
	}
	return appendExtensions(b, e.Ext)
}

// appendPreamble appends everything up to the operations.
func (e *Event) appendPreamble(b []byte) []byte {
	b = append(b, e.ID[:]...)
	b = codec.AppendString(b, e.Collection)
	b = append(b, e.Entity[:]...)
	b = e.Precursors.AppendTo(b)
	return codec.AppendUvarint(b, uint64(len(e.Ops)))
}

// appendWithout appends an operation that has no value, or lost it.
func (o *Operation) appendWithout(b []byte, precursors Head) []byte {
	if o.Erased == nil {
		return o.appendPrefix(b, 0, precursors)
	}
	b = o.appendPrefix(b, flagErased, precursors)
	return append(b, o.Erased.Commitment[:]...)
}

// appendPrefix appends everything of an operation but its value.
func (o *Operation) appendPrefix(b []byte, flags byte, precursors Head) []byte {
	b = codec.AppendString(b, o.Field)
	b = codec.AppendUvarint(b, uint64(o.Kind))
	if o.Path != "" {
		flags |= flagPath
	}
	if o.explicitFieldHead(precursors) {
		flags |= flagFieldHead
	}
	b = append(b, flags)
	if flags&flagPath != 0 {
		b = codec.AppendString(b, o.Path)
	}
	if flags&flagFieldHead != 0 {
		b = o.FieldHead.AppendTo(b)
	}
	return b
}

// appendSalts appends the event's salt, or one salt per remaining value once a
// value was erased, or nothing when there are no values.
func (e *Event) appendSalts(b []byte, carrying int, erased bool) []byte {
	if carrying == 0 {
		return b
	}
	if !erased {
		return append(b, e.Salt[:]...)
	}
	for i := range e.Ops {
		if e.Ops[i].carries() {
			salt := e.opSalt(i)
			b = append(b, salt[:]...)
		}
	}
	return b
}

func appendExtensions(b []byte, ext []Extension) []byte {
	b = codec.AppendUvarint(b, uint64(len(ext)))
	for i := range ext {
		b = codec.AppendUvarint(b, ext[i].Tag)
		b = codec.AppendBytes(b, ext[i].Value)
	}
	return b
}
