package reactor

import (
	"slices"
	"sync"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// A live query that becomes another one has its subscriptions turned: they are made subscriptions to another
// result, and what leads there from the old one stands in their queues, between what is queued of the old and
// what comes of the new. Only the two results are noted, which costs nothing; their difference is made by the
// consumer, when it has come that far. Whoever is turned again before that goes straight to the last result.

// Turn makes subs, which are subscriptions to one result, subscriptions to the result that to is one to.
// A sub that has begun gets one change set that leads from the old result to the new one, after
// what it had of the old and before what comes of the new; one that has not begun begins with the new. Subs that
// are closed stay so. The result of to must be there; to itself is left alone.
//
// The results must be of rows of one schema, or of groups with the same keys and aggregates.
//
// Both results are taken as of the same publication, so Turn cannot do anything while one is
// half done: busy is not nil then, and closed when it is worth trying again. It never is for subscriptions of
// a [Feed]. On an error, that of to, nothing has changed either.
func Turn(to *Subscription, subs []*Subscription) (busy <-chan struct{}, err error) {
	target := to.lockHome()
	defer target.unlock()
	switch {
	case to.closed:
		return nil, to.Err()
	case target.busy() != nil:
		return target.busy(), nil
	case len(subs) == 0 || subs[0].belongs() == target:
		return nil, nil
	}
	from := subs[0].belongs()
	if !sameLock(from, target) {
		from.lock()
		defer from.unlock()
	}
	x := between(from, target)
	for _, s := range subs {
		if !s.closed {
			s.turn(target, x)
		}
	}
	if from.result().subs == nil {
		from.left()
	}
	return nil, nil
}

// sameLock reports whether one lock guards both results.
func sameLock(a, b home) bool {
	x, ok := a.(*standing)
	y, too := b.(*standing)
	return ok && too && x.in.reactor == y.in.reactor
}

// turn moves the subscription to another result. Needs the locks of both homes.
func (s *Subscription) turn(to home, x *crossing) {
	s.unlink(s.home.result())
	s.link(to.result())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.home = to
	switch {
	case s.fresh:
	case s.turned == nil:
		s.turned = &turned{queue: s.queue, crossing: x}
	default:
		s.turned.crossing = s.turned.crossing.onTo(x)
	}
	s.queue = queue{}
	s.awake()
}

// turned is what a subscription still has to tell of the time before it was turned: first what was queued, then
// the crossing.
type turned struct {
	queue
	crossing *crossing
}

// take takes out the next set, or the way to it. Needs the subscription's mu.
func (t *turned) take(s *Subscription) (*ChangeSet, *crossing) {
	if t == nil {
		return s.queue.take(), nil
	}
	if set := t.queue.take(); set != nil {
		return set, nil
	}
	s.turned = nil
	return nil, t.crossing
}

// crossing is the way from one result to another as of the same publication. What it leads to may be newer, if
// it was read from a snapshot ahead of the publications.
type crossing struct {
	from, to Items
	was, now differ
	window   *query.Checked // the new query, if it shows a part of what matches
	empty    Reason         // why there is nothing in the new result, if that has a reason

	once sync.Once
	set  *ChangeSet
}

// between returns the way from one result to another. Needs the locks of both. A result that is not there has no
// consumer who has begun.
func between(from, to home) *crossing {
	x := &crossing{was: from.differ(), now: to.differ(), to: itemsOf(to)}
	if from.ready() {
		x.from = itemsOf(from)
	}
	if f, ok := to.(*Feed); ok {
		x.empty = f.empty
	}
	if w := to.result().window; w != nil {
		if _, limited := w.query.Limit(); limited || w.query.Offset() > 0 {
			x.window = w.query
		}
	}
	return x
}

// onTo returns the way from where x begins to where next ends.
func (x *crossing) onTo(next *crossing) *crossing {
	return &crossing{from: x.from, to: next.to, was: x.was, now: next.now, window: next.window, empty: next.empty}
}

// changeSet makes the change set.
func (x *crossing) changeSet() *ChangeSet {
	x.once.Do(func() {
		x.set = &ChangeSet{Position: x.to.Position, Changes: x.changes()}
		x.from, x.to = Items{}, Items{}
	})
	return x.set
}

// changes compares the two results.
func (x *crossing) changes() []RowChange {
	was := make(map[event.ID]int, x.from.Len())
	old := x.from.Slice()
	for i, r := range old {
		was[r.Row.ID] = i
	}
	var changes []RowChange
	var stay []RowChange // in their new order
	for i, r := range x.to.All() {
		at, ok := was[r.Row.ID]
		if !ok {
			changes = append(changes, RowChange{Kind: Added, OldIndex: -1, Index: i, Record: r})
			continue
		}
		delete(was, r.Row.ID)
		stay = append(stay, RowChange{Kind: Updated, OldIndex: at, Index: i, Record: r, Before: old[at]})
	}
	kept := longestRise(stay)
	for i := range stay {
		if c := &stay[i]; x.tells(c, kept[i]) {
			changes = append(changes, *c)
		}
	}
	for _, at := range was {
		r := old[at]
		changes = append(changes, RowChange{
			Kind: Removed, Reason: x.reason(r), OldIndex: at, Index: -1, Record: r, Before: r,
		})
	}
	sortChanges(changes)
	return changes
}

// tells completes the change of a row that is in both results, and reports whether it is one. Those that are kept
// keep their order among each other.
func (x *crossing) tells(c *RowChange, kept bool) bool {
	if c.Before != c.Record {
		c.Fields = x.fields(c.Before, c.Record)
	}
	if !kept {
		c.Kind = Moved
		return true
	}
	return len(c.Fields) > 0 || c.Before.Stamp != c.Record.Stamp
}

// fields names the columns in which a row differs, of those that both results know.
func (x *crossing) fields(before, after *storage.Record) []string {
	was, joined := x.was.(*joins)
	now, too := x.now.(*joins)
	switch {
	case joined && too:
		return now.fields(joinedRecord(before, now.carry(was, before, after)), after)
	case joined:
		return entities{was.schema}.fields(before, after)
	case too:
		return entities{now.schema}.fields(before, after)
	}
	return x.now.fields(before, after)
}

// reason is why a row is not in the new result.
func (x *crossing) reason(r *storage.Record) Reason {
	switch {
	case x.empty != Stayed:
		return x.empty
	case x.window == nil:
		return NoMatch
	}
	if now, ok := x.now.(*joins); ok {
		was, ok := x.was.(*joins)
		if !ok || slices.ContainsFunc(now.query.Joined(), func(c query.Joined) bool { return was.at(c.Name) < 0 }) {
			return NoMatch // as far as is known
		}
		values := make([]model.Value, len(now.slots))
		r = joinedRecord(r, now.carry(was, r, joinedRecord(r, values)))
	}
	if x.window.Match(&r.Row) {
		return Limit
	}
	return NoMatch
}

// carry returns the joined values of a row of another query, as this one numbers them. Those that the other does
// not join are as after has them, which is a row of this one.
func (j *joins) carry(other *joins, x, after *storage.Record) []model.Value {
	has := joinedValues(&x.Row)
	values := slices.Clone(joinedValues(&after.Row))
	for i, c := range j.query.Joined() {
		if at := other.at(c.Name); at >= 0 {
			values[i] = has[at]
		}
	}
	return values
}

// at returns the number of a joined column, -1 if the query does not join it.
func (j *joins) at(name string) int {
	return slices.IndexFunc(j.query.Joined(), func(c query.Joined) bool { return c.Name == name })
}

// longestRise marks the changes of a longest part whose old indices rise: as many rows as possible keep their
// order.
func longestRise(changes []RowChange) []bool {
	var ends []int // of the parts of each length, the one that ends least
	before := make([]int, len(changes))
	for i := range changes {
		n, _ := slices.BinarySearchFunc(ends, changes[i].OldIndex, func(end, old int) int {
			return changes[end].OldIndex - old
		})
		before[i] = -1
		if n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		} else {
			ends[n] = i
		}
	}
	kept := make([]bool, len(changes))
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i >= 0; i = before[i] {
			kept[i] = true
		}
	}
	return kept
}
