package event_test

import (
	"bytes"
	"testing"

	"github.com/ankgo/ank/event"
)

// The fuzz targets share a law: what decodes encodes to the same bytes, and
// hashes alike before and after; whatever does not decode gives an error.

func FuzzDecodeEvent(f *testing.F) {
	f.Add(updateOf(0).AppendTo(nil))
	f.Add(updateOf(3).AppendTo(nil))
	f.Add(updateOf(3).Erase(1).AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := event.DecodeEvent(b)
		if err != nil {
			return
		}
		if again := e.AppendTo(nil); !bytes.Equal(b, again) || len(b) != e.Size() {
			t.Fatalf("decoded %x\nencoded %x, size %d", b, again, e.Size())
		}
		digest := e.Digest()
		if specEventDigest(e) != digest {
			t.Fatal("the digest is not that of FORMAT.md")
		}
		valid := e.Validate() == nil
		for i := range e.Ops {
			if e = e.Erase(i); e.Digest() != digest {
				t.Fatalf("erasing value %d changed the digest", i)
			}
			if got := e.Validate() == nil; valid && !got {
				t.Fatalf("erasing value %d made the event invalid: %v", i, e.Validate())
			}
		}
	})
}

func FuzzDecodeTransaction(f *testing.F) {
	tx := &event.Transaction{ID: updateOf(0).ID.Transaction(), Events: []*event.Event{updateOf(2)}}
	f.Add(tx.AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		tx, err := event.DecodeTransaction(b)
		if err != nil {
			return
		}
		if again := tx.AppendTo(nil); !bytes.Equal(b, again) || len(b) != tx.Size() {
			t.Fatalf("decoded %x\nencoded %x, size %d", b, again, tx.Size())
		}
		if tx.Digest() != specTransactionDigest(tx) {
			t.Fatal("the digest is not that of FORMAT.md")
		}
		_ = tx.Validate()
	})
}

func FuzzDecodeEntry(f *testing.F) {
	tx := &event.Transaction{ID: updateOf(0).ID.Transaction(), Events: []*event.Event{updateOf(2)}}
	e := &event.Entry{Origin: event.Origin{1}, Seq: 1, Author: "somebody", Tx: tx, Added: []*event.Event{updateOf(1)}}
	f.Add(e.AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := event.DecodeEntry(b)
		if err != nil {
			_, _ = event.DecodeEntryEvent(b, 0)
			return
		}
		if again := e.AppendTo(nil); !bytes.Equal(b, again) || len(b) != e.Size() {
			t.Fatalf("decoded %x\nencoded %x, size %d", b, again, e.Size())
		}
		if e.Hash() != specEntryHash(e) {
			t.Fatal("the hash is not that of FORMAT.md")
		}
		for i, ev := range e.Events() {
			one, err := event.DecodeEntryEvent(b, i)
			if err != nil || one.Digest() != ev.Digest() {
				t.Fatalf("event %d alone: %v", i, err)
			}
		}
		_ = e.Validate()
	})
}

// FuzzDecodeSmall covers what has no texts and no nesting.
func FuzzDecodeSmall(f *testing.F) {
	f.Add(event.NewCursor(event.Position{Origin: event.Origin{1}, Seq: 1}).AppendTo(nil))
	f.Add(event.SignedHead{Origin: event.Origin{1}, Seq: 1}.AppendTo(nil))
	f.Add(event.Certificate{}.AppendTo(nil))
	f.Add(event.Head{{1}, {2}}.AppendTo(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		same := func(err error, again []byte) {
			if err == nil && !bytes.Equal(b, again) {
				t.Fatalf("decoded %x\nencoded %x", b, again)
			}
		}
		c, err := event.DecodeCursor(b)
		same(err, c.AppendTo(nil))
		h, err := event.DecodeSignedHead(b)
		same(err, h.AppendTo(nil))
		cert, err := event.DecodeCertificate(b)
		same(err, cert.AppendTo(nil))
		head, err := event.DecodeHead(b)
		same(err, head.AppendTo(nil))
	})
}
