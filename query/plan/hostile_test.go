package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
)

// wide is a model of many columns, some of which are indexed.
func wide() *model.Schema {
	def := model.Definition{Model: "Thing", Collection: "things", Fields: []model.Field{{Name: "name", Type: model.TypeString}}}
	for i := range 200 {
		def.Fields = append(def.Fields, model.Field{Name: fmt.Sprint("c", i), Type: model.TypeInt})
	}
	def.Indexes = []model.Index{
		{Name: "words", Columns: []model.IndexColumn{{Field: 0}}, FullText: true},
		{Name: "first", Columns: []model.IndexColumn{{Field: 1}, {Field: 2}}},
		{Name: "third", Columns: []model.IndexColumn{{Field: 3}}},
	}
	return model.NewSchema(def)
}

// A query that is sixteen times as long does not take a multiple of that to plan, nor is
// every column weighed against every branch.
func TestPlanningGrowsWithTheText(t *testing.T) {
	schema := wide()
	for name, term := range map[string]func(i int) string{
		" AND ": func(i int) string { return fmt.Sprintf("name MATCH 'a%d'", i) },
		" OR ":  func(i int) string { return fmt.Sprintf("c%d = %d", i%200, i) },
	} {
		took := func(n int) time.Duration {
			terms := make([]string, n)
			for i := range terms {
				terms[i] = term(i)
			}
			q, err := query.Parse(strings.Join(terms, name))
			require.NoError(t, err)
			c, err := q.Check(schema)
			require.NoError(t, err)
			least := time.Hour
			for range 3 {
				start := time.Now()
				plan.New(c, schema.Indexes())
				least = min(least, time.Since(start))
			}
			return least
		}
		const pause = 300 * time.Millisecond // what a busy machine may add
		small := took(1000)
		require.Less(t, took(16000), 60*small+pause, name)
	}
}
