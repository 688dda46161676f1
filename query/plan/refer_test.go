package plan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
)

// works refer to authors, and by an index; to their translators without one.
var works = model.NewSchema(model.Definition{
	Model: "Work", Collection: "works", Targets: authorTargets{},
	Fields: []model.Field{
		{Name: "title", Type: model.TypeString},
		{Name: "author", Type: model.TypeID, Optional: true, Ref: "authors"},
		{Name: "translator", Type: model.TypeID, Optional: true, Ref: "authors"},
	},
	Indexes: []model.Index{
		{Name: "author", Columns: []model.IndexColumn{{Field: 1}}},
		{Name: "title", Columns: []model.IndexColumn{{Field: 0}}},
	},
})

var authors = model.NewSchema(model.Definition{
	Model: "Author", Collection: "authors",
	Fields:  []model.Field{{Name: "name", Type: model.TypeString}},
	Indexes: []model.Index{{Name: "name", Columns: []model.IndexColumn{{Field: 0}}}},
})

type authorTargets struct{}

func (authorTargets) Target(int) *model.Schema { return authors }

func TestReferChooses(t *testing.T) {
	for query, want := range map[string]string{
		"author.name = 'Ada'": "refer by author to (name = 'Ada'), residual",
		"author.name = 'Ada' AND title LIKE '%x' ORDER BY id": "refer by author to (name = 'Ada'), residual",
		"author.name = 'Ada' OR author.name = 'Bob'":          "refer by author to (name = 'Ada' OR name = 'Bob'), residual",
		// Where nothing excludes NULL, or no index is on the reference, it is not asked for.
		"author.name = 'Ada' AND id = '01HF7YAT000000000000000001'": "lookup 1 id, residual, sorted",
		"author.name != 'Ada'":                      "scan, residual, sorted",
		"author.name IS NULL":                       "scan, residual, sorted",
		"author.name = 'Ada' OR title = 'x'":        "scan, residual, sorted",
		"translator.name = 'Ada'":                   "scan, residual, sorted",
		"translator.name = 'Ada' AND title = 'x'":   "seek index 1, 1 range, residual, sorted",
		"title > 'a' ORDER BY author.name LIMIT 10": "seek index 1, 1 range",
	} {
		p := plan.New(check(t, works, query), works.Indexes())
		require.Equal(t, want, p.String(), query)
		if p.Access != plan.Refer {
			continue
		}
		require.Equal(t, plan.Seek, plan.New(p.Reference.Query, authors.Indexes()).Access, query)
		next := p.Narrow([]event.ID{id(1), id(2)}, nil)
		require.Equal(t, plan.Seek, next.Access)
		require.Len(t, next.Ranges, 2)
		require.Empty(t, p.Narrow(nil, nil).IDs, "nobody to refer to, no rows")
	}
}
