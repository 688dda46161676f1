package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pgxTable is a table of the raw client: as many rows as ours, of the same columns where
// those are not for merging and verifying only.
type pgxTable struct {
	name    string
	columns []string
	types   []string
	key     string
	value   func(w *rawRow) []any
}

func pgxTables() []pgxTable {
	return []pgxTable{
		{
			"log",
			[]string{"origin", "seq", "tx", "author", "entry"},
			[]string{"int", "bigint", "text", "text", "bytea"},
			"origin, seq",
			func(w *rawRow) []any {
				return []any{int32(1), w.seq, w.event.String(), "bench", padding(w.weight.entry, w.seq)}
			},
		},
		{
			"events",
			[]string{"entity", "id", "collection", "tx", "origin", "seq", "ordinal"},
			[]string{"text", "text", "text", "text", "int", "bigint", "int"},
			"entity, id",
			func(w *rawRow) []any {
				return []any{w.entity.String(), w.event.String(), "plains", w.event.String(), int32(1), w.seq, int32(0)}
			},
		},
		{
			"items",
			[]string{"id", "title", "owner", "status", "score", "note", "state"},
			[]string{"text", "text", "text", "text", "bigint", "text", "bytea"},
			"id",
			func(w *rawRow) []any {
				return append(itemColumns(w), w.state(w.weight.state))
			},
		},
	}
}

func itemColumns(w *rawRow) []any {
	return []any{w.entity.String(), w.item.Title, w.item.Owner, w.item.Status, int64(w.item.Score), w.item.Note}
}

// create is the statement that makes the table.
func (t *pgxTable) create() string {
	var columns []string
	for i := range t.columns {
		column := t.columns[i] + " " + t.types[i]
		if t.types[i] == "text" {
			column += ` COLLATE "C"`
		}
		columns = append(columns, column+" NOT NULL")
	}
	return fmt.Sprintf("CREATE TABLE %s (%s, PRIMARY KEY (%s))", t.name, strings.Join(columns, ", "), t.key)
}

// one writes a row, many writes those of arrays. They overwrite.
func (t *pgxTable) one() string {
	return t.upsert("VALUES (" + strings.Join(t.params(""), ", ") + ")")
}

func (t *pgxTable) many() string {
	return t.upsert("SELECT * FROM unnest(" + strings.Join(t.params("[]"), ", ") + ")")
}

func (t *pgxTable) params(array string) []string {
	var params []string
	for i, typ := range t.types {
		params = append(params, fmt.Sprintf("$%d::%s%s", i+1, typ, array))
	}
	return params
}

func (t *pgxTable) upsert(rows string) string {
	sql := fmt.Sprintf("INSERT INTO %s (%s) %s", t.name, strings.Join(t.columns, ", "), rows)
	if t.name != "items" {
		return sql
	}
	var sets []string
	for _, c := range t.columns[1:] {
		sets = append(sets, c+" = excluded."+c)
	}
	return sql + " ON CONFLICT (id) DO UPDATE SET " + strings.Join(sets, ", ")
}

// pgxShelf writes an entry, an address and a state in one round trip.
type pgxShelf struct {
	*rawBook
	pool     *pgxpool.Pool
	tables   []pgxTable
	gatherer *gatherer // nil: everybody commits alone
	remove   func() error
}

func openPgx(ctx context.Context, r *run, writers int, indexed bool) (shelf, error) {
	s, err := r.newPgxShelf(ctx, writers, pgxTables())
	if err != nil {
		return nil, err
	}
	if indexed {
		_, err = s.pool.Exec(ctx, `CREATE INDEX owner_status ON items (owner, status)`)
	}
	if writers > 1 {
		s.gatherer = gather(ctx, s.commit)
	}
	return s, err
}

// newPgxShelf makes empty tables in a schema of their own.
func (r *run) newPgxShelf(ctx context.Context, connections int, tables []pgxTable) (*pgxShelf, error) {
	book, err := newRawBook(ctx, r)
	if err != nil {
		return nil, err
	}
	schema := r.name()
	config, err := pgxpool.ParseConfig(r.postgres)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(connections)
	config.ConnConfig.RuntimeParams["search_path"] = schema
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	s := &pgxShelf{rawBook: book, pool: pool, tables: tables, remove: func() error { return dropSchema(ctx, r.postgres, schema) }}
	_, err = pool.Exec(ctx, "CREATE SCHEMA "+schema)
	for i := range tables {
		if err == nil {
			_, err = pool.Exec(ctx, tables[i].create())
		}
	}
	return s, err
}

// dropSchema removes a schema with all that is in it.
func dropSchema(ctx context.Context, dsn, schema string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "SET client_min_messages = warning; DROP SCHEMA IF EXISTS "+schema+" CASCADE", pgx.QueryExecModeSimpleProtocol)
	return errors.Join(err, conn.Close(ctx))
}

func (s *pgxShelf) create(ctx context.Context, i int, e *item) error {
	row, err := s.rawBook.create(i, e)
	if err != nil {
		return err
	}
	return s.store(ctx, row)
}

func (s *pgxShelf) update(ctx context.Context, i, score int) error {
	row, err := s.rawBook.update(i, score)
	if err != nil {
		return err
	}
	return s.store(ctx, row)
}

func (s *pgxShelf) store(ctx context.Context, row *rawRow) error {
	if s.gatherer != nil {
		return s.gatherer.commit(row)
	}
	return s.commit(ctx, []*rawRow{row})
}

// commit writes rows in one transaction and one round trip.
func (s *pgxShelf) commit(ctx context.Context, rows []*rawRow) error {
	b := new(pgx.Batch)
	b.Queue("BEGIN")
	for i := range s.tables {
		t := &s.tables[i]
		if len(rows) == 1 {
			b.Queue(t.one(), t.value(rows[0])...)
			continue
		}
		b.Queue(t.many(), columnwise(t, latest(t, rows))...)
	}
	b.Queue("COMMIT")
	return s.pool.SendBatch(ctx, b).Close()
}

// latest leaves of rows with the same key the last, of those that overwrite.
func latest(t *pgxTable, rows []*rawRow) []*rawRow {
	if t.name != "items" {
		return rows
	}
	last := make(map[string]int, len(rows))
	var kept []*rawRow
	for _, row := range rows {
		key := string(row.entity[:])
		if at, again := last[key]; again {
			kept[at] = row
			continue
		}
		last[key] = len(kept)
		kept = append(kept, row)
	}
	return kept
}

// columnwise are the values of rows as arrays, one for each column.
func columnwise(t *pgxTable, rows []*rawRow) []any {
	columns := make([]any, len(t.columns))
	values := make([][]any, len(rows))
	for i, row := range rows {
		values[i] = t.value(row)
	}
	for c := range columns {
		switch t.types[c] {
		case "int":
			columns[c] = columnOf[int32](values, c)
		case "bigint":
			columns[c] = columnOf[int64](values, c)
		case "text":
			columns[c] = columnOf[string](values, c)
		case "bytea":
			columns[c] = columnOf[[]byte](values, c)
		}
	}
	return columns
}

func columnOf[T any](rows [][]any, c int) []T {
	column := make([]T, len(rows))
	for i := range rows {
		column[i] = rows[i][c].(T)
	}
	return column
}

// batch copies rows into the tables.
func (s *pgxShelf) batch(ctx context.Context, first int, list []item) error {
	rows, err := s.rawBook.batch(first, list)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for i := range s.tables {
			t := &s.tables[i]
			from := pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return t.value(rows[i]), nil })
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, from); err != nil {
				return err
			}
		}
		return nil
	})
}

const pgxItems = `SELECT title, owner, status, score, note FROM items WHERE `

func (s *pgxShelf) get(ctx context.Context, seen *seen, i int) error {
	return s.show(ctx, seen, pgxItems+`id = $1`, s.idOf(i).String())
}

func (s *pgxShelf) eq(ctx context.Context, seen *seen, owner string) error {
	return s.show(ctx, seen, pgxItems+`owner = $1`, owner)
}

func (s *pgxShelf) show(ctx context.Context, seen *seen, sql, arg string) error {
	rows, err := s.pool.Query(ctx, sql, arg)
	if err != nil {
		return err
	}
	var e item
	_, err = pgx.ForEachRow(rows, []any{&e.Title, &e.Owner, &e.Status, &e.Score, &e.Note}, func() error {
		seen.item(&e)
		return nil
	})
	return err
}

func (s *pgxShelf) close() error {
	if s.gatherer != nil {
		s.gatherer.close()
	}
	s.pool.Close()
	return s.remove()
}
