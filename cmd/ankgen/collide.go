package main

import (
	"fmt"
	"go/token"
	"go/types"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/ankgo/ank/internal/gomodel"
	"github.com/ankgo/ank/model"
)

// A claim is a name at package level that the generated file takes.
type claim struct {
	name string
	what string         // "the view of Album"
	fix  string         // what to do when the name is taken
	pos  token.Position // where to complain
}

// claims are all names that the generated file takes.
func (d *description) claims() []claim {
	if len(d.models) == 0 {
		return nil
	}
	out := []claim{{"Models", "the list of schemas", "rename it", d.models[0].pos}}
	for _, m := range d.models {
		rename := "rename one of them"
		pluralFix := fmt.Sprintf("choose another plural with //ank:model plural=%sList", m.name)
		pluralPos := m.pos
		if m.directive.plural.text != "" {
			pluralPos = m.directive.plural.pos
		}
		out = append(out,
			claim{m.name + "View", "the view of " + m.name, rename, m.pos},
			claim{m.name + "Mutable", "the handle of " + m.name, rename, m.pos},
			claim{m.plural, "the collection of " + m.name, pluralFix, pluralPos},
			claim{m.schemaName(), "the schema of " + m.name, rename, m.pos},
		)
		if m.refers() {
			out = append(out, claim{m.targetsName(), "what the references of " + m.name + " lead to", rename, m.pos})
		}
		for _, f := range m.fields {
			if reservedNames[f.name] != "" {
				continue // the field has to be renamed anyway
			}
			out = append(out, claim{m.name + f.name, fmt.Sprintf("the column of field %s of %s", f.name, m.name), rename, f.pos})
		}
	}
	return out
}

// schemaName is the variable of the model's schema.
func (m *entityModel) schemaName() string { return lowerFirst(m.name) + "Schema" }

// targetsName is the type that knows where the model's references lead.
func (m *entityModel) targetsName() string { return lowerFirst(m.name) + "Targets" }

// short is the name of the model's struct as a parameter.
func (m *entityModel) short() string {
	first, _ := utf8.DecodeRuneInString(m.name)
	return string(unicode.ToLower(first))
}

// shadowed complains of types that variables of the generated code hide.
func (d *describer) shadowed(m *entityModel) {
	for _, f := range m.fields {
		t, ok := f.typ.(interface{ Obj() *types.TypeName }) // a named type or an alias
		if ok && t.Obj().Pkg() == d.pkg.Types && slices.Contains([]string{m.short(), "f", "row", "schema", "v"}, t.Obj().Name()) {
			d.diag.errorf(f.pos, "field %s of %s: its type %s has the name of a variable in the generated code: give it a longer one",
				f.name, m.name, t.Obj().Name())
		}
	}
}

// usedOfGo are the predeclared names that generated code uses.
var usedOfGo = []string{"bool", "byte", "error", "float64", "int64", "string", "uint64"}

// collisions checks the names of models, collections and everything else that
// is generated at package level.
func (d *describer) collisions() {
	collections := make(map[string]*entityModel)
	for _, m := range d.out.models {
		d.modelNames(m)
		d.shadowed(m)
		if first, taken := collections[m.collection]; taken {
			d.diag.errorf(m.collectionPos(), "models %s and %s share collection %s: set another with //ank:model collection=...",
				first.name, m.name, m.collection)
		}
		collections[m.collection] = m
	}
	for _, name := range usedOfGo {
		if pos, exists := d.out.declared[name]; exists {
			d.diag.errorf(pos, "%s hides what Go calls so, which the generated code uses: rename it", name)
		}
	}
	taken := make(map[string]claim)
	for _, c := range d.out.claims() {
		first, again := taken[c.name]
		declared, exists := d.out.declared[c.name]
		switch {
		case exists:
			d.diag.errorf(c.pos, "%s would be %s, which is declared at %s: %s", c.what, c.name, d.where(declared), c.fix)
		case again:
			d.diag.errorf(c.pos, "%s would be %s, and so would %s: %s", c.what, c.name, first.what, c.fix)
		default:
			taken[c.name] = c
		}
	}
}

// modelNames checks the plural and the collection of a model.
func (d *describer) modelNames(m *entityModel) {
	if plural := m.directive.plural; plural.text != "" && !isExportedIdentifier(plural.text) {
		d.diag.errorf(plural.pos, "plural %s of %s: it names an exported variable, as in plural=%s", plural.text, m.name, pluralOf(m.name))
	}
	switch {
	case model.ValidName(m.collection):
	case m.directive.collection.text == "":
		d.diag.errorf(m.collectionPos(), "model %s has no collection name by itself: set one with //ank:model collection=...", m.name)
	default:
		d.diag.errorf(m.collectionPos(), "collection %s of %s: a name is at most %d small letters, digits and underscores "+
			"and begins with a letter, as in collection=%s", m.collection, m.name, model.MaxName, gomodel.Snake(pluralOf(m.name)))
	}
}

// collectionPos is where the collection is named.
func (m *entityModel) collectionPos() token.Position {
	if m.directive.collection.text != "" {
		return m.directive.collection.pos
	}
	return m.pos
}
