package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// transaction matches what differs from run to run.
var transaction = regexp.MustCompile(`[0-9A-Z]{26}`)

// TestOutput compares what the example prints with testdata/output.txt; ANK_UPDATE=1 writes it anew.
func TestOutput(t *testing.T) {
	program := filepath.Join(t.TempDir(), "offline")
	out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoErrorf(t, err, "%s", out)
	var got strings.Builder
	require.NoError(t, start(t.Context(), program, "", &got))
	text := transaction.ReplaceAllString(got.String(), "...")
	const golden = "testdata/output.txt"
	if os.Getenv("ANK_UPDATE") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(text), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}
