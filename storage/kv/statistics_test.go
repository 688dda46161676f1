package kv_test

import (
	"context"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/kv"
	"github.com/ankgo/ank/storage/storagetest"
)

// TestPlansByCounts chooses between indexes over skewed data, 2,000 albums of which
// 1,800 are by 'a', by looking at keys and by the table. It counts all keys that are
// read: those that choosing takes, and those of the plan.
func TestPlansByCounts(t *testing.T) {
	ctx := context.Background()
	s := storagetest.Albums()
	for _, c := range []struct {
		text    string
		plan    string
		rows    int
		scanned int
	}{
		{"artist = 'a' AND score = 5", "seek by_score", 1, 70},
		{"score >= 0 AND artist = 'b3'", "seek by_artist", 29, 125},
		{"artist = 'a' ORDER BY score DESC LIMIT 3", "seek by_score", 3, 1100},
		{"artist = 'b3' ORDER BY score LIMIT 3", "seek by_artist", 3, 60},
		{"artist = 'b3' OR score = 5", "union by_artist by_score", 31, 35},
		{"(artist = 'b3' OR score = 5) AND name = 'n1'", "union by_artist by_score", 0, 410},
		// An intersection that hardly leaves anything out does not pay.
		{"artist = 'a' AND name = 'n1'", "seek by_name", 250, 1800},
		{"released < '1970-01-04' AND name = 'n1'", "intersect by_released by_name", 17, 840},
	} {
		for name, options := range map[string]kv.Options{
			"store": {CacheBytes: -1}, "table": kv.Eager(kv.Options{CacheBytes: 1 << 30}),
		} {
			t.Run(name+" "+c.text, func(t *testing.T) {
				store := newHarshStore(t, options)
				e, err := store.open(ctx)
				require.NoError(t, err)
				require.NoError(t, e.Register(ctx, s))
				fillSkewed(t, e)
				v, err := e.Snapshot(ctx)
				require.NoError(t, err)
				if name == "table" {
					for range 3 { // until there is one
						countRows(t, v.Select(ctx, plan.New(checkedQuery(t, s, ""), nil)))
					}
				}
				for range 20 { // until counting has made up for the orders of the table
					store.scanned = 0
					p := storage.Plan(ctx, v, checkedQuery(t, s, c.text))
					require.Equal(t, c.plan, indexesOf(s, p))
					require.Equal(t, c.rows, countRows(t, v.Select(ctx, p)))
					if name == "store" {
						require.LessOrEqual(t, store.scanned, c.scanned)
						before := store.scanned
						work, n, err := storage.Trace(ctx, v, p)
						require.NoError(t, err)
						require.Equal(t, c.rows, n)
						require.LessOrEqual(t, work.Found, work.Rows)
						require.LessOrEqual(t, work.Keys, store.scanned-before, "keys that were read are counted")
						require.Len(t, work.Parts, len(p.Parts))
					}
				}
				if name == "table" {
					require.Zero(t, store.scanned, "what is on the heap tells all")
				}
				v.Close()
				require.NoError(t, e.Close())
			})
		}
	}
}

func checkedQuery(t *testing.T, s *model.Schema, text string) *query.Checked {
	t.Helper()
	q, err := query.Parse(text)
	require.NoError(t, err)
	c, err := q.Check(s)
	require.NoError(t, err)
	return c
}

func countRows(t *testing.T, rows iter.Seq2[*storage.Record, error]) (n int) {
	t.Helper()
	for _, err := range rows {
		require.NoError(t, err)
		n++
	}
	return n
}

// indexesOf names what a plan does, and the indexes that it reads.
func indexesOf(s *model.Schema, p *plan.Plan) string {
	text := p.Access.String()
	if p.Index >= 0 {
		text += " " + s.Indexes()[p.Index].Name
	}
	for _, part := range p.Parts {
		text += " " + s.Indexes()[part.Index].Name
	}
	return text
}

func fillSkewed(t *testing.T, e storage.Engine) {
	t.Helper()
	w := storagetest.NewWorld(1, 1)
	d := w.Begin()
	s := storagetest.Albums()
	for i := range 2000 {
		artist := "a"
		if i%10 == 0 {
			artist = fmt.Sprint("b", i/10%7)
		}
		d.Create(s, "artist", artist, "name", fmt.Sprint("n", i%8), "score", float64(i/2), "released", time.Unix(int64(i%60)*86400, 0))
	}
	require.NoError(t, e.Commit(context.Background(), d.Batch()))
}
