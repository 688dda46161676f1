package reactor

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRestOfPredicates says what is left to evaluate once the index has found a row by the first term.
func TestRestOfPredicates(t *testing.T) {
	for text, want := range map[string]string{
		// What the first term implies is left out.
		"title = 'a' AND score = 1":                    "score = 1",
		"score = 1 AND title != 'a'":                   "title != 'a'",
		"score >= 1 AND score < 9 AND title != 'a'":    "title != 'a'",
		"score > 1 AND score < 9 AND plays > 5":        "plays > 5",
		"title LIKE 'a%' AND title != 'ab'":            "title != 'ab'",
		"length IS NULL AND title != 'ab'":             "title != 'ab'",
		"extra.n = 1 AND title != 'ab'":                "title != 'ab'",
		"extra.n = 1 AND extra.m = 1":                  "extra.n = 1",
		"title = 'a' AND score IN (1, 2)":              "score IN (1, 2)",
		"score > 1 AND title = 'a' AND live":           "(score > 1 AND live = TRUE)",
		"title = 'a' AND (score = 1 OR score = plays)": "(score = 1 OR score = plays)",

		// What says more than its term is not.
		"title > 'a' AND title < 'b' AND title != 'abc'": "(title != 'abc' AND title < 'b' AND title > 'a')",
		"title LIKE 'a%b' AND title != 'ab'":             "(title != 'ab' AND title LIKE 'a%b')",
		"extra.n > 1 AND title != 'ab'":                  "(title != 'ab' AND extra.n > 1)",
		"cover > x'00' AND title != 'ab'":                "(title != 'ab' AND cover > x'00')",

		// Nothing is when there are several branches, or none that says anything.
		"title = 'a'":                              "title = 'a'",
		"title != 'a' AND score != 1":              "(title != 'a' AND score != 1)",
		"title = 'a' AND score = 1 OR title = 'b'": "(title = 'b' OR title = 'a' AND score = 1)",
		"title IN ('a', 'b') AND score IN (1, 2)":  "(title IN ('a', 'b') AND score IN (1, 2))",
	} {
		c := check(t, text)
		require.Equal(t, want, c.Text(rest(c, c.Where())), text)
	}
}
