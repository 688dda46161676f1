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
	const tables, queries, rows = 12, 40, 40
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("to repeat: go test ./query -run %s -seed=%d", t.Name(), seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	matched := 0
	for range tables {
		o := newOracle(t, world{dice: rng.IntN, schema: newSchema(rng.IntN)}, rows)
		for range queries {
			matched += o.compare(t)
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
	// No declared types: SQLite then converts nothing.
	o.exec(t, "CREATE TABLE t ("+strings.Join(o.schema.Names(), ", ")+")")
	for _, r := range o.rows {
		var args []any
		for _, name := range o.schema.Names() {
			c, _ := o.schema.Field(name)
			args = append(args, stored(o.schema.Value(r, c)))
		}
		o.exec(t, "INSERT INTO t VALUES (?"+strings.Repeat(", ?", len(args)-1)+")", args...)
	}
	return o
}

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
	for _, r := range window(c, o.rows) {
		got = append(got, r.ID.String())
	}
	require.Equal(t, want, got, "%s\n%s\n%v\n%s", q, text, s.args, c)
	return len(want)
}

// sqlPrinter writes a query as SQL. Literals become arguments, in the form in
// which the table holds the values they are compared with.
type sqlPrinter struct {
	schema *model.Schema
	args   []any
}

func (s *sqlPrinter) query(q *query.Query) string {
	text := "SELECT id FROM t"
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
	text += "id"
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
	case *query.LikeExpr:
		text := s.expr(e.X, beside) + not(e.Negated) + " LIKE " + s.expr(e.Pattern, beside)
		if e.Escape != nil {
			text += " ESCAPE " + s.expr(e.Escape, beside)
		}
		return "(" + text + ")"
	case *query.NullExpr:
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

func (s *sqlPrinter) column(e *query.ColumnExpr) string {
	if len(e.Path) == 1 {
		return e.Path[0]
	}
	return "json_extract(" + e.Path[0] + ", '$." + strings.Join(e.Path[1:], ".") + "')"
}

// typeOf returns the type of the first column among operands.
func (s *sqlPrinter) typeOf(operands ...query.Expr) model.Type {
	for _, e := range operands {
		if c, ok := e.(*query.ColumnExpr); ok {
			column, _ := s.schema.Field(c.Path[0])
			return s.schema.Column(column).Type
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
