package query

import (
	"time"

	"github.com/ankgo/ank/model"
)

// The typed columns are names with the model they belong to and the Go type of
// their field. Generated code declares them as constants:
//
//	const AlbumYear query.Number[Album, int] = "year"
//
// A predicate made of them can only compare what Go would let one assign.
type (
	// Bool is a column of booleans.
	Bool[S any, T ~bool] string

	// Number is a column of integers or floats.
	Number[S any, T number] string

	// Text is a column of strings.
	Text[S any, T ~string] string

	// Bytes is a column of bytes.
	Bytes[S any, T ~[]byte] string

	// Time is a column of times.
	Time[S any, T interface{ time.Time }] string

	// Duration is a column of durations.
	Duration[S any, T ~int64] string

	// ID is a column of IDs; references are a [Ref].
	ID[S any, T id] string

	// JSON is a column of JSON.
	JSON[S any, T interface{ model.JSON }] string
)

type number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// id is what event.ID and model.Ref have in common.
type id interface {
	comparable
	IsZero() bool
	String() string
}

func columnOf(name string) *ColumnExpr { return &ColumnExpr{Path: []string{name}} }

// literalOf returns the node of a Go value. What is wrong with the value, if
// anything, is reported when the query is checked.
func literalOf(v any) Expr {
	c, err := constant(v, Span{})
	if err != nil {
		return &invalidExpr{reason: err.Error()}
	}
	return c
}

func literalsOf[T any](values []T) []Expr {
	all := make([]Expr, len(values))
	for i, v := range values {
		all[i] = literalOf(v)
	}
	return all
}

// invalidExpr stands for a Go value that is no value of the query language.
type invalidExpr struct{ reason string }

// Span implements [Expr].
func (*invalidExpr) Span() Span { return Span{} }

func compare[S any](column string, op Op, v any) Predicate[S] {
	return Predicate[S]{&CompareExpr{Op: op, X: columnOf(column), Y: literalOf(v)}}
}

func between[S any](column string, low, high any) Predicate[S] {
	return Predicate[S]{&BetweenExpr{X: columnOf(column), Low: literalOf(low), High: literalOf(high)}}
}

func in[S, T any](column string, values []T, negated bool) Predicate[S] {
	return Predicate[S]{&InExpr{X: columnOf(column), List: literalsOf(values), Negated: negated}}
}

func like[S any](column, pattern string) Predicate[S] {
	return likeOf[S](columnOf(column), LikePattern, pattern)
}

func likeOf[S any](x Expr, kind LikeKind, pattern string) Predicate[S] {
	return Predicate[S]{&LikeExpr{Kind: kind, X: x, Pattern: &LiteralExpr{Value: model.OfString(pattern)}}}
}

func match[S any](x Expr, words string) Predicate[S] {
	return Predicate[S]{&MatchExpr{X: x, Words: &LiteralExpr{Value: model.OfString(words)}}}
}

// Computed is a number that is computed from an entity of the model S.
type Computed[S any] struct{ e Expr }

// Rank is RANK(): how well an entity matches what the predicate looks for with
// Match.
func Rank[S any]() Computed[S] { return Computed[S]{&CallExpr{Func: FuncRank}} }

// Eq is value = n.
func (c Computed[S]) Eq(n int) Predicate[S] { return c.compare(Eq, n) }

// Ne is value != n.
func (c Computed[S]) Ne(n int) Predicate[S] { return c.compare(Ne, n) }

// Lt is value < n.
func (c Computed[S]) Lt(n int) Predicate[S] { return c.compare(Lt, n) }

// Le is value <= n.
func (c Computed[S]) Le(n int) Predicate[S] { return c.compare(Le, n) }

// Gt is value > n.
func (c Computed[S]) Gt(n int) Predicate[S] { return c.compare(Gt, n) }

// Ge is value >= n.
func (c Computed[S]) Ge(n int) Predicate[S] { return c.compare(Ge, n) }

// Asc orders by the value, ascending.
func (c Computed[S]) Asc() Order[S] { return Order[S]{OrderTerm{X: c.e}} }

// Desc orders by the value, descending.
func (c Computed[S]) Desc() Order[S] { return Order[S]{OrderTerm{X: c.e, Desc: true}} }

func (c Computed[S]) compare(op Op, n int) Predicate[S] {
	return Predicate[S]{&CompareExpr{Op: op, X: c.e, Y: literalOf(n)}}
}

func null[S any](column string, negated bool) Predicate[S] {
	return Predicate[S]{&NullExpr{X: columnOf(column), Negated: negated}}
}

func order[S any](column string, desc bool) Order[S] {
	return Order[S]{OrderTerm{X: columnOf(column), Desc: desc}}
}
