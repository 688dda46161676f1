package kv

import (
	"bytes"
	"slices"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// fetchRows is how many rows are got together from the state table, at most. For
// less than fewRows an iterator does not pay.
const (
	fetchRows = 256
	fewRows   = 3
)

// fetched visits the rows that the keys of an index lead to. It reads a number of
// keys and gets their rows in the order of their IDs, so that one iterator goes
// through the state table in one direction.
func (x *selector) fetched(visit func() bool) error {
	most := fetchRows
	if n := x.window(); n >= 0 && x.plan.Sorted {
		most = min(n, fetchRows)
	} else if n >= 0 && x.plan.Prefix > 0 {
		most = min(n+1, fetchRows) // one more tells that a group has ended
	}
	ids := make([]event.ID, 0, min(most, 32))
	more, bad := true, error(nil)
	visitAll := func() bool {
		more, bad = x.fetchAll(ids, visit)
		ids = ids[:0]
		return more && bad == nil
	}
	consider := func(prefix []byte, it Iterator) (full bool, err error) {
		if id, ok := x.passes(prefix, it.Key()); ok {
			ids = append(ids, id)
		}
		return len(ids) == most, nil
	}
	err := x.ranges(x.index.prefix, consider, visitAll)
	if err == nil && bad == nil && more {
		visitAll()
	}
	if bad != nil {
		err = bad
	}
	if closing := x.endFetching(); err == nil {
		err = closing
	}
	return err
}

// endFetching closes the iterator over the state table.
func (x *selector) endFetching() error {
	if x.states == nil {
		return nil
	}
	it := x.states
	x.states = nil
	return it.Close()
}

// inOrder reports whether it matters in which order rows are visited.
func (x *selector) inOrder() bool { return x.plan.Sorted || x.plan.Prefix > 0 }

// fetchAll gets rows and visits those that match, in the order of the IDs given if
// that matters.
func (x *selector) fetchAll(ids []event.ID, visit func() bool) (more bool, err error) {
	if err := x.getMany(ids); err != nil {
		return false, err
	}
	if !x.inOrder() {
		slices.SortFunc(ids, event.ID.Compare)
		for _, id := range ids {
			if ok, err := x.fetchNext(id, len(ids) < fewRows); err != nil || ok && !visit() {
				return false, err
			}
		}
		return true, nil
	}
	places := make([]int, len(ids))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int { return ids[a].Compare(ids[b]) })
	records := make([]*storage.Record, len(ids))
	for _, i := range places {
		ok, err := x.fetchNext(ids[i], len(ids) < fewRows)
		if err == nil && ok {
			records[i], err = x.record()
		}
		if err != nil {
			return false, err
		}
	}
	for _, r := range records {
		if r == nil {
			continue
		}
		if x.resident = r; !visit() {
			return false, nil
		}
	}
	return true, nil
}

// getMany gets the rows that are not resident all at once, if the driver can. Get then
// finds them in many.
func (x *selector) getMany(ids []event.ID) error {
	x.many = nil
	driver, ok := x.reader.(ManyGetter)
	if !ok || x.rows != nil || len(ids) < 2 {
		return nil
	}
	s := x.snapshot
	var wanted []event.ID
	var keys [][]byte
	for _, id := range ids {
		if s.engine.cache.get(x.col.number, id, s.view.version) == nil {
			wanted, keys = append(wanted, id), append(keys, appendStateKey(nil, x.col.number, id))
		}
	}
	x.many = make(map[event.ID][]byte, len(wanted))
	if len(wanted) == 0 {
		return nil
	}
	values, err := driver.GetMany(keys)
	for i, value := range values {
		x.many[wanted[i]] = value
	}
	return err
}

// fetchNext gets a row that an index has, at best one behind the last, and makes
// it the candidate, if it matches.
func (x *selector) fetchNext(id event.ID, few bool) (ok bool, err error) {
	if x.rows != nil {
		return x.inTable(id)
	}
	s := x.snapshot
	if r := s.engine.cache.get(x.col.number, id, s.view.version); r != nil {
		x.resident = r
		return x.matches(&r.Row), nil
	}
	if x.many != nil || x.states == nil && few {
		found, ok, err := x.get(id)
		if err == nil && !found && !x.named {
			err = x.absent(id)
		}
		return ok, err
	}
	if x.states == nil {
		x.states = scanPrefix(x.reader, appendStatesPrefix(nil, x.col.number), false)
	}
	x.key = appendStateKey(x.key[:0], x.col.number, id)
	if !x.states.Seek(x.key) || !bytes.Equal(x.states.Key(), x.key) {
		if err := x.endFetching(); err != nil || x.named {
			return false, err
		}
		return false, x.absent(id)
	}
	return x.decode(id, x.states.Value(), true)
}

// inTable gets a row from the collection's table and makes it the candidate, if it
// matches.
func (x *selector) inTable(id event.ID) (ok bool, err error) {
	if r := x.rows.ids.find(id); r != nil {
		x.resident = r
		return x.matches(&r.Row), nil
	}
	if x.named {
		return false, nil
	}
	x.key = appendStateKey(x.key[:0], x.col.number, id)
	return false, x.absent(id)
}

// absent says that an index has a row that does not exist.
func (x *selector) absent(id event.ID) error {
	return &storage.CorruptError{What: "record of " + x.col.name + " " + id.String(), Key: bytes.Clone(x.key)}
}

// fetch gets one row by ID and makes it the candidate, if it matches.
func (x *selector) fetch(id event.ID) (found, ok bool, err error) {
	s := x.snapshot
	if r := s.engine.cache.get(x.col.number, id, s.view.version); r != nil {
		x.resident = r
		return true, x.matches(&r.Row), nil
	}
	return x.get(id)
}

// get gets one row from the driver and makes it the candidate, if it matches.
func (x *selector) get(id event.ID) (found, ok bool, err error) {
	x.key = appendStateKey(x.key[:0], x.col.number, id)
	value, got := x.many[id]
	if found = value != nil; !got {
		value, found, err = x.reader.Get(x.key, x.buf)
	}
	if err != nil || !found {
		return false, false, err
	}
	if !x.heap.stable {
		x.buf = value
	}
	ok, err = x.decode(id, value, true)
	return true, ok, err
}

// lookup visits rows by their IDs.
func (x *selector) lookup(visit func() bool) error {
	for i, id := range x.plan.IDs {
		if err := x.tick(); err != nil {
			return err
		}
		if i%fetchRows == 0 {
			if err := x.getMany(x.plan.IDs[i:min(i+fetchRows, len(x.plan.IDs))]); err != nil {
				return err
			}
		}
		if x.filter != nil && !x.filter.Match(nil, id) {
			continue
		}
		_, ok, err := x.fetch(id)
		if err != nil {
			return err
		}
		if ok && !visit() {
			return nil
		}
	}
	return nil
}
