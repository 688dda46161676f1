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
	cmpopts.IgnoreTypes(query.Span{}),
	cmpopts.IgnoreUnexported(query.Query{}),
	cmp.Comparer(func(a, b model.Value) bool { return a == b }),
}

func rapidDice(t *rapid.T) dice {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "dice") }
}

func TestPrintedQueriesParseToTheSameTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapidDice(t)
		q := world{dice: d, schema: pick(d, []*model.Schema{album, newSchema(d)})}.query()
		parsed, err := query.Parse(q.String())
		require.NoError(t, err, q.String())
		require.Empty(t, cmp.Diff(q, parsed, same), q.String())
	})
}

func TestMatchAgreesWithThreeValuedLogic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapidDice(t)
		w := world{dice: d, schema: pick(d, []*model.Schema{album, newSchema(d)}), typed: d(2) == 0}
		q := w.query()
		c, err := q.Check(w.schema)
		require.NoError(t, err, q.String())
		rows := w.rows(8)
		rows[d(8)].Deleted = true
		want := result(q, w.schema, rows)
		require.Equal(t, want, window(c, rows), "%s\n%v", q, c)
	})
}

// window evaluates a checked query on rows.
func window(c *query.Checked, rows []*model.Row) []*model.Row {
	var found []*model.Row
	for _, r := range rows {
		if c.Match(r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, c.Compare)
	found = found[min(c.Offset(), len(found)):]
	if n, ok := c.Limit(); ok {
		found = found[:min(n, len(found))]
	}
	return found
}

func TestCanonicalQueriesAreStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapidDice(t)
		w := world{dice: d, schema: album, typed: d(2) == 0}
		q := w.query()
		c, err := q.Check(w.schema)
		require.NoError(t, err)
		again, err := query.Parse(c.String())
		require.NoError(t, err, c.String())
		checked, err := again.Check(w.schema)
		require.NoError(t, err, c.String())
		require.Equal(t, c.Key(), checked.Key(), "%s", q)
		require.Equal(t, c.Order(), checked.Order(), "%s", q)
		require.Empty(t, cmp.Diff(c.Where(), checked.Where(), cmp.AllowUnexported(query.Pattern{}),
			cmp.Comparer(func(a, b model.Value) bool { return a == b }), cmpopts.EquateEmpty()))
	})
}
