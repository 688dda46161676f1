package plan_test

import (
	"bytes"
	"errors"
	"iter"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/query/plan"
)

// engine holds rows the way a storage engine does: by ID, and for each index by
// key and ID. It obeys plans to the letter.
type engine struct {
	schema  *model.Schema
	byID    []entry
	indexes [][]entry
	read    int // rows read
}

// entry is a row under its key; the ID is the end of it.
type entry struct {
	key []byte
	row *model.Row
}

func newEngine(s *model.Schema, rows []*model.Row) *engine {
	e := &engine{schema: s, indexes: make([][]entry, len(s.Indexes()))}
	for _, r := range rows {
		e.byID = append(e.byID, entry{r.ID[:], r})
		if r.Deleted {
			continue
		}
		for i, x := range s.Indexes() {
			if !x.FullText {
				key := s.AppendIndexKey(nil, i, r)
				e.indexes[i] = append(e.indexes[i], entry{append(key, r.ID[:]...), r})
				continue
			}
			for _, w := range query.Words(s.Value(r, x.Columns[0].Field)) {
				key := model.OfString(w).AppendKey(nil, false)
				e.indexes[i] = append(e.indexes[i], entry{append(key, r.ID[:]...), r})
			}
		}
	}
	for _, list := range append(e.indexes, e.byID) {
		slices.SortFunc(list, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	}
	return e
}

// gather returns the rows of a plan of parts, by ID.
func (e *engine) gather(p *plan.Plan) map[event.ID]entry {
	if p.Access != plan.Union && p.Access != plan.Intersect {
		found := make(map[event.ID]entry)
		filter := p.KeyFilter()
		for x := range e.candidates(p) {
			if filter.Match(x.key[:len(x.key)-16], x.row.ID) {
				found[x.row.ID] = entry{x.row.ID[:], x.row}
			}
		}
		return found
	}
	all := make(map[event.ID]entry)
	for i, part := range p.Parts {
		found := e.gather(part)
		if p.Access == plan.Union || i == 0 {
			maps.Copy(all, found)
			continue
		}
		maps.DeleteFunc(all, func(id event.ID, _ entry) bool { _, ok := found[id]; return !ok })
	}
	return all
}

// candidates yields what the plan's ranges or IDs name, in their order.
func (e *engine) candidates(p *plan.Plan) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		if p.Access == plan.Union || p.Access == plan.Intersect {
			found := slices.SortedFunc(maps.Values(e.gather(p)), func(a, b entry) int { return a.row.ID.Compare(b.row.ID) })
			if p.Reverse {
				slices.Reverse(found)
			}
			for _, x := range found {
				if !yield(x) {
					return
				}
			}
			return
		}
		if p.Access == plan.Lookup {
			for _, id := range p.IDs {
				i := slices.IndexFunc(e.byID, func(x entry) bool { return x.row.ID == id })
				if i >= 0 && !yield(e.byID[i]) {
					return
				}
			}
			return
		}
		list := e.byID
		if p.Access == plan.Seek {
			list = e.indexes[p.Index]
		}
		var found []entry
		for _, r := range p.Ranges {
			for _, x := range list {
				if bytes.Compare(x.key, r.Low) >= 0 && (r.High == nil || bytes.Compare(x.key, r.High) < 0) {
					found = append(found, x)
				}
			}
		}
		if p.Reverse {
			slices.Reverse(found)
		}
		for _, x := range found {
			if !yield(x) {
				return
			}
		}
	}
}

// matching yields the rows that pass the filter and what remains.
func (e *engine) matching(p *plan.Plan) iter.Seq2[*model.Row, error] {
	return func(yield func(*model.Row, error) bool) {
		filter := p.KeyFilter()
		for x := range e.candidates(p) {
			key := x.key[:len(x.key)-16]
			if !filter.Match(key, x.row.ID) {
				continue
			}
			e.read++
			if p.Residual && !p.Query.Match(x.row) {
				continue
			}
			if !yield(x.row, nil) {
				return
			}
		}
	}
}

func itself(r *model.Row) *model.Row { return r }

func (e *engine) run(t require.TestingT, p *plan.Plan) []*model.Row {
	var got []*model.Row
	for r, err := range plan.Rows(p, e.matching(p), itself) {
		require.NoError(t, err)
		got = append(got, r)
	}
	return got
}

// reference is the query's result by trying every row.
func reference(c *query.Checked, rows []*model.Row) []*model.Row {
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
	return slices.Clip(found)
}

func check(t require.TestingT, s *model.Schema, text string) *query.Checked {
	q, err := query.Parse(text)
	require.NoError(t, err, text)
	c, err := q.Check(s)
	require.NoError(t, err, text)
	return c
}

// ids makes failures readable.
func ids(rows []*model.Row) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.ID.String())
	}
	return out
}

func TestEveryPlanGivesTheSameResult(t *testing.T) { everyPlanGivesTheSame(t, everyType, 10) }

// TestEverySearchGivesTheSameResult has many indexes of words.
func TestEverySearchGivesTheSameResult(t *testing.T) {
	everyPlanGivesTheSame(t, []model.Type{model.TypeString, model.TypeString, model.TypeInt, model.TypeJSON}, 30)
}

func everyPlanGivesTheSame(t *testing.T, types []model.Type, queries int) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "dice") }, types)
		require.NoError(t, w.schema.Err())
		rows := w.rows(15)
		e := newEngine(w.schema, rows)
		for range queries {
			text := w.text()
			c := check(t, w.schema, text)
			want := ids(reference(c, rows))
			plans := plan.Plans(c, w.schema.Indexes())
			plans = append(plans, plan.New(c, w.schema.Indexes()), plan.New(c, nil), plan.Measured(c, w.schema.Indexes(), anyCounts(w.dice)))
			for _, p := range plans {
				require.Equal(t, want, ids(e.run(t, p)), "%s\n%s\n%s\n%v", text, c, p, w.schema.Indexes())
				e.disjoint(t, p)
			}
		}
	})
}

// anyCounts are statistics that say whatever comes.
type anyCounts dice

func (d anyCounts) Rows() (int, bool) { return 1 << d(20), d(4) > 0 }

func (d anyCounts) Keys(_ int, _ []plan.Range, most int) (int, bool) {
	n := 1 << d(14)
	return min(n, most), n < most
}

func (d anyCounts) Of(*model.Schema) plan.Statistics { return d }

// disjoint checks that the ranges are what Plan says.
func (e *engine) disjoint(t require.TestingT, p *plan.Plan) {
	for i, r := range p.Ranges {
		require.True(t, r.High == nil || bytes.Compare(r.Low, r.High) < 0, "%s: %s: an empty range: %x", p.Query, p, p.Ranges)
		if i > 0 {
			require.LessOrEqual(t, bytes.Compare(p.Ranges[i-1].High, r.Low), 0, "%s: %s: ranges overlap: %x", p.Query, p, p.Ranges)
			require.NotNil(t, p.Ranges[i-1].High)
		}
	}
	for i := range p.IDs[:max(0, len(p.IDs)-1)] {
		require.NotEqual(t, p.IDs[i], p.IDs[i+1])
	}
	for _, part := range p.Parts {
		e.disjoint(t, part)
	}
}

var errBroken = errors.New("broken")

func TestRowsPassesErrorsOn(t *testing.T) {
	w := newWorld(func(int) int { return 0 }, everyType)
	for _, text := range []string{"", "ORDER BY f0", "ORDER BY created DESC"} {
		p := plan.New(check(t, w.schema, text), nil)
		found := func(yield func(*model.Row, error) bool) {
			_ = yield(row(1, nil), nil) && yield(nil, errBroken)
		}
		var last error
		for _, err := range plan.Rows(p, found, itself) {
			last = err
		}
		require.ErrorIs(t, last, errBroken, text)
	}
}
