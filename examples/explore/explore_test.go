package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSession compares what a session prints with testdata/output.txt;
// ANK_UPDATE=1 writes it anew.
func TestSession(t *testing.T) {
	script, err := os.Open("testdata/session.txt")
	require.NoError(t, err)
	defer script.Close()
	var got strings.Builder
	require.NoError(t, run(t.Context(), script, &got, "", true))
	const golden = "testdata/output.txt"
	if os.Getenv("ANK_UPDATE") != "" {
		require.NoError(t, os.WriteFile(golden, []byte(got.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got.String())
}

// TestAFolderKeepsTheStore: a second session finds what the first one did.
func TestAFolderKeepsTheStore(t *testing.T) {
	dir := t.TempDir()
	var got strings.Builder
	require.NoError(t, run(t.Context(), strings.NewReader("rename U+0041 FIRST LETTER\nquit\nhelp"), &got, dir, false))
	require.NoError(t, run(t.Context(), strings.NewReader("code = 65"), &got, dir, false))
	require.Equal(t, "Unicode 15.0.0: 34823 characters\n> > 34823 characters are here already\n> U+0041  'A'  Lu  Latin  FIRST LETTER\n> \n", got.String())
}
