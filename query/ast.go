package query

import "github.com/ankgo/ank/model"

// Query is a parsed query: a predicate, an order and a window, and what SELECT
// asks of groups, if it does. It is a tree of plain data that knows no schema;
// [Query.Check] gives it a meaning.
//
// A Query is immutable once made and safe for concurrent use. Do not change
// the nodes it hands out.
type Query struct {
	// Select holds the items of SELECT, which asks for groups of entities; nil asks
	// for the entities themselves.
	Select []SelectItem
	// Distinct says that SELECT asks for its distinct rows.
	Distinct bool
	// Where is the predicate; nil matches every entity.
	Where Expr
	// GroupBy holds what the entities of a group agree in.
	GroupBy []Expr
	// Having is a predicate about groups; nil matches every group.
	Having Expr
	// Order holds the terms of ORDER BY, the most significant first.
	Order []OrderTerm
	// After is the cursor behind which the result begins: a *LiteralExpr or a
	// *ParamExpr; nil when absent.
	After Expr
	// Limit and Offset are a *LiteralExpr or a *ParamExpr; nil when absent.
	Limit, Offset Expr
	// AsOf is the time or the transaction as of which is asked; nil for now.
	AsOf Expr

	text string // what was parsed; empty for a query that was built
}

// SelectItem is one item of SELECT.
type SelectItem struct {
	X  Expr
	As string // the name that AS gives it; empty if none
	At Span
}

// OrderTerm is one term of ORDER BY.
type OrderTerm struct {
	X     Expr
	Desc  bool
	Nulls Nulls
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
// [*CompareExpr], [*InExpr], [*BetweenExpr], [*LikeExpr], [*MatchExpr],
// [*ContainsExpr], [*NullExpr], [*ArithExpr] and [*CallExpr].
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

// ColumnExpr names a column: after the references that lead to it, if any, and
// with a path below it, if it is of JSON.
type ColumnExpr struct {
	Path []string // references, the column, then the keys below it
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

// LikeKind tells the operators that match the whole of a string apart.
type LikeKind uint8

// The kinds of [LikeExpr].
const (
	LikePattern LikeKind = iota // LIKE
	LikeFolded                  // ILIKE: like LIKE, whatever the case
	LikePrefix                  // STARTS WITH: no character is special
)

// LikeExpr is X [NOT] LIKE Pattern [ESCAPE Escape], or ILIKE or STARTS WITH.
type LikeExpr struct {
	Kind       LikeKind
	X, Pattern Expr
	Escape     Expr // nil when absent, and for STARTS WITH
	Negated    bool
	At         Span
}

// MatchExpr is X [NOT] MATCH Words: a search for words, see package text.
type MatchExpr struct {
	X, Words Expr
	Negated  bool
	At       Span
}

// Quantity says how many of several values an array has to contain.
type Quantity uint8

// The quantities.
const (
	One Quantity = iota // the only one
	Any                 // at least one
	All                 // each one
)

// ContainsExpr is X [NOT] CONTAINS [ANY | ALL] List, X being an array. An item IN X
// is X CONTAINS that item.
type ContainsExpr struct {
	X        Expr
	Quantity Quantity
	List     []Expr // of a single value, unless Any or All
	Negated  bool
	At       Span
}

// NullExpr is X IS [NOT] NULL, or IS [NOT] MISSING.
type NullExpr struct {
	X       Expr
	Missing bool // only where there is not even null
	Negated bool
	At      Span
}

// Arith is an operator of arithmetic.
type Arith uint8

// The operators of arithmetic.
const (
	Plus   Arith = iota // +
	Minus               // -
	Times               // *
	Over                // /
	Modulo              // %
)

// String returns the operator as it is printed.
func (a Arith) String() string { return [...]string{"+", "-", "*", "/", "%"}[a] }

// ArithExpr is X Op Y.
type ArithExpr struct {
	Op   Arith
	X, Y Expr
	At   Span
}

// Func is a function of the language.
type Func uint8

// The functions. The first five are aggregates: they stand for what is true of a
// group.
const (
	FuncCount Func = iota + 1
	FuncSum
	FuncMin
	FuncMax
	FuncAvg
	FuncLen  // of an array, an object or a string
	FuncNow  // the time of the evaluation
	FuncRank // how well an entity matches what MATCH looks for
)

// String returns the name of the function as it is printed.
func (f Func) String() string {
	return [...]string{"", "COUNT", "SUM", "MIN", "MAX", "AVG", "LEN", "NOW", "RANK"}[f]
}

// aggregate reports whether the function is one of groups.
func (f Func) aggregate() bool { return f <= FuncAvg }

// CallExpr is a function of at most one argument; COUNT(*) has none.
type CallExpr struct {
	Func     Func
	Arg      Expr // nil when absent
	Distinct bool // an aggregate of the distinct values
	At       Span
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
func (e *MatchExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *ContainsExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *NullExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *ArithExpr) Span() Span { return e.At }

// Span implements [Expr].
func (e *CallExpr) Span() Span { return e.At }
