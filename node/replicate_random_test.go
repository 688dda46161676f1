package node_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/entity"
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/node"
	"github.com/ankgo/ank/node/pipe"
	"github.com/ankgo/ank/node/wire"
)

// TestRandomReplication lets durable nodes in several topologies be written to, cut
// off and crashed at random, and compares them once everything came to rest. A failure
// names the seed: run it again with -run 'TestRandomReplication/ring/seed=N$'. With
// ANK_SEEDS=n in the environment, n seeds are run.
func TestRandomReplication(t *testing.T) {
	n := 6
	if text := os.Getenv("ANK_SEEDS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err)
	}
	for name, edges := range map[string][][2]int{
		"pair":  {{0, 1}},
		"chain": {{0, 1}, {1, 2}, {2, 3}},
		"star":  {{0, 1}, {0, 2}, {0, 3}, {0, 4}},
		"ring":  {{0, 1}, {1, 2}, {2, 3}, {3, 0}},
	} {
		for seed := range n {
			t.Run(fmt.Sprintf("%s/seed=%d", name, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { newSwarm(t, uint64(seed), edges).run() })
			})
		}
	}
}

// swarm is nodes that replicate.
type swarm struct {
	*testing.T
	rand    *rand.Rand
	nodes   []*fixture
	serving []*atomic.Pointer[node.Node]
	edges   []*edge
	ids     []event.ID
	written []node.Receipt
	number  int
	lives   map[*fixture]*entity.Live[AlbumView]
}

// edge is a line between two nodes, the first of which dials.
type edge struct {
	from, to int
	link     *pipe.Link
}

func newSwarm(t *testing.T, seed uint64, edges [][2]int) *swarm {
	s := &swarm{T: t, rand: rand.New(rand.NewPCG(seed, 7)), lives: make(map[*fixture]*entity.Live[AlbumView])}
	for _, e := range edges {
		for len(s.nodes) <= max(e[0], e[1]) {
			s.nodes = append(s.nodes, member(t))
			s.serving = append(s.serving, new(atomic.Pointer[node.Node]))
			s.serving[len(s.nodes)-1].Store(s.nodes[len(s.nodes)-1].node)
		}
		there := s.serving[e[1]]
		link := pipe.NewLink(func(far wire.Conn) {
			go func() { _ = there.Load().Replicate(t.Context(), far) }()
		})
		s.edges = append(s.edges, &edge{from: e[0], to: e[1], link: link})
	}
	for _, e := range s.edges {
		s.follow(e)
	}
	for _, f := range s.nodes {
		s.watch(f)
	}
	return s
}

// watch has a live query run.
func (s *swarm) watch(f *fixture) {
	live, err := albums.Query(f.ctx, f.prince, "ORDER BY year, name LIMIT 10")
	require.NoError(s, err)
	s.lives[f] = live
}

func (s *swarm) follow(e *edge) {
	_, err := s.nodes[e.from].node.Follow(e.link.Dial)
	require.NoError(s, err)
}

func (s *swarm) run() {
	for range 60 {
		s.step()
	}
	s.settle()
	requireSame(s, s.nodes[0], s.nodes[1:]...)
	for _, f := range s.nodes {
		s.requireWritten(f)
	}
	for _, f := range s.nodes {
		f.stop()
	}
}

// settle lets everything come to rest.
func (s *swarm) settle() {
	for _, e := range s.edges {
		e.link.Mend()
	}
	<-time.After(2 * time.Minute)
	synctest.Wait()
}

func (s *swarm) step() {
	f := s.nodes[s.rand.IntN(len(s.nodes))]
	switch dice := s.rand.IntN(20); {
	case dice < 5 || len(s.ids) == 0:
		s.create(f)
	case dice < 13:
		s.change(f)
	case dice < 15:
		s.edges[s.rand.IntN(len(s.edges))].link.Cut()
	case dice < 17:
		s.edges[s.rand.IntN(len(s.edges))].link.Mend()
	case dice < 18:
		s.crash(s.rand.IntN(len(s.nodes)))
	default:
		<-time.After(time.Duration(s.rand.IntN(3000)) * time.Millisecond)
	}
}

func (s *swarm) create(f *fixture) {
	s.number++
	tx := f.prince.Begin()
	m, err := albums.Create(tx, Album{Name: fmt.Sprint("album ", s.number), Year: 1900 + s.rand.IntN(100)})
	require.NoError(s, err)
	s.ids = append(s.ids, m.ID())
	s.commit(tx)
}

// change changes one or two entities, if the node has them.
func (s *swarm) change(f *fixture) {
	tx := f.queen.Begin()
	for range 1 + s.rand.IntN(2) {
		s.number++
		id := s.ids[s.rand.IntN(len(s.ids))]
		m, err := albums.Edit(f.ctx, tx, id)
		switch dice := s.rand.IntN(8); {
		case err != nil:
			_ = albums.Undelete(f.ctx, tx, id) // it may be unknown here
		case dice == 0:
			require.NoError(s, albums.Delete(f.ctx, tx, id))
		case dice < 4:
			m.SetName(fmt.Sprint("name ", s.number))
		default:
			m.SetYear(1900 + s.rand.IntN(100))
		}
	}
	s.commit(tx)
}

func (s *swarm) commit(tx *node.Tx) {
	r, err := tx.Commit(s.Context())
	require.NoError(s, err)
	if r.Status == node.Accepted {
		s.written = append(s.written, r)
	}
}

// crash lets a node go on as if its process had died.
func (s *swarm) crash(i int) {
	old := s.nodes[i]
	store := old.store.Clone()
	old.stop()
	s.nodes[i] = startOver(s.T, store, node.SystemRoot(rootKey(s)))
	s.serving[i].Store(s.nodes[i].node)
	s.watch(s.nodes[i])
	for _, e := range s.edges {
		if e.from == i {
			s.follow(e)
		}
	}
}

// requireWritten checks that a node has every transaction that was acknowledged, and
// that a new query agrees with a live one that ran all the time.
func (s *swarm) requireWritten(f *fixture) {
	at := make(map[event.Position]event.ID)
	snapshot, err := f.stage.Snapshot(f.ctx)
	require.NoError(s, err)
	defer snapshot.Close()
	for entry, err := range snapshot.Log(f.ctx, event.Cursor{}) {
		require.NoError(s, err)
		at[entry.Position()] = entry.Tx.ID
	}
	for _, r := range s.written {
		require.Equal(s, r.Transaction, at[r.Position])
	}
	for _, replica := range f.node.Replicas() {
		require.True(s, replica.Settled)
		require.Empty(s, replica.Refused)
		require.Empty(s, replica.Waiting)
	}
	live := s.lives[f]
	want, err := albums.Collect(f.ctx, f.prince, "ORDER BY year, name LIMIT 10")
	require.NoError(s, err)
	require.Equal(s, len(want), live.Items().Len())
	for i, a := range live.Items().All() {
		require.Equal(s, want[i].Name(), a.Name())
		require.Equal(s, want[i].Head(), a.Head())
	}
}
