package postgres

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// A stored row is flags, head, length of the values, values; then a checksum, which
// every piece of bytes has that is truth and not projection.

// flagDeleted is the only flag of a stored row; the other bits are zero.
const flagDeleted = 1

const sumSize = 4

var errSum = errors.New("its checksum is wrong: it was changed by somebody else")

func table() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// seal appends the checksum of b, as it belongs to what the names say.
func seal(b []byte, names ...string) []byte {
	return binary.BigEndian.AppendUint32(b, sum(b, names))
}

// unseal returns b without its checksum, or an error if it is not that of b.
func unseal(b []byte, names ...string) ([]byte, error) {
	n := len(b) - sumSize
	if n < 0 || sum(b[:n], names) != binary.BigEndian.Uint32(b[n:]) {
		return nil, errSum
	}
	return b[:n:n], nil
}

func sum(b []byte, names []string) uint32 {
	t := table()
	s := crc32.Checksum(b, t)
	for _, name := range names {
		s = crc32.Update(crc32.Update(s, t, []byte{0}), t, []byte(name))
	}
	return s
}

// appendRow appends the stored form of a record's row.
func appendRow(b []byte, r *storage.Record) []byte {
	flags := byte(0)
	if r.Row.Deleted {
		flags |= flagDeleted
	}
	b = append(b, flags)
	b = r.Row.Head.AppendTo(b)
	b = codec.AppendBytes(b, r.Row.Values.Bytes())
	return seal(b, r.Collection, string(r.Row.ID[:]), "row")
}

// appendMerge appends the stored form of a record's merge data, nothing if it has
// none.
func appendMerge(b []byte, r *storage.Record) []byte {
	if len(r.Merge) == 0 {
		return nil
	}
	return seal(append(b, r.Merge...), r.Collection, string(r.Row.ID[:]), "merge")
}

// decodeRecord makes a record of its stored row. The record aliases b.
func decodeRecord(collection string, id event.ID, b []byte) (*storage.Record, error) {
	r := &storage.Record{Collection: collection}
	if err := decodeRow(&r.Row, collection, id, b); err != nil {
		return nil, corruptRecord(collection, id.String(), err)
	}
	r.Stamp = r.Row.Head.Stamp()
	return r, nil
}

func decodeRow(row *model.Row, collection string, id event.ID, stored []byte) error {
	b, err := unseal(stored, collection, string(id[:]), "row")
	if err != nil {
		return err
	}
	var r codec.Reader
	r.Reset(b)
	flags := r.Byte()
	n := r.Count(event.MaxHead, len(id))
	r.Fixed(n * len(id))
	headEnd := r.Offset()
	values := r.Bytes(len(b))
	if flags&^flagDeleted != 0 {
		r.Fail("an unknown flag")
	}
	if err := r.Done(); err != nil {
		return err
	}
	row.ID, row.Deleted = id, flags&flagDeleted != 0
	if row.Head, err = event.DecodeHead(b[1:headEnd]); err != nil {
		return err
	}
	row.Values = model.TrustedTuple(values)
	return nil
}

// addMerge gives a record the merge data that is stored beside it.
func addMerge(r *storage.Record, stored []byte) error {
	if len(stored) == 0 {
		return nil
	}
	merge, err := unseal(stored, r.Collection, string(r.Row.ID[:]), "merge")
	if err != nil {
		return &storage.CorruptError{What: "merge data of " + r.Collection + " " + r.Row.ID.String(), Err: err}
	}
	r.Merge = merge
	return nil
}

func corruptRecord(collection, id string, err error) error {
	return &storage.CorruptError{What: "record of " + collection + " " + id, Err: err}
}

// parseID reads an ID out of a column.
func parseID(text, what string) (event.ID, error) {
	id, err := event.ParseID(text)
	if err != nil {
		return id, &storage.CorruptError{What: what + " " + text, Err: err}
	}
	return id, nil
}
