package kv

import (
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
	r := &storage.Record{Collection: collection}
	merge, err := decodeRow(&r.Row, id, b)
	if err != nil {
		return nil, corruptRecord(collection, id, err)
	}
	r.Stamp = r.Row.Head.Stamp()
	if len(merge) > 0 {
		r.Merge = merge
	}
	return r, nil
}

func corruptRecord(collection string, id event.ID, err error) error {
	return &storage.CorruptError{What: "record of " + collection + " " + id.String(), Err: err}
}
