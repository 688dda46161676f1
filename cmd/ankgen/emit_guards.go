package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// guards prints assignments that compile only as long as the structs have the
// fields and tags that the file was generated from.
func (e *emitter) guards() {
	printed := false
	for _, g := range e.d.structs {
		if !writable(g, e.d.types) {
			continue
		}
		if !printed {
			e.p("// A struct has changed since this file was generated if one of these does not")
			e.p("// compile. To generate it again: go generate")
			e.p("var (")
			printed = true
		}
		g.name = e.im.typeText(g.typ)
		e.p("_ = func(s %s) %s { return s }", g.name, e.structText(g.under))
	}
	if printed {
		e.p(")")
	}
}

// structText writes a struct type with its tags.
func (e *emitter) structText(st *types.Struct) string {
	var b strings.Builder
	b.WriteString("struct {\n")
	for i := range st.NumFields() {
		v := st.Field(i)
		if !v.Embedded() {
			b.WriteString(v.Name() + " ")
		}
		b.WriteString(e.fieldTypeText(v))
		if tag := st.Tag(i); tag != "" {
			b.WriteString(" " + tagLiteral(tag))
		}
		b.WriteString("\n")
	}
	b.WriteString("}")
	return b.String()
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

// tagLiteral writes a tag, between backquotes if that is possible.
func tagLiteral(tag string) string {
	if strconv.CanBackquote(tag) {
		return "`" + tag + "`"
	}
	return strconv.Quote(tag)
}
