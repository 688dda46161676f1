package main

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bad is a package of queries that are wrong.
const bad = "./cmd/ankvet/queryvet/testdata/bad"

// TestCommand builds the command and runs it as go vet does, and alone: it finds
// what is planted in its testdata, and nothing in the examples.
func TestCommand(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "ankvet")
	code, text := run(t, "go", "build", "-o", tool, "./cmd/ankvet")
	require.Zero(t, code, text)

	for _, command := range [][]string{{"go", "vet", "-vettool=" + tool}, {tool}} {
		code, text = run(t, append(command, bad)...)
		require.NotZero(t, code, command)
		require.Contains(t, text, `bad.go:25:30: query 1:1: Album has no column "yaer" (did you mean year?)`, command)
		require.Contains(t, text, `bad.go:64:41: query 1:12: column released is a time and cannot be compared with n, an int`, command)

		code, text = run(t, append(command, "./examples/...")...)
		require.Zero(t, code, text)
		require.Empty(t, text, command)
	}
}

// run runs a command at the repository's root.
func run(t *testing.T, command ...string) (code int, text string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir = filepath.Join("..", "..")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if exit := new(exec.ExitError); !errors.As(err, &exit) {
		require.NoError(t, err, strings.Join(command, " "))
	}
	return cmd.ProcessState.ExitCode(), out.String()
}
