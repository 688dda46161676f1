package pebble_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/pebble"
)

// child names the role that the test binary plays as a process of its own.
const child = "ANK_PEBBLE_CHILD"

func TestMain(m *testing.M) {
	if role := os.Getenv(child); role != "" {
		os.Exit(play(role, os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}

// play is the main function of a child process.
func play(role string, args []string) int {
	var err error
	switch role {
	case "hold":
		err = hold(args[0])
	case "storm":
		err = storm(args[0], args[1])
	default:
		err = fmt.Errorf("no role %q", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// hold keeps a folder open until its standard input ends.
func hold(dir string) error {
	engine, err := pebble.Open(context.Background(), dir, pebble.Options{})
	if err != nil {
		return err
	}
	fmt.Println("open")
	bufio.NewScanner(os.Stdin).Scan()
	return engine.Close()
}

func TestASecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], dir)
	cmd.Env = append(os.Environ(), child+"=hold")
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan(), "the child did not open the folder")

	_, err = pebble.Open(t.Context(), dir, pebble.Options{})
	require.ErrorIs(t, err, storage.ErrLocked)
	require.ErrorContains(t, err, dir)

	require.NoError(t, stdin.Close())
	require.NoError(t, cmd.Wait())
	engine, err := pebble.Open(t.Context(), dir, pebble.Options{})
	require.NoError(t, err, "the folder is free again")
	require.NoError(t, engine.Close())
}

func TestASecondOpenInTheSameProcessIsRefused(t *testing.T) {
	fs := vfs.NewMem()
	engine, err := pebble.Open(t.Context(), "data", pebble.Options{FS: fs})
	require.NoError(t, err)
	_, err = pebble.Open(t.Context(), "data", pebble.Options{FS: fs})
	require.ErrorIs(t, err, storage.ErrLocked)
	require.NoError(t, engine.Close())
	engine, err = pebble.Open(t.Context(), "data", pebble.Options{FS: fs})
	require.NoError(t, err)
	require.NoError(t, engine.Close())
}

func TestAFolderThatCannotBeMadeIsAnError(t *testing.T) {
	file := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := pebble.Open(t.Context(), file+"/data", pebble.Options{})
	require.ErrorContains(t, err, file)
}
