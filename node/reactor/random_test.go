//go:build !race

package reactor

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/query"
)

// TestChangesLeadToAFreshFetch is the invariant: applying the change sets to the result before gives
// what a new query returns. Random queries with every operator, windows and orders; commits of one and of
// many changes; queries that come while commits go on; consumers that are quick, and slow ones.
// To repeat: go test ./node/reactor -run 'TestChangesLead.*/seed=<n>$'
func TestChangesLeadToAFreshFetch(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			w := newWorld(t, seed)
			for range w.rng.IntN(60) {
				w.commit(1)
			}
			var all []*follower
			for range 150 {
				if len(all) < 40 && w.rng.IntN(2) == 0 {
					c := w.draw()
					for range 1 + w.rng.IntN(2) { // several may follow one query
						all = append(all, w.follow(c, w.rng.IntN(3) == 0))
					}
				}
				w.commit(1 + w.rng.IntN(1+w.rng.IntN(20)))
				for _, f := range all {
					switch {
					case w.rng.IntN(30) == 0 && f.taken > 0:
						f.restart()
					case !f.slow || w.rng.IntN(25) == 0:
						f.take()
					}
				}
				all = slices.DeleteFunc(all, func(f *follower) bool {
					if w.rng.IntN(60) > 0 {
						return false
					}
					f.sub.Close()
					return true
				})
			}
			for _, f := range all {
				f.take()
				f.sub.Close()
				f.sub.Close()
				require.ErrorIs(t, f.sub.Err(), ErrClosed)
			}
			require.Zero(t, w.reactor.Len())
		})
	}
}

// TestGroupsAreWhatAFreshFetchGives is the invariant of standing queries with SELECT: kept current commit by
// commit, they show bit for bit what the rows give when they are grouped anew. All aggregates,
// DISTINCT, HAVING, orders by what is shown and what is not, windows; commits of one and of many changes,
// before, while and after the first rows are read; quick and slow consumers.
// To repeat: go test ./node/reactor -run 'TestGroupsAre.*/seed=<n>$'
func TestGroupsAreWhatAFreshFetchGives(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			w := newWorld(t, seed)
			for range w.rng.IntN(60) {
				w.commit(1)
			}
			var all []*follower
			for range 120 {
				if len(all) < 30 && w.rng.IntN(2) == 0 {
					c := w.drawGroups()
					for range 1 + w.rng.IntN(2) {
						all = append(all, w.followGroups(c, w.rng.IntN(3) == 0))
					}
				}
				w.commit(1 + w.rng.IntN(1+w.rng.IntN(20)))
				for _, f := range all {
					if !f.slow || w.rng.IntN(25) == 0 {
						f.takeGroups()
					}
				}
			}
			for _, f := range all {
				f.takeGroups()
				f.sub.Close()
			}
			require.Zero(t, w.reactor.Len())
		})
	}
}

// TestMatchIndexAgainstEvaluatingAll compares what the index finds with evaluating every predicate on
// both rows of a change. To repeat: go test ./node/reactor -run 'TestMatchIndex.*/seed=<n>$'
func TestMatchIndexAgainstEvaluatingAll(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			w := newWorld(t, seed)
			for range 30 {
				w.commit(1)
			}
			col := newCollection(w.reactor, songs)
			asked := map[*standing]*query.Checked{}
			for round := range 60 {
				for range 20 {
					if c := w.draw(); col.queries[c.Key()] == nil {
						asked[stand(t, col, c)] = c
					}
				}
				for st := range asked {
					if round > 40 || w.rng.IntN(10) == 0 {
						if w.rng.IntN(3) > 0 {
							col.remove(st)
							delete(asked, st)
						}
					}
				}
				compareWithAll(w, col, asked)
			}
			for st := range asked {
				col.remove(st)
			}
			require.Empty(t, col.index.list)
			require.Empty(t, col.index.columns)
		})
	}
}
