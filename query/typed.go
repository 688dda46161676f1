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

	// ID is a column of IDs: T is event.ID, or a model.Ref.
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
	return Predicate[S]{&LikeExpr{X: columnOf(column), Pattern: &LiteralExpr{Value: model.OfString(pattern)}}}
}

func null[S any](column string, negated bool) Predicate[S] {
	return Predicate[S]{&NullExpr{X: columnOf(column), Negated: negated}}
}

func order[S any](column string, desc bool) Order[S] {
	return Order[S]{OrderTerm{X: columnOf(column), Desc: desc}}
}
