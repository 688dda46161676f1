package reactor

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// toggle flips whether some rows match, mostly into one direction.
func (w *world) toggle(n int, on bool) []Change {
	done := map[event.ID]bool{}
	var changes []Change
	for range n {
		id := w.ids[w.rng.IntN(len(w.ids))]
		if done[id] {
			continue
		}
		done[id] = true
		live := on != (w.rng.IntN(8) == 0)
		score := songs.Value(&w.rows[id].Row, 2)
		if w.rng.IntN(6) == 0 {
			score = model.OfInt(int64(w.rng.IntN(20)))
		}
		values := map[string]model.Value{"live": model.OfBool(live), "score": score}
		changes = append(changes, w.put(record(id, w.mint(), values, false)))
	}
	w.commits++
	return changes
}

// TestWindowsThatRunShort drains and floods the results of queries with LIMIT and OFFSET, so that
// windows are filled up from what lies behind them again and again. To repeat:
// go test ./node/reactor -run 'TestWindows.*/seed=<n>$'
func TestWindowsThatRunShort(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			w := newWorld(t, seed)
			for range 60 {
				id := w.mint()
				w.ids = append(w.ids, id)
				w.put(record(id, id, map[string]model.Value{"live": model.OfBool(true)}, false))
			}
			var all []*follower
			for _, text := range []string{
				"live = TRUE LIMIT 1", "live = TRUE ORDER BY score LIMIT 2 OFFSET 1", "live = TRUE ORDER BY score DESC LIMIT 5",
				"live = TRUE OFFSET 3", "live = TRUE ORDER BY score LIMIT 20 OFFSET 10", "live = TRUE LIMIT 0",
			} {
				all = append(all, w.follow(check(t, text), w.rng.IntN(3) == 0))
			}
			for step := range 400 {
				on := step/30%2 == 1
				changes := w.toggle(1+w.rng.IntN(1+w.rng.IntN(12)), on)
				w.reactor.Publish(Publication{Position: w.commits, Changes: changes, Refill: w.refill})
				for _, f := range all {
					if !f.slow || w.rng.IntN(20) == 0 {
						f.take()
					}
				}
			}
			require.NotZero(t, w.refills)
		})
	}
}

// TestWhileAWindowIsFilled looks at a result in the middle of a publication.
func TestWhileAWindowIsFilled(t *testing.T) {
	for _, text := range []string{"live = TRUE LIMIT 3", "live = TRUE LIMIT 3 OFFSET 4"} {
		t.Run(text, func(t *testing.T) { lookWhileFilled(t, text) })
	}
}

func lookWhileFilled(t *testing.T, text string) {
	w := newWorld(t, 1)
	for range 40 {
		id := w.mint()
		w.ids = append(w.ids, id)
		w.put(record(id, id, map[string]model.Value{"live": model.OfBool(true)}, false))
	}
	f := w.follow(check(t, text), false)
	f.take()
	was := w.commits
	var changes []Change
	for _, id := range w.ids[:10] {
		changes = append(changes, w.put(record(id, w.mint(), nil, false)))
	}
	before := f.sub.Items().Slice()
	var late *Subscription
	var early *ChangeSet
	w.commits++
	w.reactor.Publish(Publication{
		Position: w.commits, Changes: changes,
		Refill: func(q *query.Checked, after *storage.Record, n int) ([]*storage.Record, error) {
			sameList(t, before, f.sub.Items().Slice(), "the result is whole until the new one is")
			var err error
			late, _, err = w.reactor.Register(f.query, nil)
			require.NoError(t, err)
			early, _ = late.Next()
			return w.refill(q, after, n)
		},
	})
	f.take()
	require.Len(t, early.Changes, 3, "who comes meanwhile sees the result before")
	require.Equal(t, was, early.Position)
	set, ok := late.Next()
	require.True(t, ok)
	list := Patch(nil, early, func(c *RowChange) *storage.Record { return c.Record })
	list = Patch(list, set, func(c *RowChange) *storage.Record { return c.Record })
	sameList(t, f.list, list, "and then the change")
}

// TestGreatWindows has LIMIT and OFFSET that no result will ever reach: their sums must fit an int of 32 bits.
func TestGreatWindows(t *testing.T) {
	w := newWorld(t, 1)
	var all []*follower
	for _, text := range []string{
		"LIMIT 1073741823", "OFFSET 1073741823", "LIMIT 1073741823 OFFSET 1073741823", "LIMIT 2 OFFSET 1073741821",
		"OFFSET 1", "LIMIT 1073741823 OFFSET 2", "LIMIT 3 OFFSET 1000",
	} {
		c := check(t, text)
		win := newWindow(c)
		most := int64(win.offset) + int64(win.limit)
		if win.limited() {
			most += 2 * int64(win.slack())
		}
		require.LessOrEqual(t, most, int64(math.MaxInt32), text)
		all = append(all, w.follow(c, false))
	}
	for range 50 {
		w.commit(3)
		for _, f := range all {
			f.take()
		}
	}
}

// TestRowsThatAreReadAgain fills a window from a snapshot that is too old for what was published since.
func TestRowsThatAreReadAgain(t *testing.T) {
	w := newWorld(t, 1)
	for range 40 {
		w.insert(nil)
	}
	c := check(t, "live = FALSE LIMIT 3")
	sub, filling, err := w.reactor.Register(c, nil)
	require.NoError(t, err)
	rows, at := firstAfter(w.rows, c, nil, filling.Rows()), w.commits
	for _, id := range w.ids[:20] {
		w.apply(record(id, w.mint(), map[string]model.Value{"live": model.OfBool(true)}, false))
	}
	require.ErrorIs(t, filling.Fill(rows, func(p any) bool { return p.(int) <= at }), ErrReread)
	require.False(t, sub.Ready())
	rows, at = firstAfter(w.rows, c, nil, filling.Rows()), w.commits
	require.NoError(t, filling.Fill(rows, func(p any) bool { return p.(int) <= at }))
	sameList(t, w.fetch(c), sub.Items().Slice(), "read again")
	set, ok := sub.Next()
	require.True(t, ok && set.Initial)
	require.Len(t, set.Changes, 3)
}

func TestRefillThatIsMissing(t *testing.T) {
	w := newWorld(t, 1)
	for range 40 {
		w.insert(nil)
	}
	f := w.follow(check(t, "live = FALSE LIMIT 3"), false)
	var changes []Change
	for _, id := range w.ids[:20] {
		changes = append(changes, w.put(record(id, w.mint(), map[string]model.Value{"live": model.OfBool(true)}, false)))
	}
	w.commits++
	w.reactor.Publish(Publication{Position: w.commits, Changes: changes})
	require.ErrorIs(t, f.sub.Err(), errNoRefill)
}

func TestRefillThatFailsEndsTheQuery(t *testing.T) {
	w := newWorld(t, 1)
	for range 40 {
		id := w.mint()
		w.ids = append(w.ids, id)
		w.put(record(id, id, map[string]model.Value{"live": model.OfBool(true)}, false))
	}
	f := w.follow(check(t, "live = TRUE LIMIT 3"), false)
	other := w.follow(check(t, "live = FALSE"), false)
	f.take()
	other.take()
	var changes []Change
	for _, id := range w.ids[:20] {
		changes = append(changes, w.put(record(id, w.mint(), nil, false)))
	}
	broken := errors.New("disk is gone")
	woken := f.woken
	w.commits++
	w.reactor.Publish(Publication{
		Position: w.commits, Changes: changes,
		Refill: func(*query.Checked, *storage.Record, int) ([]*storage.Record, error) { return nil, broken },
	})
	require.ErrorIs(t, f.sub.Err(), broken)
	require.Equal(t, woken+1, f.woken, "the consumer is told")
	_, ok := f.sub.Next()
	require.False(t, ok)
	f.sub.Close()
	require.ErrorIs(t, f.sub.Err(), broken, "closing does not hide why")
	other.take()
	require.Equal(t, 1, w.reactor.Len())
}
