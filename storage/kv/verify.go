package kv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// Verify implements [storage.Verifier]: every ready index holds the entries that the
// records ask for, and no others.
func (s *snapshot) Verify(ctx context.Context) (right int64, err error) {
	r, drop, err := s.hold(ctx)
	if err != nil {
		return 0, err
	}
	defer drop()
	collections := s.view.catalog.collections
	for _, name := range slices.Sorted(maps.Keys(collections)) {
		v := verification{ctx: ctx, reader: r, col: collections[name]}
		for i := range v.col.indexes {
			if x := &v.col.indexes[i]; !x.twin && x.state == indexReady {
				v.indexes = append(v.indexes, verified{index: x})
			}
		}
		if len(v.indexes) == 0 {
			continue
		}
		n, err := v.run()
		right += n
		if err != nil {
			return right, err
		}
	}
	return right, nil
}

// verification holds the indexes of one collection against its records.
type verification struct {
	ctx     context.Context
	reader  Reader
	col     *collection
	indexes []verified
	change  change // makes entries, which are never written
}

// verified is an index, and how many entries it should have.
type verified struct {
	*index
	entries int64
}

func (v *verification) run() (right int64, err error) {
	if err := v.eachRecord(v.records); err != nil {
		return 0, err
	}
	for i := range v.indexes {
		x := &v.indexes[i]
		n, err := v.count(x.prefix)
		if err == nil && n != x.entries {
			err = v.surplus(x)
		}
		if err != nil {
			return right, err
		}
		right += n
	}
	return right, nil
}

// eachRecord calls f with the rows of the collection.
func (v *verification) eachRecord(f func(row *model.Row) error) error {
	it := scanPrefix(v.reader, appendStatesPrefix(nil, v.col.number), false)
	var row model.Row
	var err error
	for err == nil && it.Next() {
		if err = v.ctx.Err(); err != nil {
			break
		}
		id := lastID(it.Key())
		if _, err = decodeRow(&row, id, it.Value()); err != nil {
			err = corruptRecord(v.col.name, id, err)
			break
		}
		err = f(&row)
	}
	return errors.Join(err, it.Close())
}

// records finds the entries of one row in the indexes.
func (v *verification) records(row *model.Row) error {
	for i := range v.indexes {
		x := &v.indexes[i]
		v.change.writes.Reset()
		v.change.enterInto(x.index, v.col.schema, row)
		for op := range v.change.writes.All() {
			found, ok, err := v.reader.Get(op.Key, nil)
			if err != nil {
				return err
			}
			if !ok || !bytes.Equal(found, op.Value) {
				return v.wrong(x, row.ID, map[bool]string{false: "an entry is missing", true: "an entry has another value"}[ok])
			}
			x.entries++
		}
	}
	return nil
}

func (v *verification) count(prefix []byte) (n int64, err error) {
	it := scanPrefix(v.reader, prefix, false)
	for it.Next() {
		if n++; n%1024 == 0 && v.ctx.Err() != nil {
			break
		}
	}
	return n, errors.Join(v.ctx.Err(), it.Close())
}

// surplus finds the first entry of an index that no record asks for.
func (v *verification) surplus(x *verified) error {
	it := scanPrefix(v.reader, x.prefix, false)
	var err error
	for err == nil && it.Next() {
		if len(it.Key()) < idSize {
			err = v.wrong(x, event.ID{}, "an entry has no ID")
			break
		}
		var due bool
		if due, err = v.due(x.index, it.Key()); err == nil && !due {
			err = v.wrong(x, lastID(it.Key()), "there is an entry that the record does not have")
		}
	}
	if closed := it.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = v.wrong(x, event.ID{}, "it has another number of entries than its records")
	}
	return err
}

// due reports whether the record that an entry names asks for it.
func (v *verification) due(x *index, key []byte) (bool, error) {
	id := lastID(key)
	b, ok, err := v.reader.Get(appendStateKey(nil, v.col.number, id), nil)
	if err != nil || !ok {
		return false, err
	}
	var row model.Row
	if _, err := decodeRow(&row, id, b); err != nil {
		return false, corruptRecord(v.col.name, id, err)
	}
	v.change.writes.Reset()
	v.change.enterInto(x, v.col.schema, &row)
	for op := range v.change.writes.All() {
		if bytes.Equal(op.Key, key) {
			return true, nil
		}
	}
	return false, nil
}

func (v *verification) wrong(x *verified, id event.ID, reason string) error {
	return &storage.CorruptError{
		What: fmt.Sprintf("index %s of %s, entity %v", v.col.schema.Indexes()[x.position].Name, v.col.name, id),
		Err:  errors.New(reason),
	}
}
