package main

import (
	"fmt"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/ankgo/ank/internal/gomodel"
	"github.com/ankgo/ank/model"
	"github.com/ankgo/ank/query"
)

// reservedNames are the methods of every view and handle, which a getter of the
// same name would hide, with what they are.
var reservedNames = map[string]string{
	"AppendJSON":  "its JSON",
	"Created":     "the time it was created",
	"Deleted":     "whether it is deleted",
	"Draft":       "what records its changes",
	"Field":       "the value of a column",
	"Head":        "its head",
	"ID":          "its identity",
	"IsZero":      "whether there is one",
	"MarshalJSON": "its JSON",
	"Pending":     "what it shows that is not accepted yet",
	"Ref":         "a reference to it",
	"Row":         "its stored form",
	"Schema":      "its schema",
	"String":      "its text form",
	"Updated":     "the time of its last change",
	"View":        "its snapshot",
}

// sqlWords may not be columns although the query language does not use them yet.
var sqlWords = []string{"deleted", "exists", "from", "group", "having", "join", "union", "where"}

// columns checks the names of a model's fields and of its columns.
func (d *describer) columns(m *entityModel) {
	switch {
	case m.stored == 0:
		d.diag.errorf(m.pos, "model %s has no fields to store", m.name)
	case m.stored > model.MaxFields:
		d.diag.errorf(m.pos, "model %s has %d fields, at most %d are possible", m.name, m.stored, model.MaxFields)
	}
	goNames := d.goNames(m)
	byColumn := make(map[string]*field)
	for _, f := range m.fields {
		if what, reserved := reservedNames[f.name]; reserved {
			d.diag.errorf(f.pos, "field %s of %s: the name is taken, %s of every entity is %s: rename the field, for example %s",
				f.name, m.name, f.name, what, m.name+f.name)
			continue
		}
		d.columnName(m, f)
		if first, taken := byColumn[f.column]; taken {
			d.diag.errorf(f.place(), "fields %s and %s of %s are both column %s: name one of them with `ank:\"name=...\"`",
				first.name, f.name, m.name, f.column)
			continue
		}
		byColumn[f.column] = f
	}
	d.methodNames(m, goNames)
	d.renames(m, byColumn)
}

// goNames finds the fields of a model by their names. A field whose name another
// one has already is dropped, one that the name does not lead to is complained of.
func (d *describer) goNames(m *entityModel) map[string]*field {
	out := make(map[string]*field)
	fields := m.fields
	m.fields = nil
	for _, f := range fields {
		if first, taken := out[f.name]; taken {
			d.diag.errorf(f.pos, "field %s of %s stands twice, also at %s: rename one, or exclude it with `ank:\"-\"`",
				f.name, m.name, d.where(first.pos))
			continue
		}
		out[f.name] = f
		m.fields = append(m.fields, f)
	}
	for _, f := range m.fields {
		switch obj, _, _ := types.LookupFieldOrMethod(m.obj.Type(), true, d.pkg.Types, f.name); {
		case obj == f.obj || len(fields) > len(m.fields):
		case obj == nil:
			d.diag.errorf(f.pos, "field %s of %s is in two embedded structs, even if one is excluded: rename one", f.name, m.name)
		default:
			d.diag.errorf(f.pos, "field %s of %s is hidden by what is declared at %s: rename one of them",
				f.name, m.name, d.where(d.sources.position(obj)))
		}
	}
	return out
}

// place is where the column of a field is named.
func (f *field) place() token.Position {
	if f.columnPos.IsValid() {
		return f.columnPos
	}
	return f.pos
}

// columnName checks the name of a column.
func (d *describer) columnName(m *entityModel, f *field) {
	switch {
	case !model.ValidName(f.column):
		d.diag.errorf(f.place(), "column %s of field %s of %s: a name is at most %d small letters, digits and "+
			"underscores and begins with a letter%s", f.column, f.name, m.name, model.MaxName, suggestName(f))
	case standardColumns[f.column] != "":
		d.diag.errorf(f.place(), "column %s of field %s of %s exists in every collection: name it otherwise, for example %s",
			f.column, f.name, m.name, suggestTag(m, f))
	case isKeyword(f.column):
		d.diag.errorf(f.place(), "column %s of field %s of %s is a word of the query language: name it otherwise, for example %s",
			f.column, f.name, m.name, suggestTag(m, f))
	}
}

// isKeyword tells whether a column of that name could not be queried by it, now
// or in a later version.
func isKeyword(column string) bool {
	return query.Reserved(column) || slices.Contains(sqlWords, column)
}

func suggestTag(m *entityModel, f *field) string {
	return fmt.Sprintf("`ank:\"name=%s_%s\"`", gomodel.Snake(m.name), f.column)
}

// suggestName proposes a column for one that is no name.
func suggestName(f *field) string {
	if better := gomodel.Snake(strings.Map(nameRune, f.column)); better != f.column && model.ValidName(better) {
		return ": " + better
	}
	if f.columnPos.IsValid() {
		return ""
	}
	return ": set one with `ank:\"name=...\"`"
}

// nameRune replaces what often stands between words.
func nameRune(r rune) rune {
	if r == '-' || r == '.' || r == ' ' {
		return '_'
	}
	return r
}

// methodNames checks what a field generates beside its getter, and what people
// wrote themselves.
func (d *describer) methodNames(m *entityModel, fields map[string]*field) {
	for _, f := range m.fields {
		if other, taken := fields[f.name+"Ref"]; taken && f.ref != nil {
			d.diag.errorf(other.pos, "field %s of %s: reference %s has a getter of that name: rename one of them",
				other.name, m.name, f.name)
		}
		for _, method := range f.viewMethods() {
			d.handWritten(m, f, m.name+"View", method)
		}
		for _, method := range f.mutableMethods() {
			d.handWritten(m, f, m.name+"Mutable", method)
		}
	}
}

// viewMethods are the names of the methods that a view has for the field.
func (f *field) viewMethods() []string {
	if f.ref != nil {
		return []string{f.name, f.name + "Ref"}
	}
	return []string{f.name}
}

// mutableMethods are the names of the methods that a handle has for the field.
func (f *field) mutableMethods() []string {
	if f.optional {
		return []string{"Set" + f.name, "Clear" + f.name}
	}
	return []string{"Set" + f.name}
}

func (d *describer) handWritten(m *entityModel, f *field, receiver, method string) {
	if pos, taken := d.methods[receiver][method]; taken {
		d.diag.errorf(pos, "method %s of %s is in the way of the one generated for field %s of %s: rename it",
			method, receiver, f.name, m.name)
	}
}

// renames checks the former names of columns.
func (d *describer) renames(m *entityModel, columns map[string]*field) {
	former := make(map[string]*field)
	for _, f := range m.fields {
		for i, was := range f.was {
			pos := f.wasPos[i]
			first, taken := former[was]
			switch current := columns[was]; {
			case !model.ValidName(was):
				d.diag.errorf(pos, "renamed-from=%s of field %s: name the former column, as in renamed-from=%s", was, f.name, gomodel.Snake(was))
			case current == f:
				d.diag.errorf(pos, "renamed-from=%s of field %s is the name that it has now", was, f.name)
			case current != nil:
				d.diag.errorf(pos, "renamed-from=%s of field %s: field %s has that column now; a former name is given up for good",
					was, f.name, current.name)
			case taken:
				d.diag.errorf(pos, "renamed-from=%s of field %s: field %s was renamed from it too", was, f.name, first.name)
			case standardColumns[was] != "":
				d.diag.errorf(pos, "renamed-from=%s of field %s: column %s exists in every collection", was, f.name, was)
			}
			former[was] = f
		}
	}
}

// where is a place as a message mentions it.
func (d *describer) where(pos token.Position) string {
	text := pos.String()
	return text[strings.LastIndexByte(text, '/')+1:]
}
