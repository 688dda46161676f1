//go:build !race

package kv

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage"
)

// TestTablesFollowChanges compares tables with sorted slices, over random changes,
// by every order, between random bounds, in both directions. What is of an older
// version must stay as it was.
func TestTablesFollowChanges(t *testing.T) {
	const seed, entities, versions = 3, 900, 400
	rng := rand.New(rand.NewPCG(seed, 0))
	now := map[int]*storage.Record{}
	empty := &table{ids: newOrder(nil, 0, nil, 0), orders: new(orders)}
	empty.add(empty.sorted(ranked, 0))
	tables, wants := []*table{empty}, [][]*storage.Record{nil}
	for version := uint64(1); version <= versions; version++ {
		var changes []tableChange
		for range 1 + rng.IntN(30) {
			n := rng.IntN(entities)
			if rng.IntN(2) == 0 {
				n = rng.IntN(int(version)*entities/versions/10*10 + 1) // some come and go often
			}
			r := rankedRecord(rng, n)
			now[n] = r
			changes = append(changes, tableChange{version, r})
		}
		tables = append(tables, tables[len(tables)-1].with(changes))
		var want []*storage.Record
		for _, r := range now {
			if !r.Row.Deleted {
				want = append(want, r)
			}
		}
		wants = append(wants, want)
	}
	for range 600 {
		n := rng.IntN(len(tables))
		checkTable(t, rng, tables[n], wants[n])
	}
	last := tables[len(tables)-1]
	checkOrder(t, rng, last.sorted(ranked, 0), wants[len(wants)-1])
}

func checkTable(t *testing.T, rng *rand.Rand, got *table, want []*storage.Record) {
	require.Equal(t, len(want), got.rows)
	size := int64(0)
	for _, r := range want {
		size += sizeOf(r)
		require.Same(t, r, got.ids.find(r.Row.ID))
	}
	require.Equal(t, size, got.size)
	checkOrder(t, rng, got.ids, want)
	checkOrder(t, rng, got.order(ranked, 0), want)
}

func checkOrder(t *testing.T, rng *rand.Rand, o *order, rows []*storage.Record) {
	key := func(r *storage.Record) []byte { return o.appendKey(nil, &r.Row) }
	want := append([]*storage.Record{}, rows...)
	slices.SortFunc(want, func(a, b *storage.Record) int { return bytes.Compare(key(a), key(b)) })
	low, high := key(rankedRecord(rng, rng.IntN(900))), key(rankedRecord(rng, rng.IntN(900)))
	if bytes.Compare(low, high) > 0 {
		low, high = high, low
	}
	for _, c := range o.chunks {
		require.NotEmpty(t, c.rows)
		require.LessOrEqual(t, len(c.rows), chunkRows)
		require.Equal(t, key(c.rows[0]), c.first)
	}
	require.Equal(t, want, rowsOf(o, place{}, o.end(), false))
	want = slices.DeleteFunc(want, func(r *storage.Record) bool {
		return bytes.Compare(key(r), low) < 0 || bytes.Compare(key(r), high) >= 0
	})
	from, to := o.search(low), o.search(high)
	require.Equal(t, want, rowsOf(o, from, to, false))
	slices.Reverse(want)
	require.Equal(t, want, rowsOf(o, from, to, true))
}

// rowsOf returns the rows between two places.
func rowsOf(o *order, from, to place, reverse bool) []*storage.Record {
	rows := []*storage.Record{}
	for p := range o.pieces(from, to, reverse) {
		part := slices.Clone(p.rows())
		if reverse {
			slices.Reverse(part)
		}
		rows = append(rows, part...)
	}
	return rows
}
