package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/storage"
)

// Register makes tables, columns and indexes for schemas, as far as that takes no
// time; Build does the rest.
func (e *Engine) Register(ctx context.Context, schemas ...*model.Schema) error {
	if err := e.writable(ctx); err != nil {
		return err
	}
	if err := checkSchemas(schemas); err != nil {
		return err
	}
	if err := e.take(ctx, e.building); err != nil {
		return err
	}
	defer func() { <-e.building }()
	e.relax(ctx)
	err := e.changeTables(ctx, func(tx pgx.Tx, c *catalog) error {
		for _, s := range schemas {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := register(ctx, tx, c, s); err != nil {
				return fmt.Errorf("collection %s: %w", s.Collection(), err)
			}
		}
		return nil
	})
	if err != nil {
		return e.fail(ctx, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.schemas = maps.Clone(e.schemas)
	for _, s := range schemas {
		e.schemas[s.Collection()] = s
	}
	return nil
}

func checkSchemas(schemas []*model.Schema) error {
	seen := make(map[string]bool)
	for _, s := range schemas {
		if err := s.Err(); err != nil {
			return err
		}
		if seen[s.Collection()] {
			return fmt.Errorf("two schemas for collection %q", s.Collection())
		}
		seen[s.Collection()] = true
	}
	return nil
}

// register brings one collection as far as it goes at once.
func register(ctx context.Context, tx pgx.Tx, c *catalog, s *model.Schema) error {
	col := c.collections[s.Collection()]
	if col == nil {
		var err error
		if col, err = createTable(ctx, tx, c, s.Collection(), s); err != nil {
			return err
		}
	}
	if _, err := addColumns(ctx, tx, col, s); err != nil {
		return err
	}
	var empty bool
	if err := tx.QueryRow(ctx, `SELECT NOT EXISTS (SELECT FROM `+quote(col.table)+`)`).Scan(&empty); err != nil {
		return err
	}
	if err := setLayout(ctx, tx, col, s, empty); err != nil {
		return err
	}
	if err := declareIndexes(ctx, tx, col, s); err != nil || !empty {
		return err
	}
	for _, d := range definitions(col, s) {
		if err := buildAtOnce(ctx, tx, col, d); err != nil {
			return err
		}
	}
	return nil
}

// setLayout says what columns hold from now on: in no rows yet, unless there are none
// or it is what they hold already.
func setLayout(ctx context.Context, tx pgx.Tx, col *collection, s *model.Schema, empty bool) error {
	layout := layoutOf(s)
	complete := col.complete(s)
	switch {
	case empty && complete:
		col.through = nil
	case col.layout != layout || !complete:
		col.through = new(string)
	}
	col.layout, col.schema = layout, s
	_, err := tx.Exec(ctx, `UPDATE _collections SET layout = $2, through = $3, schema = $4 WHERE name = $1`, col.name, col.layout, col.through, encoded(s))
	return err
}

// definition is an index that a schema declares, as PostgreSQL has it.
type definition struct {
	positions []int // in the schema; several indexes may be one
	name      string
	text      string // what is indexed, and how
}

// definitions returns the indexes that a schema declares.
func definitions(col *collection, s *model.Schema) []definition {
	var all []definition
	for i := range s.Indexes() {
		text := defines(col, s, &s.Indexes()[i])
		at := slices.IndexFunc(all, func(d definition) bool { return d.text == text })
		if at < 0 {
			at = len(all)
			all = append(all, definition{name: s.Indexes()[i].Name, text: text})
		}
		all[at].positions = append(all[at].positions, i)
	}
	return all
}

// defines is what an index is in SQL, "" if PostgreSQL can have none: JSON has
// another order there, and a field may have no column yet.
func defines(col *collection, s *model.Schema, x *model.Index) string {
	if x.FullText {
		return "USING gin (_words) WHERE NOT _deleted"
	}
	p := pushdown{collection: col, derived: true}
	var columns []string
	long := 0
	for _, c := range x.Columns {
		name, typ := p.columnOf(s, c.Field)
		if name == "" || typ == "jsonb" {
			break
		}
		if begin := begins(name, typ); c.Field != model.ColumnID && begin != name {
			if long++; long > maxLong {
				break
			}
			name = begin
		}
		if c.Desc {
			name += " DESC NULLS LAST"
		} else {
			name += " ASC NULLS FIRST"
		}
		columns = append(columns, name)
	}
	if len(columns) == 0 {
		return ""
	}
	if last := x.Columns[len(x.Columns)-1]; last.Field != model.ColumnID {
		columns = append(columns, "id")
	}
	return "(" + strings.Join(columns, ", ") + ") WHERE NOT _deleted"
}

// declareIndexes notes which indexes there are to be, and which no more.
func declareIndexes(ctx context.Context, tx pgx.Tx, col *collection, s *model.Schema) error {
	declared := definitions(col, s)
	for _, d := range declared {
		if d.text == "" || slices.ContainsFunc(col.indexes, func(x *index) bool { return x.definition == d.text && !x.dropped }) {
			continue
		}
		if _, err := tx.Exec(ctx, `UPDATE _indexes SET dropped = false WHERE number = (
				SELECT max(number) FROM _indexes WHERE collection = $1 AND definition = $2)`, col.name, d.text); err != nil {
			return err
		}
	}
	texts := make([]string, 0, len(declared))
	for _, d := range declared {
		texts = append(texts, d.text)
	}
	_, err := tx.Exec(ctx, `UPDATE _indexes SET dropped = true WHERE collection = $1 AND NOT definition = ANY($2)`, col.name, texts)
	if err != nil {
		return err
	}
	return reloadIndexes(ctx, tx, col)
}

// reloadIndexes reads the indexes of a collection again.
func reloadIndexes(ctx context.Context, tx pgx.Tx, col *collection) error {
	c := &catalog{collections: map[string]*collection{col.name: col}}
	col.indexes = nil
	rows, err := tx.Query(ctx, catalogIndexes)
	return eachRow(rows, err, c.readIndex)
}

// Indexes tells which indexes can be used: those that are built, in collections whose
// columns hold in all rows what the schema says.
func (e *Engine) Indexes(ctx context.Context) ([]storage.IndexStatus, error) {
	if err := e.usable(ctx); err != nil {
		return nil, err
	}
	var c *catalog
	err := e.patiently(ctx, func() (err error) {
		c, err = e.readCatalog(ctx)
		return err
	})
	if err != nil {
		if closed := e.usable(ctx); closed != nil {
			return nil, closed
		}
		return nil, err
	}
	e.mu.Lock()
	schemas := e.schemas
	e.mu.Unlock()
	var list []storage.IndexStatus
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		ready := e.ready(c.collections[name], schemas[name])
		for i := range schemas[name].Indexes() {
			list = append(list, storage.IndexStatus{Collection: name, Index: i, Ready: ready[i]})
		}
	}
	return list, nil
}

// readCatalog reads the catalog in one transaction.
func (e *Engine) readCatalog(ctx context.Context) (c *catalog, err error) {
	err = pgx.BeginTxFunc(ctx, e.writers, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		c, err = loadCatalog(ctx, tx)
		return err
	})
	return c, err
}

// superseded reports whether another process has registered another schema since. Then
// its indexes are the ones that are built.
func (e *Engine) superseded(col *collection, s *model.Schema) bool {
	return col != nil && col.layout != "" && col.layout != e.layout(s)
}

// ready says of each index of a schema whether there is nothing left to build for it.
func (e *Engine) ready(col *collection, s *model.Schema) []bool {
	ready := make([]bool, len(s.Indexes()))
	if e.superseded(col, s) {
		for i := range ready {
			ready[i] = true
		}
		return ready
	}
	if col == nil || !col.holds(e.layout(s)) {
		return ready
	}
	for _, d := range definitions(col, s) {
		built := d.text == "" || slices.ContainsFunc(col.indexes, func(x *index) bool {
			return x.definition == d.text && x.valid && !x.dropped
		})
		for _, i := range d.positions {
			ready[i] = built
		}
	}
	return ready
}

// columnOf is column for a schema that is no query's.
func (p *pushdown) columnOf(s *model.Schema, n int) (name, typ string) {
	if n >= 0 {
		f := &s.Fields()[n]
		if name = p.collection.column(f); name == "" {
			return "", ""
		}
		return quote(name), sqlType(f.Type)
	}
	return p.column(n)
}
