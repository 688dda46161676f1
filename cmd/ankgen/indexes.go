package main

import (
	"fmt"
	"go/token"
	"hash/fnv"
	"strings"

	"github.com/ankgo/ank/internal/gomodel"
	"github.com/ankgo/ank/model"
)

// indexes collects the indexes that tags and directives declare.
func (d *describer) indexes(m *entityModel) {
	for i, f := range m.fields {
		if f.indexed && f.kind != kindJSON {
			d.index(m, &index{columns: []indexColumn{{position: i, name: f.column}}, unique: f.unique, pos: f.tagPos})
		}
		if f.fullText {
			d.index(m, &index{columns: []indexColumn{{position: i, name: f.column}}, fullText: true, pos: f.tagPos})
		}
	}
	for _, declared := range m.declared {
		ix := &index{
			unique: declared.unique, covering: declared.covering, fullText: declared.fullText.text != "", pos: declared.pos,
		}
		ok := true
		for _, c := range declared.columns {
			column, found := d.indexColumn(m, ix, c)
			ix.columns = append(ix.columns, column)
			ok = ok && found
		}
		if ok {
			d.index(m, ix)
		}
	}
	if len(m.indexes) > model.MaxIndexes {
		d.diag.errorf(m.pos, "model %s has %d indexes, at most %d are possible", m.name, len(m.indexes), model.MaxIndexes)
	}
}

// index adds an index, unless it is there already.
func (d *describer) index(m *entityModel, ix *index) {
	var parts []string
	for _, c := range ix.columns {
		part := c.name
		if c.desc {
			part += "_desc"
		}
		parts = append(parts, part)
	}
	if ix.fullText {
		parts = append(parts, "fulltext")
	}
	ix.name = indexName(strings.Join(parts, "_"))
	if len(ix.columns) > model.MaxIndexColumns {
		d.diag.errorf(ix.pos, "an index of %s has %d columns, at most %d are possible", m.name, len(ix.columns), model.MaxIndexColumns)
	}
	for _, other := range m.indexes {
		if other.name == ix.name {
			d.diag.errorf(ix.pos, "index %s of %s is declared twice, also at %s: remove one",
				ix.describe(), m.name, d.where(other.pos))
			return
		}
	}
	m.indexes = append(m.indexes, ix)
}

// indexName is name, or a name that stands for it if it is too long for one.
func indexName(name string) string {
	if len(name) <= model.MaxName {
		return name
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return fmt.Sprintf("%s_%08x", name[:model.MaxName-9], h.Sum32())
}

// describe is the index as a directive has it.
func (ix *index) describe() string {
	var parts []string
	for _, c := range ix.columns {
		part := c.name
		if c.desc {
			part += " DESC"
		}
		parts = append(parts, part)
	}
	text := strings.Join(parts, ", ")
	if ix.fullText {
		text += " fulltext"
	}
	return text
}

// indexColumn finds the column that a directive names.
func (d *describer) indexColumn(m *entityModel, ix *index, c directiveColumn) (indexColumn, bool) {
	for _, earlier := range ix.columns {
		if earlier.name == c.text {
			d.diag.errorf(c.pos, "column %s stands twice in the index", c.text)
			return indexColumn{}, false
		}
	}
	wordless := func() (indexColumn, bool) {
		d.diag.errorf(c.pos, "column %s of %s has no words: only strings and JSON have; leave fulltext out", c.text, m.name)
		return indexColumn{}, false
	}
	for i, f := range m.fields {
		switch {
		case f.column == c.text && ix.fullText && !f.kind.hasWords():
			return wordless()
		case f.column == c.text && f.kind == kindJSON && !ix.fullText:
			d.diag.errorf(c.pos, "column %s of %s is JSON, which has no order to index by", c.text, m.name)
			return indexColumn{}, false
		case f.column == c.text:
			return indexColumn{position: i, name: c.text, desc: c.desc}, true
		}
	}
	if constant, ok := standardColumns[c.text]; ok {
		if ix.fullText {
			return wordless()
		}
		return indexColumn{constant: constant, name: c.text, desc: c.desc}, true
	}
	d.unknownColumn(m, c.text, c.pos)
	return indexColumn{}, false
}

// standardColumns are the constants for the columns of every collection.
var standardColumns = map[string]string{"id": "ColumnID", "created": "ColumnCreated", "updated": "ColumnUpdated"}

// unknownColumn says what a name in an index might have meant.
func (d *describer) unknownColumn(m *entityModel, name string, pos token.Position) {
	var columns []string
	for _, f := range m.fields {
		if strings.EqualFold(f.name, name) || f.column == gomodel.Snake(name) {
			d.diag.errorf(pos, "model %s has no column %s: the column of field %s is %s", m.name, name, f.name, f.column)
			return
		}
		columns = append(columns, f.column)
	}
	d.diag.errorf(pos, "model %s has no column %s: %s", m.name, name, didYouMean(name, columns))
}
