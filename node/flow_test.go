package node_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/wire"
)

// bulky is an album of about a given number of bytes.
func bulky(year, size int) Album {
	return Album{Name: fmt.Sprint(year, strings.Repeat("x", size)), Year: year}
}

// many makes bulky albums.
func (f *fixture) many(count, size int) (ids []event.ID) {
	for i := range count {
		ids = append(ids, f.create(f.prince, bulky(1900+i, size)))
	}
	return ids
}

// reading is what a peer without a node knows of one answer, and how much of it is paid
// for.
type reading struct {
	*stranger
	request  uint64
	credit   int64
	rows     map[event.ID]int // years
	half     []*wire.Rows
	sets     int
	greatest int // message
}

func (s *stranger) reading(request uint64) *reading {
	return &reading{stranger: s, request: request, credit: wire.Window, rows: make(map[event.ID]int)}
}

// grant gives credit.
func (r *reading) grant(n uint64) {
	r.credit += int64(n)
	r.send(&wire.Credit{Request: r.request, Bytes: n})
}

// hearUntil takes everything in that comes before the answer to a ping, and returns what is of other requests.
func (r *reading) hearUntil() (others []wire.Message) {
	r.Helper()
	synctest.Wait()
	r.send(&wire.Ping{Number: 7})
	for {
		m := r.hear()
		if _, over := m.(*wire.Pong); over {
			return others
		}
		rows, ok := m.(*wire.Rows)
		if !ok || rows.Request != r.request {
			others = append(others, m)
			continue
		}
		r.take(rows)
	}
}

// take takes a part in: nobody may send it without credit.
func (r *reading) take(m *wire.Rows) {
	r.Helper()
	size := len(wire.Append(nil, m))
	r.greatest = max(r.greatest, size)
	if len(m.Rows)+len(m.Departures) > 0 || !m.More {
		require.Positive(r, r.credit, "a message without credit")
	}
	r.credit -= int64(size)
	r.half = append(r.half, m)
	if m.More {
		return
	}
	if m.Reset {
		clear(r.rows)
	}
	for _, part := range r.half {
		for i := range part.Rows {
			row := &part.Rows[i].Row
			r.rows[row.ID] = int(albumSchema.Value(row, 2).Int())
		}
		for _, d := range part.Departures {
			delete(r.rows, d.ID)
		}
	}
	r.half, r.sets = nil, r.sets+1
}

// truth is what the reading should come to.
func (f *fixture) truth(query string) map[event.ID]int {
	years := make(map[event.ID]int)
	for v, err := range albums.Fetch(f.ctx, f.prince, query) {
		require.NoError(f, err)
		years[v.ID()] = v.Year()
	}
	return years
}

// TestWhatIsNotPaidForHoldsUpNobody: a live query that nobody takes in waits alone.
func TestWhatIsNotPaidForHoldsUpNobody(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		f.many(50, 100_000)
		s := f.visit("ada")
		s.send(&wire.Subscribe{Request: 1, Collection: "albums"})
		slow := s.reading(1)
		require.Empty(t, slow.hearUntil())
		require.LessOrEqual(t, slow.credit, int64(0), "what is paid for comes")
		require.Greater(t, slow.credit, -int64(slow.greatest), "and no more")
		require.Zero(t, slow.sets)

		s.send(&wire.Subscribe{Request: 2, Collection: "albums", Query: "year > 1948"})
		require.Len(t, slow.hearUntil(), 1, "another query")
		s.send(&wire.Fetch{Request: 3, Collection: "albums", Query: "year = 1900"})
		require.Len(t, slow.hearUntil(), 1, "a question")
		s.send(&wire.Commit{Request: 4, Tx: newAlbum(f, 60)})
		others := slow.hearUntil()
		require.Len(t, others, 3, "a change of the other query, what was written, and the receipt")
		require.Equal(t, wire.Accepted, others[2].(*wire.Receipt).Code)

		for range 100 {
			slow.grant(100_000)
			require.Empty(t, slow.hearUntil())
		}
		require.Equal(t, f.truth(""), slow.rows)
		require.Equal(t, 1, slow.sets, "what changed meanwhile is in the first set")
	})
}

// TestChangesThatWaitAreJoined: entities change, leave and come back while they wait.
func TestChangesThatWaitAreJoined(t *testing.T) {
	for round := range 9 {
		seed := rand.Uint64()
		cluster(t, func(t *testing.T, f *fixture) {
			t.Log("seed", seed, "round", round)
			r := rand.New(rand.NewPCG(seed, 0))
			ids := f.many(20+r.IntN(20), 40_000)
			query := []string{"", "year < 2000", "ORDER BY year LIMIT 15"}[round%3]
			s := f.visit("ada")
			s.send(&wire.Subscribe{Request: 1, Collection: "albums", Query: query})
			slow := s.reading(1)
			for range 40 {
				for range r.IntN(4) {
					switch id := ids[r.IntN(len(ids))]; {
					case r.IntN(8) == 0:
						ids = append(ids, f.create(f.prince, bulky(1900+r.IntN(200), 40_000)))
					default:
						f.edit(f.queen, id, func(m AlbumMutable) { m.SetYear(1900 + r.IntN(200)) })
					}
				}
				if r.IntN(2) == 0 {
					slow.grant(r.Uint64N(100_000))
				}
				require.Empty(t, slow.hearUntil())
			}
			slow.grant(100 << 20)
			require.Empty(t, slow.hearUntil())
			require.Equal(t, f.truth(query), slow.rows)
			require.Empty(t, slow.half)
		})
	}
}

// TestASetEndsThoughChangesDoNot: who takes in less than what changes gets whole results
// all the same.
func TestASetEndsThoughChangesDoNot(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.many(12, 80_000)
		s := f.visit("ada")
		s.send(&wire.Subscribe{Request: 1, Collection: "albums"})
		slow := s.reading(1)
		require.Empty(t, slow.hearUntil())
		for i := range 500 {
			for j := range 3 {
				f.edit(f.queen, ids[(i+5*j)%len(ids)], func(m AlbumMutable) { m.SetYear(2000 + i) })
			}
			slow.grant(160_000) // two rows
			require.Empty(t, slow.hearUntil())
			if slow.sets > 1 {
				break
			}
		}
		require.Greater(t, slow.sets, 1)
		slow.grant(1 << 29)
		require.Empty(t, slow.hearUntil())
		require.Equal(t, f.truth(""), slow.rows)
	})
}

// TestWhatWaitsForCreditIsBounded: however much changes, what waits is not more than the result.
func TestWhatWaitsForCreditIsBounded(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.many(100, 10_000)
		const edits = 1_000
		grown := func() int64 {
			before := heap()
			for i := range edits {
				f.edit(f.queen, ids[i%len(ids)], func(m AlbumMutable) { m.SetName(bulky(i, 10_000).Name) })
			}
			synctest.Wait()
			return heap() - before
		}
		alone := grown() // for the log, which keeps everything
		s := f.visit("mallory")
		for i := range 5 {
			s.send(&wire.Subscribe{Request: uint64(i + 1), Collection: "albums", Query: fmt.Sprintf("year > %d", 1800+i)})
		}
		require.NotEmpty(t, s.reading(99).hearUntil())
		require.Less(t, grown()-alone, int64(edits*10_000/3))
		require.Equal(t, 5, f.node.Standing())
	})
}

func TestFetchAndHistoryWaitForCredit(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.many(50, 100_000)[0]
		for i := range 20 {
			f.edit(f.prince, id, func(m AlbumMutable) { m.SetName(bulky(i, 100_000).Name) })
		}
		s := f.visit("ada")
		for i, m := range []wire.Message{
			&wire.Fetch{Request: 1, Collection: "albums"},
			&wire.History{Request: 2, Collection: "albums", Entity: id},
		} {
			request := uint64(i + 1)
			s.send(m)
			paid, got, more := int64(wire.Window), int64(0), true
			listen := func() {
				synctest.Wait()
				s.send(&wire.Ping{})
				for {
					switch m := s.hear().(type) {
					case *wire.Pong:
						return
					case *wire.Rows:
						require.Less(t, got, paid)
						got, more = got+int64(len(wire.Append(nil, m))), m.More
					case *wire.Events:
						require.Less(t, got, paid)
						got, more = got+int64(len(wire.Append(nil, m))), m.More
					}
				}
			}
			listen()
			require.True(t, more)
			require.GreaterOrEqual(t, got, paid)
			for more {
				s.send(&wire.Credit{Request: request, Bytes: 300_000})
				paid += 300_000
				listen()
			}
		}
		s.send(&wire.Fetch{Request: 3, Collection: "albums"})
		synctest.Wait()
		s.send(&wire.Cancel{Request: 3})
		synctest.Wait()
		require.Zero(t, f.node.Working(), "what waits for credit can be given up")
	})
}

func TestCreditIsBounded(t *testing.T) {
	for name, row := range map[string]struct {
		credits []wire.Credit
		code    wire.Code
	}{
		"nothing":                  {[]wire.Credit{{Request: 1}}, 0},
		"as much as there may be":  {[]wire.Credit{{Request: 1, Bytes: wire.MaxCredit - wire.Window}}, 0},
		"too much at once":         {[]wire.Credit{{Request: 1, Bytes: wire.MaxCredit + 1}}, wire.CodeProtocol},
		"too much in all":          {[]wire.Credit{{Request: 1, Bytes: 1 << 29}, {Request: 1, Bytes: 1 << 29}}, wire.CodeProtocol},
		"beyond what can be told":  {[]wire.Credit{{Request: 1, Bytes: 1<<64 - 1}}, wire.CodeProtocol},
		"for what is not asked":    {[]wire.Credit{{Request: 3, Bytes: 1}}, wire.CodeProtocol},
		"for no request":           {[]wire.Credit{{Request: 0, Bytes: 1 << 63}}, 0},
		"for what is over already": {[]wire.Credit{{Request: 2, Bytes: 1 << 63}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cluster(t, func(t *testing.T, f *fixture) {
				s := f.visit("mallory")
				s.send(&wire.Subscribe{Request: 1, Collection: "albums"})
				require.IsType(t, &wire.Rows{}, s.hear())
				s.send(&wire.Fetch{Request: 2, Collection: "albums"})
				require.IsType(t, &wire.Rows{}, s.hear())
				synctest.Wait()
				for i := range row.credits {
					s.send(&row.credits[i])
				}
				if row.code == 0 {
					s.send(&wire.Ping{Number: 1})
					require.IsType(t, &wire.Pong{}, s.hear())
					return
				}
				require.Equal(t, row.code, s.hear().(*wire.Bye).Code)
				synctest.Wait()
				require.Zero(t, f.node.Standing())
			})
		})
	}
}

// TestLargeResultsArriveWhole: a client gives credit as it takes rows in, on slow lines too.
func TestLargeResultsArriveWhole(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		ids := f.many(60, 100_000)
		ada := f.join("ada")
		ada.link.delay = func() time.Duration { return 20 * time.Millisecond }
		ada.connect()
		live := ada.query("year < 3000 ORDER BY year")
		require.NoError(t, live.Wait(f.ctx))
		require.Equal(t, 60, live.Items().Len())
		require.NoError(t, f.prince.Update(f.ctx, func(tx *node.Tx) error {
			for i, id := range ids { // one change of 6 MB
				m, err := albums.Edit(f.ctx, tx, id)
				if err != nil {
					return err
				}
				m.SetName(bulky(i, 90_000).Name)
			}
			return nil
		}))
		f.edit(f.prince, ids[3], func(m AlbumMutable) { m.SetYear(4000) })
		<-time.After(time.Minute)
		require.Equal(t, f.names(f.prince, "year < 3000 ORDER BY year"), shown(live))
		versions := 0
		for _, err := range albums.History(f.ctx, ada.session, ids[3]) {
			require.NoError(t, err)
			versions++
		}
		require.Equal(t, 3, versions)
		count := 0
		for _, err := range albums.Fetch(f.ctx, ada.session, "") {
			require.NoError(t, err)
			count++
		}
		require.Equal(t, 60, count)
	})
}

// TestTheLastPartCounts: an entity that occurs in several parts of one set is what the last
// of them says.
func TestTheLastPartCounts(t *testing.T) {
	cluster(t, func(t *testing.T, f *fixture) {
		id := f.create(f.prince, Album{Name: "Parade", Year: 1986})
		s := f.visit("x")
		s.send(&wire.Get{Request: 1, Collection: "albums", Entity: id})
		row := s.hear().(*wire.Rows).Rows[0]
		ada := f.join("ada")
		link, servers := f.mute()
		c, err := ada.node.Connect(link.Dial)
		require.NoError(t, err)
		live := ada.query("")
		server := <-servers
		request := server.hear().(*wire.Subscribe).Request
		set := func(parts ...*wire.Rows) {
			for i, m := range parts {
				m.Request, m.Reset, m.More = request, true, i < len(parts)-1
				server.send(m)
			}
			synctest.Wait()
		}
		here, gone := []wire.Row{row}, []wire.Departure{{ID: id, Reason: wire.Limit}}
		set(&wire.Rows{Rows: here}, &wire.Rows{Departures: gone}, &wire.Rows{Rows: here})
		require.Equal(t, []string{"Parade"}, shown(live))
		set(&wire.Rows{Rows: here}, &wire.Rows{Departures: gone})
		require.Empty(t, shown(live))
		require.NoError(t, c.Close(f.ctx))
	})
}
