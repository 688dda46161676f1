package reactor

import (
	"errors"
	"slices"

	"github.com/ankgo/ank/storage"
)

// Filling is the duty to read the first rows of a new standing query. From its registration on, what
// is published for the query is kept for it, so nothing falls between the snapshot that the rows are
// read from and the first publication after it.
//
// Whoever got it calls Fill or Fail in any case, also when its own subscription is closed: others may have
// subscribed to the query meanwhile and wait for the same rows. Until then memory grows with every
// publication that concerns the query. It is for one goroutine at a time.
type Filling struct {
	st     *standing
	missed []missed
}

// missed is a publication as it concerns a query that was not filled yet.
type missed struct {
	position any
	pairs    []pair
}

var (
	errNoRefill = errors.New("reactor: a window ran short of rows and the publication came without a refill")
	errNoSource = errors.New("reactor: a query follows references and the publication came without a source")
)

// Rows is the number of rows to read: the first ones in the query's order, its LIMIT and OFFSET left
// aside; -1 for all of them. Of a query with SELECT they are the rows that are grouped: see
// query.Checked.Rows. It is more than LIMIT asks for, to have some in reserve.
func (f *Filling) Rows() int {
	if f.st.groups() != nil {
		return -1
	}
	return f.st.res.window.wanted()
}

// Fill gives the rows as a list, read at one snapshot taken after the registration, in the query's order, as many
// as Rows says or all there are. covered tells, by its position, whether a publication is part of
// that snapshot; those that are not are applied on top, in order. It is called for later publications as
// well, until the first that is not covered, with locks held.
//
// On ErrReread the snapshot was too old; nothing has changed, and Fill may be called again.
func (f *Filling) Fill(list []*storage.Record, covered func(position any) bool) error {
	st := f.st
	r := &st.res
	var filled rows
	counted := st.groups().again()
	if counted != nil {
		list = counted.fill(list)
	}
	filled.fill(r.inOrder(list)) // they may be many: not under the lock
	st.lock()
	defer st.unlock()
	if !f.due() {
		return nil
	}
	r.rows = filled
	if counted != nil {
		r.window.groups = counted
	}
	r.window.start(&r.rows)
	for _, m := range f.missed {
		if covered(m.position) {
			continue
		}
		e, need := r.begin(counted.apply(m.pairs))
		if need > 0 {
			r.window.held = nil
			r.rows.fill(nil)
			return ErrReread
		}
		e.finish(nil)
	}
	delete(st.in.filling, st)
	st.phase = current
	st.in.reactor.readAhead(st, covered)
	r.started()
	return nil
}

// due reports whether the rows are still wanted. Needs the lock.
func (f *Filling) due() bool { return f.st.in.filling[f.st] == f }

// inOrder returns the rows as they are if they are in order, each once, and else a copy that is.
func (r *result) inOrder(list []*storage.Record) []*storage.Record {
	order := func(a, b *storage.Record) int { return compare(r.order(), a, b) }
	ordered := true
	for i := 1; i < len(list) && ordered; i++ {
		ordered = order(list[i-1], list[i]) < 0
	}
	if !ordered {
		list = slices.Clone(list)
		slices.SortFunc(list, order)
		list = slices.CompactFunc(list, func(a, b *storage.Record) bool { return order(a, b) == 0 })
	}
	return list
}

// Fail ends the standing query, and with it all its subscriptions, because the rows could not be read.
func (f *Filling) Fail(err error) {
	f.st.lock()
	defer f.st.unlock()
	if f.due() {
		f.st.res.fail(err)
	}
}
