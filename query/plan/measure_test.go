package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
)

// counts are a collection's statistics, by names of indexes.
type counts struct {
	rows  int
	keys  map[string]int
	asked map[string]int // how often each was asked for
}

func (c *counts) Rows() (int, bool) { return c.rows, c.rows > 0 }

func (c *counts) Keys(index int, ranges []plan.Range, most int) (int, bool) {
	name := items.Indexes()[index].Name
	c.asked[name]++
	n := c.keys[name]
	if items.Indexes()[index].FullText {
		v, _, _ := model.DecodeKey(ranges[0].Low, model.TypeString, false)
		n = c.keys[v.Text()]
	}
	return min(n, most), n < most
}

func (c *counts) Of(*model.Schema) plan.Statistics { return c }

func TestMeasuredChooses(t *testing.T) {
	for _, test := range []struct {
		query string
		keys  map[string]int // of a million rows
		want  string
		asked []string
	}{
		// Where one index is the obvious one nothing is counted.
		{"owner = 'u'", nil, "seek owner_status, 1 range", nil},
		{"owner = 'u' AND status = 'open'", map[string]int{"owner_status": 3}, "seek owner_status, 1 range, sorted", nil},
		{"score > 5 AND score < 9", nil, "seek score, 1 range", nil},
		{"status = 'open' ORDER BY score LIMIT 20", nil, "seek status_score, 1 range, sorted", nil},
		{"status = 'open' ORDER BY score DESC LIMIT 20", nil, "seek status_score, 1 range, reverse, sorted by 1 key", nil},
		{"id > '01HF7YAT000000000000000001'", nil, "scan 1 range, residual, sorted", nil},
		// The part that has few rows is read, whatever its operator.
		{
			"status = 'open' AND owner LIKE 'u%'",
			map[string]int{"status_score": 900_000, "owner_status": 3},
			"seek owner_status, 1 range, filter",
			[]string{"owner_status", "status_score"},
		},
		{
			"score = 5 AND title > 'x'",
			map[string]int{"score": 500_000, "title": 3},
			"seek title, 1 range, residual",
			[]string{"score", "title"},
		},
		{
			"score = 5 AND title > 'x'",
			map[string]int{"score": 2, "title": 3},
			"seek score, 1 range, residual, sorted",
			[]string{"score"},
		},
		// Two that leave some hundreds of rows each are intersected, as long as
		// few keys have to be read for that.
		{
			"score = 5 AND title > 'x'",
			map[string]int{"score": 700, "title": 900},
			"intersect (seek score, 1 range & seek title, 1 range), residual, sorted",
			[]string{"score", "title"},
		},
		{
			"score = 5 AND title > 'x'",
			map[string]int{"score": 40, "title": 900},
			"seek score, 1 range, residual, sorted",
			[]string{"score", "title"},
		},
		{
			"score = 5 AND (title = 'x' OR owner = 'u')",
			map[string]int{"score": 700, "title": 1, "owner_status": 9},
			"union (seek owner_status, 1 range | seek title, 1 range), residual, sorted",
			[]string{"score", "title", "owner_status"},
		},
		{
			"score = 5 AND (title = 'x' OR owner = 'u')",
			map[string]int{"score": 7, "title": 1, "owner_status": 900},
			"seek score, 1 range, residual, sorted",
			[]string{"score", "title", "owner_status"},
		},
		// The more rows match, the sooner reading in order comes to its limit.
		{
			"score = 5 OR title = 'x' ORDER BY owner, status LIMIT 10",
			map[string]int{"score": 300_000, "title": 3},
			"seek owner_status, 1 range, residual, sorted",
			[]string{"score", "title"},
		},
		{
			"score = 5 OR title = 'x' ORDER BY owner, status LIMIT 10",
			map[string]int{"score": 30, "title": 3},
			"union (seek score, 1 range | seek title, 1 range), residual",
			[]string{"score", "title"},
		},
		{
			"title MATCH 'the' ORDER BY owner, status LIMIT 10",
			map[string]int{"the": 300_000},
			"seek owner_status, 1 range, residual, sorted",
			[]string{"words"},
		},
		// Of several words the rarest is read, and others if that pays.
		{"title MATCH 'rain'", nil, "seek words, 1 range, sorted", nil},
		{
			"title MATCH 'the rain'",
			map[string]int{"the": 800_000, "rain": 20},
			"seek words, 1 range, residual, sorted",
			[]string{"words"},
		},
		{
			"title MATCH 'purple rain of'",
			map[string]int{"purple": 700, "rain": 900, "of": 500_000},
			"intersect (seek words, 1 range & seek words, 1 range), residual, sorted",
			[]string{"words"},
		},
		{
			"title MATCH 'purple rain' AND score = 5",
			map[string]int{"purple": 700, "rain": 900, "score": 3},
			"seek score, 1 range, residual, sorted",
			[]string{"words", "score"},
		},
		{
			"title MATCH 'rain' AND score = 5",
			map[string]int{"rain": 3, "score": 900},
			"seek words, 1 range, residual, sorted",
			[]string{"words", "score"},
		},
		{
			"title MATCH 'rain' AND score = 5",
			map[string]int{"rain": 700, "score": 900},
			"intersect (seek words, 1 range & seek score, 1 range), residual, sorted",
			[]string{"words", "score"},
		},
		{
			"title MATCH 'rain' ORDER BY score LIMIT 5",
			map[string]int{"rain": 40},
			"seek words, 1 range",
			[]string{"words"},
		},
		{
			"title MATCH 'the' ORDER BY score LIMIT 5",
			map[string]int{"the": 400_000},
			"seek score, 1 range, residual, sorted",
			[]string{"words"},
		},
		// Reading in order up to a limit is weighed against reading few rows.
		{
			"owner = 'u' ORDER BY score LIMIT 5",
			map[string]int{"owner_status": 3},
			"seek owner_status, 1 range",
			[]string{"owner_status"},
		},
		{
			"owner > 'u' ORDER BY score LIMIT 5",
			map[string]int{"owner_status": 900_000},
			"seek score, 1 range, residual, sorted",
			[]string{"owner_status"},
		},
	} {
		c := &counts{rows: 1_000_000, keys: test.keys, asked: map[string]int{}}
		p := plan.Measured(check(t, items, test.query), items.Indexes(), c)
		require.Equal(t, test.want, named(p), test.query)
		asked := []string{}
		for name := range c.asked {
			asked = append(asked, name)
		}
		require.ElementsMatch(t, test.asked, asked, test.query)
	}
}
