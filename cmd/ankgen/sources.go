package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// sources gives the syntax behind types: comments, tags as written, and what a
// named type was declared over. The files of the loaded packages are there from
// the beginning, those of imported packages are parsed when asked for.
type sources struct {
	fset   *token.FileSet
	files  map[string]*ast.File
	fields map[string]map[fieldKey]*ast.Field
	paths  map[string]string // import path and base name -> file, for export data with trimmed paths
}

// A fieldKey finds a struct field in a file. Positions that come from export
// data have no columns.
type fieldKey struct {
	line int
	name string
}

// newSources knows the files of the packages and of all they import.
func newSources(list []*packages.Package) *sources {
	s := &sources{
		files:  make(map[string]*ast.File),
		fields: make(map[string]map[fieldKey]*ast.Field),
		paths:  make(map[string]string),
	}
	for _, p := range list {
		s.fset = p.Fset
		for _, file := range p.Syntax {
			s.files[p.Fset.Position(file.Package).Filename] = file
		}
	}
	packages.Visit(list, nil, func(p *packages.Package) {
		for _, file := range p.GoFiles {
			s.paths[p.PkgPath+"/"+filepath.Base(file)] = file
		}
	})
	return s
}

// position is where an object is declared, with the file's absolute name.
func (s *sources) position(obj types.Object) token.Position {
	pos := s.fset.Position(obj.Pos())
	if !filepath.IsAbs(pos.Filename) && obj.Pkg() != nil {
		if file, ok := s.paths[obj.Pkg().Path()+"/"+path.Base(pos.Filename)]; ok {
			pos.Filename = file
		}
	}
	return pos
}

// file is the syntax of the named file, or nil when it cannot be read.
func (s *sources) file(name string) *ast.File {
	file, ok := s.files[name]
	if !ok && strings.HasSuffix(name, ".go") {
		file, _ = parser.ParseFile(s.fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
	}
	s.files[name] = file
	return file
}

// typeSpec is the declaration of a type at package level and its comment, or nil.
func (s *sources) typeSpec(obj types.Object) (*ast.TypeSpec, *ast.CommentGroup) {
	file := s.file(s.position(obj).Filename)
	if file == nil {
		return nil, nil
	}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			if ts := spec.(*ast.TypeSpec); ts.Name.Name == obj.Name() {
				return ts, docOf(gen, ts)
			}
		}
	}
	return nil, nil
}

// docOf is the comment of a type declaration, whether in parentheses or not.
func docOf(decl *ast.GenDecl, spec *ast.TypeSpec) *ast.CommentGroup {
	if spec.Doc == nil && !decl.Lparen.IsValid() {
		return decl.Doc
	}
	return spec.Doc
}

// field is the syntax of a struct field, or nil.
func (s *sources) field(v *types.Var) *ast.Field {
	pos := s.position(v)
	index, ok := s.fields[pos.Filename]
	if !ok {
		index = s.indexFields(s.file(pos.Filename))
		s.fields[pos.Filename] = index
	}
	return index[fieldKey{line: pos.Line, name: v.Name()}]
}

// fieldPosition is where a field's name and its tag stand.
func (s *sources) fieldPosition(v *types.Var) (name, tag token.Position) {
	name = s.position(v)
	syntax := s.field(v)
	if syntax == nil {
		return name, name
	}
	name = s.fset.Position(embeddedName(syntax.Type).Pos())
	for _, id := range syntax.Names {
		if id.Name == v.Name() {
			name = s.fset.Position(id.Pos())
		}
	}
	if syntax.Tag == nil {
		return name, name
	}
	return name, s.fset.Position(syntax.Tag.Pos())
}

func (s *sources) indexFields(file *ast.File) map[fieldKey]*ast.Field {
	out := make(map[fieldKey]*ast.Field)
	if file == nil {
		return out
	}
	ast.Inspect(file, func(n ast.Node) bool {
		st, ok := n.(*ast.StructType)
		if !ok {
			return true
		}
		for _, f := range st.Fields.List {
			for _, name := range f.Names {
				out[fieldKey{s.fset.Position(name.Pos()).Line, name.Name}] = f
			}
			if len(f.Names) == 0 {
				name := embeddedName(f.Type)
				out[fieldKey{s.fset.Position(name.Pos()).Line, name.Name}] = f
			}
		}
		return true
	})
	return out
}

// embeddedName is the identifier that an embedded field is called by.
func embeddedName(expr ast.Expr) *ast.Ident {
	switch e := expr.(type) {
	case *ast.Ident:
		return e
	case *ast.StarExpr:
		return embeddedName(e.X)
	case *ast.SelectorExpr:
		return e.Sel
	case *ast.IndexExpr:
		return embeddedName(e.X)
	case *ast.IndexListExpr:
		return embeddedName(e.X)
	case *ast.ParenExpr:
		return embeddedName(e.X)
	}
	return ast.NewIdent("_")
}

// declaredOver is the qualified name that a named type was declared with:
// "time.Duration" for type Timeout time.Duration. The type checker forgets it.
// It is "" when the declaration leads to no type of package time.
func (s *sources) declaredOver(obj *types.TypeName) string {
	for range 16 { // a chain longer than that is a cycle
		spec, _ := s.typeSpec(obj)
		if spec == nil {
			return ""
		}
		file := s.file(s.position(obj).Filename)
		switch e := spec.Type.(type) {
		case *ast.Ident:
			next, ok := obj.Pkg().Scope().Lookup(e.Name).(*types.TypeName)
			if !ok {
				next = lookup(obj.Pkg(), dotImports(file), e.Name)
			}
			obj = next
		case *ast.SelectorExpr:
			obj = lookup(obj.Pkg(), []string{s.importPath(obj.Pkg(), file, e.X)}, e.Sel.Name)
		default:
			return ""
		}
		if obj == nil {
			return ""
		}
		if obj.Pkg() == timePackage {
			return "time." + obj.Name()
		}
	}
	return ""
}

// dotImports are the paths of the packages whose names a file uses as its own.
func dotImports(file *ast.File) []string {
	var out []string
	for _, spec := range file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err == nil && spec.Name != nil && spec.Name.Name == "." {
			out = append(out, path)
		}
	}
	return out
}

// importPath is the path that a package name stands for in a file of pkg.
func (s *sources) importPath(pkg *types.Package, file *ast.File, name ast.Expr) string {
	id, ok := name.(*ast.Ident)
	if !ok || file == nil {
		return ""
	}
	for _, spec := range file.Imports {
		from, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		called := path.Base(from)
		if spec.Name != nil {
			called = spec.Name.Name
		} else if i := slices.IndexFunc(pkg.Imports(), func(p *types.Package) bool { return p.Path() == from }); i >= 0 {
			called = pkg.Imports()[i].Name()
		}
		if called == id.Name {
			return from
		}
	}
	return ""
}

// timePackage stands for package time, which a package that is known from export
// data only need not list among its imports.
var timePackage = types.NewPackage("time", "time")

// lookup finds a type in those packages that pkg imports, or nil.
func lookup(pkg *types.Package, paths []string, name string) *types.TypeName {
	for _, path := range paths {
		if path == "time" && (name == "Time" || name == "Duration") {
			return types.NewTypeName(token.NoPos, timePackage, name, nil)
		}
		for _, imported := range pkg.Imports() {
			if obj, ok := imported.Scope().Lookup(name).(*types.TypeName); ok && imported.Path() == path {
				return obj
			}
		}
	}
	return nil
}
