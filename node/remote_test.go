package node_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
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
	"github.com/ankgo/ank/signal"
	"github.com/ankgo/ank/storage"
)

// told collects change sets as text.
func told(c *guest, live *entity.Live[AlbumView]) func() []string {
	var list []string
	go func() {
		for set := range live.Changes(c.ctx) {
			for _, ch := range set.Changes {
				text := fmt.Sprintf("%v %s %d->%d", ch.Kind, ch.Item.Name(), ch.OldIndex, ch.Index)
				if ch.Kind == entity.Removed {
					text += " " + ch.Reason.String()
				}
				if ch.Kind == entity.Updated && len(ch.Before.Pending()) > 0 && len(ch.Item.Pending()) == 0 && len(ch.Fields) == 0 {
					text += " accepted"
				}
				list = append(list, text)
			}
			if len(set.Changes) == 0 {
				list = append(list, set.State.Phase.String())
			}
		}
	}()
	return func() []string {
		synctest.Wait()
		got := list
		list = nil
		return got
	}
}

// rowsOnly leaves out what was told of the state: whether a set that changes rows says it
// too, or one after it, is a matter of time.
func rowsOnly(told []string) []string {
	return slices.DeleteFunc(told, func(line string) bool { return !strings.Contains(line, "->") })
}

func TestConfirmationChangesNothingButWhatIsPending(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		live := ada.query("year > 1980 ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		changes := told(ada, live)
		require.Equal(t, []string{"complete"}, changes())
		id, r := ada.create(Album{Name: "Parade", Year: 1986})
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		require.Equal(t, []string{"added Parade -1->0", "updated Parade 0->0 accepted"}, changes())
		r = ada.edit(id, func(m AlbumMutable) { m.SetName("Parade!") })
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		require.Equal(t, []string{"updated Parade! 0->0", "updated Parade! 0->0 accepted"}, changes())
		r = ada.edit(id, func(m AlbumMutable) { m.SetYear(1970) })
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		require.Equal(t, []string{"removed Parade! 0->-1 no longer matches"}, changes())
		r = ada.edit(id, func(m AlbumMutable) { m.SetYear(1990) })
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		require.Equal(t, []string{"added Parade! -1->0", "updated Parade! 0->0 accepted"}, changes())
		tx := ada.session.Begin()
		require.NoError(t, albums.Delete(f.ctx, tx, id))
		r, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		require.Equal(t, []string{"removed Parade! 0->-1 deleted"}, changes())

		// What was made offline does not come again.
		ada.link.Cut()
		require.Equal(t, []string{"stale"}, changes())
		_, r = ada.create(Album{Name: "Batman", Year: 1989})
		require.Equal(t, []string{"added Batman -1->0"}, changes())
		ada.link.Mend()
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		require.NoError(t, live.Wait(f.ctx))
		got := rowsOnly(changes())
		require.Equal(t, []string{"updated Batman 0->0 accepted"}, got)
	})
}

func TestWhatOthersDoIsToldWithItsReason(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		var ids []event.ID
		for i := range 4 {
			ids = append(ids, f.create(f.prince, Album{Name: fmt.Sprint(i), Year: 1990 + i}))
		}
		ada := f.join("ada")
		ada.connect()
		live := ada.query("year > 1980 ORDER BY year LIMIT 2")
		require.NoError(t, live.Wait(f.ctx))
		changes := told(ada, live)
		require.Equal(t, []string{"initial 0 -1->0", "initial 1 -1->1"}, changes())
		f.edit(f.prince, ids[0], func(m AlbumMutable) { m.SetYear(1900) })
		require.Equal(t, []string{"removed 0 0->-1 no longer matches", "added 2 -1->1"}, changes())
		tx := f.prince.Begin()
		require.NoError(t, albums.Delete(f.ctx, tx, ids[1]))
		_, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"removed 1 0->-1 deleted", "added 3 -1->1"}, changes())
		f.edit(f.prince, ids[0], func(m AlbumMutable) { m.SetYear(1985) })
		require.Equal(t, []string{"removed 3 1->-1 " + entity.Limit.String(), "added 0 -1->0"}, changes())
		_, err = albums.Get(f.ctx, ada.session.Local(), ids[1])
		require.ErrorIs(t, err, entity.ErrDeleted, "the last state came too")
	})
}

func TestPendingChangesLeaveAWindowFull(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		var ids []event.ID
		for i := range 30 {
			ids = append(ids, f.create(f.prince, Album{Name: fmt.Sprint(i), Year: 1900 + i}))
		}
		ada := f.join("ada")
		ada.connect()
		live, page := ada.query("ORDER BY year LIMIT 3"), ada.query("ORDER BY year LIMIT 3 OFFSET 2")
		require.NoError(t, live.Wait(f.ctx))
		require.NoError(t, page.Wait(f.ctx))
		ada.link.Cut()
		synctest.Wait()
		tx := ada.session.Begin()
		require.NoError(t, albums.Delete(f.ctx, tx, ids[0]))
		require.NoError(t, albums.Delete(f.ctx, tx, ids[2]))
		_, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, []string{"1", "3", "4"}, shown(live))
		require.Equal(t, []string{"4", "5", "6"}, shown(page))
		ada.edit(ids[1], func(m AlbumMutable) { m.SetYear(2000) })
		require.Equal(t, []string{"3", "4", "5"}, shown(live), "what comes after the last known row has no place")
		ada.create(Album{Name: "new", Year: 1880})
		require.Equal(t, []string{"new", "3", "4"}, shown(live))
		require.Equal(t, []string{"4", "5", "6"}, shown(page))
		ada.link.Mend()
		require.NoError(t, live.Wait(f.ctx))
		require.NoError(t, page.Wait(f.ctx))
		for _, entry := range ada.ledger() {
			ada.outcome(entry.Receipt())
		}
		synctest.Wait()
		require.Equal(t, f.names(f.prince, "ORDER BY year LIMIT 3"), shown(live))
		require.Equal(t, f.names(f.prince, "ORDER BY year LIMIT 3 OFFSET 2"), shown(page))
	})
}

func TestConcurrentEditsConverge(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Artist: "Prince", Year: 1986})
		ada, bob := f.join("ada"), f.join("bob")
		var lives []*entity.Live[AlbumView]
		for _, c := range []*guest{ada, bob} {
			c.connect()
			live := c.query("")
			require.NoError(t, live.Wait(f.ctx))
			lives = append(lives, live)
			c.link.Cut()
			synctest.Wait()
		}
		ada.edit(id, func(m AlbumMutable) { m.SetName("ada's"); m.SetYear(1987) })
		ada.edit(id, func(m AlbumMutable) { m.SetYear(1988) })
		<-time.After(time.Second) // within one millisecond chance decides
		bob.edit(id, func(m AlbumMutable) { m.SetName("bob's"); m.SetArtist("Bob") })
		<-time.After(time.Second)
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetArtist("The Artist") })
		bob.link.Mend()
		require.NoError(t, lives[1].Wait(f.ctx))
		ada.link.Mend()
		require.NoError(t, lives[0].Wait(f.ctx))
		for _, c := range []*guest{ada, bob} {
			for _, entry := range c.ledger() {
				require.Equal(t, node.Accepted, ada.either(bob, entry).Status)
			}
		}
		synctest.Wait()
		v, err := albums.Get(f.ctx, f.prince, id)
		require.NoError(t, err)
		require.Equal(t, "bob's", v.Name(), "the last writer")
		require.Equal(t, "The Artist", v.Artist())
		require.Equal(t, 1988, v.Year())
		for _, live := range lives {
			require.Equal(t, describe(v), describe(live.Items().At(0)))
		}
	})
}

// either asks the client that has the entry.
func (c *guest) either(other *guest, entry node.LedgerEntry) node.Receipt {
	if entry.Principal == other.name {
		return other.outcome(entry.Receipt())
	}
	return c.outcome(entry.Receipt())
}

func TestReadingThroughAClient(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Artist: "Prince", Year: 1986})
		gone := f.create(f.prince, Album{Name: "Gone", Year: 1980})
		tx := f.prince.Begin()
		require.NoError(t, albums.Delete(f.ctx, tx, gone))
		_, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		ada := f.join("ada")
		for _, read := range []func() error{
			func() error { _, err := albums.Get(f.ctx, ada.session, id); return err },
			func() error { _, err := albums.Collect(f.ctx, ada.session, ""); return err },
			func() error { _, err := albums.Count(f.ctx, ada.session, ""); return err },
			func() error { _, err := albums.Edit(f.ctx, ada.session.Begin(), id); return err },
			func() error {
				for _, err := range albums.History(f.ctx, ada.session, id) {
					return err
				}
				return nil
			},
		} {
			require.ErrorIs(t, read(), node.ErrOffline)
		}
		ada.connect()
		v, err := albums.Get(f.ctx, ada.session, id)
		require.NoError(t, err)
		require.Equal(t, "Parade", v.Name())
		v, err = albums.Get(f.ctx, ada.session, gone)
		require.ErrorIs(t, err, entity.ErrDeleted)
		require.Equal(t, "Gone", v.Name())
		_, err = albums.Get(f.ctx, ada.session, event.ID{9})
		require.ErrorIs(t, err, entity.ErrNotFound)
		_, err = albums.Get(f.ctx, ada.session.Local(), id)
		require.ErrorIs(t, err, entity.ErrNotFound, "what was looked at is not held")

		// An edit is held, with what it was made on.
		r := ada.edit(id, func(m AlbumMutable) { m.SetYear(1987) })
		ada.outcome(r)
		ada.link.Cut()
		synctest.Wait()
		ada.edit(id, func(m AlbumMutable) { m.SetYear(1988) })
		v, err = albums.Get(f.ctx, ada.session.Local(), id)
		require.NoError(t, err)
		require.Equal(t, "Parade", v.Name())
		require.Equal(t, 1988, v.Year())
		ada.link.Mend()
		require.NoError(t, ada.connection.Wait(f.ctx))
		synctest.Wait()

		var years []int
		var authors []string
		for version, err := range albums.History(f.ctx, ada.session, id) {
			require.NoError(t, err)
			years = append(years, version.View.Year())
			authors = append(authors, version.Author)
		}
		require.Equal(t, []int{1986, 1987, 1988}, years)
		require.Equal(t, []string{"prince", "ada", "ada"}, authors)
		_, err = albums.Get(f.ctx, ada.session.AsKnown(event.Cursor{}), id)
		require.ErrorIs(t, err, node.ErrEphemeral)
		n, err := albums.Count(f.ctx, ada.session, "year > 1980")
		require.NoError(t, err)
		require.Equal(t, 1, n)
	})
}

// TestWhatWasReadIsSeen: what is written after something was read sorts after it.
func TestWhatWasReadIsSeen(t *testing.T) {
	for name, read := range map[string]func(ada *guest, id event.ID) error{
		"get": func(ada *guest, id event.ID) error {
			_, err := albums.Get(ada.ctx, ada.session, id)
			return err
		},
		"fetch": func(ada *guest, _ event.ID) error {
			_, err := albums.Collect(ada.ctx, ada.session, "")
			return err
		},
		"history": func(ada *guest, id event.ID) error {
			for _, err := range albums.History(ada.ctx, ada.session, id) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				ada := f.join("ada")
				ada.connect()
				bob := f.join("bob", node.Now(func() time.Time { return time.Now().Add(time.Minute) }))
				theirs, r := bob.create(Album{Name: "from the future", Year: 1990})
				bob.connect()
				require.Equal(t, node.Accepted, bob.outcome(r).Status)
				require.NoError(t, read(ada, theirs))
				mine, _ := ada.create(Album{Name: "mine", Year: 1990})
				require.True(t, theirs.Less(mine))
			})
		})
	}
}

// TestALiveQueryOutlivesAFailureOfItsServer: it is asked for again.
func TestALiveQueryOutlivesAFailureOfItsServer(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		f.create(f.prince, Album{Name: "Parade", Year: 1986})
		ada := f.join("ada")
		ada.connect()
		var failing atomic.Bool
		f.stage.snapshot = func() error {
			if failing.Load() {
				return errUnreadable
			}
			return nil
		}
		f.alarm.expected.Store(true)
		failing.Store(true)
		live := ada.query("")
		<-time.After(time.Minute)
		require.Equal(t, entity.Local, live.State().Phase)
		failing.Store(false)
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, []string{"Parade"}, shown(live))
	})
}

// TestReadsShowOnesOwnWork: also what is accepted between the peer's reading and
// its answer.
func TestReadsShowOnesOwnWork(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "before", Year: 1990})
		row := wire.Row{Row: *f.get(id).Row()}
		ada := f.join("ada")
		link, servers := f.mute()
		c, err := ada.node.Connect(link.Dial)
		require.NoError(t, err)
		server := <-servers
		require.NoError(t, c.Wait(f.ctx))
		answer := func(m wire.Message) {
			switch m := m.(type) {
			case *wire.Get:
				server.send(&wire.Rows{Request: m.Request, Reset: true, Rows: []wire.Row{row}})
			case *wire.History:
				server.send(&wire.Events{Request: m.Request})
			case *wire.Commit:
				server.send(&wire.Receipt{Request: m.Request, Tx: m.Tx.ID, Origin: f.node.Origin(), Seq: 2})
			}
		}
		go func() { answer(server.hear()) }()
		ada.edit(id, func(m AlbumMutable) { m.SetName("after") })
		commit := server.hear()
		got := make(chan string, 1)
		go func() {
			v, err := albums.Get(f.ctx, ada.session, id)
			if err != nil {
				t.Error(err)
			}
			got <- v.Name()
		}()
		versions := make(chan int, 1)
		go func() {
			n := 0
			for range albums.History(f.ctx, ada.session, id) {
				n++
			}
			versions <- n
		}()
		synctest.Wait()
		questions := []wire.Message{server.hear(), server.hear()}
		answer(commit)
		synctest.Wait()
		answer(questions[0])
		answer(questions[1])
		require.Equal(t, "after", <-got)
		require.Equal(t, 1, <-versions)
		require.NoError(t, c.Close(f.ctx))
	})
}

func TestFetchPutsPendingChangesOnTop(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		var ids []event.ID
		for i := range 6 {
			ids = append(ids, f.create(f.prince, Album{Name: fmt.Sprint(i), Year: 1900 + i}))
		}
		ada := f.join("ada")
		ada.connect()
		hold := make(chan struct{})
		f.stage.commit = holding(hold)
		ada.edit(ids[1], func(m AlbumMutable) { m.SetYear(2000) })
		ada.edit(ids[2], func(m AlbumMutable) { m.SetName("two") })
		synctest.Wait()
		require.Equal(t, []string{"0", "two", "3", "4", "5", "1"}, f.names(ada.session, "ORDER BY year"))
		require.Equal(t, []string{"two", "3"}, f.names(ada.session, "ORDER BY year LIMIT 2 OFFSET 1"))
		v, err := albums.Get(f.ctx, ada.session, ids[2])
		require.NoError(t, err)
		require.Equal(t, "two", v.Name())
		tx := ada.session.Begin()
		require.Equal(t, []string{"1"}, f.names(tx, "year = 2000"))
		close(hold)
		synctest.Wait()
		require.Equal(t, []string{"0", "two", "3", "4", "5", "1"}, f.names(f.prince, "ORDER BY year"))
	})
}

// TestFetchSeesTransactionsWhole though one of their entities has a pending change: that is
// put on what the server says, not on what was held.
func TestFetchSeesTransactionsWhole(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		one := f.create(f.prince, Album{Name: "one", Year: 1900})
		two := f.create(f.prince, Album{Name: "two", Year: 1900})
		ada := f.join("ada")
		slow := time.Duration(0)
		ada.link.delay = func() time.Duration { return slow }
		ada.connect()
		live := ada.query("ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		slow = 10 * time.Second
		ada.edit(one, func(m AlbumMutable) { m.SetName("uno") })
		time.AfterFunc(5*time.Second, func() {
			tx := f.prince.Begin()
			for _, id := range []event.ID{one, two} {
				m, err := albums.Edit(f.ctx, tx, id)
				require.NoError(t, err)
				m.SetYear(2000)
			}
			_, err := tx.Commit(f.ctx)
			require.NoError(t, err)
		})
		list, err := albums.Collect(f.ctx, ada.session, "ORDER BY name")
		require.NoError(t, err)
		require.Len(t, list, 2)
		require.Equal(t, []string{"two", "uno"}, []string{list[0].Name(), list[1].Name()})
		require.Equal(t, []int{2000, 2000}, []int{list[0].Year(), list[1].Year()})
		require.Equal(t, []string{"two", "uno"}, f.names(ada.session, "year = 2000 ORDER BY name LIMIT 2"))
	})
}

// TestChangeSetsTellTheStateThatTheyLeadTo however late they are taken.
func TestChangeSetsTellTheStateThatTheyLeadTo(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		one := f.create(f.prince, Album{Name: "one", Year: 1900})
		f.create(f.prince, Album{Name: "two", Year: 1900})
		ada := f.join("ada")
		ada.connect()
		hold := make(chan struct{})
		f.stage.commit = holding(hold)
		defer close(hold)
		ada.edit(one, func(m AlbumMutable) { m.SetYear(1901) })
		ada.link.Cut()
		synctest.Wait()
		live := ada.query("")
		next, stop := iter.Pull(live.Changes(f.ctx))
		defer stop()
		set, ok := next()
		require.True(t, ok)
		require.Len(t, set.Changes, 1)

		ada.edit(one, func(m AlbumMutable) { m.SetYear(1902) })
		ada.link.Mend()
		require.NoError(t, live.Wait(f.ctx))
		for n := len(set.Changes); set.State.Phase != entity.Complete; {
			set, ok = next()
			require.True(t, ok)
			for _, c := range set.Changes {
				if c.Kind == entity.Added {
					n++
				}
			}
			require.Equal(t, set.State.Phase == entity.Complete, n == 2, set.State)
		}
	})
}

// TestPendingChangesStandOnTheNewestOfTheirBases when two of an entity were made on what
// the server said at different times; also after a restart.
func TestPendingChangesStandOnTheNewestOfTheirBases(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		one := f.create(f.prince, Album{Name: "one", Year: 1900})
		ada := f.join("ada")
		ada.connect()
		first := ada.session.Begin()
		m, err := albums.Edit(f.ctx, first, one)
		require.NoError(t, err)
		m.SetName("uno")
		f.edit(f.prince, one, func(m AlbumMutable) { m.SetYear(2000) })
		second := ada.session.Begin()
		m, err = albums.Edit(f.ctx, second, one)
		require.NoError(t, err)
		m.SetArtist("ada")

		hold := make(chan struct{})
		defer close(hold)
		f.stage.commit = holding(hold)
		for _, tx := range []*node.Tx{first, second} {
			_, err = tx.Commit(f.ctx)
			require.NoError(t, err)
		}
		check := func() {
			v, err := albums.Get(f.ctx, ada.session.Local(), one)
			require.NoError(t, err)
			require.Equal(t, []any{"uno", "ada", 2000}, []any{v.Name(), v.Artist(), v.Year()})
			require.Len(t, v.Pending(), 2)
		}
		check()
		ada.link.Cut()
		ada.restart()
		check()
	})
}

// TestLiveQueriesShowPendingChangesOnTheirOwnResult although another one has heard already
// of what else has changed: each shows transactions whole.
func TestLiveQueriesShowPendingChangesOnTheirOwnResult(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		one := f.create(f.prince, Album{Name: "one", Year: 1900})
		two := f.create(f.prince, Album{Name: "two", Year: 1900})
		ada := f.join("ada")
		slow := time.Duration(0)
		ada.link.delay = func() time.Duration { return slow }
		ada.connect()
		for _, text := range []string{"", "ORDER BY name"} {
			live := ada.query(text)
			require.NoError(t, live.Wait(f.ctx))
			go func() {
				years := make(map[event.ID]int)
				for set := range live.Changes(f.ctx) {
					for _, c := range set.Changes {
						years[c.Item.ID()] = c.Item.Year()
					}
					if years[one] != years[two] {
						t.Errorf("%q: half a transaction: %v", text, years)
					}
				}
			}()
		}
		slow = time.Second // each message takes a second more
		ada.edit(one, func(m AlbumMutable) { m.SetName("uno") })
		tx := f.prince.Begin()
		for _, id := range []event.ID{one, two} {
			m, err := albums.Edit(f.ctx, tx, id)
			require.NoError(t, err)
			m.SetYear(2000)
		}
		_, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		<-time.After(time.Minute)
	})
}

func TestWhatMayNotBeReadFails(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada, queen := f.join("ada"), f.join("queen")
		ada.connect()
		queen.connect()
		live, err := notes.Query(f.ctx, ada.session, "")
		require.NoError(t, err)
		require.ErrorIs(t, live.Wait(f.ctx), node.ErrDenied)
		require.Equal(t, entity.Failed, live.State().Phase)
		require.ErrorIs(t, live.Err(), node.ErrDenied)
		_, err = notes.Collect(f.ctx, ada.session, "")
		require.ErrorIs(t, err, node.ErrDenied)

		// Writing blindly is another matter.
		tx := ada.session.Begin()
		m, err := notes.Create(tx, Note{Text: "for the queen"})
		require.NoError(t, err)
		r, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		v, err := notes.Get(f.ctx, queen.session, m.ID())
		require.NoError(t, err)
		require.Equal(t, "for the queen", v.Text())
		require.Equal(t, node.Connected, ada.connection.State().Phase)
	}, node.WithPolicy(secretive{}))
}

func TestSignalsOfAClient(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		live := ada.query("ORDER BY year")
		var sizes []int
		effect := signal.NewEffect(ada.node.Signals(), func(t *signal.Tracker) int {
			return live.Signal().Get(t).Len()
		}, func(n int) { sizes = append(sizes, n) })
		defer effect.Close()
		f.create(f.prince, Album{Name: "Parade", Year: 1986})
		synctest.Wait()
		ada.create(Album{Name: "Batman", Year: 1989})
		synctest.Wait()
		require.Equal(t, 2, sizes[len(sizes)-1])
		require.IsIncreasing(t, sizes)
	})
}

func TestALocalQueryAsksNobody(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		local, err := albums.Query(f.ctx, ada.session.Local(), "ORDER BY year")
		require.NoError(t, err)
		defer local.Close()
		f.create(f.prince, Album{Name: "Parade", Year: 1986})
		_, r := ada.create(Album{Name: "Batman", Year: 1989})
		ada.outcome(r)
		synctest.Wait()
		require.Equal(t, []string{"Batman"}, shown(local))
		require.Equal(t, entity.Local, local.State().Phase)
		require.NoError(t, ada.query("year < 1987").Wait(f.ctx))
		require.Equal(t, []string{"Parade", "Batman"}, shown(local), "what another query brought")
		ada.link.Cut()
		synctest.Wait()
		ada.link.Mend()
		<-time.After(time.Second)
		require.Equal(t, node.Connected, ada.connection.State().Phase)
		require.Equal(t, entity.Local, local.State().Phase)
	})
}

func TestResultsThatAreHeldAreNotSentAgain(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		for i := range 100 {
			f.create(f.prince, Album{Name: fmt.Sprint(i), Year: 1900 + i})
		}
		ada := f.join("ada")
		ada.connect()
		live := ada.query("ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		before := ada.link.bytes.Load()
		require.Greater(t, before, int64(3000))
		ada.link.Cut()
		synctest.Wait()
		ada.link.Mend()
		require.NoError(t, live.Wait(f.ctx))
		require.Less(t, ada.link.bytes.Load()-before, int64(1000))

		// Nor after a restart.
		live.Close()
		ada.restart()
		before = ada.link.bytes.Load()
		live = ada.query("ORDER BY year")
		ada.connect()
		require.NoError(t, live.Wait(f.ctx))
		require.Less(t, ada.link.bytes.Load()-before, int64(1000))
		require.Len(t, shown(live), 100)
	})
}

func TestPendingChangesShowOnWhatOthersDidSince(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Artist: "Prince", Year: 1986})
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		ada.link.Cut()
		synctest.Wait()
		ada.edit(id, func(m AlbumMutable) { m.SetName("mine") })
		ada.edit(id, func(m AlbumMutable) { m.SetArtist("mine") })
		<-time.After(time.Second)
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(1999) })
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(2000) })
		hold := make(chan struct{})
		f.stage.commit = holding(hold)
		ada.link.Mend()
		require.NoError(t, live.Wait(f.ctx))
		v := live.Items().At(0)
		require.Equal(t, 2000, v.Year())
		require.Equal(t, "mine", v.Name())
		require.Equal(t, "mine", v.Artist())
		close(hold)
		synctest.Wait()
		require.Len(t, f.names(f.prince, "name = 'mine' AND artist = 'mine' AND year = 2000"), 1)
	})
}

func TestPendingChangesOnWhatWasAcceptedUnheard(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		f.stage.commit = func(_ context.Context, _ *storage.Batch, next func() error) error {
			ada.link.Cut()
			return next()
		}
		id, _ := ada.create(Album{Name: "Parade", Year: 1986})
		synctest.Wait()
		f.stage.commit = nil
		ada.edit(id, func(m AlbumMutable) { m.SetName("mine") })
		<-time.After(time.Second)
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(1999) })
		hold := make(chan struct{})
		f.stage.commit = holding(hold)
		bob := f.join("bob")
		bob.create(Album{Name: "Batman", Year: 1989})
		bob.connect() // its commit holds up the others
		synctest.Wait()
		ada.link.Mend()
		require.NoError(t, live.Wait(f.ctx))
		synctest.Wait()
		v, err := albums.Get(f.ctx, ada.session.Local(), id)
		require.NoError(t, err)
		require.Equal(t, "mine", v.Name())
		require.Equal(t, 1999, v.Year())
		close(hold)
		synctest.Wait()
		require.Len(t, f.names(f.prince, "name = 'mine' AND year = 1999"), 1)
	})
}

func TestAnOldForkDoesNotSetTheStoreBack(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Artist: "Prince", Year: 1986})
		ada, bob := f.join("ada"), f.join("bob")
		for _, c := range []*guest{ada, bob} {
			c.connect()
			require.NoError(t, c.query("").Wait(f.ctx))
		}
		bob.link.Cut()
		synctest.Wait()
		bob.edit(id, func(m AlbumMutable) { m.SetArtist("Bob") })
		<-time.After(time.Second)
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(1987) })
		synctest.Wait()
		tx := ada.session.Begin()
		m, err := albums.Edit(f.ctx, tx, id)
		require.NoError(t, err)
		bob.link.Mend() // what it wrote is older, and comes later
		bob.outcome(bob.ledger()[0].Receipt())
		synctest.Wait()
		ada.link.Cut()
		synctest.Wait()
		m.SetName("mine")
		_, err = tx.Commit(f.ctx)
		require.NoError(t, err)
		v, err := albums.Get(f.ctx, ada.session.Local(), id)
		require.NoError(t, err)
		require.Equal(t, "Bob", v.Artist())
		require.Equal(t, 1987, v.Year())
		require.Equal(t, "mine", v.Name())
	})
}

func TestAWindowShowsWhatIsKnownOfItOnly(t *testing.T) {
	const known = 1 + 8 // rows that are asked for with LIMIT 1
	for name, create := range map[string]func(ada *guest, live *entity.Live[AlbumView]){
		"made in a complete result": func(ada *guest, _ *entity.Live[AlbumView]) {
			_, r := ada.create(Album{Name: "far", Year: 3000})
			ada.outcome(r)
			ada.link.Cut()
		},
		"made offline": func(ada *guest, _ *entity.Live[AlbumView]) {
			ada.link.Cut()
			synctest.Wait()
			ada.create(Album{Name: "far", Year: 3000})
		},
		"moved there": func(ada *guest, live *entity.Live[AlbumView]) {
			ada.link.Cut()
			synctest.Wait()
			ada.edit(live.Items().At(0).ID(), func(m AlbumMutable) { m.SetYear(3000) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				var ids []event.ID
				for i := range 3 * known {
					ids = append(ids, f.create(f.prince, Album{Name: fmt.Sprint(i), Year: 1900 + i}))
				}
				ada := f.join("ada")
				ada.connect()
				live := ada.query("ORDER BY year LIMIT 1")
				require.NoError(t, live.Wait(f.ctx))
				create(ada, live)
				synctest.Wait()
				for _, id := range ids[:known] {
					tx := ada.session.Begin()
					require.NoError(t, albums.Delete(f.ctx, tx, id))
					_, err := tx.Commit(f.ctx)
					require.NoError(t, err)
				}
				require.Empty(t, shown(live), "who comes next is not known")
				ada.link.Mend()
				require.NoError(t, live.Wait(f.ctx))
				<-time.After(time.Minute)
				synctest.Wait()
				require.Equal(t, f.names(f.prince, "ORDER BY year LIMIT 1"), shown(live))
			})
		})
	}
}

func TestAResultThatWentAstrayIsAskedForAgain(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		for i := range 20 {
			f.create(f.prince, Album{Name: fmt.Sprint(i), Year: 1900 + i})
		}
		ada := f.join("ada")
		ada.connect()
		live := ada.query("ORDER BY year LIMIT 1")
		require.NoError(t, live.Wait(f.ctx))
		require.NoError(t, ada.connection.Close(f.ctx))
		_, r := ada.create(Album{Name: "far", Year: 3000})

		d := ada.desk(f)
		asked := (<-d.asked).(*wire.Subscribe)
		require.Equal(t, uint64(9), asked.Held)
		d.accept(d.delivered()[r.Transaction])
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		d.send(&wire.Summary{Request: asked.Request, Count: asked.Held, Digest: asked.Digest})
		synctest.Wait()
		require.Equal(t, entity.Complete, live.State().Phase, "nobody said what it is now")

		// Once more, and the server says what it wrote.
		require.NoError(t, ada.connection.Close(f.ctx))
		_, r = ada.create(Album{Name: "before", Year: 1890})
		d = ada.desk(f)
		asked = (<-d.asked).(*wire.Subscribe)
		m := d.delivered()[r.Transaction]
		created := m.Tx.Events[0]
		var values model.TupleBuilder
		values.Set("year", model.OfInt(1890).AppendTo(nil))
		d.send(&wire.Rows{Request: m.Request, Rows: []wire.Row{{Row: model.Row{
			ID: created.ID, Head: event.NewHead(created.ID), Values: values.Tuple(),
		}}}})
		d.accept(m)
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		d.send(&wire.Summary{Request: asked.Request, Count: asked.Held, Digest: asked.Digest})
		compare := (<-d.asked).(*wire.Compare)
		require.Equal(t, asked.Request, compare.Request)
		require.Len(t, compare.Buckets, 10/4)
		require.Equal(t, entity.Stale, live.State().Phase)
		require.Zero(t, ada.connection.ResumeStats().Mismatched, "that is nobody's fault")
		require.NoError(t, ada.connection.Close(f.ctx))
	})
}

func TestWhatIsShownIsEditedWithoutAsking(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		ada := f.join("ada")
		ada.connect()
		require.NoError(t, ada.query("").Wait(f.ctx))
		before := ada.link.bytes.Load()
		tx := ada.session.Begin()
		m, err := albums.Edit(f.ctx, tx, id)
		require.NoError(t, err)
		require.Equal(t, before, ada.link.bytes.Load())
		f.edit(f.prince, id, func(m AlbumMutable) { m.SetYear(1987) })
		synctest.Wait()
		m.SetName("mine")
		r, err := tx.Commit(f.ctx)
		require.NoError(t, err)
		require.Equal(t, node.Accepted, ada.outcome(r).Status)
		require.Equal(t, []string{"mine"}, f.names(f.prince, "year = 1987"))
	})
}

// TestAServerThatFailsIsAskedLessAndLessOften, and again and again: no live query is given
// up for a failure of the server's.
func TestAServerThatFailsIsAskedLessAndLessOften(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		f.alarm.expected.Store(true)
		ada := f.join("ada")
		var mu sync.Mutex
		var asked []time.Time
		broken := false
		f.stage.snapshot = func() error {
			mu.Lock()
			defer mu.Unlock()
			if !broken {
				return nil
			}
			asked = append(asked, time.Now())
			return errors.New("the disk is away")
		}
		ada.connect()
		synctest.Wait()
		mu.Lock()
		broken = true
		mu.Unlock()
		live := ada.query("ORDER BY year")
		<-time.After(10 * time.Minute)
		mu.Lock()
		broken = false
		require.Greater(t, len(asked), 20)
		require.Less(t, len(asked), 60)
		for i := range len(asked) - 1 {
			wait := asked[i+1].Sub(asked[i])
			require.LessOrEqual(t, wait, 30*time.Second)
			require.GreaterOrEqual(t, wait, min(time.Second<<min(i, 20), 15*time.Second), "wait %d", i)
		}
		mu.Unlock()
		require.ErrorContains(t, live.State().Err, "internal")
		require.NoError(t, live.Wait(f.ctx))
	})
}
