package query_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// The models that refer to each other: an album has an artist, an artist a label
// and a mentor.
var (
	record = model.NewSchema(model.Definition{
		Model: "Record", Collection: "records",
		Fields: []model.Field{
			{Name: "name", Type: model.TypeString},
			{Name: "artist", Type: model.TypeID, Optional: true, Ref: "singers"},
			{Name: "year", Type: model.TypeInt},
			{Name: "price", Type: model.TypeFloat, Optional: true},
			{Name: "length", Type: model.TypeDuration},
			{Name: "released", Type: model.TypeTime, Optional: true},
			{Name: "meta", Type: model.TypeJSON},
			{Name: "tags", Type: model.TypeJSON},
			{Name: "live", Type: model.TypeBool},
			{Name: "foreign", Type: model.TypeID, Ref: "elsewhere"},
			{Name: "plays", Type: model.TypeUint},
		},
		Targets: recordTargets{},
	})
	singer = model.NewSchema(model.Definition{
		Model: "Singer", Collection: "singers",
		Fields: []model.Field{
			{Name: "name", Type: model.TypeString},
			{Name: "label", Type: model.TypeID, Optional: true, Ref: "labels"},
			{Name: "mentor", Type: model.TypeID, Optional: true, Ref: "singers"},
			{Name: "born", Type: model.TypeInt, Optional: true},
			{Name: "meta", Type: model.TypeJSON},
		},
		Targets: singerTargets{},
	})
	label = model.NewSchema(model.Definition{
		Model: "Label", Collection: "labels",
		Fields: []model.Field{{Name: "name", Type: model.TypeString}},
	})
)

// Where the references lead, in the form that generated code has it.
type (
	recordTargets struct{}
	singerTargets struct{}
)

func (recordTargets) Target(field int) *model.Schema {
	if field == 1 {
		return singer
	}
	return nil
}

func (singerTargets) Target(field int) *model.Schema {
	switch field {
	case 1:
		return label
	case 2:
		return singer
	}
	return nil
}

func TestCanonicalQueries(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"year + 1 = 5", ""},
		{"1 + year = 5", ""},
		{"year = 2 + 3 * 4 - 1", "year = 13"},
		{"-year > 5", "0 - year > 5"},
		{"year > 3 - -1", "year > 4"},
		{"(year + 1) * 2 > 5", ""},
		{"year + (1 * 2) > 5", "year + 2 > 5"},
		{"year - (1 - plays) > 5.0", "year - (1 - plays) > 5"},
		{"len(tags) > 2", "LEN(tags) > 2"},
		{"'jazz' IN tags", "tags CONTAINS 'jazz'"},
		{"'jazz' NOT IN tags", "tags NOT CONTAINS 'jazz'"},
		{"tags contains any ('b', 'a', 'b')", "tags CONTAINS ANY ('a', 'b')"},
		{"tags CONTAINS ALL ('a')", "tags CONTAINS 'a'"},
		{"NOT tags CONTAINS ALL ('a', 2)", "tags NOT CONTAINS ALL (2, 'a')"},
		{"name ilike 'PURPLE%'", "name ILIKE 'purple%'"},
		{"name ilike '42%'", "name LIKE '42%'"},
		{"name STARTS WITH '50%'", `name LIKE '50\%%' ESCAPE '\'`},
		{"name MATCH 'Rain purple'", "name MATCH 'purple rain'"},
		{"artist.name NOT MATCH ''", "artist.name IS NOT NULL"},
		{"meta.tracks[0].title IS MISSING", "meta.tracks.0.title IS MISSING"},
		{"released - '1h' > '2024-01-01'", "released - '1h0m0s' > '2024-01-01T00:00:00Z'"},
		{"released - '2023-01-01' > '7d'", "released - '2023-01-01T00:00:00Z' > '168h0m0s'"},
		{"length * 2 > '1h'", "length * 2 > '1h0m0s'"},
		{"SELECT DISTINCT year, live", "SELECT year, live GROUP BY live, year"},
		{
			"SELECT year, COUNT(*) AS n WHERE live GROUP BY year HAVING n > 1 ORDER BY n DESC LIMIT 3",
			"SELECT year, COUNT(*) AS n WHERE live = TRUE GROUP BY year HAVING COUNT(*) > 1 ORDER BY COUNT(*) DESC LIMIT 3",
		},
		{
			"SELECT year / 10 * 10 AS decade, avg(price) GROUP BY decade",
			"SELECT year / 10 * 10 AS decade, AVG(price) GROUP BY year / 10 * 10",
		},
		{"SELECT SUM(plays) / COUNT(*) HAVING MAX(DISTINCT price) > 1.5", "SELECT SUM(plays) / COUNT(*) HAVING MAX(price) > 1.5"},
		{"live AS OF '2024-01-01'", "live = TRUE AS OF '2024-01-01T00:00:00Z'"},
		{"name MATCH 'rain' ORDER BY rank() DESC", "name MATCH 'rain' ORDER BY RANK() DESC"},
		{
			"artist.label.name = 'Warner' AND artist.name != 'Prince'",
			"artist.label.name = 'Warner' AND artist.name != 'Prince'",
		},
		{"artist.name > artist.mentor.name ORDER BY artist.mentor.born DESC", "artist.mentor.name < artist.name ORDER BY artist.mentor.born DESC"},
		{
			"SELECT artist.label.name, COUNT(DISTINCT artist) WHERE artist.meta.x = 1 GROUP BY artist.label.name ORDER BY SUM(artist.born - 1900)",
			"SELECT artist.label.name, COUNT(DISTINCT artist) WHERE artist.meta.x = 1 GROUP BY artist.label.name ORDER BY SUM(artist.born - 1900)",
		},
	} {
		c, err := checkedOf(test.text, record)
		require.NoError(t, err, test.text)
		want := test.want
		if want == "" {
			want = test.text
		}
		require.Equal(t, want, c.String(), test.text)
		again, err := checkedOf(c.String(), record)
		require.NoError(t, err, c.String())
		require.Equal(t, c.Key(), again.Key(), test.text)
	}
}

func checkedOf(text string, s *model.Schema, args ...any) (*query.Checked, error) {
	q, err := query.Parse(text)
	if err != nil {
		return nil, err
	}
	if q, err = q.Bind(args...); err != nil {
		return nil, err
	}
	return q.Check(s)
}
