package reactor

import (
	"runtime"
	"sync"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/storage"
)

// tally is the sum over the rows that a result shows. It is made when somebody asks for it first, which goes
// through all rows, and follows the change sets from then on, for all who share the result. Guarded by the
// home's lock.
type tally struct {
	of   func(*storage.Record) event.Digest
	sum  event.Sum
	made bool // else sum is only what has changed since the rows were taken that are being summed up
}

// follow takes in what became of the rows.
func (t *tally) follow(set *ChangeSet) {
	if t == nil {
		return
	}
	for i := range set.Changes {
		c := &set.Changes[i]
		if c.OldIndex >= 0 {
			t.sum.Remove(t.of(c.Before))
		}
		if c.Index >= 0 {
			t.sum.Add(t.of(c.Record))
		}
	}
}

// Restart passes by what is queued and returns the result as it is, with the sum of what digest makes of its rows:
// the change sets that follow lead on from there. It is false as long as the result is not there, and once the
// subscription has ended.
//
// Without digest there is no sum. It is shared by all subscriptions to one standing query, so all must give the same digest, which
// several goroutines may call at a time. It may tell no more of a row than change sets do: of groups, what is shown.
func (s *Subscription) Restart(digest func(*storage.Record) event.Digest) (Items, event.Sum, bool) {
	return s.tally(digest, true)
}

// Sum returns the result and its sum like Restart, if nothing is queued: to somebody who has taken everything
// it is what he has.
func (s *Subscription) Sum(digest func(*storage.Record) event.Digest) (Items, event.Sum, bool) {
	return s.tally(digest, false)
}

func (s *Subscription) tally(digest func(*storage.Record) event.Digest, skip bool) (Items, event.Sum, bool) {
	h := s.lockHome()
	if s.closed || !h.ready() || !s.taken(skip) {
		h.unlock()
		return Items{}, event.Sum{}, false
	}
	items, r := itemsOf(h), h.result()
	t := r.tally
	if digest == nil || t != nil && t.made {
		var sum event.Sum
		if digest != nil {
			sum = t.sum
		}
		h.unlock()
		return items, sum, true
	}
	if t == nil {
		r.tally = &tally{of: digest}
	}
	h.unlock()
	sum := items.sum(digest) // rows may be many: not under the lock
	if t == nil {
		h.lock()
		r.tally.sum.Merge(sum)
		r.tally.made = true
		h.unlock()
	}
	return items, sum, true
}

// manyRows are so many that it pays to have them summed up by several goroutines.
const manyRows = 8192

// sum is the sum of what digest makes of the rows.
func (s Items) sum(digest func(*storage.Record) event.Digest) (sum event.Sum) {
	parts := runtime.GOMAXPROCS(0)
	if s.Len() < manyRows || parts == 1 {
		for _, x := range s.All() {
			sum.Add(digest(x))
		}
		return sum
	}
	sums := make([]event.Sum, parts)
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() {
			part := s
			part.from, part.to = s.from+s.Len()*i/parts, s.from+s.Len()*(i+1)/parts
			for _, x := range part.All() {
				sums[i].Add(digest(x))
			}
		})
	}
	all.Wait()
	for _, part := range sums {
		sum.Merge(part)
	}
	return sum
}

// taken reports whether nothing is queued, after it was thrown away if skip is set. Needs the home's lock.
func (s *Subscription) taken(skip bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !skip {
		return !s.fresh && s.turned == nil && s.first == nil && s.backlog == nil
	}
	s.fresh, s.turned, s.queue = false, nil, queue{}
	return true
}

// Find returns the row of an entity. x is the entity as it is in the result, or a row that has the same place in its
// order; for a result in the order of IDs, any row with its ID. Of others it is nil, though they may be there. It
// takes logarithmic time.
func (s Items) Find(x *storage.Record) *storage.Record {
	at, ok := s.rows.find(x, s.order)
	if !ok || at < s.from || at >= s.to {
		return nil
	}
	if found := s.rows.at(at); found.Row.ID == x.Row.ID {
		return found
	}
	return nil
}
