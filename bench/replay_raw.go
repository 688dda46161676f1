package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// rawLog keeps events in Pebble under their numbers. In the binary form it is
// only scanned; as JSON it is decoded and folded.
type rawLog struct {
	db     *pebble.DB
	remove func()
	json   bool
}

// written is an event as JSON has it.
type written struct {
	Entity string `json:"entity"`
	Field  string `json:"field"`
	Value  int    `json:"value"`
}

func newWritten(h happening) written {
	return written{Entity: fmt.Sprintf("e%08d", h.entity), Field: "score", Value: h.score}
}

func (r *run) openRawLog(ctx context.Context, list []happening, asJSON bool) (source, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	l := &rawLog{remove: remove, json: asJSON}
	if l.db, err = r.openRaw(ctx, dir); err != nil {
		return nil, err
	}
	for first := 0; first < len(list); first += r.batch {
		if err := l.append(first, list[first:min(first+r.batch, len(list))]); err != nil {
			return nil, err
		}
	}
	if err := l.db.Close(); err != nil {
		return nil, err
	}
	l.db, err = r.openRaw(ctx, dir)
	return l, err
}

func (l *rawLog) append(first int, list []happening) error {
	b := l.db.NewBatch()
	defer b.Close()
	for i, h := range list {
		value, err := l.encode(h)
		if err != nil {
			return err
		}
		if err := b.Set(binary.BigEndian.AppendUint64([]byte("v/"), uint64(first+i)), value, nil); err != nil {
			return err
		}
	}
	return b.Commit(pebble.NoSync)
}

func (l *rawLog) encode(h happening) ([]byte, error) {
	w := newWritten(h)
	if l.json {
		return json.Marshal(w)
	}
	b := append([]byte{byte(len(w.Entity))}, w.Entity...)
	b = append(append(b, byte(len(w.Field))), w.Field...)
	return binary.AppendUvarint(b, uint64(w.Value)), nil
}

func (l *rawLog) fold(_ context.Context, deadline time.Time) (n, sum int, err error) {
	it, err := l.db.NewIter(&pebble.IterOptions{LowerBound: []byte("v/"), UpperBound: []byte("v0")})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	states := map[string]int{}
	for ok := it.First(); ok; ok = it.Next() {
		value := it.Value()
		if l.json {
			var w written
			if err := json.Unmarshal(value, &w); err != nil {
				return n, 0, err
			}
			states[w.Entity] = w.Value
		} else {
			sum += len(value)
		}
		if n++; n%1024 == 0 && time.Now().After(deadline) {
			return n, 0, nil
		}
	}
	if l.json {
		sum = sumOfMap(states)
	}
	return n, sum, nil
}

func sumOfMap(states map[string]int) int {
	sum := 0
	for _, score := range states {
		sum += score
	}
	return sum
}

func (l *rawLog) close() error {
	defer l.remove()
	return l.db.Close()
}
