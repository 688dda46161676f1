package query_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/query"
)

// throughReferences returns the query with what it asks of referenced entities asked
// of those first. The result is to be the same.
func (w world) throughReferences(c *query.Checked) *query.Checked {
	for i, f := range c.Follows() {
		if f.From >= 0 {
			continue
		}
		q, ok := c.Behind(i)
		if !ok {
			continue
		}
		q = w.throughReferences(q)
		var ids []event.ID
		for _, r := range w.window(q, w.others) {
			ids = append(ids, r.ID)
		}
		c = c.Leading(f.Column, ids)
	}
	return c
}

func TestBehind(t *testing.T) {
	for text, want := range map[string]string{
		"artist.name = 'Prince' AND year > 1984":                                            "name = 'Prince'",
		"artist.name = 'Prince' AND artist.label.name IS NULL":                              "name = 'Prince' AND label.name IS NULL",
		"artist.label.name = 'Warner'":                                                      "label.name = 'Warner'",
		"artist.name = 'Prince' OR artist.label.name STARTS WITH 'W'":                       "name = 'Prince' OR label.name LIKE 'W%'",
		"artist.name = 'a' AND (artist.name != 'b' OR year = 1)":                            "name = 'a'",
		"LEN(artist.name) + 1 > 5":                                                          "LEN(name) + 1 > 5",
		"artist.name MATCH 'prince'":                                                        "name MATCH 'prince'",
		"artist.name IS NOT NULL":                                                           "", // every artist has one
		"artist.name != 'Prince'":                                                           "name != 'Prince'",
		"artist.name IS NULL":                                                               "", // so may be what refers to nobody
		"artist.name IS NULL OR artist.name = 'Prince'":                                     "",
		"artist.name = 'Prince' OR year = 1984":                                             "",
		"artist.name = name":                                                                "",
		"year = 1984 ORDER BY artist.name":                                                  "",
		"artist.name MATCH 'a' AND name MATCH 'b' ORDER BY RANK()":                          "name MATCH 'a'",
		"artist.name MATCH 'a' AND name MATCH 'b' AND year = 1 AND NOT (artist.name = 'b')": "name != 'b' AND name MATCH 'a'",
	} {
		q, err := query.Parse(text)
		require.NoError(t, err)
		c, err := q.Check(record)
		require.NoError(t, err, text)
		behind, ok := c.Behind(0)
		require.Equal(t, want != "", ok, text)
		if ok {
			require.Equal(t, want, behind.String(), text)
		}
	}
}
