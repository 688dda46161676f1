package queryvet_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/ankgo/ank/cmd/ankvet/queryvet"
)

// here is the folder of this package below the repository's root.
const here = "cmd/ankvet/queryvet"

// repository is the root of this module, whose packages the testdata imports.
func repository(t testing.TB) string {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	return root
}

// TestFindings compares what is found in the testdata with what its comments want,
// and what the fixes make of it with the files beside it that end in golden.
func TestFindings(t *testing.T) {
	testdata := "./" + here + "/testdata/"
	analysistest.RunWithSuggestedFixes(t, repository(t), queryvet.Analyzer, testdata+"bad", testdata+"places", testdata+"good", testdata+"indirect")
}
