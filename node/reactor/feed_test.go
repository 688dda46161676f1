package reactor

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// shownBy is what a feed of these rows should show.
func shownBy(c *query.Checked, rows map[event.ID]*storage.Record) []*storage.Record {
	list := slices.SortedFunc(maps.Values(rows), func(a, b *storage.Record) int { return c.Compare(&a.Row, &b.Row) })
	if n, ok := c.Limit(); ok {
		list = list[:min(n, len(list))]
	}
	return list
}

// TestFeed drives a feed at random and compares what is shown with the rows it was given.
// To repeat: go test ./node/reactor -run 'TestFeed/seed=<n>$'
func TestFeed(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			w := newWorld(t, seed)
			c := check(t, []string{"", "ORDER BY score", "ORDER BY title DESC LIMIT 4", "LIMIT 3 OFFSET 2"}[seed%4])
			feed := NewFeed(c)
			given := map[event.ID]*storage.Record{}
			wakes := 0
			sub := feed.Subscribe(func() { wakes++ })
			_, ok := sub.Next()
			require.False(t, ok, "nothing was fed yet")
			require.False(t, sub.Ready())
			var list []*storage.Record
			for step := range 200 {
				fresh := w.someRows(given)
				if step%20 == 0 {
					given = map[event.ID]*storage.Record{}
					for _, r := range fresh {
						given[r.Row.ID] = r
					}
					feed.Replace(step, fresh, func(event.ID) Reason { return Denied })
				} else {
					removals := w.someRemovals(given)
					for _, r := range fresh {
						given[r.Row.ID] = r
					}
					feed.Apply(step, fresh, removals)
				}
				if w.rng.IntN(3) == 0 {
					continue // let it queue
				}
				for set, ok := sub.Next(); ok; set, ok = sub.Next() {
					list = Patch(list, set, func(c *RowChange) *storage.Record { return c.Record })
				}
				sameList(t, shownBy(c, given), list, "patched")
				for _, id := range w.ids {
					require.Equal(t, given[id] == nil, feed.Get(id) == nil)
				}
				sameList(t, list, sub.Items().Slice(), "items")
			}
			require.NotZero(t, wakes)
			for id, r := range given {
				require.Same(t, r, feed.Get(id))
			}
			feed.Apply(0, slices.Collect(maps.Values(given)), nil)
			sub.Next()
			require.Equal(t, shownBy(c, given), sub.Items().Slice())
			broken := errors.New("server is gone")
			feed.Fail(broken)
			require.ErrorIs(t, sub.Err(), broken)
			require.ErrorIs(t, feed.Subscribe(nil).Err(), broken)
			require.False(t, feed.Subscribed())
		})
	}
}

// someRows makes new versions of rows given and new rows; now and then one twice.
func (w *world) someRows(given map[event.ID]*storage.Record) []*storage.Record {
	var list []*storage.Record
	for range w.rng.IntN(6) {
		id := w.mint()
		if len(w.ids) > 0 && w.rng.IntN(2) == 0 {
			id = w.ids[w.rng.IntN(len(w.ids))]
		} else {
			w.ids = append(w.ids, id)
		}
		if r := given[id]; r != nil && w.rng.IntN(3) == 0 {
			list = append(list, r)
			continue
		}
		list = append(list, record(id, w.mint(), w.values(), false))
	}
	return list
}

func (w *world) someRemovals(given map[event.ID]*storage.Record) []Removal {
	var list []Removal
	for _, id := range w.ids {
		if given[id] != nil && w.rng.IntN(8) == 0 {
			delete(given, id)
			list = append(list, Removal{ID: id, Reason: Reason(1 + w.rng.IntN(4))})
		}
	}
	return list
}

func TestFeedTellsReasonsAndFields(t *testing.T) {
	w := newWorld(t, 1)
	feed := NewFeed(check(t, "ORDER BY score"))
	sub := feed.Subscribe(nil)
	a, b := w.mint(), w.mint()
	values := func(score int64) map[string]model.Value { return map[string]model.Value{"score": model.OfInt(score)} }
	first := record(a, w.mint(), values(1), false)
	feed.Replace("first", []*storage.Record{first, record(b, w.mint(), values(2), false)}, nil)
	set, ok := sub.Next()
	require.True(t, ok && set.Initial && len(set.Changes) == 2)
	require.Equal(t, "first", set.Position)

	gone := record(b, w.mint(), values(2), true)
	feed.Apply("second", []*storage.Record{record(a, w.mint(), values(3), false)},
		[]Removal{{ID: b, Reason: Deleted, Last: gone}})
	set, ok = sub.Next()
	require.True(t, ok)
	require.Equal(t, "second", set.Position)
	require.Len(t, set.Changes, 2)
	require.Equal(t, Removed, set.Changes[0].Kind)
	require.Equal(t, Deleted, set.Changes[0].Reason)
	require.Same(t, gone, set.Changes[0].Record)
	require.Equal(t, []string{"score"}, set.Changes[1].Fields)
	require.Same(t, first, set.Changes[1].Before)
}
