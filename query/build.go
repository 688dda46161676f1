package query

import "github.com/ankgo/ank/model"

// Predicate is a condition on the entities of one model, S being the struct the
// model is declared with, so that columns of different models cannot be mixed.
// The zero Predicate matches everything. A Predicate is immutable.
type Predicate[S any] struct{ expr Expr }

// And returns the predicate that holds where p and all others do.
func (p Predicate[S]) And(others ...Predicate[S]) Predicate[S] {
	return Predicate[S]{Conjunction(exprs(p, others)...)}
}

// Or returns the predicate that holds where p or one of the others does.
func (p Predicate[S]) Or(others ...Predicate[S]) Predicate[S] {
	return Predicate[S]{Disjunction(exprs(p, others)...)}
}

func exprs[S any](p Predicate[S], others []Predicate[S]) []Expr {
	all := []Expr{p.expr}
	for _, o := range others {
		all = append(all, o.expr)
	}
	return all
}

// Not returns the predicate that holds where p is FALSE. Where p is NULL, because
// an optional field is not set, so is its negation.
func (p Predicate[S]) Not() Predicate[S] {
	switch e := p.expr.(type) {
	case nil:
		return Predicate[S]{&LiteralExpr{Value: model.OfBool(false)}}
	case *NotExpr:
		return Predicate[S]{e.X}
	}
	return Predicate[S]{&NotExpr{X: p.expr}}
}

// String returns the predicate as the text of a query.
func (p Predicate[S]) String() string { return (&Query{Where: p.expr}).String() }

// Order is a term of ORDER BY for entities of the model S.
type Order[S any] struct{ term OrderTerm }

// NullsFirst places entities without a value before all others.
func (o Order[S]) NullsFirst() Order[S] { o.term.Nulls = NullsFirst; return o }

// NullsLast places entities without a value after all others.
func (o Order[S]) NullsLast() Order[S] { o.term.Nulls = NullsLast; return o }

// Builder composes a query for the model S. It is immutable: every method
// returns another one. The zero Builder is the query for everything.
type Builder[S any] struct{ q Query }

// Where begins a query with a predicate.
func Where[S any](p Predicate[S]) Builder[S] { return Builder[S]{Query{Where: p.expr}} }

// OrderBy appends terms to the order, the most significant first.
func (b Builder[S]) OrderBy(terms ...Order[S]) Builder[S] {
	all := append([]OrderTerm(nil), b.q.Order...)
	for _, t := range terms {
		all = append(all, t.term)
	}
	b.q.Order = all
	return b
}

// Limit bounds the number of rows.
func (b Builder[S]) Limit(n int) Builder[S] {
	b.q.Limit = &LiteralExpr{Value: model.OfInt(int64(n))}
	return b
}

// Offset skips the first n rows.
func (b Builder[S]) Offset(n int) Builder[S] {
	b.q.Offset = &LiteralExpr{Value: model.OfInt(int64(n))}
	return b
}

// After begins behind a place, see [Cursor].
func (b Builder[S]) After(c Cursor) Builder[S] {
	b.q = *b.q.Begin(c)
	return b
}

// AsOf asks of the past: of a [time.Time], or of the ID of a transaction.
func (b Builder[S]) AsOf(when any) Builder[S] {
	b.q.AsOf = literalOf(when)
	return b
}

// Query returns the query that was composed.
func (b Builder[S]) Query() *Query { q := b.q; return &q }
