package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ankgo/ank/model"
)

// Build does one of three things: it adds columns that are missing; or it brings the
// columns of the next rows to what the schema says, while commits wait; or it builds
// an index, with commits going on if the collection is large.
//
// What was dropped is removed beside that, as soon as nobody is using it.
func (e *Engine) Build(ctx context.Context) (more bool, err error) {
	if err := e.writable(ctx); err != nil {
		return false, err
	}
	if err := e.take(ctx, e.building); err != nil {
		return false, err
	}
	defer func() { <-e.building }()
	err = e.patiently(ctx, func() error {
		more, err = e.buildPiece(ctx)
		return err
	})
	return more, e.fail(ctx, err)
}

// pieceRows is how many rows a piece of Build looks at.
const pieceRows = 200

func (e *Engine) buildPiece(ctx context.Context) (more bool, err error) {
	c, err := e.readCatalog(ctx)
	if err != nil {
		return false, err
	}
	e.mu.Lock()
	schemas := e.schemas
	e.mu.Unlock()
	left := func() bool {
		for name, s := range schemas {
			if slices.Contains(e.ready(c.collections[name], s), false) {
				return true
			}
		}
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		did, err := e.buildFor(ctx, c.collections[name], schemas[name])
		if err != nil {
			return false, err
		}
		if did {
			if c, err = e.readCatalog(ctx); err != nil {
				return false, err
			}
			return left(), nil
		}
	}
	return left(), e.removeDropped(ctx, c)
}

// buildFor does a piece of work for a collection, if there is any.
func (e *Engine) buildFor(ctx context.Context, col *collection, s *model.Schema) (did bool, err error) {
	if col == nil || e.superseded(col, s) {
		return false, nil
	}
	if layout := e.layout(s); !col.holds(layout) {
		return true, e.derive(ctx, s)
	}
	for _, d := range definitions(col, s) {
		if d.text == "" || slices.ContainsFunc(col.indexes, func(x *index) bool { return x.definition == d.text && x.valid && !x.dropped }) {
			continue
		}
		return true, e.buildIndex(ctx, col, d)
	}
	return false, nil
}

// derive brings the columns of the next rows to what a schema says.
func (e *Engine) derive(ctx context.Context, s *model.Schema) error {
	e.relax(ctx)
	return e.changeTables(ctx, func(tx pgx.Tx, c *catalog) error {
		col := c.collections[s.Collection()]
		if col == nil || e.superseded(col, s) {
			return nil
		}
		if busy, err := addColumns(ctx, tx, col, s); err != nil || busy {
			return err
		}
		layout, through := layoutOf(s), ""
		if col.layout == layout && col.through != nil {
			through = *col.through
		}
		records, err := recordsAfter(ctx, tx, col, through)
		if err != nil {
			return err
		}
		w := newRowWriter(col, s)
		for _, r := range records {
			w.addRow(r)
		}
		if err := w.update(ctx, tx); err != nil {
			return err
		}
		var reached *string
		if len(records) == pieceRows {
			last := records[len(records)-1].ID.String()
			reached = &last
		}
		_, err = tx.Exec(ctx, `UPDATE _collections SET layout = $2, through = $3 WHERE name = $1`, col.name, layout, reached)
		return err
	})
}

// recordsAfter returns the rows of the records that follow an ID.
func recordsAfter(ctx context.Context, tx pgx.Tx, col *collection, id string) ([]*model.Row, error) {
	var all []*model.Row
	scan := scanRecord(col.name)
	rows, err := tx.Query(ctx, `SELECT id, _row FROM `+quote(col.table)+` WHERE id > $1 ORDER BY id LIMIT $2`, id, pieceRows)
	err = eachRow(rows, err, func(r pgx.Rows) error {
		record, err := scan(r)
		if err == nil {
			all = append(all, &record.Row)
		}
		return err
	})
	return all, err
}

// update writes the derived columns of rows that are there, where they differ.
func (w *rowWriter) update(ctx context.Context, tx pgx.Tx) error {
	if len(w.ids) == 0 {
		return nil
	}
	names, casts, arrays, args := w.derived()
	names, casts = append([]string{"created", "updated"}, names...), append([]string{"", "", ""}, casts...)
	arrays = append([]string{"text[]", "timestamp with time zone[]", "timestamp with time zone[]"}, arrays...)
	args = append([]any{w.ids, w.created.array(), w.updated.array()}, args...)
	sets, before, now := make([]string, len(names)), make([]string, len(names)), make([]string, len(names))
	for i, name := range names {
		value := fmt.Sprintf("u.c%d%s", i+1, casts[i+1])
		sets[i], before[i], now[i] = name+" = "+value, "t."+name, value
	}
	_, err := tx.Exec(ctx, fmt.Sprintf(`UPDATE %s t SET %s FROM %s WHERE t.id = u.c0 AND (%s) IS DISTINCT FROM (%s)`,
		quote(w.collection.table), strings.Join(sets, ", "), unnest(arrays), strings.Join(before, ", "), strings.Join(now, ", ")), args...)
	w.reset()
	return err
}

// fewRows is how many rows an index is built of while commits wait, which takes about
// as long as one of them.
const fewRows = 10_000

// buildIndex builds an index: at once if the collection is small, and otherwise
// beside commits, which takes until all transactions have ended that began before.
func (e *Engine) buildIndex(ctx context.Context, col *collection, d definition) error {
	var some int
	err := e.writers.QueryRow(ctx, fmt.Sprintf(`SELECT count(*) FROM (SELECT FROM %s LIMIT %d) AS s`, quote(col.table), fewRows)).Scan(&some)
	if err != nil {
		return err
	}
	if some < fewRows {
		e.relax(ctx)
		return e.changeTables(ctx, func(tx pgx.Tx, c *catalog) error {
			err := buildAtOnce(ctx, tx, c.collections[col.name], d)
			if hasCode(err, codeLockTimeout) {
				return nil
			}
			return err
		})
	}
	return e.buildBeside(ctx, col.name, d)
}

// buildAtOnce builds an index in a transaction, in place of one that is not valid.
func buildAtOnce(ctx context.Context, tx pgx.Tx, col *collection, d definition) error {
	if d.text == "" || slices.ContainsFunc(col.indexes, func(x *index) bool { return x.definition == d.text && x.valid }) {
		return nil
	}
	return pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		name, err := newIndex(ctx, tx, col, d)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, lockPatience); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `CREATE INDEX `+quote(name)+` ON `+quote(col.table)+` `+d.text); err != nil {
			return err
		}
		return reloadIndexes(ctx, tx, col)
	})
}

// newIndex notes an index that is to be built, and those of the same definition that
// were not finished as dropped.
func newIndex(ctx context.Context, tx pgx.Tx, col *collection, d definition) (name string, err error) {
	if _, err := tx.Exec(ctx, `UPDATE _indexes SET dropped = true WHERE collection = $1 AND definition = $2`, col.name, d.text); err != nil {
		return "", err
	}
	var number int64
	err = tx.QueryRow(ctx, `
		INSERT INTO _indexes (collection, definition, index_name) VALUES ($1, $2, gen_random_uuid()::text)
		RETURNING number`, col.name, d.text).Scan(&number)
	if err != nil {
		return "", err
	}
	name = indexName(col.table, d.name, number)
	_, err = tx.Exec(ctx, `UPDATE _indexes SET index_name = $2 WHERE number = $1`, number, name)
	return name, err
}

// buildPatience is how long an index that is built waits for transactions that began
// before. It may take as long as it takes otherwise.
const buildPatience = `SELECT set_config('lock_timeout', '2s', false), set_config('statement_timeout', '0', false)`

// buildBeside builds an index while commits go on. One process does that at a time.
func (e *Engine) buildBeside(ctx context.Context, collection string, d definition) error {
	conn, err := e.writers.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	lock := "ank builds " + e.options.Schema
	var mine bool
	if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, lock).Scan(&mine); err != nil {
		return err
	}
	if !mine {
		return e.await(ctx, conn.Conn(), lock)
	}
	defer e.unlock(ctx, conn.Conn(), lock)
	var name, table string
	err = e.changeTables(ctx, func(tx pgx.Tx, c *catalog) (err error) {
		col := c.collections[collection]
		table = col.table
		if slices.ContainsFunc(col.indexes, func(x *index) bool { return x.definition == d.text && x.valid && !x.dropped }) {
			return nil
		}
		name, err = newIndex(ctx, tx, col, d)
		return err
	})
	if err != nil || name == "" {
		return err
	}
	if _, err := conn.Exec(ctx, buildPatience); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `CREATE INDEX CONCURRENTLY `+quote(name)+` ON `+quote(table)+` `+d.text)
	if err == nil {
		// The server plans by what it knows of values, and would not look at so many new ones
		// by itself for a while; of what an index computes it knows nothing before.
		_, err = conn.Exec(ctx, `ANALYZE `+quote(table))
	}
	if hasCode(err, codeLockTimeout) {
		return nil // somebody has looked at the store for long: again, or it is looked at later
	}
	return err
}

// await waits a while for another process that builds.
func (e *Engine) await(ctx context.Context, conn *pgx.Conn, lock string) error {
	_, err := conn.Exec(ctx, buildPatience)
	if err == nil {
		_, err = conn.Exec(ctx, `SELECT pg_advisory_lock(hashtextextended($1, 0))`, lock)
	}
	e.unlock(ctx, conn, lock) // a warning, if it was not had
	if hasCode(err, codeLockTimeout) {
		return nil
	}
	return err
}

// unlock gives the lock of builders back, and the connection its settings.
func (e *Engine) unlock(ctx context.Context, conn *pgx.Conn, lock string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelDelay)
	defer cancel()
	_, err := conn.Exec(ctx, `SELECT pg_advisory_unlock(hashtextextended($1, 0))`, lock)
	if err == nil {
		err = plainly(ctx, conn, `RESET lock_timeout; RESET statement_timeout`)
	}
	if err != nil {
		conn.Close(ctx) // which gives it back too
	}
}

// removeDropped removes indexes that are not declared any more, unless somebody is
// using their tables.
func (e *Engine) removeDropped(ctx context.Context, c *catalog) error {
	for _, col := range c.sorted() {
		for _, x := range col.indexes {
			if !x.dropped {
				continue
			}
			e.relax(ctx)
			err := e.changeTables(ctx, func(tx pgx.Tx, _ *catalog) error {
				if _, err := tx.Exec(ctx, lockPatience); err != nil {
					return err
				}
				tag, err := tx.Exec(ctx, `DELETE FROM _indexes WHERE number = $1 AND dropped`, x.number)
				if err == nil && tag.RowsAffected() > 0 {
					_, err = tx.Exec(ctx, `DROP INDEX IF EXISTS `+quote(x.name))
				}
				if hasCode(err, codeLockTimeout) {
					return errBusy
				}
				return err
			})
			if errors.Is(err, errBusy) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

var errBusy = errors.New("somebody is using the table")

// sorted returns the collections in the order of their names.
func (c *catalog) sorted() []*collection {
	var all []*collection
	for _, name := range slices.Sorted(maps.Keys(c.collections)) {
		all = append(all, c.collections[name])
	}
	return all
}
