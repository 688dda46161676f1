package node_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/signal"
	"github.com/ankgo/ank/storage"
)

// follow applies change sets to a list, as a consumer would.
func follow(list []AlbumView, set entity.ChangeSet[AlbumView]) []AlbumView {
	var gone []int
	for _, c := range set.Changes {
		if c.OldIndex >= 0 {
			gone = append(gone, c.OldIndex)
		}
	}
	slices.Sort(gone)
	next := slices.Clone(list)
	for _, i := range slices.Backward(gone) {
		next = slices.Delete(next, i, i+1)
	}
	come := slices.DeleteFunc(slices.Clone(set.Changes), func(c entity.Change[AlbumView]) bool { return c.Index < 0 })
	slices.SortFunc(come, func(a, b entity.Change[AlbumView]) int { return a.Index - b.Index })
	for _, c := range come {
		next = slices.Insert(next, c.Index, c.Item)
	}
	return next
}

// feed collects the change sets of a live query in the background.
type feed struct {
	mu   sync.Mutex
	list []AlbumView
	sets []entity.ChangeSet[AlbumView]
	done chan struct{}
}

func listen(ctx context.Context, live *entity.Live[AlbumView]) *feed {
	f := &feed{done: make(chan struct{})}
	go func() {
		defer close(f.done)
		for set := range live.Changes(ctx) {
			f.mu.Lock()
			f.list, f.sets = follow(f.list, set), append(f.sets, set)
			f.mu.Unlock()
		}
	}()
	return f
}

// last returns a short form of the newest change set, and the list's names. Sets that only
// tell of a new state, which may come by themselves or not, do not count.
func (f *feed) last() (changes []string, names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	newest := len(f.sets) - 1
	for newest > 0 && len(f.sets[newest].Changes) == 0 {
		newest--
	}
	for _, c := range f.sets[newest].Changes {
		text := c.Kind.String() + " " + c.Item.Name()
		if c.Kind == entity.Removed {
			text += ", " + c.Reason.String()
		}
		changes = append(changes, text)
	}
	for _, v := range f.list {
		names = append(names, v.Name())
	}
	return changes, names
}

func (f *fixture) query(text string, args ...any) *entity.Live[AlbumView] {
	f.Helper()
	live, err := albums.Query(f.ctx, f.queen, text, args...)
	require.NoError(f, err)
	return live
}

func TestLiveQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		parade := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		live := f.query("year > ? ORDER BY year", 1985)
		require.Equal(t, entity.Complete, live.State().Phase)
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, 1, live.Items().Len())
		feed := listen(f.ctx, live)
		expect := func(changes, names []string) {
			t.Helper()
			synctest.Wait()
			gotChanges, gotNames := feed.last()
			require.Equal(t, changes, gotChanges)
			require.Equal(t, names, gotNames)
		}
		expect([]string{"initial Parade"}, []string{"Parade"})
		lovesexy := f.create(f.prince, Album{Name: "Lovesexy", Year: 1988})
		expect([]string{"added Lovesexy"}, []string{"Parade", "Lovesexy"})
		f.edit(f.prince, parade, func(m AlbumMutable) { m.SetArtist("Prince") })
		expect([]string{"updated Parade"}, []string{"Parade", "Lovesexy"})
		f.edit(f.prince, parade, func(m AlbumMutable) { m.SetYear(1999) })
		expect([]string{"moved Parade"}, []string{"Lovesexy", "Parade"})
		f.edit(f.prince, lovesexy, func(m AlbumMutable) { m.SetYear(1900) })
		expect([]string{"removed Lovesexy, no longer matches"}, []string{"Parade"})
		require.NoError(t, f.prince.Update(f.ctx, func(tx *node.Tx) error {
			if err := albums.Delete(f.ctx, tx, parade); err != nil {
				return err
			}
			_, err := albums.Create(tx, Album{Name: "Camille", Year: 1986})
			return err
		}))
		expect([]string{"removed Parade, deleted", "added Camille"}, []string{"Camille"})
		sets := len(feed.sets)
		f.create(f.prince, Album{Name: "For You", Year: 1978})
		synctest.Wait()
		require.Len(t, feed.sets, sets, "what does not concern it is not told")
		require.Equal(t, []string{"Camille"}, names(live.Items().Slice()))

		live.Close()
		<-feed.done
		require.NoError(t, live.Err())
		require.Zero(t, f.node.Standing())
		live.Close()
		for range live.Changes(f.ctx) {
			t.Fatal("a closed query has no changes")
		}
		require.ErrorIs(t, live.Wait(f.ctx), node.ErrClosed)
	})
}

func names(list []AlbumView) []string {
	var all []string
	for _, v := range list {
		all = append(all, v.Name())
	}
	return all
}

// TestClosedLiveQueriesSaySo: it is not the node that is closed.
func TestClosedLiveQueriesSaySo(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		for _, s := range []*node.Session{f.prince, ada.session} {
			live, err := albums.Query(f.ctx, s, "")
			require.NoError(t, err)
			live.Close()
			for _, err := range []error{live.Wait(f.ctx), live.Requery(f.ctx, "year > 1985")} {
				require.ErrorIs(t, err, node.ErrClosed)
				require.EqualError(t, err, "the live query is closed")
			}
			require.NoError(t, live.Err())
		}
	})
}

func TestAnIdleLiveQueryCostsNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		for i := range 100 {
			live := f.query("year = ?", 1900+i)
			_ = live.Signal().Peek()
		}
		f.create(f.prince, Album{Year: 1950})
		// The bubble ends with an error if goroutines are left; Close ends the queries.
		f.stop()
		require.Zero(t, f.node.Standing())
	})
}

func TestChangesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		live := f.query("")
		leaving, leave := context.WithCancel(f.ctx)
		feed := listen(leaving, live)
		other := listen(f.ctx, live)
		synctest.Wait()
		leave()
		<-feed.done
		require.NoError(t, live.Err(), "the query goes on")
		f.create(f.prince, Album{Name: "Parade"})
		synctest.Wait()
		_, names := other.last()
		require.Equal(t, []string{"Parade"}, names)
		for set := range live.Changes(f.ctx) {
			require.Equal(t, entity.Initial, set.Changes[0].Kind, "each call begins with the result")
			break
		}
		require.NoError(t, f.node.Close(f.ctx))
		<-other.done
		require.ErrorIs(t, live.Err(), node.ErrClosed)
		require.Equal(t, entity.Failed, live.State().Phase)
	})
}

func TestWindowsAreFilledInTheSameChangeSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		var ids []event.ID
		for i := range 100 {
			ids = append(ids, f.create(f.prince, Album{Name: fmt.Sprint(i), Year: 1900 + i}))
		}
		feed := listen(f.ctx, f.query("ORDER BY year LIMIT 3"))
		synctest.Wait()
		for i := range 97 {
			require.NoError(t, f.prince.Update(f.ctx, func(tx *node.Tx) error { return albums.Delete(f.ctx, tx, ids[i]) }))
			synctest.Wait()
			changes, names := feed.last()
			require.Equal(t, []string{fmt.Sprintf("removed %d, deleted", i), fmt.Sprintf("added %d", i+3)}, changes)
			require.Equal(t, []string{fmt.Sprint(i + 1), fmt.Sprint(i + 2), fmt.Sprint(i + 3)}, names)
		}
		f.create(f.prince, Album{Name: "first", Year: 1900})
		synctest.Wait()
		changes, _ := feed.last()
		require.Equal(t, []string{"removed 99, pushed out by limit", "added first"}, changes)
	})
}

func TestRefillsComeBeforeTheNextCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		ids := make([]event.ID, 100)
		for i := range ids {
			ids[i] = f.create(f.prince, Album{Name: fmt.Sprint(i), Year: 1900 + i})
		}
		feed := listen(f.ctx, f.query("ORDER BY year LIMIT 2"))
		deleting := f.prince.Begin()
		for _, id := range ids[:50] {
			require.NoError(t, albums.Delete(f.ctx, deleting, id))
		}
		next := f.prince.Begin()
		require.NoError(t, albums.Delete(f.ctx, next, ids[50]))
		j := f.judged()
		first := f.begin(deleting)
		second := f.begin(next)
		release := make(chan struct{})
		f.stage.snapshot = func() error {
			<-release
			return nil
		}
		j.verdicts <- store
		synctest.Wait()
		require.Len(t, j.entered, 1, "the engine holds still while the window is filled")
		close(release)
		synctest.Wait()
		changes, names := feed.last()
		require.Equal(t, []string{"removed 0, deleted", "removed 1, deleted", "added 50", "added 51"}, changes)
		require.Equal(t, []string{"50", "51"}, names, "as of that commit")
		j.verdicts <- store
		<-first.done
		<-second.done
		synctest.Wait()
		_, names = feed.last()
		require.Equal(t, []string{"51", "52"}, names)
	})
}

func TestYourOwnCommitShowsWhenItReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		live := f.query("ORDER BY id")
		total := live.Signal()
		for i := range 10 {
			f.create(f.prince, Album{Name: fmt.Sprint(i)})
			require.Equal(t, i+1, live.Items().Len())
			require.Equal(t, i+1, total.Peek().Len())
		}
	})
}

func TestItemsAreThoseOfOneMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		live := f.query("ORDER BY name")
		for i := range 100 {
			f.create(f.prince, Album{Name: fmt.Sprintf("%02d", i)})
		}
		taken := live.Items()
		before := names(taken.Slice())
		f.edit(f.prince, taken.At(0).ID(), func(m AlbumMutable) { m.SetName("zz") })
		require.NoError(t, f.prince.Update(f.ctx, func(tx *node.Tx) error {
			return albums.Delete(f.ctx, tx, taken.At(50).ID())
		}))
		require.Equal(t, before, names(taken.Slice()), "it stays what it was")
		require.Equal(t, "00", taken.At(0).Name())
		require.Equal(t, 99, live.Items().Len())
		require.Equal(t, "zz", live.Items().At(98).Name())
		require.LessOrEqual(t, testing.AllocsPerRun(10, func() { live.Items() }), 2.0, "it is not a copy")
	})
}

func TestSignals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		live := f.query("ORDER BY name")
		require.Same(t, live.Signal(), live.Signal())
		var mu sync.Mutex
		var seen [][]string
		signal.NewEffect(f.node.Signals(), live.Signal().Get, func(list entity.Items[AlbumView]) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, names(list.Slice()))
		})
		synctest.Wait()
		f.create(f.prince, Album{Name: "Parade"})
		synctest.Wait()
		f.create(f.prince, Album{Name: "Lovesexy"})
		synctest.Wait()
		mu.Lock()
		require.Equal(t, [][]string{nil, {"Parade"}, {"Lovesexy", "Parade"}}, seen)
		mu.Unlock()
		live.Close()
		f.create(f.prince, Album{Name: "Camille"})
		synctest.Wait()
		require.Equal(t, []string{"Lovesexy", "Parade"}, names(live.Signal().Peek().Slice()), "it stays at what was there")
	})
}

func TestAFailedRefillEndsTheQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		var ids []event.ID
		for i := range 100 {
			ids = append(ids, f.create(f.prince, Album{Name: fmt.Sprint(i), Year: 1900 + i}))
		}
		live := f.query("ORDER BY year LIMIT 2")
		feed := listen(f.ctx, live)
		broken := errors.New("no snapshots today")
		txs := make([]*node.Tx, 50)
		for i := range txs {
			txs[i] = f.prince.Begin()
			require.NoError(t, albums.Delete(f.ctx, txs[i], ids[i]))
		}
		synctest.Wait()
		f.stage.snapshot = func() error { return broken }
		for _, tx := range txs {
			_, err := tx.Commit(f.ctx)
			require.NoError(t, err, "commits do not suffer")
		}
		<-feed.done
		require.ErrorIs(t, live.Err(), broken)
		require.ErrorIs(t, live.Wait(f.ctx), broken)
		require.Equal(t, entity.Failed, live.State().Phase)
		require.False(t, live.State().Since.IsZero())
		for range live.Changes(f.ctx) {
			t.Fatal("it has ended")
		}
		f.stage.snapshot = nil
		again := f.query("ORDER BY year LIMIT 2")
		require.Equal(t, []string{"50", "51"}, names(again.Items().Slice()), "asking again helps")
		live.Close()
	})
}

func TestLoadingIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.create(f.prince, Album{Name: "Parade"})
		for name, end := range map[string]func(leave context.CancelFunc, release chan error){
			"read":      func(_ context.CancelFunc, release chan error) { release <- nil },
			"abandoned": func(leave context.CancelFunc, release chan error) { leave(); release <- context.Canceled },
		} {
			release := make(chan error)
			var once sync.Once
			f.stage.snapshot = func() (err error) {
				once.Do(func() { err = <-release })
				return err
			}
			leaving, leave := context.WithCancel(f.ctx)
			results := make(chan error, 3)
			for i, ctx := range []context.Context{leaving, f.ctx, f.ctx} {
				go func() {
					live, err := albums.Query(ctx, f.queen, "name = 'Parade'")
					if err == nil && live.Items().Len() != 1 {
						err = fmt.Errorf("%d albums", live.Items().Len())
					}
					if err == nil {
						defer live.Close()
					}
					if i > 0 || name == "read" {
						results <- err
					} else if !errors.Is(err, context.Canceled) {
						t.Error(name, err)
					}
				}()
				synctest.Wait()
			}
			require.Empty(t, results, name)
			end(leave, release)
			require.NoError(t, <-results, name)
			require.NoError(t, <-results, name)
			if name == "read" {
				require.NoError(t, <-results)
			}
			leave()
			synctest.Wait()
			require.Zero(t, f.node.Standing(), name)
		}
	})
}

func TestCloseWhileLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.create(f.prince, Album{Name: "Parade"})
		release := make(chan struct{})
		var once sync.Once
		f.stage.snapshot = func() error {
			once.Do(func() { <-release })
			return nil
		}
		results := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := albums.Query(f.ctx, f.queen, "")
				results <- err
			}()
			synctest.Wait()
		}
		closed := make(chan error, 1)
		go func() { closed <- f.node.Close(f.ctx) }()
		synctest.Wait()
		require.Empty(t, closed, "somebody reads")
		close(release)
		require.ErrorIs(t, <-results, node.ErrClosed)
		require.ErrorIs(t, <-results, node.ErrClosed)
		require.NoError(t, <-closed)
		require.Zero(t, f.node.Standing())
	})
}

// TestLiveQueriesAgreeWithFetch makes random changes while live queries with all
// sorts of windows stand, and compares each with what a fetch finds.
func TestLiveQueriesAgreeWithFetch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		n, done := openWorld(t)
		defer done()
		s := n.Session("prince")
		w := world{}
		type standing struct {
			text string
			live *entity.Live[AlbumView]
		}
		var all []*standing
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			if rapid.IntRange(0, 3).Draw(t, "step") == 0 {
				q := rapid.SampledFrom(questions).Draw(t, "question")
				st := &standing{text: q.window(rapid.IntRange(-1, 4).Draw(t, "limit"), rapid.IntRange(0, 2).Draw(t, "offset"))}
				live, err := albums.Query(ctx, s, st.text)
				require.NoError(t, err)
				defer live.Close()
				st.live = live
				all = append(all, st)
			}
			tx := s.Begin()
			for range rapid.IntRange(1, 4).Draw(t, "changes") {
				change(t, ctx, tx, w)
			}
			_, err := tx.Commit(ctx)
			require.NoError(t, err)
			for id, a := range w {
				if _, err := albums.Get(ctx, s, id); a.deleted && !errors.Is(err, entity.ErrDeleted) {
					delete(w, id)
				}
			}
			for _, st := range all {
				want, err := albums.Collect(ctx, s, st.text)
				require.NoError(t, err)
				require.Equal(t, lines(want), lines(st.live.Items().Slice()), st.text)
			}
		}
	})
}

// TestManyWritersAndWatchers runs writers and watchers at the same time, in
// virtual time, and compares in the end. seed says how to repeat it.
func TestManyWritersAndWatchers(t *testing.T) {
	const seed = 20260101
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
			<-time.After(100 * time.Microsecond)
			return next()
		}
		texts := []string{
			"", "year > 1950", "ORDER BY year LIMIT 5", "ORDER BY year DESC, name LIMIT 7 OFFSET 3", "year = 1910",
			"name IN ('1', '2', '3') ORDER BY artist LIMIT 2", "artist = '1' OR year < 1920",
		}
		var feeds []*feed
		for _, text := range texts {
			feeds = append(feeds, listen(f.ctx, f.query(text)))
		}
		var wg sync.WaitGroup
		for w := range 16 {
			rng := rand.New(rand.NewPCG(seed, uint64(w)))
			wg.Go(func() {
				var mine []event.ID
				for range 50 {
					if len(mine) < 3 || rng.IntN(4) == 0 {
						mine = append(mine, f.create(f.prince, Album{Name: fmt.Sprint(rng.IntN(5)), Year: 1900 + rng.IntN(100)}))
						continue
					}
					i := rng.IntN(len(mine))
					if rng.IntN(5) == 0 {
						err := f.prince.Update(f.ctx, func(tx *node.Tx) error { return albums.Delete(f.ctx, tx, mine[i]) })
						if err != nil {
							t.Error(err)
						}
						mine = slices.Delete(mine, i, i+1)
						continue
					}
					f.edit(f.prince, mine[i], func(m AlbumMutable) {
						m.SetYear(1900 + rng.IntN(100))
						m.SetArtist(fmt.Sprint(rng.IntN(3)))
					})
				}
			})
		}
		// More queries come while writers write.
		for i := range 20 {
			<-time.After(500 * time.Microsecond)
			text := texts[i%len(texts)]
			texts = append(texts, text)
			feeds = append(feeds, listen(f.ctx, f.query(text)))
		}
		wg.Wait()
		synctest.Wait()
		for i, text := range texts {
			want, err := albums.Collect(f.ctx, f.queen, text)
			require.NoError(t, err)
			feeds[i].mu.Lock()
			require.Equal(t, lines(want), lines(feeds[i].list), "%q, seed %d", text, seed)
			feeds[i].mu.Unlock()
		}
	})
}
