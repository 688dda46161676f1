package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/ankgo/ank/internal/gomodel"
	"github.com/ankgo/ank/model"
)

// fields describes the fields of a struct in order, and those of the structs
// that it embeds where they are embedded. at is where the struct stands.
func (d *describer) fields(m *entityModel, st *types.Struct, at token.Position) {
	for i := range st.NumFields() {
		v := st.Field(i)
		if v.Name() == "_" {
			continue
		}
		f := &field{name: v.Name(), obj: v}
		syntax := d.sources.field(v)
		var literal *ast.BasicLit
		f.pos, f.tagPos = d.sources.fieldPosition(v)
		if syntax != nil {
			literal = syntax.Tag
			f.doc = fieldDoc(syntax)
		}
		if v.Pkg() != d.pkg.Types {
			// A mistake in another package is one of whoever embeds its struct.
			f.pos, f.tagPos, literal = at, at, nil
		}
		tag := parseTag(st.Tag(i), literal, f.tagPos, d.diag)
		if !tag.excluded && !v.Embedded() {
			m.stored++
		}
		switch {
		case tag.excluded:
		case v.Embedded():
			d.embedded(m, v, f.pos, tag)
		default:
			d.field(m, v, f, tag)
		}
	}
}

// fieldDoc is the comment above a field, or else the one behind it.
func fieldDoc(syntax *ast.Field) string {
	if text := strings.TrimSpace(syntax.Doc.Text()); text != "" {
		return text
	}
	return strings.TrimSpace(syntax.Comment.Text())
}

// field describes one field that becomes a column.
func (d *describer) field(m *entityModel, v *types.Var, f *field, tag fieldTag) {
	if !v.Exported() {
		d.diag.errorf(f.pos, "field %s of %s is not exported: export it, or exclude it with `ank:\"-\"`", f.name, m.name)
		return
	}
	if hasInvalid(v.Type()) {
		d.diag.errorf(f.pos, "field %s of %s has a type that cannot be resolved: %s", f.name, m.name, d.whyInvalid(v))
		return
	}
	if obj := unnameable(v.Type(), d.pkg.Types); obj != nil {
		d.diag.errorf(f.pos, "field %s of %s has a type that package %s cannot name: %s",
			f.name, m.name, d.folder.name, qualified(obj))
		return
	}
	value, err := d.valueTypeOf(v.Type())
	if err != nil {
		d.diag.errorf(f.pos, "field %s of %s is %s", f.name, m.name, err)
		return
	}
	f.kind, f.bits, f.optional, f.typ = value.kind, value.bits, value.optional, value.typ
	if value.target != nil {
		directive := d.modelOf(value.target)
		f.ref = &reference{obj: value.target}
		f.ref.plural, f.ref.collection = namesOf(value.target.Name(), *directive)
	}
	d.options(m, f, tag)
	m.fields = append(m.fields, f)
}

// options applies the tag of a field.
func (d *describer) options(m *entityModel, f *field, tag fieldTag) {
	f.column = gomodel.Snake(f.name)
	if tag.name.text != "" {
		f.column = tag.name.text
		f.columnPos = tag.name.pos
	}
	if len(tag.was) > model.MaxFormerNames {
		d.diag.errorf(f.tagPos, "field %s of %s has %d former names, at most %d are possible",
			f.name, m.name, len(tag.was), model.MaxFormerNames)
	}
	for _, was := range tag.was {
		f.was = append(f.was, was.text)
		f.wasPos = append(f.wasPos, was.pos)
	}
	f.indexed = tag.index || tag.unique.text != ""
	f.unique = tag.unique.text != ""
	if f.indexed && f.kind == kindJSON {
		d.diag.errorf(f.tagPos, "field %s of %s is JSON, which has no order to index by", f.name, m.name)
	}
	f.fullText = tag.fullText.text != "" && f.kind.hasWords()
	if tag.fullText.text != "" && !f.fullText {
		d.diag.errorf(tag.fullText.pos, "field %s of %s has no words: only strings and JSON have; leave fulltext out, or write index",
			f.name, m.name)
	}
}

// embedded describes the fields of an embedded struct as the model's own.
func (d *describer) embedded(m *entityModel, v *types.Var, pos token.Position, tag fieldTag) {
	text := types.TypeString(v.Type(), d.shortQualifier)
	if hasInvalid(v.Type()) {
		d.diag.errorf(pos, "embedded %s of %s has a type that cannot be resolved: %s", v.Name(), m.name, d.whyInvalid(v))
		return
	}
	named, ok := types.Unalias(v.Type()).(*types.Named)
	if _, pointer := types.Unalias(v.Type()).(*types.Pointer); pointer {
		d.diag.errorf(pos, "embedded %s of %s is a pointer: embed the struct itself", text, m.name)
		return
	}
	under, isStruct := v.Type().Underlying().(*types.Struct)
	value, err := d.valueTypeOf(v.Type())
	switch {
	case err == nil && value.kind != nil:
		d.diag.errorf(pos, "embedded %s of %s is a value: give the field a name", text, m.name)
	case !ok || !isStruct:
		d.diag.errorf(pos, "embedded %s of %s is no struct: give the field a name", text, m.name)
	case d.isModel(named.Obj()):
		d.diag.errorf(pos, "embedded %s of %s is a model: refer to it with a field of model.Ref[%s]", text, m.name, text)
	case tag.index || tag.name.text != "" || tag.unique.text != "" || tag.fullText.text != "" || len(tag.was) > 0:
		d.diag.errorf(pos, "embedded %s of %s: options belong to the fields inside it; only `ank:\"-\"` may stand here", text, m.name)
	default:
		d.guard(named, pos)
		d.fields(m, under, pos)
	}
}

// hasInvalid tells whether the type checker knows only a part of a type.
func hasInvalid(t types.Type) bool {
	return strings.Contains(types.TypeString(t, nil), "invalid type")
}

// whyInvalid is what the type checker says of a field's type.
func (d *describer) whyInvalid(v *types.Var) string {
	syntax := d.sources.field(v)
	if syntax == nil {
		return "its package does not compile"
	}
	imported := ""
	ast.Inspect(syntax.Type, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && imported == "" {
			imported = d.sources.importPath(d.pkg.Types, d.sources.file(d.sources.position(v).Filename), sel.X)
		}
		return true
	})
	for _, e := range d.pkg.TypeErrors {
		if e.Pos >= syntax.Type.Pos() && e.Pos < syntax.Type.End() {
			return e.Msg
		}
	}
	for _, e := range d.pkg.Errors {
		if e.Kind == packages.ListError {
			return strings.ReplaceAll(strings.TrimSpace(e.Msg), "\n", " ")
		}
	}
	for _, e := range d.pkg.Errors {
		if imported != "" && strings.Contains(e.Msg, imported) {
			return "package " + imported + " cannot be imported"
		}
	}
	return "it is not known"
}

// guard notes a struct type whose change must be noticed.
func (d *describer) guard(named *types.Named, pos token.Position) {
	for _, g := range d.out.structs {
		if types.Identical(g.typ, named) {
			return
		}
	}
	d.out.structs = append(d.out.structs, &guarded{
		obj: named.Obj(), typ: named, under: named.Underlying().(*types.Struct), pos: pos,
	})
}
