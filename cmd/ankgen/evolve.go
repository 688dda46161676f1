package main

import (
	"slices"
	"strings"
)

// A columnText is a column of a schema as a generated file has it.
type columnText struct {
	name string
	kind string // TypeInt
}

// evolve looks at the file that is about to be replaced and warns of changes that
// leave stored values behind without saying so: a column that was renamed as if
// it were another one, a type that cannot read what is there, a collection by
// another name. Each may be meant; nothing stored is lost by it.
func evolve(d *description, old []byte, diag *diagnostics) {
	was, err := parseGenerated(old)
	if err != nil {
		return
	}
	for _, m := range d.models {
		if before, known := was.schemas[m.name]; known {
			m.evolve(before, diag)
		}
	}
}

func (m *entityModel) evolve(before schemaText, diag *diagnostics) {
	if collection := strings.Trim(before.collection, `"`); collection != m.collection {
		diag.warnf(m.directive.pos, "the collection of %s was %s: what is stored there is not found under %s",
			m.name, collection, m.collection)
		return
	}
	var gone []columnText
	for _, c := range before.columns {
		i := slices.IndexFunc(m.fields, func(f *field) bool { return f.column == c.name || slices.Contains(f.was, c.name) })
		if i < 0 {
			gone = append(gone, c)
			continue
		}
		if f := m.fields[i]; !readable(c.kind, f.kind.constant) {
			diag.warnf(f.pos, "field %s of %s had another type: what is stored in column %s cannot be read as %s and counts as not written",
				f.name, m.name, c.name, strings.ToLower(strings.TrimPrefix(f.kind.constant, "Type")))
		}
	}
	for _, f := range m.fields {
		isNew := !slices.ContainsFunc(before.columns, func(c columnText) bool { return c.name == f.column || slices.Contains(f.was, c.name) })
		i := slices.IndexFunc(gone, func(c columnText) bool { return readable(c.kind, f.kind.constant) })
		if isNew && i >= 0 {
			diag.warnf(f.pos, "column %s of %s is new and %s is gone: if it was renamed, add renamed-from=%s to the tag ank, "+
				"or what is stored under the old name is not read", f.column, m.name, gone[i].name, gone[i].name)
		}
	}
}

// readable tells whether a field of one type may read what was stored as another
// (see model.Convert).
func readable(stored, now string) bool {
	number := []string{"TypeInt", "TypeUint", "TypeFloat"}
	switch {
	case stored == now, stored == "TypeJSON":
		return true
	case slices.Contains(number, stored) && slices.Contains(number, now):
		return true
	case now == "TypeJSON":
		return slices.Contains(append(number, "TypeBool", "TypeString"), stored)
	}
	return stored == "TypeString" && slices.Contains([]string{"TypeTime", "TypeDuration", "TypeID"}, now)
}
