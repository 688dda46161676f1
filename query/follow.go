package query

import (
	"slices"
	"strings"

	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
)

// Follow is a reference that a query follows.
type Follow struct {
	From   int           // the position in [Checked.Follows] of the one that leads to where the reference stands; -1: the query's own entity
	Column int           // of the reference, in the schema there
	Schema *model.Schema // of the entity that it leads to
	Reads  []int         // the columns of that entity that the query reads, the references among them that it follows on
}

// Joined is a column that a query reads of an entity to which references lead. It
// is NULL where a reference on the way is, or leads to an entity that does not
// exist or is deleted.
type Joined struct {
	Name   string // as it is written: artist.label.name
	Follow int    // the position in [Checked.Follows] of the last reference on the way
	Column int    // in that entity's schema
}

// A Lookup gets entities that references lead to. All it returns is of one
// moment, that of the rows which refer to them.
type Lookup interface {
	// Row returns the row of an entity, nil if there is none. It may be that of a
	// deleted one.
	Row(s *model.Schema, id event.ID) (*model.Row, error)
}

// A LookupFunc is a function that is a [Lookup].
type LookupFunc func(s *model.Schema, id event.ID) (*model.Row, error)

// Row implements [Lookup].
func (f LookupFunc) Row(s *model.Schema, id event.ID) (*model.Row, error) { return f(s, id) }

// Follows returns the references that the query follows, each after the one that
// leads to it. A change of an entity that one of them leads to may change which
// rows match and how they are ordered, if it is one of its Reads that
// changed, or whether it is deleted. The caller must not change the slice.
func (c *Checked) Follows() []Follow { return c.follows }

// Joined returns the columns of other entities that the query reads. The one at
// position n is the column after the schema's fields by n. The caller must not
// change the slice.
func (c *Checked) Joined() []Joined { return c.joined }

// Join returns the row with the values of the query's joined columns: r itself if
// there are none, otherwise a copy that shares all else with r. Only a row that was
// joined may be given to Match, Compare, and the like, of a query that has some.
// The error is the lookup's.
func (c *Checked) Join(l Lookup, r *model.Row) (*model.Row, error) {
	if len(c.joined) == 0 {
		return r, nil
	}
	values, err := c.AppendJoined(make([]model.Value, 0, len(c.joined)), l, r)
	if err != nil {
		return nil, err
	}
	row := *r
	row.Joined = &values
	return &row, nil
}

// AppendJoined appends the values of the joined columns of a row, for whoever
// keeps the space for them.
func (c *Checked) AppendJoined(values []model.Value, l Lookup, r *model.Row) ([]model.Value, error) {
	var few [4]*model.Row
	rows := append(few[:0], make([]*model.Row, len(c.follows))...)
	for i := range c.follows {
		f := &c.follows[i]
		from, schema := r, c.schema
		if f.From >= 0 {
			from, schema = rows[f.From], c.follows[f.From].Schema
		}
		if from == nil {
			continue
		}
		to := schema.Value(from, f.Column).ID()
		if to.IsZero() {
			continue
		}
		row, err := l.Row(f.Schema, to)
		if err != nil {
			return values, err
		}
		if row != nil && !row.Deleted {
			rows[i] = row
		}
	}
	for i := range c.joined {
		j := &c.joined[i]
		v := model.Null
		if row := rows[j.Follow]; row != nil {
			v = c.follows[j.Follow].Schema.Value(row, j.Column)
		}
		values = append(values, v)
	}
	return values, nil
}

// Own returns a query that needs no rows joined: of all terms of the predicate those
// that look at the schema's own columns, without a window, and with the order if
// that can do without joined columns. Its result contains that of c, so whoever
// joins its rows and judges them by c has them all.
func (c *Checked) Own() *Checked {
	if len(c.joined) == 0 {
		return c
	}
	own := &Checked{schema: c.schema, limit: -1, asOf: c.asOf, space: c.space}
	terms, ok := c.where.(And)
	if !ok {
		terms = And{c.where}
	}
	var kept []Condition
	for _, t := range terms {
		if !c.joins(t) {
			kept = append(kept, t)
		}
	}
	own.where = allOf(kept)
	own.match = compile(&own.space, own.where)
	if c.OwnOrder() {
		own.order = c.order
	}
	return own
}

// OwnOrder reports whether the order of the query depends on the schema's own
// columns only.
func (c *Checked) OwnOrder() bool { return !c.joins(After{Keys: c.order}) }

// joins reports whether a condition looks at a joined column.
func (c *Checked) joins(cond Condition) bool {
	first := c.space.base()
	found := false
	c.EachColumn(cond, func(column int) {
		found = found || column >= first
	})
	return found
}

// joined makes the column of an entity to which references lead.
func joined(from *model.Schema, via []int, schema *model.Schema, column int) *extraColumn {
	var name strings.Builder
	for _, reference := range via {
		name.WriteString(from.Column(reference).Name + ".")
		from = from.Target(reference)
	}
	x := &extraColumn{field: *schema.Column(column), via: via, schema: schema, column: column}
	name.WriteString(x.field.Name)
	x.field.Name, x.field.Optional = name.String(), true
	x.field.Was = nil
	x.key = columnKey{joinedColumn, x.field.Name}
	return x
}

// follow works out how to get the joined columns.
func (c *Checked) follow() {
	for _, x := range c.space.extra {
		if x.key.sort != joinedColumn {
			break
		}
		last := -1
		schema := c.schema
		for _, reference := range x.via {
			c.read(last, reference)
			last, schema = c.followed(last, reference, schema)
		}
		c.read(last, x.column)
		c.joined = append(c.joined, Joined{Name: x.field.Name, Follow: last, Column: x.column})
	}
}

// followed returns the position of a reference among those that are followed, and
// the schema it leads to.
func (c *Checked) followed(from, column int, schema *model.Schema) (int, *model.Schema) {
	at := slices.IndexFunc(c.follows, func(f Follow) bool { return f.From == from && f.Column == column })
	if at < 0 {
		at = len(c.follows)
		c.follows = append(c.follows, Follow{From: from, Column: column, Schema: schema.Target(column)})
	}
	return at, c.follows[at].Schema
}

// read notes that the query reads a column of the entity that a reference leads to.
func (c *Checked) read(follow, column int) {
	if follow >= 0 && !slices.Contains(c.follows[follow].Reads, column) {
		c.follows[follow].Reads = append(c.follows[follow].Reads, column)
	}
}
