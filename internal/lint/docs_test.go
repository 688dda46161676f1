package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPackagesHaveManuals asks every package for a doc comment that begins as
// Go wants it, in one file only, and says more than a line.
func TestPackagesHaveManuals(t *testing.T) {
	for _, p := range list(t, nil, "./...") {
		files, err := parsedFiles(p)
		require.NoError(t, err)
		var docs []string
		for _, file := range files {
			if file.Doc != nil {
				docs = append(docs, file.Doc.Text())
			}
		}
		switch {
		case len(docs) == 0:
			t.Errorf("%s has no package comment: say in doc.go what it holds and what it does not know", p.ImportPath)
		case len(docs) > 1:
			t.Errorf("%s has %d package comments: keep one, in doc.go", p.ImportPath, len(docs))
		case len(strings.Fields(docs[0])) < 30:
			t.Errorf("%s: the package comment is %d words; it is the manual of the room", p.ImportPath, len(strings.Fields(docs[0])))
		}
	}
}

// TestExportedNamesAreDocumented reads the declarations of every package that
// others import. Methods that only satisfy a well-known interface need no words.
func TestExportedNamesAreDocumented(t *testing.T) {
	known := map[string]bool{
		"String": true, "Error": true, "Unwrap": true, "Is": true, "Len": true, "Less": true, "Swap": true,
		"MarshalText": true, "UnmarshalText": true, "MarshalJSON": true,
	}
	for _, p := range list(t, nil, "./...") {
		if p.Name == "main" {
			continue
		}
		files, err := parsedFiles(p)
		require.NoError(t, err)
		for name, file := range files {
			if strings.HasSuffix(name, "_ank.go") {
				continue
			}
			for _, decl := range file.Decls {
				for _, missing := range undocumented(decl, known) {
					t.Errorf("%s: %s.%s is exported and has no comment: say what it promises", filepath.Base(name), p.room(), missing)
				}
			}
		}
	}
}

// parsedFiles parses the non-test files of a package by name.
func parsedFiles(p goPackage) (map[string]*ast.File, error) {
	files := make(map[string]*ast.File)
	for _, name := range p.GoFiles {
		path := filepath.Join(p.Dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		files[path] = file
	}
	return files, nil
}

// undocumented names the exported things that a declaration leaves without words.
func undocumented(decl ast.Decl, known map[string]bool) []string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil || !d.Name.IsExported() || known[d.Name.Name] {
			return nil
		}
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		if receiver := receiverName(d.Recv.List[0].Type); ast.IsExported(receiver) {
			return []string{receiver + "." + d.Name.Name}
		}
	case *ast.GenDecl:
		var missing []string
		for _, spec := range d.Specs {
			missing = append(missing, undocumentedSpec(d, spec)...)
		}
		return missing
	}
	return nil
}

func undocumentedSpec(d *ast.GenDecl, spec ast.Spec) []string {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
			return []string{s.Name.Name}
		}
	case *ast.ValueSpec:
		// A group of constants or variables is documented by its own comment.
		if d.Doc != nil || s.Doc != nil || s.Comment != nil {
			return nil
		}
		for _, name := range s.Names {
			if name.IsExported() {
				return []string{name.Name}
			}
		}
	}
	return nil
}

// receiverName is the type's name in a receiver: T, *T, T[P] or *T[P].
func receiverName(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.StarExpr:
		return receiverName(e.X)
	case *ast.IndexExpr:
		return receiverName(e.X)
	case *ast.IndexListExpr:
		return receiverName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
