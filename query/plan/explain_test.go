package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/query/plan"
)

// TestExplainWords shows how searches are explained, alone and with others.
func TestExplainWords(t *testing.T) {
	for query, want := range map[string]string{
		"title MATCH 'Rain'": `query     title MATCH 'rain'
plan      seek in index words, word rain
bounds    title MATCH 'rain'
order     by ID, as they are found
`,
		"title MATCH 'rain OR pur*' ORDER BY id DESC": `query     title MATCH 'pur* OR rain' ORDER BY id DESC
plan      union, backwards
part      index words, words pur*, rain; expected about 275 keys
bounds    title MATCH 'pur* OR rain'
by row    title MATCH 'pur* OR rain'
order     as they are found
`,
		`title MATCH '"purple rain" OR princ*' AND open`: `query     open = TRUE AND title MATCH 'princ* OR "purple rain"'
plan      union
part      index words, word princ*; expected about 120 keys
part      intersection
            index words, word purple; expected about 50 keys
            index words, word rain; expected about 75 keys
bounds    title MATCH 'princ* OR "purple rain"'
by row    open = TRUE AND title MATCH 'princ* OR "purple rain"'
order     by ID, as they are found
`,
		"title MATCH 'rain' OR score IN (1, 7)": `query     score IN (1, 7) OR title MATCH 'rain'
plan      union
part      index score, 2 ranges; expected about 100 keys
part      index words, word rain; expected about 75 keys
by row    (score IN (1, 7) OR title MATCH 'rain')
`,
	} {
		text := plan.Explain(check(t, items, query), items.Indexes()).String()
		require.Contains(t, text, want, query)
	}
}
