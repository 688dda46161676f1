package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// FuzzDirective reads any text as a directive: it is understood or complained
// of, and every complaint is within the line.
func FuzzDirective(f *testing.F) {
	for _, text := range []string{
		"model", "model collection=albums plural=Albums", "model plural", "index artist, year DESC covering unique",
		"index ,", "index a,,b", "index a b", "index covering", "index a unique, b", "", "indx", "index\ta ,\tb desc",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "\r\n") {
			return
		}
		source := "package p\n\n//ank:" + text + "\ntype T struct{}\n"
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "p.go", source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return // not valid UTF-8, or U+0000
		}
		var diag diagnostics
		got := parseDirectives(fset, file.Decls[0].(*ast.GenDecl).Doc, &diag)
		if got.model == nil && len(got.indexes) == 0 {
			require.True(t, diag.failed(), "neither understood nor complained of")
		}
		for _, index := range got.indexes {
			require.NotEmpty(t, index.columns)
			for _, c := range index.columns {
				requireAt(t, source, c.word)
			}
		}
		for _, d := range diag.list {
			require.Equal(t, 3, d.pos.Line)
			require.LessOrEqual(t, d.pos.Column, len("//ank:"+text)+1)
		}
	})
}

// requireAt expects a word to stand where it says.
func requireAt(t *testing.T, source string, w word) {
	t.Helper()
	line := strings.Split(source, "\n")[w.pos.Line-1]
	require.True(t, strings.HasPrefix(line[w.pos.Column-1:], w.text), "%q at %v", w.text, w.pos)
}

// FuzzTag reads any text as the ank key of a tag.
func FuzzTag(f *testing.F) {
	for _, text := range []string{
		"index", "-", "name=title,index", "renamed-from=a,renamed-from=b", "unique", "text", "", ",", "index,,", "=", "name==x", "-,-",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsAny(text, "`\"\\\r\n") || !utf8.ValidString(text) {
			return // no such literal can be written
		}
		tag := `ank:"` + text + `"`
		literal := &ast.BasicLit{Kind: token.STRING, Value: "`" + tag + "`"}
		var diag diagnostics
		got := parseTag(tag, literal, token.Position{Filename: "p.go", Line: 1, Column: 1}, &diag)
		understood := got.excluded || got.index || got.unique.text != "" || got.name.text != "" || len(got.was) > 0
		require.True(t, understood || diag.failed(), "neither understood nor complained of")
		for _, d := range diag.list {
			require.LessOrEqual(t, d.pos.Column, len(literal.Value))
		}
	})
}
