package event_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
)

// writer is a second implementation of FORMAT.md, written from the page and not
// from the code: as plain as can be, and with nothing of the package but its
// types.
type writer struct{ bytes.Buffer }

func (w *writer) uvarint(v uint64) {
	for ; v >= 0x80; v >>= 7 {
		w.WriteByte(byte(v) | 0x80)
	}
	w.WriteByte(byte(v))
}

func (w *writer) lengthAnd(p []byte) {
	w.uvarint(uint64(len(p)))
	w.Write(p)
}

func (w *writer) head(h event.Head) {
	w.uvarint(uint64(len(h)))
	for _, id := range h {
		w.Write(id[:])
	}
}

func (w *writer) extensions(ext []event.Extension) {
	w.uvarint(uint64(len(ext)))
	for _, x := range ext {
		w.uvarint(x.Tag)
		w.lengthAnd(x.Value)
	}
}

func hash(parts ...[]byte) event.Digest { return sha256.Sum256(bytes.Join(parts, nil)) }

func specSalt(e *event.Event, i int) []byte {
	if e.OpSalts != nil {
		return e.OpSalts[i][:]
	}
	var n writer
	n.uvarint(uint64(i / 2))
	h := hash([]byte("ank1/salt"), e.Salt[:], n.Bytes())
	return h[16*(i%2):][:16]
}

// specEvent encodes an event, as it is or as if every value were erased.
func specEvent(e *event.Event, forDigest bool) []byte {
	var w, salts writer
	w.Write(e.ID[:])
	w.lengthAnd([]byte(e.Collection))
	w.Write(e.Entity[:])
	w.head(e.Precursors)
	w.uvarint(uint64(len(e.Ops)))
	values, erased := 0, false
	for i, op := range e.Ops {
		var flags byte
		if op.Path != "" {
			flags |= 1
		}
		if op.FieldHead != nil {
			flags |= 2
		}
		var commitment event.Digest
		switch {
		case op.Erased != nil:
			flags, commitment, erased = flags|8, op.Erased.Commitment, true
		case len(op.Value) > 0 && forDigest:
			flags, commitment = flags|8, hash([]byte("ank1/value"), specSalt(e, i), op.Value)
		case len(op.Value) > 0:
			flags |= 4
			values++
			salts.Write(specSalt(e, i))
		}
		w.lengthAnd([]byte(op.Field))
		w.uvarint(uint64(op.Kind))
		w.WriteByte(flags)
		if flags&1 != 0 {
			w.lengthAnd([]byte(op.Path))
		}
		if flags&2 != 0 {
			w.head(op.FieldHead)
		}
		if flags&4 != 0 {
			w.lengthAnd(op.Value)
		}
		if flags&8 != 0 {
			w.Write(commitment[:])
		}
	}
	switch {
	case values == 0:
	case erased:
		w.Write(salts.Bytes())
	default:
		w.Write(e.Salt[:])
	}
	w.extensions(e.Ext)
	return w.Bytes()
}

func specEventDigest(e *event.Event) event.Digest {
	return hash([]byte("ank1/event"), specEvent(e, true))
}

func (w *writer) events(events []*event.Event) {
	w.uvarint(uint64(len(events)))
	for _, e := range events {
		w.lengthAnd(specEvent(e, false))
	}
}

func (w *writer) digests(events []*event.Event) {
	w.uvarint(uint64(len(events)))
	for _, e := range events {
		d := specEventDigest(e)
		w.Write(d[:])
	}
}

func specTransaction(t *event.Transaction) []byte {
	var w writer
	w.Write(t.ID[:])
	w.events(t.Events)
	w.extensions(t.Ext)
	return w.Bytes()
}

func specTransactionDigest(t *event.Transaction) event.Digest {
	var w writer
	w.WriteString("ank1/transaction")
	w.Write(t.ID[:])
	w.digests(t.Events)
	w.extensions(t.Ext)
	return hash(w.Bytes())
}

func specEntry(e *event.Entry) []byte {
	var w writer
	w.Write(e.Origin[:])
	w.uvarint(e.Seq)
	w.Write(e.Prev[:])
	w.lengthAnd([]byte(e.Author))
	w.lengthAnd(specTransaction(e.Tx))
	w.events(e.Added)
	w.extensions(e.Ext)
	return w.Bytes()
}

func specEntryHash(e *event.Entry) event.Digest {
	var w writer
	w.WriteString("ank1/entry")
	w.Write(e.Origin[:])
	w.Write(binary.BigEndian.AppendUint64(nil, e.Seq))
	w.Write(e.Prev[:])
	w.lengthAnd([]byte(e.Author))
	d := specTransactionDigest(e.Tx)
	w.Write(d[:])
	w.digests(e.Added)
	w.extensions(e.Ext)
	return hash(w.Bytes())
}

// TestFormatPage holds the code against the second implementation.
func TestFormatPage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEntry(t)
		for _, events := range [][]*event.Event{e.Tx.Events, e.Added} {
			for i, ev := range events {
				events[i] = drawErased(t, ev)
			}
		}
		version := []byte{1}
		first := e.Tx.Events[0]
		require.Equal(t, append(version, specEvent(first, false)...), first.AppendTo(nil))
		require.Equal(t, specEventDigest(first), first.Digest())
		require.Equal(t, append(version, specTransaction(e.Tx)...), e.Tx.AppendTo(nil))
		require.Equal(t, specTransactionDigest(e.Tx), e.Tx.Digest())
		require.Equal(t, append(version, specEntry(e)...), e.AppendTo(nil))
		require.Equal(t, specEntryHash(e), e.Hash())
	})
}

// TestManyEventsAreHashedAlike covers transactions whose events several
// goroutines hash.
func TestManyEventsAreHashedAlike(t *testing.T) {
	for _, n := range []int{127, 128, 129, 1000} {
		tx := &event.Transaction{ID: event.ID{1}}
		for i := range n {
			id := event.ID(binary.BigEndian.AppendUint64(make([]byte, 8), uint64(i)+1))
			tx.Events = append(tx.Events, &event.Event{
				ID: id, Entity: id, Collection: "albums", Salt: event.Salt{byte(i)},
				Ops: []event.Operation{{Field: "year", Kind: event.OpSet, Value: []byte{2, byte(i)}}},
			})
		}
		require.NoError(t, tx.Validate())
		require.Equal(t, specTransactionDigest(tx), tx.Digest(), "%d events", n)
	}
}
