package kv

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"sync/atomic"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// snapshot is a reference to a view.
type snapshot struct {
	engine *Engine
	view   *view
	closed atomic.Bool
}

var (
	_ storage.Snapshot = (*snapshot)(nil)
	_ storage.Counter  = (*snapshot)(nil)
	_ storage.Lister   = (*snapshot)(nil)
	_ storage.Verifier = (*snapshot)(nil)
	_ storage.Locator  = (*snapshot)(nil)
)

func (s *snapshot) Close() {
	if !s.closed.Swap(true) {
		s.engine.views.release(s.view)
	}
}

func (s *snapshot) Cursor() event.Cursor { return s.view.cursor }

// check refuses reads that are pointless or too late.
func (s *snapshot) check(ctx context.Context) error {
	if s.closed.Load() {
		return storage.ErrClosed
	}
	return ctx.Err()
}

// reader returns the driver's view for one read.
func (s *snapshot) reader(ctx context.Context) (Reader, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	return s.engine.views.reader(s.view)
}

// hold returns the driver's view for a sequence of reads. It stays open, even if
// the snapshot is closed against the rules, until the sequence calls drop.
func (s *snapshot) hold(ctx context.Context) (r Reader, drop func(), err error) {
	if err := s.check(ctx); err != nil {
		return nil, nil, err
	}
	views := s.engine.views
	if !views.retain(s.view) {
		return nil, nil, storage.ErrClosed
	}
	drop = func() { views.release(s.view) }
	if r, err = views.reader(s.view); err != nil {
		drop()
		return nil, nil, err
	}
	return r, drop, nil
}

func (s *snapshot) State(ctx context.Context, collection string, id event.ID) (*storage.Record, error) {
	if err := s.check(ctx); err != nil {
		return nil, err
	}
	col, ok := s.view.catalog.collections[collection]
	if !ok {
		return nil, storage.ErrNotFound
	}
	if r := s.engine.cache.get(col.number, id, s.view.version); r != nil {
		return r, nil
	}
	r, err := s.reader(ctx)
	if err != nil {
		return nil, err
	}
	return s.load(r, col, id)
}

// load reads a record from the driver and makes it resident.
func (s *snapshot) load(r Reader, col *collection, id event.ID) (*storage.Record, error) {
	var room [32]byte
	b, ok, err := r.Get(appendStateKey(room[:0], col.number, id), nil)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, storage.ErrNotFound
	}
	record, err := newRecord(col.name, id, b)
	if err == nil {
		s.engine.cache.add(col.number, record, s.view.version)
	}
	return record, err
}

func (s *snapshot) SignedHead(ctx context.Context, origin event.Origin) (event.SignedHead, error) {
	r, err := s.reader(ctx)
	if err != nil {
		return event.SignedHead{}, err
	}
	number, ok := s.view.catalog.numbers[origin]
	if !ok {
		return event.SignedHead{}, storage.ErrNotFound
	}
	key := appendMetaNumber(nil, metaSignedHead, number)
	b, ok, err := r.Get(key, nil)
	if err != nil {
		return event.SignedHead{}, err
	}
	if !ok {
		return event.SignedHead{}, storage.ErrNotFound
	}
	head, err := event.DecodeSignedHead(b)
	if err != nil {
		return head, &storage.CorruptError{What: "signed head of log " + origin.Short(), Key: key, Err: err}
	}
	return head, nil
}

func (s *snapshot) Meta(ctx context.Context, key string) ([]byte, error) {
	r, err := s.reader(ctx)
	if err != nil {
		return nil, err
	}
	b, ok, err := r.Get(appendMetaKey(nil, metaUser, key), nil)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, storage.ErrNotFound
	}
	return owned(b), nil
}

func (s *snapshot) MetaScan(ctx context.Context, prefix string) iter.Seq2[storage.MetaValue, error] {
	return func(yield func(storage.MetaValue, error) bool) {
		r, drop, err := s.hold(ctx)
		if err != nil {
			yield(storage.MetaValue{}, err)
			return
		}
		defer drop()
		start := appendMetaKey(nil, metaUser, prefix)
		it := scanPrefix(r, start, false)
		for it.Next() {
			v := storage.MetaValue{Key: string(it.Key()[2:]), Value: owned(it.Value())}
			if !yield(v, nil) {
				it.Close()
				return
			}
		}
		if err := it.Close(); err != nil {
			yield(storage.MetaValue{}, err)
		}
	}
}

// Collections implements [storage.Lister].
func (s *snapshot) Collections(ctx context.Context) ([]string, error) {
	r, drop, err := s.hold(ctx)
	if err != nil {
		return nil, err
	}
	defer drop()
	var names []string
	for name, col := range s.view.catalog.collections {
		it := scanPrefix(r, appendStatesPrefix(nil, col.number), false)
		if it.Next() {
			names = append(names, name)
		}
		if err := it.Close(); err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	return names, nil
}

// Records implements [storage.Lister].
func (s *snapshot) Records(ctx context.Context, collection string) iter.Seq2[*storage.Record, error] {
	return func(yield func(*storage.Record, error) bool) {
		r, drop, err := s.hold(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		defer drop()
		col, ok := s.view.catalog.collections[collection]
		if !ok {
			return
		}
		it := scanPrefix(r, appendStatesPrefix(nil, col.number), false)
		for it.Next() {
			record, err := newRecord(col.name, lastID(it.Key()), bytes.Clone(it.Value()))
			if !yield(record, err) || err != nil {
				it.Close()
				return
			}
		}
		if err := it.Close(); err != nil {
			yield(nil, err)
		}
	}
}

// owned returns a copy that is not nil, for an empty value is one.
func owned(b []byte) []byte { return append(make([]byte, 0, len(b)), slices.Clip(b)...) }
