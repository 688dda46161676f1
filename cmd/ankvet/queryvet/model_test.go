package queryvet_test

import (
	"fmt"
	"go/types"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestModelsAreKnown: columns are checked of every model that ankgen made something
// for, whatever its fields. A model that is not understood would be passed over in
// silence.
func TestModelsAreKnown(t *testing.T) {
	paths := []string{here + "/testdata/music", here + "/testdata/people", "examples/albums/music", "examples/explore/unicode"}
	known := loadImports(t, "./"+paths[0], "./"+paths[1], "./"+paths[2], "./"+paths[3])
	for _, path := range paths {
		pkg := known["github.com/ankgo/ank/"+path]
		require.NotNil(t, pkg, path)
		code, n := fmt.Sprintf("package p\nimport models %q\nfunc f() {\n", pkg.Path()), 0
		for _, name := range pkg.Scope().Names() {
			if v, ok := pkg.Scope().Lookup(name).(*types.Var); ok && strings.Contains(v.Type().String(), "entity.Collection[") {
				code += fmt.Sprintf("models.%s.Query(nil, nil, \"nosuch > 1\")\n", name)
				n++
			}
		}
		require.Positive(t, n, path)
		require.Len(t, known.analyze(t, []byte(code+"}\n")), n, code)
	}
}
