package query

import (
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/text"
)

// Condition is a node of a checked predicate: [And], [Or], [Compare],
// [CompareColumns], [In], [Like], [Match], [Contains], [IsNull], [IsMissing],
// [After] or [Const]. Every node is a value; none is a pointer.
//
// Three rules make a checked predicate easy to build on:
//
//   - There is no NOT above a leaf. Negation was pushed down to the leaves, where
//     it became another operator or the Negated flag.
//   - A leaf is either TRUE or not. Because nothing negates it, whether it is FALSE
//     or NULL otherwise makes no difference to which rows match, so an
//     evaluator needs two truth values, not three. A row with NULL in the column
//     satisfies no leaf but [IsNull].
//   - Literals have the type of the column they stand beside. A comparison that
//     its type cannot express became one that it can: year > 1985.5 is
//     year >= 1986, and year = 1985.5 is FALSE.
//
// A column is known by its number: a position in the schema, model.ColumnID and
// the like, or, from the number of the schema's fields on, first the columns of
// [Checked.Joined] and then those that are computed. [Checked.Column] describes
// each of them.
//
// In a JSON column the values at a path have the type they have there: TypeBool,
// TypeInt, TypeUint, TypeFloat, TypeString or TypeJSON. Path is nil for other columns.
// A column that is computed holds numbers of any type.
type Condition interface{ condition() }

// And is TRUE when every term is. It has at least two terms, none an And or a Const.
type And []Condition

// Or is TRUE when a term is. It has at least two terms, none an Or or a Const.
type Or []Condition

// Const is a predicate that is TRUE for all rows or for none. It stands alone:
// it is never part of another condition.
type Const bool

// Compare compares a column with a value, which is never NULL.
type Compare struct {
	Column int
	Path   []string
	Op     Op
	Value  model.Value
}

// CompareColumns compares two columns of one row.
type CompareColumns struct {
	Column    int
	Path      []string
	Op        Op
	Other     int
	OtherPath []string
}

// In says that a column has, or with Negated has not, one of several values.
// Values holds at least two, sorted, distinct and not NULL.
type In struct {
	Column  int
	Path    []string
	Values  []model.Value
	Negated bool
}

// Like matches a string with a pattern. It has at least one wildcard, unless the
// pattern is folded.
type Like struct {
	Column  int
	Path    []string
	Pattern Pattern
	Negated bool
}

// Match looks for words in a string.
type Match struct {
	Column  int
	Path    []string
	Words   *text.Query // not empty
	Negated bool
}

// Contains says that an array has, or with Negated has not, one of several
// elements, or with All each of them. Values holds at least one, as they are in
// JSON, sorted, distinct and not NULL. What is no array satisfies neither.
type Contains struct {
	Column  int
	Path    []string
	Values  []model.Value
	All     bool
	Negated bool
}

// IsNull says that a column is NULL, or with Negated that it is not.
type IsNull struct {
	Column  int
	Path    []string
	Negated bool
}

// IsMissing says that there is nothing at a path, not even null, or with Negated
// that there is something.
type IsMissing struct {
	Column  int
	Path    []string // not empty
	Negated bool
}

// After says that a row comes after a place in the query's order: in that of Keys
// and then of IDs. Only AFTER makes one, and it stands in the predicate
// like any other condition.
type After struct {
	Keys   []OrderKey
	Values []model.Value // of the keys there
	ID     event.ID
}

func (And) condition()            {}
func (Or) condition()             {}
func (Const) condition()          {}
func (Compare) condition()        {}
func (CompareColumns) condition() {}
func (In) condition()             {}
func (Like) condition()           {}
func (Match) condition()          {}
func (Contains) condition()       {}
func (IsNull) condition()         {}
func (IsMissing) condition()      {}
func (After) condition()          {}
