package query_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// TestShapesOfGroups: what is told of each group makes the shape, not which there are.
func TestShapesOfGroups(t *testing.T) {
	s := model.NewSchema(model.Definition{Model: "Album", Collection: "albums", Fields: []model.Field{
		{Name: "name", Type: model.TypeString}, {Name: "year", Type: model.TypeInt},
	}})
	grouping := func(text string) *query.Grouping {
		q, err := query.Parse(text)
		require.NoError(t, err, text)
		c, err := q.Check(s)
		require.NoError(t, err, text)
		return c.Grouping()
	}
	one := grouping("SELECT name, COUNT(*) AS n, SUM(year) + 1 GROUP BY name")
	for text, want := range map[string]bool{
		"SELECT name, COUNT(*) AS n, SUM(year) + 1 WHERE year > 3 GROUP BY name HAVING n > 1 ORDER BY n LIMIT 1": true,
		"SELECT name, COUNT(*) AS n, SUM(year) + 1 GROUP BY name HAVING SUM(year) > 5 ORDER BY SUM(year) * 2":    true,
		"SELECT name, COUNT(*) AS n, SUM(year) + 1 GROUP BY name HAVING MAX(year) > 5":                           false,
		"SELECT name, COUNT(*) AS n, SUM(year) + 2 GROUP BY name":                                                false,
		"SELECT name, COUNT(*) AS m, SUM(year) + 1 GROUP BY name":                                                false,
		"SELECT COUNT(*) AS n, name, SUM(year) + 1 GROUP BY name":                                                false,
		"SELECT name, COUNT(*) AS n, SUM(year) + 1 GROUP BY name, year":                                          false,
		"SELECT name, COUNT(*) AS n GROUP BY name":                                                               false,
	} {
		require.Equal(t, want, one.SameShape(grouping(text)), text)
		require.Equal(t, want, grouping(text).SameShape(one), text)
	}
}
