package main

import (
	"go/token"
	"maps"
	"path/filepath"
	"slices"
)

// regenerate ends every finding of a check.
const regenerate = "run go generate"

// explain finds the fields, tags and directives that the difference between a
// generated file and the text that it should have comes from: the struct as it
// was stands in the guard of the old file. A file that is not there is nil.
func explain(d *description, path string, old, text []byte, diag *diagnostics) error {
	if old == nil {
		for _, m := range d.models {
			diag.errorf(m.pos, "model %s: there is no %s: %s", m.name, filepath.Base(path), regenerate)
		}
		return nil
	}
	now, err := parseGenerated(text)
	if err != nil {
		return err
	}
	s := &staleness{d: d, now: now, path: path, diag: diag}
	if s.was, err = parseGenerated(old); err == nil {
		s.structs()
		s.directives()
		if !diag.failed() {
			s.others()
		}
	}
	if !diag.failed() {
		diag.errorf(s.top(), "the file is not what this version of ankgen writes: %s", regenerate)
	}
	return nil
}

// A staleness compares a generated file with what it should be.
type staleness struct {
	d        *description
	was, now *generatedFile
	path     string
	diag     *diagnostics
}

// top is the beginning of the generated file.
func (s *staleness) top() token.Position {
	return token.Position{Filename: s.path, Line: 1, Column: 1}
}

// structs finds the fields that were added, removed, moved or changed.
func (s *staleness) structs() {
	for _, g := range s.d.structs {
		before, known := s.was.guards[g.name]
		if !known {
			continue
		}
		after := s.now.guards[g.name]
		for i, f := range after {
			pos := s.d.fieldPosition(g, f.name)
			old, found := findGuard(before, f.name)
			switch {
			case !found:
				s.diag.errorf(pos, "field %s of %s is new: %s", f.name, g.name, regenerate)
			case old.text != f.text:
				s.diag.errorf(pos, "field %s of %s was %s: %s", f.name, g.name, old.text, regenerate)
			case len(before) == len(after) && before[i].name != f.name:
				s.diag.errorf(pos, "field %s of %s has moved: %s", f.name, g.name, regenerate)
			}
		}
		for _, f := range before {
			if _, found := findGuard(after, f.name); !found {
				s.diag.errorf(g.pos, "field %s of %s is gone: %s", f.name, g.name, regenerate)
			}
		}
	}
}

func findGuard(fields []guardField, name string) (guardField, bool) {
	i := slices.IndexFunc(fields, func(f guardField) bool { return f.name == name })
	if i < 0 {
		return guardField{}, false
	}
	return fields[i], true
}

// directives finds the models and indexes that were added, removed or changed.
func (s *staleness) directives() {
	for _, m := range s.d.models {
		before, known := s.was.schemas[m.name]
		after := s.now.schemas[m.name]
		if !known {
			s.diag.errorf(m.pos, "model %s is new: %s", m.name, regenerate)
			continue
		}
		if _, same := s.was.decls[m.plural]; !same || before.collection != after.collection {
			s.diag.errorf(m.directive.pos, "the collection of %s has another name: %s", m.name, regenerate)
		}
		for i, text := range after.indexes {
			if !slices.Contains(before.indexes, text) {
				s.diag.errorf(m.indexes[i].pos, "index %s of %s is new: %s", m.indexes[i].describe(), m.name, regenerate)
			}
		}
		for _, text := range before.indexes {
			if !slices.Contains(after.indexes, text) {
				s.diag.errorf(m.directive.pos, "an index of %s is gone: %s", m.name, regenerate)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.was.schemas)) {
		if _, still := s.now.schemas[name]; !still {
			s.diag.errorf(s.top(), "model %s is gone: %s", name, regenerate)
		}
	}
}

// others finds differences that neither a struct nor a directive shows: a
// comment, the type behind a type, the collection behind a reference.
func (s *staleness) others() {
	for _, m := range s.d.models {
		for _, f := range m.fields {
			if slices.ContainsFunc(f.declarations(m), func(name string) bool { return s.was.decls[name] != s.now.decls[name] }) {
				s.diag.errorf(f.pos, "what is generated for field %s of %s has changed: %s", f.name, m.name, regenerate)
			}
		}
		if s.was.decls[m.schemaName()] != s.now.decls[m.schemaName()] && !s.diag.failed() {
			s.diag.errorf(m.pos, "the schema of %s has changed: %s", m.name, regenerate)
		}
	}
}

// declarations are the names of everything that is generated for the field alone.
func (f *field) declarations(m *entityModel) []string {
	out := []string{m.name + f.name}
	for _, method := range f.viewMethods() {
		out = append(out, m.name+"View."+method)
	}
	for _, method := range f.mutableMethods() {
		out = append(out, m.name+"Mutable."+method)
	}
	return out
}

// fieldPosition is where a field of a struct stands, as exactly as is known.
func (d *description) fieldPosition(g *guarded, name string) token.Position {
	for v := range g.under.Fields() {
		if v.Name() == name {
			pos, _ := d.sources.fieldPosition(v)
			return pos
		}
	}
	return g.pos
}
