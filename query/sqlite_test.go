//go:build !js

package query_test

import (
	"database/sql"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

var seedFlag = flag.Uint64("seed", 0, "of the comparison with SQLite; 0 takes a new one")

// TestAgreesWithSQLite gives random tables and random queries to SQLite and to
// this package, and wants the same rows in the same order.
func TestAgreesWithSQLite(t *testing.T) {
	const tables, queries, rows = 16, 100, 40
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("to repeat: go test ./query -run %s -seed=%d", t.Name(), seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	matched := 0
	for range tables {
		w := newWorld(rng.IntN)
		for w.schema == album { // which is another test's
			w = newWorld(rng.IntN)
		}
		o := newOracle(t, w, rows)
		for range queries {
			matched += o.compare(t)
			o.compareGroups(t)
		}
	}
	require.Greater(t, matched, tables*queries, "the queries hardly match anything: they test nothing")
}

// oracle is a table in SQLite with the rows of a world.
type oracle struct {
	world
	db   *sql.DB
	rows []*model.Row
}

func newOracle(t *testing.T, w world, n int) oracle {
	o := oracle{world: w, rows: w.rows(n)}
	var err error
	o.db, err = sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.db.Close()) })
	o.db.SetMaxOpenConns(1) // every connection would have a memory of its own
	o.exec(t, "PRAGMA case_sensitive_like = ON")
	o.fill(t, "things", o.schema, o.rows)
	o.fill(t, "others", o.schema.Target(len(o.schema.Fields())-1), o.others)
	return o
}

// fill makes a table of rows, without those that are deleted.
func (o oracle) fill(t *testing.T, table string, s *model.Schema, rows []*model.Row) {
	// No declared types: SQLite then converts nothing.
	o.exec(t, "CREATE TABLE "+table+" ("+strings.Join(s.Names(), ", ")+")")
	for _, r := range rows {
		var args []any
		for _, name := range s.Names() {
			c, _ := s.Field(name)
			args = append(args, stored(s.Value(r, c)))
		}
		if !r.Deleted {
			o.exec(t, "INSERT INTO "+table+" VALUES (?"+strings.Repeat(", ?", len(args)-1)+")", args...)
		}
	}
}

// tables is what SQL selects from: things, and what lies behind their references.
const tables = "things t0 LEFT JOIN others t1 ON t0.ref = t1.id LEFT JOIN others t2 ON t1.ref = t2.id" +
	" LEFT JOIN others t3 ON t2.ref = t3.id"

func (o oracle) exec(t *testing.T, text string, args ...any) {
	t.Helper()
	_, err := o.db.Exec(text, args...)
	require.NoError(t, err, text)
}

// stored returns a value as the table holds it: with a form that SQLite orders
// like the value.
func stored(v model.Value) any {
	switch v.Type() {
	case model.TypeBool:
		return v.Bool()
	case model.TypeInt, model.TypeUint:
		return v.Int()
	case model.TypeFloat:
		return v.Float()
	case model.TypeString:
		return v.Text()
	case model.TypeBytes:
		return append([]byte{}, v.Bytes().Clone()...) // nil would be NULL
	case model.TypeTime:
		return v.Time().Format(sortable)
	case model.TypeDuration:
		return int64(v.Duration())
	case model.TypeID:
		return v.ID().String()
	case model.TypeJSON:
		return v.JSON().String()
	}
	return nil
}

// sortable formats times so that they sort as text.
const sortable = "2006-01-02T15:04:05.000000000"

// compare gives one query to both, and returns the number of rows.
func (o oracle) compare(t *testing.T) int {
	q := o.query()
	s := sqlPrinter{schema: o.schema}
	text := s.query(q)
	found, err := o.db.Query(text, s.args...)
	require.NoError(t, err, text)
	var want []string
	for found.Next() {
		var id string
		require.NoError(t, found.Scan(&id))
		want = append(want, id)
	}
	require.NoError(t, found.Err())
	require.NoError(t, found.Close())

	parsed, err := query.Parse(q.String())
	require.NoError(t, err, q.String())
	c, err := parsed.Check(o.schema)
	require.NoError(t, err, q.String())
	var got []string
	for _, r := range o.window(c, o.rows) {
		got = append(got, r.ID.String())
	}
	require.Equal(t, want, got, "%s\n%s\n%v\n%s", q, text, s.args, c)
	got = nil
	narrow := o.throughReferences(c)
	for _, r := range o.window(narrow, o.rows) {
		got = append(got, r.ID.String())
	}
	require.Equal(t, want, got, "%s\n%s", c, narrow)
	return len(want)
}

// sqlPrinter writes a query as SQL. Literals become arguments, in the form in
// which the table holds the values they are compared with.
type sqlPrinter struct {
	schema *model.Schema
	args   []any
}

func (s *sqlPrinter) query(q *query.Query) string {
	text := "SELECT t0.id FROM " + tables
	if q.Where != nil {
		text += " WHERE " + s.expr(q.Where, model.TypeNull)
	}
	text += " ORDER BY "
	for _, term := range q.Order {
		text += s.expr(term.X, model.TypeNull)
		if term.Desc {
			text += " DESC"
		}
		text += []string{"", " NULLS FIRST", " NULLS LAST"}[term.Nulls] + ", "
	}
	text += "t0.id"
	limit, offset := int64(-1), int64(0)
	if q.Limit != nil {
		limit = q.Limit.(*query.LiteralExpr).Value.Int()
	}
	if q.Offset != nil {
		offset = q.Offset.(*query.LiteralExpr).Value.Int()
	}
	return fmt.Sprintf("%s LIMIT %d OFFSET %d", text, limit, offset)
}

// expr writes a node; a literal is written for a column of the type beside it.
func (s *sqlPrinter) expr(e query.Expr, beside model.Type) string {
	switch e := e.(type) {
	case *query.ColumnExpr:
		return s.column(e)
	case *query.LiteralExpr:
		return s.literal(e.Value, beside)
	case *query.NotExpr:
		return "(NOT " + s.expr(e.X, beside) + ")"
	case *query.AndExpr:
		return s.list(e.Terms, " AND ", beside)
	case *query.OrExpr:
		return s.list(e.Terms, " OR ", beside)
	case *query.CompareExpr:
		beside = s.typeOf(e.X, e.Y)
		return "(" + s.expr(e.X, beside) + " " + e.Op.String() + " " + s.expr(e.Y, beside) + ")"
	case *query.BetweenExpr:
		beside = s.typeOf(e.X)
		return "(" + s.expr(e.X, beside) + not(e.Negated) + " BETWEEN " + s.expr(e.Low, beside) +
			" AND " + s.expr(e.High, beside) + ")"
	case *query.InExpr:
		beside = s.typeOf(e.X)
		return "(" + s.expr(e.X, beside) + not(e.Negated) + " IN " + s.list(e.List, ", ", beside) + ")"
	case *query.ArithExpr:
		return "(" + s.expr(e.X, beside) + " " + e.Op.String() + " " + s.expr(e.Y, beside) + ")"
	case *query.CallExpr:
		return s.call(e)
	case *query.ContainsExpr:
		return s.contains(e)
	case *query.LikeExpr:
		x, pattern := s.expr(e.X, beside), s.expr(e.Pattern, beside)
		switch e.Kind {
		case query.LikePrefix:
			negated := map[bool]string{false: " = ", true: " != "}[e.Negated]
			return "(substr(" + x + ", 1, length(" + pattern + "))" + negated + s.expr(e.Pattern, beside) + ")"
		case query.LikeFolded:
			x, pattern = "lower("+x+")", "lower("+pattern+")"
		}
		text := x + not(e.Negated) + " LIKE " + pattern
		if e.Escape != nil {
			text += " ESCAPE " + s.expr(e.Escape, beside)
		}
		return "(" + text + ")"
	case *query.NullExpr:
		if e.Missing {
			return "(json_type(" + s.place(e.X) + ") IS" + not(e.Negated) + " NULL)"
		}
		return "(" + s.expr(e.X, beside) + " IS" + not(e.Negated) + " NULL)"
	}
	panic(fmt.Sprintf("the test cannot write %T", e))
}

func not(negated bool) string {
	if negated {
		return " NOT"
	}
	return ""
}

func (s *sqlPrinter) list(items []query.Expr, comma string, beside model.Type) string {
	var all []string
	for _, item := range items {
		all = append(all, s.expr(item, beside))
	}
	return "(" + strings.Join(all, comma) + ")"
}

func (s *sqlPrinter) call(e *query.CallExpr) string {
	switch {
	case e.Func != query.FuncLen && e.Arg == nil:
		return "COUNT(*)"
	case e.Func != query.FuncLen:
		distinct := map[bool]string{true: "DISTINCT "}[e.Distinct]
		return e.Func.String() + "(" + distinct + s.expr(e.Arg, model.TypeNull) + ")"
	case s.typeOf(e.Arg) != model.TypeJSON:
		return "length(" + s.expr(e.Arg, model.TypeNull) + ")"
	}
	at := s.place(e.Arg)
	return "(CASE json_type(" + at + ") WHEN 'text' THEN length(json_extract(" + at + "))" +
		" WHEN 'array' THEN json_array_length(" + at + ")" +
		" WHEN 'object' THEN (SELECT COUNT(*) FROM json_each(" + at + ")) END)"
}

// contains looks for every element by itself.
func (s *sqlPrinter) contains(e *query.ContainsExpr) string {
	at := s.place(e.X)
	join, text := " OR ", "0"
	if e.Quantity == query.All {
		join, text = " AND ", "1"
	}
	for _, item := range e.List {
		v := item.(*query.LiteralExpr).Value
		if v.IsNull() {
			text += join + "NULL"
			continue
		}
		text += join + "EXISTS (SELECT 1 FROM json_each(" + at + ") WHERE value = " + s.constant(v) + ")"
	}
	return "(CASE WHEN json_type(" + at + ") = 'array' THEN" + not(e.Negated) + " (" + text + ") END)"
}

// place writes a place in JSON as the arguments of SQLite's functions.
func (s *sqlPrinter) place(e query.Expr) string {
	table, path := alias(e.(*query.ColumnExpr).Path)
	return table + path[0] + ", '$." + strings.Join(path[1:], ".") + "'"
}

// alias returns the table behind the references of a path, and the rest of it.
func alias(path []string) (string, []string) {
	n := 0
	for len(path) > 1 && path[0] == "ref" {
		n, path = n+1, path[1:]
	}
	return fmt.Sprintf("t%d.", n), path
}

func (s *sqlPrinter) column(e *query.ColumnExpr) string {
	table, path := alias(e.Path)
	if len(path) == 1 {
		return table + path[0]
	}
	return "json_extract(" + s.place(e) + ")"
}

// typeOf returns the type of the first column among operands.
func (s *sqlPrinter) typeOf(operands ...query.Expr) model.Type {
	for _, e := range operands {
		if c, ok := e.(*query.ColumnExpr); ok {
			return columnType(s.schema, c.Path)
		}
	}
	return model.TypeNull
}

func (s *sqlPrinter) literal(v model.Value, beside model.Type) string {
	if v.Type() != model.TypeString {
		return s.constant(v)
	}
	text := v.Text()
	switch beside {
	case model.TypeTime:
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			panic(err)
		}
		return s.arg(t.Format(sortable))
	case model.TypeDuration:
		d, err := time.ParseDuration(text)
		if err != nil {
			panic(err)
		}
		return s.arg(int64(d))
	case model.TypeID:
		id, err := event.ParseID(text)
		if err != nil {
			panic(err)
		}
		return s.arg(id.String())
	case model.TypeInt, model.TypeUint, model.TypeFloat:
		return map[string]string{"Infinity": "9e999", "-Infinity": "-9e999"}[text]
	}
	return s.constant(v)
}

// constant writes a value as SQL, so that the spelling of literals is compared too.
func (s *sqlPrinter) constant(v model.Value) string {
	switch v.Type() {
	case model.TypeBytes:
		return "x'" + hex.EncodeToString(v.Bytes().Clone()) + "'"
	case model.TypeInt, model.TypeFloat, model.TypeBool, model.TypeNull:
		return (&query.Query{Where: &query.LiteralExpr{Value: v}}).String()
	}
	return s.arg(stored(v))
}

func (s *sqlPrinter) arg(v any) string {
	s.args = append(s.args, v)
	return "?"
}

// compareGroups gives one query for groups to both.
func (o oracle) compareGroups(t *testing.T) {
	q := o.groups()
	c, err := q.Check(o.schema)
	require.NoError(t, err, q.String())
	canonical := c.Query()
	s := sqlPrinter{schema: o.schema}
	text := "SELECT " + s.items(canonical) + " FROM " + tables
	if q.Where != nil {
		text += " WHERE " + s.expr(q.Where, model.TypeNull)
	}
	var by []string
	for _, e := range canonical.GroupBy {
		by = append(by, s.expr(e, model.TypeNull))
	}
	if by != nil {
		text += " GROUP BY " + strings.Join(by, ", ")
	}
	if q.Having != nil {
		text += " HAVING " + s.expr(q.Having, model.TypeNull)
	}
	var order []string
	for _, term := range q.Order {
		order = append(order, s.expr(term.X, model.TypeNull)+map[bool]string{true: " DESC"}[term.Desc])
	}
	if order = append(order, by...); order != nil {
		text += " ORDER BY " + strings.Join(order, ", ")
	}
	want := o.table(t, text, s.args, len(q.Select))

	rows, err := query.GroupRows(c, func(yield func(*model.Row, error) bool) {
		for _, r := range o.rows {
			if r, err := c.Join(o, r); c.Match(r) && !yield(r, err) {
				return
			}
		}
	})
	require.NoError(t, err)
	var got [][]any
	for _, r := range rows {
		line := []any{}
		for _, v := range c.Grouping().Values(r) {
			line = append(line, plainSQL(stored(v)))
		}
		got = append(got, line)
	}
	require.Equal(t, want, got, "%s\n%s\n%v", q, text, s.args)
	again, err := checkedOf(c.String(), o.schema)
	require.NoError(t, err, c.String())
	require.Equal(t, c.Key(), again.Key())
}

func (s *sqlPrinter) items(q *query.Query) string {
	var all []string
	for _, item := range q.Select {
		all = append(all, s.expr(item.X, model.TypeNull))
	}
	return strings.Join(all, ", ")
}

// table returns what SQLite answers.
func (o oracle) table(t *testing.T, text string, args []any, columns int) (all [][]any) {
	found, err := o.db.Query(text, args...)
	require.NoError(t, err, text)
	for found.Next() {
		line := make([]any, columns)
		to := make([]any, columns)
		for i := range line {
			to[i] = &line[i]
		}
		require.NoError(t, found.Scan(to...))
		for i := range line {
			line[i] = plainSQL(line[i])
		}
		all = append(all, line)
	}
	require.NoError(t, found.Err())
	require.NoError(t, found.Close())
	return all
}

// plainSQL gives a value one form, whether it went through SQLite or not.
func plainSQL(v any) any {
	switch v := v.(type) {
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case []byte:
		return "x" + hex.EncodeToString(v)
	}
	return v
}
