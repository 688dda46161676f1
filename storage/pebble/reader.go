package pebble

import (
	"errors"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ankgo/ank/storage/kv"
)

// reader is a Pebble snapshot.
type reader struct{ snapshot *pebble.Snapshot }

var _ kv.Reader = (*reader)(nil)

// Get implements kv.Reader.
func (r *reader) Get(key, buf []byte) ([]byte, bool, error) {
	value, closer, err := r.snapshot.Get(key)
	return copied(value, closer, err, buf)
}

// copied takes the answer of a Get out of Pebble's memory into buf.
func copied(value []byte, closer io.Closer, err error, buf []byte) ([]byte, bool, error) {
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("pebble: %w", classify(err))
	}
	buf = append(buf[:0], value...)
	if err := closer.Close(); err != nil {
		return nil, false, fmt.Errorf("pebble: %w", classify(err))
	}
	return buf, true, nil
}

// Scan returns an iterator; an error in making it shows at its Close.
func (r *reader) Scan(lo, hi []byte, reverse bool) kv.Iterator {
	options := &pebble.IterOptions{LowerBound: lo}
	if len(hi) > 0 {
		options.UpperBound = hi
	}
	it, err := r.snapshot.NewIter(options)
	return &iterator{it: it, err: err, reverse: reverse}
}

// Close releases the snapshot.
func (r *reader) Close() error { return r.snapshot.Close() }

// iterator walks one range; Pebble's own stands on a key, ours before it.
type iterator struct {
	it      *pebble.Iterator
	err     error // of opening
	started bool
	reverse bool
}

func (i *iterator) Next() bool {
	if i.err != nil {
		return false
	}
	if i.started {
		if i.reverse {
			return i.it.Prev()
		}
		return i.it.Next()
	}
	i.started = true
	if i.reverse {
		return i.it.Last()
	}
	return i.it.First()
}

func (i *iterator) Seek(key []byte) bool {
	i.started = true
	return i.err == nil && i.it.SeekGE(key)
}

func (i *iterator) Key() []byte { return i.it.Key() }

func (i *iterator) Value() []byte { return i.it.Value() }

func (i *iterator) Close() error {
	if i.it == nil {
		return i.err
	}
	// Close returns the error that ended the iteration as well as its own.
	if err := i.it.Close(); err != nil {
		return fmt.Errorf("pebble: %w", classify(err))
	}
	return nil
}
