package query

import (
	"time"

	"github.com/ankgo/ank/model"
)

// Check gives the query a meaning: it resolves the columns in the schema, gives
// literals the types of the columns they stand beside, and brings the predicate
// into the form that [Condition] describes. now() is the time of the call; see
// [Checked.At]. The error, if any, is an [*Error]; when the query was built rather
// than parsed, its Text is the query as printed.
func (q *Query) Check(s *model.Schema) (*Checked, error) {
	now := model.OfTime(time.Now())
	c, err := q.check(s, now)
	if err == nil || q.text != "" || err.Kind == Limit {
		return c, orNil(err)
	}
	// Only a text can show where the error is.
	text := q.String()
	if printed, perr := Parse(text); perr == nil && err.Kind != Argument {
		if _, perr := printed.check(s, now); perr != nil {
			return nil, perr
		}
	}
	err.Text = text
	return nil, err
}

// orNil keeps a nil error from becoming an error that is not nil.
func orNil(e *Error) error {
	if e == nil {
		return nil
	}
	return e
}

// check checks the query once, and a second time if it has columns beyond the
// schema's: the first time shows which ones it needs, so that they can be
// numbered in an order that does not depend on how the query was written.
func (q *Query) check(s *model.Schema, now model.Value) (*Checked, *Error) {
	c, err := q.checkOnce(s, now, nil, nil, false)
	if err != nil || len(c.space.extra) == 0 && c.grouping == nil {
		return c, err
	}
	rows, groups := c.needed()
	if c, err = q.checkOnce(s, now, rows, groups, false); err != nil {
		return nil, err
	}
	c.space.extra = c.space.extra[:len(rows)]
	if c.grouping != nil {
		c.grouping.space.extra = c.grouping.space.extra[:len(groups)]
		c.grouping.finish()
	}
	c.follow()
	return c, nil
}

func (q *Query) checkOnce(s *model.Schema, now model.Value, rows, groups []columnKey, unranked bool) (*Checked, *Error) {
	k := checker{schema: s, text: q.text, now: now, ranking: &ranking{nothing: unranked}}
	c := &Checked{schema: s, where: Const(true)}
	k.space = &c.space
	c.space.schema = s
	c.space.reserve(rows)
	if q.Where != nil {
		c.where = k.condition(q.Where, false)
		if 1+nesting(c.where) > MaxDepth {
			k.fail(Limit, q.Where.Span(), tooDeep)
		}
	}
	k.ranking.settle(c.where)
	if q.Select != nil {
		c.grouping = k.grouping(q, groups)
	}
	if k.err == nil {
		c.order = k.order(q.Order)
		k.after(q.After, c)
	}
	k.group = nil
	c.limit = k.count(q.Limit, "LIMIT", -1)
	c.offset = k.count(q.Offset, "OFFSET", 0)
	c.asOf = k.asOf(q.AsOf)
	again := k.checkRanking()
	switch {
	case k.err != nil:
		return nil, k.err
	case again:
		return q.checkOnce(s, now, rows, groups, true)
	}
	if k.usesNow {
		c.source = q
	}
	c.match = compile(&c.space, c.where)
	return c, nil
}

const tooDeep = "the predicate is nested too deeply"

// nesting is how deep the parser goes for the text of a condition: the canonical
// query, which sorts terms, may be nested more deeply than what was written, and
// has to be a query too.
func nesting(c Condition) int {
	deepest := 0
	switch c := c.(type) {
	case And:
		for _, t := range c {
			n := nesting(t)
			if _, ok := t.(Or); ok {
				n++ // in parentheses
			}
			deepest = max(deepest, n)
		}
	case Or:
		for _, t := range c {
			deepest = max(deepest, nesting(t))
		}
	}
	return deepest + 1
}

// checker turns expressions into conditions. After the first error its results
// are of no use.
type checker struct {
	schema  *model.Schema
	text    string
	now     model.Value
	usesNow bool
	space   *space    // of what the expressions are about
	group   *Grouping // nil: they are about rows
	rows    *space    // of rows, when they are about groups
	ranking *ranking  // what RANK() is of
	depth   int
	err     *Error
}

func (k *checker) fail(kind Kind, at Span, reason string) *Error {
	e := newError(kind, k.text, at, reason)
	if k.err == nil {
		k.err = e
	}
	return e
}

// condition checks a predicate. With negated it returns the condition that holds
// exactly where the predicate is FALSE, so that no NOT remains: a row for
// which a predicate is NULL satisfies neither it nor its negation.
func (k *checker) condition(e Expr, negated bool) Condition {
	if k.err != nil {
		return never
	}
	if k.depth++; k.depth > 2*MaxDepth {
		k.fail(Limit, e.Span(), tooDeep)
		return never
	}
	defer func() { k.depth-- }()
	switch e := e.(type) {
	case *NotExpr:
		return k.condition(e.X, !negated)
	case *AndExpr:
		return k.terms(e.Terms, negated, negated)
	case *OrExpr:
		return k.terms(e.Terms, negated, !negated)
	case *CompareExpr:
		return k.compare(e.X, e.Op.negate(negated), e.Y, e.At)
	case *BetweenExpr:
		return k.between(e, negated)
	case *InExpr:
		return k.in(e, e.Negated != negated)
	case *LikeExpr:
		return k.like(e, e.Negated != negated)
	case *MatchExpr:
		return k.match(e, e.Negated != negated)
	case *ContainsExpr:
		return k.contains(e, e.Negated != negated)
	case *NullExpr:
		return k.null(e, e.Negated != negated)
	default:
		return k.truth(e, negated)
	}
}

func (o Op) negate(negated bool) Op {
	if negated {
		return o.Not()
	}
	return o
}

// terms checks the terms of a conjunction or, with or, a disjunction.
func (k *checker) terms(terms []Expr, negated, or bool) Condition {
	all := make([]Condition, len(terms))
	for i, t := range terms {
		all[i] = k.condition(t, negated)
	}
	if or {
		return anyOf(all)
	}
	return allOf(all)
}

func (k *checker) between(e *BetweenExpr, negated bool) Condition {
	negated = negated != e.Negated
	ends := []Condition{
		k.compare(e.X, Ge.negate(negated), e.Low, e.At),
		k.compare(e.X, Le.negate(negated), e.High, e.At),
	}
	if negated {
		return anyOf(ends)
	}
	return allOf(ends)
}

// truth checks a predicate that is a single column or value.
func (k *checker) truth(e Expr, negated bool) Condition {
	o, ok := k.operand(e)
	switch {
	case !ok:
		return never
	case o.column != nil && (o.typ == model.TypeBool || o.typ == model.TypeJSON):
		return Compare{Column: o.column.index, Path: o.column.path, Value: model.OfBool(!negated)}
	case o.column != nil:
		k.fail(Mismatch, e.Span(), o.describe()+" and no predicate by itself")
		return never
	case o.typ == model.TypeNull:
		return never
	case o.typ == model.TypeBool:
		return Const(o.value.Bool() != negated)
	}
	k.fail(Mismatch, e.Span(), o.describe()+" and no predicate by itself")
	return never
}

func (k *checker) compare(x Expr, op Op, y Expr, at Span) Condition {
	a, aok := k.operand(x)
	b, bok := k.right(y)
	if !aok || !bok {
		return never
	}
	return k.compareOperands(a, op, b, at)
}

func (k *checker) compareOperands(a operand, op Op, b operand, at Span) Condition {
	switch {
	case a.column != nil && b.column != nil:
		return k.compareColumns(a, op, b, at)
	case a.column != nil:
		return k.compareValue(a, op, b)
	case b.column != nil:
		return k.compareValue(b, op.Flip(), a)
	case a.typ == model.TypeNull || b.typ == model.TypeNull:
		return never
	case kindOf(a.typ) != kindOf(b.typ):
		k.fail(Mismatch, at, a.describe()+" and cannot be compared with "+b.short())
		return never
	}
	return Const(op.holds(a.value.Compare(b.value)))
}

func (k *checker) in(e *InExpr, negated bool) Condition {
	x, ok := k.operand(e.X)
	if !ok {
		return never
	}
	if len(e.List) > MaxItems {
		k.fail(Limit, e.At, itemsLimit)
		return never
	}
	values := make([]model.Value, 0, len(e.List))
	others := make([]Condition, 0, 1)
	null := false // among the items
	for _, item := range e.List {
		o, ok := k.right(item)
		if !ok {
			return never
		}
		if x.column == nil || o.column != nil || k.err != nil {
			others = append(others, k.compareOperands(x, Eq.negate(negated), o, e.At))
			continue
		}
		switch c := k.compareValue(x, Eq, o).(type) {
		case Compare:
			values = append(values, c.Value)
		default:
			// The column never has this value: NULL in the list makes NOT IN true
			// nowhere, any other such value is no obstacle.
			null = null || o.typ == model.TypeNull
		}
	}
	switch {
	case len(e.List) == 0:
		return Const(negated)
	case null && negated:
		return never
	}
	if x.column != nil && len(others) < len(e.List) {
		others = append(others, x.column.in(values, negated))
	}
	if negated {
		return allOf(others)
	}
	return anyOf(others)
}

func (k *checker) order(terms []OrderTerm) []OrderKey {
	if len(terms) > MaxKeys {
		k.fail(Limit, terms[MaxKeys].X.Span(), keysLimit)
		return nil
	}
	var keys []OrderKey
	for _, t := range terms {
		o, ok := k.operand(t.X)
		switch {
		case !ok:
			return nil
		case o.column == nil && k.group == nil && !k.ranking.nothing:
			k.fail(Mismatch, t.X.Span(), o.describe()+" and the same for every row; order by columns")
			return nil
		case o.column == nil:
			continue
		}
		key := OrderKey{Column: o.column.index, Path: o.column.path, Desc: t.Desc, NullsFirst: !t.Desc}
		if x := k.space.extraAt(key.Column); x != nil {
			key.scalar = x.scalar
		}
		if o.column.nullable && t.Nulls != NullsDefault {
			key.NullsFirst = t.Nulls == NullsFirst
		}
		if !ordered(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// ordered reports whether rows that are equal in keys are ordered by one of
// them already, so that another key decides nothing.
func ordered(keys []OrderKey, key OrderKey) bool {
	for _, k := range keys {
		if k.Column == model.ColumnID || k.Column == key.Column && samePath(k.Path, key.Path) {
			return true
		}
	}
	return false
}

// count checks LIMIT or OFFSET.
func (k *checker) count(e Expr, clause string, absent int) int {
	if e == nil {
		return absent
	}
	o, ok := k.operand(e)
	if !ok {
		return absent
	}
	n, bad := countOf(o.value)
	if bad != "" {
		k.fail(Mismatch, e.Span(), clause+" "+bad)
		return absent
	}
	return n
}
