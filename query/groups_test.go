package query_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// TestGroupsForgetRows takes rows in and out at random, and compares what the
// groups are with those that were made of the remaining rows in another order: they
// have to be the same to the bit.
func TestGroupsForgetRows(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 60 {
		w := newWorld(rng.IntN)
		c, err := w.groups().Check(w.schema)
		require.NoError(t, err)
		live := query.NewGroups(c, true)
		rows := w.rows(30)
		in := map[*model.Row]bool{}
		for range 150 {
			r := rows[rng.IntN(len(rows))]
			joined, err := c.Join(w, r)
			require.NoError(t, err)
			if in[r] {
				delete(in, r)
				live.Remove(joined)
			} else {
				in[r] = true
				live.Add(joined)
			}
			if rng.IntN(10) > 0 {
				continue
			}
			want, err := query.GroupRows(c, func(yield func(*model.Row, error) bool) {
				for r := range in {
					if joined, err := c.Join(w, r); !yield(joined, err) {
						return
					}
				}
			})
			require.NoError(t, err)
			require.Equal(t, want, live.Result(), "seed %d: %s", seed, c)
		}
	}
}

func TestSums(t *testing.T) {
	sum := func(f query.Func, typ model.Type, values ...model.Value) model.Value {
		a := (&query.Aggregate{Func: f, Type: typ}).New(true)
		for _, v := range values {
			a.Add(v)
		}
		return a.Value()
	}
	most, least := model.OfInt(math.MaxInt64), model.OfInt(math.MinInt64)
	for _, test := range []struct{ got, want model.Value }{
		{sum(query.FuncSum, model.TypeInt), model.Null},
		{sum(query.FuncSum, model.TypeInt, model.Null), model.Null},
		{sum(query.FuncSum, model.TypeInt, most, least), model.OfInt(-1)},
		{sum(query.FuncSum, model.TypeInt, most, model.OfInt(1)), model.OfUint(1 << 63)},
		{sum(query.FuncSum, model.TypeInt, most, most, most), model.OfFloat(3 * float64(math.MaxInt64))},
		{sum(query.FuncSum, model.TypeInt, least, least, most, most), model.OfInt(-2)},
		{sum(query.FuncSum, model.TypeFloat, model.OfFloat(1e100), model.OfFloat(1), model.OfFloat(-1e100)), model.OfFloat(1)},
		{sum(query.FuncSum, model.TypeFloat, model.OfFloat(0.1), model.OfFloat(0.2), model.OfFloat(-0.3)), model.OfFloat(0x1p-55)},
		{sum(query.FuncAvg, model.TypeInt, model.OfInt(1), model.OfInt(2)), model.OfFloat(1.5)},
		{sum(query.FuncSum, model.TypeJSON, model.OfInt(1), model.OfFloat(0.5), model.OfFloat(0.5), model.OfString("x")), model.OfInt(2)},
		{sum(query.FuncSum, model.TypeDuration, model.OfDuration(math.MaxInt64), model.OfDuration(-1)), model.OfDuration(math.MaxInt64 - 1)},
		{sum(query.FuncSum, model.TypeDuration, model.OfDuration(math.MaxInt64), model.OfDuration(1)), model.Null},
		{sum(query.FuncAvg, model.TypeDuration, model.OfDuration(math.MaxInt64), model.OfDuration(math.MaxInt64)), model.OfDuration(math.MaxInt64)},
		{sum(query.FuncAvg, model.TypeDuration, model.OfDuration(math.MinInt64), model.OfDuration(math.MinInt64)), model.OfDuration(math.MinInt64)},
		{sum(query.FuncMax, model.TypeInt, model.OfInt(1), model.Null, model.OfInt(3), model.OfInt(2)), model.OfInt(3)},
		{sum(query.FuncMin, model.TypeInt, model.Null), model.Null},
	} {
		require.Equal(t, test.want, test.got)
	}
}

func TestGroupsSayWhatWasAsked(t *testing.T) {
	c, err := checkedOf("SELECT artist.name AS who, year, COUNT(*) AS n, MAX(price) - MIN(price) WHERE live GROUP BY year, artist.name"+
		" HAVING n > 1 AND year > 5 ORDER BY n DESC, who LIMIT 3 OFFSET 1", record)
	require.NoError(t, err)
	g := c.Grouping()
	var names []string
	for _, item := range g.Items() {
		names = append(names, item.Name)
	}
	require.Equal(t, []string{"who", "year", "n", "MAX(price) - MIN(price)"}, names)
	require.Len(t, g.Keys(), 2)
	require.Len(t, g.Aggregates(), 3)
	require.Equal(t, "artist.name", g.Column(0).Name)
	require.Equal(t, model.TypeInt, g.Column(g.Items()[2].Column).Type)
	require.Len(t, c.Joined(), 1)
	require.Equal(t, "live = TRUE", c.Rows().String())
	require.Empty(t, c.Rows().Order())
	require.Nil(t, c.Rows().Grouping())
	require.Same(t, c.Rows().Rows().Schema(), record)
}
