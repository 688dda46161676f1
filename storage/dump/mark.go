package dump

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/internal/codec"
	"github.com/ankgo/ank/storage"
)

// mark is what a store remembers of a Load that goes on: how many pieces are stored, and
// the digest of the last. It moves with them, in one batch.
type mark struct {
	pieces uint64
	digest event.Digest
}

func (m mark) append(b []byte) []byte {
	return append(codec.AppendUvarint(b, m.pieces), m.digest[:]...)
}

// readMark returns the mark of a store, zero if it is empty.
func readMark(ctx context.Context, s storage.Snapshot) (m mark, err error) {
	b, err := s.Meta(ctx, storage.MetaLoading)
	if err == nil {
		r := codec.NewReader(b)
		m.pieces = r.Uvarint()
		copy(m.digest[:], r.Fixed(len(m.digest)))
		return m, r.Done()
	}
	if !errors.Is(err, storage.ErrNotFound) {
		return m, err
	}
	if !s.Cursor().IsZero() {
		return m, ErrNotEmpty
	}
	for _, err := range s.MetaScan(ctx, "") {
		if err != nil {
			return m, err
		}
		return m, ErrNotEmpty
	}
	return m, nil
}

// readUvarint reads a shortest varint and returns how many bytes it took.
func readUvarint(r io.ByteReader) (v uint64, n int, err error) {
	var b []byte
	for len(b) == 0 || b[len(b)-1] >= 0x80 && len(b) < codec.MaxVarint {
		next, err := r.ReadByte()
		if err != nil {
			return 0, len(b), err
		}
		b = append(b, next)
	}
	c := codec.NewReader(b)
	v = c.Uvarint()
	return v, len(b), c.Done()
}

// readBytes reads n bytes, without believing n before they are there.
func readBytes(r io.Reader, n int) ([]byte, error) {
	var b bytes.Buffer
	if _, err := io.CopyN(&b, r, int64(n)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
