package query_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// Every name can stand in every place, if it is quoted, and is printed so that it is
// read again.
func TestNamesInEveryPlace(t *testing.T) {
	names := strings.Fields("any all escape missing where group having order after of as nulls first last match " +
		"contains starts with ilike now count len rank limit x json select distinct true not in 1a é a.b -")
	names = append(names, " a", "a ", `a"b`, "", "\u00a0", "a b", "x'", "\n")
	places := []string{
		"%", "NOT %", "a CONTAINS %", "a CONTAINS ANY (%)", "% IN (%, %)", "% IN %", "a LIKE % ESCAPE %", "% MATCH %",
		"% IS NULL", "% IS MISSING", "% BETWEEN % AND %", "ORDER BY % DESC NULLS LAST, %", "% + % * % = -%", "%.% = %[0].%",
		"SELECT DISTINCT %", "SELECT % AS %, % WHERE %", "SELECT COUNT(%) GROUP BY %, % HAVING %", "ORDER BY % AS OF %",
	}
	for _, name := range names {
		for _, place := range places {
			text := strings.ReplaceAll(place, "%", `"`+strings.ReplaceAll(name, `"`, `""`)+`"`)
			q, err := query.Parse(text)
			if err != nil {
				continue
			}
			again, err := query.Parse(q.String())
			require.NoError(t, err, "%s is printed as %s", text, q)
			require.Empty(t, cmp.Diff(q, again, same), text)
		}
	}
}

// many joins n terms.
func many(n int, between, term string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.ReplaceAll(term, "%", fmt.Sprint(i))
	}
	return strings.Join(all, between)
}

func TestLimitsOfWhatIsComputed(t *testing.T) {
	for text, want := range map[string]string{
		many(query.MaxCompute, " OR ", "year + % > 0"):                                       "",
		many(query.MaxCompute+1, " OR ", "year + % > 0"):                                     "a query computes at most 256 different values of a row, or of a group",
		"SELECT COUNT(*) HAVING " + many(query.MaxSums+1, " OR ", "SUM(meta.a%) > 0"):        "a query has at most 64 different aggregates",
		many(query.MaxRanked, " OR ", "name MATCH 'a%'") + " ORDER BY RANK()":                "",
		many(query.MaxRanked+1, " OR ", "name MATCH 'a%'") + " ORDER BY RANK() + year":       "RANK() is of at most 64 MATCHes",
		many(500, " OR ", "year + 1 > %") + " OR " + many(100, " OR ", "year + 1 IN (1, %)"): "",
	} {
		q, err := query.Parse(text)
		require.NoError(t, err)
		_, err = q.Check(album)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		var e *query.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, query.Limit, e.Kind)
		require.Equal(t, want, e.Reason)
		require.NotEmpty(t, e.Token, "the error says where")
	}
}

// A query that is eight times as long does not take a multiple of that to check.
func TestCheckingGrowsWithTheText(t *testing.T) {
	sum := func(n int) string { return many(n, " + ", "("+many(100, " + ", "1")+")") }
	for name, text := range map[string]func(n int) string{
		"constant":   func(n int) string { return "(" + sum(n/50) + ") IN (" + many(n*10, ", ", "%") + ")" },
		"columns":    func(n int) string { return "(year + " + sum(n/50) + ") IN (" + many(n*10, ", ", "plays") + ")" },
		"computed":   func(n int) string { return many(n*20, " OR ", "year + % > 0") },
		"aggregates": func(n int) string { return "SELECT COUNT(*) HAVING " + many(n*20, " OR ", "COUNT(year + %) > 0") },
	} {
		took := func(n int) time.Duration {
			s := text(n)
			least := time.Hour
			for range 3 {
				start := time.Now()
				q, err := query.Parse(s)
				require.NoError(t, err)
				q.Check(album)
				least = min(least, time.Since(start))
			}
			return least
		}
		const pause = 300 * time.Millisecond // what a busy machine may add
		small := took(100)
		require.Less(t, took(800), 30*small+pause, name)
	}
}

// What groups keep grows with what is asked of each.
func TestSizeOfGroups(t *testing.T) {
	for text, want := range map[string]int{
		"SELECT year GROUP BY year":                                       2,
		"SELECT SUM(plays) GROUP BY year":                                 2,
		"SELECT SUM(plays), COUNT(*), AVG(year + 1) GROUP BY year":        6,
		"SELECT MAX(plays), COUNT(*) GROUP BY year HAVING AVG(plays) > 1": 8,
	} {
		q, err := query.Parse(text)
		require.NoError(t, err)
		c, err := q.Check(album)
		require.NoError(t, err)
		g := query.NewGroups(c, true)
		for i := range 2 {
			g.Add(row(i, map[string]model.Value{"year": model.OfInt(int64(i)), "plays": model.OfUint(1)}))
		}
		require.Equal(t, want, g.Size(), text)
	}
}
