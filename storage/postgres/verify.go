package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// verifyRows is how many rows are compared at a time.
const verifyRows = 500

// Verify holds every column against the record of its row, and every record against
// its checksum. Whether PostgreSQL's indexes are right it does not know: that is for
// its extension amcheck.
func (s *snapshot) Verify(ctx context.Context) (right int64, err error) {
	if err := s.usable(ctx); err != nil {
		return 0, err
	}
	for _, col := range s.reader.catalog.sorted() {
		schema := s.reader.engine.schemaOf(col.name)
		if schema == nil || !col.holds(s.reader.engine.layout(schema)) {
			schema = nil // the columns of fields say nothing
		}
		n, err := s.verify(ctx, col, schema)
		right += n
		if err != nil {
			return right, err
		}
	}
	return right, nil
}

func (s *snapshot) verify(ctx context.Context, col *collection, schema *model.Schema) (right int64, err error) {
	w := newRowWriter(col, schema)
	check := func() error {
		n, err := s.compare(ctx, w)
		right += n
		w.reset()
		return err
	}
	for r, err := range s.Records(ctx, col.name) {
		if err != nil {
			return right, err
		}
		if w.add(r); len(w.ids) == verifyRows || w.full() {
			if err := check(); err != nil {
				return right, err
			}
		}
	}
	return right, check()
}

// compare compares the columns of rows with what they should be.
func (s *snapshot) compare(ctx context.Context, w *rowWriter) (right int64, err error) {
	if len(w.ids) == 0 {
		return 0, nil
	}
	names, casts, arrays := []string{}, []string{}, []string{}
	var args []any
	if w.schema != nil {
		names, casts, arrays, args = w.derived()
	}
	const moment = "timestamp with time zone[]"
	names = append([]string{"created", "updated", "_deleted", "_stamp"}, names...)
	casts = append([]string{"", "", "", ""}, casts...)
	arrays = append([]string{"text[]", moment, moment, "boolean[]", "bytea[]"}, arrays...)
	args = append([]any{w.ids, w.created.array(), w.updated.array(), w.deleted, w.stamps}, args...)
	wrong := make([]string, len(names))
	for i, name := range names {
		wrong[i] = fmt.Sprintf("CASE WHEN t.%s IS DISTINCT FROM u.c%d%s THEN %d END", name, i+1, casts[i], i)
	}
	sql := fmt.Sprintf(`SELECT * FROM (SELECT u.c0, coalesce(%s) AS wrong FROM %s JOIN %s t ON t.id = u.c0) AS all_rows WHERE wrong IS NOT NULL ORDER BY c0 LIMIT 1`,
		strings.Join(wrong, ", "), unnest(arrays), quote(w.collection.table))
	var id string
	var column int
	switch err := s.reader.row(ctx, sql, args, &id, &column); {
	case errors.Is(err, storage.ErrNotFound):
		return int64(len(w.ids) * len(names)), nil
	case err != nil:
		return 0, err
	}
	return 0, &storage.CorruptError{
		What: fmt.Sprintf("column %s of %s, entity %s", names[column], w.collection.name, id),
		Err:  errors.New("it is not what the record says"),
	}
}

// Sizes tells what the tables take on the server's disk.
func (e *Engine) Sizes(ctx context.Context) (sizes storage.Sizes, err error) {
	if err := e.usable(ctx); err != nil {
		return sizes, err
	}
	rows, err := e.writers.Query(ctx, `
		SELECT relname, pg_table_size(oid), pg_indexes_size(oid) FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'`)
	c := e.known()
	tables := make(map[string]bool)
	for _, col := range c.collections {
		tables[col.table] = true
	}
	err = eachRow(rows, err, func(r pgx.Rows) error {
		var name string
		var table, indexes int64
		err := r.Scan(&name, &table, &indexes)
		sizes.Indexes += indexes
		switch {
		case name == "_log":
			sizes.Log += table
		case name == "_events":
			sizes.Events += table
		case tables[name]:
			sizes.States += table
		default:
			sizes.Meta += table
		}
		return err
	})
	return sizes, err
}
