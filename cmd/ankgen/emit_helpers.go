package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
)

// The generated functions that encode and decode optional fields.
const (
	optionalValue = "optionalValue"
	optionalField = "optionalField"
)

// encodesOptional tells whether a model has an optional field.
func (d *description) encodesOptional() bool {
	return slices.ContainsFunc(d.models, (*entityModel).hasOptional)
}

// decodesOptional tells whether a model that is validated has one.
func (d *description) decodesOptional() bool {
	return slices.ContainsFunc(d.models, func(m *entityModel) bool { return m.validates && m.hasOptional() })
}

func (m *entityModel) hasOptional() bool {
	return slices.ContainsFunc(m.fields, func(f *field) bool { return f.optional })
}

// helpers prints the functions that the package's own code is too short without.
func (e *emitter) helpers() {
	if e.d.encodesOptional() {
		e.p("// %s is what p points to as a value, or no value.", optionalValue)
		e.p("func %s[T any](p *T, of func(T) %s.Value) %s.Value {", optionalValue, e.model(), e.model())
		e.p("if p == nil {")
		e.p("return %s.Null", e.model())
		e.p("}")
		e.p("return of(*p)")
		e.p("}")
		e.p("")
	}
	if e.d.decodesOptional() {
		e.p("// %s points to what get makes of v, or to nothing.", optionalField)
		e.p("func %s[T any](v %s.Value, get func(%s.Value) T) *T {", optionalField, e.model(), e.model())
		e.p("if v.IsNull() {")
		e.p("return nil")
		e.p("}")
		e.p("return new(get(v))")
		e.p("}")
		e.p("")
	}
}

// fieldTypeText writes the type of a struct's field. Where the type checker
// does not know it, because it is one that is still to be generated, it is
// written as in the source, with the names that packages have here.
func (e *emitter) fieldTypeText(v *types.Var) string {
	syntax := e.d.sources.field(v)
	if !hasInvalid(v.Type()) || syntax == nil {
		return e.im.typeText(v.Type())
	}
	expr, err := parser.ParseExpr(source(e.d.sources.fset, syntax.Type)) // a copy
	if err != nil {
		return e.im.typeText(v.Type())
	}
	file := e.d.sources.file(e.d.sources.position(v).Filename)
	ast.Inspect(expr, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok {
				if path := e.d.sources.importPath(e.d.types, file, id); path != "" {
					id.Name = e.im.use(path, id.Name)
				}
			}
		}
		return true
	})
	return source(token.NewFileSet(), expr)
}
