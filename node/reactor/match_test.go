package reactor

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// stand adds a query to a collection.
func stand(t testing.TB, col *collection, c *query.Checked) *standing {
	st, branches, err := newStanding(c)
	require.NoError(t, err)
	col.add(st, branches)
	return st
}

func compareWithAll(w *world, col *collection, asked map[*standing]*query.Checked) {
	for _, ch := range w.commit(3) {
		found := map[*standing]pair{}
		m := col.match(&ch)
		for _, st := range m.found {
			require.NotContains(w.t, found, st, "found twice")
			found[st] = m.pair(st)
		}
		for st, c := range asked {
			before := ch.Before != nil && c.Match(&ch.Before.Row)
			after := c.Match(&ch.After.Row)
			if limit, ok := c.Limit(); ok && limit == 0 {
				before, after = false, false
			}
			p := found[st]
			require.Equal(w.t, before, p.before != nil, "before: %s", c.Key())
			require.Equal(w.t, after, p.after != nil, "after: %s", c.Key())
		}
	}
}

// TestManyBranchesOfMany enters queries of many branches that share all of them: what it costs must grow
// with the number of branches, not with its square.
func TestManyBranchesOfMany(t *testing.T) {
	col := newCollection(New(), songs)
	const values = 1000
	var list []string
	for i := range values {
		list = append(list, fmt.Sprintf("'v%d'", i))
	}
	var all []*standing
	for k := range 3 * crowd {
		c := check(t, fmt.Sprintf("score > %d AND title IN (%s)", k, strings.Join(list, ", ")))
		allocated := bytesAllocated(func() { all = append(all, stand(t, col, c)) })
		require.Less(t, allocated, float64(values*50_000), "bytes for query %d", k)
	}
	for _, st := range all {
		require.Less(t, bytesAllocated(func() { col.remove(st) }), float64(values*50_000))
	}
	require.Empty(t, col.index.columns)
}

// TestEntriesThatMove has entries go from a crowded cell into buckets, where others join them, and leave.
func TestEntriesThatMove(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 5))
		col := newCollection(New(), songs)
		var all []*standing
		for k := range 2 * crowd {
			all = append(all, stand(t, col, check(t, fmt.Sprintf("genre = 'a' AND title = 'q%d'", k))))
		}
		for k := range 2 * crowd {
			all = append(all, stand(t, col, check(t, fmt.Sprintf("genre = 'a' AND title = 'q%d' ORDER BY score", k))))
		}
		rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for left := len(all); left > 0; left-- {
			found := 0
			for k := range 2 * crowd {
				id := event.ID{1}
				ch := Change{After: record(id, id, map[string]model.Value{
					"genre": model.OfString("a"), "title": model.OfString(fmt.Sprintf("q%d", k)),
				}, false)}
				found += len(col.match(&ch).found)
			}
			require.Equal(t, left, found, "seed %d", seed)
			col.remove(all[left-1])
		}
		require.Empty(t, col.index.columns, "seed %d", seed)
	}
}

// TestTooManyBranches is about a predicate that is not worth indexing.
func TestTooManyBranches(t *testing.T) {
	var list []string
	for i := range maxBranches + 1 {
		list = append(list, fmt.Sprintf("'v%d'", i))
	}
	w := newWorld(t, 1)
	f := w.follow(check(t, fmt.Sprintf("title IN (%s)", strings.Join(list, ", "))), false)
	require.Len(t, w.reactor.collections["songs"].index.list, 1)
	w.insert(map[string]model.Value{"title": model.OfString("v77")})
	w.insert(map[string]model.Value{"title": model.OfString("w")})
	f.take()
	require.Len(t, f.list, 1)
}

// TestIndexLooksAtFew counts how many predicates are looked at for one change.
func TestIndexLooksAtFew(t *testing.T) {
	for name, text := range map[string]string{
		"equality":           "title = 'q%d'",
		"range":              "score >= %d AND score < %[1]d + 1",
		"equality, crowded":  "genre = 'a' AND title = 'q%d'",
		"equality and range": "genre = 'a' AND score >= %d AND score <= %[1]d",
		"branches":           "title = 'q%d' OR title = 'r%[1]d'",
		"in":                 "title IN ('q%d', 'r%[1]d')",
		"prefix":             "title LIKE 'q%d-%%'",
		"word":               "title MATCH 'q%d'",
		"words":              "title MATCH 'common q%d'",
		"crowded words":      "title MATCH 'common commoner q%d'",
		"phrase":             "title MATCH '\"common q%d\"'",
		"beginning":          "title MATCH 'q%dx*'",
		"either word":        "title MATCH 'q%d OR r%[1]d'",
	} {
		t.Run(name, func(t *testing.T) {
			col := newCollection(New(), songs)
			const n = 5000
			for i := range n {
				q := fmt.Sprintf(text, i)
				if name == "range" {
					q = fmt.Sprintf("score >= %d AND score < %d", i, i+1)
				}
				stand(t, col, check(t, q))
			}
			w := newWorld(t, 1)
			id := w.mint()
			title := "q77"
			switch {
			case name == "prefix":
				title = "q77-x"
			case name == "beginning":
				title = "the q77xyz"
			case strings.Contains(text, "common"):
				title = "commoner: common q77"
			}
			values := map[string]model.Value{
				"title": model.OfString(title), "genre": model.OfString("a"), "score": model.OfInt(77),
			}
			ch := Change{Collection: "songs", ID: id, After: record(id, id, values, false)}
			require.Len(t, col.match(&ch).found, 1)
			require.LessOrEqual(t, len(col.search.found), crowd, "looked at too many")
		})
	}
}

// TestManyTargets is about predicates that look at so many places in JSON that every change would have to
// look at all of them, and every query that comes too.
func TestManyTargets(t *testing.T) {
	w := newWorld(t, 1)
	places := func(k, n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("extra.k%d.p%d = 1", k, i)
		}
		return strings.Join(list, " OR ")
	}
	var all []*follower
	for k := range 3 {
		all = append(all, w.follow(check(t, places(k, maxTargets)), false), w.follow(check(t, places(k, maxTargets+1)), false))
	}
	index := &w.reactor.collections["songs"].index
	require.Len(t, index.list, 3)
	require.Len(t, index.columns, 3*maxTargets)
	doc, err := model.ParseJSON(`{"k1": {"p3": 1}}`)
	require.NoError(t, err)
	w.insert(map[string]model.Value{"extra": model.OfJSON(doc)})
	for i, f := range all {
		f.take()
		require.Equal(t, i/2 == 1, len(f.list) == 1, i)
	}
}

// TestLongTextsCount: a peer is held to account for what it makes the index hold.
func TestLongTextsCount(t *testing.T) {
	w := newWorld(t, 1)
	list := strings.Repeat("'x', ", 500)
	for i := range 500 {
		list += fmt.Sprintf("'v%d', ", i)
	}
	short := w.follow(check(t, "title = 'a'"), false)
	long := w.follow(check(t, "title IN ("+list+"'a')"), false)
	require.Zero(t, short.sub.Held())
	require.Greater(t, long.sub.Held(), 500)
}
