package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// wideSource is a package of ten models with twenty fields each.
func wideSource() string {
	var b strings.Builder
	b.WriteString("package wide\n\nimport \"github.com/ankgo/ank/model\"\n")
	for i := range 10 {
		fmt.Fprintf(&b, "\n//ank:model\ntype Album%c struct {\n", 'A'+i)
		for j := range 10 {
			fmt.Fprintf(&b, "\tYear%d int `ank:\"index\"`\n\tNext%d model.Ref[AlbumA]\n", j, j)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// BenchmarkCheck is the whole command on one package, with the go command's
// cache warm.
func BenchmarkCheck(b *testing.B) {
	dir := newModule(b, "wide.example")
	put(b, dir, "wide.go", []byte(wideSource()))
	code, _, stderr := ankgen(b, dir)
	require.Equal(b, exitOK, code, stderr)
	goTool(b, dir, "build", ".")
	for b.Loop() {
		code, _, stderr := ankgen(b, dir, "-check")
		require.Equal(b, exitOK, code, stderr)
	}
}

// BenchmarkEmit is what remains of it when the package is loaded.
func BenchmarkEmit(b *testing.B) {
	dir := newModule(b, "wide.example")
	put(b, dir, "wide.go", []byte(wideSource()))
	folders, err := find(b.Context(), dir, []string{"."}, new(diagnostics))
	require.NoError(b, err)
	list, err := load(b.Context(), dir, folders)
	require.NoError(b, err)
	sources := newSources(list)
	b.ReportAllocs()
	for b.Loop() {
		var diag diagnostics
		d := describe(folders[0], list[0], sources, &diag)
		require.False(b, diag.failed())
		_, err := emit(d)
		require.NoError(b, err)
	}
}
