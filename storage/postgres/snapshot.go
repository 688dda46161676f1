package postgres

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// snapshot is one owner of a reader.
type snapshot struct {
	reader *reader
	closed atomic.Bool
}

var (
	_ storage.Snapshot = (*snapshot)(nil)
	_ storage.Counter  = (*snapshot)(nil)
	_ storage.Tracer   = (*snapshot)(nil)
	_ storage.Lister   = (*snapshot)(nil)
	_ storage.Verifier = (*snapshot)(nil)
)

// Close gives the reader up.
func (s *snapshot) Close() {
	if s.closed.CompareAndSwap(false, true) {
		s.reader.release()
	}
}

// Cursor is where all logs ended.
func (s *snapshot) Cursor() event.Cursor { return s.reader.cursor }

// usable returns why nothing can be read, nil if something can.
func (s *snapshot) usable(ctx context.Context) error {
	if s.closed.Load() {
		return storage.ErrClosed
	}
	return ctx.Err()
}

// State returns the record of an entity.
func (s *snapshot) State(ctx context.Context, collection string, id event.ID) (*storage.Record, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	col := s.reader.catalog.collections[collection]
	if col == nil {
		return nil, storage.ErrNotFound
	}
	var row, merge []byte
	err := s.reader.row(ctx, `SELECT _row, _merge FROM `+quote(col.table)+` WHERE id = $1`, []any{id.String()}, &row, &merge)
	if err != nil {
		return nil, err
	}
	return wholeRecord(collection, id, row, merge)
}

// wholeRecord decodes both parts of a record.
func wholeRecord(collection string, id event.ID, row, merge []byte) (*storage.Record, error) {
	r, err := decodeRecord(collection, id, row)
	if err == nil {
		err = addMerge(r, merge)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// States returns the newest records of entities, in one round trip for each collection, on
// a connection that is for such questions. It implements [storage.StateReader].
func (e *Engine) States(ctx context.Context, keys []storage.Key) ([]*storage.Record, error) {
	if err := e.usable(ctx); err != nil {
		return nil, err
	}
	known := e.known()
	ids := make(map[string][]string)
	for _, key := range keys {
		if known.collections[key.Collection] == nil {
			return storage.SnapshotStates(ctx, e, keys) // another process may have made it
		}
		ids[key.Collection] = append(ids[key.Collection], key.ID.String())
	}
	if len(keys) == 0 {
		return nil, nil
	}
	var found map[storage.Key]*storage.Record
	err := e.patiently(ctx, func() (err error) {
		found, err = e.records(ctx, known, ids)
		return err
	})
	if err != nil {
		if closed := e.usable(ctx); closed != nil {
			return nil, closed
		}
		return nil, fmt.Errorf("states: %w", err)
	}
	records := make([]*storage.Record, len(keys))
	for i, key := range keys {
		records[i] = found[key]
	}
	return records, nil
}

// records reads records of collections that have tables.
func (e *Engine) records(ctx context.Context, known *catalog, ids map[string][]string) (map[storage.Key]*storage.Record, error) {
	found := make(map[storage.Key]*storage.Record)
	for name, list := range ids {
		rows, err := e.points.Query(ctx, `SELECT id, _row, _merge FROM `+quote(known.collections[name].table)+` WHERE id = ANY($1)`, list)
		err = eachRow(rows, err, func(row pgx.Rows) error {
			r, err := scanWhole(name, row)
			if err == nil {
				found[storage.Key{Collection: name, ID: r.Row.ID}] = r
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// SignedHead returns the newest signed head of a log.
func (s *snapshot) SignedHead(ctx context.Context, origin event.Origin) (event.SignedHead, error) {
	if err := s.usable(ctx); err != nil {
		return event.SignedHead{}, err
	}
	var b []byte
	err := s.reader.row(ctx, `SELECT head FROM _origins WHERE origin = $1 AND head IS NOT NULL`, []any{origin[:]}, &b)
	if err != nil {
		return event.SignedHead{}, err
	}
	h, err := event.DecodeSignedHead(b)
	if err != nil {
		return h, &storage.CorruptError{What: "signed head of log " + origin.Short(), Err: err}
	}
	return h, nil
}

// Meta returns the value of a key.
func (s *snapshot) Meta(ctx context.Context, key string) ([]byte, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	var b []byte
	if err := s.reader.row(ctx, `SELECT value FROM _meta WHERE key = $1`, []any{[]byte(key)}, &b); err != nil {
		return nil, err
	}
	return metaValue(key, b)
}

func metaValue(key string, stored []byte) ([]byte, error) {
	value, err := unseal(stored, "meta", key)
	if err != nil {
		return nil, &storage.CorruptError{What: fmt.Sprintf("meta value %q", key), Err: err}
	}
	return value, nil
}

// MetaScan yields the keys that begin with prefix.
func (s *snapshot) MetaScan(ctx context.Context, prefix string) iter.Seq2[storage.MetaValue, error] {
	sql, args := `SELECT key, value FROM _meta WHERE key >= $1`, []any{[]byte(prefix)}
	if end := after(prefix); end != nil {
		sql, args = sql+` AND key < $2`, append(args, end)
	}
	return guarded(ctx, s, rows(ctx, s.reader, ofMeta, sql+` ORDER BY key`, args, scanMeta))
}

// scanMeta reads key and value.
func scanMeta(r pgx.Rows) (m storage.MetaValue, err error) {
	var key, value []byte
	if err = r.Scan(&key, &value); err != nil {
		return m, err
	}
	m.Key = string(key)
	m.Value, err = metaValue(m.Key, value)
	return m, err
}

// after returns the least bytes that are greater than all that begin with prefix, nil
// if there are none.
func after(prefix string) []byte {
	b := []byte(prefix)
	for len(b) > 0 {
		if b[len(b)-1]++; b[len(b)-1] != 0 {
			return b
		}
		b = b[:len(b)-1]
	}
	return nil
}

// guarded is a sequence that begins with looking whether the snapshot can be used.
func guarded[T any](ctx context.Context, s *snapshot, items iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if err := s.usable(ctx); err != nil {
			yield(*new(T), err)
			return
		}
		items(yield)
	}
}

// failed is a sequence of nothing but an error.
func failed[T any](err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { yield(*new(T), err) }
}
