package kv

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/storage"
)

func newTestMirror(bytes int64) *mirror {
	m := &mirror{budget: newBudget(newCache(bytes), bytes)}
	m.keeping = true
	return m
}

// readTestTable is a table of n rows as it is read from a view of version.
func readTestTable(n int, version uint64) *table {
	t := &table{version: version, rows: n, orders: new(orders)}
	var rows []*storage.Record
	for i := range n {
		rows = append(rows, testRecord(testID(i), version, 100))
		t.size += sizeOf(rows[i])
	}
	t.ids = newOrder(nil, 0, rows, version)
	return t
}

// TestTablesAreOfOneView: what a commit left while a table was being read is put
// in exactly if the view was older, and a table that would lack a change is not
// used.
func TestTablesAreOfOneView(t *testing.T) {
	m := newTestMirror(1 << 20)
	m.keeping = false
	m.commit(testRecord(testID(1), 5, 0), 5)
	m.keeping = true
	require.Nil(t, m.install(readTestTable(10, 4)), "nobody kept the change of version 5")

	m.commit(testRecord(testID(1), 6, 0), 6)
	m.commit(testRecord(testID(2), 7, 0), 7)
	read := readTestTable(10, 6)
	require.Same(t, read, m.install(read))
	require.Same(t, read, m.at(6))
	require.Nil(t, m.at(5), "it shows what came later")
	first := read.ids.chunks[0].rows[1]

	now := m.at(7)
	require.Equal(t, uint64(7), versionOf(now.ids.find(testID(2))))
	require.Same(t, first, now.ids.find(testID(1)), "the view had it already")
	require.Equal(t, uint64(6), versionOf(read.ids.find(testID(2))), "the older table is what it was")
	require.Nil(t, m.at(6), "the newer table took its place")
	require.Same(t, now, m.at(8))
}

// TestTablesGoWhenTheyDoNotPay: when many rows were written since the last query,
// and when most rows are not what was read any more.
func TestTablesGoWhenTheyDoNotPay(t *testing.T) {
	m := newTestMirror(16 << 20)
	require.NotNil(t, m.install(readTestTable(1000, 1)))
	m.read.Store(500)
	rng := rand.New(rand.NewPCG(1, 1))
	version := uint64(1)
	write := func(n int) {
		version++
		for range n {
			m.commit(testRecord(testID(rng.IntN(1000)), version, 50), version)
		}
	}
	write(manyChanges + 500)
	require.NotNil(t, m.table.Load())
	write(1)
	require.Nil(t, m.at(version))
	require.Nil(t, m.changes)
	require.Zero(t, m.budget.used)
	require.Zero(t, m.read.Load(), "the next table has to be earned")

	m.keeping = true
	require.NotNil(t, m.install(readTestTable(1000, version)))
	for range manyChanges + 1000 {
		write(1)
		require.NotNil(t, m.at(version))
	}
	write(1)
	require.Nil(t, m.at(version))
	require.Zero(t, m.budget.used)
}

// TestTablesAndCacheShareABudget: together they never have more than the option
// says.
func TestTablesAndCacheShareABudget(t *testing.T) {
	const whole = 4 << 20
	c := newCache(whole)
	b := newBudget(c, whole)
	limits := func() (sum int64) {
		for i := range c.shards {
			sum += int64(c.shards[i].limit)
		}
		return sum
	}
	one, two := &mirror{budget: b, keeping: true}, &mirror{budget: b, keeping: true}
	require.NotNil(t, one.install(readTestTable(5000, 1)))
	require.InDelta(t, whole-one.held, limits(), cacheShards)
	require.Equal(t, b.most()-one.held, b.left())
	require.NotNil(t, two.install(readTestTable(4000, 1)))
	require.InDelta(t, whole-one.held-two.held, limits(), cacheShards)

	third := &mirror{budget: b, keeping: true}
	require.Nil(t, third.install(readTestTable(5000, 1)), "three quarters are for tables")
	two.commit(testRecord(testID(9999), 2, int(b.left())), 2)
	require.Nil(t, two.at(2), "it has outgrown the budget")
	require.InDelta(t, whole-one.held, limits(), cacheShards)
	one.mu.Lock()
	one.dropLocked()
	one.mu.Unlock()
	require.InDelta(t, whole, limits(), cacheShards)
}
