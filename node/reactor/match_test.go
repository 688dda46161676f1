package reactor

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

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
						st, err := col.add(c)
						require.NoError(t, err)
						asked[st] = c
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
	} {
		t.Run(name, func(t *testing.T) {
			col := newCollection(New(), songs)
			const n = 5000
			for i := range n {
				q := fmt.Sprintf(text, i)
				if name == "range" {
					q = fmt.Sprintf("score >= %d AND score < %d", i, i+1)
				}
				_, err := col.add(check(t, q))
				require.NoError(t, err)
			}
			w := newWorld(t, 1)
			id := w.mint()
			title := "q77"
			if name == "prefix" {
				title = "q77-x"
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
