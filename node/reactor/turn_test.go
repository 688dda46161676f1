package reactor

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// turning is a consumer whose subscriptions become those to other queries.
type turning struct {
	*follower
	base   *Subscription // never read
	groups bool
}

func (w *world) turning(c *query.Checked, slow bool) *turning {
	f := &turning{follower: &follower{w: w, query: c, slow: slow}, groups: c.Grouping() != nil}
	var late []staged
	f.base, late = f.open(c)
	f.sub, _, _ = w.reactor.Register(c, func() { f.woken++ })
	for _, s := range late {
		w.publish(s)
	}
	return f
}

// open makes a query a standing one while commits go on. It may know some already that are still to be published.
func (f *turning) open(c *query.Checked) (sub *Subscription, late []staged) {
	w := f.w
	sub, filling, err := w.reactor.Register(c, nil)
	require.NoError(w.t, err)
	if filling == nil {
		return sub, nil
	}
	for range w.rng.IntN(3) {
		w.commit(1 + w.rng.IntN(4))
	}
	for range w.rng.IntN(2) {
		late = append(late, w.stage(1+w.rng.IntN(4)))
	}
	at, rows := w.commits, matching(w.rows, c.Rows())
	if n := filling.Rows(); n >= 0 {
		rows = rows[:min(n, len(rows))]
	}
	require.NoError(w.t, filling.Fill(rows, func(position any) bool { return position.(int) <= at }))
	return sub, late
}

// become makes it another query, perhaps one that was read ahead of what is published.
func (f *turning) become(c *query.Checked) {
	w := f.w
	if !f.slow {
		f.apply()
	}
	to, late := f.open(c)
	if !f.slow {
		f.apply() // commits of meanwhile, under the old query
	}
	busy, err := Turn(to, []*Subscription{f.sub, f.base})
	require.NoError(w.t, err)
	require.Nil(w.t, busy)
	to.Close()
	f.query = c
	if !f.slow && f.started && len(late) == 0 {
		f.difference()
	}
	for _, s := range late {
		w.publish(s)
	}
}

// difference takes the set that a turn made: one, and no more in it than there has to be.
func (f *turning) difference() {
	t, before := f.w.t, f.list
	set, ok := f.sub.Next()
	if !ok {
		return // it was turned to what it asks already
	}
	f.patch(set)
	_, more := f.sub.Next()
	require.False(t, more)
	if f.groups {
		return
	}
	for i := range set.Changes {
		c := &set.Changes[i]
		require.NotEqual(t, Initial, c.Kind)
		require.NotEqual(t, Updated, c.Kind, "nothing has changed but the query")
		require.Empty(t, c.Fields)
		if c.Kind == Removed {
			want := NoMatch
			if f.query.Match(&c.Record.Row) {
				want = Limit
			}
			require.Equal(t, want, c.Reason, f.query.Key())
		}
	}
	stayed := slices.DeleteFunc(slices.Clone(before), func(r *storage.Record) bool {
		return slices.ContainsFunc(set.Changes, func(c RowChange) bool { return c.ID() == r.Row.ID })
	})
	for i := 1; i < len(stayed); i++ {
		require.Less(t, f.query.Compare(&stayed[i-1].Row, &stayed[i].Row), 0, "what is not mentioned keeps its order")
	}
}

func (f *turning) patch(set *ChangeSet) {
	require.Equal(f.w.t, !f.started, set.Initial, "only the first set is initial")
	f.started = true
	f.steps = patchByStep(f.steps, set)
	f.list = Patch(f.list, set, func(c *RowChange) *storage.Record { return c.Record })
	sameList(f.w.t, f.list, f.steps, "patched step by step: "+f.query.Key())
}

func (f *turning) apply() {
	sets := 0
	for set, ok := f.sub.Next(); ok; set, ok = f.sub.Next() {
		sets++
		f.patch(set)
	}
	require.LessOrEqual(f.w.t, sets, 2*(maxSets+1)+1, "what waits is bounded, however often the query changed")
	require.NoError(f.w.t, f.sub.Err())
}

// settle compares with a fresh fetch, when all is published.
func (f *turning) settle() {
	f.apply()
	items := f.base.Items()
	sameList(f.w.t, f.list, items.Slice(), "items: "+f.query.Key())
	if f.groups {
		require.Equal(f.w.t, groupsOf(f.w.t, f.w.rows, f.query), f.shownGroups(f.list))
		return
	}
	sameList(f.w.t, f.w.fetch(f.query), f.list, "after patching: "+f.query.Key())
}

// TestTurningLeadsToAFreshFetch turns subscriptions to other queries at random moments, among
// commits: the change sets lead from the old result to the new one and on.
// To repeat: go test ./node/reactor -run 'TestTurning.*/seed=<n>$'
func TestTurningLeadsToAFreshFetch(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			w := newWorld(t, seed)
			for range 40 {
				w.commit(1)
			}
			var all []*turning
			for i := range 16 {
				all = append(all, w.turning(w.draw(), i%2 == 0))
			}
			for range 100 {
				w.commit(1 + w.rng.IntN(1+w.rng.IntN(10)))
				for _, f := range all {
					if w.rng.IntN(10) == 0 {
						f.become(w.draw())
					}
					if !f.slow || w.rng.IntN(20) == 0 {
						f.settle()
					}
				}
			}
			for _, f := range all {
				f.settle()
				f.sub.Close()
				f.base.Close()
			}
			require.Zero(t, w.reactor.Len())
		})
	}
}

// TestTurningGroupsLeadsToAFreshFetch is the same for groups, of which all but SELECT and GROUP BY changes.
func TestTurningGroupsLeadsToAFreshFetch(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			w := newWorld(t, seed)
			for range 40 {
				w.commit(1)
			}
			draw := func() *query.Checked {
				text := "SELECT genre, COUNT(*), MAX(score) WHERE " + w.predicate(2) + " GROUP BY genre" +
					[]string{"", " HAVING COUNT(*) > 1"}[w.rng.IntN(2)] +
					[]string{"", " ORDER BY COUNT(*) DESC", " ORDER BY MAX(score)"}[w.rng.IntN(3)] +
					[]string{"", " LIMIT 3", " LIMIT 2 OFFSET 1"}[w.rng.IntN(3)]
				for {
					q, err := query.Parse(text)
					require.NoError(t, err)
					if c, err := q.Check(songs); err == nil {
						return c
					}
					text = "SELECT genre, COUNT(*), MAX(score) GROUP BY genre"
				}
			}
			f, slow := w.turning(draw(), false), w.turning(draw(), true)
			for range 200 {
				w.commit(1 + w.rng.IntN(4))
				for _, f := range []*turning{f, slow} {
					if w.rng.IntN(5) == 0 {
						f.become(draw())
					}
					if !f.slow || w.rng.IntN(20) == 0 {
						f.settle()
					}
				}
			}
			for _, f := range []*turning{f, slow} {
				f.settle()
				f.sub.Close()
				f.base.Close()
			}
			require.Zero(t, w.reactor.Len())
		})
	}
}

// TestTurningIsAsOfOnePublication: in the middle of one, some results have it and some do not.
func TestTurningIsAsOfOnePublication(t *testing.T) {
	w := newWorld(t, 1)
	for i := range 40 {
		w.insert(map[string]model.Value{"score": model.OfInt(int64(i))})
	}
	f := w.turning(check(t, "ORDER BY score LIMIT 2"), false)
	f.settle()
	to := w.follow(check(t, "ORDER BY score DESC LIMIT 2"), false)
	var busy <-chan struct{}
	refilled := 0
	changes := make([]Change, 0, 20)
	for _, r := range matching(w.rows, f.query)[:20] {
		changes = append(changes, w.put(record(r.Row.ID, w.mint(), nil, true)))
	}
	w.commits++
	w.reactor.Publish(Publication{
		Position: w.commits, Changes: changes,
		Refill: func(q *query.Checked, after *storage.Record, n int) ([]*storage.Record, error) {
			refilled++
			var err error
			busy, err = Turn(to.sub, []*Subscription{f.sub, f.base})
			require.NoError(t, err)
			require.NotNil(t, busy)
			select {
			case <-busy:
				require.Fail(t, "the publication is half done")
			default:
			}
			return w.refill(q, after, n)
		},
	})
	require.Positive(t, refilled)
	<-busy
	f.settle()
	busy, err := Turn(to.sub, []*Subscription{f.sub, f.base})
	require.NoError(t, err)
	require.Nil(t, busy)
	f.query = to.query
	f.settle()
}

// TestTurningToWhatHasEnded changes nothing.
func TestTurningToWhatHasEnded(t *testing.T) {
	w := newWorld(t, 1)
	f := w.turning(check(t, "score > 0"), false)
	f.settle()
	to := w.follow(check(t, "score < 0"), false)
	to.sub.Close()
	_, err := Turn(to.sub, []*Subscription{f.sub, f.base})
	require.ErrorIs(t, err, ErrClosed)
	w.commit(5)
	f.settle()

	f.base.Close() // one that is closed stays so
	to = w.follow(check(t, "score < 0"), false)
	_, err = Turn(to.sub, []*Subscription{f.sub, f.base})
	require.NoError(t, err)
	require.ErrorIs(t, f.base.Err(), ErrClosed)
	require.NoError(t, f.sub.Err())
	require.Empty(t, w.reactor.collections["songs"].queries[check(t, "score > 0").Key()], "the old query has ended")
}

// TestTurningFeeds: those of a feed are turned to another feed.
func TestTurningFeeds(t *testing.T) {
	w := newWorld(t, 1)
	ids := []event.ID{w.mint(), w.mint(), w.mint()}
	var rows []*storage.Record
	for i, id := range ids {
		rows = append(rows, record(id, id, map[string]model.Value{"score": model.OfInt(int64(i))}, false))
	}
	one, two := NewFeed(check(t, "ORDER BY score")), NewFeed(check(t, "ORDER BY score DESC LIMIT 2"))
	one.Replace(1, rows, nil)
	sub, fresh := one.Subscribe(nil), one.Subscribe(nil)
	first, ok := sub.Next()
	require.True(t, ok)
	list := Patch[*storage.Record](nil, first, func(c *RowChange) *storage.Record { return c.Record })
	two.Replace(2, rows, nil)
	to := two.Subscribe(nil)
	_, err := Turn(to, []*Subscription{sub, fresh})
	require.NoError(t, err)
	two.Apply(3, nil, []Removal{{ID: ids[2], Reason: Deleted}})

	set, ok := sub.Next()
	require.True(t, ok)
	require.Equal(t, 2, set.Position)
	require.Equal(t, Limit, set.Changes[0].Reason)
	require.Equal(t, []Kind{Removed, Moved}, []Kind{set.Changes[0].Kind, set.Changes[1].Kind})
	list = Patch(list, set, func(c *RowChange) *storage.Record { return c.Record })
	sameList(t, []*storage.Record{rows[2], rows[1]}, list, "turned")
	set, ok = sub.Next()
	require.True(t, ok)
	list = Patch(list, set, func(c *RowChange) *storage.Record { return c.Record })
	sameList(t, []*storage.Record{rows[1], rows[0]}, list, "afterwards")
	set, ok = fresh.Next()
	require.True(t, ok)
	require.True(t, set.Initial)
	require.Len(t, set.Changes, 2)
	require.False(t, one.Subscribed())
}

// TestWithdrawing ends those who follow a result, and nobody else.
func TestWithdrawing(t *testing.T) {
	for _, text := range []string{"score >= 0", "ORDER BY score LIMIT 2", "SELECT score GROUP BY score"} {
		w := newWorld(t, 1)
		for i := range 3 {
			w.insert(map[string]model.Value{"score": model.OfInt(int64(i))})
		}
		c := check(t, text)
		open := func() *Subscription {
			f := &turning{follower: &follower{w: w, query: c}}
			sub, _, err := w.reactor.Register(c, nil)
			require.NoError(t, err)
			if !sub.Ready() {
				sub.Close()
				sub, late := f.open(c)
				for _, s := range late {
					w.publish(s)
				}
				return sub
			}
			return sub
		}
		begun, fresh, other := open(), open(), open()
		set, ok := begun.Next()
		require.True(t, ok)
		rows := len(set.Changes)
		require.Positive(t, rows)
		other.Next()
		Withdraw(c, []*Subscription{begun, fresh}, Denied, errNoRefill)
		set, ok = begun.Next()
		require.True(t, ok)
		require.Len(t, set.Changes, rows)
		for i, change := range set.Changes {
			require.Equal(t, Removed, change.Kind)
			require.Equal(t, Denied, change.Reason)
			require.Equal(t, i, change.OldIndex)
			require.NotNil(t, change.Record)
		}
		for _, sub := range []*Subscription{begun, fresh} {
			_, ok = sub.Next()
			require.False(t, ok)
			require.ErrorIs(t, sub.Err(), errNoRefill)
			require.Zero(t, sub.Items().Len())
		}
		require.Equal(t, rows, other.Items().Len())
		require.NoError(t, other.Err())
		other.Close()
		require.Zero(t, w.reactor.Len())
	}
}
