package query_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// same compares queries by their trees: what was written, not where.
var same = cmp.Options{
	cmpopts.IgnoreTypes(query.Span{}), cmpopts.EquateEmpty(),
	cmpopts.IgnoreUnexported(query.Query{}),
	cmp.Comparer(func(a, b model.Value) bool { return a == b }),
}

func rapidDice(t *rapid.T) dice {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "dice") }
}

func TestPrintedQueriesParseToTheSameTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapidDice(t)
		q := newWorld(d).query()
		parsed, err := query.Parse(q.String())
		require.NoError(t, err, q.String())
		require.Empty(t, cmp.Diff(q, parsed, same), q.String())
	})
}

func TestMatchAgreesWithThreeValuedLogic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapidDice(t)
		w := newWorld(d)
		w.typed = d(2) == 0
		q := w.query()
		c, err := q.Check(w.schema)
		require.NoError(t, err, q.String())
		rows := w.rows(8)
		rows[d(8)].Deleted = true
		want := w.result(q, rows)
		require.Equal(t, want, w.window(c, rows), "%s\n%v", q, c)
	})
}

// values is a row as a [query.Source].
type values struct {
	schema *model.Schema
	row    *model.Row
}

func (v values) Value(column int) model.Value { return v.schema.Value(v.row, column) }

func TestFilterAgreesWithMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rapidDice(t))
		w.typed = true
		q := &query.Query{Where: w.predicate(3)}
		c, err := q.Check(w.schema)
		require.NoError(t, err, q.String())
		f := query.NewFilter(c, c.Where())
		for _, r := range w.rows(8) {
			r, err := c.Join(w, r)
			require.NoError(t, err)
			require.Equal(t, c.Match(r), f.Match(values{w.schema, r}), q.String())
		}
		require.True(t, query.Filter{}.Match(nil))
	})
}

// columns are rows as [query.Columns].
type columns struct {
	schema *model.Schema
	rows   []*model.Row
}

func (c columns) Column(column int) []model.Value {
	list := make([]model.Value, len(c.rows))
	for i, r := range c.rows {
		list[i] = c.schema.Value(r, column)
	}
	return list
}

func TestNarrowAgreesWithMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := world{dice: rapidDice(t), schema: album, typed: true}
		q := &query.Query{Where: w.predicate(3)}
		c, err := q.Check(album)
		require.NoError(t, err, q.String())
		all := columns{schema: album}
		rows, want := []int{}, []int{}
		for i, r := range w.rows(12) {
			all.rows = append(all.rows, r)
			if i%4 == 3 {
				continue // not asked for
			}
			rows = append(rows, i)
			if r.Deleted = false; c.Match(r) {
				want = append(want, i)
			}
		}
		require.Equal(t, want, c.Filter().Narrow(all, rows), q.String())
	})
}

func TestCheckedSaysWhatWasAsked(t *testing.T) {
	c := checked(t, "year > 5 ORDER BY genre NULLS LAST, meta.a DESC LIMIT 3 OFFSET 2")
	require.Same(t, album, c.Schema())
	require.Equal(t, query.Compare{Column: 2, Op: query.Gt, Value: model.OfInt(5)}, c.Where())
	require.Equal(t, []query.OrderKey{{Column: 1}, {Column: 12, Path: []string{"a"}, Desc: true}}, c.Order())
	n, ok := c.Limit()
	require.True(t, ok)
	require.Equal(t, 3, n)
	require.Equal(t, 2, c.Offset())
	require.Equal(t, "albums year > 5 ORDER BY genre NULLS LAST, meta.a DESC LIMIT 3 OFFSET 2", c.Key())
	_, ok = checked(t, "").Limit()
	require.False(t, ok)
	require.Equal(t, query.Const(true), checked(t, "").Where())
}

func TestJoinedPredicates(t *testing.T) {
	a, b := &query.ColumnExpr{Path: []string{"live"}}, &query.ColumnExpr{Path: []string{"signed"}}
	text := func(e query.Expr) string { return (&query.Query{Where: e}).String() }
	list := []query.Expr{nil, a, query.Conjunction(a, b)}
	require.Equal(t, "live AND live AND signed", text(query.Conjunction(list...)))
	require.Nil(t, list[0], "the caller's slice stays as it was")
	require.Equal(t, "live OR live AND signed", text(query.Disjunction(list[1:]...)))
	require.Equal(t, "live OR signed OR live", text(query.Disjunction(query.Disjunction(a, b), a)))
	require.Nil(t, query.Disjunction(list...))
	require.Nil(t, query.Conjunction())
	require.Equal(t, "live", text(query.Conjunction(a, nil)))
	require.Equal(t, "live", text(query.Disjunction(a)))
	require.Equal(t, "FALSE", text(query.Disjunction()))
}

// window evaluates a checked query on rows, which it returns as they were.
func (w world) window(c *query.Checked, rows []*model.Row) []*model.Row {
	var found []*model.Row
	joined := map[*model.Row]*model.Row{}
	for _, r := range rows {
		var err error
		if joined[r], err = c.Join(w, r); err != nil {
			panic(err)
		}
		if c.Match(joined[r]) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *model.Row) int { return c.Compare(joined[a], joined[b]) })
	found = found[min(c.Offset(), len(found)):]
	if n, ok := c.Limit(); ok {
		found = found[:min(n, len(found))]
	}
	return found
}

func TestCanonicalQueriesAreStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapidDice(t)
		w := newWorld(d)
		w.typed = d(2) == 0
		q := w.query()
		c, err := q.Check(w.schema)
		require.NoError(t, err)
		again, err := query.Parse(c.String())
		require.NoError(t, err, c.String())
		checked, err := again.Check(w.schema)
		require.NoError(t, err, c.String())
		require.Equal(t, c.Key(), checked.Key(), "%s", q)
		require.Empty(t, cmp.Diff(c.Where(), checked.Where(), cmp.AllowUnexported(query.Pattern{}),
			cmp.Comparer(func(a, b model.Value) bool { return a == b }), cmpopts.EquateEmpty()))
	})
}
