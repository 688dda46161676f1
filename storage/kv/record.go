package kv

import (
	"bytes"
	"unsafe"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// flagDeleted is the only flag of a stored row; the other bits are zero.
const flagDeleted = 1

// appendRow appends the encoding of a row: flags, head, length of the values,
// values. A record is a row and, up to the end, its merge data.
func appendRow(b []byte, r *model.Row) []byte {
	flags := byte(0)
	if r.Deleted {
		flags |= flagDeleted
	}
	b = append(b, flags)
	b = r.Head.AppendTo(b)
	return codec.AppendBytes(b, r.Values.Bytes())
}

// decodeRow reads a row into dst and returns what follows it. Head and values
// alias b. The values are trusted to be what was written: reading them cannot
// panic, and drivers keep checksums.
func decodeRow(dst *model.Row, id event.ID, b []byte) (rest []byte, err error) {
	const valuesAt = 1 + 1 + idSize + 1 // behind a head of one event, and a short length
	if len(b) >= valuesAt && b[0] <= flagDeleted && b[1] == 1 {
		// Nearly every row.
		if n := valuesAt + int(b[valuesAt-1]); n < valuesAt+0x80 && n <= len(b) {
			dst.ID, dst.Deleted = id, b[0] == flagDeleted
			dst.Head = unsafe.Slice((*event.ID)(b[2:]), 1)
			dst.Values = model.TrustedTuple(b[valuesAt:n:n])
			return b[n:], nil
		}
	}
	return decodeLongRow(dst, id, b)
}

func decodeLongRow(dst *model.Row, id event.ID, b []byte) (rest []byte, err error) {
	var r codec.Reader
	r.Reset(b)
	flags := r.Byte()
	n := r.Count(event.MaxHead, idSize)
	r.Fixed(n * idSize)
	headEnd := r.Offset()
	values := r.Bytes(len(b))
	rest = r.Rest()
	if flags&^flagDeleted != 0 {
		r.Fail("an unknown flag")
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	dst.ID, dst.Deleted = id, flags&flagDeleted != 0
	if dst.Head, err = event.DecodeHead(b[1:headEnd]); err != nil {
		return nil, err
	}
	dst.Values = model.TrustedTuple(values)
	return rest, nil
}

// newRecord decodes a record whose bytes nobody will change any more.
func newRecord(collection string, id event.ID, b []byte) (*storage.Record, error) {
	r := new(storage.Record)
	return r, decodeRecord(r, collection, id, b)
}

func decodeRecord(r *storage.Record, collection string, id event.ID, b []byte) error {
	merge, err := decodeRow(&r.Row, id, b)
	if err != nil {
		return corruptRecord(collection, id, err)
	}
	r.Collection, r.Stamp = collection, r.Row.Head.Stamp()
	if len(merge) > 0 {
		r.Merge = merge
	}
	return nil
}

// A recordHeap makes records of bytes that it copies. Several lie in one piece of
// memory, which costs less than a piece for each and stays as long as any of them.
type recordHeap struct {
	stable  bool // bytes need not be copied
	records []storage.Record
	bytes   []byte
	made    int
}

// Memory is for so many records, once that many were made, and so many bytes.
const (
	heapRecords = 16
	heapBytes   = 4 << 10
)

func (h *recordHeap) record(collection string, id event.ID, b []byte) (*storage.Record, error) {
	if len(h.records) == 0 {
		h.records = make([]storage.Record, min(h.made+1, heapRecords))
	}
	r := &h.records[0]
	h.records = h.records[1:]
	h.made++
	return r, decodeRecord(r, collection, id, h.copy(b))
}

func (h *recordHeap) copy(b []byte) []byte {
	switch {
	case h.stable:
		return b
	case h.made == 1 || len(b) > heapBytes/4:
		return bytes.Clone(b)
	case len(b) > cap(h.bytes)-len(h.bytes):
		h.bytes = make([]byte, 0, heapBytes)
	}
	start := len(h.bytes)
	h.bytes = append(h.bytes, b...)
	return h.bytes[start:len(h.bytes):len(h.bytes)]
}

func corruptRecord(collection string, id event.ID, err error) error {
	return &storage.CorruptError{What: "record of " + collection + " " + id.String(), Err: err}
}
