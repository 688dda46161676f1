package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"
)

// rawQuerier keeps states in Pebble, and index entries written by hand that lead
// to them.
type rawQuerier struct {
	db       *pebble.DB
	remove   func()
	all      []item
	indexed  bool
	covering bool
}

func (r *run) openRawQuerier(ctx context.Context, all []item, indexed bool) (querier, error) {
	return r.openRawFilled(ctx, &rawQuerier{all: all, indexed: indexed})
}

// openCoveringQuerier has an index by owner that holds whole states.
func (r *run) openCoveringQuerier(ctx context.Context, all []item) (querier, error) {
	return r.openRawFilled(ctx, &rawQuerier{all: all, indexed: true, covering: true})
}

// openRawFilled fills a store and opens it again, as Ank's is.
func (r *run) openRawFilled(ctx context.Context, q *rawQuerier) (querier, error) {
	dir, remove, err := r.folder()
	if err != nil {
		return nil, err
	}
	q.remove = remove
	if q.db, err = r.openRaw(ctx, dir); err != nil {
		return nil, err
	}
	for first := 0; first < len(q.all); first += r.batch {
		if err := q.write(q.all[first:min(first+r.batch, len(q.all))]); err != nil {
			return nil, err
		}
	}
	if err := q.db.Close(); err != nil {
		return nil, err
	}
	q.db, err = r.openRaw(ctx, dir)
	return q, err
}

func (q *rawQuerier) write(list []item) error {
	b := q.db.NewBatch()
	defer b.Close()
	for i := range list {
		e := &list[i]
		value := appendEntity(nil, e.key, &e.Item)
		err := b.Set(stateKey(e.key), value, nil)
		if q.indexed {
			var held []byte
			if q.covering {
				held = value
			}
			err = errors.Join(err,
				b.Set(append(ownerKey(e.Owner, e.Status), e.key...), held, nil),
				b.Set(append(scoreKey(e.Score), e.key...), nil, nil),
				b.Set(append(statusKey(e.Status, e.Score), e.key...), nil, nil))
		}
		if err != nil {
			return err
		}
	}
	return b.Commit(pebble.NoSync)
}

const keyLength = 9 // of an entity's key, which ends the index entries

func ownerKey(owner, status string) []byte {
	b := append(append([]byte("o/"), owner...), 0)
	if status != "" {
		b = append(append(b, status...), 0)
	}
	return b
}

func scoreKey(score int) []byte { return binary.BigEndian.AppendUint32([]byte("p/"), uint32(score)) }

func statusKey(status string, score int) []byte {
	return binary.BigEndian.AppendUint32(append(append([]byte("t/"), status...), 0), uint32(score))
}

// after returns the first key after all that begin with a prefix that does not
// end with the greatest byte.
func after(prefix []byte) []byte {
	next := bytes.Clone(prefix)
	next[len(next)-1]++
	return next
}

func (q *rawQuerier) get(_ context.Context, seen *seen, i int) error {
	return q.state(seen, q.all[i].key)
}

func (q *rawQuerier) state(seen *seen, key string) error {
	value, closer, err := q.db.Get(stateKey(key))
	if err != nil {
		return err
	}
	show(seen, value)
	return closer.Close()
}

func show(seen *seen, value []byte) {
	_, it := decodeEntity(value)
	seen.row(it.Title, it.Owner, it.Status, it.Score, it.Note)
}

// entries shows the entities that a range of an index leads to.
func (q *rawQuerier) entries(seen *seen, low, high []byte) (err error) {
	it, err := q.db.NewIter(&pebble.IterOptions{LowerBound: low, UpperBound: high})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		if q.covering {
			show(seen, it.Value())
			continue
		}
		key := it.Key()
		if err := q.state(seen, string(key[len(key)-keyLength:])); err != nil {
			return err
		}
	}
	return nil
}

// where shows the states that a function selects by their bytes.
func (q *rawQuerier) where(seen *seen, selected func(owner, status []byte, score int) bool) error {
	return q.scan(func(value []byte) {
		if selected(peek(value)) {
			show(seen, value)
		}
	})
}

func (q *rawQuerier) scan(visit func(value []byte)) (err error) {
	it, err := q.db.NewIter(&pebble.IterOptions{LowerBound: []byte("s/"), UpperBound: []byte("s0")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		visit(it.Value())
	}
	return nil
}

func (q *rawQuerier) eq(_ context.Context, seen *seen, owner string) error {
	if !q.indexed {
		return q.where(seen, func(o, _ []byte, _ int) bool { return string(o) == owner })
	}
	low := ownerKey(owner, "")
	return q.entries(seen, low, after(low))
}

func (q *rawQuerier) span(_ context.Context, seen *seen, low, high int) error {
	if !q.indexed {
		return q.where(seen, func(_, _ []byte, score int) bool { return low <= score && score < high })
	}
	return q.entries(seen, scoreKey(low), scoreKey(high))
}

func (q *rawQuerier) and(_ context.Context, seen *seen, owner, status string) error {
	if !q.indexed {
		return q.where(seen, func(o, s []byte, _ int) bool { return string(o) == owner && string(s) == status })
	}
	low := ownerKey(owner, status)
	return q.entries(seen, low, after(low))
}

func (q *rawQuerier) top(_ context.Context, seen *seen, status string, limit int) error {
	if !q.indexed {
		return q.best(seen, status, limit)
	}
	low := statusKey(status, 0)
	low = low[:len(low)-4] // every score
	it, err := q.db.NewIter(&pebble.IterOptions{LowerBound: low, UpperBound: after(low)})
	if err != nil {
		return err
	}
	for ok := it.Last(); ok && limit > 0; ok = it.Prev() {
		key := it.Key()
		if err := q.state(seen, string(key[len(key)-keyLength:])); err != nil {
			return errors.Join(err, it.Close())
		}
		limit--
	}
	return it.Close()
}

// best finds the greatest scores by looking at all states.
func (q *rawQuerier) best(seen *seen, status string, limit int) error {
	var best ranking
	var held [][]byte
	err := q.scan(func(value []byte) {
		if _, s, score := peek(value); string(s) == status {
			if len(best) == limit && best[limit-1].score >= score {
				return
			}
			best.offer(score, len(held), limit)
			held = append(held, bytes.Clone(value))
		}
	})
	for _, b := range best {
		show(seen, held[b.at])
	}
	return err
}

func (q *rawQuerier) close() error {
	defer q.remove()
	return q.db.Close()
}
