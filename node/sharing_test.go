package node_test

import (
	"context"
	"errors"
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
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/storagetest"
)

// process is one of several that have nodes over one store.
type process struct {
	*node.Node
	engine *pausable
	ada    *node.Session
}

// pausable is an engine of a process that can be stopped, as by SIGSTOP: what it asks of
// the store waits.
type pausable struct {
	storage.Engine
	storage.Shared
	paused atomic.Pointer[chan struct{}]

	snapshots, reads atomic.Int64 // snapshots taken, and records read
}

func (p *pausable) Snapshot(ctx context.Context) (storage.Snapshot, error) {
	p.snapshots.Add(1)
	s, err := p.Engine.Snapshot(ctx)
	return counted{storage.Passing{Snapshot: s}, &p.reads}, err
}

// counted is a snapshot that counts the records that are read one by one.
type counted struct {
	storage.Passing
	reads *atomic.Int64
}

func (c counted) State(ctx context.Context, collection string, id event.ID) (*storage.Record, error) {
	c.reads.Add(1)
	return c.Passing.State(ctx, collection, id)
}

func (p *pausable) wait() {
	if c := p.paused.Load(); c != nil {
		<-*c
	}
}

func (p *pausable) Commit(ctx context.Context, b *storage.Batch) error {
	p.wait()
	return p.Engine.Commit(ctx, b)
}

func (p *pausable) pause() (resume func()) {
	c := make(chan struct{})
	p.paused.Store(&c)
	return func() {
		p.paused.Store(nil)
		close(c)
	}
}

// town is a store, and processes over it.
type town struct {
	*testing.T
	ctx     context.Context
	commons *storagetest.Commons
}

// together runs a test in virtual time.
func together(t *testing.T, test func(x *town)) {
	synctest.Test(t, func(t *testing.T) {
		test(&town{T: t, ctx: context.Background(), commons: storagetest.NewCommons()})
	})
}

// open opens a process, which the end of the test closes.
func (x *town) open(options ...node.Option) *process {
	x.Helper()
	raw, err := x.commons.Open(x.ctx)
	require.NoError(x, err)
	p := &process{engine: &pausable{Engine: raw, Shared: raw.(storage.Shared)}}
	p.Node, err = node.Open(x.ctx, p.engine, append([]node.Option{
		node.Models(albumSchema, bookSchema), node.WithPolicy(node.AllowAll()), node.WithLogger(silent{}),
	}, options...)...)
	require.NoError(x, err)
	p.ada = p.Session("ada")
	x.Cleanup(func() { require.NoError(x, p.Close(x.ctx)) })
	return p
}

// silent keeps what a node logs to itself.
type silent struct{}

func (silent) Info(string, ...any)  {}
func (silent) Error(string, ...any) {}

func (x *town) create(p *process, a Album) event.ID {
	x.Helper()
	id, err := create(x.ctx, p.ada, a)
	require.NoError(x, err)
	return id
}

func create(ctx context.Context, s *node.Session, a Album) (id event.ID, err error) {
	return id, s.Update(ctx, func(tx *node.Tx) error {
		m, err := albums.Create(tx, a)
		id = m.ID()
		return err
	})
}

func (x *town) edit(p *process, id event.ID, change func(AlbumMutable)) error {
	return p.ada.Update(x.ctx, func(tx *node.Tx) error {
		m, err := albums.Edit(x.ctx, tx, id)
		if err == nil {
			change(m)
		}
		return err
	})
}

// list is what a query finds.
func (x *town) list(p *process, text string) []string {
	x.Helper()
	list := []string{}
	for v, err := range albums.Fetch(x.ctx, p.ada, text) {
		require.NoError(x, err)
		list = append(list, v.Name())
	}
	return list
}

// TestNodesOverOneStore: each has a log, and sees what all commit.
func TestNodesOverOneStore(t *testing.T) {
	together(t, func(x *town) {
		a, b := x.open(), x.open()
		require.NotEqual(t, a.Origin(), b.Origin())
		require.Equal(t, a.System(), b.System())
		live, err := albums.Query(x.ctx, b.ada, "year > 1980 ORDER BY year LIMIT 2")
		require.NoError(t, err)
		defer live.Close()
		id := x.create(a, Album{Name: "Parade", Year: 1986})
		x.create(b, Album{Name: "Lovesexy", Year: 1988})
		x.create(a, Album{Name: "Batman", Year: 1989})
		synctest.Wait()
		require.Equal(t, []string{"Parade", "Lovesexy"}, shown(live))

		require.NoError(t, x.edit(b, id, func(m AlbumMutable) { m.SetName("Parade!") }))
		require.NoError(t, x.edit(a, id, func(m AlbumMutable) { m.SetYear(1979) }))
		synctest.Wait()
		require.Equal(t, []string{"Lovesexy", "Batman"}, shown(live), "the gap is filled")
		for _, p := range []*process{a, b} {
			require.Equal(t, []string{"Parade!", "Lovesexy", "Batman"}, x.list(p, "ORDER BY year"))
			cursor, err := p.Cursor(x.ctx)
			require.NoError(t, err)
			require.Equal(t, 2, cursor.Len())
		}
	})
}

// TestUniqueKeysOverOneStore: of several processes that take a key at the same time, one
// gets it.
func TestUniqueKeysOverOneStore(t *testing.T) {
	together(t, func(x *town) {
		processes := []*process{x.open(), x.open(), x.open()}
		for round := range 10 {
			var accepted, refused atomic.Int32
			var all sync.WaitGroup
			for i, p := range processes {
				all.Go(func() {
					err := p.ada.Update(x.ctx, func(tx *node.Tx) error {
						_, err := books.Create(tx, Book{Title: fmt.Sprint(i), ISBN: fmt.Sprint("isbn ", round)})
						return err
					})
					if err == nil {
						accepted.Add(1)
					} else if errors.Is(err, node.ErrDuplicate) {
						refused.Add(1)
					}
				})
			}
			all.Wait()
			require.EqualValues(t, 1, accepted.Load())
			require.EqualValues(t, 2, refused.Load())
		}
	})
}

// TestSerializableTransactionsOverOneStore count up what several processes count up.
func TestSerializableTransactionsOverOneStore(t *testing.T) {
	together(t, func(x *town) {
		const rounds = 15
		processes := []*process{x.open(), x.open()}
		id := x.create(processes[0], Album{Name: "Counter", Year: 2000})
		other := x.create(processes[0], Album{Name: "Copy", Year: 2000})
		var all sync.WaitGroup
		for _, p := range processes {
			all.Go(func() {
				for range rounds {
					for {
						err := x.copyCounter(p, id, other)
						if err == nil {
							break
						}
						require.ErrorIs(t, err, node.ErrConflict)
					}
				}
			})
		}
		all.Wait()
		counter, err := albums.Get(x.ctx, processes[0].ada, id)
		require.NoError(t, err)
		require.Equal(t, 2000+2*rounds, counter.Year())
	})
}

// copyCounter counts up, and writes another entity, on what it has read.
func (x *town) copyCounter(p *process, id, other event.ID) error {
	tx := p.ada.Begin().Serializable()
	v, err := albums.Get(x.ctx, tx, id)
	if err != nil {
		return err
	}
	m, err := albums.Edit(x.ctx, tx, id)
	if err != nil {
		return err
	}
	m.SetYear(v.Year() + 1)
	copied, err := albums.Edit(x.ctx, tx, other)
	if err != nil {
		return err
	}
	copied.SetYear(v.Year())
	_, err = tx.Commit(x.ctx)
	return err
}

// TestAPausedProcessCannotWrite when it wakes up and another one has its slot.
func TestAPausedProcessCannotWrite(t *testing.T) {
	together(t, func(x *town) {
		a := x.open()
		x.create(a, Album{Name: "Parade", Year: 1986})
		resume := a.engine.pause()
		late := make(chan error, 1)
		go func() {
			_, err := create(x.ctx, a.ada, Album{Name: "Late", Year: 1999})
			late <- err
		}()
		b := x.open()
		require.NotEqual(t, a.Origin(), b.Origin(), "a slot is not taken from somebody who was just there")
		<-time.After(time.Minute)
		c := x.open()
		require.Equal(t, a.Origin(), c.Origin(), "the slot of somebody who is gone is taken over")
		x.create(c, Album{Name: "Lovesexy", Year: 1988})
		resume()
		require.ErrorIs(t, <-late, node.ErrSlotLost)
		_, err := create(x.ctx, a.ada, Album{Name: "Later", Year: 1999})
		require.ErrorIs(t, err, node.ErrReadOnly)
		for _, p := range []*process{b, c} {
			require.Equal(t, []string{"Parade", "Lovesexy"}, x.list(p, "ORDER BY year"))
		}
	})
}

// TestSlotsAreGivenBack by nodes that are closed, and taken again.
func TestSlotsAreGivenBack(t *testing.T) {
	together(t, func(x *town) {
		var origins []event.Origin
		for range 3 {
			a, b := x.open(), x.open()
			x.create(a, Album{Name: "Parade", Year: 1986})
			x.create(b, Album{Name: "Lovesexy", Year: 1988})
			origins = append(origins, a.Origin(), b.Origin())
			require.NoError(t, a.Close(x.ctx))
			require.NoError(t, b.Close(x.ctx))
		}
		for i, o := range origins {
			require.Equal(t, origins[i%2], o)
		}
		require.Len(t, x.list(x.open(), ""), 6)
	})
}

// TestANodeThatDoesNotOpenKeepsNothing: neither its slot nor a snapshot.
func TestANodeThatDoesNotOpenKeepsNothing(t *testing.T) {
	together(t, func(x *town) {
		x.create(x.open(), Album{Name: "Parade", Year: 1986})
		for range 3 {
			raw, err := x.commons.Open(x.ctx)
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(x.ctx)
			checked := storage.Checked(&unbuildable{Engine: raw, cancel: cancel})
			engine := struct {
				storage.Engine
				storage.Shared
			}{checked, raw.(storage.Shared)}
			_, err = node.Open(ctx, engine, node.Models(albumSchema), node.WithPolicy(node.AllowAll()))
			require.ErrorIs(t, err, context.Canceled)
			require.NoError(t, checked.Close()) // which reports snapshots that are open
		}
		b := x.open()
		c := x.open()
		require.NotEqual(t, b.Origin(), c.Origin())
		slots := 0
		raw, err := x.commons.Open(x.ctx)
		require.NoError(t, err)
		s, err := raw.Snapshot(x.ctx)
		require.NoError(t, err)
		defer s.Close()
		for range s.MetaScan(x.ctx, "node/slots/") {
			slots++
		}
		require.Equal(t, 3, slots, "slots of three nodes")
	})
}

// unbuildable is an engine whose owner gives up while it builds indexes.
type unbuildable struct {
	storage.Engine
	cancel context.CancelFunc
}

func (u *unbuildable) Build(ctx context.Context) (bool, error) {
	u.cancel()
	return true, ctx.Err()
}

// TestAClientsStoreIsItsOwn: a client does not share it.
func TestAClientsStoreIsItsOwn(t *testing.T) {
	together(t, func(x *town) {
		engine, err := x.commons.Open(x.ctx)
		require.NoError(t, err)
		_, err = node.Open(x.ctx, engine, node.Models(albumSchema), node.WithPolicy(node.AllowAll()), node.Ephemeral())
		require.ErrorContains(t, err, "shared")
	})
}

// TestManyProcesses: whatever they do to each other, nothing is lost, live queries are what
// a fetch is, and all see the same.
func TestManyProcesses(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			together(t, func(x *town) { x.storm(seed) })
		})
	}
}

var stormQueries = []string{"", "year > 1990 ORDER BY year DESC, name LIMIT 5", "name LIKE 'a%' ORDER BY name LIMIT 3 OFFSET 1", "year = 1990"}

func (x *town) storm(seed uint64) {
	processes := []*process{x.open(), x.open(), x.open()}
	var lives [][]*entity.Live[AlbumView]
	for _, p := range processes {
		var list []*entity.Live[AlbumView]
		for _, text := range stormQueries {
			live, err := albums.Query(x.ctx, p.ada, text)
			require.NoError(x, err)
			defer live.Close()
			list = append(list, live)
		}
		lives = append(lives, list)
	}
	var mu sync.Mutex
	var ids []event.ID
	var acknowledged atomic.Int64
	var all sync.WaitGroup
	for n, p := range processes {
		for w := range 2 {
			rng := rand.New(rand.NewPCG(seed, uint64(10*n+w)))
			all.Go(func() {
				for range 30 {
					x.act(p, rng, &mu, &ids, &acknowledged)
				}
			})
		}
	}
	all.Wait()
	synctest.Wait()
	for n, p := range processes {
		for i, text := range stormQueries {
			require.Equal(x, x.list(processes[0], text), x.list(p, text), "seed %d: process %d, query %q", seed, n, text)
			require.Equal(x, x.list(p, text), shown(lives[n][i]), "seed %d: process %d, live query %q", seed, n, text)
		}
	}
	count := int64(0)
	for _, id := range ids {
		for _, err := range albums.History(x.ctx, processes[0].ada, id) {
			require.NoError(x, err)
			count++
		}
	}
	require.Equal(x, acknowledged.Load(), count, "seed %d: events that were acknowledged", seed)
}

// act does one thing at random.
func (x *town) act(p *process, rng *rand.Rand, mu *sync.Mutex, ids *[]event.ID, acknowledged *atomic.Int64) {
	mu.Lock()
	var id event.ID
	if len(*ids) > 0 {
		id = (*ids)[rng.IntN(len(*ids))]
	}
	mu.Unlock()
	var err error
	switch n := rng.IntN(10); {
	case n < 4 || id.IsZero():
		if id, err = create(x.ctx, p.ada, Album{Name: string(rune('a' + rng.IntN(3))), Year: 1980 + rng.IntN(20)}); err == nil {
			mu.Lock()
			*ids = append(*ids, id)
			mu.Unlock()
		}
	case n < 9:
		err = x.edit(p, id, func(m AlbumMutable) {
			m.SetYear(1980 + rng.IntN(20))
			m.SetName(string(rune('a'+rng.IntN(3))) + fmt.Sprint(rng.Uint64())) // an edit that changes nothing is no event
		})
	default:
		err = p.ada.Update(x.ctx, func(tx *node.Tx) error { return albums.Delete(x.ctx, tx, id) })
	}
	if err == nil {
		acknowledged.Add(1)
		return
	}
	require.ErrorIs(x, err, entity.ErrDeleted) // by another
}

// TestQueriesComeAndGoOverOneStore: a query that comes while the kept snapshot is behind, or
// has just been left behind, begins with what was committed, and misses nothing.
func TestQueriesComeAndGoOverOneStore(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			together(t, func(x *town) { x.visits(seed) })
		})
	}
}

func (x *town) visits(seed uint64) {
	var mu sync.Mutex
	var ids []event.ID
	var acknowledged atomic.Int64
	var all sync.WaitGroup
	processes := []*process{x.open(), x.open()}
	last := make([]*entity.Live[AlbumView], 2*len(processes))
	for n, p := range processes {
		for w := range 2 {
			rng := rand.New(rand.NewPCG(seed, uint64(10*n+w)))
			all.Go(func() {
				for range 60 {
					x.act(p, rng, &mu, &ids, &acknowledged)
				}
			})
			visitor := rand.New(rand.NewPCG(seed, uint64(100+10*n+w)))
			all.Go(func() {
				for range 20 {
					live, err := albums.Query(x.ctx, p.ada, stormQueries[visitor.IntN(len(stormQueries))])
					require.NoError(x, err)
					x.act(p, visitor, &mu, &ids, &acknowledged)
					live.Close()
					for range visitor.IntN(3) {
						x.act(p, visitor, &mu, &ids, &acknowledged)
					}
				}
				live, err := albums.Query(x.ctx, p.ada, stormQueries[w])
				require.NoError(x, err)
				last[2*n+w] = live
			})
		}
	}
	all.Wait()
	synctest.Wait()
	for i, live := range last {
		require.Equal(x, x.list(processes[0], stormQueries[i%2]), shown(live), "seed %d: live query %d", seed, i)
		live.Close()
	}
}

// TestNothingIsReadForNobody: to commit what is new, or what was just read, a node without
// standing queries reads nothing of a store that it shares. With queries it takes a snapshot,
// and reads no records.
func TestNothingIsReadForNobody(t *testing.T) {
	together(t, func(x *town) {
		p := x.open()
		x.create(p, Album{Name: "Parade", Year: 1986})
		before := p.engine.snapshots.Load()
		id := x.create(p, Album{Name: "Lovesexy", Year: 1988})
		require.Equal(t, before, p.engine.snapshots.Load(), "snapshots for a creation")
		require.NoError(t, x.edit(p, id, func(m AlbumMutable) { m.SetYear(1989) }))
		require.Equal(t, before+1, p.engine.snapshots.Load(), "snapshots for an update: it was read once, to be edited")

		live, err := albums.Query(x.ctx, p.ada, "ORDER BY year")
		require.NoError(t, err)
		defer live.Close()
		reads := p.engine.reads.Load()
		x.create(p, Album{Name: "Batman", Year: 1990})
		require.Equal(t, reads, p.engine.reads.Load(), "records read for a query that hears of a creation")
		require.Equal(t, []string{"Parade", "Lovesexy", "Batman"}, shown(live))
	})
}

// TestAnEditOfWhatOthersHaveChanged meets what they did, although the node has not read it.
func TestAnEditOfWhatOthersHaveChanged(t *testing.T) {
	together(t, func(x *town) {
		a, b := x.open(), x.open()
		id := x.create(a, Album{Name: "Parade", Year: 1986})
		tx := a.ada.Begin()
		m, err := albums.Edit(x.ctx, tx, id)
		require.NoError(t, err)
		m.SetName("Parade!")
		require.NoError(t, x.edit(b, id, func(m AlbumMutable) { m.SetYear(1987) }))
		_, err = tx.Commit(x.ctx)
		require.NoError(t, err)
		require.NoError(t, x.edit(a, id, func(m AlbumMutable) { m.SetArtist("Prince") }))
		v, err := albums.Get(x.ctx, b.ada, id)
		require.NoError(t, err)
		require.Equal(t, "Parade!", v.Name())
		require.Equal(t, 1987, v.Year())
	})
}

// held is an engine whose answers about states wait.
type held struct {
	storage.Engine
	storage.Shared
	asked  chan int // how many keys a question has
	answer chan error
}

func (h *held) States(ctx context.Context, keys []storage.Key) ([]*storage.Record, error) {
	h.asked <- len(keys)
	if err := <-h.answer; err != nil && len(keys) > 1 {
		return nil, err
	}
	return storage.States(ctx, h.Engine, keys)
}

// TestRecordsAreAskedForTogether when questions are under way already, by whoever asks; who
// gives up does not wait, and a damaged record is nobody else's trouble.
func TestRecordsAreAskedForTogether(t *testing.T) {
	together(t, func(x *town) {
		const readers = 20
		id := x.create(x.open(), Album{Name: "Parade", Year: 1986})
		raw, err := x.commons.Open(x.ctx)
		require.NoError(t, err)
		engine := &held{Engine: raw, Shared: raw.(storage.Shared), asked: make(chan int), answer: make(chan error)}
		n, err := node.Open(x.ctx, engine, node.Models(albumSchema, bookSchema), node.WithPolicy(node.AllowAll()), node.WithLogger(silent{}))
		require.NoError(t, err)
		defer func() { require.NoError(t, n.Close(x.ctx)) }()
		found := make(chan error, readers)
		ctx, giveUp := context.WithCancel(x.ctx)
		get := func(ctx context.Context) {
			v, err := albums.Get(ctx, n.Session("ada"), id)
			if err == nil && v.Name() != "Parade" {
				err = errors.New(v.Name())
			}
			found <- err
		}
		go get(x.ctx)
		require.Equal(t, 1, <-engine.asked)
		go get(x.ctx)
		require.Equal(t, 1, <-engine.asked)
		go get(ctx)
		for range readers - 3 {
			go get(x.ctx)
		}
		synctest.Wait()
		giveUp()
		require.ErrorIs(t, <-found, context.Canceled)
		engine.answer <- nil
		require.NoError(t, <-found)
		require.Equal(t, readers-2, <-engine.asked, "all that waited meanwhile")
		engine.answer <- nil // the second of the first two
		require.NoError(t, <-found)
		engine.answer <- &storage.CorruptError{What: "one of them"}
		for range readers - 2 {
			require.Equal(t, 1, <-engine.asked)
			engine.answer <- nil
		}
		for range readers - 3 {
			require.NoError(t, <-found)
		}
	})
}
