package kv

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

var ranked = model.NewSchema(model.Definition{
	Model: "Thing", Collection: "things",
	Fields:  []model.Field{{Name: "rank", Type: model.TypeInt}, {Name: "name", Type: model.TypeString}},
	Indexes: []model.Index{{Name: "by_rank", Columns: []model.IndexColumn{{Field: 0, Desc: true}}}},
})

func rankedRecord(rng *rand.Rand, id int) *storage.Record {
	var b model.TupleBuilder
	b.Set("name", model.OfString("anything").AppendTo(nil))
	b.Set("rank", model.OfInt(rng.Int64N(50)).AppendTo(nil))
	r := &storage.Record{Collection: "things", Row: model.Row{ID: testID(id), Values: b.Tuple()}}
	r.Row.Deleted = rng.IntN(4) == 0
	return r
}

// TestColumnsFollowTheirTable: what scans find by kept columns is what matches,
// before and after changes, and also when there is no room to keep any.
func TestColumnsFollowTheirTable(t *testing.T) {
	const seed, entities = 5, 700
	rng := rand.New(rand.NewPCG(seed, 0))
	q, err := query.Parse("rank >= 10 AND rank < 40 AND name = 'anything'")
	require.NoError(t, err)
	c, err := q.Check(ranked)
	require.NoError(t, err)
	for _, tight := range []bool{false, true} {
		m := newTestMirror(1 << 20)
		version := uint64(1)
		now := m.install(&table{version: 1, ids: newOrder(nil, 0, nil, 1), orders: new(orders)})
		for n := range entities {
			m.commit(rankedRecord(rng, n), version+1)
		}
		for range 40 {
			version++
			for range 20 {
				m.commit(rankedRecord(rng, rng.IntN(entities)), version)
			}
			now = m.at(version)
			require.NotNil(t, now)
			if tight { // no room for a column
				m.budget.whole = 4 * (m.held + columnBytes*int64(now.rows)/2) / 3
			}
			r := columnReader{mirror: m, table: now, schema: ranked}
			for p := range now.ids.pieces(place{}, now.ids.end(), false) {
				want := []*storage.Record{}
				for _, one := range p.rows() {
					if c.Match(&one.Row) {
						want = append(want, one)
					}
				}
				require.Equal(t, len(want), len(r.narrow(c, p)), "seed %d", seed)
				for i := range want {
					require.Same(t, want[i], r.found[i], "seed %d", seed)
				}
			}
		}
		require.Equal(t, now.heap(len(m.columns)), m.held)
		require.LessOrEqual(t, m.budget.used, m.budget.most())
		kept := 0
		for _, chunk := range now.ids.chunks {
			if chunk.column(ranked, 0) != nil {
				kept++
			}
		}
		if tight {
			require.Zero(t, kept)
		} else {
			require.Equal(t, len(now.ids.chunks), kept)
		}
	}
}
