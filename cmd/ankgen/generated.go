package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"strings"
)

// A generatedFile is what a check needs to know of a generated file.
type generatedFile struct {
	guards  map[string][]guardField // by type, the fields of its struct in order
	schemas map[string]schemaText   // by model
	decls   map[string]string       // by name, the text of a declaration or method
}

// A guardField is a field of a guard's struct: its name, and all of it.
type guardField struct{ name, text string }

// A schemaText is what a model became.
type schemaText struct {
	collection string
	columns    []columnText
	indexes    []string // name, unique, covering and full-text
}

// parseGenerated takes a generated file to pieces.
func parseGenerated(text []byte) (*generatedFile, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	out := &generatedFile{
		guards:  make(map[string][]guardField),
		schemas: make(map[string]schemaText),
		decls:   make(map[string]string),
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			name := decl.Name.Name
			if decl.Recv != nil {
				name = embeddedName(decl.Recv.List[0].Type).Name + "." + name
			}
			out.decls[name] = source(fset, decl)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if vs, ok := spec.(*ast.ValueSpec); ok && len(vs.Names) == 1 {
					out.value(fset, vs)
				}
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if definition, ok := schemaDefinition(call); ok {
				out.schema(fset, definition)
			}
		}
		return true
	})
	return out, nil
}

// value notes a constant or variable, or the struct of a guard.
func (g *generatedFile) value(fset *token.FileSet, spec *ast.ValueSpec) {
	if name := spec.Names[0].Name; name != "_" {
		g.decls[name] = source(fset, spec)
	}
	if len(spec.Values) == 1 {
		if f, ok := spec.Values[0].(*ast.FuncLit); ok {
			g.guard(fset, f.Type)
		}
	}
}

// schemaDefinition is the argument of model.NewSchema.
func schemaDefinition(call *ast.CallExpr) (*ast.CompositeLit, bool) {
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "NewSchema" || len(call.Args) != 1 {
		return nil, false
	}
	lit, ok := call.Args[0].(*ast.CompositeLit)
	return lit, ok
}

// schema notes what a model became.
func (g *generatedFile) schema(fset *token.FileSet, definition *ast.CompositeLit) {
	var s schemaText
	values := keyed(definition)
	if c, ok := values["Collection"]; ok {
		s.collection = source(fset, c)
	}
	for _, lit := range literals(values["Fields"]) {
		s.columns = append(s.columns, columnOf(keyed(lit)))
	}
	for _, lit := range literals(values["Indexes"]) {
		s.indexes = append(s.indexes, indexText(fset, keyed(lit)))
	}
	if m, ok := values["Model"].(*ast.BasicLit); ok {
		g.schemas[strings.Trim(m.Value, `"`)] = s
	}
}

// literals are the elements of a list of composite literals.
func literals(list ast.Expr) []*ast.CompositeLit {
	outer, ok := list.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	var out []*ast.CompositeLit
	for _, elt := range outer.Elts {
		if lit, ok := elt.(*ast.CompositeLit); ok {
			out = append(out, lit)
		}
	}
	return out
}

// columnOf is what stands in a model.Field.
func columnOf(values map[string]ast.Expr) columnText {
	var c columnText
	if name, ok := values["Name"].(*ast.BasicLit); ok {
		c.name = strings.Trim(name.Value, `"`)
	}
	if kind, ok := values["Type"].(*ast.SelectorExpr); ok {
		c.kind = kind.Sel.Name
	}
	return c
}

// indexText is an index without the positions of its columns, which change when
// a field is added. Its name tells the columns.
func indexText(fset *token.FileSet, values map[string]ast.Expr) string {
	text := ""
	for _, key := range []string{"Name", "Unique", "Covering", "FullText"} {
		if v, ok := values[key]; ok {
			text += key + ": " + source(fset, v) + " "
		}
	}
	return text
}

// keyed are the values of a composite literal by their keys.
func keyed(lit *ast.CompositeLit) map[string]ast.Expr {
	out := make(map[string]ast.Expr)
	for _, elt := range lit.Elts {
		if kv, ok := elt.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok {
				out[key.Name] = kv.Value
			}
		}
	}
	return out
}

// guard notes the struct that a guard function returns.
func (g *generatedFile) guard(fset *token.FileSet, f *ast.FuncType) {
	if f.Params.NumFields() != 1 || f.Results.NumFields() != 1 {
		return
	}
	st, ok := f.Results.List[0].Type.(*ast.StructType)
	if !ok {
		return
	}
	name := source(fset, f.Params.List[0].Type)
	g.guards[name] = []guardField{}
	for _, field := range st.Fields.List {
		g.guards[name] = append(g.guards[name], guardOf(fset, field))
	}
}

func guardOf(fset *token.FileSet, field *ast.Field) guardField {
	name, text := embeddedName(field.Type).Name, source(fset, field.Type)
	if len(field.Names) > 0 {
		name = field.Names[0].Name
		text = name + " " + text
	}
	if field.Tag != nil {
		text += " " + field.Tag.Value
	}
	return guardField{name, text}
}

// source is a piece of syntax as gofmt writes it.
func source(fset *token.FileSet, node any) string {
	var b bytes.Buffer
	if err := format.Node(&b, fset, node); err != nil {
		return fmt.Sprint(node)
	}
	return b.String()
}
