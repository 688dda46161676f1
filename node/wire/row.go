package wire

import (
	"bytes"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/model"
)

// The flags of a row.
const (
	rowDeleted = 1 << iota
	rowCreated // the head is the row's ID, and not written: only its creation wrote to it
	rowAlike   // the names of its values are those of the row before that has any, and not written
	rowKnown   = 1<<iota - 1
)

// rowWriter encodes the rows of a message. Those of one collection mostly have the same
// names, and many are as they were created.
type rowWriter struct{ names []byte }

func (w *rowWriter) append(b []byte, r *Row) []byte {
	var flags byte
	if r.Row.Deleted {
		flags |= rowDeleted
	}
	if isCreation(r.Row.ID, r.Row.Head) {
		flags |= rowCreated
	}
	values, names := r.Row.Values.Bytes(), r.Row.Values.Names()
	if len(names) > 0 && bytes.Equal(names, w.names) {
		flags |= rowAlike
		values = values[len(names):]
	}
	if len(names) > 0 {
		w.names = names
	}
	b = append(append(b, r.Row.ID[:]...), flags)
	if flags&rowCreated == 0 {
		b = codec.AppendUvarint(b, uint64(len(r.Row.Head)))
		for _, id := range r.Row.Head {
			b = append(b, id[:]...)
		}
	}
	b = codec.AppendBytes(b, values)
	b = codec.AppendBytes(b, r.Merge)
	var joined []model.Value
	if r.Row.Joined != nil {
		joined = *r.Row.Joined
	}
	b = codec.AppendUvarint(b, uint64(len(joined)))
	for _, v := range joined {
		b = codec.AppendBytes(b, v.AppendTo(nil))
	}
	return b
}

func isCreation(id event.ID, h event.Head) bool { return len(h) == 1 && h[0] == id }

// rowReader decodes the rows of a message. It does not hold the reader of it, which would
// have to be on the heap then.
type rowReader struct {
	names    []byte
	repeated int // bytes of names that were not written
}

func (d *rowReader) read(r *codec.Reader, row *Row) {
	row.Row.ID = fixed[event.ID](r)
	flags := r.Byte()
	if flags > rowKnown {
		r.Fail("row with unknown flags")
	}
	row.Row.Deleted = flags&rowDeleted != 0
	if flags&rowCreated != 0 {
		row.Row.Head = event.Head{row.Row.ID}
	} else if row.Row.Head = decodeHead(r); isCreation(row.Row.ID, row.Row.Head) {
		r.Fail("row with a head that goes without saying")
	}
	row.Row.Values, row.Merge = d.content(r, flags&rowAlike != 0)
	if n := r.Count(MaxJoined, 1); n > 0 {
		joined := make([]model.Value, n)
		for i := range joined {
			var err error
			if joined[i], err = model.DecodeValue(r.Bytes(MaxMessage)); err != nil {
				r.Fail("row: " + err.Error())
			}
		}
		row.Row.Joined = &joined
	}
}

// content reads the values of a row, with the names of the row before if they are alike,
// and its merge data, into memory of their own. What rows have together is bounded like a
// message that says everything.
func (d *rowReader) content(r *codec.Reader, alike bool) (values model.Tuple, merge []byte) {
	names, b, m := []byte(nil), r.Bytes(MaxMessage), r.Bytes(MaxMessage)
	if alike {
		names = d.names
		if d.repeated += len(names); len(names) == 0 || len(b) == 0 || d.repeated > MaxMessage {
			r.Fail("row with no names before it, no values, or too many names")
		}
	}
	if r.Err() != nil {
		return values, nil
	}
	own := slices.Concat(names, b, m)
	n := len(names) + len(b)
	if len(m) > 0 {
		merge = own[n:len(own):len(own)]
	}
	values, err := model.TupleOf(own[:n:n])
	if err != nil {
		r.Fail("row: " + err.Error())
		return model.Tuple{}, nil
	}
	switch names = values.Names(); {
	case len(names) == 0:
	case !alike && bytes.Equal(names, d.names):
		r.Fail("row with names that go without saying")
	default:
		d.names = names
	}
	return values, merge
}
