package pebble_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ankgo/ank/internal/enginetest"
	"github.com/ankgo/ank/storage"
	"github.com/ankgo/ank/storage/pebble"
)

// child names the role that the test binary plays as a process of its own.
const child = "ANK_PEBBLE_CHILD"

func TestMain(m *testing.M) {
	if role := os.Getenv(child); role != "" {
		os.Exit(play(role, os.Args[1:]))
	}
	goleak.VerifyTestMain(exercised{m})
}

// exercised are the tests, which say that there are some of this engine.
type exercised struct{ m *testing.M }

func (e exercised) Run() int { return enginetest.Main(e.m, enginetest.Server{Engine: "pebble"}) }

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
	require.EqualError(t, err, "pebble: lock folder "+dir+": storage is in use by another process")

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

// TestAFolderByAnotherNameIsRefused opens a folder by another path: locks of one process
// do not exclude each other, so the names have to be the same.
func TestAFolderByAnotherNameIsRefused(t *testing.T) {
	parent := t.TempDir()
	dir, link := filepath.Join(parent, "data"), filepath.Join(parent, "link")
	engine, err := pebble.Open(t.Context(), dir, pebble.Options{})
	require.NoError(t, err)
	require.NoError(t, os.Symlink(dir, link))
	t.Chdir(parent)
	for _, name := range []string{link, "data", "./data", "link", "../" + filepath.Base(parent) + "/data"} {
		_, err = pebble.Open(t.Context(), name, pebble.Options{})
		require.ErrorIs(t, err, storage.ErrLocked, name)
		require.ErrorContains(t, err, name)
	}
	require.NoError(t, engine.Close())
}

// TestTheProgramMayChangeItsFolder opens a store by a relative path and moves on.
func TestTheProgramMayChangeItsFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	engine, err := openRegistered(t.Context(), "data", small(false, nil))
	require.NoError(t, err)
	h := newHistory(9)
	require.NoError(t, engine.Commit(t.Context(), h.next()))
	require.NoError(t, engine.Close())
	engine, err = openRegistered(t.Context(), "data", small(false, nil))
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	require.NoError(t, h.check(t.Context(), engine, 1, 1))
	require.NoError(t, engine.Commit(t.Context(), h.next()))
	require.NoError(t, engine.Close())
}

func TestAFolderThatCannotBeMadeIsAnError(t *testing.T) {
	file := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := pebble.Open(t.Context(), file+"/data", pebble.Options{})
	require.ErrorContains(t, err, file)
	_, err = pebble.Open(t.Context(), "", pebble.Options{})
	require.EqualError(t, err, "pebble: the folder has no name")
}

// TestAFolderThatCannotBeWrittenIsNotLocked opens a store of somebody else's, or
// one on a read-only disk.
func TestAFolderThatCannotBeWrittenIsNotLocked(t *testing.T) {
	var readOnly errorfs.Toggle
	readOnly.Injector = errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
			return &os.PathError{Op: "open", Path: op.Path, Err: syscall.EROFS}
		}
		return nil
	})
	mem, h := vfs.NewMem(), newHistory(10)
	fs := lockingFS{errorfs.Wrap(mem, &readOnly)}
	engine, err := openRegistered(t.Context(), "data", small(false, fs))
	require.NoError(t, err)
	require.NoError(t, engine.Commit(t.Context(), h.next()))
	require.NoError(t, engine.Close())

	readOnly.On()
	_, err = pebble.Open(t.Context(), "data", small(false, fs))
	require.ErrorIs(t, err, syscall.EROFS)
	require.NotErrorIs(t, err, storage.ErrLocked)
	require.ErrorContains(t, err, "data")
	readOnly.Off()

	engine, err = openRegistered(t.Context(), "data", small(false, fs))
	require.NoError(t, err)
	require.NoError(t, h.check(t.Context(), engine, 1, 1))
	require.NoError(t, engine.Close())
}

// lockingFS makes a lock's file like the operating system does: by writing.
type lockingFS struct{ vfs.FS }

func (fs lockingFS) Lock(name string) (io.Closer, error) {
	file, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	lock, err := fs.FS.Lock(name)
	return lock, errors.Join(err, file.Close())
}

// TestFilesOfANewerFormatAreRefused opens what a later release has written.
func TestFilesOfANewerFormatAreRefused(t *testing.T) {
	fs := vfs.NewMem()
	engine, err := pebble.Open(t.Context(), "data", small(false, fs))
	require.NoError(t, err)
	require.NoError(t, engine.Close())
	names, err := fs.List("data/store")
	require.NoError(t, err)
	marker := names[slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, "marker.format-version") })]
	require.NoError(t, fs.Rename("data/store/"+marker, "data/store/marker.format-version.000099.999"))

	_, err = pebble.Open(t.Context(), "data", small(false, fs))
	var format *storage.FormatError
	require.ErrorAs(t, err, &format)
	require.EqualValues(t, 999, format.Found)
	require.NoError(t, fs.Rename("data/store/marker.format-version.000099.999", "data/store/"+marker))
	engine, err = pebble.Open(t.Context(), "data", small(false, fs))
	require.NoError(t, err, "nothing was changed")
	require.NoError(t, engine.Close())
}
