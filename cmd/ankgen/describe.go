package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/ankgo/ank/internal/gomodel"
)

// A describer turns one type-checked package into a description, and what is
// wrong with it into findings.
type describer struct {
	folder  *folder
	pkg     *packages.Package
	sources *sources
	diag    *diagnostics
	out     *description
	methods map[string]map[string]token.Position // by receiver and name, written by hand
}

// describe reads the models of a package. It goes on after a mistake, so that
// one run finds all of them; what it returns is good only if there was none.
func describe(f *folder, pkg *packages.Package, sources *sources, diag *diagnostics) *description {
	d := &describer{
		folder: f, pkg: pkg, sources: sources, diag: diag,
		out:     &description{folder: f, types: pkg.Types, sources: sources, declared: make(map[string]token.Position)},
		methods: make(map[string]map[string]token.Position),
	}
	if d.broken() {
		return d.out
	}
	for _, file := range d.files() {
		for _, decl := range file.Decls {
			d.declare(decl)
		}
	}
	for _, file := range d.files() {
		d.file(file)
	}
	for _, m := range d.out.models {
		d.model(m)
	}
	d.collisions()
	return d.out
}

// broken reports syntax errors: what cannot be parsed may hide a model. Those in
// a file that is to be written anyway hide nothing.
func (d *describer) broken() bool {
	for _, e := range d.pkg.Errors {
		if e.Kind == packages.ParseError {
			report(e, d.folder.dir, d.diag)
		}
	}
	return d.diag.failed()
}

// files are the package's files that a person wrote.
func (d *describer) files() []*ast.File {
	var out []*ast.File
	for _, file := range d.pkg.Syntax {
		if !strings.HasSuffix(d.at(file.Package).Filename, generatedSuffix) {
			out = append(out, file)
		}
	}
	return out
}

func (d *describer) at(pos token.Pos) token.Position { return d.pkg.Fset.Position(pos) }

// declare notes the names that a declaration takes.
func (d *describer) declare(decl ast.Decl) {
	note := func(id *ast.Ident) { d.out.declared[id.Name] = d.at(id.Pos()) }
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv == nil {
			note(decl.Name)
			return
		}
		receiver := decl.Recv.List[0].Type
		if star, ok := receiver.(*ast.StarExpr); ok {
			receiver = star.X
		}
		name := embeddedName(receiver).Name
		if d.methods[name] == nil {
			d.methods[name] = make(map[string]token.Position)
		}
		d.methods[name][decl.Name.Name] = d.at(decl.Name.Pos())
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				note(spec.Name)
			case *ast.ValueSpec:
				for _, id := range spec.Names {
					note(id)
				}
			}
		}
	}
}

// file finds the models of a file and complains of directives that belong to none.
func (d *describer) file(file *ast.File) {
	understood := make(map[*ast.Comment]bool)
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			ts := spec.(*ast.TypeSpec)
			ds := parseDirectives(d.pkg.Fset, docOf(gen, ts), d.diag)
			for _, c := range ds.known {
				understood[c] = true
			}
			if m := d.newModel(ts, ds); m != nil {
				m.doc = docOf(gen, ts).Text()
			}
		}
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, directivePrefix) && !understood[c] {
				d.diag.errorf(d.at(c.Slash), "%s stands above no type of the package: move it directly above the struct",
					strings.Fields(c.Text)[0])
			}
		}
	}
}

// newModel begins the description of a type with directives above it.
func (d *describer) newModel(spec *ast.TypeSpec, ds directives) *entityModel {
	name, pos := spec.Name.Name, d.at(spec.Name.Pos())
	_, isStruct := spec.Type.(*ast.StructType)
	switch {
	case ds.model == nil && len(ds.indexes) == 0:
		return nil
	case ds.model == nil:
		d.diag.errorf(ds.indexes[0].pos, "//ank:index without //ank:model: type %s is no model", name)
		return nil
	case spec.Assign.IsValid():
		d.diag.errorf(pos, "model %s is an alias: put //ank:model above the struct itself", name)
		return nil
	case spec.TypeParams != nil:
		d.diag.errorf(pos, "model %s has type parameters: a model is one struct", name)
		return nil
	case !isStruct:
		d.diag.errorf(pos, "model %s is no struct: write type %s struct { ... }", name, name)
		return nil
	case !token.IsExported(name):
		d.diag.errorf(pos, "model %s is not exported: name it %s", name, exported(name))
		return nil
	}
	obj, ok := d.pkg.Types.Scope().Lookup(name).(*types.TypeName)
	if !ok {
		d.diag.errorf(pos, "model %s is declared twice", name)
		return nil
	}
	m := &entityModel{name: name, pos: pos, directive: *ds.model, declared: ds.indexes, obj: obj}
	d.out.models = append(d.out.models, m)
	return m
}

// model fills in the description of one model.
func (d *describer) model(m *entityModel) {
	m.plural, m.collection = namesOf(m.name, m.directive)
	under, ok := m.obj.Type().Underlying().(*types.Struct)
	if !ok {
		d.diag.errorf(m.pos, "model %s is no struct", m.name)
		return
	}
	d.guard(m.obj.Type().(*types.Named), m.pos)
	d.fields(m, under, m.pos)
	d.columns(m)
	d.indexes(m)
	d.validation(m)
}

// namesOf are the plural and the collection of a model.
func namesOf(name string, directive modelDirective) (plural, collection string) {
	plural = directive.plural.text
	if plural == "" {
		plural = pluralOf(name)
	}
	collection = directive.collection.text
	if collection == "" {
		collection = gomodel.Snake(plural)
	}
	return plural, collection
}

// validation looks for Validate() error, which is called before acceptance.
func (d *describer) validation(m *entityModel) {
	obj, path, _ := types.LookupFieldOrMethod(m.obj.Type(), true, m.obj.Pkg(), "Validate")
	f, ok := obj.(*types.Func)
	if !ok {
		return
	}
	if d.excludes(m.obj.Type(), path) {
		d.diag.warnf(m.pos, "method Validate of %s belongs to an embedded field that is excluded: it is not called", m.name)
		return
	}
	sig := f.Signature()
	errorType := types.Universe.Lookup("error").Type()
	m.validates = sig.Params().Len() == 0 && sig.Results().Len() == 1 &&
		types.Identical(sig.Results().At(0).Type(), errorType)
	if !m.validates {
		d.diag.warnf(d.sources.position(f), "method Validate of %s is not called before acceptance: "+
			"that takes the signature Validate() error", m.name)
	}
}

// excludes tells whether a path of embedded fields to a method leads through one
// that is not stored.
func (d *describer) excludes(t types.Type, path []int) bool {
	for _, i := range path[:len(path)-1] {
		if pointer, ok := t.Underlying().(*types.Pointer); ok {
			t = pointer.Elem()
		}
		st := t.Underlying().(*types.Struct)
		if reflect.StructTag(st.Tag(i)).Get(gomodel.TagKey) == gomodel.Excluded {
			return true
		}
		t = st.Field(i).Type()
	}
	return false
}

// modelOf reads the directive above any type, also of another package. It is
// nil when the type is no model.
func (d *describer) modelOf(obj *types.TypeName) *modelDirective {
	if obj.Pkg() == nil {
		return nil
	}
	_, doc := d.sources.typeSpec(obj)
	return parseDirectives(d.sources.fset, doc, new(diagnostics)).model
}

func (d *describer) isModel(obj *types.TypeName) bool { return d.modelOf(obj) != nil }

// shortQualifier writes types the way the package's own files do.
func (d *describer) shortQualifier(p *types.Package) string {
	if p == d.pkg.Types {
		return ""
	}
	return p.Name()
}
