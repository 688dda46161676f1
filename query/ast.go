package query

import "github.com/ankgo/ank/model"

// Query is a parsed query: a predicate, an order and a window. It is a tree of
// plain data that knows no schema; [Query.Check] gives it a meaning.
//
// A Query is immutable once made and safe for concurrent use. Do not change
// the nodes it hands out.
type Query struct {
	// Where is the predicate; nil matches every entity.
	Where Expr
	// Order holds the terms of ORDER BY, the most significant first.
	Order []OrderTerm
	// Limit and Offset are a *LiteralExpr or a *ParamExpr; nil when absent.
	Limit, Offset Expr

	text string // what was parsed; empty for a query that was built
}

// OrderTerm is one term of ORDER BY.
type OrderTerm struct {
	Column *ColumnExpr
	Desc   bool
	Nulls  Nulls
}

// Nulls says where NULL is placed in an order.
type Nulls uint8

// The placements of NULL.
const (
	NullsDefault Nulls = iota // first in an ascending order, last in a descending one
	NullsFirst
	NullsLast
)

// Expr is a node of a parsed predicate. The nodes are [*ColumnExpr],
// [*LiteralExpr], [*ParamExpr], [*NotExpr], [*AndExpr], [*OrExpr],
// [*CompareExpr], [*InExpr], [*BetweenExpr], [*LikeExpr] and [*NullExpr].
type Expr interface {
	// Span is where the node stands in the text that was parsed; it is zero
	// in a query that was built.
	Span() Span
}

// Span is a half-open range [Start, End) of byte offsets in a query's text.
type Span struct{ Start, End int }

// Op is a comparison operator.
type Op uint8

// The comparison operators.
const (
	Eq Op = iota // =
	Ne           // !=, <>
	Lt           // <
	Le           // <=
	Gt           // >
	Ge           // >=
)

// String returns the operator as it is printed.
func (o Op) String() string { return [...]string{"=", "!=", "<", "<=", ">", ">="}[o] }

// Not returns the operator that holds exactly where o does not, NULL aside.
func (o Op) Not() Op { return [...]Op{Ne, Eq, Ge, Gt, Le, Lt}[o] }

// Flip returns the operator with its sides exchanged: a o b is b o.Flip() a.
func (o Op) Flip() Op { return [...]Op{Eq, Ne, Gt, Ge, Lt, Le}[o] }

// holds reports whether two operands that compare like c are related by o.
func (o Op) holds(c int) bool {
	switch o {
	case Eq:
		return c == 0
	case Ne:
		return c != 0
	case Lt:
		return c < 0
	case Le:
		return c <= 0
	case Gt:
		return c > 0
	default:
		return c >= 0
	}
}

// ColumnExpr names a column and, in a JSON column, a path below it.
type ColumnExpr struct {
	Path []string // the column, then the keys below it
	At   Span
}

// LiteralExpr is a constant: written in the text, or the value of an argument.
type LiteralExpr struct {
	Value model.Value
	At    Span

	// MaybeDuration says that Value is an argument whose Go type is declared over
	// int64. Beside a duration it is read as one: nothing in a type tells whether it
	// was declared over time.Duration.
	MaybeDuration bool
}

// ParamExpr stands for an argument that was not bound yet.
type ParamExpr struct {
	Name  string // of :name; empty for ?
	Index int    // of ?, counted from 0
	At    Span
}

// NotExpr is NOT X.
type NotExpr struct {
	X  Expr
	At Span
}

// AndExpr is a conjunction of at least two terms, none of them an AndExpr.
type AndExpr struct {
	Terms []Expr
	At    Span
}

// OrExpr is a disjunction of at least two terms, none of them an OrExpr.
type OrExpr struct {
	Terms []Expr
	At    Span
}

// CompareExpr is X Op Y.
type CompareExpr struct {
	Op   Op
	X, Y Expr
	At   Span
}

// InExpr is X [NOT] IN (List...).
type InExpr struct {
	X       Expr
	List    []Expr
	Negated bool
	At      Span
}

// BetweenExpr is X [NOT] BETWEEN Low AND High; both ends are included.
type BetweenExpr struct {
	X, Low, High Expr
	Negated      bool
	At           Span
}

// LikeExpr is X [NOT] LIKE Pattern [ESCAPE Escape].
type LikeExpr struct {
	X, Pattern Expr
	Escape     Expr // nil when absent
	Negated    bool
	At         Span
}

// NullExpr is X IS [NOT] NULL.
type NullExpr struct {
	X       Expr
	Negated bool
	At      Span
}

// Span implements [Expr].
func (e *ColumnExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *LiteralExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *ParamExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *NotExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *AndExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *OrExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *CompareExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *InExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *BetweenExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *LikeExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *NullExpr) Span() Span { return e.At }
