package postgres

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ankgo/ank/model"
)

// catalog is what the store says of its tables. It is immutable.
type catalog struct {
	version     int64
	collections map[string]*collection
}

// collection is what the store says of one collection.
type collection struct {
	name, table string
	layout      string               // what the columns hold, "" if rows differ
	through     *string              // in rows up to that one; nil: in all
	columns     map[columnKey]string // names
	schema      *model.Schema        // registered last, by whatever process; nil if it is not known
	indexes     []*index
}

type columnKey struct{ field, sqlType string }

// index is one of PostgreSQL's that the store keeps.
type index struct {
	number           int64
	definition, name string
	dropped          bool
	valid            bool // it is built
}

// holds reports whether the columns of all rows hold what a layout says.
func (c *collection) holds(layout string) bool {
	return c != nil && layout != "" && c.layout == layout && c.through == nil
}

// column returns the name of a field's column, "" if there is none.
func (c *collection) column(f *model.Field) string {
	return c.columns[columnKey{f.Name, sqlType(f.Type)}]
}

// complete reports whether there is a column for each field of a schema.
func (c *collection) complete(s *model.Schema) bool {
	for i := range s.Fields() {
		if c.column(&s.Fields()[i]) == "" {
			return false
		}
	}
	return true
}

// executor is a connection, a pool or a transaction.
type executor interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// querier is a connection, a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// The statements that load a catalog.
const (
	catalogVersion     = `SELECT catalog FROM _store`
	catalogCollections = `SELECT name, table_name, layout, through, schema FROM _collections`
	catalogColumns     = `SELECT collection, field, type, column_name FROM _columns`
	catalogIndexes     = `
		SELECT i.number, i.collection, i.definition, i.index_name, i.dropped, coalesce(x.indisvalid, false)
		FROM _indexes i
		LEFT JOIN pg_class c ON c.relname = i.index_name AND c.relnamespace = current_schema()::regnamespace
		LEFT JOIN pg_index x ON x.indexrelid = c.oid
		ORDER BY i.number`
)

// loadCatalog reads the catalog as a transaction sees it.
func loadCatalog(ctx context.Context, q querier) (*catalog, error) {
	c := &catalog{collections: make(map[string]*collection)}
	steps := []struct {
		sql  string
		read func(pgx.Rows) error
	}{
		{catalogVersion, func(r pgx.Rows) error { return r.Scan(&c.version) }},
		{catalogCollections, c.readCollection},
		{catalogColumns, c.readColumn},
		{catalogIndexes, c.readIndex},
	}
	for _, step := range steps {
		rows, err := q.Query(ctx, step.sql)
		if err := eachRow(rows, err, step.read); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *catalog) readCollection(r pgx.Rows) error {
	col := &collection{columns: make(map[columnKey]string)}
	var schema []byte
	err := r.Scan(&col.name, &col.table, &col.layout, &col.through, &schema)
	if len(schema) > 0 {
		// One of a newer release may not be understood: it is not known, then.
		col.schema, _ = model.DecodeSchema(bytes.Clone(schema), nil)
	}
	c.collections[col.name] = col
	return err
}

func (c *catalog) readColumn(r pgx.Rows) error {
	var name, column string
	var key columnKey
	err := r.Scan(&name, &key.field, &key.sqlType, &column)
	if col := c.collections[name]; col != nil {
		col.columns[key] = column
	}
	return err
}

func (c *catalog) readIndex(r pgx.Rows) error {
	var name string
	x := new(index)
	err := r.Scan(&x.number, &name, &x.definition, &x.name, &x.dropped, &x.valid)
	if col := c.collections[name]; col != nil {
		col.indexes = append(col.indexes, x)
	}
	return err
}

// eachRow calls read for each row of a result, and closes it.
func eachRow(rows pgx.Rows, err error, read func(pgx.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// learn keeps the newest catalog that was seen.
func (e *Engine) learn(c *catalog) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.catalog == nil || e.catalog.version <= c.version {
		e.catalog = c
	}
}

// known returns the newest catalog that was seen.
func (e *Engine) known() *catalog {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.catalog
}

// schemaOf returns the registered schema of a collection, nil if there is none.
func (e *Engine) schemaOf(collection string) *model.Schema {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.schemas[collection]
}

// maxLayouts bounds how many layouts of schemas are remembered.
const maxLayouts = 1000

// layout is layoutOf, which it remembers.
func (e *Engine) layout(s *model.Schema) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	layout, ok := e.layouts[s]
	if !ok {
		if len(e.layouts) == maxLayouts {
			clear(e.layouts)
		}
		layout = layoutOf(s)
		e.layouts[s] = layout
	}
	return layout
}

// changeTables runs a change of tables in a transaction that holds back commits, and
// gives the catalog a new version. change gets the newest catalog.
func (e *Engine) changeTables(ctx context.Context, change func(tx pgx.Tx, c *catalog) error) error {
	return e.patiently(ctx, func() error {
		var after *catalog
		err := pgx.BeginFunc(ctx, e.writers, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = 0`); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE _store SET catalog = catalog + 1`); err != nil {
				return err
			}
			before, err := loadCatalog(ctx, tx)
			if err == nil {
				err = change(tx, before)
			}
			if err == nil {
				after, err = loadCatalog(ctx, tx)
			}
			return err
		})
		if err == nil {
			e.learn(after)
		}
		return err
	})
}

// createTable makes the table of a collection, with columns for the fields of a
// schema if there is one.
func createTable(ctx context.Context, tx executor, c *catalog, name string, s *model.Schema) (*collection, error) {
	col := &collection{name: name, table: tableName(name, len(c.collections)), columns: make(map[columnKey]string)}
	var columns strings.Builder
	if s != nil {
		for i := range s.Fields() {
			fmt.Fprintf(&columns, ",\n%s %s", quote(col.newColumn(&s.Fields()[i])), definitionOf(sqlType(s.Fields()[i].Type)))
		}
	}
	_, err := tx.Exec(ctx, fmt.Sprintf(tableDefinition, quote(col.table), columns.String()))
	if err == nil {
		_, err = tx.Exec(ctx, `INSERT INTO _collections (name, table_name, layout, schema) VALUES ($1, $2, $3, $4)`, name, col.table, layoutOf(s), encoded(s))
	}
	if err == nil {
		err = insertColumns(ctx, tx, col, slices.Collect(maps.Keys(col.columns)))
	}
	col.layout, col.schema = layoutOf(s), s
	c.collections[name] = col
	return col, err
}

// encoded is a schema as the catalog has it.
func encoded(s *model.Schema) []byte {
	if s == nil {
		return nil
	}
	return s.AppendTo(nil)
}

const tableDefinition = `CREATE TABLE %s (
	id       text COLLATE "C" PRIMARY KEY,
	created  timestamp with time zone NOT NULL,
	updated  timestamp with time zone NOT NULL,
	_deleted boolean NOT NULL,
	_stamp   bytea NOT NULL,
	_row     bytea NOT NULL,
	_merge   bytea,
	_words   text[] COLLATE "C"%s
)`

// lockPatience is how long a change of a table waits for those who use it. Others
// wait behind it meanwhile.
const lockPatience = `SET LOCAL lock_timeout = '200ms'`

// addColumns adds the columns that the fields of a schema do not have yet. It
// reports whether somebody used the table too long.
func addColumns(ctx context.Context, tx pgx.Tx, col *collection, s *model.Schema) (busy bool, err error) {
	var added []columnKey
	var clauses []string
	for i := range s.Fields() {
		f := &s.Fields()[i]
		if col.column(f) == "" {
			name := col.newColumn(f)
			clauses = append(clauses, "ADD COLUMN "+quote(name)+" "+definitionOf(sqlType(f.Type)))
			added = append(added, columnKey{f.Name, sqlType(f.Type)})
		}
	}
	if len(added) == 0 {
		return false, nil
	}
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lockPatience); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "ALTER TABLE "+quote(col.table)+" "+strings.Join(clauses, ", ")); err != nil {
			return err
		}
		return insertColumns(ctx, tx, col, added)
	})
	if hasCode(err, codeLockTimeout) {
		for _, key := range added {
			delete(col.columns, key)
		}
		return true, nil
	}
	return false, err
}

// newColumn gives the column of a field a name, which it returns.
func (c *collection) newColumn(f *model.Field) string {
	key := columnKey{f.Name, sqlType(f.Type)}
	name := columnName(f.Name, key.sqlType, func(name string) bool {
		for _, taken := range c.columns {
			if taken == name {
				return true
			}
		}
		return false
	})
	c.columns[key] = name
	return name
}

func insertColumns(ctx context.Context, tx executor, col *collection, keys []columnKey) error {
	var fields, types, names []string
	for _, key := range keys {
		fields, types, names = append(fields, key.field), append(types, key.sqlType), append(names, col.columns[key])
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO _columns (collection, field, type, column_name)
		SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[])`, col.name, fields, types, names)
	return err
}
