package query_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

type (
	genre  string
	plays  uint32
	artist struct{}
	view   struct{ id event.ID }
	span   time.Duration
	day    time.Time
)

func (v view) ID() event.ID { return v.id }

func TestBindTakesGoValues(t *testing.T) {
	number, funk := 5, genre("Funk")
	moment := time.Date(1986, 3, 31, 12, 0, 0, 5000, time.FixedZone("", 3600))
	var none *int
	for _, test := range []struct {
		arg  any
		want string
	}{
		{nil, "NULL"},
		{none, "NULL"},
		{true, "TRUE"},
		{number, "5"},
		{&number, "5"},
		{int8(-5), "-5"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{plays(7), "7"},
		{float32(0.5), "0.5"},
		{1.0, "1.0"},
		{math.Inf(-1), "'-Infinity'"},
		{math.NaN(), "'NaN'"},
		{"it's", "'it''s'"},
		{funk, "'Funk'"},
		{&funk, "'Funk'"},
		{[]byte{1, 255}, "x'01ff'"},
		{model.BytesOf([]byte{1}), "x'01'"},
		{moment, "'1986-03-31T11:00:00.000005Z'"},
		{day(moment), "'1986-03-31T11:00:00.000005Z'"},
		{90 * time.Second, "'1m30s'"},
		{id(1), "'01HK153XZ80000000000000001'"},
		{model.RefTo[artist](id(1)), "'01HK153XZ80000000000000001'"},
		{view{id(1)}, "'01HK153XZ80000000000000001'"},
		{&view{id(1)}, "'01HK153XZ80000000000000001'"},
		{model.OfInt(3), "3"},
		{model.OfUint(3), "3"},
	} {
		q, err := query.Parse("x = ?")
		require.NoError(t, err)
		bound, err := q.Bind(test.arg)
		require.NoError(t, err)
		require.Equal(t, "x = "+test.want, bound.String())
		require.Equal(t, "x = ?", q.String(), "the query that was bound must not change")
		// What was bound parses back to what it says.
		again, err := query.Parse(bound.String())
		require.NoError(t, err)
		require.Equal(t, bound.String(), again.String())
	}
}

func TestBindFillsEveryPlace(t *testing.T) {
	for _, test := range []struct {
		text string
		args []any
		want string
	}{
		{"", nil, ""},
		{"a = ? AND b = ?", []any{1, 2}, "a = 1 AND b = 2"},
		{"a = :x AND b = :y OR c = :x", []any{query.Named{"x": 1, "y": 2}}, "a = 1 AND b = 2 OR c = 1"},
		{"a = :x AND b = ?", []any{query.Named{"x": 1}, 2}, "a = 1 AND b = 2"},
		{"a = :x AND b = :y", []any{query.Named{"x": 1}, query.Named{"y": 2}}, "a = 1 AND b = 2"},
		{"? BETWEEN ? AND ? LIMIT ? OFFSET ?", []any{1, 2, 3, 4, 5}, "1 BETWEEN 2 AND 3 LIMIT 4 OFFSET 5"},
		{"a LIKE ? ESCAPE ? OR NOT (? IS NULL)", []any{"x", "!", nil}, "a LIKE 'x' ESCAPE '!' OR NOT NULL IS NULL"},
		// A slice is the items of a list.
		{"a IN (?)", []any{[]string{"x", "y"}}, "a IN ('x', 'y')"},
		{"a IN (1, ?, :more, 4)", []any{2, query.Named{"more": []int{3, 33}}}, "a IN (1, 2, 3, 33, 4)"},
		{"a IN (?)", []any{[]int{}}, "a IN ()"},
		{"a IN (?)", []any{[]byte("x")}, "a IN (x'78')"},
		{"a IN (?)", []any{[]event.ID{id(1)}}, "a IN ('01HK153XZ80000000000000001')"},
	} {
		q, err := query.Parse(test.text)
		require.NoError(t, err)
		bound, err := q.Bind(test.args...)
		require.NoError(t, err, test.text)
		require.Equal(t, test.want, bound.String())
	}
}

// TestArgumentsOfTypesDeclaredOverDurations: what a getter returns is an argument.
func TestArgumentsOfTypesDeclaredOverDurations(t *testing.T) {
	q, err := query.Parse("length >= ? AND year = ?")
	require.NoError(t, err)
	minute := span(time.Minute)
	bound, err := q.Bind(&minute, span(5))
	require.NoError(t, err)
	c, err := bound.Check(album)
	require.NoError(t, err)
	require.Equal(t, "year = 5 AND length >= '1m0s'", c.String())
	c, err = query.Where(query.Duration[Album, span]("length").In(1, minute)).Query().Check(album)
	require.NoError(t, err)
	require.Equal(t, "length IN ('1ns', '1m0s')", c.String())
	for _, number := range []any{int64(5), 5} {
		bound, err := q.Bind(number, 5)
		require.NoError(t, err)
		_, err = bound.Check(album)
		require.EqualError(t, err, "query 1:11: column length is a duration and cannot be compared with 5, an int")
	}
}

// TestArgumentsAreNoText binds what would change the query if it were spliced in.
func TestArgumentsAreNoText(t *testing.T) {
	q, err := query.Parse("name = ? AND live")
	require.NoError(t, err)
	for _, evil := range []string{"' OR 1 = 1 --", "x' OR 'x' = 'x", `\' OR live`, "?", ":name", "NULL", "\"name\""} {
		bound, err := q.Bind(evil)
		require.NoError(t, err)
		again, err := query.Parse(bound.String())
		require.NoError(t, err)
		for _, q := range []*query.Query{bound, again} {
			and := q.Where.(*query.AndExpr)
			require.Len(t, and.Terms, 2)
			require.Equal(t, evil, and.Terms[0].(*query.CompareExpr).Y.(*query.LiteralExpr).Value.Text())
		}
	}
}

func TestBindErrors(t *testing.T) {
	for _, test := range []struct {
		text string
		args []any
		want string
	}{
		{"a = ? AND b = ?", []any{1}, "query 1:15: no argument for parameter 2: 1 given"},
		{"a = ?", []any{1, 2}, "query 1:6: 2 arguments for 1 parameter"},
		{"a = 1", []any{1}, "query 1:6: 1 argument for 0 parameters"},
		{"a = :year", []any{query.Named{"yaer": 1}}, "query 1:5: no argument for :year (did you mean :yaer?)"},
		{"a = :x", []any{query.Named{"x": 1, "y": 2}}, "query 1:7: no parameter :y for the argument of that name"},
		{"a = ?", []any{struct{}{}}, "query 1:5: argument 1 is a struct {}, which is no value"},
		{"a = :f", []any{query.Named{"f": func() {}}}, "query 1:5: argument :f is a func(), which is no value"},
		{"a = ?", []any{[]int{1}}, "query 1:5: argument 1 is a []int, which is no value; a slice stands for the items of IN (?)"},
		{"a IN (?)", []any{[]any{1, struct{}{}}}, "query 1:7: element 2 of argument 1 is a struct {}, which is no value"},
		{"a IN (?)", []any{make([]int, query.MaxItems+1)}, "query 1:7: IN has at most 16384 items"},
		{"a = ?", []any{"\xff"}, "query 1:5: argument 1: " + invalid(t, "\xff")},
	} {
		q, err := query.Parse(test.text)
		require.NoError(t, err)
		_, err = q.Bind(test.args...)
		require.EqualError(t, err, test.want)
	}
}

func invalid(t *testing.T, s string) string {
	err := model.OfString(s).Validate()
	require.Error(t, err)
	return err.Error()
}

func TestParamsAreInTheOrderOfTheText(t *testing.T) {
	q, err := query.Parse("b IN (?, :x) AND (a = :x OR NOT a LIKE ?) LIMIT :n OFFSET ?")
	require.NoError(t, err)
	var got []string
	for _, p := range q.Params() {
		got = append(got, fmt.Sprintf("%d %q %d", p.At.Start, p.Name, p.Index))
	}
	require.Equal(t, []string{`6 "" 0`, `9 "x" 0`, `22 "x" 0`, `39 "" 1`, `48 "n" 0`, `58 "" 2`}, got)
	bound, err := q.Bind(1, "y", 3, query.Named{"x": 1, "n": 2})
	require.NoError(t, err)
	require.Equal(t, q.Params(), bound.Params(), "they are those of the text")
	require.Empty(t, query.Where(query.Text[struct{}, string]("a").Eq("?")).Query().Params())
}

func TestLimitTakesAnArgument(t *testing.T) {
	q, err := query.Parse("LIMIT ? OFFSET ?")
	require.NoError(t, err)
	bound, err := q.Bind(uint(3), int8(4))
	require.NoError(t, err)
	c, err := bound.Check(album)
	require.NoError(t, err)
	n, ok := c.Limit()
	require.True(t, ok)
	require.Equal(t, 3, n)
	require.Equal(t, 4, c.Offset())
	for _, bad := range []any{-1, nil, "x", 1.5, 1 << 30, uint64(math.MaxUint64), true} {
		bound, err := q.Bind(bad, 0)
		require.NoError(t, err)
		_, err = bound.Check(album)
		require.ErrorContains(t, err, "LIMIT is")
	}
}
