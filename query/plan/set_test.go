package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
)

// TestDomainHoldsEveryMatch checks both halves of Domain's promise on rows.
func TestDomainHoldsEveryMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "dice") }, everyType)
		c := check(t, w.schema, w.predicate(3))
		rows := w.rows(8)
		for _, name := range w.schema.Names() {
			column, _ := w.schema.Field(name)
			set, exact := plan.Domain(c, c.Where(), column)
			values, finite := set.Values()
			for _, r := range rows {
				r.Deleted = false
				v := w.schema.Value(r, column)
				in := set.Contains(v)
				if finite {
					require.Equal(t, in, slices.ContainsFunc(values, v.Equal), "%s: values of %s: %v", c, name, values)
				}
				if c.Match(r) {
					require.True(t, in, "%s: %s = %v is not in %v", c, name, v, set)
				} else if exact {
					require.False(t, in, "%s: %s = %v is in %v", c, name, v, set)
				}
			}
		}
	})
}

func TestDomainSeesThroughOperators(t *testing.T) {
	low, high := model.OfInt(5), model.OfInt(9)
	for _, test := range []struct {
		query string
		want  []plan.Interval
		null  bool
		exact bool
	}{
		{"score = 5", []plan.Interval{{Low: low, High: low}}, false, true},
		{"score > 5 AND score <= 9", []plan.Interval{{Low: low, High: high, LowOpen: true}}, false, true},
		{"score < 5 OR score > 9", []plan.Interval{{High: low, HighOpen: true}, {Low: high, LowOpen: true}}, false, true},
		{"score < 5 OR score = 5", []plan.Interval{{High: low}}, false, true},
		{"score < 5 OR score > 5", []plan.Interval{{High: low, HighOpen: true}, {Low: low, LowOpen: true}}, false, true},
		{"score < 9 OR score >= 5", []plan.Interval{{}}, false, true},
		{"NOT (score < 5 OR score > 9)", []plan.Interval{{Low: low, High: high}}, false, true},
		{"score = 5 AND owner = 'u'", []plan.Interval{{Low: low, High: low}}, false, false},
		{"score = 5 AND owner = 'u' OR score = 9", []plan.Interval{{Low: low, High: low}, {Low: high, High: high}}, false, false},
		{"score = 5 OR owner = 'u'", []plan.Interval{{}}, true, false},
		{"score = 1 AND score = 2", nil, false, true},
	} {
		c := check(t, items, test.query)
		set, exact := plan.Domain(c, c.Where(), 2)
		require.Equal(t, test.want, set.Intervals, test.query)
		require.Equal(t, test.null, set.Null, test.query)
		require.Equal(t, test.exact, exact, test.query)
	}
}

func TestTopKeepsWhatSortingWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOf(rapid.IntRange(0, 50)).Draw(t, "numbers")
		offset := rapid.IntRange(0, 10).Draw(t, "offset")
		limit := rapid.IntRange(-1, 10).Draw(t, "limit")
		top := plan.NewTop(func(a, b int) int { return a - b }, offset, limit)
		for _, n := range numbers {
			top.Add(n)
			if limit >= 0 {
				require.LessOrEqual(t, top.Len(), offset+limit)
			}
		}
		want := slices.Sorted(slices.Values(numbers))
		want = want[min(offset, len(want)):]
		if limit >= 0 {
			want = want[:min(limit, len(want))]
		}
		require.Equal(t, append([]int{}, want...), append([]int{}, top.Take()...))
		require.Zero(t, top.Len())
	})
}

// TestManyExclusions: sets taken one after the other make this take minutes.
func TestManyExclusions(t *testing.T) {
	const n = 50_000
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, "score != %d AND ", i)
	}
	c := check(t, items, text.String()+"score < 100")
	set, exact := plan.Domain(c, c.Where(), 2)
	require.True(t, exact)
	require.Len(t, set.Intervals, 101, "what is below 0, and between each two numbers")
	for _, p := range plan.Plans(c, items.Indexes()) {
		require.NotEmpty(t, p.Ranges)
	}
}
