package reactor

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// queued counts the changes that a subscription holds.
func queued(s *Subscription) (changes, sets int) {
	if s.first == nil {
		return 0, 0
	}
	changes, sets = len(s.first.Changes), 1
	if s.backlog != nil {
		for _, set := range s.backlog.sets {
			changes += len(set.Changes)
		}
		sets += len(s.backlog.sets)
	}
	return changes, sets
}

// TestSlowConsumersHoldLittle never takes anything while the store changes all over, again and again.
func TestSlowConsumersHoldLittle(t *testing.T) {
	w := newWorld(t, 3)
	for range 50 {
		w.commit(1)
	}
	f := w.follow(check(t, "ORDER BY score"), true)
	f.take()
	for range 3000 {
		w.commit(4)
		if len(w.ids) > 120 {
			w.ids = w.ids[60:] // those from before stay as they are
		}
		changes, sets := queued(f.sub)
		require.LessOrEqual(t, sets, maxSets)
		require.LessOrEqual(t, changes, max(minChanges, 4*len(w.rows))+4)
	}
	f.take()
}

func TestAddedAndRemovedCancel(t *testing.T) {
	w := newWorld(t, 1)
	f := w.follow(check(t, "title = 'x'"), true)
	f.take()
	for range 200 {
		id := w.mint()
		x := map[string]model.Value{"title": model.OfString("x")}
		w.ids = append(w.ids, id)
		for _, r := range []*storage.Record{record(id, id, x, false), record(id, w.mint(), x, true)} {
			w.commits++
			w.reactor.Publish(Publication{Position: w.commits, Changes: []Change{w.put(r)}})
		}
	}
	changes, _ := queued(f.sub)
	require.LessOrEqual(t, changes, maxSets)
	var last *ChangeSet
	for set, ok := f.sub.Next(); ok; set, ok = f.sub.Next() {
		last = set
	}
	require.Equal(t, w.commits, last.Position, "what took itself back still moves the position")
}

func TestWakeIsCalledOncePerQuietMoment(t *testing.T) {
	w := newWorld(t, 1)
	f := w.follow(check(t, ""), false)
	require.Equal(t, 1, f.woken, "the result is there")
	f.take()
	for range 5 {
		w.insert(nil)
	}
	require.Equal(t, 2, f.woken)
	f.slow = true
	f.take()
	w.insert(nil)
	require.Equal(t, 3, f.woken)
}

// TestSlowConsumersCostLittle queues single changes behind a large set: joining them must not go through
// the large one again and again.
func TestSlowConsumersCostLittle(t *testing.T) {
	w := newWorld(t, 4)
	f := w.follow(check(t, "score < 3"), true)
	f.take()
	const rows = 20_000
	var all []*storage.Record
	for range rows {
		id := w.mint()
		w.ids = append(w.ids, id)
		all = append(all, record(id, id, map[string]model.Value{"score": model.OfInt(1)}, false))
	}
	w.apply(all...)
	const commits = 2000
	allocated := bytesAllocated(func() {
		for i := range commits {
			w.apply(record(w.ids[i], w.mint(), map[string]model.Value{"score": model.OfInt(2)}, false))
		}
	})
	require.Less(t, allocated/commits, float64(rows), "bytes for each commit")
	f.take()
}

func bytesAllocated(f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

// TestResultsThatEndAreLetGo asks and closes again and again while nothing is published.
func TestResultsThatEndAreLetGo(t *testing.T) {
	w := newWorld(t, 1)
	w.insert(nil)
	stays := w.follow(check(t, "score < 3"), false)
	for i := range 1000 {
		sub, filling, err := w.reactor.Register(check(t, fmt.Sprintf("score = %d", i)), nil)
		require.NoError(t, err)
		require.NoError(t, filling.Fill(nil, func(any) bool { return false }))
		sub.Close()
	}
	require.LessOrEqual(t, len(w.reactor.early), 100)
	w.commit(3)
	stays.take()
	require.Nil(t, w.reactor.early)
}

func TestIdenticalQueriesShareOneStandingQuery(t *testing.T) {
	w := newWorld(t, 1)
	var all []*follower
	for _, text := range []string{"score > 1 AND title = 'a'", "score > 1 and (title = 'a')", "'a' = title AND score >= 2"} {
		all = append(all, w.follow(check(t, text), false))
	}
	require.LessOrEqual(t, w.reactor.Len(), 2)
	for range 50 {
		w.commit(2)
		for _, f := range all {
			f.take()
		}
	}
	for i, f := range all {
		require.NotZero(t, w.reactor.Len(), "query %d", i)
		f.sub.Close()
	}
	require.Zero(t, w.reactor.Len())
}

func TestRegistrationErrors(t *testing.T) {
	w := newWorld(t, 1)
	f := w.follow(check(t, ""), false)
	other := model.NewSchema(model.Definition{Model: "Song", Collection: "songs", Fields: []model.Field{
		{Name: "title", Type: model.TypeString},
	}})
	q, err := query.Parse("title = 'a'")
	require.NoError(t, err)
	c, err := q.Check(other)
	require.NoError(t, err)
	_, _, err = w.reactor.Register(c, nil)
	var mismatch *SchemaError
	require.ErrorAs(t, err, &mismatch)
	require.Equal(t, "songs", mismatch.Collection)
	require.ErrorContains(t, err, "collection songs stands with another schema")
	f.sub.Close()
	sub, filling, err := w.reactor.Register(c, nil)
	require.NoError(t, err, "nothing stands with the first schema any more")

	broken := errors.New("no snapshot")
	filling.Fail(broken)
	require.ErrorIs(t, sub.Err(), broken)
	require.Zero(t, w.reactor.Len())
	require.NoError(t, filling.Fill(nil, func(any) bool { return true }), "too late, and harmless")
	require.Zero(t, sub.Items().Len())
}

// TestConcurrentUse commits, registers, reads, consumes and closes on many goroutines; in the end
// everybody who stayed has what the store has.
func TestConcurrentUse(t *testing.T) {
	store := &sharedStore{world: newWorld(t, 9)}
	stop := make(chan struct{})
	var consumers, committer sync.WaitGroup
	for i := range 8 {
		c := check(t, []string{"", "score > 0", "ORDER BY title LIMIT 3", "title = 'a' OR genre = 'b'"}[i%4])
		consumers.Go(func() {
			for round := range 6 {
				store.consume(c, stop, round == 5)
			}
		})
	}
	committer.Go(func() {
		for range 1500 {
			store.mu.Lock()
			s := store.stage(2)
			store.mu.Unlock()
			store.publish(s)
		}
		close(stop)
	})
	committer.Wait()
	consumers.Wait()
	require.Zero(t, store.reactor.Len())
}

type sharedStore struct {
	*world
	mu sync.Mutex
}

// consume follows a query for some changes, or with last until stop and then to the end.
func (s *sharedStore) consume(c *query.Checked, stop chan struct{}, last bool) {
	wake := make(chan struct{}, 1)
	sub, filling, err := s.reactor.Register(c, func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	})
	if err != nil {
		panic(err)
	}
	defer sub.Close()
	for filling != nil {
		s.mu.Lock()
		rows, at := s.read(c, filling), s.commits
		s.mu.Unlock()
		if filling.Fill(rows, func(position any) bool { return position.(int) <= at }) == nil {
			break
		}
	}
	var list []*storage.Record
	take := func() {
		for set, ok := sub.Next(); ok; set, ok = sub.Next() {
			list = Patch(list, set, func(c *RowChange) *storage.Record { return c.Record })
		}
	}
	for turn, running := 0, true; running && (last || turn < 3); turn++ {
		select {
		case <-wake:
			take()
		case <-stop:
			running = false
		}
	}
	if !last {
		return
	}
	for !sub.Ready() { // another consumer is reading the result that this one shares
		<-wake
	}
	take()
	s.mu.Lock()
	defer s.mu.Unlock()
	sameList(s.t, s.fetch(c), list, "at the end: "+c.Key())
}
