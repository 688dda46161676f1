package queryvet_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/packages"

	"github.com/ankgo/ank/cmd/ankvet/queryvet"
)

var (
	seed    = flag.Uint64("seed", 0, "of TestBrokenCode; 0 takes another one each time")
	mutants = flag.Int("mutants", 200, "of TestBrokenCode")
)

// imports are the packages that a file imports, loaded once.
type imports map[string]*types.Package

// Import implements types.Importer.
func (i imports) Import(path string) (*types.Package, error) {
	if p, ok := i[path]; ok {
		return p, nil
	}
	return nil, fmt.Errorf("no package %s", path)
}

// loadImports loads what the testdata imports.
func loadImports(t *testing.T, patterns ...string) imports {
	t.Helper()
	cfg := &packages.Config{Mode: packages.LoadTypes | packages.NeedDeps, Dir: repository(t)}
	list, err := packages.Load(cfg, patterns...)
	require.NoError(t, err)
	known := make(imports)
	packages.Visit(list, nil, func(p *packages.Package) {
		require.Empty(t, p.Errors)
		known[p.PkgPath] = p.Types
	})
	return known
}

// analyze runs the analyzer over a file, whatever the compiler says of it.
func (i imports) analyze(t *testing.T, text []byte) []analysis.Diagnostic {
	t.Helper()
	fset := token.NewFileSet()
	file, _ := parser.ParseFile(fset, "mutant.go", text, parser.ParseComments|parser.AllErrors|parser.SkipObjectResolution)
	if file == nil {
		return nil
	}
	info := &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue), Defs: make(map[*ast.Ident]types.Object),
		Uses: make(map[*ast.Ident]types.Object), Selections: make(map[*ast.SelectorExpr]*types.Selection),
		Instances: make(map[*ast.Ident]types.Instance), Implicits: make(map[ast.Node]types.Object),
	}
	cfg := types.Config{Importer: i, Error: func(error) {}}
	pkg, _ := cfg.Check("mutant", fset, []*ast.File{file}, info)
	var found []analysis.Diagnostic
	pass := &analysis.Pass{
		Analyzer: queryvet.Analyzer, Fset: fset, Files: []*ast.File{file}, Pkg: pkg, TypesInfo: info,
		ResultOf: map[*analysis.Analyzer]any{inspect.Analyzer: inspector.New([]*ast.File{file})},
		Report:   func(d analysis.Diagnostic) { found = append(found, d) },
	}
	_, err := queryvet.Analyzer.Run(pass)
	require.NoError(t, err)
	return found
}

// TestBrokenCode drops, doubles and exchanges tokens of the testdata. Whatever
// comes of it, the analyzer does not panic, what it reports lies in the file, and a
// file that could be parsed still can after its fixes.
func TestBrokenCode(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("repeat with: go test ./%s -run %s -seed %d -mutants %d", here, t.Name(), *seed, *mutants)
	random := rand.New(rand.NewPCG(*seed, 0))
	known := loadImports(t, "./"+here+"/testdata/bad", "./"+here+"/testdata/places", "./"+here+"/testdata/good")
	var sources [][]byte
	for _, name := range []string{"bad", "places", "good"} {
		text, err := os.ReadFile("testdata/" + name + "/" + name + ".go")
		require.NoError(t, err)
		sources = append(sources, text)
	}
	reported := 0
	for range *mutants {
		text := mutate(random, sources[random.IntN(len(sources))])
		found := known.analyze(t, text)
		reported += len(found)
		for _, d := range found {
			inFile(t, text, d)
		}
	}
	require.Positive(t, reported, "the mutants are so broken that nothing is found in them")
}

// inFile checks the positions and fixes of a diagnostic. A file set with one file
// begins at 1.
func inFile(t *testing.T, text []byte, d analysis.Diagnostic) {
	t.Helper()
	end := token.Pos(len(text) + 1)
	require.True(t, 1 <= d.Pos && d.Pos <= d.End && d.End <= end, "%d-%d of %d: %s\n%s", d.Pos, d.End, end, d.Message, text)
	for _, fix := range d.SuggestedFixes {
		for _, edit := range fix.TextEdits {
			require.Equal(t, [2]token.Pos{d.Pos, d.End}, [2]token.Pos{edit.Pos, edit.End})
			fixed := append(bytes.Clone(text[:edit.Pos-1]), edit.NewText...)
			fixed = append(fixed, text[edit.End-1:]...)
			if parses(text) {
				require.True(t, parses(fixed), "%s\n%s", fix.Message, fixed)
			}
		}
	}
}

func parses(text []byte) bool {
	_, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
	return err == nil
}

// mutate changes one to three tokens of a text.
func mutate(random *rand.Rand, text []byte) []byte {
	for range 1 + random.IntN(3) {
		tokens := tokensOf(text)
		if len(tokens) < 2 {
			return text
		}
		a, b := tokens[random.IntN(len(tokens))], tokens[random.IntN(len(tokens))]
		var into []byte
		switch random.IntN(4) {
		case 0: // dropped
		case 1: // doubled
			into = append(append(bytes.Clone(text[a[0]:a[1]]), ' '), text[a[0]:a[1]]...)
		case 2: // another one
			into = text[b[0]:b[1]]
		case 3: // cut in two
			cut := a[0] + random.IntN(a[1]-a[0])
			into = append(append(bytes.Clone(text[a[0]:cut]), ' '), text[cut:a[1]]...)
		}
		text = bytes.Join([][]byte{text[:a[0]], into, text[a[1]:]}, nil)
	}
	return text
}

// tokensOf are the ranges of the tokens in a text.
func tokensOf(text []byte) [][2]int {
	var s scanner.Scanner
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(text))
	s.Init(file, text, func(token.Position, string) {}, 0)
	var out [][2]int
	for {
		pos, tok, literal := s.Scan()
		if tok == token.EOF {
			return out
		}
		if literal == "" {
			literal = tok.String()
		}
		if at := file.Offset(pos); literal != "\n" && at+len(literal) <= len(text) {
			out = append(out, [2]int{at, at + len(literal)})
		}
	}
}

// TestOddLines: a raw literal has no carriage returns, but the file it stands in
// may; and a file may claim that its lines are those of another one.
func TestOddLines(t *testing.T) {
	known := loadImports(t, "./"+here+"/testdata/music")
	text := "package p\n\nimport \"github.com/ankgo/ank/" + here + "/testdata/music\"\n\nfunc f() {\n" +
		"//line other.go:1000\n\tmusic.Albums.Query(nil, nil, `live\n\tAND\n\t  yaer > 1985\n`)\n}\n"
	for _, text := range []string{text, strings.ReplaceAll(text, "\n", "\r\n")} {
		found := known.analyze(t, []byte(text))
		require.Len(t, found, 1)
		require.Equal(t, "yaer", text[found[0].Pos-1:found[0].End-1])
	}
}
