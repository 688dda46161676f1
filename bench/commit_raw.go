package main

import (
	"context"
	"encoding/binary"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// rawWriter writes what has to be written and nothing else: the state, and with
// history an event too. It keeps the entities in memory, so that an update need
// not read.
type rawWriter struct {
	db      *pebble.DB
	history bool
	mode    *pebble.WriteOptions

	mu    []sync.Mutex // of an entity, by its low bits
	items []item
}

func openRawWriter(history bool) func(ctx context.Context, r *run, dir string, durable bool) (writer, error) {
	return func(ctx context.Context, r *run, dir string, durable bool) (writer, error) {
		db, err := r.openRaw(ctx, dir)
		if err != nil {
			return nil, err
		}
		w := &rawWriter{db: db, history: history, mode: pebble.NoSync, mu: make([]sync.Mutex, 256), items: make([]item, r.entities)}
		if durable {
			w.mode = pebble.Sync
		}
		return w, nil
	}
}

func (w *rawWriter) create(_ context.Context, i int, e *item) error {
	w.items[i] = *e
	value := appendEntity(make([]byte, 0, 128), e.key, &e.Item)
	return w.commit(e.key, value, value)
}

func (w *rawWriter) update(_ context.Context, i, score int) error {
	mu := &w.mu[i%len(w.mu)]
	mu.Lock()
	defer mu.Unlock()
	e := &w.items[i]
	e.Score = score
	change := binary.AppendUvarint(append(make([]byte, 0, 16), "\x05score"...), uint64(score))
	return w.commit(e.key, change, appendEntity(make([]byte, 0, 128), e.key, &e.Item))
}

// commit writes an event and the state after it.
func (w *rawWriter) commit(key string, event, state []byte) error {
	b := w.db.NewBatchWithSize(512)
	defer b.Close()
	if w.history {
		if err := b.Set(eventKey(key), event, nil); err != nil {
			return err
		}
	}
	if err := b.Set(stateKey(key), state, nil); err != nil {
		return err
	}
	return b.Commit(w.mode)
}

func (w *rawWriter) batch(_ context.Context, _ int, list []item) error {
	b := w.db.NewBatch()
	defer b.Close()
	for i := range list {
		e := &list[i]
		if err := b.Set(stateKey(e.key), appendEntity(make([]byte, 0, 128), e.key, &e.Item), nil); err != nil {
			return err
		}
	}
	return b.Commit(w.mode)
}

func (w *rawWriter) close() error { return w.db.Close() }

func stateKey(key string) []byte { return append([]byte("s/"), key...) }

// eventKey is as long as a key with an entity and a hash has to be.
func eventKey(key string) []byte {
	b := make([]byte, 0, 64)
	b = append(append(b, "v/"...), key...)
	hash := mulberry32(binary.LittleEndian.Uint32([]byte(key[len(key)-4:])))
	b = append(b, '/')
	for range 8 {
		b = binary.LittleEndian.AppendUint32(b, hash.next())
	}
	return b
}
