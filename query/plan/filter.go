package plan

import (
	"github.com/ankgo/ank/event"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// KeyFilter tests what a plan knows of a row before it is read: its index key and
// its ID. It allocates nothing per row, but for strings in descending columns. It
// is for one goroutine.
type KeyFilter struct {
	filter query.Filter
	on     bool
	source keySource
}

// KeyFilter returns a filter for the plan's keys. It lets everything pass if the
// plan has no Filter.
func (p *Plan) KeyFilter() *KeyFilter {
	if !p.Filter {
		return &KeyFilter{}
	}
	s := p.Query.Schema()
	f := &KeyFilter{filter: query.NewFilter(p.Query, p.tests), on: true, source: keySource{schema: s}}
	f.source.columns = make([]keyColumn, len(p.columns))
	for i, c := range p.columns {
		f.source.columns[i] = keyColumn{c, s.Column(c.Field).Type, model.Null}
	}
	return f
}

// Match reports whether a row with this key, without the ID after it, can be part
// of the result. It returns true for keys that it cannot read.
func (f *KeyFilter) Match(key []byte, id event.ID) bool {
	if !f.on {
		return true
	}
	f.source.rest, f.source.row.ID, f.source.known, f.source.broken = key, id, 0, false
	return f.filter.Match(&f.source) || f.source.broken
}

// keySource reads values from a key, as far as they are asked for.
type keySource struct {
	schema  *model.Schema
	columns []keyColumn
	known   int // columns whose values were read
	rest    []byte
	row     model.Row // of which only the ID is known
	broken  bool
}

type keyColumn struct {
	model.IndexColumn
	typ   model.Type
	value model.Value
}

// Value implements [query.Source].
func (k *keySource) Value(column int) model.Value {
	if column == model.ColumnID || column == model.ColumnCreated {
		return k.schema.Value(&k.row, column)
	}
	for i := range k.columns {
		if k.known == i && !k.read() {
			break
		}
		if k.columns[i].Field == column {
			return k.columns[i].value
		}
	}
	return model.Null
}

// read reads the next column.
func (k *keySource) read() bool {
	c := &k.columns[k.known]
	v, rest, err := model.DecodeKey(k.rest, c.typ, c.Desc)
	if err != nil {
		k.broken = true
		return false
	}
	c.value, k.rest = v, rest
	k.known++
	return true
}
