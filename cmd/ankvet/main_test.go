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

// bad is a package of queries that are wrong, indirect one that does not import all
// of the models that it asks for.
const (
	bad      = "./cmd/ankvet/queryvet/testdata/bad"
	indirect = "./cmd/ankvet/queryvet/testdata/indirect"
)

// TestCommand builds the command and runs it as go vet does, and alone: it finds
// what is planted in its testdata, and nothing in the examples.
func TestCommand(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "ankvet")
	code, text := run(t, "go", "build", "-o", tool, "./cmd/ankvet")
	require.Zero(t, code, text)

	for _, command := range [][]string{{"go", "vet", "-vettool=" + tool}, {tool}} {
		code, text = run(t, append(command, bad)...)
		require.NotZero(t, code, command)
		require.Regexp(t, `bad\.go:\d+:30: query 1:1: Album has no column "yaer" \(did you mean year\?\)`, text, command)
		require.Regexp(t, `bad\.go:\d+:41: query 1:12: column released is a time and cannot be compared with n, an int`, text, command)

		code, text = run(t, append(command, indirect)...)
		require.NotZero(t, code, command)
		require.Equal(t, 4, strings.Count(text, ": query "), "%v\n%s", command, text)
		require.Contains(t, text, `Person has no column "nmae"`, command)
		require.Contains(t, text, `column artist.mentor.age is a uint and cannot be compared with name, a string`, command)
		require.Contains(t, text, `column artist.mentor.active is a bool`, command)
		require.Contains(t, text, `column cover.url is a string`, command)

		code, text = run(t, append(command, "./examples/...")...)
		require.Zero(t, code, text)
		require.Empty(t, text, command)
	}
}

// TestTestdataIsFresh: what is checked is what ankgen generates today.
func TestTestdataIsFresh(t *testing.T) {
	code, text := run(t, "go", "run", "./cmd/ankgen", "-check", "./cmd/ankvet/queryvet/testdata/music", "./cmd/ankvet/queryvet/testdata/people")
	require.Zero(t, code, text)
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
