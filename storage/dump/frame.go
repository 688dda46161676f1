package dump

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

const (
	magic   = "ankdump"
	version = 1
)

// The kinds of frames, in the order in which a dump has them.
const (
	frameBegin = iota + 1
	frameHead
	framePosition
	frameEntry
	frameRecord
	frameMeta
	frameEnd
)

const (
	pieceSize = 1 << 20                    // a piece that is as large is ended
	maxPiece  = pieceSize + maxFrame       // what is longer is no piece
	maxFrame  = event.MaxEntrySize + 1<<20 // what no entry, record or value exceeds

	flagDeleted = 1
)

// Summary is what a dump holds.
type Summary struct {
	Entries uint64 // transactions, at all their addresses
	Events  uint64 // of these entries
	Records uint64 // entities, deleted ones too
	Meta    uint64 // values that the node keeps for itself
	Bytes   int64  // of the dump
	// Digest is that of the last piece. It stands for everything before it.
	Digest event.Digest
}

// Error says where a dump is not as it should be.
type Error struct {
	Piece  uint64 // from 1
	Offset int64  // of the piece in the dump, in bytes
	Err    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("the dump is damaged in piece %d, which begins at byte %d: %v", e.Piece, e.Offset, e.Err)
}

// Unwrap returns what is wrong.
func (e *Error) Unwrap() error { return e.Err }

// before is the digest that stands before the first piece.
func before() event.Digest { return sha256.Sum256(append([]byte(magic), version)) }

// chain is the digest of a piece.
func chain(last event.Digest, frames []byte) event.Digest {
	h := sha256.New()
	h.Write(last[:])
	h.Write(frames)
	return event.Digest(h.Sum(nil))
}

func appendEntry(b []byte, e *event.Entry, again []uint64) []byte {
	b = append(b, frameEntry)
	b = codec.AppendUvarint(b, uint64(e.Size()))
	b = e.AppendTo(b)
	b = codec.AppendUvarint(b, uint64(len(again)))
	for _, i := range again {
		b = codec.AppendUvarint(b, i)
	}
	return b
}

// readEntry returns an entry, and the IDs of its events that are found elsewhere.
func readEntry(r *codec.Reader) (*event.Entry, []event.ID, error) {
	// The entry is kept by the engine, and by whoever reads it: it gets bytes of its own.
	encoded := append([]byte(nil), r.Bytes(event.MaxEntrySize)...)
	wanted := make(map[uint64]bool)
	least := uint64(0)
	for range r.Count(2*event.MaxTransactionEvents, 1) {
		i := r.Uvarint()
		if i < least {
			r.Fail("events out of order")
		}
		wanted[i], least = true, i+1
	}
	if err := r.Err(); err != nil {
		return nil, nil, err
	}
	e, err := event.DecodeEntry(encoded)
	if err == nil {
		err = e.Validate()
	}
	if err != nil {
		return nil, nil, err
	}
	var again []event.ID
	for i, ev := range e.Events() {
		if wanted[uint64(i)] {
			again = append(again, ev.ID)
		}
	}
	if len(again) != len(wanted) {
		return nil, nil, errors.New("an entry has fewer events than it says are found elsewhere")
	}
	return e, again, nil
}

func appendRecord(b []byte, r *storage.Record) []byte {
	b = codec.AppendString(append(b, frameRecord), r.Collection)
	b = append(b, r.Row.ID[:]...)
	var flags byte
	if r.Row.Deleted {
		flags = flagDeleted
	}
	b = r.Row.Head.AppendTo(append(b, flags))
	b = codec.AppendBytes(b, r.Row.Values.Bytes())
	return codec.AppendBytes(b, r.Merge)
}

func readRecord(r *codec.Reader) (*storage.Record, error) {
	record := &storage.Record{Collection: r.Text(event.MaxName)}
	copy(record.Row.ID[:], r.Fixed(len(event.ID{})))
	flags := r.Byte()
	ids := make([]event.ID, r.Count(event.MaxHead, len(event.ID{})))
	for i := range ids {
		copy(ids[i][:], r.Fixed(len(event.ID{})))
	}
	values := append([]byte(nil), r.Bytes(maxFrame)...)
	merge := append([]byte(nil), r.Bytes(maxFrame)...)
	if flags&^flagDeleted != 0 {
		r.Fail("an unknown flag")
	}
	err := r.Err()
	if err != nil {
		return nil, err
	}
	record.Row.Deleted = flags&flagDeleted != 0
	record.Row.Head = event.NewHead(ids...)
	if !record.Row.Head.Equal(ids) {
		return nil, errors.New("a record whose head is not in order")
	}
	record.Stamp, record.Merge = record.Row.Head.Stamp(), merge
	record.Row.Values, err = model.TupleOf(values)
	return record, err
}
