package node_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
	"github.com/ankgo/ank/storage"
)

// fill commits albums in few transactions, of the years from 1900 on.
func (f *fixture) fill(n int) (ids []event.ID) {
	f.Helper()
	for len(ids) < n {
		tx := f.prince.Begin()
		for range min(n-len(ids), 500) {
			m, err := albums.Create(tx, Album{Name: fmt.Sprintf("album %d", len(ids)), Artist: "Prince", Year: 1900 + len(ids)})
			require.NoError(f, err)
			ids = append(ids, m.ID())
		}
		_, err := tx.Commit(f.ctx)
		require.NoError(f, err)
	}
	return ids
}

// recordOf is an album as a store has it.
func recordOf(v AlbumView) *storage.Record {
	row := *v.Row()
	return &storage.Record{Collection: "albums", Row: row, Stamp: row.Head.Stamp()}
}

func (f *fixture) delete(id event.ID) {
	f.Helper()
	tx := f.prince.Begin()
	require.NoError(f, albums.Delete(f.ctx, tx, id))
	_, err := tx.Commit(f.ctx)
	require.NoError(f, err)
}

// away cuts a client off while something happens, and returns how many bytes its
// coming back took at both ends.
func (c *guest) away(happens func()) int64 {
	c.Helper()
	c.link.Cut()
	synctest.Wait()
	happens()
	before := c.link.bytes.Load()
	c.link.Mend()
	require.NoError(c, c.connection.Wait(c.ctx))
	synctest.Wait()
	return c.link.bytes.Load() - before
}

// gained is what was counted since.
func gained(now, before node.ResumeStats) node.ResumeStats {
	return node.ResumeStats{
		Unchanged: now.Unchanged - before.Unchanged, FromLog: now.FromLog - before.FromLog,
		Compared: now.Compared - before.Compared, Whole: now.Whole - before.Whole, Mismatched: now.Mismatched - before.Mismatched,
	}
}

// TestComingBackCostsWhatChanged: the bytes are those of what was touched, however much
// is held, and every departure has its reason.
func TestComingBackCostsWhatChanged(t *testing.T) {
	var bytes []int64
	for _, held := range []int{100, 3000} {
		cluster(t, func(t *testing.T, f *fixture) {
			ids := f.fill(held)
			ada, bob := f.join("ada"), f.join("bob")
			ada.connect()
			bob.connect() // for whom the query stands meanwhile
			live, theirs := ada.query("year >= 1900 ORDER BY name"), bob.query("year >= 1900 ORDER BY name")
			require.NoError(t, live.Wait(f.ctx))
			require.NoError(t, theirs.Wait(f.ctx))
			require.Equal(t, node.ResumeStats{Whole: 1}, ada.connection.ResumeStats())
			changes := told(ada, live)
			changes()
			bytes = append(bytes, ada.away(func() {
				for i := range 5 {
					f.edit(f.prince, ids[10+i], func(m AlbumMutable) { m.SetArtist("The Artist") })
				}
				f.edit(f.prince, ids[0], func(m AlbumMutable) { m.SetYear(1890) })
				f.delete(ids[1])
				f.create(f.prince, Album{Name: "a new one", Year: 1990})
				f.create(f.prince, Album{Name: "an old one", Year: 1890})
			}))
			require.Equal(t, node.ResumeStats{Whole: 1, FromLog: 1}, ada.connection.ResumeStats())
			require.Equal(t, entity.Complete, live.State().Phase)
			require.Equal(t, f.names(f.prince, "year >= 1900 ORDER BY name"), shown(live))
			list := rowsOnly(changes()) // what is told of the state may come in sets of its own
			list = slices.DeleteFunc(list, func(s string) bool { return strings.HasPrefix(s, "updated") })
			slices.Sort(list)
			require.Equal(t, []string{
				"added a new one -1->0", "removed album 0 0->-1 no longer matches", "removed album 1 1->-1 deleted",
			}, list)
		})
	}
	require.InDelta(t, bytes[0], bytes[1], 64, "%v", bytes)
	require.Less(t, bytes[1], int64(3000))
}

// TestNothingChangedCostsNothing: whatever else has.
func TestNothingChangedCostsNothing(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.fill(2000)
		ada := f.join("ada")
		ada.connect()
		for _, text := range []string{"", "ORDER BY year LIMIT 10", "year < 1950"} { // the last two are held already
			require.NoError(t, ada.query(text).Wait(f.ctx))
		}
		bytes := ada.away(func() {
			tx := f.prince.Begin()
			_, err := notes.Create(tx, Note{Text: "another collection"})
			require.NoError(t, err)
			_, err = tx.Commit(f.ctx)
			require.NoError(t, err)
		})
		require.Equal(t, node.ResumeStats{Whole: 1, Unchanged: 5}, ada.connection.ResumeStats())
		require.Less(t, bytes, int64(2000))
		ada.away(func() {
			f.edit(f.prince, ids[1000], func(m AlbumMutable) { m.SetArtist("x") })
		})
		require.Equal(t, node.ResumeStats{Whole: 1, Unchanged: 7, FromLog: 1}, ada.connection.ResumeStats())
	})
}

// TestWhatTheLogDoesNotTellIsCompared: rows that others moved into a window or out of it,
// logs that are long, and what a client holds that has no cursor.
func TestWhatTheLogDoesNotTellIsCompared(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.fill(3000)
		ada := f.join("ada")
		ada.connect()
		text := "ORDER BY year DESC LIMIT 400"
		live := ada.query(text)
		require.NoError(t, live.Wait(f.ctx))
		first := ada.link.bytes.Load()
		changes := told(ada, live)
		changes()
		before := ada.connection.ResumeStats()
		bytes := ada.away(func() {
			f.create(f.prince, Album{Name: "newest", Year: 9999})
			f.delete(ids[2900])
			f.edit(f.prince, ids[2950], func(m AlbumMutable) { m.SetName("changed") })
		})
		require.Equal(t, node.ResumeStats{Compared: 1}, gained(ada.connection.ResumeStats(), before))
		require.Less(t, bytes, first/6)
		require.Equal(t, f.names(f.prince, text), shown(live))
		require.Len(t, rowsOnly(changes()), 3, "those that others moved cancel out")
		live.Close()

		// A restart loses the cursor, not the rows.
		all := ada.query("")
		require.NoError(t, all.Wait(f.ctx))
		whole := ada.connection.ResumeStats().Whole
		require.Equal(t, uint64(1), whole-before.Whole)
		ada.restart()
		f.edit(f.prince, ids[7], func(m AlbumMutable) { m.SetName("seven") })
		before.Whole = 0
		start := ada.link.bytes.Load()
		ada.connect()
		all = ada.query("")
		require.NoError(t, all.Wait(f.ctx))
		require.Equal(t, node.ResumeStats{Compared: 1}, ada.connection.ResumeStats())
		require.Less(t, ada.link.bytes.Load()-start, int64(12_000), "eight bytes for each of 750 buckets, and some rows")
		require.Equal(t, f.names(f.prince, ""), shown(all))

		// So does a log that is longer than what is held is worth.
		before = ada.connection.ResumeStats()
		bytes = ada.away(func() {
			tx := f.prince.Begin()
			m, err := albums.Edit(f.ctx, tx, ids[5])
			require.NoError(t, err)
			m.SetName("five")
			_, err = tx.Commit(f.ctx)
			require.NoError(t, err)
			for range 4200 {
				tx := f.prince.Begin()
				_, err := notes.Create(tx, Note{Text: "of no interest"})
				require.NoError(t, err)
				_, err = tx.Commit(f.ctx)
				require.NoError(t, err)
			}
		})
		require.Equal(t, node.ResumeStats{Compared: 1}, gained(ada.connection.ResumeStats(), before))
		require.Less(t, bytes, int64(12_000))
		require.Equal(t, f.names(f.prince, ""), shown(all))
	})
}

// TestManyChangesOfMoreRows: a log is read that has as many entries as there are rows,
// for comparing would find nearly every bucket another one.
func TestManyChangesOfMoreRows(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		const changed, rows = 4200, 4500
		ids := f.fill(rows)
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		before := ada.connection.ResumeStats()
		ada.away(func() {
			for i := range changed {
				f.edit(f.prince, ids[i%40], func(m AlbumMutable) { m.SetYear(1900 + i) })
			}
		})
		require.Equal(t, node.ResumeStats{FromLog: 1}, gained(ada.connection.ResumeStats(), before))
		require.Equal(t, f.names(f.prince, ""), shown(live))
	})
}

// TestDamageIsRepaired: what is held and wrong is found out when it is compared, and
// counted.
func TestDamageIsRepaired(t *testing.T) {
	for name, damage := range map[string]func(f *fixture, c *guest, id event.ID, old AlbumView){
		"a row was lost":      func(_ *fixture, c *guest, id event.ID, _ AlbumView) { c.node.Lose(id) },
		"a row is an old one": func(_ *fixture, c *guest, _ event.ID, old AlbumView) { c.node.Age(recordOf(old)) },
		"a row is one too many": func(f *fixture, c *guest, id event.ID, old AlbumView) {
			f.delete(id)
			synctest.Wait()
			c.node.Age(recordOf(old))
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				ids := f.fill(200)
				old, err := albums.Get(f.ctx, f.prince, ids[50])
				require.NoError(t, err)
				f.edit(f.prince, ids[50], func(m AlbumMutable) { m.SetName("changed") })
				ada := f.join("ada")
				ada.connect()
				live := ada.query("")
				require.NoError(t, live.Wait(f.ctx))
				damage(f, ada, ids[50], old)
				ada.away(func() {
					f.edit(f.prince, ids[60], func(m AlbumMutable) { m.SetName("sixty") })
				})
				require.Equal(t, node.ResumeStats{Whole: 1, Compared: 1, Mismatched: 1}, ada.connection.ResumeStats())
				require.Equal(t, entity.Complete, live.State().Phase)
				require.Equal(t, f.names(f.prince, ""), shown(live))
			})
		})
	}
}

// TestAServerThatIsWrongIsNotBelieved: an answer that does not add up is not shown. At
// first the client asks in what the results differ, and then for everything.
func TestAServerThatIsWrongIsNotBelieved(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.fill(20)
		ada := f.join("ada")
		ada.connect()
		live := ada.query("")
		require.NoError(t, live.Wait(f.ctx))
		want := shown(live)
		require.NoError(t, ada.connection.Close(f.ctx))

		d := ada.desk(f)
		asked := (<-d.asked).(*wire.Subscribe)
		require.NotZero(t, asked.Cursor)
		require.Empty(t, asked.Buckets)
		d.send(&wire.Rows{
			Request: asked.Request, Answer: wire.AnswerCursor, Count: 19, Digest: event.Digest{1},
			Departures: []wire.Departure{{ID: ids[3], Reason: wire.NoMatch}},
		})
		compare := (<-d.asked).(*wire.Compare)
		require.Len(t, compare.Buckets, 5)
		require.Equal(t, want, shown(live))
		require.Equal(t, entity.Stale, live.State().Phase)
		d.send(&wire.Summary{Request: asked.Request, Count: 7}) // which it need not have said again
		d.send(&wire.Rows{Request: asked.Request, Answer: wire.AnswerCompare, Count: 20, Digest: event.Digest{1}, Buckets: []uint16{1, 1000}})
		require.Equal(t, &wire.Unsubscribe{Request: asked.Request}, <-d.asked)
		again := (<-d.asked).(*wire.Subscribe)
		require.Zero(t, again.Held)
		require.Equal(t, want, shown(live))
		require.Equal(t, uint64(2), ada.connection.ResumeStats().Mismatched)
		d.send(&wire.Rows{Request: again.Request, Reset: true})
		require.NoError(t, live.Wait(f.ctx))
		require.Empty(t, shown(live))
		require.NoError(t, ada.connection.Close(f.ctx))
	})
}

// TestComparingIsBounded: one comparison at a time, of what is subscribed to.
func TestComparingIsBounded(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		f.fill(20)
		s := f.visit("ada")
		s.send(&wire.Compare{Request: 7, Buckets: []uint64{1}}) // nobody knows it
		s.send(&wire.Subscribe{Request: 8, Collection: "albums", Held: 20, Cursor: event.NewCursor(event.Position{Origin: event.Origin{1}, Seq: 5})})
		summary := s.hear().(*wire.Summary)
		require.Equal(t, uint64(8), summary.Request)
		require.Equal(t, uint64(20), summary.Count)
		for _, buckets := range [][]uint64{nil, {1}, make([]uint64, wire.MaxBuckets)} {
			s.send(&wire.Compare{Request: 8, Buckets: buckets})
			rows := s.hear().(*wire.Rows)
			require.True(t, rows.Reset)
			require.Len(t, rows.Rows, 20)
		}
		s.send(&wire.Unsubscribe{Request: 8})
		s.send(&wire.Compare{Request: 8, Buckets: []uint64{1}})
		s.send(&wire.Ping{Number: 3})
		require.Equal(t, &wire.Pong{Number: 3}, s.hear())
	})
}

// TestReferencesResume: rows whose references lead to what has changed are compared;
// as long as nothing of that has, the log tells.
func TestReferencesResume(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		s := newStaff(f)
		for i := range 40 {
			require.NoError(t, s.prince.Update(f.ctx, func(tx *node.Tx) error {
				_, err := tasks.Create(tx, Task{Title: fmt.Sprintf("task %d", i), Owner: model.RefTo[Person](s.grace)})
				return err
			}))
		}
		ada := f.join("ada", node.Models(personSchema, taskSchema))
		ada.connect()
		live := s.watch(ada.session, "ORDER BY owner.name DESC, title")
		_, groups := s.watchGroups(ada.session, "SELECT owner.name, COUNT(*) GROUP BY owner.name")
		groups()
		before := ada.connection.ResumeStats()
		ada.away(func() { s.assign(s.prince, s.rest, s.grace) })
		require.Equal(t, node.ResumeStats{FromLog: 1, Whole: 1}, gained(ada.connection.ResumeStats(), before), "few groups come whole")
		require.Equal(t, s.titles(s.prince, "ORDER BY owner.name DESC, title"), live.titles())
		before = ada.connection.ResumeStats()
		ada.away(func() { s.rename(s.prince, s.ada, "zoe") })
		require.Equal(t, node.ResumeStats{Compared: 1, Whole: 1}, gained(ada.connection.ResumeStats(), before))
		require.Equal(t, s.titles(s.prince, "ORDER BY owner.name DESC, title"), live.titles())
		before = ada.connection.ResumeStats()
		ada.away(func() {})
		require.Equal(t, node.ResumeStats{Unchanged: 2}, gained(ada.connection.ResumeStats(), before))
	}, node.Models(personSchema, taskSchema))
}

// TestRandomAbsences lets a client go away again and again, and come back to a result
// that changed a little or much. What it shows is always what a fetch gives, changes add
// up, and plain queries resume from the log.
func TestRandomAbsences(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				r := rand.New(rand.NewPCG(seed, 11))
				ids := f.fill(300)
				ada := f.join("ada")
				ada.connect()
				texts := []string{
					"", "year > 1950", "year > 1950 ORDER BY name", "artist = 'Prince' ORDER BY year DESC",
					"ORDER BY year LIMIT 50", "year > 1930 ORDER BY name DESC LIMIT 40 OFFSET 10",
				}
				followers := make([]*follower, len(texts))
				for i, text := range texts {
					followers[i] = &follower{T: t, text: text, live: ada.query(text), done: make(chan struct{})}
					go followers[i].run(f.ctx)
					require.NoError(t, followers[i].live.Wait(f.ctx))
				}
				before := ada.connection.ResumeStats()
				for range 25 {
					ada.away(func() {
						for range 1 + r.IntN(1+r.IntN(20)) {
							id := ids[r.IntN(len(ids))]
							switch r.IntN(6) {
							case 0:
								ids = append(ids, f.create(f.prince, Album{Name: fmt.Sprint(r.IntN(1000)), Artist: "Prince", Year: 1900 + r.IntN(300)}))
							case 1:
								tx := f.prince.Begin()
								if albums.Delete(f.ctx, tx, id) != nil {
									require.NoError(t, albums.Undelete(f.ctx, tx, id))
								}
								_, err := tx.Commit(f.ctx)
								require.NoError(t, err)
							default:
								tx := f.prince.Begin()
								m, err := albums.Edit(f.ctx, tx, id)
								if err != nil {
									require.ErrorIs(t, err, entity.ErrDeleted)
									continue
								}
								m.SetYear(1900 + r.IntN(300))
								m.SetArtist([]string{"Prince", "Queen"}[r.IntN(2)])
								_, err = tx.Commit(f.ctx)
								require.NoError(t, err)
							}
						}
					})
					for _, l := range followers {
						require.Equal(t, entity.Complete, l.live.State().Phase, "seed %d: %s", seed, l.text)
						require.Equal(t, f.names(f.prince, l.text), shown(l.live), "seed %d: %s", seed, l.text)
						want := []string{}
						for _, v := range l.live.Items().All() {
							want = append(want, describe(v))
						}
						require.Equal(t, want, l.names, "seed %d: changes of %s", seed, l.text)
					}
				}
				got := gained(ada.connection.ResumeStats(), before)
				require.Zero(t, got.Mismatched)
				require.NotZero(t, got.Compared)
				require.GreaterOrEqual(t, got.FromLog+got.Unchanged, uint64(25*4), "plain queries resume from the log")
				require.Equal(t, uint64(25*len(texts)), got.FromLog+got.Compared+got.Unchanged+got.Whole)
				for _, l := range followers {
					l.stop()
				}
			})
		})
	}
}

// TestAnAnswerThatWaitsForCreditAddsUp: what changes while it waits goes out with it.
func TestAnAnswerThatWaitsForCreditAddsUp(t *testing.T) {
	for _, text := range []string{"year > 0 ORDER BY name", "ORDER BY year LIMIT 45"} {
		cluster(t, func(t *testing.T, f *fixture) {
			ids := f.many(60, 40_000)
			ada := f.join("ada")
			ada.link.delay = func() time.Duration { return 50 * time.Millisecond }
			ada.connect()
			live := ada.query(text)
			require.NoError(t, live.Wait(f.ctx))
			before := ada.connection.ResumeStats()
			ada.link.Cut()
			synctest.Wait()
			for i, id := range ids[:40] {
				f.edit(f.prince, id, func(m AlbumMutable) { m.SetArtist(fmt.Sprint("away ", i)) })
			}
			ada.link.Mend()
			require.NoError(t, ada.connection.Wait(f.ctx))
			for i := range 40 {
				<-time.After(11 * time.Millisecond)
				f.edit(f.prince, ids[(i*7)%40], func(m AlbumMutable) { m.SetArtist(fmt.Sprint("under way ", i)) })
				if i%8 == 0 {
					f.delete(ids[59-i/8])
				}
			}
			require.NoError(t, live.Wait(f.ctx))
			<-time.After(time.Minute)
			require.Equal(t, f.names(f.prince, text), shown(live))
			list, err := albums.Collect(f.ctx, f.prince, text)
			require.NoError(t, err)
			for i, v := range live.Items().All() {
				require.Equal(t, describe(list[i]), describe(v))
			}
			got := gained(ada.connection.ResumeStats(), before)
			require.Zero(t, got.Mismatched)
			require.Equal(t, uint64(1), got.FromLog+got.Compared+got.Whole)
		})
	}
}
