package plan_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query/plan"
)

func TestNewChooses(t *testing.T) {
	a, b := "'"+id(1).String()+"'", "'"+id(2).String()+"'"
	for _, test := range []struct{ query, want string }{
		// Without a usable index the collection is read in the order of IDs.
		{"", "scan, residual, sorted"},
		{"ORDER BY id DESC", "scan, reverse, residual, sorted"},
		{"open", "scan, residual, sorted"},
		{"updated > '2024-01-01' ORDER BY updated", "scan, residual"},
		// IDs, and times of creation, bound the scan.
		{"id = " + a, "lookup 1 id, residual, sorted"},
		{"id IN (" + a + ", " + b + ") AND open", "lookup 2 ids, residual, sorted"},
		{"id IN (" + a + ", " + b + ") ORDER BY id DESC", "lookup 2 ids, reverse, residual, sorted"},
		{"id IN (" + a + ", " + b + ") ORDER BY score", "lookup 2 ids, residual"},
		{"id > " + a + " LIMIT 10", "scan 1 range, residual, sorted"},
		{"created >= '2024-01-01'", "scan 1 range, residual, sorted"},
		{"created != '2024-01-01'", "scan 2 ranges, residual, sorted"},
		{"ORDER BY created DESC LIMIT 10", "scan, reverse, residual, sorted by 1 key"},
		// What cannot match is not looked for.
		{"owner = NULL", "lookup 0 ids, residual, sorted"},
		{"score > 5 AND score < 3", "lookup 0 ids, residual, sorted"},
		// Equality on leading columns, then a range.
		{"owner = 'u'", "seek owner_status, 1 range"},
		{"owner = 'u' AND status = 'open'", "seek owner_status, 1 range, sorted"},
		{"owner = 'u' AND status IN ('open', 'new')", "seek owner_status, 2 ranges"},
		{"owner IN ('u', 'v') AND status IN ('open', 'new')", "seek owner_status, 4 ranges"},
		{"owner = 'u' AND status > 'a'", "seek owner_status, 1 range"},
		{"owner = 'u' AND status LIKE 'op%'", "seek owner_status, 1 range"},
		{"score BETWEEN 100 AND 199", "seek score, 1 range"},
		{"score IN (1, 2) OR score BETWEEN 5 AND 9", "seek score, 3 ranges"},
		{"score < 3 OR score > 9", "scan, residual, sorted"}, // most rows, it seems
		{"due < '2024-01-01' OR due > '2025-01-01'", "scan, residual, sorted"},
		{"due < '2024-01-01' OR due IS NULL", "seek due, 2 ranges"},
		{"score > 5", "seek score, 1 range"},
		{"score != 5", "scan, residual, sorted"},
		{"status = 'open' AND score > 5", "seek status_score, 1 range"},
		// OR over several columns is a union, of which parts of one index are one.
		{"owner = 'u' OR score = 5", "union (seek owner_status, 1 range | seek score, 1 range), residual, sorted"},
		{"owner = 'u' OR score = 5 OR owner > 'v' OR score IN (6, 8)", "union (seek owner_status, 2 ranges | seek score, 3 ranges), residual, sorted"},
		{"(owner = 'u' OR score = 5) AND status = 'open'", "union (seek owner_status, 1 range | seek status_score, 1 range), residual, sorted"},
		{"(owner = 'u' OR score = 5) AND status IN ('open', 'new')", "union (seek owner_status, 2 ranges | seek status_score, 2 ranges), residual, sorted"},
		{"owner = 'u' AND (title = 'a' OR open) OR score = 5", "union (seek score, 1 range | seek owner_status, 1 range), residual, sorted"},
		{"owner = 'u' OR id IN (" + a + ", " + b + ")", "union (seek owner_status, 1 range | lookup 2 ids), residual, sorted"},
		{"owner = 'u' OR score = 5 ORDER BY id DESC", "union (seek owner_status, 1 range | seek score, 1 range), reverse, residual, sorted"},
		{"owner = 'u' OR open", "scan, residual, sorted"}, // any row may be open
		{"owner = 'u' OR score != 5", "scan, residual, sorted"},
		// A search is answered by an index of words.
		{"title MATCH 'rain'", "seek words, 1 range, sorted"},
		{"title MATCH 'rain' LIMIT 3", "seek words, 1 range, sorted"},
		{"title MATCH 'rain' ORDER BY RANK() DESC LIMIT 3", "seek words, 1 range"},
		{"title MATCH 'rain' ORDER BY id DESC", "seek words, 1 range, reverse, sorted"},
		{"title MATCH 'rain -purple' AND open", "seek words, 1 range, residual, sorted"},
		{"title MATCH 'purple rain'", "intersect (seek words, 1 range & seek words, 1 range), residual, sorted"},
		{`title MATCH '"purple rain"'`, "intersect (seek words, 1 range & seek words, 1 range), residual, sorted"},
		{"title MATCH 'a b c d e f'", "intersect (seek words, 1 range & seek words, 1 range), residual, sorted"}, // the others leave no less
		{"title MATCH 'pur*'", "union (seek words, 1 range), residual, sorted"},
		{"title MATCH 'rain OR pur*'", "union (seek words, 2 ranges), residual, sorted"},
		{"title MATCH 'rain OR purple prince'", "union (intersect (seek words, 1 range & seek words, 1 range) | seek words, 1 range), residual, sorted"},
		{"title MATCH 'rain' OR owner = 'u'", "union (seek owner_status, 1 range | seek words, 1 range), residual, sorted"},
		{"title MATCH 'rain' OR title = 'u'", "union (seek title, 1 range | seek words, 1 range), residual, sorted"},
		{"title MATCH 'rain' OR title MATCH 'purple'", "union (seek words, 2 ranges), residual, sorted"},
		{"NOT title MATCH 'rain'", "scan, residual, sorted"},
		{"owner MATCH 'rain'", "seek owner_status, 1 range, filter"}, // its keys are shorter than rows
		{"title MATCH 'rain' AND id = " + a, "lookup 1 id, residual, sorted"},
		// What the index knows is tested before the row is read.
		{"owner = 'u' AND status LIKE '%n'", "seek owner_status, 1 range, filter"},
		{"owner = 'u' AND created > '2024-01-01'", "seek owner_status, 1 range, filter"},
		{"owner = 'u' AND title LIKE '%x'", "seek owner_status, 1 range, residual"},
		{"score = 5 AND (score = 5 OR owner = 'u')", "seek score, 1 range, residual, sorted"},
		// An index can spare the sorting, and then LIMIT ends the reading.
		{"status = 'open' ORDER BY score LIMIT 20", "seek status_score, 1 range, sorted"},
		{"status = 'open' ORDER BY score DESC LIMIT 20", "seek status_score, 1 range, reverse, sorted by 1 key"},
		{"status = 'open' ORDER BY status DESC, score, id LIMIT 20", "seek status_score, 1 range, sorted"},
		{"ORDER BY score, created LIMIT 5", "seek score, 1 range, sorted"},
		{"ORDER BY score, id DESC LIMIT 5", "seek score, 1 range, sorted by 1 key"},
		{"ORDER BY due DESC LIMIT 5", "seek due, 1 range, sorted"},
		{"ORDER BY due LIMIT 5", "seek due, 1 range, reverse, sorted by 1 key"},
		// A covering index reads like the collection itself.
		{"due > '2024-01-01'", "seek due, 1 range"},
		{"due IS NULL", "seek due, 1 range, sorted"},
		{"due IS NOT NULL", "seek due, 1 range"}, // often few have what is optional
		// Sorting everything takes longer than reading it in another way.
		{"ORDER BY score", "seek score, 1 range, sorted"},
		{"ORDER BY score LIMIT 10 OFFSET 5000", "seek score, 1 range, sorted"},
		{"ORDER BY open LIMIT 10", "scan, residual"},
		// NULL in the wrong place spoils an order, unless there is none.
		{"ORDER BY due DESC NULLS FIRST LIMIT 5", "scan, residual"},
		{"due IS NOT NULL ORDER BY due DESC NULLS FIRST LIMIT 5", "seek due, 1 range, sorted"},
	} {
		c := check(t, items, test.query)
		require.Equal(t, test.want, named(plan.New(c, items.Indexes())), test.query)
	}
}

func TestConstantColumnsDoNotCountInAnOrder(t *testing.T) {
	c := check(t, items, "status = 'open' ORDER BY owner LIMIT 5")
	p := plan.New(c, items.Indexes()[:1])
	require.Equal(t, "seek owner_status, 1 range, filter, sorted", named(p))
}

// named is a plan's String with the names of its indexes.
func named(p *plan.Plan) string {
	text := p.String()
	for i, x := range items.Indexes() {
		text = strings.ReplaceAll(text, "seek index "+strconv.Itoa(i)+",", "seek "+x.Name+",")
	}
	return text
}

// TestLimitEndsTheReading counts the rows that a plan makes an engine read.
func TestLimitEndsTheReading(t *testing.T) {
	var rows []*model.Row
	for i := range 200 {
		rows = append(rows, row(i, map[string]model.Value{
			"status": model.OfString([]string{"open", "closed"}[i%2]), "score": model.OfInt(int64(i / 4)),
			"owner": model.OfString("u" + strconv.Itoa(i%10)), "title": model.OfString(strconv.Itoa(i)),
		}))
	}
	for _, test := range []struct {
		query string
		read  int
	}{
		{"LIMIT 5", 5},
		{"ORDER BY id DESC LIMIT 5 OFFSET 2", 7},
		{"LIMIT 0", 0},
		{"status = 'open' ORDER BY score LIMIT 5", 5},
		// Of the third group one row is read, to see that the second has ended.
		{"status = 'open' ORDER BY score DESC LIMIT 4", 5},
		{"ORDER BY created DESC LIMIT 6", 9},
		{"owner = 'u3' AND status LIKE 'x%'", 0},
		{"owner = 'u3' AND created > '2023-11-14T22:13:20.047Z'", 1},
	} {
		c := check(t, items, test.query)
		e := newEngine(items, rows)
		p := plan.New(c, items.Indexes())
		require.Equal(t, ids(reference(c, rows)), ids(e.run(t, p)), "%s: %s", test.query, p)
		require.Equal(t, test.read, e.read, "%s: %s", test.query, p)
	}
}

func TestPlanOfAnotherKeyLetsItPass(t *testing.T) {
	p := plan.New(check(t, items, "owner = 'u' AND status LIKE '%n'"), items.Indexes())
	require.True(t, p.Filter)
	f := p.KeyFilter()
	r := row(1, map[string]model.Value{"owner": model.OfString("u"), "status": model.OfString("open")})
	key := items.AppendIndexKey(nil, 0, r)
	require.True(t, f.Match(key, r.ID))
	require.True(t, f.Match(key[:3], r.ID), "an engine reads the row to find out")
	r = row(1, map[string]model.Value{"owner": model.OfString("u"), "status": model.OfString("new")})
	require.False(t, f.Match(items.AppendIndexKey(nil, 0, r), r.ID))
	require.Zero(t, testing.AllocsPerRun(10, func() { f.Match(key, r.ID) }))
}

// TestTimesTooLateForAValue holds rows whose ID says a time after the last year:
// their column created is the last time there is.
func TestTimesTooLateForAValue(t *testing.T) {
	late := row(1, nil)
	late.ID = event.ID{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	e := newEngine(items, []*model.Row{late, row(2, nil)})
	for _, text := range []string{
		"created = '9999-12-31T23:59:59.999999Z'", "created >= '9999-12-31T23:59:59.999999Z'",
		"created <= '9999-12-31T23:59:59.999999Z'", "created < '9999-12-31T23:59:59.999999Z'",
		"created > '9999-12-31T23:59:59.999Z'", "created > '9999-12-31T23:59:59.999998Z'", "created < '0001-01-02'",
	} {
		c := check(t, items, text)
		for _, p := range plan.Plans(c, items.Indexes()) {
			require.Equal(t, ids(reference(c, []*model.Row{late, row(2, nil)})), ids(e.run(t, p)), "%s: %s", text, p)
		}
	}
}

// TestManyBranches: planned branch by branch with all that is around, these take
// minutes.
func TestManyBranches(t *testing.T) {
	branches := func(n int, text, between string) string {
		all := make([]string, n)
		for i := range all {
			all[i] = strings.ReplaceAll(text, "?", strconv.Itoa(i))
		}
		return strings.Join(all, between)
	}
	or := branches(2_000, "score = ? AND title > 'a' OR owner = 'u?'", " OR ")
	and := branches(2_000, "(score != ? OR owner > 'u?')", " AND ")
	in := "owner IN (" + branches(2_000, "'u?'", ", ") + ")"
	for _, text := range []string{
		or, and, "(" + or + ") AND (" + and + ") AND " + in,
		branches(9_000, "score = ? OR owner = 'u?'", " OR "), // more than are read one by one
	} {
		c := check(t, items, text)
		require.NotNil(t, plan.New(c, items.Indexes()))
		for _, p := range plan.Plans(c, items.Indexes()) {
			for _, part := range p.Parts {
				require.LessOrEqual(t, len(part.Ranges), 1<<14)
			}
		}
	}
}
