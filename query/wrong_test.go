//go:build !js

package query_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWrongTypesDoNotCompile gives testdata/wrong to the compiler.
func TestWrongTypesDoNotCompile(t *testing.T) {
	output, err := exec.Command("go", "build", "-gcflags=-e", "./testdata/wrong").CombinedOutput()
	require.Error(t, err)
	source, err := os.ReadFile("testdata/wrong/wrong.go")
	require.NoError(t, err)
	for i, line := range strings.Split(string(source), "\n") {
		at := fmt.Sprintf("wrong.go:%d:", i+1)
		if strings.HasSuffix(line, "// wrong") {
			require.Contains(t, string(output), at, line)
		} else {
			require.NotContains(t, string(output), at, line)
		}
	}
}
