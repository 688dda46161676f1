package entity

import (
	"context"
	"iter"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// A Grouping is a query for groups that is composed in Go: a SELECT with GROUP BY. It
// is immutable: every method that changes it returns another one. It is safe for
// concurrent use.
type Grouping[S any] struct {
	schema  *model.Schema
	builder query.GroupBuilder[S]
}

func (g *Grouping[S]) with(b query.GroupBuilder[S]) *Grouping[S] {
	return &Grouping[S]{schema: g.schema, builder: b}
}

// Select appends items to the result.
func (g *Grouping[S]) Select(values ...query.GroupValue[S]) *Grouping[S] {
	return g.with(g.builder.Select(values...))
}

// Having keeps the groups of which a predicate is TRUE.
func (g *Grouping[S]) Having(p query.Predicate[query.Grouped[S]]) *Grouping[S] {
	return g.with(g.builder.Having(p))
}

// OrderBy appends terms to the order of the groups, the most significant first.
func (g *Grouping[S]) OrderBy(terms ...query.Order[query.Grouped[S]]) *Grouping[S] {
	return g.with(g.builder.OrderBy(terms...))
}

// Limit bounds the number of groups.
func (g *Grouping[S]) Limit(n int) *Grouping[S] { return g.with(g.builder.Limit(n)) }

// Offset skips the first n groups.
func (g *Grouping[S]) Offset(n int) *Grouping[S] { return g.with(g.builder.Offset(n)) }

// Fetch yields the groups, in order. The sequence ends after the first error.
func (g *Grouping[S]) Fetch(ctx context.Context, r Reader) iter.Seq2[Group, error] {
	return fetchGroups(ctx, r, g.schema, g.builder.Query(), nil)
}

// Query makes a live query of the groups. Close it.
func (g *Grouping[S]) Query(ctx context.Context, session Session) (*Live[Group], error) {
	return liveGroups(ctx, session, g.schema, g.builder.Query(), nil)
}
