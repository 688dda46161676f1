package kv

import (
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
	"github.com/ankgo/ank/storage"
)

// column holds the values of one column for the rows of a chunk. Looking for a
// value among them takes a tenth of looking into every row.
type column struct {
	schema *model.Schema
	number int
	values []model.Value
}

// column returns the values of a column that is kept, nil if it is not.
func (c *chunk) column(s *model.Schema, number int) []model.Value {
	if list := c.columns.Load(); list != nil {
		for i := range *list {
			if x := &(*list)[i]; x.schema == s && x.number == number {
				return x.values
			}
		}
	}
	return nil
}

// keep keeps a column, unless somebody else keeps one at the same time.
func (c *chunk) keep(x column) {
	old := c.columns.Load()
	var next []column
	if old != nil {
		next = append(next, *old...)
	}
	next = append(next, x)
	c.columns.CompareAndSwap(old, &next)
}

// columnReader gives the columns of one chunk after the other to a filter.
type columnReader struct {
	mirror *mirror // nil: nothing is kept
	table  *table
	schema *model.Schema
	chunk  *chunk
	spare  []column // of the chunk, and not kept
	rows   []int
	found  []*storage.Record
}

// Column implements query.Columns.
func (r *columnReader) Column(number int) []model.Value {
	if values := r.chunk.column(r.schema, number); values != nil {
		return values
	}
	for _, x := range r.spare {
		if x.number == number {
			return x.values
		}
	}
	x := column{r.schema, number, make([]model.Value, len(r.chunk.rows))}
	for i, row := range r.chunk.rows {
		x.values[i] = r.schema.Value(&row.Row, number)
	}
	if r.mirror != nil && r.mirror.keepColumn(r.table, r.schema, number) {
		r.chunk.keep(x)
	} else {
		r.spare = append(r.spare, x)
	}
	return x.values
}

// narrow returns the rows of a piece that match, until it is
// called again.
func (r *columnReader) narrow(q *query.Checked, p piece) []*storage.Record {
	r.chunk, r.spare = p.chunk, r.spare[:0]
	r.rows = r.rows[:0]
	for i := p.from; i < p.to; i++ {
		r.rows = append(r.rows, i)
	}
	r.found = r.found[:0]
	for _, i := range q.Filter().Narrow(r, r.rows) {
		r.found = append(r.found, p.chunk.rows[i])
	}
	return r.found
}
