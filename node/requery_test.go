package node_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// said is a short form of a change set.
func said(set entity.ChangeSet[AlbumView]) []string {
	var all []string
	for _, c := range set.Changes {
		text := c.Kind.String() + " " + c.Item.Name()
		if c.Kind == entity.Removed {
			text += ", " + c.Reason.String()
		}
		all = append(all, text)
	}
	return all
}

// decade is four albums, one for each year.
func (f *fixture) decade() {
	for i, name := range []string{"A", "B", "C", "D"} {
		f.create(f.prince, Album{Name: name, Artist: fmt.Sprint(9 - i), Year: 1980 + i})
	}
}

// requeries goes through what a live query may become, as seen by one session.
func (f *fixture) requeries(seen *node.Session) {
	live, err := albums.Query(f.ctx, seen, "year > ? ORDER BY year", 1980)
	require.NoError(f, err)
	defer live.Close()
	require.NoError(f, live.Wait(f.ctx))
	names := live.Signal()
	var sets [][]string
	var list []AlbumView
	stop := live.Watch(f.ctx, func(set entity.ChangeSet[AlbumView]) {
		if list = follow(list, set); len(set.Changes) > 0 {
			sets = append(sets, said(set))
		}
	})
	defer stop()
	expect := func(want ...string) {
		f.Helper()
		require.NoError(f, live.Wait(f.ctx))
		synctest.Wait()
		require.Equal(f, [][]string{want}, sets)
		require.Equal(f, lines(live.Items().Slice()), lines(list))
		require.Equal(f, lines(live.Items().Slice()), lines(names.Peek().Slice()))
		require.Equal(f, entity.Complete, live.State().Phase)
		sets = nil
	}
	expect("initial B", "initial C", "initial D")
	require.NoError(f, live.Requery(f.ctx, "year < :to ORDER BY year", query.Named{"to": 1983}))
	expect("removed D, no longer matches", "added A")
	require.NoError(f, live.Requery(f.ctx, "year < 1983 ORDER BY year DESC"))
	require.Equal(f, []string{"C", "B", "A"}, shown(live))
	synctest.Wait()
	require.Len(f, sets, 1)
	require.Len(f, sets[0], 2, "of three that turn around, one stays")
	sets = nil
	require.NoError(f, live.Requery(f.ctx, "ORDER BY year DESC LIMIT 2"))
	expect("removed B, pushed out by limit", "removed A, pushed out by limit", "added D")
	id := f.create(f.prince, Album{Name: "E", Year: 1990})
	expect("removed C, pushed out by limit", "added E")
	require.NoError(f, live.Requery(f.ctx, "ORDER BY year DESC LIMIT 2 OFFSET 1"))
	expect("removed E, pushed out by limit", "added C")
	f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(1979) })
	expect("removed D, pushed out by limit", "added B")
	selection := albums.Where(query.Number[Album, int]("year").Eq(1979))
	require.NoError(f, selection.Requery(f.ctx, live))
	expect("removed C, no longer matches", "removed B, no longer matches", "added E")
	require.NoError(f, live.Requery(f.ctx, "year = ?", 1979))
	synctest.Wait()
	require.Empty(f, sets, "it is the same")

	for text, want := range map[string]error{
		"SELECT COUNT(*)":    entity.ErrGroups,
		"AS OF '2001-01-01'": node.ErrPast,
	} {
		require.ErrorIs(f, live.Requery(f.ctx, text), want, text)
	}
	var wrong *query.Error
	for _, text := range []string{"yeer = 1", "year =", "year = ?"} {
		require.ErrorAs(f, live.Requery(f.ctx, text), &wrong, text)
	}
	gone, cancel := context.WithCancel(f.ctx)
	cancel()
	require.ErrorIs(f, live.Requery(gone, "year > 1900"), context.Canceled)
	synctest.Wait()
	require.Empty(f, sets)
	require.Equal(f, []string{"E"}, shown(live), "whatever went wrong, it is what it was")
	require.NoError(f, live.Err())
	f.edit(f.prince, id, func(m AlbumMutable) { m.SetArtist("me") })
	expect("updated E")

	live.Close()
	require.ErrorIs(f, live.Requery(f.ctx, ""), node.ErrClosed)
	live.Close()
}

func TestRequery(t *testing.T) {
	cluster(t, func(_ *testing.T, f *fixture) {
		f.decade()
		f.requeries(f.queen)
		require.Zero(f, f.node.Standing())
	})
}

func TestClientsRequery(t *testing.T) {
	cluster(t, func(_ *testing.T, f *fixture) {
		f.decade()
		ada := f.join("ada")
		ada.connect()
		f.requeries(ada.session)
		synctest.Wait()
		require.Zero(f, f.node.Standing(), "the server keeps nothing for it")
	})
}

// pages goes through a list page by page, in place.
func (f *fixture) pages(seen *node.Session) {
	live, err := albums.Query(f.ctx, seen, "ORDER BY year DESC LIMIT 2")
	require.NoError(f, err)
	defer live.Close()
	require.NoError(f, live.Wait(f.ctx))
	first, err := live.Cursor(live.Items().At(0))
	require.NoError(f, err)
	var all []string
	for live.Items().Len() > 0 {
		all = append(all, shown(live)...)
		next, err := live.Last()
		require.NoError(f, err)
		require.NoError(f, live.After(f.ctx, next))
	}
	require.Equal(f, []string{"D", "C", "B", "A"}, all)
	end, err := live.Last()
	require.NoError(f, err)
	require.True(f, end.IsZero())
	require.NoError(f, live.After(f.ctx, first))
	require.Equal(f, []string{"C", "B"}, shown(live))
	f.create(f.prince, Album{Name: "between", Year: 1982})
	require.NoError(f, live.Wait(f.ctx))
	synctest.Wait()
	require.Equal(f, []string{"C", "between"}, shown(live))
	require.NoError(f, live.After(f.ctx, end), "the beginning")
	require.Equal(f, []string{"D", "C"}, shown(live))

	require.NoError(f, live.Requery(f.ctx, "ORDER BY year"))
	var wrong *query.Error
	require.ErrorAs(f, live.After(f.ctx, first), &wrong, "a place in another order")
	nowhere, err := live.Cursor(AlbumView{})
	require.NoError(f, err)
	require.True(f, nowhere.IsZero())
}

func TestPagesInPlace(t *testing.T) {
	cluster(t, func(_ *testing.T, f *fixture) {
		f.decade()
		f.pages(f.queen)
	})
}

func TestClientsPageInPlace(t *testing.T) {
	cluster(t, func(_ *testing.T, f *fixture) {
		f.decade()
		ada := f.join("ada")
		ada.connect()
		f.pages(ada.session)
	})
}

// requeries goes through queries that follow references, and groups.
func (s *staff) requeries(seen, done *node.Session) {
	w := s.watch(seen, "owner.name = 'ada'")
	require.NoError(s, w.live.Wait(s.ctx))
	require.Equal(s, []string{"write"}, w.titles())
	for _, text := range []string{
		"ORDER BY owner.name DESC, title", "hours > 3 ORDER BY owner.boss.name, title", "owner.name IS NULL",
		"ORDER BY owner.name LIMIT 1", "ORDER BY owner.name LIMIT 1 OFFSET 1", "hours < 9",
	} {
		require.NoError(s, w.live.Requery(s.ctx, text))
		require.Equal(s, s.titles(seen, text), w.titles(), text)
		s.rename(done, s.ada, "zoe "+text)
		require.Equal(s, s.titles(seen, text), w.titles(), text)
		if text[0] == 'O' {
			last, err := w.live.Last()
			require.NoError(s, err)
			c, err := tasks.Cursor(s.ctx, seen, w.live.Items().At(w.live.Items().Len()-1), text)
			require.NoError(s, err)
			require.Equal(s, c, last, text)
		}
	}

	counting, rows := s.watchGroups(seen, "SELECT owner.name AS who, SUM(hours) GROUP BY owner.name ORDER BY who")
	require.NoError(s, counting.Wait(s.ctx))
	require.Len(s, rows(), 3)
	require.Equal(s, "who: null, SUM(hours): 8", counting.Items().At(0).String())
	require.NoError(s, counting.Requery(s.ctx, "SELECT owner.name AS who, SUM(hours) WHERE hours > 3 GROUP BY owner.name HAVING SUM(hours) > 5"))
	require.Equal(s, []string{"null 8"}, rows())
	require.NoError(s, counting.Requery(s.ctx, "SELECT owner.name AS who, SUM(hours) WHERE hours < 6 GROUP BY owner.name ORDER BY SUM(hours) DESC LIMIT 1"))
	require.Equal(s, []string{"'grace' 5"}, rows())
	s.assign(done, s.read, s.ada)
	require.Len(s, rows(), 1)
	for text, want := range map[string]error{
		"SELECT owner.name AS who, SUM(hours) GROUP BY owner.name HAVING COUNT(*) > 1": entity.ErrShape,
		"SELECT owner.name AS who, SUM(title) GROUP BY owner.name":                     nil,
		"SELECT owner.name, SUM(hours) GROUP BY owner.name":                            entity.ErrShape,
		"hours > 3": entity.ErrNoGroups,
	} {
		err := counting.Requery(s.ctx, text)
		require.Error(s, err, text)
		if want != nil {
			require.ErrorIs(s, err, want, text)
		}
	}
	_, err := counting.Last()
	require.ErrorIs(s, err, entity.ErrGroups)
	_, err = counting.Cursor(entity.Group{})
	require.ErrorIs(s, err, entity.ErrGroups)
	require.Len(s, rows(), 1)
}

func TestRequeryFollowsReferences(t *testing.T) {
	cluster(t, func(_ *testing.T, f *fixture) {
		s := newStaff(f)
		s.requeries(s.prince, s.prince)
	}, node.Models(personSchema, taskSchema))
}

func TestClientsRequeryFollowsReferences(t *testing.T) {
	cluster(t, func(_ *testing.T, f *fixture) {
		s := newStaff(f)
		ada := f.join("ada", node.Models(personSchema, taskSchema))
		ada.connect()
		s.requeries(ada.session, s.prince)
	}, node.Models(personSchema, taskSchema))
}

// TestTheLastRequeryWins: the one that was called first is done last.
func TestTheLastRequeryWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t)
		f.decade()
		live := f.query("year = 1980")
		defer live.Close()
		hold := make(chan struct{})
		var snapshots atomic.Int32
		f.stage.snapshot = func() error {
			if snapshots.Add(1) == 1 {
				<-hold
			}
			return nil
		}
		first := make(chan error, 1)
		go func() { first <- live.Requery(f.ctx, "year = 1981") }()
		synctest.Wait()
		require.Equal(t, []string{"A"}, shown(live), "until then it is what it was")
		require.NoError(t, live.Requery(f.ctx, "year = 1982"))
		require.Equal(t, []string{"C"}, shown(live))
		close(hold)
		require.ErrorIs(t, <-first, entity.ErrSuperseded)
		require.Equal(t, []string{"C"}, shown(live))
		require.Equal(t, 1, f.node.Standing())
	})
}

// TestClosedWhileItChanges: by its owner, or with the node.
func TestClosedWhileItChanges(t *testing.T) {
	for _, byNode := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f := start(t)
			f.decade()
			live := f.query("year = 1980")
			defer live.Close()
			hold := make(chan struct{})
			f.stage.snapshot = func() error {
				<-hold
				return nil
			}
			changed := make(chan error, 1)
			go func() { changed <- live.Requery(f.ctx, "year = 1981") }()
			synctest.Wait()
			closed := make(chan error, 1)
			go func() {
				if byNode {
					closed <- f.node.Close(f.ctx)
					return
				}
				live.Close()
				closed <- nil
			}()
			synctest.Wait()
			close(hold)
			require.ErrorIs(t, <-changed, node.ErrClosed)
			require.NoError(t, <-closed)
			require.Zero(t, f.node.Standing())
		})
	}
}

// TestClientsRequeryCutOff: without a connection a live query becomes what is held.
func TestClientsRequeryCutOff(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		f.decade()
		ada := f.join("ada")
		ada.connect()
		live := ada.query("year > 1981 ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		feed := listen(f.ctx, live)
		ada.link.Cut()
		synctest.Wait()
		require.Equal(t, entity.Stale, live.State().Phase)
		require.NoError(t, live.Requery(f.ctx, "year < 1983 ORDER BY year"))
		require.Equal(t, entity.Local, live.State().Phase, "there may be more elsewhere")
		require.Equal(t, []string{"C"}, shown(live))
		synctest.Wait()
		require.Equal(t, entity.Local, feed.sets[len(feed.sets)-1].State.Phase)
		ada.link.Mend()
		require.NoError(t, live.Wait(f.ctx))
		synctest.Wait()
		changes, names := feed.last()
		require.Equal(t, []string{"added A", "added B"}, changes)
		require.Equal(t, []string{"A", "B", "C"}, names)
		require.Equal(t, 1, f.node.Standing())
		live.Close()
		<-feed.done

		other, err := albums.Query(f.ctx, ada.session.Local(), "year = 1980")
		require.NoError(t, err)
		defer other.Close()
		require.NoError(t, other.Requery(f.ctx, "year = 1981"), "nobody is asked")
		require.Equal(t, []string{"B"}, shown(other))
	})
}

// TestClientsRequeryUntilTheServerHasAnswered: until then everything is as it was,
// and so it stays if the server refuses, or nobody waits any more.
func TestClientsRequeryUntilTheServerHasAnswered(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		d := ada.desk(f)
		live := ada.query("year > 1981 ORDER BY year")
		feed := listen(f.ctx, live)
		id := func(n byte) event.ID { return event.ID{1: n} }
		row := func(n byte) wire.Row {
			return wire.Row{Row: model.Row{ID: id(n), Head: event.NewHead(id(n))}}
		}
		asked := func() uint64 {
			t.Helper()
			synctest.Wait()
			return (<-d.asked).(*wire.Subscribe).Request
		}
		left := func(request uint64) {
			t.Helper()
			synctest.Wait()
			require.Equal(t, request, (<-d.asked).(*wire.Unsubscribe).Request)
			require.Empty(t, d.asked)
		}
		answer := make(chan error, 1)
		requery := func(ctx context.Context, text string) uint64 {
			t.Helper()
			go func() { answer <- live.Requery(ctx, text) }()
			return asked()
		}
		first := asked()
		second := requery(f.ctx, "year > 1982 ORDER BY year") // while the first is loading
		require.Equal(t, entity.Loading, live.State().Phase)
		d.send(&wire.Rows{Request: second, Reset: true, Rows: []wire.Row{row(1), row(2)}})
		require.NoError(t, <-answer)
		left(first)
		require.Equal(t, entity.Complete, live.State().Phase)
		require.Equal(t, 2, live.Items().Len())
		d.send(&wire.Rows{Request: first, Reset: true, Rows: []wire.Row{row(9)}}) // too late
		synctest.Wait()
		require.Equal(t, 2, live.Items().Len())

		third := requery(f.ctx, "year > 1983")
		d.send(&wire.Rows{Request: second, Rows: []wire.Row{row(3)}})
		synctest.Wait()
		require.Equal(t, 3, live.Items().Len(), "it is kept current")
		require.Equal(t, entity.Complete, live.State().Phase)
		d.send(&wire.Failure{Request: third, Code: wire.CodeTooMany})
		var refused *node.RefusedError
		require.ErrorAs(t, <-answer, &refused)
		require.Equal(t, wire.CodeTooMany, refused.Code)
		third = requery(f.ctx, "year > 1983")
		d.send(&wire.Failure{Request: third, Code: wire.CodeInternal})
		require.ErrorAs(t, <-answer, &refused)
		require.Equal(t, wire.CodeInternal, refused.Code)
		ctx, cancel := context.WithCancel(f.ctx)
		fourth := requery(ctx, "year > 1984")
		cancel()
		require.ErrorIs(t, <-answer, context.Canceled)
		left(fourth)
		d.send(&wire.Rows{Request: second, Departures: []wire.Departure{{ID: id(1), Reason: wire.NoMatch}}})
		synctest.Wait()
		require.Equal(t, 2, live.Items().Len())
		require.NoError(t, live.Err())

		fifth := requery(f.ctx, "year > 1985")
		go func() { answer <- live.Requery(f.ctx, "year > 1986 ORDER BY year DESC") }()
		sixth := asked()
		d.send(&wire.Rows{Request: sixth, Reset: true, Rows: []wire.Row{row(7)}})
		require.NoError(t, <-answer)
		left(second)
		d.send(&wire.Rows{Request: fifth, Reset: true, Rows: []wire.Row{row(8)}})
		require.ErrorIs(t, <-answer, entity.ErrSuperseded)
		left(fifth)
		require.Equal(t, id(7), live.Items().At(0).ID())

		seventh := requery(f.ctx, "")
		live.Close()
		require.ErrorIs(t, <-answer, node.ErrClosed)
		synctest.Wait()
		ended := []uint64{(<-d.asked).(*wire.Unsubscribe).Request, (<-d.asked).(*wire.Unsubscribe).Request}
		require.ElementsMatch(t, []uint64{sixth, seventh}, ended)
		<-feed.done
		for _, set := range feed.sets[2:] {
			for _, c := range set.Changes {
				require.NotEqual(t, entity.Initial, c.Kind)
			}
		}
		require.Equal(t, []event.ID{id(7)}, []event.ID{feed.list[0].ID()})
		require.Len(t, feed.list, 1)
	})
}

// TestClientsEndWhileTheyRequery: whoever waits for the server's answer hears that the
// node is closed; a connection that is lost is as good as none.
func TestClientsEndWhileTheyRequery(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		d := ada.desk(f)
		live := ada.query("year > 1981")
		answer := make(chan error, 1)
		requery := func(text string) {
			synctest.Wait()
			go func() { answer <- live.Requery(f.ctx, text) }()
			synctest.Wait()
			require.Empty(t, answer)
		}
		requery("year > 1982")
		require.NoError(t, d.conn.Close())
		require.NoError(t, <-answer)
		require.Equal(t, entity.Local, live.State().Phase)
		synctest.Wait()
		require.Equal(t, node.Offline, ada.connection.State().Phase)
		require.NoError(t, live.Requery(f.ctx, "year > 1983"), "at once")
		for len(d.asked) > 0 {
			<-d.asked
		}
		require.NoError(t, ada.connection.Wait(f.ctx)) // again, by itself
		synctest.Wait()
		require.Equal(t, "year > 1983", (<-d.asked).(*wire.Subscribe).Query)
		require.Empty(t, d.asked)

		requery("year > 1984")
		require.NoError(t, ada.node.Close(f.ctx))
		require.ErrorIs(t, <-answer, node.ErrClosed)
		require.ErrorIs(t, live.Err(), node.ErrClosed)
		require.ErrorIs(t, live.Requery(f.ctx, ""), node.ErrClosed)
	})
}

// TestRequeriedLivesAgreeWithFetch has writers write while live queries become
// others, on a durable node and on a client, and compares in the end: change sets
// lead to what a fetch finds. seed says how to repeat it.
func TestRequeriedLivesAgreeWithFetch(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { requeried(t, seed) })
		})
	}
}

func requeried(t *testing.T, seed uint64) {
	f := start(t)
	rng := rand.New(rand.NewPCG(seed, 20))
	f.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
		<-time.After(100 * time.Microsecond)
		return next()
	}
	ada := f.join("ada")
	ada.link.delay = func() time.Duration { return 300 * time.Microsecond }
	ada.connect()
	draw := func(rng *rand.Rand) string {
		return []string{
			"", "year > 1950", "year = 1910", "artist = '1' OR year < 1920", "name IN ('1', '2') OR artist = '2'", "year < 1900",
		}[rng.IntN(6)] + []string{"", " ORDER BY year", " ORDER BY artist DESC, name", " ORDER BY year DESC, name"}[rng.IntN(4)] +
			[]string{"", "", " LIMIT 5", " LIMIT 3 OFFSET 2", " OFFSET 4"}[rng.IntN(5)]
	}
	var wg sync.WaitGroup
	for w := range 4 {
		rng := rand.New(rand.NewPCG(seed, uint64(w)))
		wg.Go(func() { f.write(rng, 40) })
	}
	type changing struct {
		text string
		live *entity.Live[AlbumView]
		feed *feed
	}
	var all []*changing
	for i := range 8 {
		session := f.queen
		if i%2 == 0 {
			session = ada.session
		}
		c := &changing{text: draw(rng)}
		var err error
		c.live, err = albums.Query(f.ctx, session, c.text)
		require.NoError(t, err)
		defer c.live.Close()
		c.feed = listen(f.ctx, c.live)
		all = append(all, c)
		rng := rand.New(rand.NewPCG(seed, uint64(100+i)))
		wg.Go(func() {
			for range 12 {
				<-time.After(time.Duration(rng.IntN(1500)) * time.Microsecond)
				text := draw(rng)
				if err := c.live.Requery(f.ctx, text); err != nil {
					t.Errorf("seed %d: %q: %v", seed, text, err)
				}
				c.text = text
			}
		})
	}
	wg.Wait()
	<-time.After(time.Second)
	synctest.Wait()
	for _, c := range all {
		want, err := albums.Collect(f.ctx, f.queen, c.text)
		require.NoError(t, err)
		require.Equal(t, lines(want), lines(c.live.Items().Slice()), "%q, seed %d", c.text, seed)
		c.feed.mu.Lock()
		require.Equal(t, lines(want), lines(c.feed.list), "%q, seed %d", c.text, seed)
		for i, set := range c.feed.sets[1:] {
			for _, change := range set.Changes {
				require.NotEqual(t, entity.Initial, change.Kind, "set %d, seed %d", i+1, seed)
			}
		}
		c.feed.mu.Unlock()
	}
}

// write makes random commits, one after the other.
func (f *fixture) write(rng *rand.Rand, commits int) {
	var mine []event.ID
	for range commits {
		if len(mine) < 3 || rng.IntN(4) == 0 {
			mine = append(mine, f.create(f.prince, Album{Name: fmt.Sprint(rng.IntN(5)), Year: 1900 + rng.IntN(100)}))
			continue
		}
		f.edit(f.prince, mine[rng.IntN(len(mine))], func(m AlbumMutable) {
			m.SetYear(1900 + rng.IntN(100))
			m.SetArtist(fmt.Sprint(rng.IntN(3)))
		})
	}
}
